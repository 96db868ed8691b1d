//! PURE. The standard body of a webhook, byte for byte as Alertmanager writes it (§6.2).
//!
//! Owns the order of the fields and the common labels. Borrows all it writes: a notification may
//! carry thousands of alerts. Called on send threads.

use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::go_json;
use crate::engine::{Notification, ToldAlert};
use crate::model::{Labels, Status, ZERO_TIME, format_rfc3339_nanos};

/// What an alert of common size takes, so that the buffer seldom grows.
const BYTES_PER_ALERT: usize = 768;

/// Characters with a meaning in a regular expression.
const REGEX_SPECIAL: &str = r"\.+*?()|[]{}^$";

/// The body for `notification`, with the newline at its end. `external_url` is how people reach us.
pub fn render(notification: &Notification, external_url: &str) -> Vec<u8> {
    let payload = Payload {
        notification,
        external_url,
    };
    let capacity = BYTES_PER_ALERT * (notification.alerts.len() + 1);
    let mut body = go_json::to_vec(&payload, capacity);
    body.push(b'\n');
    body
}

struct Payload<'a> {
    notification: &'a Notification,
    external_url: &'a str,
}

impl Serialize for Payload<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let notification = self.notification;
        let alerts = &notification.alerts;
        let mut fields = serializer.serialize_struct("Payload", 12)?;
        fields.serialize_field("receiver", &quote_for_regex(&notification.receiver))?;
        fields.serialize_field("status", notification.status().as_str())?;
        fields.serialize_field("alerts", &AlertList(alerts))?;
        fields.serialize_field("notification_reason", notification.reason.as_str())?;
        fields.serialize_field("groupLabels", &Object(&notification.group_labels))?;
        let labels = common_pairs(alerts, |told| &told.alert.labels);
        fields.serialize_field("commonLabels", &PairList(&labels))?;
        let annotations = common_pairs(alerts, |told| &told.alert.annotations);
        fields.serialize_field("commonAnnotations", &PairList(&annotations))?;
        fields.serialize_field("routeLabels", &PairList(&[]))?;
        fields.serialize_field("externalURL", self.external_url)?;
        fields.serialize_field("version", "4")?;
        fields.serialize_field("groupKey", &*notification.group_key)?;
        fields.serialize_field("truncatedAlerts", &notification.truncated_alerts)?;
        fields.end()
    }
}

struct AlertList<'a>(&'a [ToldAlert]);

impl Serialize for AlertList<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(AlertObject))
    }
}

struct AlertObject<'a>(&'a ToldAlert);

impl Serialize for AlertObject<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let ToldAlert { alert, status } = self.0;
        let ends_at = match status {
            Status::Firing => ZERO_TIME,
            Status::Resolved => alert.ends_at,
        };
        let mut fields = serializer.serialize_struct("Alert", 7)?;
        fields.serialize_field("status", status.as_str())?;
        fields.serialize_field("labels", &Object(&alert.labels))?;
        fields.serialize_field("annotations", &Object(&alert.annotations))?;
        fields.serialize_field("startsAt", &format_rfc3339_nanos(alert.starts_at))?;
        fields.serialize_field("endsAt", &format_rfc3339_nanos(ends_at))?;
        fields.serialize_field("generatorURL", &*alert.generator_url)?;
        fields.serialize_field("fingerprint", &format_args!("{}", alert.fingerprint))?;
        fields.end()
    }
}

/// A label set as an object; its pairs are sorted already.
struct Object<'a>(&'a Labels);

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter())
    }
}

struct PairList<'a>(&'a [(&'a str, &'a str)]);

impl Serialize for PairList<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().copied())
    }
}

/// The pairs of the first alert that all others share; a missing name counts as "" (§6.2).
fn common_pairs(
    alerts: &[ToldAlert],
    labels_of: impl Fn(&ToldAlert) -> &Labels,
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

/// As Go's `regexp.QuoteMeta`: the receiver's name is sent as a pattern for itself.
fn quote_for_regex(name: &str) -> String {
    let mut quoted = String::with_capacity(name.len());
    for character in name.chars() {
        if REGEX_SPECIAL.contains(character) {
            quoted.push('\\');
        }
        quoted.push(character);
    }
    quoted
}

#[cfg(test)]
mod tests;
