//! The way of a request to a source: who sends it, what it says, what becomes of it, and the answer.
//!
//! Owns the order of the steps. Nothing of a body is used before its sender is known, nothing of a signed message
//! is used twice, and each request leaves one outcome, from which the answer, the metrics, the log and the memory
//! of the source are made. Runs on the connections' threads.

use super::auth::{self, Denied};
use super::memory::News;
use super::outcome::Outcome;
use super::protocol;
use super::recent_bodies::RecentBody;
use super::sources::Served;
use super::verification::{Proven, Shown};
use crate::api::http::{Answer, Request};
use crate::api::router::Api;
use crate::api::target::Target;
use crate::dispatch::inbox::Receipt;
use crate::model::SourceReport;
use crate::source::{Posted, Yield};
use crate::telemetry::metrics::{Refusal, SourceCounts, SourceRefusal};

/// Answers a request to `/hooks/NAME`.
pub fn hook(api: &Api, request: &Request, served: &Served) -> Answer {
    if let Some(answer) = protocol::answer_to_set_up(request, served) {
        return answer;
    }
    let outcome = take_in(api, request, served, |posted| {
        served.entry.source.read(posted, api.wall())
    });
    answer(api, request, served, outcome)
}

/// Takes a request in, with `read` as what it means.
pub fn take_in(
    api: &Api,
    request: &Request,
    served: &Served,
    read: impl FnOnce(&Posted<'_>) -> Result<Yield, String>,
) -> Outcome {
    let query = Target::split(&request.target).query;
    let proven = match check_sender(api, request, query, served) {
        Ok(proven) => proven,
        Err((status, refusal, why)) => return Outcome::refused(status, refusal, why),
    };
    if let Some(outcome) = protocol::check(api, request, served) {
        return outcome;
    }
    let posted = Posted {
        query,
        headers: &request.headers,
        body: &request.body,
    };
    let yielded = match read(&posted) {
        Ok(yielded) => yielded,
        Err(why) => return Outcome::refused(400, SourceRefusal::Unusable, why),
    };
    let outcome = report(api, request, yielded);
    if let Some(id) = proven.id.filter(|_| outcome.refusal.is_none()) {
        let now = api.wall();
        let tolerance = served.entry.auth.hmac.as_ref().map(|hmac| hmac.tolerance);
        // The time of the message may be ahead of ours by the tolerance, and is accepted as long after that.
        let until = now.saturating_add(2 * tolerance.unwrap_or_default());
        let until = until.expect("a duration without a sign is in range");
        served.memory().seen.keep(id, until, now);
    }
    outcome
}

/// The answer to a request, which is noted.
pub fn answer(api: &Api, request: &Request, served: &Served, outcome: Outcome) -> Answer {
    let answer = protocol::answer(served, request, &outcome);
    note(api, request, served, outcome);
    answer
}

/// Checks who has sent a request. An error is the status of the answer and why.
fn check_sender<'r>(
    api: &Api,
    request: &'r Request,
    query: &'r str,
    served: &Served,
) -> Result<Proven<'r>, (u16, SourceRefusal, String)> {
    let shown = Shown {
        headers: &request.headers,
        query,
        body: &request.body,
        certificate_names: &request.certificate_names,
    };
    let now = api.wall();
    let proven = match auth::check(&served.entry.auth, &shown, now) {
        Ok(proven) => proven,
        Err(Denied::Unproven) => {
            api.metrics.refused(Refusal::Unauthorized);
            let why = "a sender has not proved who it is".to_owned();
            return Err((401, SourceRefusal::Unauthorized, why));
        }
        Err(Denied::Unreadable(why)) => {
            return Err((503, SourceRefusal::Unavailable, why));
        }
    };
    let has_come = |id| served.memory().seen.has(id, now);
    if proven.id.is_some_and(has_come) {
        let why = "a message with this id was taken in before".to_owned();
        return Err((409, SourceRefusal::Replayed, why));
    }
    Ok(proven)
}

/// Hands the reports to the dispatcher, and says what became of them.
fn report(api: &Api, request: &Request, yielded: Yield) -> Outcome {
    let mut outcome = Outcome {
        status: 200,
        dropped: yielded.dropped,
        faults: yielded.faults,
        ..Outcome::default()
    };
    let refused = yielded.refused.into_iter();
    outcome.refused = refused
        .map(|element| format!("element {}: {}", element.index, element.reason))
        .collect();
    outcome.note_reports(&yielded.reports);
    if !yielded.reports.is_empty()
        && let Err((status, why)) = hand_over(api, request, yielded.reports, &mut outcome)
    {
        let refused = Outcome::refused(status, SourceRefusal::Unavailable, why);
        return Outcome {
            reports: outcome.reports,
            ..refused
        };
    }
    let has_nothing = outcome.alerts + outcome.resolved + outcome.dropped == 0;
    if has_nothing && let Some(first) = outcome.refused.first() {
        outcome.status = 422;
        outcome.refusal = Some((SourceRefusal::Unusable, first.clone()));
    }
    outcome
}

fn hand_over(
    api: &Api,
    request: &Request,
    reports: Vec<SourceReport>,
    outcome: &mut Outcome,
) -> Result<(), (u16, String)> {
    let receipt = api.heard(api.inbox.report(reports));
    match receipt.map_err(|error| (error.status(), error.to_string()))? {
        Receipt::Taken {
            invalid,
            came_ended,
        } => {
            outcome.alerts = outcome.alerts.saturating_sub(invalid.len());
            let invalid = invalid.into_iter().map(|alert| alert.reason);
            outcome.refused.extend(invalid);
            if let Some(came) = came_ended {
                api.behind.warn(request.peer, &came, api.mono());
            }
            Ok(())
        }
        Receipt::AtLimit(full) => {
            api.metrics.refused(Refusal::AlertLimit);
            let why = format!("the daemon holds {full} and may hold no more, try again later");
            Err((503, why))
        }
    }
}

/// Notes an outcome in the metrics, the memory of the source and, if it is news, in the log.
fn note(api: &Api, request: &Request, served: &Served, outcome: Outcome) {
    let now = (api.wall(), api.mono());
    let counts = SourceCounts {
        alerts: outcome.alerts,
        resolved: outcome.resolved,
        dropped: outcome.dropped,
        refused_elements: outcome.refused.len(),
        refusal: outcome.refusal.as_ref().map(|(refusal, _)| *refusal),
    };
    api.metrics.sources().answered(served.name(), counts, now.0);
    let parameter = served.entry.auth.query.as_ref();
    let parameter = parameter.map(|query| query.parameter.as_str());
    // A stranger's body would push out those that people want to see.
    let is_kept = counts.refusal != Some(SourceRefusal::Unauthorized);
    let totals = (outcome.alerts, outcome.resolved, outcome.dropped);
    let news = {
        let mut memory = served.memory();
        let news = memory.note(&outcome, now);
        if is_kept {
            memory
                .bodies
                .keep(RecentBody::of(request, parameter, outcome, now));
        }
        news
    };
    let source = &**served.name();
    match news {
        None => {}
        Some(News::First) => {
            let (alerts, resolved, dropped) = totals;
            log::info!(
                source = source, alerts = alerts, resolved = resolved, dropped = dropped;
                "The first request of a source has come"
            );
        }
        Some(News::Fault(why)) => log::warn!(
            source = source, reason = why.as_str();
            "Requests of a source cannot be used, or not all of them"
        ),
        Some(News::Well) => log::info!(source = source; "The requests of a source are right again"),
    }
}
