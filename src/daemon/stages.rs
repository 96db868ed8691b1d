//! Starts the threads of the stages, and waits for them to end.
//!
//! Owns the channels between the stages and the order in which they start. Never touches state. Runs on
//! main; only the closure that makes workers runs on the dispatch thread, when it needs one.

use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use crossbeam_channel::{Receiver, Sender};

use super::Call;
use crate::clock::Clock;
use crate::dispatch::inbox::{Event, Request};
use crate::dispatch::pool::{self, Worker, WorkerPool};
use crate::dispatch::{Channels, Dispatcher, SilenceLog};
use crate::engine::Engine;
use crate::journal::{self, Batch, Opened};
use crate::limits;
use crate::model::Mono;
use crate::telemetry::health::Health;
use crate::telemetry::metrics::Metrics;
use crate::threads::{self, LOOP_STACK, SYNC_STACK, WORKER_STACK};
use crate::timer;
use crate::waker::{self, Waker, WakingSender};
use crate::webhook::{self, Deliverer, OutcomeSender};

/// A thread of a stage.
pub struct Stage {
    /// The stage's name in log lines.
    pub name: &'static str,
    /// Its thread, to be joined at a stop.
    pub thread: JoinHandle<()>,
}

/// Notifies main on drop that a stage has ended, by return or by panic.
struct EndNotice {
    name: &'static str,
    calls: Sender<Call>,
}

impl Drop for EndNotice {
    fn drop(&mut self) {
        // The channel is full only while main is stopping, and then main checks the threads themselves.
        let _ = self.calls.try_send(Call::Ended(self.name));
    }
}

/// Notifies main on drop, but only if a panic has ended the thread.
struct PanicNotice {
    name: &'static str,
    calls: Sender<Call>,
}

impl Drop for PanicNotice {
    fn drop(&mut self) {
        if thread::panicking() {
            let _ = self.calls.try_send(Call::Ended(self.name));
        }
    }
}

/// Starts the threads of the stages.
pub struct Spawner {
    /// Gets `Call::Ended` for each thread that ends.
    pub calls: Sender<Call>,
    /// The metrics of all stages.
    pub metrics: Arc<Metrics>,
    /// The journal reports there whether it can write; `/-/ready` reads it.
    pub health: Arc<Health>,
    /// The clock of all stages.
    pub clock: Clock,
    /// Whether changes to silences are logged.
    pub silence_log: SilenceLog,
}

/// The threads that were started.
pub struct Stages {
    /// The dispatcher. It returns the threads of its workers, which end after it.
    pub dispatch: JoinHandle<Vec<JoinHandle<()>>>,
    /// The other stages, in the order in which a stop reaches them.
    pub others: Vec<Stage>,
}

impl Spawner {
    /// Starts dispatch, timer, workers and journal.
    pub fn spawn_stages(
        &self,
        engine: Engine,
        (requests, waker): (Receiver<Request>, Waker),
        deliverer: &Arc<Deliverer>,
        opened: Option<Opened>,
    ) -> io::Result<Stages> {
        let (events_in, events) = waker::channel(limits::EVENTS, &waker);
        let (commands, commands_out) = waker::mailbox(limits::TIMER_COMMANDS);
        let journal_waker = Waker::default();
        let (batches, batches_out) = waker::channel(limits::BATCHES, &journal_waker);
        let channels = Channels {
            requests,
            events,
            waker,
            commands,
            workers: WorkerPool::new(self.worker_spawner(&events_in, deliverer))?,
            batches: opened.is_some().then_some(batches),
        };
        let metrics = Arc::clone(&self.metrics);
        let mut dispatcher =
            Dispatcher::new(engine, channels, metrics, self.clock, self.silence_log);
        let (recovered, journal) = opened
            .map(|opened| (opened.recovered, opened.journal))
            .unzip();
        let notice = self.end_notice("dispatch");
        let dispatch = threads::spawn("dispatch", LOOP_STACK, move || {
            let _notice = notice;
            if let Some(recovered) = recovered.filter(|recovered| !recovered.is_empty()) {
                dispatcher.recover(recovered);
            }
            dispatcher.run()
        })?;
        let (events, clock) = (events_in.clone(), self.clock);
        let mut stages = vec![self.spawn("timer", "timer", LOOP_STACK, move || {
            timer::run(commands_out, events, clock);
        })?];
        if let Some(journal) = journal {
            stages.extend(self.spawn_journal(journal, (batches_out, journal_waker), events_in)?);
        }
        Ok(Stages {
            dispatch,
            others: stages,
        })
    }

