//! The section `global`.
//!
//! Owns the table of what integrations other than webhooks keep there (§1.4). As long as none is
//! built nothing can use these keys, so that they are taken, shown by `GET /status` and otherwise
//! without effect: a receiver that needs them is refused where it stands. Pure; runs on whichever
//! thread loads the configuration.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use super::http::{HTTP_CONFIG, TLS_CONFIG};
use super::record::Record;
use crate::config::fault::{Findings, shown};
use crate::config::field::{Fields, boolean, duration, text};
use crate::config::node::{Kind, Node, Place};
use crate::config::url::check_url;

/// The section `global`.
#[derive(Debug)]
pub struct RawGlobal {
    /// How long an alert without an end lives after its last report.
    pub resolve_timeout: Duration,
    /// How receivers are spoken to that do not say it themselves, if it is given.
    pub http: Option<Record>,
    /// `smtp_tls_config`; `None` if that is null.
    pub smtp_tls: Option<Record>,
    /// What is given for [`IntegrationKey`]s, by key.
    pub integrations: BTreeMap<&'static str, String>,
}

/// A key that belongs to an integration that is not built.
#[derive(Clone, Copy, Debug)]
pub struct IntegrationKey {
    /// The key.
    pub name: &'static str,
    /// What is written there.
    pub kind: IntegrationKind,
    /// What holds when it is not given; empty if nothing does.
    pub default: &'static str,
}

/// What is written under an [`IntegrationKey`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntegrationKind {
    /// A text.
    Text,
    /// A text that is shown as `<secret>`.
    Secret,
    /// A URL.
    Url,
    /// A URL that is shown as `<secret>`.
    SecretUrl,
    /// A boolean.
    Bool,
    /// `host:port`.
    HostPort,
    /// `smtp_tls_config`.
    Tls,
}

use IntegrationKind::{Bool, HostPort, Secret, SecretUrl, Text, Tls, Url};

const fn key(name: &'static str, kind: IntegrationKind, default: &'static str) -> IntegrationKey {
    IntegrationKey {
        name,
        kind,
        default,
    }
}

/// The keys that belong to no integration.
const OWN_KEYS: &[&str] = &["resolve_timeout", "http_config"];

/// All of them, in the order in which Alertmanager shows them.
const INTEGRATION_KEYS: &[IntegrationKey] = &[
    key("jira_api_url", Url, ""),
    key("smtp_from", Text, ""),
    key("smtp_hello", Text, "localhost"),
    key("smtp_smarthost", HostPort, ""),
    key("smtp_auth_username", Text, ""),
    key("smtp_auth_password", Secret, ""),
    key("smtp_auth_password_file", Text, ""),
    key("smtp_auth_secret", Secret, ""),
    key("smtp_auth_secret_file", Text, ""),
    key("smtp_auth_identity", Text, ""),
    key("smtp_require_tls", Bool, "true"),
    key("smtp_tls_config", Tls, ""),
    key("smtp_force_implicit_tls", Bool, ""),
    key("slack_api_url", SecretUrl, ""),
    key("slack_api_url_file", Text, ""),
    key("slack_app_token", Secret, ""),
    key("slack_app_token_file", Text, ""),
    key(
        "slack_app_url",
        Url,
        "https://slack.com/api/chat.postMessage",
    ),
    key(
        "pagerduty_url",
        Url,
        "https://events.pagerduty.com/v2/enqueue",
    ),
    key("opsgenie_api_url", Url, "https://api.opsgenie.com/"),
    key("opsgenie_api_key", Secret, ""),
    key("opsgenie_api_key_file", Text, ""),
    key(
        "wechat_api_url",
        Url,
        "https://qyapi.weixin.qq.com/cgi-bin/",
    ),
    key("wechat_api_secret", Secret, ""),
    key("wechat_api_secret_file", Text, ""),
    key("wechat_api_corp_id", Text, ""),
    key(
        "victorops_api_url",
        Url,
        "https://alert.victorops.com/integrations/generic/20131114/alert/",
    ),
    key("victorops_api_key", Secret, ""),
    key("victorops_api_key_file", Text, ""),
    key("telegram_api_url", Url, "https://api.telegram.org"),
    key("telegram_bot_token", Secret, ""),
    key("telegram_bot_token_file", Text, ""),
    key("webex_api_url", Url, "https://webexapis.com/v1/messages"),
    key("rocketchat_api_url", Url, "https://open.rocket.chat/"),
    key("rocketchat_token", Secret, ""),
    key("rocketchat_token_file", Text, ""),
    key("rocketchat_token_id", Secret, ""),
    key("rocketchat_token_id_file", Text, ""),
    key("mattermost_webhook_url", SecretUrl, ""),
    key("mattermost_webhook_url_file", Text, ""),
];

