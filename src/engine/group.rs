//! One group: alerts of a route with equal group labels, and the flush that tells about them.
//!
//! PURE. Owns the state of a group and the times it waits for; what happens at those times is in
//! `flush.rs`. Runs on the dispatch thread.
//!
//! ```text
//!           group_wait over           all webhooks told or none to tell
//!  waiting ────────────────► flushing ────────────────────────────────┐
//!     ▲  or first alert old     ▲  │ group_interval over               │
//!     │                         │  ▼                                   ▼
//!   created                     └─ idle ◄─────────── alerts left ── finished
//!                                 (due_at)                             │ none left
//!                                                                      ▼
//!                                                                    gone
//! ```

use std::sync::Arc;

use super::delivery::{CarriedOver, Delivery, DeliveryState, StillOut};
use super::members::Members;
use super::messages::AttemptId;
use super::route::RouteIndex;
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
    /// What flushes that are over have left; in a box, since mostly that is nothing.
    pub unfinished: Option<Box<Unfinished>>,
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

/// What flushes that are over have left.
#[derive(Debug, Default)]
pub struct Unfinished {
    /// What is left to the next one.
    pub carried_over: Vec<CarriedOver>,
    /// Attempts that have not ended.
    pub still_out: Vec<StillOut>,
}

/// A flush under way. It ends when each delivery has ended.
#[derive(Debug)]
pub struct Flush {
    /// When its time is over, and what is still to be told is left to the next one.
    pub deadline: Mono,
    /// What each webhook that is to be told is told.
    pub deliveries: Vec<Delivery>,
    /// Webhooks to which an attempt of an earlier flush is still out. What they are told is decided when
    /// it has ended, so that nothing older can come after something newer.
    pub held: Vec<usize>,
    /// Alerts that had ended when the flush looked; removed once all is told.
    pub resolved: Vec<Arc<Alert>>,
    /// Whether a delivery has failed for this flush.
    pub has_failed: bool,
}

impl Group {
    /// Attempts of flushes that are over.
    pub fn still_out(&self) -> &[StillOut] {
        let unfinished = self.unfinished.as_ref();
        unfinished.map_or(&[], |unfinished| &unfinished.still_out)
    }

    /// What is left to the next flush.
    pub fn carried_over(&self) -> &[CarriedOver] {
        let unfinished = self.unfinished.as_ref();
        unfinished.map_or(&[], |unfinished| &unfinished.carried_over)
    }

    /// Leaves something to the next flush.
    pub fn carry_over(&mut self, over: CarriedOver) {
        let unfinished = self.unfinished.get_or_insert_default();
        unfinished.carried_over.push(over);
    }

    /// Takes what is left to the flush that begins.
    pub fn take_carried_over(&mut self) -> Vec<CarriedOver> {
        let left = self.unfinished.as_mut();
        let taken = left.map(|left| std::mem::take(&mut left.carried_over));
        self.unfinished.take_if(|left| left.still_out.is_empty());
        taken.unwrap_or_default()
    }

    /// Forgets an attempt that has ended; says whether its flush was over.
    pub fn remove_still_out(&mut self, attempt: AttemptId) -> bool {
        let Some(left) = &mut self.unfinished else {
            return false;
        };
        let position = left.still_out.iter().position(|out| out.attempt == attempt);
        position
            .map(|position| left.still_out.remove(position))
            .is_some()
    }

    /// When its next flush begins.
    pub fn looks_at(&self) -> Mono {
        self.resumes_at
            .map_or(self.due_at, |at| at.min(self.due_at))
    }

    /// When it next needs attention, unless something happens before.
    pub fn wakes_at(&self) -> Mono {
        let Some(flush) = &self.flush else {
            return self.looks_at();
        };
        let wakes = flush
            .deliveries
            .iter()
            .map(|delivery| match delivery.state {
                DeliveryState::BackingOff(until) => until.min(flush.deadline),
                DeliveryState::Ready(_) | DeliveryState::InFlight(_) | DeliveryState::Ended => {
                    flush.deadline
                }
            });
        wakes.min().unwrap_or(flush.deadline)
    }

    /// Whether a flush is under way and all of it has ended.
    pub fn has_ended_flush(&self) -> bool {
        let has_ended = |delivery: &Delivery| delivery.state == DeliveryState::Ended;
        self.flush
            .as_ref()
            .is_some_and(|flush| flush.held.is_empty() && flush.deliveries.iter().all(has_ended))
    }

    /// Whether an attempt to tell of it is out.
    pub fn has_attempt_in_flight(&self) -> bool {
        let in_flight = |delivery: &Delivery| matches!(delivery.state, DeliveryState::InFlight(_));
        let of_flush = self.flush.as_ref();
        !self.still_out().is_empty()
            || of_flush.is_some_and(|flush| flush.deliveries.iter().any(in_flight))
    }
}
