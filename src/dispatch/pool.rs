//! The worker pool: which worker is idle, and which gets the next job.
//!
//! Owns a channel of capacity 1 to each worker, and the count of jobs under way. A worker is made when a
//! job finds no idle one, and ends once it has been idle for [`limits::WORKER_IDLE`];
//! [`limits::WORKERS_KEPT`] workers stay. The worker that came back last gets the next job, so that few
//! workers do the work, with warm stacks. Never limits the number of jobs: the engine does. Runs on the
//! dispatch thread.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::thread::JoinHandle;

use crate::engine::Job;
use crate::limits;
use crate::waker::WakingSender;

/// A worker with its thread.
#[derive(Debug)]
pub struct Worker {
    /// Takes one job at a time. The worker ends when this is dropped.
    pub jobs: WakingSender<Job>,
    /// The worker's thread, to be joined at a stop.
    pub thread: JoinHandle<()>,
}

/// Makes the worker with this number.
pub type Spawn = Box<dyn FnMut(usize) -> io::Result<Worker> + Send>;

/// All workers.
pub struct WorkerPool {
    /// `None` after [`WorkerPool::hang_up`].
    spawn: Option<Spawn>,
    /// By number. `None` is a number without a worker, which the next new worker gets.
    workers: Vec<Option<Worker>>,
    /// Numbers of the workers without a job. The last one gets the next job.
    idle: Vec<usize>,
    /// Jobs for which the host had no thread.
    backlog: VecDeque<Job>,
    /// Threads of retired workers that may still run.
    ending: Vec<JoinHandle<()>>,
    /// Jobs under way, those in `backlog` included.
    out: usize,
}

impl WorkerPool {
    /// A pool of [`limits::WORKERS_KEPT`] workers. Fails if the host has no threads for them.
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

    /// Gives a job to a worker. After [`WorkerPool::hang_up`] the job is dropped.
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
                        "Cannot start another worker thread; the notification waits for a running worker"
                    );
                }
                self.backlog.push_back(job);
            }
        }
    }

    /// Notes that a worker has finished its job. It gets one from the backlog, or becomes idle.
    pub fn release(&mut self, worker: usize) {
        self.out -= 1;
        match self.backlog.pop_front().filter(|_| self.spawn.is_some()) {
            Some(job) => self.give(worker, job),
            None => self.idle.push(worker),
        }
    }

    /// Lets an idle worker end, unless only [`limits::WORKERS_KEPT`] are left or it has a job by now.
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

    /// The number of jobs under way, including those that wait for a thread.
    pub fn out(&self) -> usize {
        self.out
    }

    /// Lets each worker finish its job and end. Jobs that wait for a thread are dropped.
    pub fn hang_up(&mut self) {
        self.spawn = None;
        self.out -= self.backlog.len();
        self.backlog.clear();
        let workers = self.workers.drain(..).flatten();
        self.ending.extend(workers.map(|worker| worker.thread));
    }

    /// Hangs up, and returns the threads of all workers that may still run.
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
