//! The messages to the dispatcher, and the client side of requests, [`Inbox`].
//!
//! Owns the one place where stages meet. A request carries the reply channel for its answer; the engine's
//! messages never do. Used by connection, timer and send threads, the journal and main.

use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::TrySendError;

use super::pending_ack::{BeatReply, NotStored, PostReply, SilenceReply};
use super::reply::{Awaited, Reply, Unheard, reply};
use crate::clock::Clock;
use crate::config::Config;
use crate::engine::{
    AlarmId, AlertView, Answered, CameEnded, Full, Gauges, GroupView, InvalidAlert, Outcome,
    SilenceFault,
};
#[cfg(doc)]
use crate::limits;
use crate::model::{Matcher, Mono, PostedAlert, PostedSilence, Silence, SourceReport};
use crate::waker::WakingSender;

/// A request from the HTTP server or from main. The queue is short, and a full queue refuses requests.
#[derive(Debug)]
pub enum Request {
    /// Take these alerts in: all of them or, at a limit, none. The exception is a post of more than
    /// [`limits::ALERTS_AT_ONCE`] while others reach the limit: a part of it may be in.
    Post {
        /// The alerts.
        alerts: Vec<PostedAlert>,
        /// Gets the receipt once the alerts are in the journal.
        reply: PostReply,
    },
    /// Take in what sources report: all of it or, at a limit, nothing. A large list is taken in as a large post.
    Report {
        /// The reports, in the order in which they were made.
        reports: Vec<SourceReport>,
        /// Gets the receipt once the changes are in the journal.
        reply: PostReply,
    },
    /// A heartbeat was pinged.
    Beat {
        /// The name of the heartbeat.
        heartbeat: String,
        /// Whether the sender says that its job has failed.
        has_failed: bool,
        /// Gets whether a heartbeat of this name is configured, once the ping is in the journal.
        reply: BeatReply,
    },
    /// Answer a question.
    Ask(Question),
    /// Create or update a silence.
    SetSilence {
        /// The silence, with an id if it is an update.
        posted: PostedSilence,
        /// Gets the silence's id once the silence is in the journal.
        reply: SilenceReply,
    },
    /// Expire a silence.
    ExpireSilence {
        /// The id of the silence.
        id: String,
        /// Gets the id once the change is in the journal.
        reply: SilenceReply,
    },
    /// Apply this configuration.
    Reload {
        /// The new configuration.
        config: Arc<Config>,
        /// Gets an answer once the configuration is applied.
        reply: Reply<()>,
    },
    /// End the loop. The dispatcher takes nothing more in, and waits for attempts under way.
    Stop {
        /// When the dispatcher stops waiting for attempts.
        deadline: Mono,
    },
}

/// A question, with the reply for its answer. Each question has its own answer type.
#[derive(Debug)]
pub enum Question {
    /// The alerts.
    Alerts {
        /// Alerts that do not satisfy these may be left out, but need not be.
        matchers: Vec<Matcher>,
        /// Gets the alerts, in no particular order.
        reply: Reply<Answered<Vec<AlertView>>>,
    },
    /// The groups, in no particular order.
    Groups(Reply<Answered<Vec<GroupView>>>),
    /// The silences, in the order of their creation.
    Silences(Reply<Answered<Vec<Arc<Silence>>>>),
    /// The current configuration.
    Config(Reply<Arc<Config>>),
    /// The numbers for `/metrics`.
    Gauges(Reply<Answered<Gauges>>),
}

/// A message from the timer, a worker or the journal. It is never refused: the sender waits for room.
#[derive(Debug)]
pub enum Event {
    /// Alarms that rang, with the times they were armed for.
    Rings(Vec<(AlarmId, Mono)>),
    /// An attempt has ended, and its worker is free again.
    Outcome {
        /// The number of the worker.
        worker: usize,
        /// How it ended.
        outcome: Outcome,
    },
    /// A worker has been idle for `limits::WORKER_IDLE`.
    WorkerIdle {
        /// The number of the worker.
        worker: usize,
    },
    /// The journal's health has changed.
    Journal(JournalNews),
}

/// What the journal reports to the dispatcher.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JournalNews {
    /// It cannot write. It keeps new records in memory, within a bound, and fails the acknowledgements that
    /// wait for them.
    Trouble(NotStored),
    /// It needs the whole state as a snapshot, because records are lost or unreadable.
    WantsEverything,
    /// It writes again, and has the complete state.
    Well,
}

/// What became of posted alerts or of reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Receipt {
    /// The alerts were taken in, except the invalid ones.
    Taken {
        /// The alerts that were refused as invalid.
        invalid: Vec<InvalidAlert>,
        /// The alerts that were already resolved when they first arrived, if there are any.
        came_ended: Option<CameEnded>,
    },
    /// A limit on what the daemon keeps was reached; nothing of the batch was taken in.
    AtLimit(Full),
}

