//! The configuration file: read, checked whole, and turned into what the daemon runs on.
//!
//! Owns the way from text to [`Config`] and all its faults. Only `load.rs` touches files; nothing
//! here knows a thread or a clock. Runs on main at start, and on an http or signal thread at reload.

mod checked;

pub use checked::{Config, Destination, Endpoint, GroupBy, Receiver, Route, Webhook};
