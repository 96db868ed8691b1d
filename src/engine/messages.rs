//! The boundary of the engine: its inputs and its effects. What it reports is in `notes.rs`. Queries and their answers are in
//! `reading.rs` and `questions.rs`.
//!
//! Owns the messages, no behaviour. No message holds an end of a channel, a file or a socket, so a test
//! can make up every one of them. Runs on the dispatch thread.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::record::{Record, Recovered};
use crate::config::{Config, Webhook};
use crate::model::{Alert, Labels, Mono, PostedAlert, PostedSilence, SourceReport, Status};

pub use super::notes::*;

/// An event outside the engine that the engine has to handle.
#[derive(Clone, Debug)]
pub enum Input {
    /// A sender posted these alerts.
    Alerts(Vec<PostedAlert>),
    /// Sources report these changes of their alerts.
    Reports(Vec<SourceReport>),
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
    /// The process has started. Comes once, after the state of a previous run and before all other inputs.
    Start,
    /// A heartbeat was pinged.
    Beat {
        /// The name of the heartbeat.
        heartbeat: String,
        /// Whether the sender says that its job has failed.
        has_failed: bool,
    },
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
    /// The answer to the ping that is being handled: whether a heartbeat of this name is configured.
    BeatAnswer(bool),
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
    /// The webhook is to know that this daemon is alive; there are no alerts.
    Heartbeat,
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
            Reason::Heartbeat => "heartbeat",
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
