//! The metrics of notifications and delivery attempts.
//!
//! Owns these families and their labels. With `receiver-name-in-metrics` each series also names its
//! receiver (§11). The names come from the configuration, which bounds the number of series. Any thread.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::encoding::{EncodeLabel, EncodeLabelSet, LabelSetEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;

use super::families::{Labels, Page};
use super::{Names, TemplateUse};
use crate::engine::{FailureKind, Suppression};

/// Upper bounds in seconds, the same as Alertmanager's.
const ATTEMPT_BUCKETS: [f64; 5] = [1.0, 5.0, 10.0, 15.0, 20.0];

/// Upper bounds in seconds of the time that deliveries wait for a worker.
const WAIT_BUCKETS: [f64; 7] = [0.01, 0.1, 1.0, 5.0, 30.0, 300.0, 3600.0];

/// Handles on the registered families.
#[derive(Debug)]
pub struct DeliveryFamilies {
    names: Names,
    notifications: Family<DeliveryLabels, Counter>,
    failed: Family<DeliveryLabels, Counter>,
    attempts: Family<DeliveryLabels, Counter>,
    attempts_failed: Family<DeliveryLabels, Counter>,
    attempt_latency: Family<DeliveryLabels, Histogram, fn() -> Histogram>,
    wait: Histogram,
    suppressed: Family<Labels<1>, Counter>,
    /// Failed templates by use.
    pub templates_failed: Family<Labels<1>, Counter>,
}

/// The labels of a notification. The integration is always `webhook`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct DeliveryLabels {
    receiver: Option<Arc<str>>,
    reason: Option<&'static str>,
}

impl EncodeLabelSet for DeliveryLabels {
    fn encode(&self, encoder: &mut LabelSetEncoder) -> Result<(), fmt::Error> {
        ("integration", "webhook").encode(encoder.encode_label())?;
        if let Some(receiver) = &self.receiver {
            ("receiver_name", &**receiver).encode(encoder.encode_label())?;
        }
        if let Some(reason) = self.reason {
            ("reason", reason).encode(encoder.encode_label())?;
        }
        Ok(())
    }
}

impl DeliveryFamilies {
    /// Registers every family, with the series that are known beforehand at zero.
    pub fn register(page: &mut Page, names: Names) -> Self {
        let make: fn() -> Histogram = || Histogram::new(ATTEMPT_BUCKETS);
        let families = DeliveryFamilies {
            names,
            notifications: page.put(
                "alertmanager_notifications",
                "Runs of the send stage, one a flush and integration",
                Family::default(),
            ),
            failed: page.put(
                "alertmanager_notifications_failed",
                "Runs of the send stage that delivered nothing",
                Family::default(),
            ),
            attempts: page.put(
                "alertmanager_notification_requests",
                "Attempts to deliver a notification",
                Family::default(),
            ),
            attempts_failed: page.put(
                "alertmanager_notification_requests_failed",
                "Attempts to deliver a notification that failed",
                Family::default(),
            ),
            attempt_latency: page.put(
                "alertmanager_notification_latency_seconds",
                "Time that attempts to deliver took",
                Family::new_with_constructor(make),
            ),
            // No series exists before the first event, as in Alertmanager.
            templates_failed: page.family(
                "alertwheel_templates_failed",
                "Template fields that failed; the notification was sent without them",
                TemplateUse::ALL.map(|part| [("use", part.as_str())]),
            ),
            wait: page.put(
                "alertwheel_delivery_wait_seconds",
                "Time that ready deliveries waited for a free slot of their endpoint",
                Histogram::new(WAIT_BUCKETS),
            ),
            suppressed: page.put(
                "alertmanager_notifications_suppressed",
                "Alerts that were left out of notifications, by what kept them out",
                Family::default(),
            ),
        };
        if names == Names::LeftOut {
            families.create(None);
        }
        families
    }

    /// A configuration with these receivers was applied. Counts by receiver restart at zero.
    pub fn begin_anew(&self, receivers: impl Iterator<Item = Arc<str>>) {
        if self.names == Names::LeftOut {
            return;
        }
        self.notifications.clear();
        self.failed.clear();
        self.attempts.clear();
        self.attempts_failed.clear();
        self.attempt_latency.clear();
        for receiver in receivers {
            self.create(Some(receiver));
        }
    }

    /// The send stage ran.
    pub fn started(&self, receiver: &Arc<str>) {
        let labels = self.labels(receiver);
        self.notifications.get_or_create(&labels).inc();
    }

    /// The send stage delivered nothing.
    pub fn failed(&self, receiver: &Arc<str>, kind: FailureKind) {
        let labels = DeliveryLabels {
            reason: Some(kind.as_str()),
            ..self.labels(receiver)
        };
        self.failed.get_or_create(&labels).inc();
    }

    /// An attempt was made; `delivered` says how it ended.
    pub fn attempted(&self, receiver: &Arc<str>, took: Duration, delivered: bool) {
        let labels = self.labels(receiver);
        self.attempts.get_or_create(&labels).inc();
        if !delivered {
            self.attempts_failed.get_or_create(&labels).inc();
        }
        let latency = self.attempt_latency.get_or_create(&labels);
        latency.observe(took.as_secs_f64());
    }

    /// A delivery waited this long for a worker.
    pub fn waited(&self, span: Duration) {
        self.wait.observe(span.as_secs_f64());
    }

    /// Alerts were left out.
    pub fn suppressed(&self, by: Suppression, alerts: usize) {
        let labels = [("reason", by.as_str())];
        let suppressed = self.suppressed.get_or_create(&labels);
        suppressed.inc_by(alerts as u64);
    }

    fn labels(&self, receiver: &Arc<str>) -> DeliveryLabels {
        let is_named = self.names == Names::InLabels;
        DeliveryLabels {
            receiver: is_named.then(|| Arc::clone(receiver)),
            reason: None,
        }
    }

    fn create(&self, receiver: Option<Arc<str>>) {
        let labels = DeliveryLabels {
            receiver,
            reason: None,
        };
        drop(self.notifications.get_or_create(&labels));
        drop(self.attempts.get_or_create(&labels));
        drop(self.attempts_failed.get_or_create(&labels));
        drop(self.attempt_latency.get_or_create(&labels));
        for kind in FailureKind::ALL {
            let labels = DeliveryLabels {
                reason: Some(kind.as_str()),
                ..labels.clone()
            };
            drop(self.failed.get_or_create(&labels));
        }
    }
}
