//! `/heartbeat/NAME` and `/heartbeat/NAME/fail`: a job says that it has run, or that it has failed.
//!
//! Owns the answers. The engine keeps heartbeats and misses those that stay away. Runs on the connections'
//! threads.

use super::error;
use crate::api::http::Answer;
use crate::api::router::Api;

/// Pings a heartbeat.
pub fn beat(api: &Api, name: &str, has_failed: bool) -> Answer {
    match api.heard(api.inbox.beat(name.to_owned(), has_failed)) {
        Ok(true) => Answer::text(200, "OK\n"),
        Ok(false) => error(404, &format!("no heartbeat is called {name:?}")),
        Err(fault) => error(fault.status(), &fault.to_string()),
    }
}
