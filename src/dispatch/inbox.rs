//! What may be said to the dispatcher, and the front door's way of saying it.
//!
//! Owns the one place where stages meet. Whoever asks for something sends along where the answer is
//! to be given; the engine's messages never hold that. Used by connection, timer and send threads,
//! the journal and main.

use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::TrySendError;

use super::pending_ack::{NotStored, PostReply, SilenceReply};
use super::reply::{Awaited, Reply, Unheard, reply};
use crate::clock::Clock;
use crate::config::Config;
use crate::engine::{
    AlarmId, AlertView, Answered, CameEnded, Full, Gauges, GroupView, InvalidAlert, Outcome,
    SilenceFault,
};
#[cfg(doc)]
use crate::limits;
use crate::model::{Matcher, Mono, PostedAlert, PostedSilence, Silence};
use crate::waker::WakingSender;

/// From the front door; the queue is short and says no when it is full.
#[derive(Debug)]
pub enum Request {
    /// Take these alerts in, all or (when at a limit) none, but for a post of more than
    /// [`limits::ALERTS_AT_ONCE`] beside which others reach the limit.
    Post {
        /// The alerts.
        alerts: Vec<PostedAlert>,
        /// Gets the receipt once they are kept.
        reply: PostReply,
    },
    /// Answer a question.
    Ask(Question),
    /// Make or change a silence.
    SetSilence {
        /// The silence.
        posted: PostedSilence,
        /// Gets its id.
        reply: SilenceReply,
    },
    /// End a silence.
    ExpireSilence {
        /// Which.
        id: String,
        /// Gets its id.
        reply: SilenceReply,
    },
    /// Use this configuration from now on.
    Reload {
        /// The configuration.
        config: Arc<Config>,
        /// Hears that it is in force.
        reply: Reply<()>,
    },
    /// End the loop: nothing further is taken in, and attempts under way may take until then.
    Stop {
        /// When to stop waiting for them.
        deadline: Mono,
    },
}

/// A question, and where its answer is to be given: each has an answer of its own type.
#[derive(Debug)]
pub enum Question {
    /// Which alerts there are.
    Alerts {
        /// Those that do not satisfy these may be left out, but need not be.
        matchers: Vec<Matcher>,
        /// Gets them, in no particular order.
        reply: Reply<Answered<Vec<AlertView>>>,
    },
    /// Which groups there are, in no particular order.
    Groups(Reply<Answered<Vec<GroupView>>>),
    /// Which silences there are, in the order in which they were made.
    Silences(Reply<Answered<Vec<Arc<Silence>>>>),
    /// Which configuration is in force.
    Config(Reply<Arc<Config>>),
    /// The numbers for `/metrics`.
    Gauges(Reply<Answered<Gauges>>),
}

/// From our own stages; never refused.
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
    /// A worker has had nothing to do for a while.
    WorkerIdle {
        /// The number of the worker.
        worker: usize,
    },
    /// How the journal fares.
    Journal(JournalNews),
}

/// What the dispatcher has to know of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JournalNews {
    /// It cannot write. What it is given it keeps in memory for now, within a bound; whoever is
    /// promised something hears that the promise is not kept.
    Trouble(NotStored),
    /// It has had to let go of changes; once it can write it has to be given everything anew.
    WantsEverything,
    /// It writes again, and what it holds is whole.
    Well,
}

/// What became of posted alerts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Receipt {
    /// The batch is in.
    Taken {
        /// But for these.
        invalid: Vec<InvalidAlert>,
        /// Those of it that had ended when they first came, if there are any.
        came_ended: Option<CameEnded>,
    },
    /// The daemon holds as much as it may; nothing of the batch was taken.
    AtLimit(Full),
}

/// Why the dispatcher gave no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unanswered {
    /// What the answer would have promised is not on disk.
    NotStored(NotStored),
    /// Its inbox is full; try again later.
    Full,
    /// It has not answered within this time; what it was asked to do may still be done.
    TimedOut(Duration),
    /// It has stopped.
    Stopped,
}

/// The front door's end of the inbox.
#[derive(Clone, Debug)]
pub struct Inbox {
    requests: WakingSender<Request>,
    /// How long to wait for an answer; without it, as long as it takes.
    patience: Option<(Duration, Clock)>,
}

impl Inbox {
    /// A handle on the sending end.
    pub fn new(requests: WakingSender<Request>) -> Self {
        Inbox {
            requests,
            patience: None,
        }
    }

    /// The same that waits for no answer longer than this by `clock` (`--web.timeout`).
    #[must_use]
    pub fn with_patience(self, patience: Option<Duration>, clock: Clock) -> Self {
        let patience = patience.map(|patience| (patience, clock));
        Inbox { patience, ..self }
    }

    /// Hands alerts in and waits until they are kept.
    pub fn post(&self, alerts: Vec<PostedAlert>) -> Result<Receipt, Unanswered> {
        self.promised(|reply| Request::Post { alerts, reply })
    }

    /// Asks for alerts, of which those that do not satisfy the matchers may be left out.
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

    /// Asks for the configuration in force, which is the cheapest thing that the dispatcher knows.
    pub fn config(&self) -> Result<Arc<Config>, Unanswered> {
        self.exchange(|reply| Request::Ask(Question::Config(reply)))
    }

    /// Asks for the numbers of `/metrics`.
    pub fn gauges(&self) -> Result<Answered<Gauges>, Unanswered> {
        self.exchange(|reply| Request::Ask(Question::Gauges(reply)))
    }

    /// Makes or changes a silence and waits until it is kept.
    pub fn set_silence(
        &self,
        posted: PostedSilence,
    ) -> Result<Result<Arc<str>, SilenceFault>, Unanswered> {
        self.promised(|reply| Request::SetSilence { posted, reply })
    }

    /// Ends a silence and waits until that is kept.
    pub fn expire_silence(&self, id: String) -> Result<Result<Arc<str>, SilenceFault>, Unanswered> {
        self.promised(|reply| Request::ExpireSilence { id, reply })
    }

    /// Puts a checked configuration in force and waits until it is.
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
