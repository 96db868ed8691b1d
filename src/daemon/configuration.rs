//! The configuration, read and checked by everyone who will have to do with it.
//!
//! Owns the order of that. Changes nothing that runs. Runs on main.

use std::path::Path;
use std::sync::Arc;

use super::ConfigSource;
use crate::config::{self, Config, Fault, Faults, LoadError, LoadOptions};
use crate::limits;
use crate::webhook;

/// Reads the configuration and checks all of it that does not need the network.
pub fn load(source: &ConfigSource, options: LoadOptions) -> Result<Arc<Config>, LoadError> {
    let config = match source {
        ConfigSource::File(path) => {
            let loaded = config::load(path, options)?;
            for warning in &loaded.warnings {
                log::warn!(file:% = path.display(); "{warning}");
            }
            check_receivers(&loaded.config, path)?;
            check_templates(path, &loaded.config)?;
            loaded.config
        }
        ConfigSource::BuiltIn => config::built_in(),
        ConfigSource::Demo => config::demo(),
    };
    Ok(Arc::new(config))
}

/// Refuses a configuration whose receivers cannot be spoken to, such as one with a certificate
/// that cannot be read (§1.7).
fn check_receivers(config: &Config, path: &Path) -> Result<(), LoadError> {
    let mut faults = Vec::new();
    for receiver in &config.receivers {
        for (index, webhook) in receiver.webhooks.iter().enumerate() {
            if let Err(message) = webhook::check_http(&webhook.http) {
                faults.push(Fault {
                    file: path.display().to_string(),
                    line: None,
                    path: format!(
                        "receiver {:?}: webhook_configs[{index}].http_config",
                        receiver.name
                    ),
                    message,
                });
            }
        }
    }
    if faults.is_empty() {
        return Ok(());
    }
    let omitted = faults.len().saturating_sub(limits::CONFIG_FAULTS);
    faults.truncate(limits::CONFIG_FAULTS);
    Err(LoadError::Faulty(Faults { faults, omitted }))
}

fn check_templates(path: &Path, config: &Config) -> Result<(), LoadError> {
    config::check_templates(config).map_err(|faults| {
        let fault = |message| Fault {
            file: path.display().to_string(),
            line: None,
            path: String::new(),
            message,
        };
        LoadError::Faulty(Faults {
            faults: faults.into_iter().map(fault).collect(),
            omitted: 0,
        })
    })
}
