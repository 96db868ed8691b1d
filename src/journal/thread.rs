//! The journal thread: appends records to the write-ahead log, with group commit.
//!
//! Group commit: all batches that wait are written in one write (and, with `--storage.sync=always`, one
//! sync). Then all of their acknowledgements are given.
//!
//! Owns the records that are not written yet, the acknowledgements that wait for them, and the reaction to
//! a disk that cannot be written. Blocks on writes only; on syncs only with `--storage.sync=always`. Parks
//! while there is nothing to record. Ends when the dispatcher has hung up.

use std::io;
use std::sync::Arc;

use crossbeam_channel::{Receiver, TryRecvError};

use super::Batch;
use super::compaction::CompactionError;
use super::compactor::{Compactor, Report};
use super::frame::Frames;
use super::messages;
use super::sync::{SyncJob, SyncReport};
use super::trouble::{Missing, Trouble, Try};
use super::writer::{Failure, Writer};
use crate::clock::Clock;
use crate::dispatch::inbox::{Event, JournalNews};
use crate::dispatch::pending_ack::{NotStored, PendingAck};
use crate::engine::Record;
use crate::limits;
use crate::model::{Mono, Wall};
use crate::telemetry::health::Health;
use crate::telemetry::metrics::{Metrics, Store};
use crate::waker::{Waker, WakingSender};

/// The journal thread's ends of its channels.
#[derive(Debug)]
pub struct Channels {
    /// Batches from the dispatcher.
    pub batches: Receiver<Batch>,
    /// Events to the dispatcher.
    pub events: WakingSender<Event>,
    /// Jobs to the sync thread and reports from it; `None` if there is no such thread.
    pub syncs: Option<(WakingSender<SyncJob>, Receiver<SyncReport>)>,
    /// Wakes the journal thread for a batch, a sync report or a compaction report.
    pub waker: Waker,
}

/// Where the journal reports its health, and the clock.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// The metrics of the journal.
    pub metrics: Arc<Metrics>,
    /// The health that `/-/ready` reports.
    pub health: Arc<Health>,
    /// The clock for retries, syncs and compactions.
    pub clock: Clock,
}

/// The journal, while its thread runs.
#[derive(Debug)]
pub struct Thread {
    writer: Writer,
    channels: Channels,
    surroundings: Surroundings,
    /// Records that are not written yet, encoded.
    frames: Frames,
    /// Acknowledgements that wait for `frames`.
    pending_acks: Vec<PendingAck>,
    /// `Some` while the journal cannot write.
    trouble: Option<Trouble>,
    /// Whether the dispatcher was asked for the whole state because files are damaged or unreadable. The
    /// journal can still write then.
    has_asked: bool,
    compactor: Compactor,
}

/// What woke the thread.
enum News {
    Batch(Batch),
    Synced(SyncReport),
    Compacted(Report),
    Time,
    HungUp,
}

impl Thread {
    /// The journal that `writer` writes. It begins a segment at once, to find out whether the disk can be
    /// written.
    pub fn new(writer: Writer, channels: Channels, surroundings: Surroundings) -> Self {
        let mut thread = Thread {
            compactor: Compactor::new(surroundings.clock, channels.waker.clone()),
            writer,
            channels,
            frames: Frames::new(),
            pending_acks: Vec::new(),
            trouble: None,
            has_asked: false,
            surroundings,
        };
        thread.write();
        thread.show();
        thread
    }

    /// Serves until the dispatcher hangs up. The body of the journal thread.
    pub fn run(mut self) {
        self.channels.waker.register_current_thread();
        if self.writer.is_damaged() {
            self.ask();
        }
        self.compact_if_due();
        loop {
            match self.await_news() {
                News::Batch(batch) => self.take_all(batch),
                News::Synced(report) => {
                    if let Err(failure) = self.writer.synced(report) {
                        self.fail(failure);
                    }
                }
                News::Compacted(report) => self.compacted(report),
                News::Time => {}
                News::HungUp => break,
            }
            self.do_what_is_due();
            self.show();
        }
        self.close();
    }

    fn await_news(&self) -> News {
        let clock = self.surroundings.clock;
        let due_at = self.due_at();
        loop {
            if let Some(news) = self.next_news() {
                return news;
            }
            let Some(due_at) = due_at else {
                self.channels.waker.sleep();
                continue;
            };
            let left = due_at.since(clock.mono());
            if left.is_zero() {
                return News::Time;
            }
            self.channels.waker.sleep_for(left);
        }
    }

    fn due_at(&self) -> Option<Mono> {
        let retry_at = self.trouble.as_ref().and_then(Trouble::retry_at);
        let sync_at = self.writer.sync_due_at();
        retry_at.into_iter().chain(sync_at).min()
    }

