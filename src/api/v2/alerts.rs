//! `POST /alerts` and `GET /alerts`.
//!
//! Owns the path of a batch to the dispatcher and back, and of a snapshot to JSON. Filters, sorts and
//! serialises on the connection's thread. The dispatcher only copies pointers, and only those of alerts
//! whose labels match.

use std::iter;

use crate::api::error::ApiError;
use crate::api::filters::Filters;
use crate::api::http::{Answer, Body, Request};
use crate::api::params::Params;
use crate::api::router::Api;
use crate::api::stream::array_of;
use crate::api::wire::{AlertShape, AlertWriter, BodyError, posted_alerts};
use crate::dispatch::inbox::Receipt;
use crate::engine::{AlertView, Answered, InvalidAlert};
use crate::limits::BODY_ALERTS;
use crate::model::Alert;
use crate::telemetry::metrics::Refusal;

/// The number of alerts to prefetch at once, before the first of them is written. That many fit into a cache.
const PREFETCHED_AT_ONCE: usize = 64;

/// Posts a batch. Its valid alerts are kept even if the answer lists invalid ones.
pub fn post(api: &Api, request: &Request) -> Result<Answer, ApiError> {
    let alerts = posted_alerts(&request.body, api.settings.parser_mode).map_err(|error| {
        if matches!(error, BodyError::Notification(_)) {
            api.notifiers.warn_of_notification(request.peer, api.mono());
        }
        ApiError::of_body("alerts", error)
    })?;
    if alerts.len() > BODY_ALERTS {
        let count = alerts.len();
        return Err(ApiError::Refused(format!(
            "the body holds {count} alerts, and one may hold {BODY_ALERTS}: send them in several"
        )));
    }
    match api.heard(api.inbox.post(alerts))? {
        Receipt::Taken {
            invalid,
            came_ended,
        } => {
            if let Some(came) = came_ended {
                api.behind.warn(request.peer, &came, api.mono());
            }
            if invalid.is_empty() {
                Ok(Answer::empty(200))
            } else {
                Err(ApiError::Refused(reasons(&invalid)))
            }
        }
        Receipt::AtLimit(full) => {
            api.metrics.refused(Refusal::AlertLimit);
            Err(ApiError::Overloaded(format!(
                "the daemon holds {full} and may hold no more, try again later"
            )))
        }
    }
}

/// Lists the matching alerts, sorted by fingerprint.
pub fn list(api: &Api, params: &Params) -> Result<Answer, ApiError> {
    let filters = Filters::from_params(params, api.settings.parser_mode)?;
    let asked = api.inbox.alerts(filters.matchers().to_vec());
    let Answered {
        at,
        answer: mut views,
    } = api.heard(asked)?;
    views.retain(|view| {
        filters.wants_alert(&view.alert, view.muted.as_deref(), at)
            && filters.wants_any(&view.receivers)
    });
    views.sort_by_cached_key(|view| view.alert.fingerprint);
    Ok(Answer::empty(200).with_body("application/json", body(views)))
}

fn reasons(invalid: &[InvalidAlert]) -> String {
    let reasons: Vec<&str> = invalid.iter().map(|alert| alert.reason.as_str()).collect();
    reasons.join("\n")
}

fn body(views: Vec<AlertView>) -> Body {
    let mut views = views.into_iter();
    let mut prefetched = 0;
    let views = iter::from_fn(move || {
        if prefetched == 0 {
            let next = views.as_slice().iter().take(PREFETCHED_AT_ONCE);
            prefetched = next.len();
            Alert::look_at(next.map(|view| &*view.alert));
        }
        let view = views.next()?;
        prefetched -= 1;
        Some(view)
    });
    let mut writer = AlertWriter::default();
    array_of(views, move |out, view| {
        let receivers = view.receivers.iter().map(|receiver| &*receiver.name);
        // Time intervals mute groups, not alerts, so `mutedBy` is empty here.
        let shape = AlertShape {
            alert: &view.alert,
            muted: view.muted.as_deref(),
            muted_by: &[],
        };
        writer.push(out, shape, receivers);
    })
}
