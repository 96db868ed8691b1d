//! PURE. What a template is told: the notification, in the shape that §6.3 gives it.
//!
//! Owns that shape, the sample that templates are tried on, and what the standard body shares with
//! templates: the quoted name of the receiver and the common labels. Called on send threads and on
//! whichever thread loads the configuration.

use std::sync::Arc;

use jiff::tz::TimeZone;

use super::value::Value;
use crate::engine::{Notification, ToldAlert};
use crate::model::{Labels, Status, Wall, ZERO_TIME};

/// Characters with a meaning in a regular expression.
const REGEX_SPECIAL: &str = r"\.+*?()|[]{}^$";

/// The first dot of a template.
#[derive(Clone, Debug)]
pub struct Data {
    /// The receiver's name, quoted as a regular expression for itself.
    pub receiver: Arc<str>,
    /// `firing` or `resolved`.
    pub status: Arc<str>,
    /// The alerts, in the order in which they are told.
    pub alerts: Arc<[Arc<AlertData>]>,
    /// Why it is told.
    pub notification_reason: Arc<str>,
    /// The labels that make the group.
    pub group_labels: Labels,
    /// The labels that all alerts share.
    pub common_labels: Labels,
    /// The annotations that all alerts share.
    pub common_annotations: Labels,
    /// The route's labels, rendered.
    pub route_labels: Labels,
    /// How people reach the daemon.
    pub external_url: Arc<str>,
}

/// An alert as templates see it.
#[derive(Clone, Debug)]
pub struct AlertData {
    /// `firing` or `resolved`.
    pub status: Arc<str>,
    /// What identifies it.
    pub labels: Labels,
    /// Texts for people.
    pub annotations: Labels,
    /// When it began.
    pub starts_at: Wall,
    /// When it ended; [`ZERO_TIME`] while it fires.
    pub ends_at: Wall,
    /// Where it came from; may be empty.
    pub generator_url: Arc<str>,
    /// The hash of its labels.
    pub fingerprint: Arc<str>,
}

impl Data {
    /// What `notification` says. `external_url` is how people reach us, `route_labels` are rendered.
    pub fn new(notification: &Notification, external_url: &str, route_labels: Labels) -> Self {
        let alerts = &notification.alerts;
        Data {
            receiver: quote_for_regex(&notification.receiver).into(),
            status: notification.status().as_str().into(),
            alerts: alerts
                .iter()
                .map(|told| Arc::new(AlertData::new(told)))
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

    /// Made-up data with an alert that fires and one that has resolved, to try templates on.
    pub fn sample() -> Self {
        let alert = |status: Status, instance: &str, ends_at: Wall| {
            let labels = [
                ("alertname", "SampleAlert"),
                ("instance", instance),
                ("severity", "page"),
            ];
            let labels = Labels::from_pairs(labels);
            Arc::new(AlertData {
                status: status.as_str().into(),
                fingerprint: labels.fingerprint().to_string().into(),
                labels,
                annotations: Labels::from_pairs([
                    ("summary", "a sample"),
                    ("description", "made up"),
                ]),
                starts_at: SAMPLE_START,
                ends_at,
                generator_url: "http://prometheus.example/graph".into(),
            })
        };
        Data {
            receiver: "sample".into(),
            status: Status::Firing.as_str().into(),
            alerts: [
                alert(Status::Firing, "one", ZERO_TIME),
                alert(Status::Resolved, "two", SAMPLE_NOW),
            ]
            .into(),
            notification_reason: "first notification".into(),
            group_labels: Labels::from_pairs([("alertname", "SampleAlert")]),
            common_labels: Labels::from_pairs([("alertname", "SampleAlert"), ("severity", "page")]),
            common_annotations: Labels::from_pairs([("summary", "a sample")]),
            route_labels: Labels::default(),
            external_url: "http://alertwheel.example".into(),
        }
    }

    /// The fields in the order of Go's struct.
    pub fn fields(&self) -> [Value; 9] {
        [
            Value::Text(self.receiver.clone()),
            Value::Text(self.status.clone()),
            Value::Alerts(self.alerts.clone()),
            Value::Text(self.notification_reason.clone()),
            Value::Kv(self.group_labels.clone()),
            Value::Kv(self.common_labels.clone()),
            Value::Kv(self.common_annotations.clone()),
            Value::Kv(self.route_labels.clone()),
            Value::Text(self.external_url.clone()),
        ]
    }
}

const SAMPLE_START: Wall = Wall::constant(1_767_225_600, 0);

/// When the sample is rendered.
pub const SAMPLE_NOW: Wall = Wall::constant(1_767_229_200, 0);

impl AlertData {
    fn new(told: &ToldAlert) -> Self {
        let ToldAlert { alert, status } = told;
        AlertData {
            status: status.as_str().into(),
            labels: alert.labels.clone(),
            annotations: alert.annotations.clone(),
            starts_at: alert.starts_at,
            ends_at: match status {
                Status::Firing => ZERO_TIME,
                Status::Resolved => alert.ends_at,
            },
            generator_url: (*alert.generator_url).into(),
            fingerprint: alert.fingerprint.to_string().into(),
        }
    }

    /// The fields in the order of Go's struct.
    pub fn fields(&self) -> [Value; 7] {
        [
            Value::Text(self.status.clone()),
            Value::Kv(self.labels.clone()),
            Value::Kv(self.annotations.clone()),
            Value::Time(self.starts_at.to_zoned(TimeZone::UTC)),
            Value::Time(self.ends_at.to_zoned(TimeZone::UTC)),
            Value::Text(self.generator_url.clone()),
            Value::Text(self.fingerprint.clone()),
        ]
    }
}

/// As Go's `regexp.QuoteMeta`: the receiver's name is sent as a pattern for itself (§6.2).
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

/// The pairs of the first alert that all others share; a missing name counts as "" (§6.2).
pub fn common_pairs(
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
