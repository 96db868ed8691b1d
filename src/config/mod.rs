//! The configuration file: read, checked whole, and turned into what the daemon runs on.
//!
//! Owns the way from text to [`Config`] and all its faults. Only `load` touches files; nothing
//! here knows a thread or a clock. Runs on main at start, and on an http or signal thread at reload.
//!
//! ```text
//! text ─ yaml ─► Node ─ raw ─► RawConfig ─ check ─► Config
//!                  │             │    └──── render ─► Config::original
//!                  └─ fault ◄────┴── every stage notes what it finds and goes on
//! ```

mod check;
mod checked;
mod fault;
mod field;
mod load;
mod misplaced;
mod nesting;
mod node;
mod paths;
mod raw;
mod render;
mod unexpanded;
mod url;
mod web;
mod yaml;

pub use checked::{
    Authorization, Config, Destination, Endpoint, GroupBy, Header, HttpConfig, InhibitRule,
    NamedInterval, OAuth2, Proxy, Receiver, Route, Secret, TlsConfig, TlsVersion, Webhook,
};
pub use fault::{Fault, Faults, TriedFault, TryHttp};
pub use load::{
    LoadError, LoadOptions, Loaded, built_in, demo, load, load_from, load_tried, parse,
};
pub use raw::Unsupported;
pub use web::{
    ClientAuth, Curve, Pems, RateLimit, ServerTls, TlsVersions, TryPems, WebConfig, load_web,
    load_web_tried,
};
pub use yaml::parse_rendered;
