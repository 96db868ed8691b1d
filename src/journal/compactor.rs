//! Starts compactions, one at a time, and takes their reports.
//!
//! Owns the compaction under way, and the time of the next one after a failure. A failed compaction loses
//! nothing: its input files stay. Runs on the journal thread, and makes a thread for each compaction.

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

/// The compaction under way, if there is one, and the last failure.
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
    /// The bytes of its input files.
    before: u64,
}

/// A failed compaction; kept until the next one succeeds.
#[derive(Clone, Copy, Debug)]
struct Failed {
    at: Mono,
    /// The bytes of all files at that time.
    bytes: u64,
}

impl Compactor {
    /// A compactor with no compaction under way. `waker` is woken for each report.
    pub fn new(clock: Clock, waker: Waker) -> Self {
        Compactor {
            clock,
            waker,
            reports: never(),
            under_way: None,
            failed: None,
        }
    }

    /// Whether a compaction may begin now, with files of `bytes` bytes in total: none is under way, and after
    /// a failure either the files have grown by a quarter or [`limits::COMPACTION_RETRY`] has passed.
    pub fn may_begin(&self, bytes: u64) -> bool {
        let is_worth_a_try = |failed: Failed| {
            let later = failed.at + limits::COMPACTION_RETRY;
            bytes > failed.bytes + failed.bytes / 4 || self.clock.mono() >= later
        };
        self.under_way.is_none() && self.failed.is_none_or(is_worth_a_try)
    }

    /// Begins a compaction on a thread of its own. If there is no thread for it, the report is an error.
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
            // Release the folder and its lock before the report: its receiver may open the folder again.
            drop(job);
            // This fails only if the journal has closed in the meantime.
            let _ = to_thread.try_send(report);
        });
        if let Err(error) = made {
            let _ = report.try_send(Err(error.into()));
        }
    }

    /// The channel of the report. It is disconnected if the thread has ended without a report.
    pub fn reports(&self) -> &Receiver<Report> {
        &self.reports
    }

    /// Notes that the compaction under way has ended. `bytes` is the size of all files now.
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

    /// Cancels the compaction under way, if it is not too late.
    pub fn cancel(&self) {
        if let Some(under_way) = &self.under_way {
            under_way.is_cancelled.store(true, Ordering::Relaxed);
        }
    }

    /// Cancels the compaction under way at a stop, and gives it some time to clean up.
    pub fn close(&self) {
        self.cancel();
        // After the deadline the thread is left behind, and the next start cleans up.
        let deadline = self.clock.mono() + limits::JOIN_GRACE / 2;
        if self.under_way.is_some() {
            let _ = self.reports.recv_deadline(self.clock.instant(deadline));
        }
    }
}

/// A compaction that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// The bytes of its input files.
    pub before: u64,
    /// Whether it failed and the one before did not.
    pub is_first_failure: bool,
}
