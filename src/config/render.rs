//! The effective configuration as text, as `GET /status` shows it (§1.12).
//!
//! Owns the values that are filled in before rendering: the settings that a webhook takes from `global`, and
//! the replacements of older keys. The row of a key in its table decides how its value is shown, and masks
//! secrets, in a form that amtool can load. Values that routes inherit are not repeated. Pure; runs on the
//! thread that loads the configuration.

mod emit;
mod order;
mod record;
mod scalar;
mod shown;

use std::sync::Arc;

use super::Receiver;
use super::field::At;
use super::http::AUTHORIZATION;
use super::http::check::authorization_scheme;
use super::record::{Record, Value};

/// Renders a valid configuration. `receivers` provides the effective labels.
pub fn render(mut file: Record, receivers: &[Arc<Receiver>]) -> String {
    let global = file.record_mut("global");
    let common_http = global.and_then(|global| {
        let http = global.record_mut("http_config")?;
        fill_in_authorization(http);
        Some(http.clone())
    });
    for (record, receiver) in file.records_mut("receivers").iter_mut().zip(receivers) {
        let place = record.place;
        let label = |(name, value): (&String, &String)| {
            let value = value.clone();
            (name.clone(), At { place, value })
        };
        record.put(
            "labels",
            Value::Named(receiver.labels.iter().map(label).collect()),
        );
        for webhook in record.records_mut("webhook_configs") {
            if let Some(http) = webhook.record_mut("http_config") {
                fill_in_authorization(http);
            } else if let Some(http) = &common_http {
                webhook.put("http_config", Value::Record(http.clone()));
            }
        }
    }
    let mut original = emit::emit(&record::shown_record(&file));
    let own = emit::emit(&record::shown_in_comments(&file));
    for line in own.lines() {
        original.push_str("# ");
        original.push_str(line);
        original.push('\n');
    }
    original
}

/// Replaces a bearer token by the equivalent authorization.
fn fill_in_authorization(http: &mut Record) {
    let mut authorization = http.record("authorization").cloned();
    let bearer = [
        ("bearer_token", "credentials"),
        ("bearer_token_file", "credentials_file"),
    ];
    for (old, new) in bearer {
        if http.text(old).is_some()
            && let Some(token) = http.take(old)
        {
            authorization
                .get_or_insert_with(|| Record::empty(&AUTHORIZATION))
                .put(new, token);
        }
    }
    if let Some(mut authorization) = authorization {
        let scheme = authorization_scheme(&authorization).to_owned();
        authorization.put("type", Value::Text(scheme));
        http.put("authorization", Value::Record(authorization));
    }
}

#[cfg(test)]
mod tests;
