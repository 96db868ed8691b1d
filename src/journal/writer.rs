//! Writes the journal's files: appends to the segment, begins the next segment, replaces all files by a
//! snapshot of the whole state.
//!
//! Owns the open segment, and the list of files that are not synced yet. Reports what failed and what is
//! missing on disk then; the journal thread decides what follows. Runs on the journal thread.

use std::fs::File;
use std::io;
use std::sync::Arc;

use super::compaction::{Compacted, Job};
use super::directory::Directory;
use super::disk::Disk;
use super::file_set::{FileSet, retire};
use super::frame::Frames;
use super::header::HEADER_BYTES;
use super::segment::Segment;
use super::snapshot::SnapshotWriter;
use super::sync::{SyncJob, SyncPolicy, SyncReport, Unsynced, sync};
use super::trouble::Missing;
use crate::clock::Clock;
use crate::engine::{Record, Sizes};
use crate::limits;
use crate::model::{Mono, Wall};
use crate::telemetry::metrics::Metrics;

/// The writer of the journal's files.
#[derive(Debug)]
pub struct Writer {
    disk: Arc<dyn Disk>,
    policy: SyncPolicy,
    file_set: FileSet,
    segment: Option<Segment>,
    unsynced: Unsynced,
    /// Parent folders in which the start has created a folder. Each sync includes them, until one has
    /// succeeded.
    made_in: Vec<Arc<File>>,
    metrics: Arc<Metrics>,
    clock: Clock,
}

/// A failed write or sync.
#[derive(Debug)]
pub struct Failure {
    /// The error of the operating system.
    pub error: io::Error,
    /// What is missing on disk now.
    pub missing: Missing,
}

impl Writer {
    /// A writer that continues after the files in `file_set`. It also syncs the folders in `made_in`, in
    /// which the start has created a folder.
    pub fn new(
        disk: Arc<dyn Disk>,
        file_set: FileSet,
        made_in: Vec<Arc<File>>,
        policy: SyncPolicy,
        metrics: Arc<Metrics>,
        clock: Clock,
    ) -> Self {
        let within = match policy {
            SyncPolicy::Within(span) => span,
            SyncPolicy::Always | SyncPolicy::Never => limits::SYNC_INTERVAL,
        };
        Writer {
            disk,
            policy,
            file_set,
            segment: None,
            unsynced: Unsynced::new(within),
            made_in,
            metrics,
            clock,
        }
    }

    /// The journal's folder.
    pub fn directory(&self) -> &Arc<Directory> {
        self.file_set.directory()
    }

    /// The disk that all writes go to.
    pub fn disk(&self) -> &Arc<dyn Disk> {
        &self.disk
    }

    /// Whether a file was damaged at the start, so that the whole state should replace the files.
    pub fn is_damaged(&self) -> bool {
        self.file_set.is_damaged()
    }

    /// Stores how many alerts, groups and so on the engine holds, for the compaction policy.
    pub fn set_sizes(&mut self, sizes: Sizes) {
        self.file_set.weight().set_sizes(sizes);
    }

    /// Whether the policy needs the sync thread.
    pub fn needs_sync_thread(&self) -> bool {
        matches!(self.policy, SyncPolicy::Within(_))
    }

    /// Appends all frames or none. Begins a segment first if none is open, and the next one afterwards if
    /// this one is full.
    pub fn append(&mut self, frames: &Frames) -> Result<(), Failure> {
        self.ensure_segment()?;
        if frames.is_empty() {
            return Ok(());
        }
        let segment = self.segment.as_mut().expect("it was ensured above");
        if let Err(failed) = segment.append(self.disk.as_ref(), frames.bytes()) {
            let error = failed.error;
            let missing = if failed.is_undone {
                Missing::Bytes
            } else {
                self.end_segment();
                Missing::Everything
            };
            return Err(self.failure(error, missing));
        }
        let record_counts = frames.record_counts();
        let journal = self.metrics.journal();
        journal.written(frames.len() as u64, &record_counts.records);
        self.file_set.weight().written(record_counts);
        let file = Arc::clone(segment.file());
        self.secure(&file)?;
        self.end_segment_if_full()
    }

    /// Syncs the file now, or notes it for a later sync, as the policy says.
    fn secure(&mut self, file: &Arc<File>) -> Result<(), Failure> {
        match self.policy {
            SyncPolicy::Never => Ok(()),
            SyncPolicy::Within(_) => {
                self.unsynced.written(file, self.clock.mono());
                Ok(())
            }
            SyncPolicy::Always => {
                let job = self.sync_job(vec![Arc::clone(file)]);
                let report = sync(self.disk.as_ref(), &job, self.clock);
                self.synced(report)
            }
        }
    }

    /// Handles the report of a sync. After a failed sync it is unknown what of the file is on disk, and a
    /// second sync may succeed although data is lost. So the segment ends there, and the whole state is
    /// missing.
    pub fn synced(&mut self, report: SyncReport) -> Result<(), Failure> {
        if report.result.is_ok() {
            self.made_in.clear();
        }
        let counts = self.unsynced.reported(report.round);
        let error = match report.result {
            _ if !counts => return Ok(()),
            Err(error) => error,
            Ok(()) if report.is_gone => gone(),
            Ok(()) => {
                self.metrics.journal().synced(report.took, report.at);
                return Ok(());
            }
        };
        self.end_segment();
        Err(self.failure(error, Missing::Everything))
    }

    /// The job for the sync thread, if a sync is due.
    pub fn due_sync(&mut self, now: Mono) -> Option<SyncJob> {
        let files = self.unsynced.take_due(now)?;
        Some(self.sync_job(files))
    }

