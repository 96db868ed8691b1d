//! The real Prometheus, Alertmanager and amtool around our binary.
//!
//! Where Alertmanager runs too, both get the same configuration and the same input, and what they
//! answer and tell must be equal. These tests need programs that are not ours: see `peers`. Without
//! them each says in a line that it skips; with `CI` in the environment it fails.
//!
//! - `configurations`: which configurations are sound, what is said of others, and how they are shown
//! - `cases`: the configurations
//! - `peers`, `process`, `wait`: what those stand on

mod cases;
mod configurations;
mod peers;
mod process;
mod wait;
