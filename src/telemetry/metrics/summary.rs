//! A summary without quantiles: how often, and how much in all.
//!
//! Owns the two numbers. The library has no such metric, so it goes out as a histogram without
//! buckets, of which [`super::page`] makes a summary. Any thread.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use prometheus_client::encoding::{EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;

/// Cloned handles share the numbers.
#[derive(Clone, Debug, Default)]
pub struct Summary(Arc<Mutex<Sum>>);

#[derive(Debug, Default)]
struct Sum {
    seconds: f64,
    count: u64,
}

impl Summary {
    /// Something took so long.
    pub fn observe(&self, took: Duration) {
        self.observe_all(took, 1);
    }

    /// So many things took so long together.
    pub fn observe_all(&self, took: Duration, count: usize) {
        let mut sum = self.sum();
        sum.seconds += took.as_secs_f64();
        sum.count += count as u64;
    }

    /// Nothing is ever half done under this lock.
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
