//! Syncs: forces written files to disk (fdatasync), in the background.
//!
//! Owns the list of files that are written but not known to be on disk, and the body of the thread
//! `journal-sync`, which syncs them. That thread exists only if `--storage.sync` is an interval, and sleeps
//! while nothing is written. [`Unsynced`] runs on the journal thread.

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
    /// Before the acknowledgement is given.
    Always,
    /// Within this time after the write.
    Within(Duration),
    /// Whenever the kernel writes it back.
    Never,
}

/// Files to sync.
#[derive(Debug)]
pub struct SyncJob {
    /// The files, synced in this order.
    pub files: Vec<Arc<File>>,
    /// The journal's folder, to check that it still has its name.
    pub directory: Arc<Directory>,
    /// The round of [`Unsynced`] that the files belong to; the report repeats it.
    pub round: u64,
}

/// The result of a [`SyncJob`].
#[derive(Debug)]
pub struct SyncReport {
    /// The round of the job.
    pub round: u64,
    /// Whether all files are on disk now; else the first error.
    pub result: io::Result<()>,
    /// Whether the journal's folder was removed or moved away.
    pub is_gone: bool,
    /// How long the sync took.
    pub took: Duration,
    /// When the sync ended.
    pub at: Wall,
}

/// Does one job after the other until the journal thread hangs up. The body of the thread `journal-sync`.
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

/// The files that were written and are not known to be on disk.
#[derive(Debug)]
pub struct Unsynced {
    within: Duration,
    files: Vec<Arc<File>>,
    due_at: Option<Mono>,
    is_under_way: bool,
    /// How often all files were replaced by a snapshot. A report of an earlier round is about files that no
    /// longer count.
    round: u64,
}

impl Unsynced {
    /// No files yet. A file is due for a sync `within` this time after it was written.
    pub fn new(within: Duration) -> Self {
        Unsynced {
            within,
            files: Vec::new(),
            due_at: None,
            is_under_way: false,
            round: 0,
        }
    }

    /// The current round, for a [`SyncJob`].
    pub fn round(&self) -> u64 {
        self.round
    }

    /// Notes a write to a file, or a new entry in a folder.
    pub fn written(&mut self, file: &Arc<File>, now: Mono) {
        if !self.files.iter().any(|known| Arc::ptr_eq(known, file)) {
            self.files.push(Arc::clone(file));
        }
        self.due_at.get_or_insert(now + self.within);
    }

    /// When the next job is due. `None` while nothing is written or a job is under way, since there is only
    /// one at a time.
    pub fn due_at(&self) -> Option<Mono> {
        self.due_at.filter(|_| !self.is_under_way)
    }

    /// Takes the files to sync, if they are due, and notes that a job is under way.
    pub fn take_due(&mut self, now: Mono) -> Option<Vec<Arc<File>>> {
        if self.due_at()? > now {
            return None;
        }
        self.is_under_way = true;
        self.due_at = None;
        Some(mem::take(&mut self.files))
    }

    /// Notes that the job under way has ended. Returns whether its files still count: whether `round` is the
    /// current one.
    pub fn reported(&mut self, round: u64) -> bool {
        self.is_under_way = false;
        round == self.round
    }

    /// Takes all files, due or not.
    pub fn take_all(&mut self) -> Vec<Arc<File>> {
        self.due_at = None;
        mem::take(&mut self.files)
    }

    /// Forgets all files, because a snapshot has replaced them, and begins a new round.
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
