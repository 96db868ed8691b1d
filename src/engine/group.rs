//! One group: the alerts of a route with equal group labels, and the flush that notifies about them.
//!
//! PURE. Owns the state of a group and the times it waits for. `flush.rs` owns what happens at those times.
//! Runs on the dispatch thread.
//!
//! ```text
//!           group_wait over           all deliveries ended, or none due
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

/// Names a group. Slots are reused, but no two groups ever have the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupId {
    /// The slot in the table of groups.
    pub slot: u32,
    /// How many groups used the slot before.
    pub generation: u32,
}

/// A group that exists.
#[derive(Debug)]
pub struct Group {
    /// The route that it belongs to.
    pub route: RouteIndex,
    /// The `groupKey` of its notifications.
    pub key: Arc<str>,
    /// The labels that all its alerts share.
    pub labels: Labels,
    /// Fingerprint of those labels.
    pub fingerprint: Fingerprint,
    /// Its alerts. A resolved alert stays until a flush has succeeded.
    pub members: Members,
    /// The nominal time of its next flush.
    pub due_at: Mono,
    /// The time that its alarm is armed for; `None` if it is not armed.
    pub armed_for: Option<Mono>,
    /// Whether its first flush has begun.
    pub has_flushed: bool,
    /// The flush under way; boxed, because most groups have none.
    pub flush: Option<Box<Flush>>,
    /// The names of the time intervals that muted its last flush, if that flush reached their stage.
    pub muted_by: Box<[Arc<str>]>,
    /// Unfinished work of earlier flushes; boxed, because most groups have none.
    pub unfinished: Option<Box<Unfinished>>,
    /// When a flush that the end of the previous run interrupted is to resume.
    pub resumes_at: Option<Mono>,
    /// What its last record says; `None` if it has not been recorded.
    pub recorded: Option<Recorded>,
}

/// The last record of a group, reduced to what is needed to decide whether it still holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// When the next flush was due. The ticks after it follow at whole intervals.
    pub due_at: Wall,
    /// A digest of all other parts of the record.
    pub rest: u64,
}

/// The unfinished work of earlier flushes.
#[derive(Debug, Default)]
pub struct Unfinished {
    /// Deliveries that the next flush continues.
    pub carried_over: Vec<CarriedOver>,
    /// Attempts in flight whose flush has ended.
    pub still_out: Vec<StillOut>,
}

/// A flush under way. It ends when all its deliveries have ended.
#[derive(Debug)]
pub struct Flush {
    /// When the flush ends at the latest, and hands unfinished deliveries over to the next one.
    pub deadline: Mono,
    /// One delivery for each webhook that is notified.
    pub deliveries: Vec<Delivery>,
    /// Positions of the webhooks that still have an attempt of an earlier flush in flight. They are notified
    /// after that attempt has ended, so that no older notification can arrive after a newer one.
    pub held: Vec<usize>,
    /// Alerts that had resolved at the snapshot. They leave the group if the flush succeeds.
    pub resolved: Vec<Arc<Alert>>,
    /// Whether a delivery of this flush has failed or was left unfinished.
    pub has_failed: bool,
}

impl Group {
    /// Attempts in flight whose flush has ended.
    pub fn still_out(&self) -> &[StillOut] {
        let unfinished = self.unfinished.as_ref();
        unfinished.map_or(&[], |unfinished| &unfinished.still_out)
    }

    /// The deliveries that the next flush continues.
    pub fn carried_over(&self) -> &[CarriedOver] {
        let unfinished = self.unfinished.as_ref();
        unfinished.map_or(&[], |unfinished| &unfinished.carried_over)
    }

    /// Hands a delivery over to the next flush.
    pub fn carry_over(&mut self, over: CarriedOver) {
        let unfinished = self.unfinished.get_or_insert_default();
        unfinished.carried_over.push(over);
    }

    /// Takes the deliveries that the flush which begins has to continue.
    pub fn take_carried_over(&mut self) -> Vec<CarriedOver> {
        let left = self.unfinished.as_mut();
        let taken = left.map(|left| std::mem::take(&mut left.carried_over));
        self.unfinished.take_if(|left| left.still_out.is_empty());
        taken.unwrap_or_default()
    }

    /// Forgets an attempt that has ended. Returns whether its flush had ended before it.
    pub fn remove_still_out(&mut self, attempt: AttemptId) -> bool {
        let Some(left) = &mut self.unfinished else {
            return false;
        };
        let position = left.still_out.iter().position(|out| out.attempt == attempt);
        position
            .map(|position| left.still_out.remove(position))
            .is_some()
    }

    /// When the next flush begins: a resumed one, or the one that is due.
    pub fn looks_at(&self) -> Mono {
        self.resumes_at
            .map_or(self.due_at, |at| at.min(self.due_at))
    }

    /// When the group needs attention next, unless an outcome comes before: the time of its alarm.
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

    /// Whether a flush is under way and all its deliveries have ended, with no webhook held.
    pub fn has_ended_flush(&self) -> bool {
        let has_ended = |delivery: &Delivery| delivery.state == DeliveryState::Ended;
        self.flush
            .as_ref()
            .is_some_and(|flush| flush.held.is_empty() && flush.deliveries.iter().all(has_ended))
    }

    /// Whether an attempt for this group is in flight.
    pub fn has_attempt_in_flight(&self) -> bool {
        let in_flight = |delivery: &Delivery| matches!(delivery.state, DeliveryState::InFlight(_));
        let of_flush = self.flush.as_ref();
        !self.still_out().is_empty()
            || of_flush.is_some_and(|flush| flush.deliveries.iter().any(in_flight))
    }
}
