//! PURE. What a template is told: the notification, in the shape that §6.3 gives it.
//!
//! Owns that shape and the sample that templates are tried on. Called on send threads and on whichever
//! thread loads the configuration.

use std::sync::Arc;

use jiff::tz::TimeZone;

use super::value::Value;
use crate::model::{Labels, Status, Wall, ZERO_TIME};

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
