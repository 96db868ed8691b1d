//! PURE. The standard body of a webhook, byte for byte as Alertmanager writes it (§6.2).
//!
//! Owns the order of the fields, and two fields that Alertmanager 0.33 does not have. `routeLabels`, as in
//! 0.34, is there if the route has labels, which 0.33 would refuse. `templateError` is there if the
//! configured body could not be rendered. Borrows all data, because a notification may carry thousands of
//! alerts. Called on send threads.

use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::go_json;
use super::template_data::{common_pairs, quote_for_regex};
use crate::engine::{Notification, NotifiedAlert};
use crate::model::{Labels, Status, ZERO_TIME, format_rfc3339_nanos};

/// The bytes of an alert of common size, for the initial capacity, so that the buffer seldom grows.
const BYTES_PER_ALERT: usize = 768;

/// The contents of the standard body.
#[derive(Clone, Copy, Debug)]
pub struct Standard<'a> {
    /// The notification to send.
    pub notification: &'a Notification,
    /// The external URL of the daemon.
    pub external_url: &'a str,
    /// The rendered labels of the route.
    pub route_labels: &'a Labels,
    /// Why this body replaces the configured one; `None` if nothing failed.
    pub template_error: Option<&'a str>,
}

/// The body, with the newline at its end.
pub fn render(standard: &Standard<'_>) -> Vec<u8> {
    let capacity = BYTES_PER_ALERT * (standard.notification.alerts.len() + 1);
    let mut body = go_json::to_vec(standard, capacity);
    body.push(b'\n');
    body
}

impl Serialize for Standard<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let notification = self.notification;
        let alerts = &notification.alerts;
        let mut fields = serializer.serialize_struct("Payload", 13)?;
        fields.serialize_field("receiver", &quote_for_regex(&notification.receiver))?;
        fields.serialize_field("status", notification.status().as_str())?;
        fields.serialize_field("alerts", &AlertList(alerts))?;
        fields.serialize_field("notification_reason", notification.reason.as_str())?;
        fields.serialize_field("groupLabels", &Object(&notification.group_labels))?;
        let labels = common_pairs(alerts, |told| &told.alert.labels);
        fields.serialize_field("commonLabels", &PairList(&labels))?;
        let annotations = common_pairs(alerts, |told| &told.alert.annotations);
        fields.serialize_field("commonAnnotations", &PairList(&annotations))?;
        if !self.route_labels.is_empty() {
            fields.serialize_field("routeLabels", &Object(self.route_labels))?;
        }
        fields.serialize_field("externalURL", self.external_url)?;
        fields.serialize_field("version", "4")?;
        fields.serialize_field("groupKey", &*notification.group_key)?;
        fields.serialize_field("truncatedAlerts", &notification.truncated_alerts)?;
        if let Some(error) = self.template_error {
            fields.serialize_field("templateError", error)?;
        }
        fields.end()
    }
}

struct AlertList<'a>(&'a [NotifiedAlert]);

impl Serialize for AlertList<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(AlertObject))
    }
}

struct AlertObject<'a>(&'a NotifiedAlert);

impl Serialize for AlertObject<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let NotifiedAlert { alert, status } = self.0;
        let ends_at = match status {
            Status::Firing => ZERO_TIME,
            Status::Resolved => alert.ends_at.get(),
        };
        let mut fields = serializer.serialize_struct("Alert", 7)?;
        fields.serialize_field("status", status.as_str())?;
        fields.serialize_field("labels", &Object(&alert.labels))?;
        fields.serialize_field("annotations", &Object(&alert.annotations))?;
        fields.serialize_field("startsAt", &format_rfc3339_nanos(alert.starts_at.get()))?;
        fields.serialize_field("endsAt", &format_rfc3339_nanos(ends_at))?;
        fields.serialize_field("generatorURL", &*alert.generator_url)?;
        fields.serialize_field("fingerprint", &format_args!("{}", alert.fingerprint))?;
        fields.end()
    }
}

/// A label set as a JSON object. Its pairs are sorted already.
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

#[cfg(test)]
mod tests;
