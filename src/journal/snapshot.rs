//! Writing a snapshot: beside its place first, and there once it is whole and on disk.
//!
//! Owns a file that is not whole yet, and removes it unless it becomes so. Holds about one frame in
//! memory. Runs on the compaction's thread; on the journal's where it is given the whole state.

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

/// A snapshot that is in its place.
#[derive(Debug)]
pub struct Written {
    /// Its bytes.
    pub bytes: u64,
    /// What is in it.
    pub record_counts: RecordCounts,
}

impl<'a> SnapshotWriter<'a> {
    /// Begins the snapshot with this number under a name that a start passes over.
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

    /// Takes a record.
    pub fn push(&mut self, at: Wall, record: &Record) -> io::Result<()> {
        self.frames.push(at, record);
        messages::log_left_out(self.frames.take_left_out());
        self.write_if_much()
    }

    /// Takes a record as it stands elsewhere.
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

    /// Puts it in its place, complete as of `at`: after this returns it is there whatever happens.
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
            // Where even that fails, the next start does it.
            let _ = self.disk.remove(&self.partial);
        }
    }
}