    /// The next message, if there is one. Reports come before batches, since they are few.
    fn next_news(&self) -> Option<News> {
        let syncs = self.channels.syncs.as_ref();
        match syncs.map(|(_, synced)| synced.try_recv()) {
            Some(Ok(report)) => return Some(News::Synced(report)),
            Some(Err(TryRecvError::Disconnected)) => return Some(News::HungUp),
            Some(Err(TryRecvError::Empty)) | None => {}
        }
        match self.compactor.reports().try_recv() {
            Ok(report) => return Some(News::Compacted(report)),
            Err(TryRecvError::Disconnected) => return Some(News::Compacted(Err(ended_early()))),
            Err(TryRecvError::Empty) => {}
        }
        match self.channels.batches.try_recv() {
            Ok(batch) => Some(News::Batch(batch)),
            Err(TryRecvError::Disconnected) => Some(News::HungUp),
            Err(TryRecvError::Empty) => None,
        }
    }

    /// Group commit: takes `first` and all batches that wait, and writes them together.
    fn take_all(&mut self, first: Batch) {
        self.take(first);
        for _ in 0..limits::BATCHES {
            let Ok(batch) = self.channels.batches.try_recv() else {
                break;
            };
            self.take(batch);
        }
        self.write();
    }

    /// Encodes a batch, and queues its acknowledgements for the write. While the journal cannot write, the
    /// acknowledgements fail at once, and the records are kept only if memory may still hold them.
    fn take(&mut self, batch: Batch) {
        self.writer.set_sizes(batch.sizes);
        if batch.is_everything {
            return self.take_everything(batch);
        }
        let Some(trouble) = &self.trouble else {
            self.pending_acks.extend(batch.pending_acks);
            self.frame(batch.at, &batch.records);
            if self.frames.len() >= limits::WRITE_BYTES {
                self.write();
            }
            return;
        };
        let is_kept = trouble.missing() == Missing::Bytes;
        let why = trouble.why().clone();
        self.pending_acks.extend(batch.pending_acks);
        self.fail_promises(&why);
        if is_kept {
            self.frame(batch.at, &batch.records);
            self.keep_within_bounds();
        }
    }

    fn frame(&mut self, at: Wall, records: &[Record]) {
        self.frames.push_batch(at, records);
        messages::log_left_out(self.frames.take_left_out());
    }

    /// Writes the whole state as a snapshot. It contains the records that are not written yet, so those are
    /// dropped, but their acknowledgements wait for the snapshot.
    fn take_everything(&mut self, batch: Batch) {
        self.compactor.cancel();
        self.discard_unwritten();
        self.pending_acks.extend(batch.pending_acks);
        match self.writer.replace(batch.at, &batch.records) {
            Ok(()) => {
                self.has_asked = false;
                self.end_trouble();
                self.pending_acks
                    .drain(..)
                    .for_each(PendingAck::acknowledge);
            }
            Err(failure) => self.fail(failure),
        }
    }

    /// Writes all encoded records in one write, then gives their acknowledgements.
    fn write(&mut self) {
        if self.trouble.is_some() {
            return;
        }
        match self.writer.append(&self.frames) {
            Ok(()) => {
                self.discard_unwritten();
                self.pending_acks
                    .drain(..)
                    .for_each(PendingAck::acknowledge);
                self.compact_if_due();
            }
            Err(failure) => self.fail(failure),
        }
    }

    /// Drops the records that are not written yet.
    fn discard_unwritten(&mut self) {
        self.frames.clear();
    }

    /// Handles a failed write or sync: fails the acknowledgements, begins or prolongs the trouble, and
    /// notifies the dispatcher if the reason is new.
    fn fail(&mut self, failure: Failure) {
        let why = messages::not_stored(self.writer.directory().path(), &failure.error);
        self.fail_promises(&why);
        let now = self.surroundings.clock.mono();
        let is_news = match &mut self.trouble {
            Some(trouble) => {
                let is_news = *trouble.why() != why;
                trouble.try_failed(why.clone(), now);
                if failure.missing != Missing::Bytes {
                    trouble.lose();
                }
                is_news
            }
            None => {
                self.trouble = Some(Trouble::begin(why.clone(), failure.missing, now));
                log::error!(err = &*why.0; "Cannot write the journal; notifications continue from memory");
                true
            }
        };
        self.keep_within_bounds();
        if is_news {
            self.surroundings.health.set(Some(Arc::clone(&why.0)));
            self.surroundings.metrics.journal().set_trouble(true);
            self.tell(JournalNews::Trouble(why));
        }
    }

    /// Drops the unwritten records once they exceed [`limits::UNWRITTEN_BYTES`], or once only the whole
    /// state is of use.
    fn keep_within_bounds(&mut self) {
        let Some(trouble) = &mut self.trouble else {
            return;
        };
        if self.frames.len() > limits::UNWRITTEN_BYTES {
            trouble.lose();
        }
        if trouble.missing() != Missing::Bytes {
            self.discard_unwritten();
        }
    }

    fn end_trouble(&mut self) {
        if self.trouble.take().is_some() {
            log::info!("The journal can be written again and is complete");
            self.surroundings.health.set(None);
            self.surroundings.metrics.journal().set_trouble(false);
            self.tell(JournalNews::Well);
        }
    }

