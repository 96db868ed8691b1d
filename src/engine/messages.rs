//! The boundary of the engine on one page: what goes in and what comes out. What can be asked is in
//! `questions.rs`.
//!
//! Owns the messages, no behaviour. Nothing here holds an end of a channel, a file or a socket, so
//! every message can be made up by a test. Runs on the dispatch thread.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::compiled_regexes::Unusable;
use super::record::{Record, Recovered};
use crate::config::{Config, Endpoint, Webhook};
use crate::model::{Alert, Labels, Mono, PostedAlert, PostedSilence, Silence, Status};

/// Something that happened outside.
#[derive(Clone, Debug)]
pub enum Input {
    /// A sender reported these alerts.
    Alerts(Vec<PostedAlert>),
    /// An alarm that was armed for `at` rang. Only a hint to look: early, late, doubled and stale
    /// rings are harmless.
    Ring {
        /// Which one.
        alarm: AlarmId,
        /// What it was armed for.
        at: Mono,
    },
    /// A worker is done with an attempt.
    Outcome(Outcome),
    /// Somebody makes or changes a silence.
    SetSilence(PostedSilence),
    /// Somebody ends the silence with this id.
    ExpireSilence(String),
    /// A new configuration holds from now on.
    Reload(Arc<Config>),
    /// This is what an earlier process knew. Comes first, if it comes.
    Recover(Box<Recovered>),
}

/// What the daemon holds as much of as it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// Alerts, by their number.
    Alerts(usize),
    /// Bytes of the texts of alerts.
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

/// Something the engine wants done.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Ring `alarm` at `at`. An alarm has one time: a later `Arm` moves it.
    Arm {
        /// Which one.
        alarm: AlarmId,
        /// When.
        at: Mono,
    },
    /// Do not ring `alarm`. A ring already on its way does no harm.
    Disarm(AlarmId),
    /// Make one attempt to deliver. The engine counts what is out: at most
    /// [`crate::engine::Settings::workers`] at a time, beside one for each endpoint.
    Send(Job),
    /// An alert of the batch in hand was not taken.
    Refuse(InvalidAlert),
    /// The whole batch in hand was not taken.
    RefuseBatch(Full),
    /// The silence in hand was taken, under this id, or why not.
    SilenceAnswer(Result<Arc<str>, SilenceFault>),
    /// This has changed and must outlive the process.
    Record(Record),
    /// Worth a log line, a metric or a place in the history.
    Note(Note),
}

/// Names an alarm of the timer. Small and dense, so that the timer finds it by index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AlarmId(pub u32);

/// Names an attempt; never used twice in a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttemptId(pub u64);

/// An alert that broke a rule; the others of its batch are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidAlert {
    /// Why, in Alertmanager's words (§4.1 step 6).
    pub reason: String,
}

/// Why a silence was not taken or changed. The texts are Alertmanager's (§7.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SilenceFault {
    /// There is no silence with that id.
    NotFound,
    /// It breaks a rule or a limit.
    Refused(String),
}

/// One attempt to deliver, for a worker.
#[derive(Clone, Debug)]
pub struct Job {
    /// Comes back in the [`Outcome`].
    pub attempt: AttemptId,
    /// Where to, and how.
    pub webhook: Arc<Webhook>,
    /// What.
    pub notification: Arc<Notification>,
    /// How long the attempt may take in all, from when a worker takes it.
    pub timeout: Duration,
}

/// What one webhook is told about one group in one flush. Rendered by the worker.
#[derive(Clone, Debug)]
pub struct Notification {
    /// The receiver's name.
    pub receiver: Arc<str>,
    /// Position of the webhook in the receiver.
    pub webhook_index: usize,
    /// Why it is told.
    pub reason: Reason,
    /// Identity of the group, as receivers know it (§3).
    pub group_key: Arc<str>,
    /// The labels that make the group.
    pub group_labels: Labels,
    /// Texts of the templates of its route's labels.
    pub route_labels: Arc<BTreeMap<String, String>>,
    /// The alerts to tell, sorted as §2.5 says; after send_resolved and max_alerts.
    pub alerts: Vec<NotifiedAlert>,
    /// How many alerts max_alerts cut off.
    pub truncated_alerts: u64,
}

impl Notification {
    /// Firing while one of the alerts fires.
    pub fn status(&self) -> Status {
        let firing = self.alerts.iter().any(|told| told.status == Status::Firing);
        if firing {
            Status::Firing
        } else {
            Status::Resolved
        }
    }
}

/// An alert in a notification, with the status it had when the flush looked.
#[derive(Clone, Debug)]
pub struct NotifiedAlert {
    /// The alert.
    pub alert: Arc<Alert>,
    /// Firing or resolved at the flush; a firing alert is told without an end.
    pub status: Status,
}

