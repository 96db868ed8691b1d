//! A summary without quantiles: a count and a sum.
//!
//! Owns the two numbers. The metrics library has no summaries, so this one is encoded as a histogram
//! without buckets, which [`super::page`] turns into a summary. Any thread.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use prometheus_client::encoding::{EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;

/// A summary; clones share the numbers.
#[derive(Clone, Debug, Default)]
pub struct Summary(Arc<Mutex<Sum>>);

#[derive(Debug, Default)]
struct Sum {
    seconds: f64,
    count: u64,
}

impl Summary {
    /// Adds one event of this duration.
    pub fn observe(&self, took: Duration) {
        self.observe_all(took, 1);
    }

    /// Adds `count` events with this total duration.
    pub fn observe_all(&self, took: Duration, count: usize) {
        let mut sum = self.sum();
        sum.seconds += took.as_secs_f64();
        sum.count += count as u64;
    }

    /// The lock never guards a half-done update, so a poisoned lock is fine.
    fn sum(&self) -> MutexGuard<'_, Sum> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl EncodeMetric for Summary {
    fn encode(&self, mut encoder: MetricEncoder) -> Result<(), fmt::Error> {
        let sum = self.sum();
        encoder.encode_histogram::<NoLabelSet>(sum.seconds, sum.count, &[], None)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}
