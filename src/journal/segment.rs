//! The segment that is written now.
//!
//! Owns the file and how much of it is sound: what a failed write left behind is cut off again, so
//! that every whole frame is followed by another or by nothing. Runs on the journal thread.

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
    /// What the host said.
    pub error: io::Error,
    /// Whether the segment is as it was before. If not, nothing may be appended to it any more.
    pub is_undone: bool,
}

impl Segment {
    /// Begins a segment at a path where no file is. Of one that could not be begun nothing is left,
    /// as far as the host allows.
    pub fn begin(disk: &dyn Disk, path: &Path, number: u64) -> io::Result<Self> {
        let file = disk.create(path)?;
        let kind = FileKind::Segment;
        let header = Header::to_write(kind, number).to_bytes();
        if let Err(error) = append_all(disk, &file, &header) {
            // What is left is a file without a whole header, which a start takes for a torn one.
            let _ = disk.remove(path);
            return Err(error);
        }
        Ok(Segment {
            number,
            file: Arc::new(file),
            bytes: HEADER_BYTES as u64,
        })
    }

    /// Appends whole frames: all of them, or none.
    pub fn append(&mut self, disk: &dyn Disk, frames: &[u8]) -> Result<(), AppendError> {
        if let Err(error) = append_all(disk, &self.file, frames) {
            let is_undone = disk.truncate(&self.file, self.bytes).is_ok();
            return Err(AppendError { error, is_undone });
        }
        self.bytes += frames.len() as u64;
        Ok(())
    }

    /// Its number.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Its sound bytes.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The file, to be synced.
    pub fn file(&self) -> &Arc<File> {
        &self.file
    }
}
