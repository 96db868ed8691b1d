//! Sends the outcomes of attempts to the dispatcher.
//!
//! Owns one worker's sender, which wakes the dispatcher. Decides nothing. Runs on send threads.

use crate::dispatch::inbox::Event;
use crate::engine::Outcome;
use crate::waker::WakingSender;

/// One worker's sender to the dispatcher. Every call returns `None` once the dispatcher is gone.
#[derive(Debug)]
pub struct OutcomeSender {
    worker: usize,
    events: WakingSender<Event>,
}

impl OutcomeSender {
    /// The sender of the worker with this number.
    pub fn new(worker: usize, events: WakingSender<Event>) -> Self {
        OutcomeSender { worker, events }
    }

    /// Sends the outcome of an attempt.
    pub fn send(&self, outcome: Outcome) -> Option<()> {
        let worker = self.worker;
        self.events.send(Event::Outcome { worker, outcome }).ok()
    }

    /// Reports that the worker has been idle for a while.
    pub fn say_idle(&self) -> Option<()> {
        let worker = self.worker;
        self.events.send(Event::WorkerIdle { worker }).ok()
    }
}
