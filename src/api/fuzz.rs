//! The targets for a fuzzer in this room; see `crate::fuzz`.
//!
//! Owns the list. Never part of the daemon. Runs on threads of tests.

pub use super::server::fuzz::{certificate_names, chunked_body, http_head, names_in};
pub use super::wire::fuzz::{alert_body, silence_body};
