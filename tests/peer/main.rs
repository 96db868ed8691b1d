//! Tests of our binary beside the real Prometheus, Alertmanager and amtool.
//!
//! In tests with an Alertmanager both daemons get the same configuration and the same input, and their
//! answers and notifications must be equal. These tests need programs of others: see `peers`. Without them
//! each test prints a line that it is skipped; with `CI` in the environment it fails.
//!
//! - `amtool`: the output of amtool against both daemons
//! - `command_line`: our binary in amtool's place, against both daemons
//! - `configurations`: which are valid, the faults of others, and how they are shown; `cases` reads them
//! - `silences`: silences through amtool
//! - `templates`: amtool renders as templates.txt says
//! - `expressions`: amtool's results for thousands of generated expressions
//! - `payloads`: the values that both daemons read from texts of payloads
//! - `prometheus`: the notifications of both daemons for a Prometheus, which also scrapes ours
//! - `webhooks_in`: an Alertmanager and a Prometheus before our daemon, in a chain
//! - `notifications`: the notifications of both daemons to two receivers in each of `scenarios/*.txt`
//! - `scenario`, `composition`, `stage`, `hooks`, `timeline`: read such a scenario, make it part of a
//!   configuration, play it, record its notifications and compare them
//! - `pair`: both daemons side by side, and amtool against both
//! - `requests`: valid and invalid requests of the API, one by one
//! - `listening`: the addresses of both daemons, for each spelling of a listen address
//! - `timeout`: the answers of both daemons when the handling of a request takes too long
//! - `routing`: random trees of routes, and the receivers and groups they lead to
//! - `metrics`: the metrics of both daemons after the same input; `scrape` parses them
//! - `matchers`: matchers in each mode, and the alerts they match
//! - `daemon`: a driver for either daemon
//! - `client`, `peers`, `process`, `local_server`, `random`, `receiver`, `times`, `wait`: helpers of the
//!   others

mod amtool;
mod cases;
mod client;
mod command_line;
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
mod webhooks_in;
