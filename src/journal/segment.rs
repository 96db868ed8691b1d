//! The open segment of the write-ahead log, to which records are appended.
//!
//! Owns the file, and the length up to which it is sound: the remains of a failed write are cut off again,
//! so that after each whole frame another follows, or nothing. Runs on the journal thread.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use super::disk::{Disk, append_all};
use super::header::{FileKind, HEADER_BYTES, Header};

/// An open segment.
#[derive(Debug)]
pub struct Segment {
    number: u64,
    file: Arc<File>,
    bytes: u64,
}

/// Why nothing was appended.
#[derive(Debug)]
pub struct AppendError {
    /// The error of the operating system.
    pub error: io::Error,
    /// Whether the segment is as it was before the write. If not, nothing more may be appended to it.
    pub is_undone: bool,
}

impl Segment {
    /// Creates a segment at a path where no file exists. On failure the file is removed, if possible.
    pub fn begin(disk: &dyn Disk, path: &Path, number: u64) -> io::Result<Self> {
        let file = disk.create(path)?;
        let kind = FileKind::Segment;
        let header = Header::to_write(kind, number).to_bytes();
        if let Err(error) = append_all(disk, &file, &header) {
            // If the removal fails too, a start takes the file without a whole header for a torn segment.
            let _ = disk.remove(path);
            return Err(error);
        }
        Ok(Segment {
            number,
            file: Arc::new(file),
            bytes: HEADER_BYTES as u64,
        })
    }

    /// Appends frames: all of them, or none.
    pub fn append(&mut self, disk: &dyn Disk, frames: &[u8]) -> Result<(), AppendError> {
        if let Err(error) = append_all(disk, &self.file, frames) {
            let is_undone = disk.truncate(&self.file, self.bytes).is_ok();
            return Err(AppendError { error, is_undone });
        }
        self.bytes += frames.len() as u64;
        Ok(())
    }

    /// The number in its name.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The number of its sound bytes.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The file, to be synced.
    pub fn file(&self) -> &Arc<File> {
        &self.file
    }
}
