//! The version of this build.
//!
//! Owns the version that `/api/v2/status` and `--version` show, each in its own form. Constants only.

/// The Alertmanager release whose behaviour this build matches, with our own version as build metadata.
pub const VERSION: &str = concat!("0.33.1+alertwheel.", env!("CARGO_PKG_VERSION"));

/// The text that `--version` shows after the name of the binary.
pub const SHOWN: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    " (answers as Alertmanager 0.33.1)"
);

/// This build's [`BuildInfo`]. A field whose environment variable was not set at build time is empty.
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
    /// The commit, from `ALERTWHEEL_REVISION`.
    pub revision: &'static str,
    /// The branch, from `ALERTWHEEL_BRANCH`.
    pub branch: &'static str,
    /// The user who built it, from `ALERTWHEEL_BUILD_USER`.
    pub build_user: &'static str,
    /// The time of the build, from `ALERTWHEEL_BUILD_DATE`.
    pub build_date: &'static str,
    /// Always `rust`. Alertmanager has its compiler's version here; clients require the field, not its value.
    pub go_version: &'static str,
}

const fn given(variable: Option<&'static str>) -> &'static str {
    match variable {
        Some(value) => value,
        None => "",
    }
}
