//! What the engine noted, as log lines and metrics.
//!
//! Owns the wording. Runs on the dispatch thread.

use std::sync::Arc;

use crate::engine::{Failure, FlushEnd, Note, Reason, Target};
use crate::telemetry::metrics::Metrics;

/// Tells people and machines about `note`.
pub fn report(note: &Note, metrics: &Metrics) {
    match note {
        Note::Received { firing, resolved } => metrics.alerts_received(*firing, *resolved),
        Note::Suppressed { by, alerts } => metrics.alerts_suppressed(*by, *alerts),
        Note::SilenceChanged { .. } => {}
        Note::GroupCreated {
            group_key,
            immediately,
        } => {
            log::debug!(group = &**group_key, immediately = immediately; "Group created");
        }
        Note::GroupRemoved { group_key } => log::debug!(group = &**group_key; "Group removed"),
        Note::Decided {
            group_key,
            target,
            reason,
        } => decided(group_key, target, *reason),
        Note::NotificationStarted => metrics.notification_started(),
        Note::AttemptFailed {
            group_key,
            target,
            failure,
            attempts,
            is_news,
        } => {
            attempt_failed(group_key, target, failure, *attempts, *is_news);
        }
        Note::Delivered {
            group_key,
            target,
            reason,
            attempts,
            alerts,
        } => {
            delivered(group_key, target, *reason, *attempts, *alerts);
        }
        Note::NotificationFailed {
            group_key,
            target,
            failure,
            attempts,
            end,
        } => {
            metrics.notification_failed(failure.kind);
            notification_failed(group_key, target, failure, *attempts, *end);
        }
        Note::Reloaded { kept, moved } => {
            metrics.groups_reloaded(*kept, *moved);
            log::info!(groups_kept = kept, groups_moved = moved; "Configuration is in force");
        }
        Note::ClockStepped { seconds } => {
            metrics.clock_stepped();
            log::warn!(seconds = seconds; "The host's clock was set; waits and ends were moved along");
        }
        Note::Collected { alerts } => log::debug!(alerts = alerts; "Resolved alerts forgotten"),
    }
}

fn decided(group_key: &Arc<str>, target: &Target, reason: Option<Reason>) {
    let reason = reason.map_or("none", Reason::as_str);
    log::debug!(
        group = &**group_key, receiver = &*target.receiver, integration:% = integration(target),
        reason = reason; "Flush decided"
    );
}

/// An endpoint that stays down is worth one line for each flush and cause, not one an attempt.
fn attempt_failed(
    group_key: &str,
    target: &Target,
    failure: &Failure,
    attempts: u32,
    is_news: bool,
) {
    if is_news {
        log::warn!(
            group = group_key, receiver = &*target.receiver, integration:% = integration(target),
            attempts = attempts, err = failure.text.as_str();
            "Notify attempt failed, will retry later"
        );
    }
}

fn delivered(group_key: &str, target: &Target, reason: Reason, attempts: u32, alerts: usize) {
    let level = if attempts == 1 {
        log::Level::Debug
    } else {
        log::Level::Info
    };
    log::log!(
        level,
        group = group_key, receiver = &*target.receiver, integration:% = integration(target),
        reason = reason.as_str(), attempts = attempts, alerts = alerts;
        "Notify success"
    );
}

fn notification_failed(
    group_key: &str,
    target: &Target,
    failure: &Failure,
    attempts: u32,
    end: FlushEnd,
) {
    let why = match end {
        FlushEnd::Unrecoverable => "notify retry canceled due to unrecoverable error",
        FlushEnd::OutOfTime => "notify retry canceled, the next flush tries again",
        FlushEnd::Reloaded => "notify retry canceled by a reload",
    };
    log::error!(
        group = group_key, receiver = &*target.receiver, integration:% = integration(target),
        attempts = attempts, why = why, err = failure.text.as_str();
        "Notify for alerts failed"
    );
}

/// `webhook[0]`, as Alertmanager names it.
fn integration(target: &Target) -> String {
    format!("webhook[{}]", target.webhook_index)
}
