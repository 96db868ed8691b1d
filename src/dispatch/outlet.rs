//! The dispatcher's way to the journal.
//!
//! Owns what was recorded and promised and not handed over yet. What nobody was promised anything
//! about goes out with what comes next, or after [`limits::RECORDS_HELD`], since each hand-over wakes
//! a thread and is a write: without that, telling 20,000 groups takes 16 to 60 % more CPU, as measured. Never
//! waits: while the journal has no room it collects, up to a bound; past that it lets everything go and
//! hands over the whole state once there is room. Without a journal every promise is kept at once. Runs
//! on the dispatch thread.

use std::sync::Arc;

use crossbeam_channel::{Sender, TrySendError};

use super::promise::{NotKept, Promise};
use crate::bell::RingingSender;
use crate::engine::{Record, Sizes};
use crate::journal::Batch;
use crate::limits;
use crate::model::{Mono, Now};

/// The way to the journal, if there is one.
#[derive(Debug)]
pub struct Outlet {
    batches: Option<RingingSender<Batch>>,
    records: Vec<Record>,
    promises: Vec<Promise>,
    is_everything: bool,
    /// Whether records were let go, so that only the whole state is of use.
    has_gap: bool,
    /// When to hand over what is there although nobody waits for it.
    held_until: Option<Mono>,
    is_blocked: bool,
}

impl Outlet {
    /// A way to the journal that takes these batches.
    pub fn new(batches: Option<RingingSender<Batch>>) -> Self {
        Outlet {
            batches,
            records: Vec::new(),
            promises: Vec::new(),
            is_everything: false,
            has_gap: false,
            held_until: None,
            is_blocked: false,
        }
    }

    /// Takes a change that has to be kept.
    pub fn record(&mut self, record: Record) {
        if self.batches.is_none() || self.has_gap {
            return;
        }
        self.records.push(record);
        if self.records.len() >= limits::UNWRITTEN_RECORDS && !self.is_everything {
            self.records = Vec::new();
            self.has_gap = true;
        }
    }

    /// Takes an answer that waits for all that was recorded so far.
    pub fn promise(&mut self, promise: Promise) {
        if self.batches.is_none() {
            return promise.keep();
        }
        if self.has_gap {
            return promise.fail(&behind());
        }
        self.promises.push(promise);
    }

    /// Takes the whole state, in place of what was recorded so far.
    pub fn record_everything(&mut self, records: Vec<Record>) {
        self.records = records;
        self.is_everything = true;
        self.has_gap = false;
    }

    /// Whether only the whole state is of use to the journal now, and it has room for it.
    pub fn wants_everything(&self) -> bool {
        let has_room = |batches: &RingingSender<Batch>| !batches.channel().is_full();
        self.has_gap && self.batches.as_ref().is_some_and(has_room)
    }

    /// Hands over what there is, if it is time to and there is room.
    pub fn deliver(&mut self, now: Now, sizes: Sizes) {
        if self.has_something() && self.is_time(now.mono) {
            self.deliver_all(now, sizes);
        }
    }

    /// Hands over what there is, if there is room.
    pub fn deliver_all(&mut self, now: Now, sizes: Sizes) {
        let Some(batch) = self.pack(now, sizes) else {
            return;
        };
        let Some(batches) = &self.batches else { return };
        self.held_until = None;
        let sent = batches.try_send(batch);
        self.is_blocked = matches!(sent, Err(TrySendError::Full(_)));
        match sent {
            Ok(()) => {}
            Err(TrySendError::Full(batch)) => {
                self.records = batch.records;
                self.is_everything = batch.is_everything;
                self.promises = batch.promises;
            }
            Err(TrySendError::Disconnected(batch)) => {
                self.batches = None;
                let ended = NotKept("the journal has ended".into());
                batch
                    .promises
                    .into_iter()
                    .for_each(|promise| promise.fail(&ended));
            }
        }
    }

    /// When to call [`Outlet::deliver`] again, whatever else happens.
    pub fn held_until(&self) -> Option<Mono> {
        self.held_until.filter(|_| !self.is_blocked)
    }

    fn has_something(&self) -> bool {
        self.is_everything || !self.records.is_empty() || !self.promises.is_empty()
    }

    fn is_time(&mut self, now: Mono) -> bool {
        let held_until = now + limits::RECORDS_HELD;
        let held_until = *self.held_until.get_or_insert(held_until);
        self.is_blocked
            || self.is_everything
            || !self.promises.is_empty()
            || now >= held_until
            || self.records.len() >= limits::RECORDS_HELD_AT_MOST
    }

    fn pack(&mut self, now: Now, sizes: Sizes) -> Option<Batch> {
        if !self.has_something() {
            return None;
        }
        Some(Batch {
            at: now.wall,
            records: std::mem::take(&mut self.records),
            is_everything: std::mem::take(&mut self.is_everything),
            sizes,
            promises: std::mem::take(&mut self.promises),
        })
    }

    /// The channel that has to have room before the rest can be handed over, if there is any.
    pub fn blocked_on(&self) -> Option<&Sender<Batch>> {
        let waits = self.is_blocked || self.has_gap;
        let batches = self.batches.as_ref().filter(|_| waits);
        batches.map(RingingSender::channel)
    }
}

fn behind() -> NotKept {
    NotKept(Arc::from("the disk is too slow for what comes in"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bell::{self, Bell};
    use crate::engine::GroupName;
    use crate::model::{Fingerprint, Wall};

    fn record() -> Record {
        Record::GroupRemoved(GroupName {
            route: 1,
            labels: Fingerprint(2),
        })
    }

    fn at(mono: Mono) -> Now {
        let wall = Wall::MAX;
        Now { mono, wall }
    }

    #[test]
    fn what_nobody_was_promised_waits_for_company_but_not_for_long() {
        let (journal, batches) = bell::channel(1, &Bell::default());
        let mut outlet = Outlet::new(Some(journal));
        let sizes = Sizes::default();
        for _ in 0..3 {
            outlet.record(record());
            outlet.deliver(at(Mono::START), sizes);
        }
        assert!(batches.is_empty());
        assert_eq!(
            outlet.held_until(),
            Some(Mono::START + limits::RECORDS_HELD)
        );
        outlet.deliver(at(Mono::START + limits::RECORDS_HELD), sizes);
        let batch = batches.try_recv().expect("their time is over");
        assert_eq!(batch.records.len(), 3);
        assert_eq!(outlet.held_until(), None, "nothing is left to wake for");
    }

    #[test]
    fn what_the_journal_has_no_room_for_goes_out_once_it_has() {
        let (journal, batches) = bell::channel(1, &Bell::default());
        let mut outlet = Outlet::new(Some(journal));
        let sizes = Sizes::default();
        for _ in 0..2 {
            outlet.record(record());
            outlet.deliver_all(at(Mono::START), sizes);
        }
        assert!(outlet.blocked_on().is_some_and(Sender::is_full));
        assert_eq!(outlet.held_until(), None, "room is what it waits for");
        let first = batches.try_recv().expect("the first one");
        assert_eq!(first.records.len(), 1);
        outlet.deliver(at(Mono::START), sizes);
        let second = batches.try_recv().expect("the second one");
        assert_eq!(second.records.len(), 1);
        assert!(outlet.blocked_on().is_none());
    }
}
