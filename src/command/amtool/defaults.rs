//! The configuration files of amtool, which hold defaults of flags.
//!
//! Owns where they are, and which value counts: the first file that names a flag wins. Runs on main.

use std::collections::BTreeMap;
use std::env;
use std::path::{Path, PathBuf};

use crate::config::flag_defaults;

/// An old name of a flag, and its name now.
const RENAMED: (&str, &str) = ("comment_required", "require-comment");

/// The files that may be there: those of amtool, and those of Debian's.
pub fn files() -> Vec<PathBuf> {
    let home = PathBuf::from(env::var_os("HOME").unwrap_or_default());
    vec![
        home.join(".config/amtool/config.yml"),
        PathBuf::from("/etc/amtool/config.yml"),
        home.join(".config/prometheus/amtool.yml"),
        PathBuf::from("/etc/prometheus/amtool.yml"),
    ]
}

/// The defaults in these files, as far as they exist.
pub fn read(files: &[PathBuf]) -> Result<BTreeMap<String, String>, String> {
    let mut defaults = BTreeMap::new();
    for file in files.iter().filter(|file| exists(file)) {
        let mut read =
            flag_defaults(file).map_err(|error| format!("could not load config file: {error}"))?;
        let (old, new) = RENAMED;
        if let Some(value) = read.remove(old) {
            read.entry(new.to_owned()).or_insert(value);
        }
        for (flag, value) in read {
            defaults.entry(flag).or_insert(value);
        }
    }
    Ok(defaults)
}

/// Whether there is something at `path`. What cannot be told is read, and its fault reported.
fn exists(path: &Path) -> bool {
    path.try_exists().unwrap_or(true)
}
