//! The body of Alertmanager's webhooks, version 4: the part of it that is printed.
//!
//! Owns its structure. Does not read keys that are not printed, such as the common labels. Runs on main.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The supported version.
const VERSION: &str = "4";

/// The notification of a group.
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
    /// Parses `body`; `None` if it is not such a notification.
    pub fn read(body: &str) -> Option<Self> {
        let read = serde_json::from_str::<Notification>(body).ok();
        read.filter(|notification| notification.version == VERSION)
    }
}
