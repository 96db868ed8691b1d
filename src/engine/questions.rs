//! The answers to queries: snapshots that other threads filter and serialise.
//!
//! Owns those messages, no behaviour. The queries are in `reading.rs`, where each has the type of its answer.
//! Made on the dispatch thread.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::config::Receiver;
use crate::model::{Alert, Fingerprint, Labels, Wall};

/// An alert with its receivers and what mutes it.
#[derive(Clone, Debug)]
pub struct AlertView {
    /// The alert.
    pub alert: Arc<Alert>,
    /// The receivers of the routes that match it, in route order; duplicates are possible.
    pub receivers: Arc<[Arc<Receiver>]>,
    /// What mutes it; `None` if nothing does.
    pub muted: Option<Arc<Muted>>,
}

/// What mutes an alert.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Muted {
    /// The ids of the active silences that match it, sorted.
    pub silenced_by: Vec<Arc<str>>,
    /// The alerts that inhibit it.
    pub inhibited_by: Vec<Fingerprint>,
}

/// A group with its alerts.
#[derive(Clone, Debug)]
pub struct GroupView {
    /// The `groupKey` of its notifications.
    pub key: Arc<str>,
    /// Whether its first flush has begun.
    pub has_flushed: bool,
    /// The labels that all its alerts share.
    pub labels: Labels,
    /// The receiver of its route.
    pub receiver: Arc<Receiver>,
    /// Its alerts, in no particular order.
    pub alerts: Vec<GroupedAlert>,
    /// The names of the time intervals that muted its last flush, if that flush reached their stage.
    pub muted_by: Vec<Arc<str>>,
    /// The labels of its route, as template texts.
    pub route_labels: Arc<BTreeMap<String, String>>,
}

/// An alert in a group.
#[derive(Clone, Debug)]
pub struct GroupedAlert {
    /// The alert.
    pub alert: Arc<Alert>,
    /// What mutes it; `None` if nothing does.
    pub muted: Option<Arc<Muted>>,
}

/// Numbers for `/metrics`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gauges {
    /// Unresolved alerts that are not muted.
    pub active_alerts: usize,
    /// Unresolved alerts that are muted.
    pub suppressed_alerts: usize,
    /// Unresolved alerts none of whose groups has had a flush yet.
    pub unprocessed_alerts: usize,
    /// Active silences.
    pub active_silences: usize,
    /// Pending silences.
    pub pending_silences: usize,
    /// Expired silences that are still kept.
    pub expired_silences: usize,
    /// Inhibition rules in force.
    pub inhibition_rules: usize,
    /// Alerts in the store, including resolved ones.
    pub stored_alerts: usize,
    /// Groups that exist.
    pub groups: usize,
    /// Entries of the notification log.
    pub notification_log_entries: usize,
    /// Deliveries that wait for a worker.
    pub waiting_deliveries: usize,
    /// Endpoints that are down.
    pub endpoints_down: usize,
    /// Attempts in flight.
    pub attempts_in_flight: usize,
    /// Receivers that a route refers to.
    pub receivers: usize,
    /// Webhooks of those receivers.
    pub webhooks: usize,
    /// The counts of look-ups since the start.
    pub lookups: Lookups,
}

/// The counts of the engine's look-ups.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lookups {
    /// Look-ups of the notification log.
    pub notification_log: u64,
    /// Look-ups of the notification log that found no entry, because there was none or it had expired.
    pub notification_log_misses: u64,
    /// Look-ups of the silences of an alert, and listings of all silences.
    pub silences: u64,
    /// Silences whose matchers were tried, and silences that were listed.
    pub silences_scanned: u64,
    /// Silences that did not have to be tried, because of the index or an earlier look-up.
    pub silences_skipped: u64,
}

/// An answer and its time. The time decides which of its alerts and silences have ended.
#[derive(Clone, Debug)]
pub struct Answered<A> {
    /// The wall time of the snapshot.
    pub at: Wall,
    /// The snapshot.
    pub answer: A,
}
