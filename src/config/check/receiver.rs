//! Receivers and their webhooks: names, labels and addresses (§1.6).
//!
//! Owns what makes a receiver sound. A fault names the receiver and never shows an address. Pure;
//! runs on whichever thread loads the configuration.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::http::check_http;
use super::{Origin, Terms};
use crate::config::fault::{Findings, TryHttp, shown};
use crate::config::field::{At, Field};
use crate::config::raw::{RawConfig, RawReceiver, RawWebhook, Record};
use crate::config::url::check_url;
use crate::config::{Destination, Endpoint, HttpConfig, Receiver, Webhook};
use crate::template::Templates;

/// The receivers of a file.
#[derive(Debug)]
pub struct Receivers {
    /// Those that are sound, in the order of the file.
    pub all: Vec<Arc<Receiver>>,
    /// All that have a name; `None` are those that are not sound.
    by_name: BTreeMap<String, Option<Arc<Receiver>>>,
    /// Whether every receiver of the file has a name.
    are_named: bool,
}

impl Receivers {
    /// The sound receiver with this name.
    pub fn get(&self, name: &str) -> Option<Arc<Receiver>> {
        self.by_name.get(name).cloned().flatten()
    }

    /// Whether there is certainly no receiver with this name.
    pub fn lacks(&self, name: &str) -> bool {
        self.are_named && !self.by_name.contains_key(name)
    }

    /// All names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(String::as_str)
    }
}

/// Checks all receivers of a file.
pub fn check_receivers(raw: &RawConfig, terms: &Terms, findings: &mut Findings) -> Receivers {
    let mut receivers = Receivers {
        all: Vec::new(),
        by_name: BTreeMap::new(),
        are_named: raw.has_all_receivers,
    };
    let house = House {
        origin: terms.origin,
        templates: Arc::clone(&terms.templates),
        http: check_common_http(raw, terms.try_http, findings),
        try_http: terms.try_http,
    };
    for raw in &raw.receivers {
        let Some(name) = check_name(raw, findings) else {
            receivers.are_named = false;
            check_receiver(raw, "", &house, findings);
            continue;
        };
        if receivers.by_name.contains_key(&name.value) {
            let wrong = format!(
                "notification config name \"{}\" is not unique",
                shown(&name.value)
            );
            findings.fault(name.place, wrong, "give it a name of its own");
        }
        let receiver = check_receiver(raw, &name.value, &house, findings).map(Arc::new);
        receivers.all.extend(receiver.clone());
        receivers.by_name.insert(name.value.clone(), receiver);
    }
    receivers
}

/// How webhooks are spoken to that do not say it themselves. It is tried only if there are such: nobody
/// else needs its files.
fn check_common_http(
    raw: &RawConfig,
    try_http: TryHttp,
    findings: &mut Findings,
) -> Arc<HttpConfig> {
    let Some(http) = &raw.global.http else {
        return Arc::default();
    };
    let mut webhooks = raw.receivers.iter().flat_map(|receiver| &receiver.webhooks);
    let is_used = webhooks.any(|webhook| webhook.http.is_none());
    let try_http = if is_used {
        try_http
    } else {
        |_: &_| Vec::new()
    };
    Arc::new(check_and_try(http, try_http, findings))
}

/// What is wrong by itself already need not be told again because it cannot be used either.
fn check_and_try(http: &Record, try_http: TryHttp, findings: &mut Findings) -> HttpConfig {
    let checked = check_http(http, findings);
    for fault in try_http(&checked) {
        let place = http.place_along(&fault.keys);
        if !findings.has_fault_at(place) {
            findings.fault(place, fault.wrong, fault.right);
        }
    }
    checked
}

fn check_name<'r>(raw: &'r RawReceiver, findings: &mut Findings) -> Option<&'r At<String>> {
    match &raw.name {
        Field::Given(name) if !name.value.is_empty() => Some(name),
        Field::Broken => None,
        Field::Given(_) | Field::Absent => {
            findings.fault(raw.place, "missing name in receiver", "write name");
            None
        }
    }
}

fn check_receiver(
    raw: &RawReceiver,
    name: &str,
    house: &House,
    findings: &mut Findings,
) -> Option<Receiver> {
    let labels = check_labels(raw, name, findings);
    let webhooks: Vec<_> = (0..)
        .zip(&raw.webhooks)
        .map(|(index, webhook)| check_webhook(webhook, Spot { name, index }, house, findings))
        .collect();
    Some(Receiver {
        name: name.into(),
        labels: labels?,
        webhooks: webhooks.into_iter().collect::<Option<_>>()?,
    })
}

