//! A receiver as the file says it.
//!
//! Owns the keys of receivers and webhooks and their types (§1.6). Names and addresses are looked
//! at in `check/receiver.rs`. Pure; runs on whichever thread loads the configuration.

use std::time::Duration;

use super::http::read_http_config;
use super::refuse_unbuilt_value;
use crate::config::fault::{Findings, shown};
use crate::config::field::{
    At, Field, Fields, boolean, count, go_duration, list, map, named_texts, text,
};
use crate::config::node::{Kind, Node, Place};

/// A receiver.
#[derive(Debug)]
pub struct RawReceiver {
    /// Where it stands.
    pub place: Place,
    /// Its name.
    pub name: Field<String>,
    /// Its labels as given.
    pub labels: Vec<(String, At<String>)>,
    /// Its webhooks that could be read.
    pub webhooks: Vec<RawWebhook>,
}

/// A webhook.
#[derive(Debug)]
pub struct RawWebhook {
    /// Where it stands.
    pub place: Place,
    /// The address; a secret. Absent if empty.
    pub url: Field<String>,
    /// The file that holds the address. Absent if empty.
    pub url_file: Field<String>,
    /// Whether resolved alerts are sent.
    pub send_resolved: bool,
    /// How many alerts a notification may carry; 0 is no limit.
    pub max_alerts: u64,
    /// How long an attempt may take; zero is no limit of its own.
    pub timeout: Duration,
}

const BUILT: &[&str] = &["name", "labels", "webhook_configs"];
const INTEGRATIONS: &[&str] = &[
    "discord_configs",
    "email_configs",
    "incidentio_configs",
    "pagerduty_configs",
    "slack_configs",
    "opsgenie_configs",
    "wechat_configs",
    "pushover_configs",
    "victorops_configs",
    "sns_configs",
    "telegram_configs",
    "webex_configs",
    "msteams_configs",
    "msteamsv2_configs",
    "jira_configs",
    "rocketchat_configs",
    "mattermost_configs",
];

impl RawReceiver {
    /// Reads a receiver; `None` if it is not a map.
    pub fn read(node: &Node, findings: &mut Findings) -> Option<Self> {
        let fields = Fields::read(node, "a receiver", &[BUILT, INTEGRATIONS], findings)?;
        let name = Field::read(fields.get("name"), |node| {
            text(node, findings).map(str::to_owned)
        });
        refuse_integrations(&fields, &name, findings);
        let labels = fields
            .get("labels")
            .and_then(|node| map(node, "a map of names and values", findings));
        let webhooks = fields
            .get("webhook_configs")
            .and_then(|node| list(node, "a list of webhooks", findings));
        Some(RawReceiver {
            place: node.place,
            name,
            labels: named_texts(labels.unwrap_or_default(), findings),
            webhooks: webhooks
                .unwrap_or_default()
                .iter()
                .filter_map(|node| RawWebhook::read(node, findings))
                .collect(),
        })
    }
}

fn refuse_integrations(fields: &Fields<'_>, name: &Field<String>, findings: &mut Findings) {
    let name = name.given().map_or("", |name| name.value.as_str());
    for key in INTEGRATIONS {
        if let Some(node) = fields.get(key).filter(|node| !node.is_empty()) {
            let right = format!(
                "receiver \"{}\" can use webhook_configs with a service that passes them on",
                shown(name)
            );
            findings.fault(node.place, "not built yet", right);
        }
    }
}

impl RawWebhook {
    fn read(node: &Node, findings: &mut Findings) -> Option<Self> {
        if node.kind == Kind::Null {
            findings.fault(node.place, "missing webhook config", "write a url");
            return None;
        }
        const BUILT: &[&str] = &[
            "send_resolved",
            "url",
            "url_file",
            "max_alerts",
            "timeout",
            "http_config",
        ];
        let fields = Fields::read(node, "a webhook", &[BUILT, &["payload"]], findings)?;
        // An empty payload is still the user's own; only null is the standard one.
        if let Some(node) = fields.get("payload").filter(|node| node.kind != Kind::Null) {
            refuse_unbuilt_value(node, findings);
        }
        if let Some(node) = fields.get("http_config") {
            read_http_config(node, findings);
        }
        let address = |key, findings: &mut Findings| read_address(fields.get(key), findings);
        Some(RawWebhook {
            place: node.place,
            url: address("url", findings),
            url_file: address("url_file", findings),
            send_resolved: fields
                .get("send_resolved")
                .is_none_or(|node| boolean(node, findings).unwrap_or(true)),
            max_alerts: fields
                .get("max_alerts")
                .and_then(|node| count(node, findings))
                .unwrap_or(0),
            timeout: fields
                .get("timeout")
                .and_then(|node| go_duration(node, findings))
                .unwrap_or_default(),
        })
    }
}

fn read_address(node: Option<&Node>, findings: &mut Findings) -> Field<String> {
    match Field::read(node, |node| text(node, findings).map(str::to_owned)) {
        Field::Given(at) if at.value.is_empty() => Field::Absent,
        field => field,
    }
}
