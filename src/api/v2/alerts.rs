//! `POST /alerts` and `GET /alerts`.
//!
//! Owns the way of a batch to the dispatcher and back, and of a snapshot to JSON. Filters, sorts
//! and serialises on the connection's thread, so that the dispatcher only has to copy pointers, and those
//! only of alerts that could be wanted.

use std::vec;

use crate::api::error::ApiError;
use crate::api::filters::Filters;
use crate::api::http::{Answer, Body, Request};
use crate::api::params::Params;
use crate::api::router::Api;
use crate::api::stream::{Pieces, body_of};
use crate::api::wire::{AlertShape, AlertWriter, BodyError, posted_alerts};
use crate::dispatch::inbox::Receipt;
use crate::engine::{AlertView, Answered, InvalidAlert};
use crate::limits::BODY_ALERTS;
use crate::model::Alert;
use crate::telemetry::metrics::Refusal;

/// Alerts that are looked at before they are written; what is read of them stays in the cache.
const LOOK_AHEAD: usize = 64;

/// Takes a batch in. The sound alerts of it are kept even if others are told to be invalid.
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

/// Lists alerts by fingerprint.
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
    let pieces = AlertPieces {
        views: views.into_iter(),
        writer: AlertWriter::default(),
        looked_at: 0,
        separator: Some(b'['),
    };
    body_of(pieces)
}

/// The alerts as pieces of an array. Views are dropped as they are written.
struct AlertPieces {
    views: vec::IntoIter<AlertView>,
    writer: AlertWriter,
    /// How many of the next alerts were looked at.
    looked_at: usize,
    /// What stands before the next alert; `None` once the array is closed.
    separator: Option<u8>,
}

impl AlertPieces {
    fn prefetch(&mut self) {
        let next = self.views.as_slice().iter().take(LOOK_AHEAD);
        self.looked_at = next.len();
        Alert::look_at(next.map(|view| &*view.alert));
    }
}

impl Pieces for AlertPieces {
    fn write_next(&mut self, out: &mut Vec<u8>) -> bool {
        let Some(separator) = self.separator.take() else {
            return false;
        };
        if self.looked_at == 0 {
            self.prefetch();
        }
        match self.views.next() {
            Some(view) => {
                self.looked_at -= 1;
                out.push(separator);
                let receivers = view.receivers.iter().map(|receiver| &*receiver.name);
                // Time intervals mute groups: of alerts by themselves they say nothing.
                let shape = AlertShape {
                    alert: &view.alert,
                    muted: view.muted.as_deref(),
                    muted_by: &[],
                };
                self.writer.push(out, shape, receivers);
                self.separator = Some(b',');
            }
            None => {
                if separator == b'[' {
                    out.push(b'[');
                }
                out.extend_from_slice(b"]\n");
            }
        }
        true
    }
}
