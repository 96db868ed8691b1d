//! Carries out the engine's effects: each goes to the timer, a worker, the journal, or the log and metrics.
//!
//! Owns the senders to timer, workers and journal. Never blocks. Runs on the dispatch thread.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::Select;

use super::timer_sender::TimerSender;

use super::journal_sender::JournalSender;
use super::pending_ack::PendingAck;
use super::pool::WorkerPool;
use super::report::{self, SilenceLog};
use crate::engine::{Effect, Record, Sizes};
use crate::model::{Mono, Now};
use crate::telemetry::metrics::Metrics;
use crate::timer::Command;

/// All outbound channels of the dispatcher.
#[derive(Debug)]
pub struct EffectRunner {
    alarms: TimerSender,
    pool: WorkerPool,
    journal: JournalSender,
    metrics: Arc<Metrics>,
    silence_log: SilenceLog,
    /// How long the engine took for the current input.
    took: Duration,
}

impl EffectRunner {
    /// A runner that sends to this timer, these workers and this journal.
    pub fn new(
        alarms: TimerSender,
        pool: WorkerPool,
        journal: JournalSender,
        metrics: Arc<Metrics>,
        silence_log: SilenceLog,
    ) -> Self {
        EffectRunner {
            alarms,
            pool,
            journal,
            metrics,
            silence_log,
            took: Duration::ZERO,
        }
    }

    /// Sets how long the engine took for the input whose effects come next.
    pub fn decided_in(&mut self, took: Duration) {
        self.took = took;
    }

    /// Carries out one effect. Panics on one that answers the current request: the dispatcher handles those.
    pub fn carry(&mut self, effect: Effect) {
        match effect {
            Effect::Arm { alarm, at } => self.alarms.command(Command::Arm(alarm, at)),
            Effect::Disarm(alarm) => self.alarms.command(Command::Disarm(alarm)),
            Effect::Send(job) => self.pool.begin(job),
            Effect::Record(record) => self.journal.record(record),
            Effect::Note(note) => report::report(&note, &self.metrics, self.silence_log, self.took),
            Effect::Refuse(_)
            | Effect::RefuseBatch(_)
            | Effect::SilenceAnswer(_)
            | Effect::BeatAnswer(_) => {
                unreachable!("these answer the request in hand")
            }
        }
    }

    /// Gives an answer once all records so far are in the journal.
    pub fn acknowledge_once_stored(&mut self, ack: PendingAck) {
        self.journal.acknowledge_once_stored(ack);
    }

    /// Has the whole state go to the journal, instead of the records that wait for it.
    pub fn record_everything(&mut self, records: Vec<Record>) {
        self.journal.record_everything(records);
    }

    /// Sends the waiting commands to the timer and the due records to the journal, as far as there is room.
    pub fn deliver(&mut self, now: Now, sizes: Sizes) {
        self.alarms.deliver();
        self.journal.deliver(now, sizes);
    }

    /// When to call [`EffectRunner::deliver`] again at the latest; `None` while nothing is held.
    pub fn held_until(&self) -> Option<Mono> {
        self.journal.held_until()
    }

    /// Sends all records to the journal now, held or not, if it has room.
    pub fn deliver_records(&mut self, now: Now, sizes: Sizes) {
        self.journal.deliver_all(now, sizes);
    }

    /// Whether the journal needs the whole state now, because records were dropped, and has room for it.
    pub fn journal_wants_everything(&self) -> bool {
        self.journal.wants_everything()
    }

    /// Whether commands or records wait for room in the channel to the timer or the journal.
    pub fn is_blocked(&self) -> bool {
        self.alarms.blocked_on().is_some() || self.is_journal_blocked()
    }

    /// Whether records wait for room in the channel to the journal.
    pub fn is_journal_blocked(&self) -> bool {
        self.journal.blocked_on().is_some()
    }

    /// Adds to `select` each channel that has to get room.
    pub fn select_room<'a>(&'a self, select: &mut Select<'a>) {
        if let Some(commands) = self.alarms.blocked_on() {
            select.send(commands);
        }
        if let Some(batches) = self.journal.blocked_on() {
            select.send(batches);
        }
    }

    /// Counts an alert that was refused as invalid.
    pub fn count_invalid(&self) {
        self.metrics.alert_invalid();
    }

    /// Notes that a worker has finished its attempt, and so takes its next job.
    pub fn attempt_ended(&mut self, worker: usize) {
        self.pool.release(worker);
    }

    /// Notes that a worker was idle for [`limits::WORKER_IDLE`](crate::limits::WORKER_IDLE), and lets it end
    /// if enough others stay.
    pub fn worker_is_idle(&mut self, worker: usize) {
        self.pool.retire(worker);
    }

    /// The threads of all workers that may still run.
    pub fn into_threads(self) -> Vec<JoinHandle<()>> {
        self.pool.into_threads()
    }

    /// The number of attempts under way, those that wait for a thread included.
    pub fn attempts_out(&self) -> usize {
        self.pool.out()
    }

    /// Hangs up on timer and workers. They finish their current work and end.
    pub fn hang_up(&mut self) {
        self.alarms.hang_up();
        self.pool.hang_up();
    }
}
