//! What is measured, as numbers with names; and how many of them become one.

use std::time::Duration;

/// One number of one run.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// What it says; equal for all contenders.
    pub name: String,
    /// What it counts.
    pub unit: Unit,
    /// The number; without end if it did not come about in time.
    pub value: f64,
    /// How long was waited for it, where that has an end.
    pub bound: Option<Duration>,
}

/// What a number counts. Less is better of all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Microseconds,
    Milliseconds,
    Seconds,
    Bytes,
    Mebibytes,
    Times,
}

impl Unit {
    /// As it stands behind a number.
    pub fn symbol(self) -> &'static str {
        match self {
            Unit::Microseconds => "µs",
            Unit::Milliseconds => "ms",
            Unit::Seconds => "s",
            Unit::Bytes => "B",
            Unit::Mebibytes => "MiB",
            Unit::Times => "",
        }
    }
}

impl Figure {
    /// A span in microseconds, shared by so many.
    pub fn each(name: &str, span: Duration, count: usize) -> Self {
        let value = span.as_secs_f64() * 1e6 / as_float(count.max(1));
        Figure::new(name, Unit::Microseconds, value)
    }

    /// A span in milliseconds.
    pub fn millis(name: &str, span: Duration) -> Self {
        Figure::new(name, Unit::Milliseconds, span.as_secs_f64() * 1e3)
    }

    /// A span in seconds.
    pub fn seconds(name: &str, span: Duration) -> Self {
        Figure::new(name, Unit::Seconds, span.as_secs_f64())
    }

    /// A span in milliseconds that was waited for up to `bound`, maybe in vain.
    pub fn within(name: &str, bound: Duration, span: Option<Duration>) -> Self {
        let value = span.map_or(f64::INFINITY, |span| span.as_secs_f64() * 1e3);
        Figure {
            bound: Some(bound),
            ..Figure::new(name, Unit::Milliseconds, value)
        }
    }

    /// Memory, read in KiB.
    pub fn memory(name: &str, kib: u64) -> Self {
        Figure::new(name, Unit::Mebibytes, as_float(kib) / 1024.0)
    }

    /// Something that can be counted.
    pub fn count(name: &str, count: usize) -> Self {
        Figure::new(name, Unit::Times, as_float(count))
    }

    /// Any number.
    pub fn new(name: &str, unit: Unit, value: f64) -> Self {
        Figure {
            name: name.to_owned(),
            unit,
            value,
            bound: None,
        }
    }
}

/// A count as a fraction has it; those of a benchmark are far below where it would be rounded.
#[expect(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "counts of a benchmark are below 2^52"
)]
pub fn as_float(count: impl TryInto<u64>) -> f64 {
    count.try_into().unwrap_or(u64::MAX) as f64
}

/// The middle one.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len().is_multiple_of(2) {
        f64::midpoint(sorted[middle - 1], sorted[middle])
    } else {
        sorted[middle]
    }
}

/// The span that so many of a hundred stay below.
pub fn percentile(spans: &[Duration], percent: usize) -> Duration {
    let mut sorted = spans.to_vec();
    sorted.sort_unstable();
    let at = sorted.len() * percent / 100;
    sorted[at.min(sorted.len() - 1)]
}
