//! alertwheel: alerts in, grouped webhooks out.

pub mod model;

pub mod config;

pub mod engine;

pub mod dispatch;

pub mod timer;
pub mod api;

pub mod clock;

pub mod webhook;

pub mod clock;
pub mod limits;
pub mod telemetry;
pub mod threads;
pub mod version;
