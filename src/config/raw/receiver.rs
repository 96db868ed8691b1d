//! A receiver as the file says it.
//!
//! Owns the keys of receivers and webhooks and their types (§1.6). Names and addresses are looked
//! at in `check/receiver.rs`. Pure; runs on whichever thread loads the configuration.

use std::time::Duration;

use super::Reading;
use super::http::HTTP_CONFIG;
use super::payload::read_payload;
use super::record::Record;
use super::unsupported;
use crate::config::fault::Findings;
use crate::config::field::{
    At, Field, Fields, boolean, count, go_duration, list, map, named_texts, text,
};
use crate::config::node::{Kind, Node, Place};
use crate::template::Payload;

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
    /// How it is spoken to, if it says so.
    pub http: Option<Record>,
    /// What is sent in place of the standard body.
    pub payload: Option<Payload>,
    /// The same as the file has it, for the places of its texts.
    pub payload_node: Option<Node>,
}

const KEYS: &[&str] = &["name", "labels", "webhook_configs"];

impl RawReceiver {
    /// Reads a receiver; `None` if it is not a map.
    pub fn read(node: &Node, reading: Reading<'_>, findings: &mut Findings) -> Option<Self> {
        let integrations: Vec<&str> = unsupported::keys().collect();
        let fields = Fields::read(node, "a receiver", &[KEYS, &integrations], findings)?;
        let name = Field::read(fields.get("name"), |node| {
            text(node, findings).map(str::to_owned)
        });
        let shown_name = name.given().map_or("", |name| name.value.as_str());
        unsupported::look_for(&fields, shown_name, reading.unsupported, findings);
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
                .filter_map(|node| RawWebhook::read(node, reading, findings))
                .collect(),
        })
    }
}

const WEBHOOK_KEYS: &[&str] = &[
    "send_resolved",
    "http_config",
    "url",
    "url_file",
    "max_alerts",
    "timeout",
    "payload",
];

impl RawWebhook {
    fn read(node: &Node, reading: Reading<'_>, findings: &mut Findings) -> Option<Self> {
        if node.kind == Kind::Null {
            findings.fault(node.place, "missing webhook config", "write a url");
            return None;
        }
        let fields = Fields::read(node, "a webhook", &[WEBHOOK_KEYS], findings)?;
        let given = |key| fields.get(key).filter(|node| node.kind != Kind::Null);
        let http = given("http_config")
            .and_then(|node| Record::read(node, &HTTP_CONFIG, reading.folder, findings));
        let payload = given("payload").and_then(|node| read_payload(node, findings));
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
            http,
            payload,
            payload_node: given("payload").cloned(),
        })
    }
}

fn read_address(node: Option<&Node>, findings: &mut Findings) -> Field<String> {
    match Field::read(node, |node| text(node, findings).map(str::to_owned)) {
        Field::Given(at) if at.value.is_empty() => Field::Absent,
        field => field,
    }
}
