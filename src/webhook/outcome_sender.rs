//! How outcomes of attempts come to the dispatcher.
//!
//! Owns one worker's way there. Decides nothing. Runs on send threads.

use crate::dispatch::inbox::Event;
use crate::engine::Outcome;
use crate::waker::WakingSender;

/// One worker's way to the dispatcher. Each of its calls comes to nothing once the dispatcher is gone.
#[derive(Debug)]
pub struct OutcomeSender {
    worker: usize,
    events: WakingSender<Event>,
}

impl OutcomeSender {
    /// The way of the worker with this number.
    pub fn new(worker: usize, events: WakingSender<Event>) -> Self {
        OutcomeSender { worker, events }
    }

    /// Tells how an attempt ended.
    pub fn send(&self, outcome: Outcome) -> Option<()> {
        let worker = self.worker;
        self.events.send(Event::Outcome { worker, outcome }).ok()
    }

    /// Says that the worker has had nothing to do for a while.
    pub fn say_idle(&self) -> Option<()> {
        let worker = self.worker;
        self.events.send(Event::WorkerIdle { worker }).ok()
    }
}
