//! The dispatcher's way to the journal.
//!
//! Owns what was recorded and promised and not handed over yet. Never waits: while the journal has
//! no room it collects, up to a bound; past that it lets everything go and hands over the whole
//! state once there is room. Without a journal every promise is kept at once. Runs on the dispatch
//! thread.

use std::sync::Arc;

use crossbeam_channel::{Sender, TrySendError};

use super::promise::{NotKept, Promise};
use crate::engine::{Record, Sizes};
use crate::journal::Batch;
use crate::limits;
use crate::model::Wall;

/// The way to the journal, if there is one.
#[derive(Debug)]
pub struct Outlet {
    batches: Option<Sender<Batch>>,
    records: Vec<Record>,
    promises: Vec<Promise>,
    is_everything: bool,
    /// Whether records were let go, so that only the whole state is of use.
    has_gap: bool,
}

impl Outlet {
    /// A way to the journal that takes these batches.
    pub fn new(batches: Option<Sender<Batch>>) -> Self {
        Outlet {
            batches,
            records: Vec::new(),
            promises: Vec::new(),
            is_everything: false,
            has_gap: false,
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
        let has_room = |batches: &Sender<Batch>| !batches.is_full();
        self.has_gap && self.batches.as_ref().is_some_and(has_room)
    }

    /// Hands over what there is, if there is room.
    pub fn deliver(&mut self, now: Wall, sizes: Sizes) {
        let Some(batch) = self.pack(now, sizes) else {
            return;
        };
        let Some(batches) = &self.batches else { return };
        match batches.try_send(batch) {
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

    fn pack(&mut self, now: Wall, sizes: Sizes) -> Option<Batch> {
        if self.records.is_empty() && self.promises.is_empty() && !self.is_everything {
            return None;
        }
        Some(Batch {
            at: now,
            records: std::mem::take(&mut self.records),
            is_everything: std::mem::take(&mut self.is_everything),
            sizes,
            promises: std::mem::take(&mut self.promises),
        })
    }

    /// The channel that has to have room before the rest can be handed over, if there is any.
    pub fn blocked_on(&self) -> Option<&Sender<Batch>> {
        let waits = self.has_gap || self.is_everything || !self.records.is_empty();
        self.batches
            .as_ref()
            .filter(|_| waits || !self.promises.is_empty())
    }
}

fn behind() -> NotKept {
    NotKept(Arc::from("the disk is too slow for what comes in"))
}
