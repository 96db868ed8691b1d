//! The section `global`.
//!
//! Owns its keys, including those of integrations other than webhooks (§1.4). These integrations are not
//! supported, so their keys are accepted, shown by `GET /status`, and otherwise without effect: a receiver
//! that needs them is refused on its own. Pure; runs on the thread that loads the configuration.

use super::fault::{Findings, shown};
use super::http::check::check_tls;
use super::http::{HTTP_CONFIG, TLS_CONFIG};
use super::record::Record;
use super::table::Kind::{self, AsWritten, Bool, Duration, Parsed, Text};
use super::table::{Section, key};
use super::url::check_url;

/// The section `global`.
pub static GLOBAL: Section = Section {
    what: "global",
    keys: &[
        key("resolve_timeout", Duration).or("5m").always(),
        key("http_config", Kind::Section(&HTTP_CONFIG))
            .or("{}")
            .always(),
        key("jira_api_url", URL),
        key("smtp_from", Text),
        key("smtp_hello", Text).or("localhost"),
        key("smtp_smarthost", Parsed(host_and_port)),
        key("smtp_auth_username", Text),
        key("smtp_auth_password", Text).masked(),
        key("smtp_auth_password_file", Text),
        key("smtp_auth_secret", Text).masked(),
        key("smtp_auth_secret_file", Text),
        key("smtp_auth_identity", Text),
        key("smtp_require_tls", Bool).or("true").always(),
        key("smtp_tls_config", AsWritten(&TLS_CONFIG))
            .or("{}")
            .always(),
        key("smtp_force_implicit_tls", Bool).always(),
        key("slack_api_url", SECRET_URL).masked(),
        key("slack_api_url_file", Text),
        key("slack_app_token", Text).masked(),
        key("slack_app_token_file", Text),
        key("slack_app_url", URL).or("https://slack.com/api/chat.postMessage"),
        key("pagerduty_url", URL).or("https://events.pagerduty.com/v2/enqueue"),
        key("opsgenie_api_url", URL).or("https://api.opsgenie.com/"),
        key("opsgenie_api_key", Text).masked(),
        key("opsgenie_api_key_file", Text),
        key("wechat_api_url", URL).or("https://qyapi.weixin.qq.com/cgi-bin/"),
        key("wechat_api_secret", Text).masked(),
        key("wechat_api_secret_file", Text),
        key("wechat_api_corp_id", Text),
        key("victorops_api_url", URL)
            .or("https://alert.victorops.com/integrations/generic/20131114/alert/"),
        key("victorops_api_key", Text).masked(),
        key("victorops_api_key_file", Text),
        key("telegram_api_url", URL).or("https://api.telegram.org"),
        key("telegram_bot_token", Text).masked(),
        key("telegram_bot_token_file", Text),
        key("webex_api_url", URL).or("https://webexapis.com/v1/messages"),
        key("rocketchat_api_url", URL).or("https://open.rocket.chat/"),
        key("rocketchat_token", Text).masked(),
        key("rocketchat_token_file", Text),
        key("rocketchat_token_id", Text).masked(),
        key("rocketchat_token_id_file", Text),
        key("mattermost_webhook_url", SECRET_URL).masked(),
        key("mattermost_webhook_url_file", Text),
    ],
};

const URL: Kind = Parsed(|text| match check_url(text) {
    Ok(_) => Ok(text.to_owned()),
    Err(wrong) => Err((wrong, "write one such as https://example.com/")),
});

/// A URL, or the mask that a running daemon shows instead of a secret URL.
const SECRET_URL: Kind = Parsed(|text| match check_url(text) {
    Err(wrong) if text != "<secret>" => Err((wrong, "write one such as https://example.com/")),
    _ => Ok(text.to_owned()),
});

fn host_and_port(text: &str) -> Result<String, (String, &'static str)> {
    let wrong = match text.rsplit_once(':') {
        None if !text.is_empty() => format!("address {}: missing port in address", shown(text)),
        Some((_, "")) => format!("address \"{}\": port cannot be empty", shown(text)),
        _ => return Ok(text.to_owned()),
    };
    Err((wrong, "write host:port"))
}

/// Checks the rules between the keys.
pub fn check_global(global: &Record, findings: &mut Findings) {
    if global.lacks("http_config") {
        let place = global.place_of("http_config");
        findings.fault(place, "http_config is null", "write {} or remove it");
    }
    if let Some(tls) = global.record("smtp_tls_config") {
        check_tls(tls, findings);
    }
    refuse_two_ways_to_slack(global, findings);
    refuse_pairs(global, findings);
}

/// Refuses a Slack app together with a Slack webhook, unless both have the same URL.
fn refuse_two_ways_to_slack(global: &Record, findings: &mut Findings) {
    let said_of = |names: [&'static str; 2]| names.into_iter().find(|name| global.says(name));
    let app = said_of(["slack_app_token", "slack_app_token_file"]);
    let webhook = said_of(["slack_api_url", "slack_api_url_file"]);
    let (Some(_), Some(webhook)) = (app, webhook) else {
        return;
    };
    let url = global.text("slack_api_url");
    if url.is_none() || url != global.text("slack_app_url") {
        let wrong = "at most one of slack_app_token/slack_app_token_file & \
                     slack_api_url/slack_api_url_file must be configured";
        let place = global.place_of(webhook);
        findings.fault(place, wrong, "remove one of the two");
    }
}

/// Refuses a secret that is given both inline and as a file (§1.4).
fn refuse_pairs(global: &Record, findings: &mut Findings) {
    for key in global.section.keys {
        let file = format!("{}_file", key.name);
        if global.says(key.name) && global.says(&file) {
            let wrong = format!("at most one of {} & {file} must be configured", key.name);
            findings.fault(global.place_of(&file), wrong, "remove one of the two");
        }
    }
}
