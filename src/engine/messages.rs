//! The boundary of the engine: its inputs and its effects. Queries and their answers are in
//! `reading.rs` and `questions.rs`.
//!
//! Owns the messages, no behaviour. No message holds an end of a channel, a file or a socket, so a test
//! can make up every one of them. Runs on the dispatch thread.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::compiled_regexes::Unusable;
use super::record::{Record, Recovered};
use crate::config::{Config, Endpoint, Webhook};
use crate::model::{Alert, Labels, Mono, PostedAlert, PostedSilence, Silence, Status};

/// An event outside the engine that the engine has to handle.
#[derive(Clone, Debug)]
pub enum Input {
    /// A sender posted these alerts.
    Alerts(Vec<PostedAlert>),
    /// An alarm that was armed for `at` rang. A ring is only a hint to look: early, late, doubled and
    /// stale rings are harmless.
    Ring {
        /// The alarm that rang.
        alarm: AlarmId,
        /// The time it was armed for.
        at: Mono,
    },
    /// A worker has finished an attempt.
    Outcome(Outcome),
    /// A client creates or changes a silence.
    SetSilence(PostedSilence),
    /// A client expires the silence with this id.
    ExpireSilence(String),
    /// A new configuration takes effect.
    Reload(Arc<Config>),
    /// The state that a previous run left. If it is given at all, it is the first input.
    Recover(Box<Recovered>),
}

/// The limit that a batch of alerts would exceed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// The maximum number of alerts.
    Alerts(usize),
    /// The maximum bytes of the texts of all alerts.
    TextBytes(usize),
}

impl fmt::Display for Full {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Full::Alerts(limit) => write!(out, "{limit} alerts"),
            Full::TextBytes(limit) => write!(out, "nearly {limit} bytes of alerts"),
        }
    }
}

/// An action that the engine asks its caller to perform.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Ring `alarm` at `at`. An alarm has one time: a later `Arm` moves it.
    Arm {
        /// The alarm to arm.
        alarm: AlarmId,
        /// When it is to ring.
        at: Mono,
    },
    /// Do not ring `alarm`. A ring already on its way does no harm.
    Disarm(AlarmId),
    /// Make one attempt to deliver. The engine bounds the attempts in flight: at most
    /// [`crate::engine::Settings::workers`] at a time, beside one for each endpoint.
    Send(Job),
    /// An alert of the batch that is being handled was rejected.
    Refuse(InvalidAlert),
    /// The whole batch that is being handled was rejected.
    RefuseBatch(Full),
    /// The answer to the silence request that is being handled: the silence's id, or why it was refused.
    SilenceAnswer(Result<Arc<str>, SilenceFault>),
    /// Write this change of the state to the journal: it must outlive the process.
    Record(Record),
    /// Report this as a log line, a metric, or an event of the history.
    Note(Note),
}

/// Names an alarm of the timer. The numbers are small and dense, so that the timer can index by them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AlarmId(pub u32);

/// Names an attempt; never used twice in a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttemptId(pub u64);

/// An alert that is invalid. The valid alerts of its batch are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidAlert {
    /// Why, in Alertmanager's words (§4.1 step 6).
    pub reason: String,
}

/// Why a silence was not created or changed. The texts are Alertmanager's (§7.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SilenceFault {
    /// There is no silence with that id.
    NotFound,
    /// The silence is invalid or exceeds a limit.
    Refused(String),
}

/// One attempt to deliver, for a worker.
#[derive(Clone, Debug)]
pub struct Job {
    /// Identifies the attempt in its [`Outcome`].
    pub attempt: AttemptId,
    /// The webhook to send to.
    pub webhook: Arc<Webhook>,
    /// The notification to send.
    pub notification: Arc<Notification>,
    /// How long the attempt may take in all, from when a worker takes it.
    pub timeout: Duration,
}

