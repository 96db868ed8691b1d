//! The closed files of the journal: the last snapshot, and the segments after it, which are no longer
//! written.
//!
//! Owns their numbers and sizes and the numbers of new files. Removes the files that a newer snapshot
//! covers. Runs on the journal thread.

use std::io;
use std::path::Path;
use std::sync::Arc;

use super::compaction::{Input, Job};
use super::compaction_policy::CompactionPolicy;
use super::directory::Directory;
use super::disk::Disk;
use super::record_counts::RecordCounts;
use super::segment::Segment;
use super::snapshot::Written;
use crate::limits;

/// All files in the folder except the open segment.
#[derive(Debug)]
pub struct FileSet {
    directory: Arc<Directory>,
    snapshot: Option<Stored>,
    segments: Vec<Stored>,
    next_number: u64,
    weight: CompactionPolicy,
}

/// A closed file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The number in its name.
    pub number: u64,
    /// Its size.
    pub bytes: u64,
    /// Whether it was damaged at the start. Such a file is renamed to `*.damaged` instead of removed.
    pub is_damaged: bool,
}

impl FileSet {
    /// The files that a start has found.
    pub fn new(
        directory: Arc<Directory>,
        snapshot: Option<Stored>,
        segments: Vec<Stored>,
        next_number: u64,
        weight: CompactionPolicy,
    ) -> Self {
        FileSet {
            directory,
            snapshot,
            segments,
            next_number,
            weight,
        }
    }

    /// The journal's folder.
    pub fn directory(&self) -> &Arc<Directory> {
        &self.directory
    }

    /// The policy that decides when to compact.
    pub fn weight(&mut self) -> &mut CompactionPolicy {
        &mut self.weight
    }

    /// A number that no file has had.
    pub fn next_number(&mut self) -> u64 {
        let number = self.next_number;
        self.next_number += 1;
        number
    }

    /// Adds a segment that is no longer written.
    pub fn put(&mut self, segment: &Segment) {
        self.segments.push(Stored {
            number: segment.number(),
            bytes: segment.bytes(),
            is_damaged: false,
        });
    }

    /// Whether any of the files was damaged at the start.
    pub fn is_damaged(&self) -> bool {
        let mut files = self.snapshot.iter().chain(&self.segments);
        files.any(|file| file.is_damaged)
    }

    /// The bytes of all files.
    pub fn bytes(&self) -> u64 {
        let files = self.snapshot.iter().chain(&self.segments);
        files.map(|file| file.bytes).sum()
    }

    /// The number of files.
    pub fn files(&self) -> usize {
        usize::from(self.snapshot.is_some()) + self.segments.len()
    }

    /// Whether the files and an open segment of `segment_bytes` should be compacted.
    pub fn is_compaction_due(&self, segment_bytes: u64) -> bool {
        self.files() >= limits::SEGMENTS || self.weight.is_due(self.bytes() + segment_bytes)
    }

    /// The job of compacting all files; `None` without a segment. Notes that the compaction begins.
    pub fn begin_compaction(&mut self) -> Option<Job> {
        let number = self.segments.last()?.number;
        self.weight.begin_compaction();
        let snapshot = self.snapshot.iter().map(|file| Input {
            path: self.directory.snapshot_path(file.number),
            bytes: file.bytes,
        });
        let segments = self.segments.iter().map(|file| Input {
            path: self.directory.segment_path(file.number),
            bytes: file.bytes,
        });
        Some(Job {
            directory: Arc::clone(&self.directory),
            inputs: snapshot.chain(segments).collect(),
            number,
            is_cancelled: Arc::default(),
        })
    }

    /// Whether the set has a segment with this number.
    pub fn has_segment(&self, number: u64) -> bool {
        self.segments.iter().any(|file| file.number == number)
    }

    /// Adopts the snapshot of a compaction, in place of the files that it covers.
    pub fn compacted(&mut self, number: u64, written: Written) {
        self.segments.retain(|file| file.number > number);
        self.weight.compacted(written.record_counts, written.bytes);
        self.snapshot = Some(Stored {
            number,
            bytes: written.bytes,
            is_damaged: false,
        });
    }

    /// Adopts a snapshot of the whole state, and removes all other files.
    pub fn replaced(&mut self, number: u64, written: Written, disk: &dyn Disk) {
        if let Some(file) = self.snapshot.take() {
            let path = self.directory.snapshot_path(file.number);
            retire(disk, &path, file.is_damaged);
        }
        for file in self.segments.drain(..) {
            let path = self.directory.segment_path(file.number);
            retire(disk, &path, file.is_damaged);
        }
        self.weight.replaced(written.record_counts, written.bytes);
        self.snapshot = Some(Stored {
            number,
            bytes: written.bytes,
            is_damaged: false,
        });
    }

    /// Continues in a new, empty folder.
    pub fn moved(&mut self, directory: Arc<Directory>) {
        self.directory = directory;
        self.snapshot = None;
        self.segments.clear();
        self.weight.replaced(RecordCounts::default(), 0);
    }
}

/// Removes a file that a newer one covers, or renames it to `*.damaged` if it is damaged. A file that cannot
/// be removed now is removed at the next start.
pub fn retire(disk: &dyn Disk, path: &Path, is_damaged: bool) {
    let result = if is_damaged {
        disk.rename(path, &path.with_added_extension("damaged"))
    } else {
        disk.remove(path)
    };
    if let Err(error) = result
        && error.kind() != io::ErrorKind::NotFound
    {
        log::warn!(file:% = path.display(), err:% = error; "Cannot remove an obsolete file of the journal");
    }
}
