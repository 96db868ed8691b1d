//! STAGE 1: HTTP in.
//!
//! The guard reads requests and writes answers; what a request means is decided behind it.

pub mod guard;