/// The notification of one webhook about one group in one flush. The worker renders it.
#[derive(Clone, Debug)]
pub struct Notification {
    /// The receiver's name.
    pub receiver: Arc<str>,
    /// Position of the webhook in the receiver.
    pub webhook_index: usize,
    /// Why the webhook is notified.
    pub reason: Reason,
    /// The `groupKey` of the webhook body (§3).
    pub group_key: Arc<str>,
    /// The labels that all alerts of the group share.
    pub group_labels: Labels,
    /// The labels of the group's route, as template texts.
    pub route_labels: Arc<BTreeMap<String, String>>,
    /// The alerts in the order of §2.5, after `send_resolved` and `max_alerts` were applied.
    pub alerts: Vec<NotifiedAlert>,
    /// How many alerts `max_alerts` cut off.
    pub truncated_alerts: u64,
}

impl Notification {
    /// Firing if at least one of the alerts fires.
    pub fn status(&self) -> Status {
        let firing = self.alerts.iter().any(|told| told.status == Status::Firing);
        if firing {
            Status::Firing
        } else {
            Status::Resolved
        }
    }
}

/// An alert in a notification, with the status it had at the flush.
#[derive(Clone, Debug)]
pub struct NotifiedAlert {
    /// The alert.
    pub alert: Arc<Alert>,
    /// Firing or resolved at the flush. A firing alert is sent without its end time.
    pub status: Status,
}

/// Why a notification is sent (§5.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The log has no entry for the webhook and group, or one without firing alerts.
    FirstNotification,
    /// An alert fires that the last notification did not contain as firing.
    NewAlerts,
    /// Some alerts have resolved, others still fire.
    SomeResolved,
    /// All alerts have resolved.
    AllResolved,
    /// Nothing changed for `repeat_interval`.
    RepeatElapsed,
}

impl Reason {
    /// The text of Alertmanager's `notification_reason`.
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::FirstNotification => "first notification",
            Reason::NewAlerts => "new alerts added",
            Reason::SomeResolved => "some alerts resolved",
            Reason::AllResolved => "all alerts resolved",
            Reason::RepeatElapsed => "repeat interval elapsed",
        }
    }
}

/// The result of an attempt.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The attempt that has ended.
    pub attempt: AttemptId,
    /// What the engine is to do next.
    pub verdict: Verdict,
    /// How long the worker took.
    pub took: Duration,
}

/// What follows from the end of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The receiver accepted the notification.
    Delivered,
    /// Retry within this flush.
    Retry {
        /// Why the attempt failed.
        failure: Failure,
        /// The minimum wait that the receiver asked for (`Retry-After`).
        after: Option<Duration>,
    },
    /// Do not retry within this flush: a retry would fail in the same way.
    GiveUp(Failure),
}

/// Why an attempt failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The class, used as a metric label.
    pub kind: FailureKind,
    /// The text for the log, without secrets.
    pub text: String,
}

/// Classes of failure: the values of `reason` in `alertmanager_notifications_failed_total` (§11).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FailureKind {
    /// Transport errors and all failures that no other class covers.
    Other,
    /// Status 4xx, except those of `AuthError` and `RateLimited`.
    ClientError,
    /// Status 5xx.
    ServerError,
    /// The engine cancelled the delivery.
    ContextCanceled,
    /// The flush ran out of time before an attempt failed. Never counted here, because a delivery that
    /// only waits has not failed; the class exists for dashboards.
    ContextDeadlineExceeded,
    /// Status 401 and 403.
    AuthError,
    /// Status 429.
    RateLimited,
}

impl FailureKind {
    /// All classes, so that their counters can be created at zero.
    pub const ALL: [FailureKind; 7] = [
        FailureKind::Other,
        FailureKind::ClientError,
        FailureKind::ServerError,
        FailureKind::ContextCanceled,
        FailureKind::ContextDeadlineExceeded,
        FailureKind::AuthError,
        FailureKind::RateLimited,
    ];

    /// The value of the label.
    pub fn as_str(self) -> &'static str {
        match self {
            FailureKind::Other => "other",
            FailureKind::ClientError => "clientError",
            FailureKind::ServerError => "serverError",
            FailureKind::ContextCanceled => "contextCanceled",
            FailureKind::ContextDeadlineExceeded => "contextDeadlineExceeded",
            FailureKind::AuthError => "authError",
            FailureKind::RateLimited => "rateLimited",
        }
    }
}

/// An event that is reported: each becomes a log line, a metric, or both.
#[derive(Clone, Debug)]
pub enum Note {
    /// A batch of alerts was posted.
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
