//! The worker threads as the dispatcher sees them: which is idle, and which gets the next job.
//!
//! Owns a channel of one place to each worker, and the count of jobs that are out. A worker is made when
//! a job finds none idle, and let go when it says that it has had nothing to do for a while; a few stay.
//! The worker that came back last goes next, so that no more of them work than are needed at a time,
//! with warm stacks. How many jobs may be out is the engine's to say. Runs on the dispatch thread.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::thread::JoinHandle;

use crate::engine::Job;
use crate::limits;
use crate::waker::WakingSender;

/// A worker that has been made.
#[derive(Debug)]
pub struct Worker {
    /// Takes one job at a time. The worker ends when this is dropped.
    pub jobs: WakingSender<Job>,
    /// Its thread.
    pub thread: JoinHandle<()>,
}

/// Makes the worker with this number.
pub type Spawn = Box<dyn FnMut(usize) -> io::Result<Worker> + Send>;

/// All workers.
pub struct WorkerPool {
    /// `None` once they were told to end.
    spawn: Option<Spawn>,
    /// By number; those that were let go leave their numbers to others.
    workers: Vec<Option<Worker>>,
    /// Those without a job; the last one is next.
    idle: Vec<usize>,
    /// Jobs for which the host had no thread.
    backlog: VecDeque<Job>,
    /// Threads of workers that were let go.
    ending: Vec<JoinHandle<()>>,
    out: usize,
}

impl WorkerPool {
    /// A pool of those workers that stay. Fails if the host has no threads for them.
    pub fn new(mut spawn: Spawn) -> io::Result<Self> {
        let kept = (0..limits::WORKERS_KEPT).map(|number| spawn(number).map(Some));
        let workers = kept.collect::<io::Result<Vec<_>>>()?;
        Ok(WorkerPool {
            idle: (0..workers.len()).rev().collect(),
            spawn: Some(spawn),
            workers,
            backlog: VecDeque::new(),
            ending: Vec::new(),
            out: 0,
        })
    }

    /// Gives a job to a worker. Nothing is begun any more once they were told to end.
    pub fn begin(&mut self, job: Job) {
        if self.spawn.is_none() {
            return;
        }
        self.out += 1;
        match self.idle.pop().map_or_else(|| self.make_worker(), Ok) {
            Ok(worker) => self.give(worker, job),
            Err(error) => {
                if self.backlog.is_empty() {
                    let threads = self.workers.iter().flatten().count();
                    log::warn!(
                        threads = threads, err:% = error;
                        "The host has no thread for another webhook; it waits for one under way"
                    );
                }
                self.backlog.push_back(job);
            }
        }
    }

    /// A worker is done with its job.
    pub fn release(&mut self, worker: usize) {
        self.out -= 1;
        match self.backlog.pop_front().filter(|_| self.spawn.is_some()) {
            Some(job) => self.give(worker, job),
            None => self.idle.push(worker),
        }
    }

    /// A worker has had nothing to do for a while: lets it go, unless it is one of those that stay or
    /// has got a job meanwhile.
    pub fn retire(&mut self, worker: usize) {
        let alive = self.workers.iter().flatten().count();
        let position = self.idle.iter().position(|idle| *idle == worker);
        let Some(position) = position.filter(|_| alive > limits::WORKERS_KEPT) else {
            return;
        };
        self.idle.remove(position);
        self.ending.retain(|thread| !thread.is_finished());
        self.ending
            .extend(self.workers[worker].take().map(|worker| worker.thread));
    }

    /// Jobs that are out.
    pub fn out(&self) -> usize {
        self.out
    }

    /// Lets each worker finish what it has and end. Jobs that no thread was found for are not begun.
    pub fn hang_up(&mut self) {
        self.spawn = None;
        self.out -= self.backlog.len();
        self.backlog.clear();
        let workers = self.workers.drain(..).flatten();
        self.ending.extend(workers.map(|worker| worker.thread));
    }

    /// The threads of all workers that may not have ended yet.
    pub fn into_threads(mut self) -> Vec<JoinHandle<()>> {
        self.hang_up();
        self.ending
    }

    fn make_worker(&mut self) -> io::Result<usize> {
        let free = self.workers.iter().position(Option::is_none);
        let number = free.unwrap_or(self.workers.len());
        let spawn = self.spawn.as_mut().expect("nothing is begun after the end");
        let worker = spawn(number)?;
        if number == self.workers.len() {
            self.workers.push(None);
        }
        self.workers[number] = Some(worker);
        Ok(number)
    }

    fn give(&self, worker: usize, job: Job) {
        let worker = self.workers[worker].as_ref();
        let worker = worker.expect("a worker that was not let go");
        let sent = worker.jobs.try_send(job);
        assert!(sent.is_ok(), "an idle worker has room for a job and lives");
    }
}

impl fmt::Debug for WorkerPool {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("WorkerPool")
            .field("workers", &self.workers)
            .field("out", &self.out)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
