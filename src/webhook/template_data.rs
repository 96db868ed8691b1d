//! PURE. The data of a notification, for templates and for the standard body.
//!
//! Owns the parts that both share: the quoted name of the receiver and the common labels (§6.2). Called on
//! send threads.

use std::sync::Arc;

use crate::engine::{Notification, NotifiedAlert};
use crate::model::{Labels, Status, ZERO_TIME};
use crate::template::{AlertData, Data};

/// The characters with a special meaning in a regular expression.
const REGEX_SPECIAL: &str = r"\.+*?()|[]{}^$";

/// The template data of `notification`. `external_url` is the daemon's; `route_labels` are rendered.
pub fn data_of(notification: &Notification, external_url: &str, route_labels: Labels) -> Data {
    let alerts = &notification.alerts;
    Data {
        receiver: quote_for_regex(&notification.receiver).into(),
        status: notification.status().as_str().into(),
        alerts: alerts
            .iter()
            .map(|told| Arc::new(alert_data(told)))
            .collect(),
        notification_reason: notification.reason.as_str().into(),
        group_labels: notification.group_labels.clone(),
        common_labels: Labels::from_pairs(common_pairs(alerts, |told| &told.alert.labels)),
        common_annotations: Labels::from_pairs(common_pairs(alerts, |told| {
            &told.alert.annotations
        })),
        route_labels,
        external_url: external_url.into(),
    }
}

fn alert_data(told: &NotifiedAlert) -> AlertData {
    let NotifiedAlert { alert, status } = told;
    AlertData {
        status: status.as_str().into(),
        labels: alert.labels.clone(),
        annotations: alert.annotations.clone(),
        starts_at: alert.starts_at.get(),
        ends_at: match status {
            Status::Firing => ZERO_TIME,
            Status::Resolved => alert.ends_at.get(),
        },
        generator_url: (*alert.generator_url).into(),
        fingerprint: alert.fingerprint.to_string().into(),
    }
}

/// Escapes a name like Go's `regexp.QuoteMeta`, because the receiver's name is sent as a pattern (§6.2).
pub fn quote_for_regex(name: &str) -> String {
    let mut quoted = String::with_capacity(name.len());
    for character in name.chars() {
        if REGEX_SPECIAL.contains(character) {
            quoted.push('\\');
        }
        quoted.push(character);
    }
    quoted
}

/// The pairs of the first alert that all other alerts share. A missing name counts as "" (§6.2).
pub fn common_pairs(
    alerts: &[NotifiedAlert],
    labels_of: impl Fn(&NotifiedAlert) -> &Labels,
) -> Vec<(&str, &str)> {
    let Some((first, others)) = alerts.split_first() else {
        return Vec::new();
    };
    let mut common: Vec<(&str, &str)> = labels_of(first).iter().collect();
    for other in others.iter().map(labels_of) {
        common.retain(|(name, value)| other.get(name).unwrap_or("") == *value);
    }
    common
}
