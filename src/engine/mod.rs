//! PURE. The brain.

mod messages;

pub use messages::*;
