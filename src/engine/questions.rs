//! What the engine answers to questions: snapshots that other threads filter and serialise at leisure.
//!
//! Owns those messages, no behaviour. What can be asked is in `reading.rs`, where each question has the
//! type of its answer. Made on the dispatch thread.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::config::Receiver;
use crate::model::{Alert, Fingerprint, Labels, Wall};

/// An alert and where it goes.
#[derive(Clone, Debug)]
pub struct AlertView {
    /// The alert.
    pub alert: Arc<Alert>,
    /// Receivers of the routes that took it, in route order; duplicates are possible.
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

/// A group and what is in it.
#[derive(Clone, Debug)]
pub struct GroupView {
    /// What receivers know it by.
    pub key: Arc<str>,
    /// Whether a flush has looked at it.
    pub has_flushed: bool,
    /// The labels that make the group.
    pub labels: Labels,
    /// The receiver of its route.
    pub receiver: Arc<Receiver>,
    /// Its alerts, in no particular order.
    pub alerts: Vec<GroupedAlert>,
    /// The time intervals that muted its last flush, as far as that came to look.
    pub muted_by: Vec<Arc<str>>,
    /// Texts of the templates of its route's labels.
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
    /// Unresolved alerts that nothing mutes.
    pub active_alerts: usize,
    /// Unresolved alerts that something mutes.
    pub suppressed_alerts: usize,
    /// Unresolved alerts whose groups no flush has looked at yet.
    pub unprocessed_alerts: usize,
    /// Silences that silence.
    pub active_silences: usize,
    /// Silences that will.
    pub pending_silences: usize,
    /// Silences that did and are not forgotten yet.
    pub expired_silences: usize,
    /// Inhibition rules in force.
    pub inhibition_rules: usize,
    /// Alerts kept, resolved ones included.
    pub stored_alerts: usize,
    /// Groups alive.
    pub groups: usize,
    /// Entries of the ledger.
    pub notification_log_entries: usize,
    /// Deliveries that wait for a worker.
    pub waiting_deliveries: usize,
    /// Endpoints that fail.
    pub endpoints_down: usize,
    /// Attempts under way.
    pub attempts_in_flight: usize,
    /// Receivers that a route uses.
    pub receivers: usize,
    /// Webhooks of those.
    pub webhooks: usize,
    /// What was looked up since the start.
    pub lookups: Lookups,
}

/// How often the engine has looked something up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lookups {
    /// Times it looked for what a webhook was told last.
    pub notification_log: u64,
    /// Times there was nothing, or nothing any more.
    pub notification_log_misses: u64,
    /// Times it looked for the silences of an alert, or somebody for all of them.
    pub silences: u64,
    /// Silences whose matchers were tried, or that were listed.
    pub silences_scanned: u64,
    /// Silences of which an index or an earlier look-up said that they need not be tried.
    pub silences_skipped: u64,
}

/// An answer and when it was made, which tells what in it is over.
#[derive(Clone, Debug)]
pub struct Answered<A> {
    /// The wall time of the snapshot.
    pub at: Wall,
    /// The snapshot.
    pub answer: A,
}
