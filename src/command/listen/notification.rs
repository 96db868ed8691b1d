//! The body of Alertmanager's webhooks, version 4, as far as it is shown.
//!
//! Owns its shape. Keys that are not shown, such as what all alerts have in common, are not read. Runs on
//! main.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The version that is understood.
const VERSION: &str = "4";

/// What a receiver is told of a group.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Notification {
    version: String,
    pub receiver: String,
    pub status: String,
    #[serde(rename = "notification_reason")]
    pub reason: Option<String>,
    pub group_labels: BTreeMap<String, String>,
    pub alerts: Vec<Alert>,
    #[serde(default)]
    pub truncated_alerts: u64,
}

/// One alert of the group.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Alert {
    pub status: String,
    pub labels: BTreeMap<String, String>,
    pub annotations: BTreeMap<String, String>,
    pub starts_at: String,
    pub ends_at: String,
}

impl Notification {
    /// Reads one, if `body` is one.
    pub fn read(body: &str) -> Option<Self> {
        let read = serde_json::from_str::<Notification>(body).ok();
        read.filter(|notification| notification.version == VERSION)
    }
}
