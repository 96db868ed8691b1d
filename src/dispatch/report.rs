//! What the engine noted, as log lines and metrics.
//!
//! Owns the wording. Runs on the dispatch thread.

use std::sync::Arc;
use std::time::Duration;

use crate::engine::{
    Failure, FlushEnd, Note, Reason, Recovery, RouteChanged, SilenceChange, Target,
};
use crate::model::{Matcher, Silence};
use crate::telemetry::metrics::Metrics;

/// Whether changes of silences are worth a line (`--log.silences`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SilenceLog {
    /// Each is.
    EachChange,
    /// None is.
    Quiet,
}

/// Tells people and machines about `note`. `took` is how long the engine had for what it came of.
pub fn report(note: &Note, metrics: &Metrics, silence_log: SilenceLog, took: Duration) {
    match note {
        Note::Received {
            firing,
            resolved,
            kept,
        } => metrics.alerts_taken_in([*firing, *resolved], *kept, took),
        Note::AlertLimited { alertname } => alert_limited(alertname, metrics),
        Note::Suppressed { by, alerts } => metrics.alerts_suppressed(*by, *alerts),
        Note::SilenceChanged { change, silence } => {
            if silence_log == SilenceLog::EachChange {
                silence_changed(*change, silence);
            }
        }
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
        Note::NotificationStarted { receiver } => metrics.notification_started(receiver),
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
            metrics.notification_failed(&target.receiver, failure.kind);
            notification_failed(group_key, target, failure, *attempts, *end);
        }
        Note::RouteChanged(changed) => route_changed(changed),
        Note::Reloaded { kept, moved } => {
            metrics.groups_reloaded(*kept, *moved);
            log::info!(groups_kept = kept, groups_moved = moved; "Configuration is in force");
        }
        Note::Recovered(recovery) => recovered(recovery),
        Note::ClockStepped { seconds } => {
            metrics.clock_stepped();
            log::warn!(seconds = seconds; "The host's clock was set; waits and ends were moved along");
        }
        Note::Tidied => metrics.tidied(took),
        Note::Collected { alerts } => log::debug!(alerts = alerts; "Resolved alerts forgotten"),
    }
}

/// Work that a receiver will not get because it is gone is worth more than a line among others.
fn route_changed(changed: &RouteChanged) {
    let level = if changed.receiver_is_gone && changed.unsent > 0 {
        log::Level::Warn
    } else {
        log::Level::Info
    };
    let receiver = if changed.receiver_is_gone {
        "is gone"
    } else {
        "is still there"
    };
    log::log!(
        level,
        route = &*changed.route, receiver = &*changed.receiver, groups = changed.groups,
        unsent = changed.unsent, why = changed.change.as_str();
        "Alerts of a route are routed anew; its receiver {receiver}"
    );
}

fn recovered(recovery: &Recovery) {
    log::info!(
        alerts = recovery.alerts, groups = recovery.groups, silences = recovery.silences,
        overdue = recovery.overdue, resumed = recovery.resumed;
        "Took up the state of the process before"
    );
}

fn alert_limited(alertname: &str, metrics: &Metrics) {
    metrics.alert_limited(alertname);
    log::warn!(alertname = alertname; "Alert is past the limit of its name and left out");
}

/// Keys, times and matchers look as Alertmanager writes them: whole seconds, no quotes (§7.7).
fn silence_changed(change: SilenceChange, silence: &Silence) {
    let change = match change {
        SilenceChange::Create => "create silence",
        SilenceChange::Update => "update silence",
        SilenceChange::Expire => "expire silence",
    };
    let matcher = |it: &Matcher| format!("{}{}{}", it.name(), it.op().as_str(), it.value());
    let matchers: Vec<String> = silence.matchers.iter().map(matcher).collect();
    log::info!(
        Id = &*silence.id, CreatedBy = silence.created_by.as_str(),
        Comment = silence.comment.as_str(), StartsAt:% = format_args!("{:.0}", silence.starts_at),
        EndsAt:% = format_args!("{:.0}", silence.ends_at), Matchers = matchers.join(",").as_str();
        "{change}"
    );
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