/// The labels with `name` added; one that says something else is refused.
fn check_labels(
    raw: &RawReceiver,
    name: &str,
    findings: &mut Findings,
) -> Option<BTreeMap<String, String>> {
    let mut labels: BTreeMap<_, _> = raw
        .labels
        .iter()
        .map(|(key, at)| (key.clone(), at.value.clone()))
        .collect();
    labels.insert("name".into(), name.into());
    let given = raw.labels.iter().find(|(key, _)| key == "name");
    match given.filter(|(_, at)| at.value != name) {
        None => Some(labels),
        Some((_, at)) => {
            let wrong = format!(
                "receiver label \"name\" must match receiver name \"{}\", got \"{}\"",
                shown(name),
                shown(&at.value)
            );
            findings.fault(at.place, wrong, "remove the label, it is added by itself");
            None
        }
    }
}

/// What holds for all receivers.
struct House {
    origin: Origin,
    http: Arc<HttpConfig>,
    templates: Arc<Templates>,
    try_http: TryHttp,
}

/// Which webhook of which receiver.
#[derive(Clone, Copy)]
struct Spot<'r> {
    name: &'r str,
    index: usize,
}

fn check_webhook(
    raw: &RawWebhook,
    spot: Spot<'_>,
    house: &House,
    findings: &mut Findings,
) -> Option<Arc<Webhook>> {
    let http = match &raw.http {
        Some(http) => Arc::new(check_and_try(http, house.try_http, findings)),
        None => Arc::clone(&house.http),
    };
    let (destination, endpoint) = check_destination(raw, spot, house.origin, findings)?;
    Some(Arc::new(Webhook {
        destination,
        send_resolved: raw.send_resolved,
        max_alerts: raw.max_alerts,
        timeout: Some(raw.timeout).filter(|timeout| !timeout.is_zero()),
        endpoint,
        http,
        payload: raw.payload.clone().map(Arc::new),
        templates: Arc::clone(&house.templates),
    }))
}

fn check_destination(
    raw: &RawWebhook,
    spot: Spot<'_>,
    origin: Origin,
    findings: &mut Findings,
) -> Option<(Destination, Endpoint)> {
    match (&raw.url, &raw.url_file) {
        (Field::Broken, _) | (_, Field::Broken) => None,
        (Field::Given(_), Field::Given(file)) => {
            let wrong = "at most one of url & url_file must be configured";
            findings.fault(file.place, wrong, "remove one of the two");
            None
        }
        (Field::Absent, Field::Absent) => {
            let wrong = "one of url or url_file must be configured";
            let right = format!("receiver \"{}\" has nowhere to send to", shown(spot.name));
            findings.fault(raw.place, wrong, right);
            None
        }
        (Field::Absent, Field::Given(file)) => Some((
            Destination::UrlFile(PathBuf::from(&file.value)),
            Endpoint(file.value.as_str().into()),
        )),
        (Field::Given(url), Field::Absent) if is_terminal(url, origin) => {
            Some((Destination::Terminal, Endpoint("terminal:".into())))
        }
        // Whether it is a sound template is known where templates are compiled.
        (Field::Given(url), Field::Absent) if url.value.contains("{{") => {
            if has_templated_host(&url.value) {
                let warning = format!(
                    "a template makes the host of the url of receiver \"{}\": who can post an alert \
                     may choose where authorization and secret headers are sent; write the host as text",
                    shown(spot.name)
                );
                findings.warn(url.place, warning);
            }
            Some((
                Destination::UrlTemplate(url.value.clone()),
                Endpoint(format!("{}{}/{}", Endpoint::TEMPLATE, spot.name, spot.index).into()),
            ))
        }
        (Field::Given(url), Field::Absent) => match check_fixed_url(&url.value) {
            Ok(endpoint) => Some((Destination::Url(url.value.clone()), endpoint)),
            Err((wrong, right)) => {
                let right = format!("{right} for receiver \"{}\"", shown(spot.name));
                findings.fault(url.place, wrong, right);
                None
            }
        },
    }
}

/// Whether a template begins before the path does, and so can say whom to send to.
fn has_templated_host(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let (before, _) = url.split_at(url.len() - rest.len());
    let path = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    before.contains("{{") || rest.find("{{").is_some_and(|at| at < path)
}

fn is_terminal(url: &At<String>, origin: Origin) -> bool {
    origin == Origin::BuiltIn && url.value == "terminal:"
}

/// The endpoint of a URL that is no template, or what is wrong and what would be right.
fn check_fixed_url(url: &str) -> Result<Endpoint, (String, &'static str)> {
    if url == "<secret>" {
        return Err((
            "url is the mask that a running daemon shows instead of a secret".into(),
            "write the real URL",
        ));
    }
    check_url(url).map_err(|wrong| {
        (
            format!("invalid URL: {wrong}"),
            "write one such as https://host/path",
        )
    })
}
