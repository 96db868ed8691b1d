//! Writes a snapshot: under a temporary name first, and renamed once it is complete and synced.
//!
//! Owns the unfinished file, and removes it on failure. Holds about one frame in memory. Runs on the
//! thread of a compaction, and on the journal thread when the dispatcher sends the whole state.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::codec::Encoded;
use super::disk::{Disk, append_all};
use super::frame::Frames;
use super::header::{FileKind, HEADER_BYTES, Header};
use super::messages;
use super::record_counts::RecordCounts;
use crate::engine::Record;
use crate::limits;
use crate::model::Wall;

/// A snapshot that is being written.
#[derive(Debug)]
pub struct SnapshotWriter<'a> {
    disk: &'a dyn Disk,
    partial: PathBuf,
    file: File,
    frames: Frames,
    bytes: u64,
    record_counts: RecordCounts,
    is_finished: bool,
}

/// A finished snapshot.
#[derive(Debug)]
pub struct Written {
    /// The length of the file.
    pub bytes: u64,
    /// The records in it, by kind.
    pub record_counts: RecordCounts,
}

impl<'a> SnapshotWriter<'a> {
    /// Begins the snapshot with this number under the name `partial`, which recovery ignores.
    pub fn begin(disk: &'a dyn Disk, partial: PathBuf, number: u64) -> io::Result<Self> {
        let file = disk.create(&partial)?;
        let snapshot_writer = SnapshotWriter {
            disk,
            partial,
            file,
            frames: Frames::new(),
            bytes: HEADER_BYTES as u64,
            record_counts: RecordCounts::default(),
            is_finished: false,
        };
        let kind = FileKind::Snapshot;
        let header = Header::to_write(kind, number).to_bytes();
        append_all(disk, &snapshot_writer.file, &header)?;
        Ok(snapshot_writer)
    }

    /// Appends a record.
    pub fn push(&mut self, at: Wall, record: &Record) -> io::Result<()> {
        self.frames.push(at, record);
        messages::log_left_out(self.frames.take_left_out());
        self.write_if_much()
    }

    /// Appends an encoded record.
    pub fn copy(&mut self, record: &Encoded<'_>) -> io::Result<()> {
        self.frames.copy(record);
        self.write_if_much()
    }

    fn write_if_much(&mut self) -> io::Result<()> {
        if self.frames.len() < limits::SNAPSHOT_FRAME_BYTES {
            return Ok(());
        }
        self.frames.seal();
        self.write()
    }

    fn write(&mut self) -> io::Result<()> {
        let frames = self.frames.bytes();
        append_all(self.disk, &self.file, frames)?;
        self.bytes += frames.len() as u64;
        self.record_counts.add(self.frames.record_counts());
        self.frames.clear();
        Ok(())
    }

    /// Completes the snapshot as of `at`: syncs the file, renames it to `place` and syncs the folder. After
    /// that it survives a power cut.
    pub fn finish(mut self, place: &Path, folder: &File, at: Wall) -> io::Result<Written> {
        self.frames.close(at);
        self.write()?;
        self.disk.sync(&self.file)?;
        self.disk.rename(&self.partial, place)?;
        self.is_finished = true;
        self.disk.sync(folder)?;
        Ok(Written {
            bytes: self.bytes,
            record_counts: self.record_counts,
        })
    }
}

impl Drop for SnapshotWriter<'_> {
    fn drop(&mut self) {
        if !self.is_finished {
            // If the removal fails too, the next start does it.
            let _ = self.disk.remove(&self.partial);
        }
    }
}
