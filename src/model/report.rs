//! What a source of webhooks reports about one alert.
//!
//! Owns the types. `source` makes them from bodies; `engine` keeps the keys and decides which alerts begin
//! and end.

use std::sync::Arc;
use std::time::Duration;

use super::{IdentifiedLabels, PostedAlert, Wall};

/// A report of a source about one alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceReport {
    /// The name of the source.
    pub source: Arc<str>,
    /// The identity of the alert within its source; `None` if its labels identify it.
    pub key: Option<Box<str>>,
    /// What is reported.
    pub change: ReportedChange,
}

/// What a report says of its alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReportedChange {
    /// The alert fires.
    Firing {
        /// The alert. An end time is when it ends; without one it fires until it is resolved or `ttl` is over.
        alert: PostedAlert,
        /// How long it fires after this report unless it is reported again; `None` is without a bound.
        ttl: Option<Duration>,
    },
    /// The alert has resolved: every alert of the key or, without a key, the alert with these labels.
    Resolved {
        /// The labels, which only a report without a key needs.
        labels: IdentifiedLabels,
        /// When it resolved; `None` is now.
        ended_at: Option<Wall>,
    },
}
