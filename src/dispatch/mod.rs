//! STAGE 2.

pub mod inbox;
