//! The metrics of sources of webhooks.
//!
//! Owns these families and their labels. The names of sources come from the configuration, which bounds the
//! number of series; the series of a source that is no longer configured are removed. Any thread.

use std::fmt;
use std::sync::Arc;

use prometheus_client::encoding::{EncodeLabel, EncodeLabelSet, LabelSetEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;

use super::Real;
use super::families::Page;
use crate::model::Wall;

/// Why a request to a source, or an element of its body, was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SourceRefusal {
    /// The sender has not proved who it is.
    Unauthorized,
    /// A signed message has come before.
    Replayed,
    /// Nothing of the body can be used.
    Unusable,
    /// An element of the body cannot be an alert.
    Element,
    /// The daemon holds as many alerts as it may, or cannot take anything in now.
    Unavailable,
}

impl SourceRefusal {
    /// Every reason, so that metrics can be created at zero.
    pub const ALL: [SourceRefusal; 5] = [
        SourceRefusal::Unauthorized,
        SourceRefusal::Replayed,
        SourceRefusal::Unusable,
        SourceRefusal::Element,
        SourceRefusal::Unavailable,
    ];

    /// The value of the label `reason`.
    pub fn as_str(self) -> &'static str {
        match self {
            SourceRefusal::Unauthorized => "unauthorized",
            SourceRefusal::Replayed => "replayed",
            SourceRefusal::Unusable => "unusable",
            SourceRefusal::Element => "element",
            SourceRefusal::Unavailable => "unavailable",
        }
    }
}

/// What a request to a source adds to the metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SourceCounts {
    /// The alerts that fire.
    pub alerts: usize,
    /// The alerts that have resolved.
    pub resolved: usize,
    /// The elements that make no alert on purpose.
    pub dropped: usize,
    /// The elements that cannot be an alert.
    pub refused_elements: usize,
    /// Why the whole request was refused, if it was.
    pub refusal: Option<SourceRefusal>,
}

/// Handles on the registered families.
#[derive(Debug)]
pub struct SourceFamilies {
    received: Family<SourceLabels, Counter>,
    alerts: Family<SourceLabels, Counter>,
    resolved: Family<SourceLabels, Counter>,
    dropped: Family<SourceLabels, Counter>,
    refused: Family<SourceLabels, Counter>,
    last_success: Family<SourceLabels, Real>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct SourceLabels {
    source: Arc<str>,
    reason: Option<&'static str>,
}

impl EncodeLabelSet for SourceLabels {
    fn encode(&self, encoder: &mut LabelSetEncoder) -> Result<(), fmt::Error> {
        ("source", &*self.source).encode(encoder.encode_label())?;
        if let Some(reason) = self.reason {
            ("reason", reason).encode(encoder.encode_label())?;
        }
        Ok(())
    }
}

impl SourceLabels {
    fn of(source: &Arc<str>) -> Self {
        SourceLabels {
            source: Arc::clone(source),
            reason: None,
        }
    }

    fn refused(source: &Arc<str>, refusal: SourceRefusal) -> Self {
        SourceLabels {
            source: Arc::clone(source),
            reason: Some(refusal.as_str()),
        }
    }
}

impl SourceFamilies {
    /// Registers every family, without series.
    pub fn register(page: &mut Page) -> Self {
        let mut counter = |name, help| page.put(name, help, Family::default());
        SourceFamilies {
            received: counter(
                "alertwheel_source_requests",
                "Requests to sources of webhooks",
            ),
            alerts: counter(
                "alertwheel_source_alerts",
                "Reports of sources that an alert fires",
            ),
            resolved: counter(
                "alertwheel_source_resolved",
                "Reports of sources that an alert has resolved",
            ),
            dropped: counter(
                "alertwheel_source_dropped",
                "Elements of bodies that make no alert, as the source says",
            ),
            refused: counter(
                "alertwheel_source_refused",
                "Requests to sources and elements of their bodies that were refused, by reason",
            ),
            last_success: page.put(
                "alertwheel_source_last_success_timestamp_seconds",
                "When a source last posted something that was taken in",
                Family::default(),
            ),
        }
    }

    /// A source is configured: its series exist from now on.
    pub fn begin(&self, source: &Arc<str>) {
        let labels = SourceLabels::of(source);
        for family in [&self.received, &self.alerts, &self.resolved, &self.dropped] {
            drop(family.get_or_create(&labels));
        }
        for refusal in SourceRefusal::ALL {
            let labels = SourceLabels::refused(source, refusal);
            drop(self.refused.get_or_create(&labels));
        }
        drop(self.last_success.get_or_create(&labels));
    }

    /// A source is no longer configured: its series go.
    pub fn end(&self, source: &Arc<str>) {
        let labels = SourceLabels::of(source);
        for family in [&self.received, &self.alerts, &self.resolved, &self.dropped] {
            family.remove(&labels);
        }
        for refusal in SourceRefusal::ALL {
            self.refused.remove(&SourceLabels::refused(source, refusal));
        }
        self.last_success.remove(&labels);
    }

    /// A request to a source was answered at that time.
    pub fn answered(&self, source: &Arc<str>, counts: SourceCounts, at: Wall) {
        let labels = SourceLabels::of(source);
        let add = |family: &Family<SourceLabels, Counter>, labels: &SourceLabels, count: usize| {
            if count > 0 {
                family.get_or_create(labels).inc_by(count as u64);
            }
        };
        add(&self.received, &labels, 1);
        add(&self.alerts, &labels, counts.alerts);
        add(&self.resolved, &labels, counts.resolved);
        add(&self.dropped, &labels, counts.dropped);
        let refused = |refusal| SourceLabels::refused(source, refusal);
        let element = refused(SourceRefusal::Element);
        add(&self.refused, &element, counts.refused_elements);
        match counts.refusal {
            Some(refusal) => add(&self.refused, &refused(refusal), 1),
            None => {
                let seconds = at.as_duration().as_secs_f64();
                self.last_success.get_or_create(&labels).set(seconds);
            }
        }
    }
}