    fn fail_promises(&mut self, why: &NotStored) {
        let journal = self.surroundings.metrics.journal();
        journal.promises_failed(self.pending_acks.len());
        self.pending_acks.drain(..).for_each(|ack| ack.fail(why));
    }

    /// Starts a sync and retries the disk, if their times have come.
    fn do_what_is_due(&mut self) {
        let now = self.surroundings.clock.mono();
        if let Some((syncs, _)) = &self.channels.syncs
            && let Some(job) = self.writer.due_sync(now)
        {
            // One sync is under way at a time, so the channel has room unless the thread has ended.
            let _ = syncs.try_send(job);
        }
        match self
            .trouble
            .as_ref()
            .and_then(|trouble| trouble.next_try(now))
        {
            Some(Try::Bytes) => self.try_bytes(),
            Some(Try::Room) => self.try_room(),
            None => {}
        }
    }

    /// Tries to write the records that are kept in memory. If that succeeds, the trouble is over.
    fn try_bytes(&mut self) {
        match self.writer.append(&self.frames) {
            Ok(()) => {
                self.discard_unwritten();
                self.end_trouble();
            }
            Err(failure) => self.fail(failure),
        }
    }

    /// Checks whether a snapshot would fit on the disk, and if so asks the dispatcher for the whole state.
    fn try_room(&mut self) {
        if let Err(error) = self.writer.look_for_room() {
            let missing = Missing::Everything;
            return self.fail(Failure { error, missing });
        }
        if let Some(trouble) = &mut self.trouble {
            trouble.asked();
        }
        self.tell(JournalNews::WantsEverything);
    }

    fn compact_if_due(&mut self) {
        if self.has_asked
            || self.trouble.is_some()
            || !self.compactor.may_begin(self.writer.bytes())
        {
            return;
        }
        if let Some(job) = self.writer.due_compaction() {
            self.compactor.begin(job, Arc::clone(self.writer.disk()));
        }
    }

    fn compacted(&mut self, report: Report) {
        let has_failed = !matches!(report, Ok(_) | Err(CompactionError::Cancelled));
        let ended = self.compactor.ended(has_failed, self.writer.bytes());
        let journal = self.surroundings.metrics.journal();
        match report {
            Ok(compacted) => {
                let after = compacted.snapshot.bytes;
                journal.compacted(compacted.took, ended.before, after);
                // This snapshot holds both the notification log and the silences, for which Alertmanager has
                // a snapshot each, with metrics each.
                for store in [Store::Nflog, Store::Silences] {
                    let metrics = &self.surroundings.metrics;
                    metrics.snapshot_taken(store, compacted.took, after);
                }
                log::debug!(before = ended.before, after = after; "Journal compacted");
                self.writer.compacted(compacted);
            }
            Err(CompactionError::Cancelled) => {}
            Err(error) => {
                journal.compaction_failed();
                for store in [Store::Nflog, Store::Silences] {
                    self.surroundings.metrics.snapshot_failed(store);
                }
                if ended.is_first_failure {
                    log::warn!(err:% = error; "Cannot compact the journal, which grows; this is tried again");
                }
                self.ask_if_unreadable(&error);
            }
        }
    }

    /// Asks for the whole state if a compaction could not read its input: the dispatcher still has in
    /// memory what the damaged file held.
    fn ask_if_unreadable(&mut self, error: &CompactionError) {
        if error.is_of_what_was_read() && self.trouble.is_none() && !self.has_asked {
            self.ask();
        }
    }

    fn ask(&mut self) {
        self.has_asked = true;
        self.tell(JournalNews::WantsEverything);
    }

    /// Notifies the dispatcher. This may block until there is room, without a deadlock, since the dispatcher
    /// never waits for the journal. It fails only if the dispatcher has ended.
    fn tell(&self, news: JournalNews) {
        let _ = self.channels.events.send(Event::Journal(news));
    }

    fn show(&self) {
        let journal = self.surroundings.metrics.journal();
        journal.holds(self.writer.bytes(), self.writer.files());
        journal.unwritten(self.frames.len());
    }

    /// The last write and sync, after the dispatcher has hung up.
    fn close(mut self) {
        match self.trouble.as_ref().map(Trouble::missing) {
            None => self.write(),
            Some(Missing::Bytes) => self.try_bytes(),
            Some(Missing::Everything | Missing::Asked) => {}
        }
        let synced = self.writer.sync_all();
        if let Some(trouble) = &self.trouble {
            log::error!(err = &*trouble.why().0; "Stopped; some changes could not be written");
        } else if let Err(error) = synced {
            log::error!(err:% = error; "Stopped; some changes may not be on disk");
        }
        self.compactor.close();
        log::debug!("Journal stopped");
    }
}

/// The error of a compaction whose thread has ended without a report.
fn ended_early() -> CompactionError {
    CompactionError::Io(io::Error::other("its thread has ended"))
}
