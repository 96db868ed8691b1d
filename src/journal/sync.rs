//! Forcing what was written to disk, without anybody waiting for it.
//!
//! Owns what is written and not known to be on disk, and the thread that forces it there: one that
//! exists only where `--storage.sync` is an interval, and sleeps while nothing is written. The
//! bookkeeping runs on the journal thread.

use std::fs::File;
use std::io;
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use super::directory::Directory;
use super::disk::Disk;
use crate::clock::Clock;
use crate::model::{Mono, Wall};
use crate::waker::{Mailbox, WakingSender};

/// When data is forced to disk (`--storage.sync`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncPolicy {
    /// Before anybody hears that it is kept.
    Always,
    /// Within this time after it was written.
    Within(Duration),
    /// When the host sees fit.
    Never,
}

/// Files to force to disk.
#[derive(Debug)]
pub struct SyncJob {
    /// The files.
    pub files: Vec<Arc<File>>,
    /// The folder that they should be in.
    pub directory: Arc<Directory>,
    /// Comes back with the report.
    pub round: u64,
}

/// How that went.
#[derive(Debug)]
pub struct SyncReport {
    /// That of the job.
    pub round: u64,
    /// Whether they are on disk now.
    pub result: io::Result<()>,
    /// Whether their folder is no longer where it was.
    pub is_gone: bool,
    /// How long it took.
    pub took: Duration,
    /// When it was done.
    pub at: Wall,
}

/// Does one job after the other until nobody gives any. The body of the thread `journal-sync`.
pub fn run(
    jobs: Mailbox<SyncJob>,
    reports: WakingSender<SyncReport>,
    disk: Arc<dyn Disk>,
    clock: Clock,
) {
    while let Ok(job) = jobs.next() {
        let report = sync(disk.as_ref(), &job, clock);
        drop(job);
        if reports.send(report).is_err() {
            break;
        }
    }
    log::debug!("Journal sync stopped");
}

/// Forces the files of `job` to disk.
pub fn sync(disk: &dyn Disk, job: &SyncJob, clock: Clock) -> SyncReport {
    let begun_at = clock.mono();
    let result = job.files.iter().try_for_each(|file| disk.sync(file));
    let now = clock.now();
    SyncReport {
        round: job.round,
        result,
        is_gone: job.directory.is_gone(),
        took: now.mono.since(begun_at),
        at: now.wall,
    }
}

/// What was written and is not known to be on disk.
#[derive(Debug)]
pub struct Unsynced {
    within: Duration,
    files: Vec<Arc<File>>,
    due_at: Option<Mono>,
    is_under_way: bool,
    /// How often all files were replaced; reports on files from before that say nothing any more.
    round: u64,
}

impl Unsynced {
    /// Nothing yet; what comes is to be on disk within this time.
    pub fn new(within: Duration) -> Self {
        Unsynced {
            within,
            files: Vec::new(),
            due_at: None,
            is_under_way: false,
            round: 0,
        }
    }

    /// Which files these are.
    pub fn round(&self) -> u64 {
        self.round
    }

    /// Notes that something was written to a file, or made in a folder.
    pub fn written(&mut self, file: &Arc<File>, now: Mono) {
        if !self.files.iter().any(|known| Arc::ptr_eq(known, file)) {
            self.files.push(Arc::clone(file));
        }
        self.due_at.get_or_insert(now + self.within);
    }

    /// When the next job is to begin; one at a time, so never while one is under way.
    pub fn due_at(&self) -> Option<Mono> {
        self.due_at.filter(|_| !self.is_under_way)
    }

    /// The files to sync now, if it is time to. They are under way from then on.
    pub fn take_due(&mut self, now: Mono) -> Option<Vec<Arc<File>>> {
        if self.due_at()? > now {
            return None;
        }
        self.is_under_way = true;
        self.due_at = None;
        Some(mem::take(&mut self.files))
    }

    /// A job of this round has ended. Says whether its files still count.
    pub fn reported(&mut self, round: u64) -> bool {
        self.is_under_way = false;
        round == self.round
    }

    /// Takes all files, to be synced at once.
    pub fn take_all(&mut self) -> Vec<Arc<File>> {
        self.due_at = None;
        mem::take(&mut self.files)
    }

    /// Forgets all files: what is in them does not count any more.
    pub fn forget(&mut self) {
        self.take_all();
        self.round += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WITHIN: Duration = Duration::from_millis(100);
    const DUE: Mono = Mono::from_nanos(100_000_000);

    fn file() -> Arc<File> {
        Arc::new(File::open("/").expect("every host has a root"))
    }

    #[test]
    fn the_first_write_says_when_and_later_ones_go_with_it() {
        let mut unsynced = Unsynced::new(WITHIN);
        assert_eq!(unsynced.due_at(), None);
        let file = file();
        unsynced.written(&file, Mono::START);
        unsynced.written(&file, Mono::START + WITHIN / 2);
        assert_eq!(unsynced.due_at(), Some(DUE));
        assert!(unsynced.take_due(Mono::START + WITHIN / 2).is_none());
        assert_eq!(unsynced.take_due(DUE).expect("it is due").len(), 1);
        assert!(unsynced.reported(0));
        assert_eq!(unsynced.due_at(), None, "without a write nothing is due");
    }

    #[test]
    fn what_is_written_while_a_sync_is_under_way_is_for_the_next() {
        let mut unsynced = Unsynced::new(WITHIN);
        let (first, second) = (file(), file());
        unsynced.written(&first, Mono::START);
        unsynced.take_due(DUE).expect("it is due");
        unsynced.written(&first, DUE);
        unsynced.written(&second, DUE + WITHIN);
        assert_eq!(unsynced.due_at(), None, "one at a time");
        assert!(unsynced.take_due(DUE + 10 * WITHIN).is_none());
        assert!(unsynced.reported(0));
        assert_eq!(unsynced.due_at(), Some(DUE + WITHIN));
        assert_eq!(unsynced.take_due(DUE + WITHIN).expect("it is due").len(), 2);
    }

    #[test]
    fn a_report_on_files_that_were_replaced_says_nothing() {
        let mut unsynced = Unsynced::new(WITHIN);
        unsynced.written(&file(), Mono::START);
        unsynced.take_due(DUE).expect("it is due");
        unsynced.forget();
        assert!(!unsynced.reported(0));
        assert_eq!(unsynced.round(), 1);
    }
}