    /// Makes a worker when the dispatcher needs one. Workers come and go, so main is notified only of one
    /// that panics.
    fn worker_spawner(
        &self,
        events: &WakingSender<Event>,
        deliverer: &Arc<Deliverer>,
    ) -> pool::Spawn {
        let (events, deliverer, calls) =
            (events.clone(), Arc::clone(deliverer), self.calls.clone());
        Box::new(move |number| {
            let (jobs, mailbox) = waker::mailbox(1);
            let outcomes = OutcomeSender::new(number, events.clone());
            let (deliverer, calls) = (Arc::clone(&deliverer), calls.clone());
            let name = format!("send-{number}");
            let thread = threads::spawn(name, WORKER_STACK, move || {
                let _notice = PanicNotice {
                    name: "send",
                    calls,
                };
                webhook::run(mailbox, outcomes, deliverer);
            })?;
            Ok(Worker { jobs, thread })
        })
    }

    /// Starts the journal, and its sync thread if `--storage.sync` is an interval.
    fn spawn_journal(
        &self,
        journal: journal::Writer,
        (batches, waker): (Receiver<Batch>, Waker),
        events: WakingSender<Event>,
    ) -> io::Result<Vec<Stage>> {
        let (syncs, syncs_out) = waker::mailbox(1);
        let (synced_in, synced) = waker::channel(1, &waker);
        let (disk, clock) = (Arc::clone(journal.disk()), self.clock);
        let has_sync_thread = journal.needs_sync_thread();
        let channels = journal::Channels {
            batches,
            events,
            syncs: has_sync_thread.then_some((syncs, synced)),
            waker,
        };
        let surroundings = journal::Surroundings {
            metrics: Arc::clone(&self.metrics),
            health: Arc::clone(&self.health),
            clock,
        };
        let journal = journal::Thread::new(journal, channels, surroundings);
        let mut stages = vec![self.spawn("journal", "journal", LOOP_STACK, move || journal.run())?];
        if has_sync_thread {
            let name = "journal-sync";
            stages.push(self.spawn(name, name, SYNC_STACK, move || {
                journal::sync::run(syncs_out, synced_in, disk, clock);
            })?);
        }
        Ok(stages)
    }

    fn spawn(
        &self,
        name: &'static str,
        thread_name: &str,
        stack: usize,
        body: impl FnOnce() + Send + 'static,
    ) -> io::Result<Stage> {
        let notice = self.end_notice(name);
        let thread = threads::spawn(thread_name, stack, move || {
            let _notice = notice;
            body();
        })?;
        Ok(Stage { name, thread })
    }

    fn end_notice(&self, name: &'static str) -> EndNotice {
        EndNotice {
            name,
            calls: self.calls.clone(),
        }
    }
}

/// Waits for the stages to end, until `deadline`. Returns the names of the stages that still run then.
pub fn join(
    mut stages: Vec<Stage>,
    calls: &Receiver<Call>,
    clock: Clock,
    deadline: Mono,
) -> Vec<&'static str> {
    await_ends(calls, clock, deadline, || {
        stages.retain(|stage| !stage.thread.is_finished());
        stages.is_empty()
    });
    stages.into_iter().map(|stage| stage.name).collect()
}

/// Waits until `have_ended` is true, but not past the deadline.
pub fn await_ends(
    calls: &Receiver<Call>,
    clock: Clock,
    deadline: Mono,
    mut have_ended: impl FnMut() -> bool,
) {
    while !have_ended() && clock.mono() < deadline {
        // A thread sends its notice shortly before it has finished, so check again soon after a notice.
        let soon = deadline.min(clock.mono() + limits::JOIN_PATIENCE);
        let _ = calls.recv_deadline(clock.instant(soon));
    }
}
