//! PURE. Finds templates that cannot run, before a notification depends on them.
//!
//! Owns what counts as a fault at load: bad syntax, names and types that do not exist. What only
//! fails for some data (a label that is no number) is left to the daemon, since Alertmanager takes
//! such a configuration. Called on whichever thread loads the configuration.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::data::{Data, SAMPLE_NOW};
use super::functions::FunctionSet;
use super::{Templates, parse};
use crate::config::{Config, Destination, Payload, Route, Webhook};

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

/// The faults of all template files and texts of `config`, or nothing.
pub fn check_configuration(config: &Config) -> Result<(), Vec<String>> {
    let templates = Templates::compile(&config.templates)
        .map_err(|fault| vec![format!("failed to parse templates: {fault}")])?;
    let mut faults = Faults {
        templates,
        texts: BTreeSet::new(),
    };
    for receiver in &config.receivers {
        for (index, webhook) in receiver.webhooks.iter().enumerate() {
            let place = format!("receiver \"{}\": webhook_configs[{index}]", receiver.name);
            faults.check_webhook(&place, webhook);
        }
    }
    faults.check_route(&config.route);
    if faults.texts.is_empty() {
        return Ok(());
    }
    Err(faults.texts.into_iter().collect())
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

struct Faults {
    templates: Templates,
    texts: BTreeSet<String>,
}

impl Faults {
    fn check_webhook(&mut self, place: &str, webhook: &Webhook) {
        if let Destination::UrlTemplate(text) = &webhook.destination {
            self.check(&format!("{place}: url"), text, TextKind::Url);
        }
        if let Some(payload) = &webhook.payload {
            self.check_payload(&format!("{place}: payload"), payload);
        }
    }

    fn check_payload(&mut self, place: &str, payload: &Payload) {
        match payload {
            Payload::Text(text) => self.check(place, text, TextKind::Other),
            Payload::List(items) => items
                .iter()
                .for_each(|item| self.check_payload(place, item)),
            Payload::Map(entries) => {
                for (key, value) in entries {
                    self.check(place, key, TextKind::Other);
                    self.check_payload(&format!("{place}.{key}"), value);
                }
            }
            Payload::Null | Payload::Bool(_) | Payload::Integer(_) | Payload::Float(_) => {}
        }
    }

    fn check_route(&mut self, route: &Route) {
        let rendered =
            self.templates
                .render_route_labels(&route.labels, &Data::sample(), SAMPLE_NOW);
        for (name, fault) in rendered.faults {
            // A cycle is told by a function, but no data can undo it.
            if !fault.depends_on_data || fault.text.contains("route label cycle") {
                self.texts
                    .insert(format!("route label \"{name}\": {}", fault.text));
            }
        }
        route
            .routes
            .iter()
            .for_each(|child| self.check_route(child));
    }

    fn check(&mut self, place: &str, text: &str, kind: TextKind) {
        if let Err(fault) = check_text(&self.templates, text, kind) {
            self.texts.insert(format!("{place}: {fault}"));
        }
    }
}