/// Why a notification is sent (§5.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The receiver knows nothing of this group, or only that nothing fires.
    FirstNotification,
    /// An alert fires that the receiver was not told of.
    NewAlerts,
    /// Some have resolved, others fire on.
    SomeResolved,
    /// Nothing fires any more.
    AllResolved,
    /// Nothing changed for as long as repeat_interval.
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

/// What became of an attempt.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Which attempt.
    pub attempt: AttemptId,
    /// How it ended.
    pub verdict: Verdict,
    /// How long the worker had it.
    pub took: Duration,
}

/// What to make of an attempt's end. Three, because three branches exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The receiver has it.
    Delivered,
    /// Try again within this flush.
    Retry {
        /// What went wrong.
        failure: Failure,
        /// The least the receiver asked us to wait.
        after: Option<Duration>,
    },
    /// Trying again within this flush is of no use.
    GiveUp(Failure),
}

/// What went wrong with an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The class, as a label of a metric.
    pub kind: FailureKind,
    /// The text for people, without secrets.
    pub text: String,
}

/// Classes of failure: the values of `reason` in `alertmanager_notifications_failed_total` (§11).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FailureKind {
    /// Transport errors and what fits nowhere else.
    Other,
    /// 4xx but for those below.
    ClientError,
    /// 5xx.
    ServerError,
    /// We called it off.
    ContextCanceled,
    /// The flush's time ran out before an attempt failed. Kept for dashboards: it is no failure here
    /// that a delivery had to wait.
    ContextDeadlineExceeded,
    /// 401 and 403.
    AuthError,
    /// 429.
    RateLimited,
}

impl FailureKind {
    /// Every class, so that metrics can be created at zero.
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

/// Something worth telling people: each becomes a log line, a metric, or both.
#[derive(Clone, Debug)]
pub enum Note {
    /// Alerts were posted; counted before they were checked.
    Received {
        /// Those that fire.
        firing: usize,
        /// Those that have ended.
        resolved: usize,
        /// Those of both that were kept and put into their groups.
        kept: usize,
    },
    /// Alerts of the batch in hand had ended when they first came.
    CameEnded(CameEnded),
    /// An alert was left out, because as many of its name fire as may.
    AlertLimited {
        /// Its name; empty if it has none.
        alertname: Arc<str>,
    },
    /// Alerts were left out of a notification.
    Suppressed {
        /// By what.
        by: Suppression,
        /// How many.
        alerts: usize,
    },
    /// A silence was made, changed or ended.
    SilenceChanged {
        /// What was done.
        change: SilenceChange,
        /// How it stands now.
        silence: Arc<Silence>,
    },
    /// A kept silence has a regex that does not compile.
    SilenceUnusable(Unusable),
    /// A group came to be.
    GroupCreated {
        /// Its key.
        group_key: Arc<str>,
        /// Whether it flushes at once, because its first alert is older than group_wait.
        immediately: bool,
    },
    /// A flush looked at a group and decided what a webhook is told: a reason, or nothing.
    Decided {
        /// The group.
        group_key: Arc<str>,
        /// The webhook.
        target: Target,
        /// Why it is told; `None` if it is not.
        reason: Option<Reason>,
    },
    /// The send stage ran for a webhook, sending or (send_resolved off) not.
    NotificationStarted {
        /// The webhook's receiver.
        receiver: Arc<str>,
    },
    /// An attempt failed and will be made again.
    AttemptFailed {
        /// The group.
        group_key: Arc<str>,
        /// The webhook.
        target: Target,
        /// What went wrong.
        failure: Failure,
        /// Attempts made so far in this flush.
        attempts: u32,
        /// Whether it is worth a line: not if its text is that of the attempt before, nor if the
        /// endpoint is known to be down.
        is_news: bool,
    },
    /// A delivery has got a worker.
    AttemptStarted {
        /// How long it had waited for one since it was ready.
        waited: Duration,
    },
    /// A webhook was delivered.
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
        /// Whether a failure was said before that this puts an end to.
        closes_failure: bool,
    },
    /// A webhook was not delivered in this flush.
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
        /// Whether it is worth a line: not if the endpoint is known to be down.
        is_news: bool,
    },
    /// Something was due for a webhook that could not be told in time, and now there is nothing left to
    /// tell.
    NeverNotified {
        /// The group.
        group_key: Arc<str>,
        /// The webhook.
        target: Target,
        /// What it was to be told, unless that was in an earlier process.
        notification: Option<Arc<Notification>>,
    },
    /// An endpoint fails; one attempt at a time goes there until it answers.
    EndpointDown {
        /// Which.
        endpoint: Endpoint,
        /// What went wrong last.
        failure: Failure,
    },
    /// An endpoint that was down answers again, and what waits for it goes out.
    EndpointUp {
        /// Which.
        endpoint: Endpoint,
        /// How long it was down.
        down_for: Duration,
        /// Deliveries that wait for it.
        waiting: usize,
    },
    /// An endpoint asks for time; nothing is sent there meanwhile.
    EndpointPaused {
        /// Which.
        endpoint: Endpoint,
        /// How much.
        pause: Duration,
        /// What it answered.
        failure: Failure,
        /// Deliveries that wait for it.
        waiting: usize,
    },
    /// Deliveries have waited long for an endpoint that is busy.
    DeliveriesWait {
        /// Which.
        endpoint: Endpoint,
        /// How many wait.
        waiting: usize,
        /// How long the first of them has waited.
        waited: Duration,
    },
    /// A group is empty and gone.
    GroupRemoved {
        /// Its key.
        group_key: Arc<str>,
    },
    /// A reload does not let the groups of a route go on; their alerts are routed anew.
    RouteChanged(RouteChanged),
    /// A reload took effect.
    Reloaded {
        /// Groups that went on as they were.
        kept: usize,
        /// Groups that were formed anew.
        moved: usize,
    },
    /// Groups of a route that another process had told were taken up, and whoever is to be told of them
    /// now knows nothing: the receiver of the route is another, or it has a further webhook.
    ReceiverIsNew {
        /// The route's matchers from the root down.
        route: Arc<str>,
        /// The receiver.
        receiver: Arc<str>,
        /// How many groups.
        groups: usize,
    },
    /// The state of an earlier process was taken up.
    Recovered(Recovery),
    /// The wall clock jumped.
    ClockStepped {
        /// Seconds; negative is backwards.
        seconds: f64,
    },
    /// Resolved alerts were forgotten.
    Collected {
        /// How many.
        alerts: usize,
    },
    /// Ledger and silences were looked through for what is old enough to be forgotten.
    Tidied,
}

