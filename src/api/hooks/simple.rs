//! `/alert/NAME` and `/resolve/NAME`: an alert in one line of curl.
//!
//! Owns which source takes them: the one of type simple, and none if there is none. What the parameters mean is
//! the source's. Runs on the connections' threads.

use super::error;
use super::take_in::{answer, take_in};
use crate::api::http::{Answer, Request};
use crate::api::router::Api;
use crate::source::SimpleCall;

/// Takes an alert in, or its end.
pub fn alert(api: &Api, request: &Request, alertname: &str, is_resolved: bool) -> Answer {
    let Some(served) = api.settings.sources.simple() else {
        let why =
            "no source takes alerts here; add one of type simple to sources in the configuration";
        return error(404, why);
    };
    let call = SimpleCall {
        alertname,
        is_resolved,
    };
    let outcome = take_in(api, request, &served, |posted| {
        served.entry.source.read_simple(call, posted)
    });
    answer(api, request, &served, outcome)
}
