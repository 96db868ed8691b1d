//! alertwheel: alerts in, grouped webhooks out.
//!
//! Read the modules in the order they stand here.

pub mod model;

pub mod config;

pub mod api;

pub mod engine;

pub mod dispatch;

pub mod clock;

pub mod limits;
pub mod telemetry;
pub mod threads;
