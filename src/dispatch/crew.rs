//! The workers as the dispatcher sees them: which is free, and which gets the next job.
//!
//! Owns a channel of one place to each worker, and the count of attempts that are out. The worker
//! that came back last goes next, so that no more of them work than are needed at a time, with warm
//! stacks; the others go on sleeping. Runs on the dispatch thread.

use crate::bell::RingingSender;
use crate::engine::Job;

/// All workers, or none once they were told to end.
#[derive(Debug)]
pub struct Crew {
    workers: Vec<RingingSender<Job>>,
    /// Those without a job; the last one is next.
    free: Vec<usize>,
    out: usize,
}

impl Crew {
    /// A crew of which all are free.
    pub fn new(workers: Vec<RingingSender<Job>>) -> Self {
        Crew {
            free: (0..workers.len()).rev().collect(),
            workers,
            out: 0,
        }
    }

    /// Gives a job to a free worker; the engine counts what is out, so there is one. Nothing is begun
    /// any more once they were told to end.
    pub fn begin(&mut self, job: Job) {
        if self.workers.is_empty() {
            return;
        }
        let worker = self.free.pop();
        let worker = worker.expect("the engine starts no more attempts than there are workers");
        self.out += 1;
        let sent = self.workers[worker].try_send(job);
        assert!(sent.is_ok(), "a free worker has room for a job and lives");
    }

    /// A worker is done with its job.
    pub fn is_back(&mut self, worker: usize) {
        self.out -= 1;
        self.free.push(worker);
    }

    /// Attempts that workers have under way.
    pub fn out(&self) -> usize {
        self.out
    }

    /// Lets each worker finish what it has and end.
    pub fn hang_up(&mut self) {
        self.workers.clear();
    }
}
