//! Log lines and metrics for the engine's notes about deliveries and endpoints.
//!
//! Owns the wording, and the level of each line: an endpoint that fails gets one line when it begins to
//! fail and one when it answers again, however many groups wait for it. Runs on the dispatch thread.

use std::fmt::Write;
use std::time::Duration;

use super::report::integration;
use crate::engine::{FlushEnd, Note, Notification, Target};
use crate::telemetry::metrics::Metrics;

/// The most alerts that a line names one by one.
const ALERTS_NAMED: usize = 3;

/// Logs and counts what became of the delivery of a group.
pub fn report(note: &Note, metrics: &Metrics) {
    match note {
        Note::AttemptFailed {
            group_key,
            target,
            failure,
            attempts,
            is_news,
        } => {
            let level = level(*is_news, log::Level::Warn);
            log::log!(
                level,
                group = &**group_key, receiver = &*target.receiver,
                integration:% = integration(target), attempts = attempts,
                err = failure.text.as_str();
                "Notify attempt failed, will retry later"
            );
        }
        Note::Delivered {
            group_key,
            target,
            reason,
            attempts,
            alerts,
            closes_failure,
        } => {
            let level = level(*closes_failure || *attempts > 1, log::Level::Info);
            log::log!(
                level,
                group = &**group_key, receiver = &*target.receiver,
                integration:% = integration(target), reason = reason.as_str(),
                attempts = attempts, alerts = alerts;
                "Notify success"
            );
        }
        Note::NotificationFailed {
            group_key,
            target,
            failure,
            attempts,
            end,
            is_news,
        } => {
            metrics.notification_failed(&target.receiver, failure.kind);
            let why = match end {
                FlushEnd::Unrecoverable => "notify retry canceled due to unrecoverable error",
                FlushEnd::OutOfTime => "the time of the flush is over, the next one goes on",
                FlushEnd::Reloaded => "notify retry canceled by a reload",
            };
            log::log!(
                level(*is_news, log::Level::Error),
                group = &**group_key, receiver = &*target.receiver,
                integration:% = integration(target), attempts = attempts, why = why,
                err = failure.text.as_str();
                "Notify for alerts failed"
            );
        }
        Note::NeverNotified {
            group_key,
            target,
            notification,
        } => never_notified(group_key, target, notification.as_deref()),
        _ => unreachable!("it is no note of a delivery"),
    }
}

fn never_notified(group_key: &str, target: &Target, notification: Option<&Notification>) {
    let named = notification.map(alerts_of).unwrap_or_default();
    log::warn!(
        group = group_key, receiver = &*target.receiver, integration:% = integration(target),
        alerts = named.as_str();
        "Notification dropped: it could not be delivered before it became obsolete"
    );
}

/// Logs a change in the health of an endpoint.
pub fn report_endpoint(note: &Note) {
    match note {
        Note::EndpointDown { endpoint, failure } => log::warn!(
            endpoint = &*endpoint.0, err = failure.text.as_str();
            "Endpoint fails; it gets one request at a time until it answers"
        ),
        Note::EndpointUp {
            endpoint,
            down_for,
            waiting,
        } => log::info!(
            endpoint = &*endpoint.0, down_for:% = seconds(*down_for), waiting = waiting;
            "Endpoint answers again"
        ),
        Note::EndpointPaused {
            endpoint,
            pause,
            failure,
            waiting,
        } => log::info!(
            endpoint = &*endpoint.0, pause:% = seconds(*pause), waiting = waiting,
            err = failure.text.as_str();
            "Endpoint asked for a pause; nothing is sent to it meanwhile"
        ),
        Note::DeliveriesWait {
            endpoint,
            waiting,
            waited,
        } => log::warn!(
            endpoint = &*endpoint.0, waiting = waiting, waited:% = seconds(*waited);
            "Notifications wait for an endpoint that is slow or gets one request at a time"
        ),
        _ => unreachable!("it is no note of an endpoint"),
    }
}

/// `loud` for news, else debug.
fn level(is_news: bool, loud: log::Level) -> log::Level {
    if is_news { loud } else { log::Level::Debug }
}

fn seconds(span: Duration) -> String {
    format!("{:.1}s", span.as_secs_f64())
}

/// The labels of the first [`ALERTS_NAMED`] alerts, and the number of the others.
fn alerts_of(notification: &Notification) -> String {
    let mut named = String::new();
    for told in notification.alerts.iter().take(ALERTS_NAMED) {
        let labels = &told.alert.labels;
        let gap = if named.is_empty() { "" } else { ", " };
        let _ = write!(named, "{gap}{labels}");
    }
    let more = notification.alerts.len().saturating_sub(ALERTS_NAMED);
    if more > 0 {
        let _ = write!(named, " and {more} more");
    }
    named
}
