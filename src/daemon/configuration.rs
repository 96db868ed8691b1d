//! Reads the configuration and has each module that uses it check its part.
//!
//! Owns the order of the checks, for the daemon and for `check-config`. Never changes the running
//! daemon. Runs on main.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use super::{ConfigSource, LastGood};
use crate::config::{self, Config, LoadError, LoadOptions, Loaded};
use crate::webhook;

/// Reads a file and checks everything that needs no network. A file that passes can be started with.
pub fn read_file(path: &Path, options: LoadOptions) -> Result<Loaded, LoadError> {
    config::load_tried(path, options, webhook::check_http)
}

/// Reads and checks a configuration from `input`, such as standard input. Relative paths are taken from
/// the working directory.
pub fn read_input(name: &str, input: impl Read, options: LoadOptions) -> Result<Loaded, LoadError> {
    let here = Some(Path::new(""));
    config::load_from(name, input, here, options, webhook::check_http)
}

/// The configuration of a start.
pub struct Found {
    /// The configuration.
    pub config: Arc<Config>,
    /// Why it is the last good one and not that of the file.
    pub fallen_back: Option<String>,
}

/// Finds a configuration to start with: that of the source, or if its file is wrong the last good one.
pub fn find(
    source: &ConfigSource,
    options: LoadOptions,
    last_good: Option<&LastGood>,
) -> Result<Found, LoadError> {
    let error = match (load(source, options), last_good) {
        (Ok(config), _) => {
            return Ok(Found {
                config,
                fallen_back: None,
            });
        }
        (Err(error), None) => return Err(error),
        (Err(error), Some(_)) => error,
    };
    let why = error.in_a_line();
    match last_good.map(|last_good| last_good.load(options)) {
        Some(Ok(loaded)) => {
            log::error!(err = why.as_str(); "The configuration is wrong, and the last good one is in force instead (--config.last-good); put it right and reload");
            Ok(Found {
                config: Arc::new(loaded.config),
                fallen_back: Some(why),
            })
        }
        Some(Err(trouble)) => {
            log::error!(err = trouble.as_str(); "There is no last good configuration to fall back to");
            Err(error)
        }
        None => Err(error),
    }
}

/// Reads the configuration, and logs its warnings and faults.
pub fn load(source: &ConfigSource, options: LoadOptions) -> Result<Arc<Config>, LoadError> {
    let config = match source {
        ConfigSource::File(path) => {
            let loaded = read_file(path, options).inspect_err(log_each_fault)?;
            for warning in &loaded.warnings {
                log::warn!(file:% = path.display(); "{warning}");
            }
            loaded.config
        }
        ConfigSource::BuiltIn => config::built_in(),
        ConfigSource::Demo => config::demo(),
    };
    Ok(Arc::new(config))
}

/// Logs one line for each fault if there are several. The caller reports a single fault itself.
pub fn log_each_fault(error: &LoadError) {
    if let LoadError::Faulty(faults) = error
        && faults.count() > 1
    {
        for fault in &faults.faults {
            log::error!(err:% = fault; "Configuration error");
        }
    }
}
