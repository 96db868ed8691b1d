//! What the engine reports: events that become log lines, metrics or history.
//!
//! Owns the notes, no behaviour. Runs on the dispatch thread.

use std::sync::Arc;
use std::time::Duration;

use super::compiled_regexes::Unusable;
use super::messages::{Failure, Notification, Reason};
use crate::config::Endpoint;
use crate::model::Silence;

/// An event that is reported: each becomes a log line, a metric, or both.
#[derive(Clone, Debug)]
pub enum Note {
    /// A batch of alerts was posted or reported.
    Received {
        /// Alerts posted as firing, counted before they are checked.
        firing: usize,
        /// Alerts posted as resolved, counted before they are checked.
        resolved: usize,
        /// Alerts of both kinds that were stored and put into their groups.
        kept: usize,
    },
    /// Alerts of the batch that is being handled had already resolved when they were first posted.
    CameEnded(CameEnded),
    /// An alert was rejected, because the limit of firing alerts of its name is reached.
    AlertLimited {
        /// The `alertname`; empty if the alert has none.
        alertname: Arc<str>,
    },
    /// Alerts were left out of a notification.
    Suppressed {
        /// What mutes the alerts.
        by: Suppression,
        /// How many alerts were left out.
        alerts: usize,
    },
    /// A silence was created, updated or expired.
    SilenceChanged {
        /// Which of the three.
        change: SilenceChange,
        /// The silence after the change.
        silence: Arc<Silence>,
    },
    /// A kept silence has a regex that does not compile.
    SilenceUnusable(Unusable),
    /// A group was created.
    GroupCreated {
        /// The key of the group.
        group_key: Arc<str>,
        /// Whether it flushes at once, because its first alert is older than `group_wait`.
        immediately: bool,
    },
    /// A flush decided whether a webhook is notified about a group.
    Decided {
        /// The key of the group.
        group_key: Arc<str>,
        /// The webhook.
        target: Target,
        /// Why the webhook is notified; `None` if it is not.
        reason: Option<Reason>,
    },
    /// The send stage ran for a webhook. With `send_resolved` off it may have had nothing to send.
    NotificationStarted {
        /// The webhook's receiver.
        receiver: Arc<str>,
    },
    /// An attempt failed and will be retried.
    AttemptFailed {
        /// The group.
        group_key: Arc<str>,
        /// The webhook.
        target: Target,
        /// What went wrong.
        failure: Failure,
        /// Attempts made so far in this flush.
        attempts: u32,
        /// Whether the failure is logged. It is not if it equals the failure of the previous attempt, nor
        /// if the endpoint is known to be down.
        is_news: bool,
    },
    /// A delivery was handed to a worker.
    AttemptStarted {
        /// How long the delivery had waited in its queue.
        waited: Duration,
    },
    /// A notification was delivered.
    Delivered {
        /// The group.
        group_key: Arc<str>,
        /// The webhook.
        target: Target,
        /// Why it was sent.
        reason: Reason,
        /// Attempts it took.
        attempts: u32,
        /// Alerts it carried.
        alerts: usize,
        /// Whether a failure of this delivery was logged before.
        closes_failure: bool,
    },
    /// A notification was not delivered within its flush.
    NotificationFailed {
        /// The group.
        group_key: Arc<str>,
        /// The webhook.
        target: Target,
        /// What went wrong.
        failure: Failure,
        /// Attempts made.
        attempts: u32,
        /// Why no further attempt is made.
        end: FlushEnd,
        /// Whether the failure is logged. It is not if the endpoint is known to be down.
        is_news: bool,
    },
    /// A notification of an earlier flush was never delivered, and the webhook no longer needs to be
    /// notified.
    NeverNotified {
        /// The group.
        group_key: Arc<str>,
        /// The webhook.
        target: Target,
        /// The notification that was lost; `None` if a previous run had made it.
        notification: Option<Arc<Notification>>,
    },
    /// The circuit breaker of an endpoint opened because of failures; attempts go there as probes, one at
    /// a time, until one succeeds.
    EndpointDown {
        /// The endpoint that fails.
        endpoint: Endpoint,
        /// Its last failure.
        failure: Failure,
    },
    /// The circuit breaker of an endpoint that was down has closed; waiting deliveries go out.
    EndpointUp {
        /// The endpoint that answers again.
        endpoint: Endpoint,
        /// How long it was down.
        down_for: Duration,
        /// Deliveries that wait for it.
        waiting: usize,
    },
    /// An endpoint asked for a pause; no attempt goes there until the pause is over.
    EndpointPaused {
        /// The endpoint that asked.
        endpoint: Endpoint,
        /// How long the pause lasts.
        pause: Duration,
        /// Its answer.
        failure: Failure,
        /// Deliveries that wait for it.
        waiting: usize,
    },
    /// Deliveries have waited long for an endpoint that is busy.
    DeliveriesWait {
        /// The endpoint that is busy.
        endpoint: Endpoint,
        /// How many deliveries wait.
        waiting: usize,
        /// How long the first of them has waited.
        waited: Duration,
    },
    /// A group became empty and was removed.
    GroupRemoved {
        /// The key of the group.
        group_key: Arc<str>,
    },
    /// A reload dissolved the groups of a route; their alerts are routed again.
    RouteChanged(RouteChanged),
    /// A reload took effect.
    Reloaded {
        /// Groups that kept their state.
        kept: usize,
        /// Groups that were dissolved.
        moved: usize,
    },
    /// Restored groups of a route had notified before, but a webhook of the route has no notification log
    /// entry for them: the route has another receiver, or its receiver has a new webhook.
    ReceiverIsNew {
        /// The route's matchers from the root down.
        route: Arc<str>,
        /// The receiver's name.
        receiver: Arc<str>,
        /// How many groups this concerns.
        groups: usize,
    },
    /// The state of a previous run was restored.
    Recovered(Recovery),
    /// The wall clock jumped.
    ClockStepped {
        /// By how many seconds; negative is backwards.
        seconds: f64,
    },
    /// Resolved alerts were removed.
    Collected {
        /// How many alerts.
        alerts: usize,
    },
    /// The notification log and the silences were searched for expired entries.
    Tidied,
    /// The alert of a heartbeat began to fire, has changed or was resolved.
    HeartbeatChanged {
        /// The name of the heartbeat.
        heartbeat: Arc<str>,
        /// What has happened.
        change: HeartbeatChange,
    },
}

