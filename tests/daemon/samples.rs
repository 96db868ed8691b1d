//! Configurations and alerts that many tests use.

use serde_json::{Value, json};

use crate::receiver::Receiver;
use crate::time::wall;

/// Keys of a route whose groups are told soon, and repeated never.
pub const SOON: &str =
    "group_by: [alertname], group_wait: 50ms, group_interval: 500ms, repeat_interval: 1h";

/// A configuration with one route and one receiver, `team`, with these webhooks.
pub fn config(route_keys: &str, webhooks: &[String]) -> String {
    let webhooks = webhooks.join(", ");
    format!(
        "route: {{receiver: team, {route_keys}}}\n\
         receivers:\n\
         - name: team\n\
         \x20 webhook_configs: [{webhooks}]\n"
    )
}

/// A webhook for [`config`], with further keys.
pub fn webhook(receiver: &Receiver, keys: &str) -> String {
    format!("{{url: '{}'{keys}}}", receiver.url())
}

/// The configuration that most tests need: one webhook, told soon.
pub fn told_soon(receiver: &Receiver) -> String {
    config(SOON, &[webhook(receiver, "")])
}

/// An alert that fires from now on.
pub fn firing(alertname: &str, instance: &str) -> Value {
    json!({"labels": {"alertname": alertname, "instance": instance}})
}

/// The same alert, over now.
pub fn over(mut alert: Value) -> Value {
    alert["endsAt"] = json!(wall().to_string());
    alert
}
