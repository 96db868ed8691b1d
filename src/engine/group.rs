//! One group: alerts of a route with equal group labels, and the flush that tells about them.
//!
//! PURE. Owns the state of a group and the times it waits for; what happens at those times is in
//! `flush.rs`. Runs on the dispatch thread.
//!
//! ```text
//!           group_wait over           all webhooks told or none to tell
//!  waiting ────────────────► flushing ────────────────────────────────┐
//!     ▲  or first alert old     ▲  │ group_interval over: OutOfTime    │
//!     │                         │  ▼                                   ▼
//!   created                     └─ idle ◄─────────── alerts left ── finished
//!                                 (due_at)                             │ none left
//!                                                                      ▼
//!                                                                    gone
//! ```

use std::sync::Arc;
use std::time::Duration;

use super::lanes::{LaneId, Place};
use super::ledger::{Content, LedgerKey};
use super::members::Members;
use super::messages::{AttemptId, Failure, Notification};
use super::route::RouteIndex;
use crate::config::Webhook;
use crate::model::{Alert, Fingerprint, Labels, Mono, Wall};

/// Names a group; never names another one later, although slots are used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupId {
    /// Where it stands in the table.
    pub slot: u32,
    /// How many groups stood there before.
    pub generation: u32,
}

/// A group that is alive.
#[derive(Debug)]
pub struct Group {
    /// Its route.
    pub route: RouteIndex,
    /// What receivers know it by.
    pub key: Arc<str>,
    /// The labels that make it.
    pub labels: Labels,
    /// Fingerprint of those labels.
    pub fingerprint: Fingerprint,
    /// Its alerts, resolved ones until a flush has told them.
    pub members: Members,
    /// The nominal time of its next flush.
    pub due_at: Mono,
    /// What its alarm is armed for, if it is.
    pub armed_for: Option<Mono>,
    /// Whether its first flush has begun.
    pub has_flushed: bool,
    /// The flush under way; in a box, since most groups wait.
    pub flush: Option<Box<Flush>>,
    /// The time intervals that muted its last flush, as far as that came to look.
    pub muted_by: Box<[Arc<str>]>,
    /// What a flush that ran out of time leaves to the next one.
    pub carried_over: Vec<CarriedOver>,
    /// When a flush that the end of an earlier process cut short goes on.
    pub resumes_at: Option<Mono>,
    /// What was recorded of it last, if anything was.
    pub recorded: Option<Recorded>,
}

/// What was recorded of a group last, as far as it takes to tell whether it still says all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// When its next flush was due. The ticks that follow are whole intervals later.
    pub due_at: Wall,
    /// A digest of the rest.
    pub rest: u64,
}

/// A delivery that was not made within its flush goes on in the next one, with newer content.
#[derive(Clone, Debug)]
pub struct CarriedOver {
    /// Position of the webhook in the receiver.
    pub webhook_index: usize,
    /// The place it had in its lane's queue.
    pub place: Option<Place>,
    /// The earliest time that the receiver asked for.
    pub not_before: Mono,
    /// What went wrong last, to be told if the next flush comes to no attempt either.
    pub last_failure: Option<Failure>,
}

/// A flush under way. It ends when each delivery has ended.
#[derive(Debug)]
pub struct Flush {
    /// When its time is over; a try under way then is cut there.
    pub deadline: Mono,
    /// What each webhook that is to be told is told.
    pub deliveries: Vec<Delivery>,
    /// Alerts that had ended when the flush looked; removed once all is told.
    pub resolved: Vec<Arc<Alert>>,
    /// Whether a delivery has failed for this flush.
    pub has_failed: bool,
}

/// What one webhook is told in one flush, and how far that has come.
#[derive(Debug)]
pub struct Delivery {
    /// Where it stands.
    pub state: DeliveryState,
    /// Where it goes.
    pub webhook: Arc<Webhook>,
    /// The lane of that endpoint.
    pub lane: LaneId,
    /// What it says.
    pub notification: Arc<Notification>,
    /// What the ledger will keep of it.
    pub content: Arc<Content>,
    /// Under which key.
    pub ledger_key: LedgerKey,
    /// Attempts begun.
    pub attempts: u32,
    /// The wait before the next attempt, before jitter.
    pub backoff: Duration,
    /// The earliest time for an attempt that the receiver asked for.
    pub not_before: Mono,
    /// What went wrong last.
    pub last_failure: Option<Failure>,
}

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryState {
    /// In its lane's queue.
    Ready(Place),
    /// With a worker.
    InFlight(AttemptId),
    /// Waiting to be tried again.
    BackingOff(Mono),
    /// Delivered or failed; nothing more to do.
    Ended,
}

impl Group {
    /// When its next flush begins.
    pub fn looks_at(&self) -> Mono {
        self.resumes_at
            .map_or(self.due_at, |at| at.min(self.due_at))
    }

    /// When it next needs attention, if time alone can bring that about. Otherwise an attempt is
    /// out, and its outcome will.
    pub fn wakes_at(&self) -> Option<Mono> {
        let Some(flush) = &self.flush else {
            return Some(self.looks_at());
        };
        let wakes = flush
            .deliveries
            .iter()
            .filter_map(|delivery| match delivery.state {
                DeliveryState::Ready(_) => Some(flush.deadline),
                DeliveryState::BackingOff(until) => Some(until.min(flush.deadline)),
                DeliveryState::InFlight(_) | DeliveryState::Ended => None,
            });
        wakes.min()
    }

    /// Whether a flush is under way and all of it has ended.
    pub fn has_ended_flush(&self) -> bool {
        self.flush.as_ref().is_some_and(|flush| {
            flush
                .deliveries
                .iter()
                .all(|delivery| delivery.state == DeliveryState::Ended)
        })
    }

    /// Whether an attempt of its flush is out.
    pub fn has_attempt_in_flight(&self) -> bool {
        let in_flight = |delivery: &Delivery| matches!(delivery.state, DeliveryState::InFlight(_));
        self.flush
            .as_ref()
            .is_some_and(|flush| flush.deliveries.iter().any(in_flight))
    }
}
