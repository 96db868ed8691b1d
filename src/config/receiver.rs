//! Receivers: names, labels, webhooks, and unsupported integrations (§1.6).
//!
//! Owns their keys, the advice for Alertmanager's integrations that are not supported, and the checked type
//! that the daemon uses. Pure; runs on the thread that loads the configuration.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::fault::{Findings, shown};
use super::file::Terms;
use super::record::Record;
use super::table::Kind::{self, NamedTexts, Sections, Text};
use super::table::{Key, Section, key};
use super::webhook::{Common, Position, WEBHOOK, Webhook};

/// The section of a receiver.
pub static RECEIVER: Section = Section {
    what: "a receiver",
    keys: &[
        key("name", Text),
        key("labels", NamedTexts("a map of names and values")),
        key("webhook_configs", Sections("a list of webhooks", &WEBHOOK)),
        unbuilt(
            "discord_configs",
            "the URL of the Discord webhook and payload: {content: !text '...'}",
        ),
        unbuilt(
            "email_configs",
            "a service that sends mail, such as an Apprise server",
        ),
        unbuilt(
            "incidentio_configs",
            "the URL of an alert source of incident.io",
        ),
        unbuilt(
            "pagerduty_configs",
            "the URL of PagerDuty's Events API v2 and a payload with routing_key and event_action",
        ),
        unbuilt(
            "slack_configs",
            "the URL of Slack's incoming webhook and payload: {text: !text '...'}",
        ),
        unbuilt(
            "opsgenie_configs",
            "the URL of Opsgenie's alert API, authorization of type GenieKey and a payload with message and alias",
        ),
        unbuilt(
            "wechat_configs",
            "the URL of a WeCom group robot and a payload with msgtype and text",
        ),
        unbuilt(
            "pushover_configs",
            "the URL of Pushover's messages API and a payload with token, user and message",
        ),
        unbuilt(
            "victorops_configs",
            "the URL of VictorOps' REST endpoint and a payload with message_type and entity_id",
        ),
        unbuilt(
            "sns_configs",
            "a service that publishes to SNS, such as a function behind an HTTP endpoint",
        ),
        unbuilt(
            "telegram_configs",
            "the URL of the bot's sendMessage and payload: {chat_id: ..., text: !text '...'}",
        ),
        unbuilt(
            "webex_configs",
            "the URL of Webex' messages API, authorization and payload: {roomId: ..., markdown: !text '...'}",
        ),
        unbuilt(
            "msteams_configs",
            "the URL of a Teams workflow and a payload with an adaptive card",
        ),
        unbuilt(
            "msteamsv2_configs",
            "the URL of a Teams workflow and a payload with an adaptive card",
        ),
        unbuilt(
            "jira_configs",
            "the URL of an incoming webhook of Jira Automation",
        ),
        unbuilt(
            "rocketchat_configs",
            "the URL of Rocket.Chat's incoming webhook and payload: {text: !text '...'}",
        ),
        unbuilt(
            "mattermost_configs",
            "the URL of Mattermost's incoming webhook and payload: {text: !text '...'}",
        ),
    ],
};

const fn unbuilt(name: &'static str, instead: &'static str) -> Key {
    key(name, Kind::Unbuilt(instead))
}

/// How unsupported integrations of a receiver are treated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unsupported {
    /// Each is a fault: users who rely on it must not silently miss notifications.
    #[default]
    Refuse,
    /// Each is a warning, and the receiver works without it.
    Skip,
}

/// A named list of integrations. A receiver without any discards its notifications.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receiver {
    /// The name, unique in the file.
    pub name: Arc<str>,
    /// Labels for filters of the API, including `name`.
    pub labels: BTreeMap<String, String>,
    /// The webhooks, in the order of the file; the position is part of the notification log's key.
    pub webhooks: Vec<Arc<Webhook>>,
}

