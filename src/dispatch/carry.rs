//! Carrying effects out: each goes to the one place that can do it.
//!
//! Owns the dispatcher's sending ends. Nothing here blocks: jobs always find room, because the
//! engine counts those that are out, and commands that the timer has no room for wait here, of
//! which only the last for each alarm matters. Runs on the dispatch thread.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Sender, TrySendError, bounded};

use super::outlet::Outlet;
use super::promise::Promise;
use super::report::{self, SilenceLog};
use crate::engine::{AlarmId, Effect, Job, Record, Sizes};
use crate::journal::Batch;
use crate::limits;
use crate::model::Wall;
use crate::telemetry::metrics::Metrics;
use crate::timer::Command;

/// The way out of the dispatcher.
#[derive(Debug)]
pub struct Carrier {
    commands: Sender<Vec<Command>>,
    jobs: Sender<Job>,
    outlet: Outlet,
    metrics: Arc<Metrics>,
    silence_log: SilenceLog,
    /// Commands that the timer has not been told yet.
    untold: Vec<Command>,
    /// Commands in `untold` past which superseded ones are dropped.
    compact_at: usize,
    attempts_out: usize,
    is_draining: bool,
    /// How long the engine took for the input in hand.
    took: Duration,
}

impl Carrier {
    /// A way out to the timer, to the workers and to the journal.
    pub fn new(
        commands: Sender<Vec<Command>>,
        jobs: Sender<Job>,
        outlet: Outlet,
        metrics: Arc<Metrics>,
        silence_log: SilenceLog,
    ) -> Self {
        Carrier {
            commands,
            jobs,
            outlet,
            metrics,
            silence_log,
            untold: Vec::new(),
            compact_at: limits::UNTOLD_COMMANDS,
            attempts_out: 0,
            is_draining: false,
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
            Effect::Arm { alarm, at } => self.command(Command::Arm(alarm, at)),
            Effect::Disarm(alarm) => self.command(Command::Disarm(alarm)),
            Effect::Send(job) => self.send(job),
            Effect::Record(record) => self.outlet.record(record),
            Effect::Note(note) => report::report(&note, &self.metrics, self.silence_log, self.took),
            Effect::Refuse(_) | Effect::RefuseBatch { .. } | Effect::SilenceAnswer(_) => {
                unreachable!("these answer the request in hand")
            }
        }
    }

    /// Gives an answer once what it promises is kept.
    pub fn promise(&mut self, promise: Promise) {
        self.outlet.promise(promise);
    }

    /// Hands the whole state to the journal, in place of what waits for it.
    pub fn record_everything(&mut self, records: Vec<Record>) {
        self.outlet.record_everything(records);
    }

    /// Hands over what has been recorded, if the journal has room.
    pub fn deliver_records(&mut self, now: Wall, sizes: Sizes) {
        self.outlet.deliver(now, sizes);
    }

    /// Whether only the whole state is of use to the journal now.
    pub fn journal_wants_everything(&self) -> bool {
        self.outlet.wants_everything()
    }

    /// The channel that has to have room before the rest can be handed over, if there is any.
    pub fn blocked_on_journal(&self) -> Option<&Sender<Batch>> {
        self.outlet.blocked_on()
    }

    /// Counts an alert that was refused.
    pub fn count_invalid(&self) {
        self.metrics.alert_invalid();
    }

    /// Counts an attempt as ended.
    pub fn attempt_ended(&mut self) {
        self.attempts_out -= 1;
    }

    /// Attempts that workers have, or will find in their queue.
    pub fn attempts_out(&self) -> usize {
        self.attempts_out
    }

    /// Tells the timer what it has not been told, if it has room.
    pub fn deliver_commands(&mut self) {
        if self.untold.is_empty() {
            return;
        }
        match self.commands.try_send(std::mem::take(&mut self.untold)) {
            Ok(()) => self.compact_at = limits::UNTOLD_COMMANDS,
            Err(TrySendError::Full(commands) | TrySendError::Disconnected(commands)) => {
                self.untold = commands;
            }
        }
    }

    /// The channel that has to have room before the timer can be told the rest, if there is any.
    pub fn blocked_on(&self) -> Option<&Sender<Vec<Command>>> {
        (!self.untold.is_empty()).then_some(&self.commands)
    }

    /// Hangs up on timer and workers: they finish what they have and end.
    pub fn hang_up(&mut self) {
        self.is_draining = true;
        self.commands = bounded(0).0;
        self.jobs = bounded(0).0;
    }

    fn command(&mut self, command: Command) {
        self.untold.push(command);
        if self.untold.len() >= self.compact_at {
            self.drop_superseded();
        }
    }

    fn drop_superseded(&mut self) {
        let mut last: BTreeMap<AlarmId, Command> = BTreeMap::new();
        for command in self.untold.drain(..) {
            last.insert(command.alarm(), command);
        }
        self.untold.extend(last.into_values());
        self.compact_at = limits::UNTOLD_COMMANDS.max(2 * self.untold.len());
    }

    fn send(&mut self, job: Job) {
        if self.is_draining {
            return;
        }
        self.attempts_out += 1;
        let sent = self.jobs.try_send(job);
        assert!(
            sent.is_ok(),
            "a job found no room although the engine counts what is out"
        );
    }
}
