//! Reads the configuration and has each module that uses it check its part.
//!
//! Owns the order of the checks, for the daemon and for `check-config`. Never changes the running
//! daemon. Runs on main.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use super::ConfigSource;
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
