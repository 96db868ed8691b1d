//! Every metric, under Alertmanager's names where it has one (§11) and as `alertwheel_*` else.
//!
//! Owns the registry. Methods are called from any thread and never block for long.

use std::time::Duration;

use crate::engine::{FailureKind, Gauges};
use crate::model::Wall;

/// The media type of what [`Metrics::encode`] writes.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// All metrics of the process.
#[derive(Debug, Default)]
pub struct Metrics {}

/// Why the front door turned a connection or a request away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refusal {
    /// As many connections are open as may be, and none of them was idle.
    TooManyConnections,
    /// The request line, a header or the number of headers is past the limit, or not HTTP.
    BadHead,
    /// The head is larger than the limit.
    HeadTooLarge,
    /// The body is larger than the limit.
    BodyTooLarge,
    /// Head or body did not come in time.
    TooSlow,
    /// The peer did not read its answer in time.
    ReaderTooSlow,
    /// The memory for bodies is all in use.
    OutOfBuffers,
    /// All http threads are busy.
    Busy,
    /// The dispatcher's inbox is full.
    InboxFull,
    /// The daemon holds as many alerts as it may.
    AlertLimit,
    /// As many GETs run as may.
    TooManyReads,
}

impl Metrics {
    /// Alerts were posted.
    pub fn alerts_received(&self, _firing: usize, _resolved: usize) {}
    /// An alert was refused.
    pub fn alert_invalid(&self) {}
    /// The send stage ran for a webhook.
    pub fn notification_started(&self) {}
    /// A webhook was not delivered in a flush.
    pub fn notification_failed(&self, _kind: FailureKind) {}
    /// An attempt was made; `delivered` says how it ended.
    pub fn attempt_made(&self, _took: Duration, _delivered: bool) {}
    /// The front door turned something away.
    pub fn refused(&self, _refusal: Refusal) {}
    /// A request was answered. `handler` is the route pattern, `method` in lower case.
    pub fn request_answered(&self, _handler: &str, _method: &str, _code: u16, _took: Duration) {}
    /// Connections open at the front door changed by `change`.
    pub fn connections_changed(&self, _change: i64) {}
    /// GET requests under way changed by `change`.
    pub fn reads_in_flight_changed(&self, _change: i64) {}
    /// A configuration was loaded, or was not. `source` is the text of one that was.
    pub fn config_loaded(&self, _source: Option<&str>, _at: Wall) {}
    /// A panic was contained in a thread of this kind (`http`, `send`, `conn`).
    pub fn panic_contained(&self, _thread: &str) {}
    /// The wall clock jumped.
    pub fn clock_stepped(&self) {}
    /// A reload kept and moved groups.
    pub fn groups_reloaded(&self, _kept: usize, _moved: usize) {}
    /// The text of `/metrics`.
    pub fn encode(&self, _gauges: &Gauges) -> String {
        String::new()
    }
}
