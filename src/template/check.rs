//! PURE. Finds templates that cannot run, before a notification depends on them.
//!
//! Owns what counts as a fault at load: bad syntax, names and types that do not exist. What only
//! fails for some data (a label that is no number) is left to the daemon, since Alertmanager takes
//! such a configuration. Called on whichever thread loads the configuration.

use std::sync::Arc;

use super::data::{Data, SAMPLE_NOW};
use super::functions::FunctionSet;
use super::{Templates, parse};

/// Where a text comes from, which decides what it may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextKind {
    /// An inline `url`: Go's own functions only (§1.2).
    Url,
    /// Any other text.
    Other,
}

/// The fault of `text`, if it cannot run with any data.
pub fn check_text(templates: &Templates, text: &str, kind: TextKind) -> Result<(), String> {
    if kind == TextKind::Url {
        parse::parse(text, FunctionSet::Go).map_err(|fault| {
            format!(
                "invalid template syntax: template: :{}: {}",
                fault.line, fault.reason
            )
        })?;
    }
    for data in samples() {
        let result = templates.render_text(text, &data, SAMPLE_NOW);
        result.or_else(|fault| {
            if fault.depends_on_data {
                Ok(String::new())
            } else {
                Err(fault.text)
            }
        })?;
    }
    Ok(())
}

/// Something fires and something has resolved, and then everything has.
fn samples() -> [Data; 2] {
    let mixed = Data::sample();
    let resolved: Arc<[_]> = mixed
        .alerts
        .iter()
        .filter(|alert| &*alert.status == "resolved")
        .cloned()
        .collect();
    let over = Data {
        status: "resolved".into(),
        alerts: resolved,
        ..mixed.clone()
    };
    [mixed, over]
}
