//! STAGE 1. HTTP in: turns requests into alerts and queries for the dispatcher, and snapshots into answers.
//!
//! Owns the JSON shapes of API v2 and the pages beside it. Decides nothing about alerts and, outside
//! [`server`], opens no socket: whole requests come in through [`Handler`], answers go back as values. Runs
//! on the connections' threads. A request waits for the dispatcher at most once.

mod accept;
mod cors;
mod der;
mod error;
mod filters;
pub(crate) mod fuzz;
mod hooks;
mod http;
mod media_type;
mod origins;
mod pages;
mod params;
mod route;
mod router;
mod sender_warnings;
pub mod server;
mod stream;
mod target;
mod uuid;
mod v2;
mod wire;

pub use hooks::{Fetch, SigningKeys, Sources};
pub use http::{Answer, Body, Handler, Request};
pub use origins::{Origins, Pages};
pub use router::{Api, NotReloaded, Reload, SelfPeer, Settings};
pub use wire::posted_alerts;
pub use wire::push_silence;

#[cfg(test)]
mod tests;
