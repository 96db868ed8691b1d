//! What the daemon says about itself: log lines and metrics.
//!
//! The shared mutable state of the daemon stands here: counters, and one word on its health.

pub mod health;
pub mod log;
pub mod metrics;
