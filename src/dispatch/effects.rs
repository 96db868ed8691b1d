//! Carrying effects out: each goes to the one place that can do it.
//!
//! Owns the ways to timer, workers and journal, and what there is to tell of each effect. Nothing
//! here blocks. Runs on the dispatch thread.

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

/// The way out of the dispatcher.
#[derive(Debug)]
pub struct EffectRunner {
    alarms: TimerSender,
    pool: WorkerPool,
    journal: JournalSender,
    metrics: Arc<Metrics>,
    silence_log: SilenceLog,
    /// How long the engine took for the input in hand.
    took: Duration,
}

impl EffectRunner {
    /// A way out to the timer, to the workers and to the journal.
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

    /// The effects to come are those of an input that the engine took this long for.
    pub fn decided_in(&mut self, took: Duration) {
        self.took = took;
    }

    /// Carries one effect out.
    pub fn carry(&mut self, effect: Effect) {
        match effect {
            Effect::Arm { alarm, at } => self.alarms.command(Command::Arm(alarm, at)),
            Effect::Disarm(alarm) => self.alarms.command(Command::Disarm(alarm)),
            Effect::Send(job) => self.pool.begin(job),
            Effect::Record(record) => self.journal.record(record),
            Effect::Note(note) => report::report(&note, &self.metrics, self.silence_log, self.took),
            Effect::Refuse(_) | Effect::RefuseBatch(_) | Effect::SilenceAnswer(_) => {
                unreachable!("these answer the request in hand")
            }
        }
    }

    /// Gives an answer once what it promises is kept.
    pub fn acknowledge_once_stored(&mut self, ack: PendingAck) {
        self.journal.acknowledge_once_stored(ack);
    }

    /// Hands the whole state to the journal, in place of what waits for it.
    pub fn record_everything(&mut self, records: Vec<Record>) {
        self.journal.record_everything(records);
    }

    /// Hands over what timer and journal are to have, if it is time to and they have room.
    pub fn deliver(&mut self, now: Now, sizes: Sizes) {
        self.alarms.deliver();
        self.journal.deliver(now, sizes);
    }

    /// When to call [`EffectRunner::deliver`] again, whatever else happens.
    pub fn held_until(&self) -> Option<Mono> {
        self.journal.held_until()
    }

    /// Hands over what has been recorded, if the journal has room.
    pub fn deliver_records(&mut self, now: Now, sizes: Sizes) {
        self.journal.deliver_all(now, sizes);
    }

    /// Whether only the whole state is of use to the journal now.
    pub fn journal_wants_everything(&self) -> bool {
        self.journal.wants_everything()
    }

    /// Whether timer or journal have to make room before they can be told the rest.
    pub fn is_blocked(&self) -> bool {
        self.alarms.blocked_on().is_some() || self.is_journal_blocked()
    }

    /// The same for the journal alone.
    pub fn is_journal_blocked(&self) -> bool {
        self.journal.blocked_on().is_some()
    }

    /// Has `select` end once there is room where there has to be.
    pub fn select_room<'a>(&'a self, select: &mut Select<'a>) {
        if let Some(commands) = self.alarms.blocked_on() {
            select.send(commands);
        }
        if let Some(batches) = self.journal.blocked_on() {
            select.send(batches);
        }
    }

    /// Counts an alert that was refused.
    pub fn count_invalid(&self) {
        self.metrics.alert_invalid();
    }

    /// A worker is done with its attempt.
    pub fn attempt_ended(&mut self, worker: usize) {
        self.pool.release(worker);
    }

    /// A worker has had nothing to do for a while.
    pub fn worker_is_idle(&mut self, worker: usize) {
        self.pool.retire(worker);
    }

    /// The threads of workers that may not have ended yet.
    pub fn into_threads(self) -> Vec<JoinHandle<()>> {
        self.pool.into_threads()
    }

    /// Attempts that workers have.
    pub fn attempts_out(&self) -> usize {
        self.pool.out()
    }

    /// Hangs up on timer and workers: they finish what they have and end.
    pub fn hang_up(&mut self) {
        self.alarms.hang_up();
        self.pool.hang_up();
    }
}
