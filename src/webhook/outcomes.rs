//! How outcomes of attempts come to the dispatcher.
//!
//! Owns one worker's way there. Decides nothing. Runs on send threads.

use crate::bell::RingingSender;
use crate::dispatch::inbox::Event;
use crate::engine::Outcome;

/// One worker's way to the dispatcher. Each of its calls comes to nothing once the dispatcher is gone.
#[derive(Debug)]
pub struct Outcomes {
    worker: usize,
    events: RingingSender<Event>,
}

impl Outcomes {
    /// The way of the worker with this number.
    pub fn new(worker: usize, events: RingingSender<Event>) -> Self {
        Outcomes { worker, events }
    }

    /// Tells how an attempt ended.
    pub fn tell(&self, outcome: Outcome) -> Option<()> {
        let worker = self.worker;
        self.events.send(Event::Outcome { worker, outcome }).ok()
    }

    /// Says that the worker has had nothing to do for a while.
    pub fn say_idle(&self) -> Option<()> {
        let worker = self.worker;
        self.events.send(Event::WorkerIdle { worker }).ok()
    }
}