/// The receivers of a file.
#[derive(Debug)]
pub struct Receivers {
    /// The valid receivers, in the order of the file.
    pub all: Vec<Arc<Receiver>>,
    /// All receivers with a name; `None` for those with faults.
    by_name: BTreeMap<String, Option<Arc<Receiver>>>,
    /// Whether every receiver of the file has a name.
    are_named: bool,
}

impl Receivers {
    /// The valid receiver with this name.
    pub fn get(&self, name: &str) -> Option<Arc<Receiver>> {
        self.by_name.get(name).cloned().flatten()
    }

    /// Whether there is certainly no receiver with this name, not even one with faults.
    pub fn lacks(&self, name: &str) -> bool {
        self.are_named && !self.by_name.contains_key(name)
    }

    /// All names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(String::as_str)
    }
}

/// Checks all receivers of a file.
pub fn check_receivers(file: &Record, terms: &Terms<'_>, findings: &mut Findings) -> Receivers {
    let mut receivers = Receivers {
        all: Vec::new(),
        by_name: BTreeMap::new(),
        are_named: file.has_all("receivers"),
    };
    let common = Common::check(file, terms, findings);
    for record in file.records("receivers") {
        let receiver = check_receiver(record, &common, findings).map(Arc::new);
        let Some(name) = record.text("name") else {
            receivers.are_named = false;
            if !record.is_broken("name") {
                findings.fault(record.place, "missing name in receiver", "write name");
            }
            continue;
        };
        if receivers.by_name.contains_key(name) {
            let wrong = format!("notification config name \"{}\" is not unique", shown(name));
            findings.fault(record.place_of("name"), wrong, "give it a name of its own");
        }
        receivers.all.extend(receiver.clone());
        receivers.by_name.insert(name.to_owned(), receiver);
    }
    receivers
}

fn check_receiver(
    record: &Record,
    common: &Common<'_>,
    findings: &mut Findings,
) -> Option<Receiver> {
    let name = record.text("name").unwrap_or_default();
    look_for_unbuilt(record, name, common.terms.unsupported, findings);
    let labels = check_labels(record, name, findings);
    let webhooks: Vec<_> = (0..)
        .zip(record.records("webhook_configs"))
        .map(|(index, webhook)| Webhook::check(webhook, Position { name, index }, common, findings))
        .collect();
    Some(Receiver {
        name: name.into(),
        labels: labels?,
        webhooks: webhooks.into_iter().collect::<Option<_>>()?,
    })
}

/// The labels with `name` added; a label `name` with another value is refused.
fn check_labels(
    record: &Record,
    name: &str,
    findings: &mut Findings,
) -> Option<BTreeMap<String, String>> {
    let given = record.named("labels");
    let mut labels: BTreeMap<_, _> = given
        .iter()
        .map(|(key, at)| (key.clone(), at.value.clone()))
        .collect();
    labels.insert("name".into(), name.into());
    let given = given.iter().find(|(key, _)| key == "name");
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

/// Adds a fault or a warning for each unsupported integration of the receiver `name`.
fn look_for_unbuilt(
    record: &Record,
    name: &str,
    unsupported: Unsupported,
    findings: &mut Findings,
) {
    let name = shown(name);
    for key in record.section.keys {
        let Kind::Unbuilt(instead) = key.kind else {
            continue;
        };
        if !record.says(key.name) {
            continue;
        }
        let (key, place) = (key.name, record.place_of(key.name));
        match unsupported {
            Unsupported::Refuse => {
                let wrong = format!("receiver \"{name}\" uses {key}, which are not built");
                let right = format!(
                    "use webhook_configs with {instead}; --config.skip-unsupported starts without them, and they then tell nobody"
                );
                findings.fault(place, wrong, right);
            }
            Unsupported::Skip => {
                let warning = format!(
                    "receiver \"{name}\" sends NOTHING through its {key}, which are not built; \
                     use webhook_configs with {instead}"
                );
                findings.warn(place, warning);
            }
        }
    }
}
