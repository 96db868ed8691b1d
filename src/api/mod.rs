//! STAGE 1. HTTP in: requests become questions and alerts for the dispatcher, snapshots become answers.
//!
//! Owns the shapes of API v2 and of the pages beside it. Decides nothing about alerts and opens no
//! socket: whole requests come in through [`Handler`], answers go back as values. Runs on the
//! connections' threads; each waits for the dispatcher at most once a request.

mod accept;
mod cors;
mod error;
mod filters;
mod http;
mod media_type;
mod origins;
mod pages;
mod params;
mod router;
mod sender_warnings;
pub mod server;
mod stream;
mod target;
mod uuid;
mod v2;
mod wire;

pub use http::{Answer, Body, Handler, Request};
pub use origins::{Origins, Pages};
pub use router::{Api, NotReloaded, Reload, SelfPeer, Settings};
pub use wire::posted_alerts;
pub use wire::push_silence;

#[cfg(test)]
mod tests;
