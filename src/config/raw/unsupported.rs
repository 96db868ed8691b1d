//! Integrations of Alertmanager that are not built: everything but webhooks.
//!
//! Owns their keys, and what a user can do instead. Pure; runs on whichever thread loads the
//! configuration.

use crate::config::fault::{Findings, shown};
use crate::config::field::Fields;

/// What becomes of a receiver's integrations that are not built.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unsupported {
    /// Each is a fault: whoever counts on it must not be left without notifications in silence.
    #[default]
    Refuse,
    /// Each is a warning, and the receiver does without it.
    Skip,
}

/// The keys of a receiver, each with what can be used instead.
const INTEGRATIONS: &[(&str, &str)] = &[
    (
        "discord_configs",
        "use webhook_configs with the URL of the Discord webhook and payload: {content: !text '...'}",
    ),
    (
        "email_configs",
        "use webhook_configs with a service that sends mail, such as an Apprise server",
    ),
    (
        "incidentio_configs",
        "use webhook_configs with the URL of an alert source of incident.io",
    ),
    (
        "pagerduty_configs",
        "use webhook_configs with the URL of PagerDuty's Events API v2 and a payload with \
         routing_key and event_action",
    ),
    (
        "slack_configs",
        "use webhook_configs with the URL of Slack's incoming webhook and payload: {text: !text '...'}",
    ),
    (
        "opsgenie_configs",
        "use webhook_configs with the URL of Opsgenie's alert API, authorization of type \
         GenieKey and a payload with message and alias",
    ),
    (
        "wechat_configs",
        "use webhook_configs with the URL of a WeCom group robot and a payload with msgtype \
         and text",
    ),
    (
        "pushover_configs",
        "use webhook_configs with the URL of Pushover's messages API and a payload with token, \
         user and message",
    ),
    (
        "victorops_configs",
        "use webhook_configs with the URL of VictorOps' REST endpoint and a payload with \
         message_type and entity_id",
    ),
    (
        "sns_configs",
        "use webhook_configs with a service that publishes to SNS, such as a function behind \
         an HTTP endpoint",
    ),
    (
        "telegram_configs",
        "use webhook_configs with the URL of the bot's sendMessage and payload: \
         {chat_id: ..., text: !text '...'}",
    ),
    (
        "webex_configs",
        "use webhook_configs with the URL of Webex' messages API, authorization and payload: \
         {roomId: ..., markdown: !text '...'}",
    ),
    (
        "msteams_configs",
        "use webhook_configs with the URL of a Teams workflow and a payload with an adaptive card",
    ),
    (
        "msteamsv2_configs",
        "use webhook_configs with the URL of a Teams workflow and a payload with an adaptive card",
    ),
    (
        "jira_configs",
        "use webhook_configs with the URL of an incoming webhook of Jira Automation",
    ),
    (
        "rocketchat_configs",
        "use webhook_configs with the URL of Rocket.Chat's incoming webhook and \
         payload: {text: !text '...'}",
    ),
    (
        "mattermost_configs",
        "use webhook_configs with the URL of Mattermost's incoming webhook and \
         payload: {text: !text '...'}",
    ),
];

/// The keys under which a receiver has them.
pub fn keys() -> impl Iterator<Item = &'static str> {
    INTEGRATIONS.iter().map(|(key, _)| *key)
}

/// Notes every integration of the receiver `name` that is not built.
pub fn look_for(
    fields: &Fields<'_>,
    name: &str,
    unsupported: Unsupported,
    findings: &mut Findings,
) {
    let name = shown(name);
    for (key, instead) in INTEGRATIONS {
        let Some(node) = fields.get(key).filter(|node| !node.is_empty()) else {
            continue;
        };
        match unsupported {
            Unsupported::Refuse => {
                let wrong = format!("receiver \"{name}\" uses {key}, which are not built");
                let right = format!(
                    "{instead}; --config.skip-unsupported starts without them, and they then tell nobody"
                );
                findings.fault(node.place, wrong, right);
            }
            Unsupported::Skip => {
                let warning = format!(
                    "receiver \"{name}\" sends NOTHING through its {key}, which are not built; \
                     {instead}"
                );
                findings.warn(node.place, warning);
            }
        }
    }
}
