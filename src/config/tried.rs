//! PURE. Tries every template of a configuration, before a notification depends on one.
//!
//! Owns where texts stand and how a fault or a warning names its place; what counts as one is the
//! templates' affair. Called on whichever thread loads the configuration.

use std::collections::BTreeSet;

use super::fault::shown;
use super::{Config, Destination, GroupBy, Route, Webhook, parse_rendered};
use crate::limits::CONFIG_FAULTS;
use crate::model::go_quote;
use crate::template::{Data, Payload, SAMPLE_NOW, Templates, TextKind, changed_type, check_text};

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

/// Texts of payloads that are now and then sent as something else, because YAML has a meaning for what
/// they render. Past the limit the rest is dropped.
pub fn payload_warnings(config: &Config) -> Vec<String> {
    let Ok(templates) = Templates::compile(&config.templates) else {
        return Vec::new();
    };
    let mut warnings = Warnings {
        templates,
        group_by: group_names(&config.route),
        texts: Vec::new(),
    };
    for receiver in &config.receivers {
        for (index, webhook) in receiver.webhooks.iter().enumerate() {
            if let Some(payload) = &webhook.payload {
                let name = &receiver.name;
                let place = format!("receiver \"{name}\": webhook_configs[{index}]: payload");
                warnings.look_at(&place, payload);
            }
        }
    }
    warnings.texts
}

/// The labels that any route groups by.
fn group_names(route: &Route) -> BTreeSet<&str> {
    let mut names: BTreeSet<&str> = route.routes.iter().flat_map(group_names).collect();
    if let GroupBy::Names(own) = &route.group_by {
        names.extend(own.iter().map(String::as_str));
    }
    names
}

struct Warnings<'c> {
    templates: Templates,
    group_by: BTreeSet<&'c str>,
    texts: Vec<String>,
}

impl Warnings<'_> {
    fn look_at(&mut self, place: &str, payload: &Payload) {
        match payload {
            Payload::Text(text) => self.look_at_text(place, text),
            Payload::List(items) => items.iter().for_each(|item| self.look_at(place, item)),
            Payload::Map(entries) => {
                for (key, value) in entries {
                    self.look_at(&format!("{place}.{key}"), value);
                }
            }
            _ => {}
        }
    }

    fn look_at_text(&mut self, place: &str, text: &str) {
        if self.texts.len() == CONFIG_FAULTS {
            return;
        }
        let group_by: Vec<&str> = self.group_by.iter().copied().collect();
        if let Some((kind, rendered)) =
            changed_type(&self.templates, text, &group_by, parse_rendered)
        {
            let rendered = go_quote(&shown(&rendered));
            self.texts.push(format!(
                "{place}: becomes {kind} where it renders to {rendered}; to send a text in any \
                 case, write !text before it"
            ));
        }
    }
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
            Payload::Text(text) | Payload::PlainText(text) => {
                self.check(place, text, TextKind::Other)
            }
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
