//! The real Prometheus, Alertmanager and amtool around our binary.
//!
//! Where Alertmanager runs too, both get the same configuration and the same input, and what they
//! answer and tell must be equal. These tests need programs that are not ours: see `peers`. Without
//! them each says in a line that it skips; with `CI` in the environment it fails.
//!
//! - `amtool`: what amtool prints against both daemons
//! - `configurations`: which are sound, what is said of others, and how they are shown; `cases` has
//!   them
//! - `silences`: silences through amtool
//! - `templates`: what amtool renders is what templates.txt says
//! - `expressions`: what amtool makes of thousands of generated expressions
//! - `payloads`: what both daemons read out of texts of payloads
//! - `prometheus`: what a Prometheus makes both daemons tell, and that it can scrape us
//! - `notifications`: what both daemons tell two receivers in each of `scenarios/*.txt`
//! - `scenario`, `composition`, `stage`, `hooks`, `timeline`: how such a scenario is read, made part
//!   of a configuration, played, heard and compared
//! - `pair`: both daemons side by side, and amtool asking both
//! - `requests`: requests of the API, right and wrong, one by one
//! - `listening`: which addresses both answer at, for each way to spell where to listen
//! - `timeout`: what both answer when the handling of a request takes too long
//! - `routing`: random trees of routes, and which receivers and groups they lead to
//! - `metrics`: what both count after the same was done to both; `scrape` reads it
//! - `matchers`: matchers in each mode, and which alerts they find
//! - `daemon`: either daemon, by one driver
//! - `client`, `peers`, `process`, `local_server`, `random`, `receiver`, `times`, `wait`: what those
//!   stand on

mod amtool;
mod cases;
mod client;
mod composition;
mod configurations;
mod daemon;
mod expressions;
mod hooks;
mod listening;
mod local_server;
mod matchers;
mod metrics;
mod notifications;
mod pair;
mod payloads;
mod peers;
mod process;
mod prometheus;
mod random;
mod receiver;
mod requests;
mod routing;
mod scenario;
mod scrape;
mod silences;
mod stage;
mod succession;
mod templates;
mod timeline;
mod timeout;
mod times;
mod wait;
