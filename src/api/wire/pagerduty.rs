//! The events and answers of PagerDuty's Events API v2, as far as the protocol itself needs them.
//!
//! Owns the names of their fields. What an event says of an alert is read by the templates of its source. Pure;
//! runs on the connections' threads.

use serde::{Deserialize, Serialize};

use super::shapes::push;

/// An event. Fields of a wrong kind count as missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PagerDutyEvent {
    /// The key of the service that the event is for.
    pub routing_key: Option<String>,
    /// The identity of the alert.
    pub dedup_key: Option<String>,
}

#[derive(Deserialize)]
struct Fields {
    #[serde(default)]
    routing_key: serde_json::Value,
    #[serde(default)]
    dedup_key: serde_json::Value,
}

#[derive(Serialize)]
struct Accepted<'a> {
    status: &'static str,
    message: &'static str,
    dedup_key: &'a str,
}

#[derive(Serialize)]
struct Rejected<'a> {
    status: &'static str,
    message: &'static str,
    errors: &'a [String],
}

/// Reads an event; `None` if the body is no JSON object.
pub fn pagerduty_event(body: &[u8]) -> Option<PagerDutyEvent> {
    let fields: Fields = serde_json::from_slice(body).ok()?;
    let text = |value: serde_json::Value| value.as_str().map(str::to_owned);
    Some(PagerDutyEvent {
        routing_key: text(fields.routing_key),
        dedup_key: text(fields.dedup_key),
    })
}

/// The answer to an event that was taken in.
pub fn pagerduty_accepted(dedup_key: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let accepted = Accepted {
        status: "success",
        message: "Event processed",
        dedup_key,
    };
    push(&mut out, &accepted);
    out
}

/// The answer to an event that was refused.
pub fn pagerduty_rejected(errors: &[String]) -> Vec<u8> {
    let mut out = Vec::new();
    let rejected = Rejected {
        status: "invalid event",
        message: "Event object is invalid",
        errors,
    };
    push(&mut out, &rejected);
    out
}
