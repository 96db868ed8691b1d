//! When a compaction begins, and what becomes of it.
//!
//! Owns the one compaction that may be under way, and when to try again after one that failed. A
//! failed one is no trouble: what it was to read is still there. Runs on the journal thread, and
//! makes a thread for each compaction.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crossbeam_channel::{Receiver, never};

use super::compaction::{Compacted, CompactionError, Job, compact};
use super::disk::Disk;
use crate::clock::Clock;
use crate::limits;
use crate::model::Mono;
use crate::threads::{self, LOOP_STACK};
use crate::waker::{self, Waker};

/// How a compaction ended.
pub type Report = Result<Compacted, CompactionError>;

/// The compaction under way, if there is one, and the last that failed.
#[derive(Debug)]
pub struct Compactor {
    clock: Clock,
    waker: Waker,
    reports: Receiver<Report>,
    under_way: Option<UnderWay>,
    failed: Option<Failed>,
}

#[derive(Debug)]
struct UnderWay {
    is_cancelled: Arc<AtomicBool>,
    /// Bytes of the files that it reads.
    before: u64,
}

/// A compaction that failed, and after which none has succeeded yet.
#[derive(Clone, Copy, Debug)]
struct Failed {
    at: Mono,
    /// Bytes of all files at that time.
    bytes: u64,
}

impl Compactor {
    /// None under way; the report of each rings `waker`.
    pub fn new(clock: Clock, waker: Waker) -> Self {
        Compactor {
            clock,
            waker,
            reports: never(),
            under_way: None,
            failed: None,
        }
    }

    /// Whether one may begin now, with files of so many bytes.
    pub fn may_begin(&self, bytes: u64) -> bool {
        let is_worth_a_try = |failed: Failed| {
            let later = failed.at + limits::COMPACTION_RETRY;
            bytes > failed.bytes + failed.bytes / 4 || self.clock.mono() >= later
        };
        self.under_way.is_none() && self.failed.is_none_or(is_worth_a_try)
    }

    /// Begins one.
    pub fn begin(&mut self, job: Job, disk: Arc<dyn Disk>) {
        let (report, reports) = waker::channel(1, &self.waker);
        self.under_way = Some(UnderWay {
            is_cancelled: Arc::clone(&job.is_cancelled),
            before: job.inputs.iter().map(|input| input.bytes).sum(),
        });
        self.reports = reports;
        let clock = self.clock;
        let to_thread = report.clone();
        let made = threads::spawn("compaction", LOOP_STACK, move || {
            let report = compact(&job, disk.as_ref(), clock);
            // Whoever has the report may open the folder again.
            drop(job);
            // Fails only if the journal has closed meanwhile.
            let _ = to_thread.try_send(report);
        });
        if let Err(error) = made {
            let _ = report.try_send(Err(error.into()));
        }
    }

    /// Where the report comes; hung up if the thread has ended without one.
    pub fn reports(&self) -> &Receiver<Report> {
        &self.reports
    }

    /// Takes note of a report, and says how many bytes were read. `bytes` are those of all files.
    pub fn ended(&mut self, has_failed: bool, bytes: u64) -> Ended {
        self.reports = never();
        let under_way = self.under_way.take();
        let was_failing = self.failed.is_some();
        let at = self.clock.mono();
        self.failed = has_failed.then_some(Failed { at, bytes });
        Ended {
            before: under_way.map_or(0, |it| it.before),
            is_first_failure: has_failed && !was_failing,
        }
    }

    /// Has the one under way end without a result, if it can still do so.
    pub fn cancel(&self) {
        if let Some(under_way) = &self.under_way {
            under_way.is_cancelled.store(true, Ordering::Relaxed);
        }
    }

    /// Gives the one under way a moment to clean up after itself, at a stop.
    pub fn close(&self) {
        self.cancel();
        // Past the moment it is left behind; the next start cleans up.
        let deadline = self.clock.mono() + limits::JOIN_GRACE / 2;
        if self.under_way.is_some() {
            let _ = self.reports.recv_deadline(self.clock.instant(deadline));
        }
    }
}

/// What is known of a compaction that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Bytes of the files that it was to read.
    pub before: u64,
    /// Whether it failed and the one before did not.
    pub is_first_failure: bool,
}
