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

use super::pending_ack::{NotStored, PendingAck};
use crate::engine::{Record, Sizes};
use crate::journal::Batch;
use crate::limits;
use crate::model::{Mono, Now};
use crate::waker::WakingSender;

/// The way to the journal, if there is one.
#[derive(Debug)]
pub struct JournalSender {
    batches: Option<WakingSender<Batch>>,
    records: Vec<Record>,
    pending_acks: Vec<PendingAck>,
    is_everything: bool,
    /// Whether records were let go, so that only the whole state is of use.
    has_gap: bool,
    /// When to hand over what is there although nobody waits for it.
    held_until: Option<Mono>,
    is_blocked: bool,
}

impl JournalSender {
    /// A way to the journal that takes these batches.
    pub fn new(batches: Option<WakingSender<Batch>>) -> Self {
        JournalSender {
            batches,
            records: Vec::new(),
            pending_acks: Vec::new(),
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
    pub fn acknowledge_once_stored(&mut self, ack: PendingAck) {
        if self.batches.is_none() {
            return ack.acknowledge();
        }
        if self.has_gap {
            return ack.fail(&behind());
        }
        self.pending_acks.push(ack);
    }

    /// Takes the whole state, in place of what was recorded so far.
    pub fn record_everything(&mut self, records: Vec<Record>) {
        self.records = records;
        self.is_everything = true;
        self.has_gap = false;
    }

    /// Whether only the whole state is of use to the journal now, and it has room for it.
    pub fn wants_everything(&self) -> bool {
        let has_room = |batches: &WakingSender<Batch>| !batches.channel().is_full();
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
                self.pending_acks = batch.pending_acks;
            }
            Err(TrySendError::Disconnected(batch)) => {
                self.batches = None;
                let ended = NotStored("the journal has ended".into());
                batch
                    .pending_acks
                    .into_iter()
                    .for_each(|ack| ack.fail(&ended));
            }
        }
    }

    /// When to call [`JournalSender::deliver`] again, whatever else happens.
    pub fn held_until(&self) -> Option<Mono> {
        self.held_until.filter(|_| !self.is_blocked)
    }

    fn has_something(&self) -> bool {
        self.is_everything || !self.records.is_empty() || !self.pending_acks.is_empty()
    }

    fn is_time(&mut self, now: Mono) -> bool {
        let held_until = now + limits::RECORDS_HELD;
        let held_until = *self.held_until.get_or_insert(held_until);
        self.is_blocked
            || self.is_everything
            || !self.pending_acks.is_empty()
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
            pending_acks: std::mem::take(&mut self.pending_acks),
        })
    }

    /// The channel that has to have room before the rest can be handed over, if there is any.
    pub fn blocked_on(&self) -> Option<&Sender<Batch>> {
        let waits = self.is_blocked || self.has_gap;
        let batches = self.batches.as_ref().filter(|_| waits);
        batches.map(WakingSender::channel)
    }
}

fn behind() -> NotStored {
    NotStored(Arc::from("the disk is too slow for what comes in"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::GroupName;
    use crate::model::{Fingerprint, Wall};
    use crate::waker::{self, Waker};

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
        let (journal, batches) = waker::channel(1, &Waker::default());
        let mut journal = JournalSender::new(Some(journal));
        let sizes = Sizes::default();
        for _ in 0..3 {
            journal.record(record());
            journal.deliver(at(Mono::START), sizes);
        }
        assert!(batches.is_empty());
        assert_eq!(
            journal.held_until(),
            Some(Mono::START + limits::RECORDS_HELD)
        );
        journal.deliver(at(Mono::START + limits::RECORDS_HELD), sizes);
        let batch = batches.try_recv().expect("their time is over");
        assert_eq!(batch.records.len(), 3);
        assert_eq!(journal.held_until(), None, "nothing is left to wake for");
    }

    #[test]
    fn what_the_journal_has_no_room_for_goes_out_once_it_has() {
        let (journal, batches) = waker::channel(1, &Waker::default());
        let mut journal = JournalSender::new(Some(journal));
        let sizes = Sizes::default();
        for _ in 0..2 {
            journal.record(record());
            journal.deliver_all(at(Mono::START), sizes);
        }
        assert!(journal.blocked_on().is_some_and(Sender::is_full));
        assert_eq!(journal.held_until(), None, "room is what it waits for");
        let first = batches.try_recv().expect("the first one");
        assert_eq!(first.records.len(), 1);
        journal.deliver(at(Mono::START), sizes);
        let second = batches.try_recv().expect("the second one");
        assert_eq!(second.records.len(), 1);
        assert!(journal.blocked_on().is_none());
    }
}