    fn sync_job(&self, files: Vec<Arc<File>>) -> SyncJob {
        SyncJob {
            files: [self.made_in.clone(), files].concat(),
            directory: Arc::clone(self.directory()),
            round: self.unsynced.round(),
        }
    }

    /// When the next sync is due; `None` while nothing is to be synced or a sync is under way.
    pub fn sync_due_at(&self) -> Option<Mono> {
        self.unsynced.due_at()
    }

    fn ensure_segment(&mut self) -> Result<(), Failure> {
        if self.segment.is_some() {
            return Ok(());
        }
        self.begin_segment()
    }

    /// Begins the next segment, and ends the current one.
    fn begin_segment(&mut self) -> Result<(), Failure> {
        if self.directory().is_gone() {
            self.end_segment();
            return Err(self.failure(gone(), Missing::Everything));
        }
        let number = self.file_set.next_number();
        let path = self.directory().segment_path(number);
        let begun = Segment::begin(self.disk.as_ref(), &path, number);
        let segment = begun.map_err(|error| self.failure(error, Missing::Bytes))?;
        self.end_segment();
        self.segment = Some(segment);
        let folder = Arc::clone(self.directory().file());
        self.secure(&folder)
    }

    /// Begins the next segment if this one is full. If that fails, writing goes on in this one.
    fn end_segment_if_full(&mut self) -> Result<(), Failure> {
        let bytes = self.segment_bytes();
        if bytes < self.file_set.weight().segment_bytes() {
            return Ok(());
        }
        match self.begin_segment() {
            Err(failure) if failure.missing == Missing::Bytes => Ok(()),
            result => result,
        }
    }

    fn end_segment(&mut self) {
        if let Some(ended) = self.segment.take() {
            self.file_set.put(&ended);
        }
    }

    fn segment_bytes(&self) -> u64 {
        self.segment.as_ref().map_or(0, Segment::bytes)
    }

    /// Writes a snapshot of the whole state, syncs it, and removes all other files.
    pub fn replace(&mut self, at: Wall, records: &[Record]) -> Result<(), Failure> {
        self.end_segment();
        let number = self.file_set.next_number();
        let directory = Arc::clone(self.directory());
        let write = || {
            let mut above = self.made_in.iter();
            above.try_for_each(|folder| self.disk.sync(folder))?;
            let partial = directory.partial_path(number);
            let mut snapshot_writer = SnapshotWriter::begin(self.disk.as_ref(), partial, number)?;
            for record in records {
                snapshot_writer.push(at, record)?;
            }
            snapshot_writer.finish(&directory.snapshot_path(number), directory.file(), at)
        };
        let written = write().map_err(|error| self.failure(error, Missing::Everything))?;
        self.made_in.clear();
        let journal = self.metrics.journal();
        journal.written(written.bytes, &written.record_counts.records);
        self.file_set.replaced(number, written, self.disk.as_ref());
        self.unsynced.forget();
        Ok(())
    }

    /// Checks whether a snapshot of the whole state would fit on the disk, by reserving a file of that size.
    /// Creates the folder again if it was removed.
    pub fn look_for_room(&mut self) -> io::Result<()> {
        if self.directory().is_gone() {
            let directory = self.directory().make_anew()?;
            self.file_set.moved(Arc::new(directory));
            self.segment = None;
            self.unsynced.forget();
        }
        let number = self.file_set.next_number();
        let path = self.directory().partial_path(number);
        let bytes = self.file_set.weight().live() + limits::COMPACTION_LEAST;
        let file = self.disk.create(&path)?;
        let reserved = self.disk.reserve(&file, bytes);
        let removed = self.disk.remove(&path);
        reserved.and(removed)
    }

    /// The job of a compaction, if one is due. Ends the current segment, so that it is part of the job.
    pub fn due_compaction(&mut self) -> Option<Job> {
        let bytes = self.segment_bytes();
        if !self.file_set.is_compaction_due(bytes) {
            return None;
        }
        if bytes > HEADER_BYTES as u64 {
            // If no segment can be begun, the next write reports the reason.
            self.begin_segment().ok()?;
        }
        self.file_set.begin_compaction()
    }

    /// Adopts the snapshot of a compaction. If its input files were replaced in the meantime, the snapshot
    /// is removed.
    pub fn compacted(&mut self, compacted: Compacted) {
        let Compacted {
            snapshot, number, ..
        } = compacted;
        if !self.file_set.has_segment(number) {
            let path = self.directory().snapshot_path(number);
            retire(self.disk.as_ref(), &path, false);
            return;
        }
        self.file_set.compacted(number, snapshot);
    }

    /// The bytes of all files together, the open segment included.
    pub fn bytes(&self) -> u64 {
        self.file_set.bytes() + self.segment_bytes()
    }

    /// The number of files, the open segment included.
    pub fn files(&self) -> usize {
        self.file_set.files() + usize::from(self.segment.is_some())
    }

    /// Syncs everything that is not synced yet, at a stop; nothing if the policy is never to sync.
    pub fn sync_all(&mut self) -> io::Result<()> {
        if self.policy == SyncPolicy::Never {
            return Ok(());
        }
        let files = self.unsynced.take_all();
        let job = self.sync_job(files);
        let report = sync(self.disk.as_ref(), &job, self.clock);
        self.synced(report).map_err(|failure| failure.error)
    }

    /// The failure to report: a folder that is gone explains any other error.
    fn failure(&self, error: io::Error, missing: Missing) -> Failure {
        if self.directory().is_gone() {
            return Failure {
                error: gone(),
                missing: Missing::Everything,
            };
        }
        Failure { error, missing }
    }
}

/// The error for a folder that was removed or moved away.
fn gone() -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, "the directory was removed")
}
