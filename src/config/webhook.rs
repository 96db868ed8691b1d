//! Webhooks: their destinations and HTTP settings (§1.6).
//!
//! Owns their keys, the checks of an address, and the checked type that the daemon uses. A fault names the
//! receiver and never shows an address. Pure; runs on the thread that loads the configuration.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::fault::{Findings, shown};
use super::file::{Origin, Terms};
use super::http::check::check_http;
use super::http::{HTTP_CONFIG, HttpConfig};
use super::record::{Record, Value};
use super::table::Kind::{self, Any, Bool, Count, GoDuration, Parsed, Text};
use super::table::{Section, key};
use super::url::check_url;
use crate::template::{Payload, Templates};

/// The section of a webhook.
pub static WEBHOOK: Section = Section {
    what: "a webhook",
    keys: &[
        key("send_resolved", Bool).or("true").always(),
        key("http_config", Kind::Section(&HTTP_CONFIG)).always(),
        key("url", Text).masked(),
        key("url_file", Text).or("").always(),
        key("max_alerts", Count).or("0").always(),
        key("timeout", GoDuration).or("0s").always(),
        key("payload", Any),
        key("heartbeat", Kind::Duration).or("0s").hidden(),
        key("method", Parsed(method)).or("POST").hidden(),
    ],
};

/// The HTTP methods with which a notification can be sent.
const METHODS: [&str; 3] = ["POST", "PUT", "PATCH"];

fn method(text: &str) -> Result<String, (String, &'static str)> {
    match METHODS.contains(&text) {
        true => Ok(text.to_owned()),
        false => {
            let wrong = format!("unknown method \"{}\"", shown(text));
            Err((wrong, "write POST, PUT or PATCH"))
        }
    }
}

/// One webhook of a receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// The address that it is sent to.
    pub destination: Destination,
    /// The HTTP method: POST, PUT or PATCH.
    pub method: &'static str,
    /// Whether resolved alerts are sent.
    pub send_resolved: bool,
    /// The maximum number of alerts in one notification; 0 is no limit.
    pub max_alerts: u64,
    /// The maximum time of one attempt, if the file sets it.
    pub timeout: Option<Duration>,
    /// How often it is sent a notification without alerts, so that it notices if the daemon dies.
    pub heartbeat: Option<Duration>,
    /// The endpoint, whose concurrency limit all webhooks with the same endpoint share.
    pub endpoint: Endpoint,
    /// The HTTP client settings.
    pub http: Arc<HttpConfig>,
    /// The body that replaces the standard one, if any.
    pub payload: Option<Arc<Payload>>,
    /// The named templates of the configuration, for all templates of this webhook.
    pub templates: Arc<Templates>,
}

/// The destination of a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// A fixed address, checked: http or https, with a host.
    Url(String),
    /// A template that yields the address.
    UrlTemplate(String),
    /// A file that holds the address; read at each attempt.
    UrlFile(PathBuf),
    /// The terminal from which the daemon was started. Only the built-in configuration uses it.
    Terminal,
}

/// The key by which workers are allotted: webhooks with equal endpoints are sent to the same machine.
///
/// It is `scheme://host:port` of a fixed address, the path of the file that holds the address, or
/// [`Endpoint::TEMPLATE`] with the position of the webhook in the configuration.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint(pub Arc<str>);

impl Endpoint {
    /// The prefix of endpoints whose address is a template.
    pub const TEMPLATE: &str = "template:";

    /// Whether all its requests go to one host. A template may yield several hosts.
    pub fn is_one_host(&self) -> bool {
        !self.0.starts_with(Self::TEMPLATE)
    }
}

/// The settings that all webhooks of a file share.
pub struct Common<'t> {
    /// The inputs of the checks.
    pub terms: &'t Terms<'t>,
    /// The HTTP settings of webhooks without their own.
    http: Arc<HttpConfig>,
}

impl<'t> Common<'t> {
    /// Checks the global HTTP settings. They are tried only if some webhook has no settings of its own;
    /// otherwise their files are not needed.
    pub fn check(file: &Record, terms: &'t Terms<'t>, findings: &mut Findings) -> Self {
        let global = file.record("global");
        let record = global.and_then(|global| global.record("http_config"));
        let http = record.map_or_else(HttpConfig::default, |record| check_http(record, findings));
        let receivers = file.records("receivers").iter();
        let mut webhooks = receivers.flat_map(|receiver| receiver.records("webhook_configs"));
        let is_used = webhooks.any(|webhook| webhook.record("http_config").is_none());
        if let Some(record) = record
            && is_used
            && http != HttpConfig::default()
        {
            try_http(record, &http, terms, findings);
        }
        Common {
            terms,
            http: Arc::new(http),
        }
    }
}

/// Tries the HTTP settings, unless they already have faults, so that one mistake is not reported twice.
fn try_http(record: &Record, http: &HttpConfig, terms: &Terms<'_>, findings: &mut Findings) {
    for fault in (terms.try_http)(http) {
        let place = record.place_along(&fault.keys);
        if !findings.has_fault_at(place) {
            findings.fault(place, fault.wrong, fault.right);
        }
    }
}

