//! The configuration file: parses it, checks all of it, and builds the [`Config`] that the daemon uses.
//!
//! Owns the way from text to [`Config`], and all faults of the text. Only `load` touches files; nothing
//! here uses threads or a clock. Runs on main, at start and at reload.
//!
//! ```text
//! text ─ yaml ─► Node ─ tables ─► Record ─ checks ─► Config
//!                  │                │        └─ render ─► Config::original
//!                  └──── fault ◄────┴── every step notes what it finds and goes on
//! ```
//!
//! Each section has a file with its table of keys and the checked type that the daemon uses: `global`,
//! `route`, `receiver`, `webhook`, `http`, `inhibit`, `interval`, `heartbeat`. A row of a table says how to read a key,
//! its default, and how to show its value.

mod fault;
mod field;
mod file;
mod flag_defaults;
mod global;
mod heartbeat;
mod http;
mod ignored;
mod inhibit;
mod inputs;
mod interval;
mod lint;
mod load;
mod locate;
mod matching;
mod misplaced_keys;
mod nesting;
mod node;
mod paths;
mod payload;
mod range;
mod receiver;
mod record;
mod render;
mod route;
mod source;
mod table;
mod texts;
mod url;
mod variables;
mod web;
mod webhook;
mod yaml;

pub use fault::{Fault, Faults, TriedFault, TryHttp};
pub use file::Config;
pub use flag_defaults::flag_defaults;
pub use heartbeat::Heartbeat;
pub use http::file::load_http;
pub use http::{Authorization, Header, HttpConfig, OAuth2, Proxy, Secret, TlsConfig, TlsVersion};
pub use inhibit::InhibitRule;
pub use inputs::Inputs;
pub use interval::NamedInterval;
pub use load::folder::files_in;
pub use load::glob::{GlobError, glob};
pub use load::{
    LoadError, LoadOptions, Loaded, built_in, demo, load, load_again, load_from, load_tried, parse,
    parse_status,
};
pub use receiver::{Receiver, Unsupported};
pub use route::{GroupBy, Route};
pub use source::{Hmac, HmacScheme, QueryToken, SnsSettings, SourceAuth, SourceEntry, SourceKind};
pub use variables::escape_references;
pub use web::{
    ClientAuth, Curve, Pems, RateLimit, ServerTls, TlsVersions, TryPems, WebConfig, load_web,
    load_web_tried,
};
pub use webhook::{Destination, Endpoint, Webhook};
pub use yaml::parse_rendered;
