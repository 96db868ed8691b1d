//! What this build calls itself.
//!
//! Owns the version that `/api/v2/status` and `--version` show, each in its form. Constants only.

/// The Alertmanager release whose behaviour is matched, then our own version as build metadata.
pub const VERSION: &str = concat!("0.33.1+alertwheel.", env!("CARGO_PKG_VERSION"));

/// What `--version` shows, after the name of the binary.
pub const SHOWN: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    " (answers as Alertmanager 0.33.1)"
);

/// The build, as [`BuildInfo`]. What the environment of the build did not say is empty.
pub const BUILD: BuildInfo = BuildInfo {
    version: VERSION,
    revision: given(option_env!("ALERTWHEEL_REVISION")),
    branch: given(option_env!("ALERTWHEEL_BRANCH")),
    build_user: given(option_env!("ALERTWHEEL_BUILD_USER")),
    build_date: given(option_env!("ALERTWHEEL_BUILD_DATE")),
    go_version: "rust",
};

/// The six strings of `versionInfo` (§10.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BuildInfo {
    /// [`VERSION`].
    pub version: &'static str,
    /// The commit.
    pub revision: &'static str,
    /// The branch.
    pub branch: &'static str,
    /// Who built it.
    pub build_user: &'static str,
    /// When it was built.
    pub build_date: &'static str,
    /// What Alertmanager fills with its compiler. Clients require the field, not its contents.
    pub go_version: &'static str,
}

const fn given(variable: Option<&'static str>) -> &'static str {
    match variable {
        Some(value) => value,
        None => "",
    }
}
