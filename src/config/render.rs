//! The effective configuration as text, as `GET /status` shows it (§1.12).
//!
//! Owns which keys are shown, in Alertmanager's order, with defaults filled in and secrets masked,
//! so that amtool can load what it fetched. Values that routes inherit are not repeated, and our
//! own keys, which amtool does not know, are left out. Pure; runs on whichever thread loads the
//! configuration.

mod emit;
mod interval;
mod number;
mod order;
mod record;
mod scalar;
mod shown;

use std::time::Duration;

use interval::shown_intervals;
use record::{shown_http, shown_payload, shown_record};
use shown::{Keys, Shown};

use super::Receiver;
use super::field::{At, Field};
use super::raw::{
    IntegrationKey, IntegrationKind, RawConfig, RawGlobal, RawInhibitRule, RawMatching, RawRoute,
    RawWebhook, Record,
};
use crate::model::{Matcher, format_duration, format_go_duration};

const SECRET: &str = "<secret>";

/// Renders a configuration that was found sound: `raw` for what was written, `receivers` for the
/// labels they have in effect.
pub fn render<'r>(raw: &RawConfig, receivers: impl IntoIterator<Item = &'r Receiver>) -> String {
    let mut keys = Keys::default();
    keys.put("global", shown_global(&raw.global));
    if let Some(route) = raw.route.given() {
        keys.put("route", shown_route(&route.value));
    }
    keys.list("inhibit_rules", raw.inhibit_rules.iter().map(shown_rule));
    let both = raw.receivers.iter().zip(receivers);
    let global_http = raw.global.http.as_ref();
    keys.list(
        "receivers",
        both.map(|(raw, receiver)| shown_receiver(raw, receiver, global_http)),
    );
    let templates = raw.templates.iter();
    let templates = templates.map(|glob| Shown::text(&glob.value)).collect();
    keys.put("templates", Shown::List(templates));
    let mut intervals = |key, named| keys.list(key, shown_intervals(named));
    intervals("mute_time_intervals", &raw.mute_time_intervals);
    intervals("time_intervals", &raw.time_intervals);
    if let Some(tracing) = &raw.tracing {
        keys.put("tracing", shown_record(tracing));
    }
    emit::emit(&keys.shown())
}

fn shown_global(global: &RawGlobal) -> Shown {
    let mut keys = Keys::default();
    let resolve_timeout = format_duration(global.resolve_timeout);
    keys.plain("resolve_timeout", resolve_timeout);
    keys.put("http_config", shown_http(global.http.as_ref()));
    for key in IntegrationKey::all() {
        if key.kind == IntegrationKind::Tls {
            if let Some(tls) = &global.smtp_tls {
                keys.put(key.name, shown_record(tls));
            }
            continue;
        }
        let given = global.integrations.get(key.name);
        let value = given.map_or(key.default, String::as_str);
        match key.kind {
            _ if value.is_empty() => {}
            IntegrationKind::Bool => keys.plain(key.name, value),
            IntegrationKind::Secret | IntegrationKind::SecretUrl => keys.text(key.name, SECRET),
            _ => keys.text(key.name, value),
        }
    }
    keys.shown()
}

fn shown_route(route: &RawRoute) -> Shown {
    let mut keys = Keys::default();
    if let Some(receiver) = route.receiver.given() {
        keys.text_unless_empty("receiver", &receiver.value);
    }
    if let Some(names) = route.group_by.given() {
        keys.texts("group_by", &names.value);
    }
    put_matching(
        &mut keys,
        &route.matching,
        ["match", "match_re", "matchers"],
    );
    keys.texts("mute_time_intervals", &route.mute_time_intervals);
    keys.texts("active_time_intervals", &route.active_time_intervals);
    let continues = route.continues.as_ref().is_some_and(|at| at.value);
    keys.plain("continue", continues.to_string());
    keys.list("routes", route.routes.iter().map(shown_route));
    let mut interval = |key, field: &Field<Duration>| {
        if let Some(at) = field.given() {
            keys.plain(key, format_duration(at.value));
        }
    };
    interval("group_wait", &route.group_wait);
    interval("group_interval", &route.group_interval);
    interval("repeat_interval", &route.repeat_interval);
    keys.map("labels", by_name(&route.labels));
    keys.shown()
}

fn shown_rule(rule: &RawInhibitRule) -> Shown {
    let mut keys = Keys::default();
    keys.text_unless_empty("name", &rule.name);
    let source = ["source_match", "source_match_re", "source_matchers"];
    put_matching(&mut keys, &rule.source, source);
    let target = ["target_match", "target_match_re", "target_matchers"];
    put_matching(&mut keys, &rule.target, target);
    keys.texts("equal", &rule.equal);
    keys.shown()
}

fn put_matching(keys: &mut Keys, matching: &RawMatching, names: [&str; 3]) {
    keys.map(names[0], by_name(&matching.equals));
    keys.map(names[1], by_name(&matching.regexes));
    let matchers = matching.matchers.iter().map(Matcher::to_string);
    keys.list(names[2], matchers.map(|matcher| Shown::text(&matcher)));
}

fn by_name(pairs: &[(String, At<String>)]) -> impl Iterator<Item = (String, Shown)> {
    let pairs = pairs.iter();
    pairs.map(|(name, at)| (name.clone(), Shown::text(&at.value)))
}

fn shown_receiver(
    raw: &super::raw::RawReceiver,
    receiver: &Receiver,
    global_http: Option<&Record>,
) -> Shown {
    let mut keys = Keys::default();
    keys.text("name", &receiver.name);
    let labels = receiver.labels.iter();
    keys.map(
        "labels",
        labels.map(|(name, value)| (name.clone(), Shown::text(value))),
    );
    let webhooks = raw.webhooks.iter();
    keys.list(
        "webhook_configs",
        webhooks.map(|webhook| shown_webhook(webhook, global_http)),
    );
    keys.shown()
}

fn shown_webhook(webhook: &RawWebhook, global_http: Option<&Record>) -> Shown {
    let mut keys = Keys::default();
    keys.plain("send_resolved", webhook.send_resolved.to_string());
    let http = webhook.http.as_ref().or(global_http);
    keys.put("http_config", shown_http(http));
    if webhook.url.given().is_some() {
        keys.text("url", SECRET);
    }
    let file = webhook.url_file.given();
    keys.text("url_file", file.map_or("", |at| &at.value));
    keys.plain("max_alerts", webhook.max_alerts.to_string());
    keys.plain("timeout", format_go_duration(webhook.timeout));
    if let Some(payload) = &webhook.payload {
        keys.put("payload", shown_payload(payload));
    }
    keys.shown()
}

#[cfg(test)]
mod tests;