/// The position of a webhook.
#[derive(Clone, Copy)]
pub struct Position<'r> {
    /// The name of the receiver.
    pub name: &'r str,
    /// The index among the webhooks of the receiver, from 0.
    pub index: usize,
}

impl Webhook {
    /// Checks a webhook. `None` if it has no valid address, which is then a fault in `findings`.
    pub fn check(
        record: &Record,
        position: Position<'_>,
        common: &Common<'_>,
        findings: &mut Findings,
    ) -> Option<Arc<Self>> {
        if record.is_null {
            findings.fault(record.place, "missing webhook config", "write a url");
            return None;
        }
        let http = match record.record("http_config") {
            Some(given) => {
                let http = check_http(given, findings);
                try_http(given, &http, common.terms, findings);
                Arc::new(http)
            }
            None => Arc::clone(&common.http),
        };
        let (destination, endpoint) =
            check_destination(record, position, common.terms.origin, findings)?;
        let timeout = record.duration("timeout").map(|(timeout, _)| timeout);
        // The table admits only the known methods and null, which means the default.
        let method = record.text("method");
        let method = METHODS.into_iter().find(|known| method == Some(known));
        Some(Arc::new(Webhook {
            destination,
            method: method.unwrap_or("POST"),
            send_resolved: record.is("send_resolved"),
            max_alerts: record.count("max_alerts"),
            timeout: timeout.filter(|timeout| !timeout.is_zero()),
            heartbeat: check_heartbeat(record, findings),
            endpoint,
            http,
            payload: match record.get("payload") {
                Some(Value::Any(payload, _)) => Some(Arc::new(payload.clone())),
                _ => None,
            },
            templates: Arc::clone(&common.terms.templates),
        }))
    }
}

/// The shortest interval between two heartbeats to a webhook.
const HEARTBEAT_LEAST: Duration = Duration::from_secs(1);

fn check_heartbeat(record: &Record, findings: &mut Findings) -> Option<Duration> {
    let (interval, _) = record.duration("heartbeat")?;
    if interval.is_zero() {
        return None;
    }
    if interval < HEARTBEAT_LEAST {
        let wrong = "heartbeat is shorter than 1s";
        findings.fault(record.place_of("heartbeat"), wrong, "write one such as 1m");
    }
    Some(interval)
}

fn check_destination(
    record: &Record,
    position: Position<'_>,
    origin: Origin,
    findings: &mut Findings,
) -> Option<(Destination, Endpoint)> {
    if record.is_broken("url") || record.is_broken("url_file") {
        return None;
    }
    match (record.text("url"), record.text("url_file")) {
        (Some(url), None) => check_address(url, record, position, origin, findings),
        (None, Some(file)) => Some((
            Destination::UrlFile(PathBuf::from(file)),
            Endpoint(file.into()),
        )),
        (Some(_), Some(_)) => {
            let wrong = "at most one of url & url_file must be configured";
            findings.fault(record.place_of("url_file"), wrong, "remove one of the two");
            None
        }
        (None, None) => {
            let wrong = "one of url or url_file must be configured";
            let right = format!(
                "receiver \"{}\" has nowhere to send to",
                shown(position.name)
            );
            findings.fault(record.place, wrong, right);
            None
        }
    }
}

fn check_address(
    url: &str,
    record: &Record,
    position: Position<'_>,
    origin: Origin,
    findings: &mut Findings,
) -> Option<(Destination, Endpoint)> {
    let place = record.place_of("url");
    if origin == Origin::BuiltIn && url == "terminal:" {
        return Some((Destination::Terminal, Endpoint("terminal:".into())));
    }
    if origin == Origin::Status && url == MASK {
        return Some((Destination::Url(url.to_owned()), Endpoint(MASK.into())));
    }
    // The template itself is checked where all templates are compiled.
    if url.contains("{{") {
        if has_templated_host(url) {
            let warning = format!(
                "a template makes the host of the url of receiver \"{}\": who can post an alert \
                 may choose where authorization and secret headers are sent; write the host as text",
                shown(position.name)
            );
            findings.warn(place, warning);
        }
        let endpoint = format!("{}{}/{}", Endpoint::TEMPLATE, position.name, position.index);
        return Some((
            Destination::UrlTemplate(url.to_owned()),
            Endpoint(endpoint.into()),
        ));
    }
    match check_fixed_url(url) {
        Ok(endpoint) => Some((Destination::Url(url.to_owned()), endpoint)),
        Err((wrong, right)) => {
            let right = format!("{right} for receiver \"{}\"", shown(position.name));
            findings.fault(place, wrong, right);
            None
        }
    }
}

/// What a running daemon shows instead of a secret.
const MASK: &str = "<secret>";

/// Whether a template begins before the path, and so can determine the host.
fn has_templated_host(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let (before, _) = url.split_at(url.len() - rest.len());
    let path = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    before.contains("{{") || rest.find("{{").is_some_and(|at| at < path)
}

/// The endpoint of a URL without templates, or what is wrong and what would be right.
fn check_fixed_url(url: &str) -> Result<Endpoint, (String, &'static str)> {
    if url == MASK {
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
