//! The effective configuration as text, as `GET /status` shows it (§1.12).
//!
//! Owns which keys are shown, in Alertmanager's order, with defaults filled in and secrets masked,
//! so that amtool can load what it fetched. Values that routes inherit are not repeated. Pure;
//! runs on whichever thread loads the configuration.

mod scalar;

use std::collections::BTreeMap;
use std::time::Duration;

use scalar::scalar;

use super::Receiver;
use super::field::{At, Field};
use super::raw::{IntegrationKey, IntegrationKind, RawConfig, RawRoute, RawWebhook};
use crate::model::{format_duration, format_go_duration};

const SECRET: &str = "<secret>";

/// Renders a configuration that was found sound: `raw` for what was written, `receivers` for the
/// labels they have in effect.
pub fn render<'r>(raw: &RawConfig, receivers: impl IntoIterator<Item = &'r Receiver>) -> String {
    let mut text = Text::default();
    render_global(raw, &mut text);
    if let Some(route) = raw.route.given() {
        text.open(0, "route");
        render_route(&route.value, 2, &mut text);
    }
    if !raw.receivers.is_empty() {
        text.open(0, "receivers");
    }
    for (raw, receiver) in raw.receivers.iter().zip(receivers) {
        text.item(0, |text| {
            text.pair(2, "name", &receiver.name);
            text.map(2, "labels", &receiver.labels);
            if !raw.webhooks.is_empty() {
                text.open(2, "webhook_configs");
            }
            for webhook in &raw.webhooks {
                text.item(2, |text| render_webhook(webhook, 4, text));
            }
        });
    }
    text.plain(0, "templates", "[]");
    text.out
}

fn render_global(raw: &RawConfig, text: &mut Text) {
    text.open(0, "global");
    text.plain(
        2,
        "resolve_timeout",
        &format_duration(raw.global.resolve_timeout),
    );
    render_http_config(2, text);
    for key in IntegrationKey::all() {
        let given = raw.global.integrations.get(key.name);
        let value = given.map_or(key.default, String::as_str);
        match key.kind {
            _ if value.is_empty() => {}
            IntegrationKind::Tls => {
                text.open(2, key.name);
                text.line(4, value);
            }
            IntegrationKind::Secret | IntegrationKind::SecretUrl => {
                text.plain(2, key.name, SECRET);
            }
            IntegrationKind::Bool => text.plain(2, key.name, value),
            IntegrationKind::Text | IntegrationKind::Url | IntegrationKind::HostPort => {
                text.pair(2, key.name, value);
            }
        }
    }
}

fn render_http_config(indent: usize, text: &mut Text) {
    text.open(indent, "http_config");
    text.plain(indent + 2, "follow_redirects", "true");
    text.plain(indent + 2, "enable_http2", "true");
}

fn render_route(route: &RawRoute, indent: usize, text: &mut Text) {
    if let Some(receiver) = route.receiver.given().filter(|at| !at.value.is_empty()) {
        text.pair(indent, "receiver", &receiver.value);
    }
    if let Some(names) = route.group_by.given() {
        text.list(
            indent,
            "group_by",
            names.value.iter().map(|at| at.value.clone()),
        );
    }
    text.map(indent, "match", &by_name(&route.equals));
    text.map(indent, "match_re", &by_name(&route.regexes));
    text.list(
        indent,
        "matchers",
        route.matchers.iter().map(ToString::to_string),
    );
    let continues = route.continues.as_ref().is_some_and(|at| at.value);
    text.plain(indent, "continue", if continues { "true" } else { "false" });
    if !route.routes.is_empty() {
        text.open(indent, "routes");
    }
    for child in &route.routes {
        text.item(indent, |text| render_route(child, indent + 2, text));
    }
    let mut interval = |key, field: &Field<Duration>| {
        if let Some(at) = field.given() {
            text.plain(indent, key, &format_duration(at.value));
        }
    };
    interval("group_wait", &route.group_wait);
    interval("group_interval", &route.group_interval);
    interval("repeat_interval", &route.repeat_interval);
}

fn by_name(pairs: &[(String, At<String>)]) -> BTreeMap<String, String> {
    let pairs = pairs.iter();
    pairs
        .map(|(name, at)| (name.clone(), at.value.clone()))
        .collect()
}

fn render_webhook(webhook: &RawWebhook, indent: usize, text: &mut Text) {
    text.plain(indent, "send_resolved", &webhook.send_resolved.to_string());
    render_http_config(indent, text);
    if webhook.url.given().is_some() {
        text.plain(indent, "url", SECRET);
    }
    let file = webhook.url_file.given();
    text.pair(indent, "url_file", file.map_or("", |at| &at.value));
    text.plain(indent, "max_alerts", &webhook.max_alerts.to_string());
    text.plain(indent, "timeout", &format_go_duration(webhook.timeout));
}

/// YAML under construction.
#[derive(Default)]
struct Text {
    out: String,
}

impl Text {
    fn line(&mut self, indent: usize, line: &str) {
        self.out.extend(std::iter::repeat_n(' ', indent));
        self.out.push_str(line);
        self.out.push('\n');
    }

    /// A key whose value follows on lines of its own.
    fn open(&mut self, indent: usize, key: &str) {
        self.line(indent, &format!("{key}:"));
    }

    /// A key and a value that needs no quotes.
    fn plain(&mut self, indent: usize, key: &str, value: &str) {
        self.line(indent, &format!("{key}: {value}"));
    }

    /// A key and any text.
    fn pair(&mut self, indent: usize, key: &str, value: &str) {
        let column = indent + key.len() + 2;
        self.plain(indent, key, &scalar(value, column, indent + 2));
    }

    /// A key and a map of texts, unless that is empty.
    fn map(&mut self, indent: usize, key: &str, values: &BTreeMap<String, String>) {
        if values.is_empty() {
            return;
        }
        self.open(indent, key);
        for (name, value) in values {
            let name = scalar(name, usize::MIN, 0);
            self.pair(indent + 2, &name, value);
        }
    }

    /// A key and a list of texts, unless that is empty.
    fn list(&mut self, indent: usize, key: &str, values: impl Iterator<Item = String>) {
        let mut values = values.peekable();
        if values.peek().is_none() {
            return;
        }
        self.open(indent, key);
        for value in values {
            let value = scalar(&value, indent + 2, indent + 2);
            self.line(indent, &format!("- {value}"));
        }
    }

    /// An item of a list: what `write` writes two further in, with a dash in front.
    fn item(&mut self, indent: usize, write: impl FnOnce(&mut Self)) {
        let start = self.out.len() + indent;
        write(self);
        self.out.replace_range(start..start + 1, "-");
    }
}

#[cfg(test)]
mod tests;
