//! PURE. Tries every template of a configuration, before a notification depends on one.
//!
//! Owns where texts stand and how a fault names its place; what counts as a fault is the templates'
//! affair. Called on whichever thread loads the configuration.

use std::collections::BTreeSet;

use super::{Config, Destination, Route, Webhook};
use crate::template::{Data, Payload, SAMPLE_NOW, Templates, TextKind, check_text};

/// The faults of all template files and texts of `config`, or nothing.
pub fn check_templates(config: &Config) -> Result<(), Vec<String>> {
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