/// What has happened to a heartbeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeartbeatChange {
    /// It is overdue.
    Missing,
    /// A ping says that the job has failed.
    Failed,
    /// It was pinged again.
    Back,
    /// It is no longer configured.
    Removed,
}

/// Alerts that had already resolved when they were first posted, so that no webhook is notified. They
/// were short, or the sender's clock is behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CameEnded {
    /// How many alerts.
    pub alerts: usize,
    /// The `alertname` of the first of them; empty if it has none.
    pub alertname: Arc<str>,
    /// How long ago the first of them had resolved.
    pub ago: Duration,
}

/// A route whose groups a reload dissolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteChanged {
    /// Its matchers from the root down, as in the keys of its groups.
    pub route: Arc<str>,
    /// The receiver it had before the reload.
    pub receiver: Arc<str>,
    /// Whether the new configuration lacks that receiver.
    pub receiver_is_gone: bool,
    /// Why its groups were dissolved.
    pub change: RouteChange,
    /// How many groups it had.
    pub groups: usize,
    /// Deliveries of those groups that were due or under way.
    pub unsent: usize,
}

/// Why a reload dissolves the groups of a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RouteChange {
    /// No route of the new configuration has its matchers.
    Gone,
    /// The route groups by other labels.
    GroupedOtherwise,
    /// The route has another receiver.
    LedElsewhere,
    /// [`crate::engine::ReloadPolicy::RebuildAll`] dissolves all groups.
    AllFormedAnew,
}

impl RouteChange {
    /// The text for the log.
    pub fn as_str(self) -> &'static str {
        match self {
            RouteChange::Gone => "no route has its matchers any more",
            RouteChange::GroupedOtherwise => "it groups by other labels",
            RouteChange::LedElsewhere => "it leads to another receiver",
            RouteChange::AllFormedAnew => "--no-reload.keep-timers forms all groups anew",
        }
    }
}

/// How much state of a previous run was restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// Alerts restored.
    pub alerts: usize,
    /// Groups after the restore.
    pub groups: usize,
    /// Silences restored.
    pub silences: usize,
    /// Groups that fell due while no process ran.
    pub overdue: usize,
    /// Groups whose interrupted flush continues.
    pub resumed: usize,
    /// Recorded groups that were not restored: the configuration lacks their route, or they have no alert.
    pub gone: usize,
}

/// What keeps an alert out of notifications. The values of `reason` in
/// `alertmanager_notifications_suppressed_total` (§5.2, §5.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Suppression {
    /// A silence.
    Silence,
    /// An alert that inhibits it.
    Inhibition,
    /// A mute time interval of the route holds.
    MuteTimeInterval,
    /// The route has active time intervals, and none of them holds.
    ActiveTimeInterval,
}

impl Suppression {
    /// The value of the label.
    pub fn as_str(self) -> &'static str {
        match self {
            Suppression::Silence => "silence",
            Suppression::Inhibition => "inhibition",
            Suppression::MuteTimeInterval => "mute_time_interval",
            Suppression::ActiveTimeInterval => "active_time_interval",
        }
    }
}

/// What was done to a silence: the words of `--log.silences` (§7.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SilenceChange {
    /// The silence is new.
    Create,
    /// The silence was changed and kept its id.
    Update,
    /// The silence was expired, by a client or by the one that replaces it.
    Expire,
}

/// Names a webhook by its receiver and its position there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Target {
    /// The receiver's name.
    pub receiver: Arc<str>,
    /// Position of the webhook in the receiver.
    pub webhook_index: usize,
}

/// Why a flush makes no further attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlushEnd {
    /// The failure would recur on every retry.
    Unrecoverable,
    /// The flush has reached its deadline; the next one sends what is due by then.
    OutOfTime,
    /// A reload changed the route or the receiver.
    Reloaded,
}