impl IntegrationKey {
    /// All of them, in the order in which Alertmanager shows them.
    pub fn all() -> &'static [IntegrationKey] {
        INTEGRATION_KEYS
    }

    /// Null takes the default away; the one boolean without a default is then not given at all.
    fn read(&self, node: &Node, findings: &mut Findings) -> Option<String> {
        if node.kind == Kind::Null && (self.kind != Bool || self.default.is_empty()) {
            return Some(String::new());
        }
        let value = match self.kind {
            Tls => return None,
            Bool => return boolean(node, findings).map(|value| value.to_string()),
            Text | Secret | Url | SecretUrl | HostPort => text(node, findings)?,
        };
        let is_masked = self.kind == SecretUrl && value == "<secret>";
        if matches!(self.kind, Url | SecretUrl)
            && !is_masked
            && let Err(wrong) = check_url(value)
        {
            findings.fault(node.place, wrong, "write one such as https://example.com/");
            return None;
        }
        if self.kind == HostPort
            && let Err(wrong) = check_host_and_port(value)
        {
            findings.fault(node.place, wrong, "write host:port");
            return None;
        }
        Some(value.to_owned())
    }
}

/// The keys of the section.
pub fn global_keys() -> Vec<&'static str> {
    let of_integrations = INTEGRATION_KEYS.iter().map(|key| key.name);
    OWN_KEYS.iter().copied().chain(of_integrations).collect()
}

impl RawGlobal {
    /// Reads the section; without one the defaults hold.
    pub fn read(node: Option<&Node>, folder: Option<&Path>, findings: &mut Findings) -> Self {
        let mut global = RawGlobal {
            resolve_timeout: Duration::from_secs(300),
            http: None,
            smtp_tls: Some(Record::empty(&TLS_CONFIG)),
            integrations: BTreeMap::new(),
        };
        let keys = global_keys();
        let Some(fields) = node.and_then(|node| Fields::read(node, "global", &[&keys], findings))
        else {
            return global;
        };
        if let Some(node) = fields.get("resolve_timeout") {
            global.resolve_timeout = duration(node, findings).unwrap_or_default();
        }
        match fields.get("http_config") {
            Some(node) if node.kind == Kind::Null => {
                findings.fault(node.place, "http_config is null", "write {} or remove it");
            }
            node => {
                global.http =
                    node.and_then(|node| Record::read(node, &HTTP_CONFIG, folder, findings));
            }
        }
        if let Some(node) = fields.get("smtp_tls_config") {
            let given = Some(node).filter(|node| node.kind != Kind::Null);
            global.smtp_tls =
                given.and_then(|node| Record::read(node, &TLS_CONFIG, None, findings));
        }
        for key in INTEGRATION_KEYS {
            let node = fields.get(key.name);
            if let Some(value) = node.and_then(|node| key.read(node, findings)) {
                global.integrations.insert(key.name, value);
            }
        }
        refuse_two_ways_to_slack(&fields, &global, findings);
        refuse_pairs(&fields, findings);
        global
    }
}

fn check_host_and_port(text: &str) -> Result<(), String> {
    match text.rsplit_once(':') {
        None if text.is_empty() => Ok(()),
        None => Err(format!("address {}: missing port in address", shown(text))),
        Some((_, "")) => Err(format!("address \"{}\": port cannot be empty", shown(text))),
        Some(_) => Ok(()),
    }
}

/// Whether something is written under a key, and where.
fn said(fields: &Fields<'_>, name: &str) -> Option<Place> {
    let node = fields.get(name)?;
    let is_said = matches!(&node.kind, Kind::Scalar(text) if !text.is_empty());
    is_said.then_some(node.place)
}

/// An app of Slack and its webhook exclude each other, unless both lead to the same place.
fn refuse_two_ways_to_slack(fields: &Fields<'_>, global: &RawGlobal, findings: &mut Findings) {
    let app = ["slack_app_token", "slack_app_token_file"];
    let webhook = ["slack_api_url", "slack_api_url_file"];
    let said_of = |names: [&str; 2]| names.iter().find_map(|name| said(fields, name));
    let (Some(_), Some(place)) = (said_of(app), said_of(webhook)) else {
        return;
    };
    let default = INTEGRATION_KEYS
        .iter()
        .find(|key| key.name == "slack_app_url");
    let default = default.map_or("", |key| key.default);
    let app_url = global.integrations.get("slack_app_url");
    let app_url = app_url.map_or(default, String::as_str);
    let api_url = global.integrations.get("slack_api_url");
    if api_url.is_none_or(|url| url != app_url) {
        let wrong = "at most one of slack_app_token/slack_app_token_file & \
                     slack_api_url/slack_api_url_file must be configured";
        findings.fault(place, wrong, "remove one of the two");
    }
}

/// A secret is given itself or as a file, not both (§1.4).
fn refuse_pairs(fields: &Fields<'_>, findings: &mut Findings) {
    for key in INTEGRATION_KEYS {
        let file = format!("{}_file", key.name);
        if let (Some(_), Some(second)) = (said(fields, key.name), said(fields, &file)) {
            let wrong = format!("at most one of {} & {file} must be configured", key.name);
            findings.fault(second, wrong, "remove one of the two");
        }
    }
}
