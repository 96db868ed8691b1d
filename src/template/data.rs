//! PURE. The data of a template: the notification, in the structure of §6.3.
//!
//! Owns this structure, and the sample data for checks of templates. Called on send threads and on the
//! thread that loads the configuration.

use std::sync::Arc;

use jiff::tz::TimeZone;

use super::value::{Field, Value};
use crate::model::{Labels, Status, Wall, ZERO_TIME};

/// The initial dot of a template.
#[derive(Clone, Debug)]
pub struct Data {
    /// The receiver's name, escaped as a regular expression.
    pub receiver: Arc<str>,
    /// `firing` or `resolved`.
    pub status: Arc<str>,
    /// The alerts, in the order of the notification.
    pub alerts: Arc<[Arc<AlertData>]>,
    /// The reason of the notification.
    pub notification_reason: Arc<str>,
    /// The labels that define the group.
    pub group_labels: Labels,
    /// The labels that all alerts share.
    pub common_labels: Labels,
    /// The annotations that all alerts share.
    pub common_annotations: Labels,
    /// The route's labels, rendered.
    pub route_labels: Labels,
    /// The external URL of the daemon.
    pub external_url: Arc<str>,
}

/// An alert as templates see it.
#[derive(Clone, Debug)]
pub struct AlertData {
    /// `firing` or `resolved`.
    pub status: Arc<str>,
    /// The labels, which identify the alert.
    pub labels: Labels,
    /// The annotations: texts for people.
    pub annotations: Labels,
    /// When it began.
    pub starts_at: Wall,
    /// When it ended; [`ZERO_TIME`] while it fires.
    pub ends_at: Wall,
    /// The URL of its source; may be empty.
    pub generator_url: Arc<str>,
    /// The hash of its labels.
    pub fingerprint: Arc<str>,
}

impl Data {
    /// Sample data with a firing and a resolved alert, for checks of templates.
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

    /// The fields in the order of Go's struct. Alertmanager 0.33 has no route labels; their field exists only
    /// if there are any.
    pub fn fields(&self) -> Vec<Field> {
        let mut fields = vec![
            text_field("Receiver", "receiver", &self.receiver),
            text_field("Status", "status", &self.status),
            field("Alerts", "alerts", Value::Alerts(self.alerts.clone())),
            text_field(
                "NotificationReason",
                "notification_reason",
                &self.notification_reason,
            ),
            labels_field("GroupLabels", "groupLabels", &self.group_labels),
            labels_field("CommonLabels", "commonLabels", &self.common_labels),
            labels_field(
                "CommonAnnotations",
                "commonAnnotations",
                &self.common_annotations,
            ),
        ];
        if !self.route_labels.is_empty() {
            fields.push(labels_field(
                "RouteLabels",
                "routeLabels",
                &self.route_labels,
            ));
        }
        fields.push(text_field("ExternalURL", "externalURL", &self.external_url));
        fields
    }
}

fn field(name: &'static str, json: &'static str, value: Value) -> Field {
    Field { name, json, value }
}

fn text_field(name: &'static str, json: &'static str, text: &Arc<str>) -> Field {
    field(name, json, Value::Text(text.clone()))
}

fn labels_field(name: &'static str, json: &'static str, labels: &Labels) -> Field {
    field(name, json, Value::Kv(labels.clone()))
}

const SAMPLE_START: Wall = Wall::constant(1_767_225_600, 0);

/// The time at which the sample is rendered.
pub const SAMPLE_NOW: Wall = Wall::constant(1_767_229_200, 0);

impl AlertData {
    /// The fields in the order of Go's struct.
    pub fn fields(&self) -> [Field; 7] {
        let at = |time: Wall| Value::Time(time.to_zoned_datetime(TimeZone::UTC));
        [
            text_field("Status", "status", &self.status),
            labels_field("Labels", "labels", &self.labels),
            labels_field("Annotations", "annotations", &self.annotations),
            field("StartsAt", "startsAt", at(self.starts_at)),
            field("EndsAt", "endsAt", at(self.ends_at)),
            text_field("GeneratorURL", "generatorURL", &self.generator_url),
            text_field("Fingerprint", "fingerprint", &self.fingerprint),
        ]
    }
}