/// Alerts that had ended by the time anything was heard of them, so that nobody is told. They were
/// short, or the clock of whoever sent them is behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CameEnded {
    /// How many.
    pub alerts: usize,
    /// The name of the first of them; empty if it has none.
    pub alertname: Arc<str>,
    /// How long ago that one had ended.
    pub ago: Duration,
}

/// A route that had groups and is not what it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteChanged {
    /// Its matchers from the root down, as in the keys of its groups.
    pub route: Arc<str>,
    /// Where it led.
    pub receiver: Arc<str>,
    /// Whether that receiver is still there.
    pub receiver_is_gone: bool,
    /// Why its groups do not go on.
    pub change: RouteChange,
    /// How many they were.
    pub groups: usize,
    /// Deliveries of theirs that were due or under way.
    pub unsent: usize,
}

/// Why the groups of a route do not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RouteChange {
    /// There is no route with its matchers any more.
    Gone,
    /// It groups by other labels.
    GroupedOtherwise,
    /// It leads to another receiver.
    LedElsewhere,
    /// All groups are formed anew, as was asked for.
    AllFormedAnew,
}

impl RouteChange {
    /// Why, for people.
    pub fn as_str(self) -> &'static str {
        match self {
            RouteChange::Gone => "no route has its matchers any more",
            RouteChange::GroupedOtherwise => "it groups by other labels",
            RouteChange::LedElsewhere => "it leads to another receiver",
            RouteChange::AllFormedAnew => "--no-reload.keep-timers forms all groups anew",
        }
    }
}

/// What of an earlier process goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// Alerts kept.
    pub alerts: usize,
    /// Groups that go on.
    pub groups: usize,
    /// Silences kept.
    pub silences: usize,
    /// Groups that fell due meanwhile.
    pub overdue: usize,
    /// Groups whose flush goes on where it was cut short.
    pub resumed: usize,
    /// Groups whose routes are not there any more.
    pub gone: usize,
}

/// What keeps an alert out of notifications. The values of `reason` in
/// `alertmanager_notifications_suppressed_total` (§5.2, §5.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Suppression {
    /// A silence.
    Silence,
    /// Another alert.
    Inhibition,
    /// A time interval that mutes.
    MuteTimeInterval,
    /// No time interval that is needed holds.
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
    /// It is new.
    Create,
    /// It was changed and kept its id.
    Update,
    /// It was ended.
    Expire,
}

/// A webhook by name: receiver and position.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Target {
    /// The receiver.
    pub receiver: Arc<str>,
    /// Position of the webhook in it.
    pub webhook_index: usize,
}

/// Why a flush makes no further attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlushEnd {
    /// The failure will not go away by trying again.
    Unrecoverable,
    /// The time of the flush is over; the next one goes on with what there is to tell then.
    OutOfTime,
    /// A reload changed the route or the receiver.
    Reloaded,
}
