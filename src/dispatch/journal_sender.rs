//! Sends the dispatcher's records and pending acknowledgements to the journal, in batches.
//!
//! Owns the records and acknowledgements that are not sent yet.
//!
//! A batch with an acknowledgement goes out at the end of the turn. Records that no client waits for are
//! held for up to [`limits::RECORDS_HELD`], to go with the next batch: each batch wakes a thread and is a
//! write. Measured: without the hold, notifying 20,000 groups takes 16 to 60 % more CPU.
//!
//! Never blocks. While the channel to the journal is full, records collect here, up to
//! [`limits::UNWRITTEN_RECORDS`]. Beyond that all of them are dropped, acknowledgements fail, and the whole
//! state is sent once there is room. Without a journal every acknowledgement is given at once. Runs on the
//! dispatch thread.

use std::sync::Arc;

use crossbeam_channel::{Sender, TrySendError};

use super::pending_ack::{NotStored, PendingAck};
use crate::engine::{Record, Sizes};
use crate::journal::Batch;
use crate::limits;
use crate::model::{Mono, Now};
use crate::waker::WakingSender;

/// The sender to the journal.
#[derive(Debug)]
pub struct JournalSender {
    /// `None` without a journal, and after the journal has ended.
    batches: Option<WakingSender<Batch>>,
    records: Vec<Record>,
    pending_acks: Vec<PendingAck>,
    /// Whether `records` begin with the whole state, as [`Batch::is_everything`] says.
    is_everything: bool,
    /// Whether records were dropped, so that the journal needs the whole state.
    has_gap: bool,
    /// When the hold of the records ends; `None` until [`JournalSender::start_hold`].
    held_until: Option<Mono>,
    /// Whether the channel was full at the last attempt to send.
    is_blocked: bool,
}

impl JournalSender {
    /// A sender to the journal thread that receives from `batches`.
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

    /// Adds a record to the next batch.
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

    /// Adds an acknowledgement, which is given once all records so far are in the journal.
    pub fn acknowledge_once_stored(&mut self, ack: PendingAck) {
        if self.batches.is_none() {
            return ack.acknowledge();
        }
        if self.has_gap {
            return ack.fail(&behind());
        }
        self.pending_acks.push(ack);
    }

    /// Replaces the records so far with the whole state.
    pub fn record_everything(&mut self, records: Vec<Record>) {
        self.records = records;
        self.is_everything = true;
        self.has_gap = false;
    }

    /// Whether the journal needs the whole state, because records were dropped, and has room for it.
    pub fn wants_everything(&self) -> bool {
        let has_room = |batches: &WakingSender<Batch>| !batches.channel().is_full();
        self.has_gap && self.batches.as_ref().is_some_and(has_room)
    }

    /// Sends one batch if it is due and there is room. If it is not due, starts the hold.
    pub fn deliver(&mut self, now: Now, sizes: Sizes) {
        if !self.has_something() {
            return;
        }
        self.start_hold(now.mono);
        if self.is_due(now.mono) {
            self.deliver_all(now, sizes);
        }
    }

    /// Sends one batch now, held or not, if there is room.
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
            // No room: take everything back, for the next attempt.
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

    /// When to call [`JournalSender::deliver`] again at the latest. `None` while nothing is held, and while
    /// the channel is full, since then room is what matters.
    pub fn held_until(&self) -> Option<Mono> {
        self.held_until.filter(|_| !self.is_blocked)
    }

    fn has_something(&self) -> bool {
        self.is_everything || !self.records.is_empty() || !self.pending_acks.is_empty()
    }

    /// Starts the hold, unless it has started already.
    fn start_hold(&mut self, now: Mono) {
        self.held_until.get_or_insert(now + limits::RECORDS_HELD);
    }

    /// Whether the batch must not be held any longer.
    fn is_due(&self, now: Mono) -> bool {
        self.is_blocked
            || self.is_everything
            || !self.pending_acks.is_empty()
            || self.held_until.is_some_and(|until| now >= until)
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

    /// The channel, if records or the whole state wait for room in it.
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
