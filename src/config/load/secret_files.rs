//! The files that are read at each delivery, such as those of passwords and tokens.
//!
//! Owns the warning about those that are not there. They are read when they are needed, so that they may
//! come later; certificates are read at the start, and a missing one is a fault. Runs where the configuration
//! is loaded.

use std::fs;

use crate::config::fault::{Findings, shown};
use crate::config::lint::NO_FILE;
use crate::config::node::Place;
use crate::config::record::Record;
use crate::config::table::Kind;

/// Warns of files that the webhooks name and that are not there.
pub fn warn_of_missing(file: &Record, findings: &mut Findings) {
    let webhooks = file.records("receivers").iter();
    let webhooks: Vec<_> = webhooks
        .flat_map(|receiver| receiver.records("webhook_configs"))
        .collect();
    // Settings that no webhook uses may name what they like.
    if webhooks.iter().any(|webhook| webhook.lacks("http_config"))
        && let Some(http) = file
            .record("global")
            .and_then(|global| global.record("http_config"))
    {
        look(http, findings);
    }
    for webhook in webhooks {
        look(webhook, findings);
    }
}

fn look(record: &Record, findings: &mut Findings) {
    for key in record.section.keys {
        match key.kind {
            Kind::File => {
                if let Some(path) = record.text(key.name) {
                    look_for(path, record.place_of(key.name), findings);
                }
            }
            Kind::Files(_) => {
                for path in record.texts(key.name) {
                    look_for(&path.value, path.place, findings);
                }
            }
            Kind::Section(_) => {
                if let Some(section) = record.record(key.name) {
                    look(section, findings);
                }
            }
            Kind::NamedSections(_) => {
                for (_, section) in record.named_records(key.name) {
                    look(section, findings);
                }
            }
            _ => {}
        }
    }
}

fn look_for(path: &str, place: Place, findings: &mut Findings) {
    if !findings.has_fault_at(place)
        && let Err(error) = fs::metadata(path)
    {
        let warning = format!(
            "{} cannot be read yet: {error}; what needs it is sent only once it is there; {}",
            shown(path),
            NO_FILE.link()
        );
        findings.warn(place, warning);
    }
}
