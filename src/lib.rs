//! alertwheel
pub mod api;
pub mod clock;
pub mod config;
pub mod dispatch;
pub mod engine;
pub mod limits;
pub mod model;
pub mod telemetry;
pub mod threads;
pub mod timer;
pub mod version;
pub mod webhook;
