//! How many GETs are under way (§10.2).
//!
//! Owns two counts under one limit. A GET holds a place among those that are being answered until its
//! answer is there: what is in memory by then is bounded elsewhere (small answers by the number of
//! connections, large ones by the budget), so that a reader who takes nothing holds up nobody. An
//! answer that is made while it is written holds on to the alerts it tells of, and so holds a place
//! among its like until it is written. Used by connection threads; never blocks.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::telemetry::metrics::Metrics;

/// The GETs under way.
pub(super) struct Reads {
    limit: usize,
    answering: AtomicUsize,
    streaming: AtomicUsize,
    metrics: Arc<Metrics>,
}

/// A place of one GET, given back when dropped.
pub(super) struct ReadPermit<'a> {
    reads: &'a Reads,
    among: &'a AtomicUsize,
}

impl Reads {
    /// None so far, and up to `limit` at once.
    pub(super) fn new(limit: usize, metrics: Arc<Metrics>) -> Self {
        Reads {
            limit,
            answering: AtomicUsize::new(0),
            streaming: AtomicUsize::new(0),
            metrics,
        }
    }

    /// The most that may be in either state at once.
    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// A place among those that are being answered, if one is free.
    pub(super) fn answer(&self) -> Option<ReadPermit<'_>> {
        self.place(&self.answering)
    }

    /// A place among those whose answer is made while it is written, if one is free.
    pub(super) fn stream(&self) -> Option<ReadPermit<'_>> {
        self.place(&self.streaming)
    }

    /// Those in either state.
    #[cfg(test)]
    pub(super) fn under_way(&self) -> usize {
        self.answering.load(Ordering::Relaxed) + self.streaming.load(Ordering::Relaxed)
    }

    /// Those whose answer is made while it is written.
    #[cfg(test)]
    pub(super) fn streaming(&self) -> usize {
        self.streaming.load(Ordering::Relaxed)
    }

    fn place<'a>(&'a self, among: &'a AtomicUsize) -> Option<ReadPermit<'a>> {
        let one_more = |taken: usize| (taken < self.limit).then_some(taken + 1);
        among
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more)
            .ok()?;
        self.metrics.reads_in_flight_changed(1);
        Some(ReadPermit { reads: self, among })
    }
}

impl Drop for ReadPermit<'_> {
    fn drop(&mut self) {
        self.among.fetch_sub(1, Ordering::Relaxed);
        self.reads.metrics.reads_in_flight_changed(-1);
    }
}