/// Why the dispatcher gave no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unanswered {
    /// The journal could not store the change.
    NotStored(NotStored),
    /// The dispatcher's inbox is full; try again later.
    Full,
    /// The dispatcher has not answered within this time; it may still carry out the request.
    TimedOut(Duration),
    /// The dispatcher has stopped.
    Stopped,
}

/// The sending end of the dispatcher's inbox, which waits for each answer.
#[derive(Clone, Debug)]
pub struct Inbox {
    requests: WakingSender<Request>,
    /// How long to wait for an answer; `None` waits without a bound.
    patience: Option<(Duration, Clock)>,
}

impl Inbox {
    /// An inbox that sends to `requests` and waits for answers without a bound.
    pub fn new(requests: WakingSender<Request>) -> Self {
        Inbox {
            requests,
            patience: None,
        }
    }

    /// This inbox with `patience`, the longest that it waits for an answer, by `clock` (`--web.timeout`).
    #[must_use]
    pub fn with_patience(self, patience: Option<Duration>, clock: Clock) -> Self {
        let patience = patience.map(|patience| (patience, clock));
        Inbox { patience, ..self }
    }

    /// Posts alerts and waits until they are in the journal.
    pub fn post(&self, alerts: Vec<PostedAlert>) -> Result<Receipt, Unanswered> {
        self.promised(|reply| Request::Post { alerts, reply })
    }

    /// Takes in what sources report, and waits until it is in the journal.
    pub fn report(&self, reports: Vec<SourceReport>) -> Result<Receipt, Unanswered> {
        self.promised(|reply| Request::Report { reports, reply })
    }

    /// Pings a heartbeat, and waits until the ping is in the journal. Returns whether the heartbeat is configured.
    pub fn beat(&self, heartbeat: String, has_failed: bool) -> Result<bool, Unanswered> {
        self.promised(|reply| Request::Beat {
            heartbeat,
            has_failed,
            reply,
        })
    }

    /// Asks for the alerts. Those that do not satisfy the matchers may be left out.
    pub fn alerts(&self, matchers: Vec<Matcher>) -> Result<Answered<Vec<AlertView>>, Unanswered> {
        self.exchange(|reply| Request::Ask(Question::Alerts { matchers, reply }))
    }

    /// Asks for all groups.
    pub fn groups(&self) -> Result<Answered<Vec<GroupView>>, Unanswered> {
        self.exchange(|reply| Request::Ask(Question::Groups(reply)))
    }

    /// Asks for all silences.
    pub fn silences(&self) -> Result<Answered<Vec<Arc<Silence>>>, Unanswered> {
        self.exchange(|reply| Request::Ask(Question::Silences(reply)))
    }

    /// Asks for the current configuration, which is the cheapest question.
    pub fn config(&self) -> Result<Arc<Config>, Unanswered> {
        self.exchange(|reply| Request::Ask(Question::Config(reply)))
    }

    /// Asks for the numbers of `/metrics`.
    pub fn gauges(&self) -> Result<Answered<Gauges>, Unanswered> {
        self.exchange(|reply| Request::Ask(Question::Gauges(reply)))
    }

    /// Creates or updates a silence, and waits until it is in the journal. Returns its id.
    pub fn set_silence(
        &self,
        posted: PostedSilence,
    ) -> Result<Result<Arc<str>, SilenceFault>, Unanswered> {
        self.promised(|reply| Request::SetSilence { posted, reply })
    }

    /// Expires a silence, and waits until that is in the journal. Returns its id.
    pub fn expire_silence(&self, id: String) -> Result<Result<Arc<str>, SilenceFault>, Unanswered> {
        self.promised(|reply| Request::ExpireSilence { id, reply })
    }

    /// Applies a checked configuration, and waits until it is applied.
    pub fn reload(&self, config: Arc<Config>) -> Result<(), Unanswered> {
        self.exchange(|reply| Request::Reload { config, reply })
    }

    fn await_answer<T>(&self, awaited: Awaited<T>) -> Result<T, Unanswered> {
        let (heard, patience) = match self.patience {
            None => (awaited.wait(), Duration::MAX),
            Some((patience, clock)) => (awaited.wait_within(patience, clock), patience),
        };
        heard.map_err(|unheard| match unheard {
            Unheard::NotYet => Unanswered::TimedOut(patience),
            Unheard::HungUp => Unanswered::Stopped,
        })
    }

    fn promised<T>(
        &self,
        request: impl FnOnce(Reply<Result<T, NotStored>>) -> Request,
    ) -> Result<T, Unanswered> {
        self.exchange(request)?.map_err(Unanswered::NotStored)
    }

    fn exchange<T>(&self, request: impl FnOnce(Reply<T>) -> Request) -> Result<T, Unanswered> {
        let (reply, awaited) = reply();
        match self.requests.try_send(request(reply)) {
            Ok(()) => self.await_answer(awaited),
            Err(TrySendError::Full(_)) => Err(Unanswered::Full),
            Err(TrySendError::Disconnected(_)) => Err(Unanswered::Stopped),
        }
    }
}
