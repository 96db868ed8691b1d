//! Log lines and metrics for the engine's notes.
//!
//! Owns the wording. Decides nothing. Runs on the dispatch thread.

use std::sync::Arc;
use std::time::Duration;

use super::deliveries;
use crate::engine::{HeartbeatChange, Note, Reason, Recovery, RouteChanged, SilenceChange, Target};
use crate::model::{Matcher, Silence};
use crate::telemetry::metrics::Metrics;

/// Whether changes to silences are logged (`--log.silences`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SilenceLog {
    /// Each change gets a line.
    EachChange,
    /// No change gets a line.
    Quiet,
}

/// Logs and counts `note`. `took` is how long the engine took for the input behind it.
pub fn report(note: &Note, metrics: &Metrics, silence_log: SilenceLog, took: Duration) {
    match note {
        Note::Received {
            firing,
            resolved,
            kept,
        } => metrics.alerts_taken_in([*firing, *resolved], *kept, took),
        Note::CameEnded(came) => metrics.alerts_came_ended(came.alerts),
        Note::AlertLimited { alertname } => alert_limited(alertname, metrics),
        Note::Suppressed { by, alerts } => metrics.alerts_suppressed(*by, *alerts),
        Note::SilenceChanged { change, silence } => {
            if silence_log == SilenceLog::EachChange {
                silence_changed(*change, silence);
            }
        }
        Note::SilenceUnusable(found) => {
            metrics.silence_unreadable();
            log::error!(
                silence = &*found.silence, error = found.fault.as_str();
                "Silence mutes nothing: one of its regular expressions does not compile"
            );
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
        Note::AttemptStarted { waited } => metrics.delivery_waited(*waited),
        Note::AttemptFailed { .. }
        | Note::Delivered { .. }
        | Note::NotificationFailed { .. }
        | Note::NeverNotified { .. } => deliveries::report(note, metrics),
        Note::EndpointDown { .. }
        | Note::EndpointUp { .. }
        | Note::EndpointPaused { .. }
        | Note::DeliveriesWait { .. } => deliveries::report_endpoint(note),
        Note::RouteChanged(changed) => route_changed(changed),
        Note::Reloaded { kept, moved } => {
            metrics.groups_reloaded(*kept, *moved);
            log::info!(groups_kept = kept, groups_moved = moved; "Configuration applied");
        }
        Note::ReceiverIsNew {
            route,
            receiver,
            groups,
        } => receiver_is_new(route, receiver, *groups),
        Note::Recovered(recovery) => recovered(recovery),
        Note::ClockStepped { seconds } => {
            metrics.clock_stepped();
            log::warn!(seconds = seconds; "Host clock was set; timers and end times were shifted with it");
        }
        Note::Tidied => metrics.tidied(took),
        Note::HeartbeatChanged { heartbeat, change } => heartbeat_changed(heartbeat, *change),
        Note::Collected { alerts } => log::debug!(alerts = alerts; "Resolved alerts removed"),
    }
}

/// Warns if notifications are lost because their receiver is gone; else logs at info.
fn route_changed(changed: &RouteChanged) {
    let level = if changed.receiver_is_gone && changed.unsent > 0 {
        log::Level::Warn
    } else {
        log::Level::Info
    };
    let receiver = if changed.receiver_is_gone {
        "was removed"
    } else {
        "still exists"
    };
    log::log!(
        level,
        route = &*changed.route, receiver = &*changed.receiver, groups = changed.groups,
        unsent = changed.unsent, why = changed.change.as_str();
        "Alerts of a changed route are routed again; its receiver {receiver}"
    );
}

fn recovered(recovery: &Recovery) {
    log::info!(
        alerts = recovery.alerts, groups = recovery.groups, silences = recovery.silences,
        overdue = recovery.overdue, resumed = recovery.resumed;
        "State restored"
    );
    if recovery.gone > 0 {
        log::info!(
            groups = recovery.gone;
            "Routes have changed since the last run; alerts of these groups are routed again"
        );
    }
}

/// The configuration has changed since the previous run notified these groups.
fn receiver_is_new(route: &str, receiver: &str, groups: usize) {
    log::info!(
        route = route, receiver = receiver, groups = groups;
        "Route has a new receiver or webhook since the last run; it is notified after group_wait"
    );
}

fn heartbeat_changed(heartbeat: &str, change: HeartbeatChange) {
    match change {
        HeartbeatChange::Missing => log::warn!(heartbeat = heartbeat; "Heartbeat is overdue"),
        HeartbeatChange::Failed => {
            log::warn!(heartbeat = heartbeat; "Heartbeat says that its job has failed");
        }
        HeartbeatChange::Back => log::info!(heartbeat = heartbeat; "Heartbeat was pinged again"),
        HeartbeatChange::Removed => {
            log::info!(heartbeat = heartbeat; "Heartbeat is no longer configured; its alert resolves");
        }
    }
}

fn alert_limited(alertname: &str, metrics: &Metrics) {
    metrics.alert_limited(alertname);
    log::warn!(alertname = alertname; "Alert dropped: limit of alerts with this name reached");
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

/// `webhook[0]`, as Alertmanager names it.
pub(super) fn integration(target: &Target) -> String {
    format!("webhook[{}]", target.webhook_index)
}
