//! What the daemon says about itself: log lines and metrics.
//!
//! Holds the only mutable state that the daemon's threads share: counters, and one reason why the daemon
//! is not healthy.

pub mod health;
pub mod log;
pub mod metrics;
