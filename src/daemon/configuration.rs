//! The configuration, read and checked by everyone who will have to do with it.
//!
//! Owns the order of that, for the daemon and for `check-config`. Changes nothing that runs. Runs on main.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use super::ConfigSource;
use crate::config::{self, Config, LoadError, LoadOptions, Loaded};
use crate::webhook;

/// Reads a file and checks all of it that does not need the network: what passes here starts.
pub fn read_file(path: &Path, options: LoadOptions) -> Result<Loaded, LoadError> {
    config::load_tried(path, options, webhook::check_http)
}

/// The same for what somebody writes to us. Paths that are relative are taken from the working directory.
pub fn read_input(name: &str, input: impl Read, options: LoadOptions) -> Result<Loaded, LoadError> {
    let here = Some(Path::new(""));
    config::load_from(name, input, here, options, webhook::check_http)
}

/// Reads the configuration, and logs what is odd or wrong about it.
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

/// Logs a line for each of several faults. One alone is told by whoever asked.
pub fn log_each_fault(error: &LoadError) {
    if let LoadError::Faulty(faults) = error
        && faults.count() > 1
    {
        for fault in &faults.faults {
            log::error!(err:% = fault; "Fault of the configuration");
        }
    }
}
