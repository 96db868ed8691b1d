//! The answers that some senders expect beside the reading of their bodies.
//!
//! Owns the requests by which a sender is set up, the checks of its messages, and the shape of the answers to it.
//! Runs on the connections' threads.

use std::slice;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

use super::auth;
use super::memory::Confirmation;
use super::outcome::Outcome;
use super::sns::{NotFromSns, Wish};
use super::sources::Served;
use super::{error, outcome};
use crate::api::http::{Answer, Request};
use crate::api::params::Params;
use crate::api::router::Api;
use crate::api::target::Target;
use crate::api::wire::{self, SnsMessage, TakenObject};
use crate::source::Protocol;
use crate::telemetry::metrics::SourceRefusal;

/// Answers a request by which a sender finds out whether it may post here, and which brings nothing.
pub fn answer_to_set_up(request: &Request, served: &Served) -> Option<Answer> {
    if request.method == "OPTIONS" {
        return Some(answer_to_options(request, served));
    }
    match served.entry.source.protocol() {
        Protocol::NetdataCloud if request.method == "GET" => answer_to_challenge(request, served),
        _ => None,
    }
}

/// The handshake of CloudEvents: its sender asks from which origin it may post, and how often.
fn answer_to_options(request: &Request, served: &Served) -> Answer {
    let answer = Answer::empty(200).with_header("Allow", "GET, OPTIONS, POST, PUT");
    let is_events = served.entry.source.protocol() == Protocol::CloudEvents;
    match request
        .header("webhook-request-origin")
        .filter(|_| is_events)
    {
        Some(origin) => answer
            .with_header("WebHook-Allowed-Origin", origin)
            .with_header("WebHook-Allowed-Rate", "*"),
        None => answer,
    }
}

/// Netdata Cloud's challenge: it asks for a signature of its token before it posts anything.
fn answer_to_challenge(request: &Request, served: &Served) -> Option<Answer> {
    let params = Params::parse(Target::split(&request.target).query);
    let token = params.last("crc_token")?;
    let secret = match auth::read(served.entry.auth.challenge_secret.as_ref()?) {
        Ok(secret) => secret,
        Err(why) => return Some(error(503, &why)),
    };
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let signature = STANDARD.encode(hmac::sign(&key, token.as_bytes()));
    let answer = wire::challenge_object(&format!("sha256={signature}"));
    Some(Answer::json(200, answer))
}

/// Checks what a protocol asks of a message. Returns what becomes of one that is not read on.
pub fn check(api: &Api, request: &Request, served: &Served) -> Option<Outcome> {
    match served.entry.source.protocol() {
        Protocol::Sns => check_sns(api, request, served),
        _ => None,
    }
}

fn check_sns(api: &Api, request: &Request, served: &Served) -> Option<Outcome> {
    let wrong = |why: String| Some(Outcome::refused(400, SourceRefusal::Unusable, why));
    let message = match wire::sns_message(&request.body) {
        Ok(message) => message,
        Err(why) => return wrong(why),
    };
    let topics = &served.entry.auth.sns.topics;
    if !topics.is_empty() && !topics.contains(&message.topic_arn) {
        let why = "a message is of a topic that the source does not name".to_owned();
        return Some(Outcome::refused(403, SourceRefusal::Unauthorized, why));
    }
    match api.settings.signing_keys.check(&message, api.wall()) {
        Ok(Wish::Notify) => None,
        Ok(Wish::Confirm(url)) => Some(confirm(api, served, message, url)),
        Ok(Wish::Ended) => Some(noted(format!(
            "the subscription to {} has ended",
            message.topic_arn
        ))),
        Err(NotFromSns::Wrong(why)) => {
            let why = format!("a message is not Amazon's: {why}");
            Some(Outcome::refused(403, SourceRefusal::Unauthorized, why))
        }
        Err(NotFromSns::NotNow(why)) => {
            let why = format!("the certificate of Amazon SNS cannot be had: {why}");
            Some(Outcome::refused(503, SourceRefusal::Unavailable, why))
        }
    }
}

/// Confirms a subscription if the source says so, or else lets a person do it.
fn confirm(api: &Api, served: &Served, message: SnsMessage, url: String) -> Outcome {
    let topic = message.topic_arn;
    let (source, named) = (&**served.name(), topic.as_str());
    if served.entry.auth.sns.confirms {
        return match api.settings.signing_keys.confirm(&url) {
            Ok(()) => {
                log::info!(source = source, topic = named; "Confirmed a subscription of Amazon SNS");
                noted(format!("the subscription to {topic} is confirmed"))
            }
            Err(why) => {
                let why = format!("the subscription to {topic} cannot be confirmed: {why}");
                Outcome::refused(503, SourceRefusal::Unavailable, why)
            }
        };
    }
    log::warn!(
        source = source, topic = named, url = url.as_str();
        "Amazon SNS asks to confirm a subscription; POST to /api/alertwheel/v1/sources/{source}/confirm does it"
    );
    let note = format!("the subscription to {topic} waits for a confirmation");
    served.memory().await_confirmation(Confirmation {
        topic,
        url,
        since: api.wall(),
    });
    noted(note)
}

/// The outcome of a message that makes no alert.
fn noted(note: String) -> Outcome {
    Outcome {
        status: 200,
        dropped: 1,
        note: Some(note),
        ..Outcome::default()
    }
}

/// The answer to a request with this outcome.
pub fn answer(served: &Served, request: &Request, outcome: &Outcome) -> Answer {
    if outcome.status == 401 {
        // Without a hint at what was wrong.
        return error(401, "unauthorized");
    }
    match (served.entry.source.protocol(), &outcome.refusal) {
        (Protocol::PagerDuty, None) => {
            let key = dedup_key(request, outcome);
            Answer::json(202, wire::pagerduty_accepted(&key))
        }
        (Protocol::PagerDuty, Some((_, why))) if outcome.status < 500 => {
            Answer::json(400, wire::pagerduty_rejected(slice::from_ref(why)))
        }
        (_, Some((_, why))) if outcome.refused.is_empty() => error(outcome.status, why),
        (_, refusal) => {
            let error = refusal.as_ref().map(|(_, why)| why.as_str());
            let taken = taken(outcome, error);
            Answer::json(outcome.status, wire::taken_object(&taken))
        }
    }
}

/// The shape of an outcome.
pub fn taken<'o>(outcome: &'o outcome::Outcome, error: Option<&'o str>) -> TakenObject<'o> {
    TakenObject {
        alerts: outcome.alerts,
        resolved: outcome.resolved,
        dropped: outcome.dropped,
        refused: &outcome.refused,
        faults: &outcome.faults,
        error,
    }
}

/// The key by which PagerDuty's client knows the alert: its own or, without one, a name for the labels.
fn dedup_key(request: &Request, outcome: &Outcome) -> String {
    let reported = outcome.reports.first();
    let key = reported.and_then(|reported| reported.key.as_deref().map(str::to_owned));
    let own = || wire::pagerduty_event(&request.body)?.dedup_key;
    let fingerprint = || Some(reported?.labels.fingerprint().to_string());
    key.or_else(own).or_else(fingerprint).unwrap_or_default()
}
