//! Bounds the GETs under way (§10.2): two counters under one limit.
//!
//! Owns the two counters: GETs being answered by the handler, and streamed answers being written. A GET
//! holds a permit of the first counter until its answer exists. The memory of finished answers is bounded
//! elsewhere (small answers by the number of connections, large ones by the budget), so a client that reads
//! nothing holds up no other GET. A streamed answer keeps its alerts in memory, so it holds a permit of the
//! second counter until it is written. Used by connection threads; never blocks.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::telemetry::metrics::Metrics;

/// The counters of the GETs under way.
pub(super) struct Reads {
    limit: usize,
    answering: AtomicUsize,
    streaming: AtomicUsize,
    metrics: Arc<Metrics>,
}

/// The permit of one GET. Dropping it returns it to its counter.
pub(super) struct ReadPermit<'a> {
    reads: &'a Reads,
    among: &'a AtomicUsize,
}

impl Reads {
    /// Counters at zero, each with the limit `limit`.
    pub(super) fn new(limit: usize, metrics: Arc<Metrics>) -> Self {
        Reads {
            limit,
            answering: AtomicUsize::new(0),
            streaming: AtomicUsize::new(0),
            metrics,
        }
    }

    /// The maximum of each of the two counters.
    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// A permit for a GET that is being answered; `None` if the limit is reached.
    pub(super) fn answer(&self) -> Option<ReadPermit<'_>> {
        self.place(&self.answering)
    }

    /// A permit for a streamed answer that is being written; `None` if the limit is reached.
    pub(super) fn stream(&self) -> Option<ReadPermit<'_>> {
        self.place(&self.streaming)
    }

    /// The sum of both counters.
    #[cfg(test)]
    pub(super) fn under_way(&self) -> usize {
        self.answering.load(Ordering::Relaxed) + self.streaming.load(Ordering::Relaxed)
    }

    /// The number of streamed answers being written.
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
