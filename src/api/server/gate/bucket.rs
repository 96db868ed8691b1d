//! The rate limit: a lock-free token bucket.
//!
//! Owns one number, the time at which the bucket is full again. Each request moves that time on by one
//! interval. A request is refused if the time would then be further off than an empty bucket takes to
//! fill. Runs on connection threads.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::clock::Clock;
use crate::config::RateLimit;
use crate::model::Mono;

/// A token bucket, full at the start.
#[derive(Debug)]
pub(super) struct Bucket {
    /// Nanoseconds per token.
    interval: u64,
    /// Nanoseconds in which an empty bucket fills.
    depth: u64,
    /// When the bucket is full again, in nanoseconds of the monotonic clock.
    full_at: AtomicU64,
    clock: Clock,
}

impl Bucket {
    /// A full bucket.
    pub(super) fn new(limit: RateLimit, clock: Clock) -> Self {
        let interval = u64::try_from(limit.interval.as_nanos()).unwrap_or(u64::MAX);
        Bucket {
            interval,
            depth: interval.saturating_mul(limit.burst),
            full_at: AtomicU64::new(0),
            clock,
        }
    }

    /// Takes a token; false if there is none.
    pub(super) fn take(&self) -> bool {
        self.take_at(self.clock.mono())
    }

    fn take_at(&self, now: Mono) -> bool {
        let now = now.as_nanos();
        let take = |full_at: u64| {
            let full_at = full_at.max(now).saturating_add(self.interval);
            (full_at - now <= self.depth).then_some(full_at)
        };
        self.full_at
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
            .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn bucket(burst: u64, interval: Duration) -> Bucket {
        Bucket::new(RateLimit { burst, interval }, Clock::start())
    }

    #[test]
    fn a_burst_goes_through_and_then_one_an_interval() {
        let second = Duration::from_secs(1);
        let bucket = bucket(3, second);
        let start = Mono::START + second;
        let taken = (0..5).filter(|_| bucket.take_at(start)).count();
        assert_eq!(taken, 3);
        assert!(!bucket.take_at(start + second - Duration::from_nanos(1)));
        assert!(bucket.take_at(start + second));
        assert!(!bucket.take_at(start + second));
        let rested = start + 100 * second;
        let taken = (0..5).filter(|_| bucket.take_at(rested)).count();
        assert_eq!(taken, 3, "it holds no more than its burst");
    }

    #[test]
    fn an_empty_bucket_lets_nothing_through() {
        let bucket = bucket(0, Duration::from_secs(1));
        assert!(!bucket.take_at(Mono::START + Duration::from_secs(3600)));
    }

    #[test]
    fn a_bucket_past_what_numbers_hold_does_not_overflow() {
        let bucket = bucket(u64::MAX, Duration::from_secs(u64::MAX));
        assert!(bucket.take_at(Mono::START));
    }
}
