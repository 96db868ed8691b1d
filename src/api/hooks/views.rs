//! What people see of sources: `GET /sources` and `/sources/NAME/bodies`, and the one step that they take,
//! `POST /sources/NAME/confirm`.
//!
//! Owns these answers. Runs on the connections' threads; the lock of a source is held to copy what is shown.

use super::error;
use super::memory::{Confirmation, Totals};
use super::outcome::{Outcome, Reported};
use super::protocol::taken;
use super::recent_bodies::RecentBody;
use super::sources::Served;
use crate::api::http::Answer;
use crate::api::router::Api;
use crate::api::wire::{
    self, BodyObject, ConfirmationObject, FaultObject, HeaderList, ReportLabels, ReportObject,
    SourceObject, Time,
};
use crate::config::SourceKind;
use crate::model::{Status, Wall};

/// A copy of the memory of a source, made under its lock.
struct Seen {
    totals: Totals,
    fault: Option<(Wall, String)>,
    confirmations: Vec<Confirmation>,
}

/// Lists the sources.
pub fn sources(api: &Api) -> Answer {
    let all = api.settings.sources.all();
    let seen: Vec<Seen> = all.iter().map(|served| seen(served)).collect();
    let prefix = api.settings.prefix();
    let objects = all.iter().zip(&seen);
    let objects = objects.map(|(served, seen)| source_object(served, seen, prefix));
    Answer::json(200, wire::source_list(objects))
}

/// Lists the last bodies of a source, the newest first.
pub fn bodies(api: &Api, served: &Served) -> Answer {
    let bodies = served.memory().bodies.newest_first(api.mono());
    Answer::json(200, wire::body_list(bodies.iter().map(body_object)))
}

/// Confirms the subscriptions of a source that wait for it.
pub fn confirm(api: &Api, served: &Served) -> Answer {
    let waiting = served.memory().confirmations.clone();
    if waiting.is_empty() {
        return error(
            404,
            "no subscription of this source waits for a confirmation",
        );
    }
    let mut confirmed = Vec::new();
    for Confirmation { topic, url, .. } in waiting {
        if let Err(why) = api.settings.signing_keys.confirm(&url) {
            return error(503, &format!("{topic}: {why}"));
        }
        served.memory().confirmed(&topic);
        log::info!(
            source = &**served.name(), topic = topic.as_str();
            "Confirmed a subscription of Amazon SNS"
        );
        confirmed.push(topic);
    }
    Answer::json(200, wire::confirmed_object(&confirmed))
}

fn seen(served: &Served) -> Seen {
    let memory = served.memory();
    Seen {
        totals: memory.totals,
        fault: memory.fault.clone(),
        confirmations: memory.confirmations.clone(),
    }
}

fn source_object<'a>(served: &'a Served, seen: &'a Seen, prefix: &str) -> SourceObject<'a> {
    let name = &**served.name();
    let totals = &seen.totals;
    let waiting = seen.confirmations.iter();
    SourceObject {
        name,
        path: match served.entry.kind {
            SourceKind::Webhook => format!("{prefix}/hooks/{name}"),
            SourceKind::Simple => format!("{prefix}/alert/{{alertname}}"),
        },
        requests: totals.requests,
        alerts: totals.alerts,
        resolved: totals.resolved,
        dropped: totals.dropped,
        refused: totals.refused,
        last_request: totals.last_request.map(Time),
        last_success: totals.last_success.map(Time),
        fault: seen.fault.as_ref().map(|(since, text)| FaultObject {
            since: Time(*since),
            text,
        }),
        confirmations: waiting
            .map(|waiting| ConfirmationObject {
                topic: &waiting.topic,
                since: Time(waiting.since),
                url: &waiting.url,
            })
            .collect(),
    }
}

fn body_object(body: &RecentBody) -> BodyObject<'_> {
    let Outcome {
        refusal,
        note,
        reports,
        ..
    } = &body.outcome;
    let error = refusal.as_ref().map(|(_, why)| why.as_str());
    BodyObject {
        at: Time(body.at),
        sender: body.sender.as_deref(),
        method: &body.method,
        query: &body.query,
        headers: HeaderList(&body.headers),
        body: String::from_utf8_lossy(&body.body).into_owned(),
        length: body.length,
        is_cut: body.body.len() < body.length,
        status: body.outcome.status,
        taken: taken(&body.outcome, error),
        note: note.as_deref(),
        reports: reports.iter().map(report_object).collect(),
    }
}

fn report_object(reported: &Reported) -> ReportObject<'_> {
    let status = match reported.fires {
        true => Status::Firing,
        false => Status::Resolved,
    };
    ReportObject {
        status: status.as_str(),
        key: reported.key.as_deref(),
        labels: ReportLabels(&reported.labels),
    }
}
