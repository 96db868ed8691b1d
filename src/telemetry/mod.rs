//! What the daemon says about itself: log lines and metrics.
//!
//! The only shared mutable state of the daemon stands here, and it is counters.

pub mod log;
pub mod metrics;
