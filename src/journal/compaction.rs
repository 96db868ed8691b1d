//! Compaction: merges the last snapshot and the segments after it into one snapshot.
//!
//! Owns the two passes over the files. The first pass notes where the last record of each key is. The
//! second pass copies the records that still count, without decoding them. Holds one frame and some twenty
//! bytes a key in memory, never a file and never the state. Its input files are closed, so the journal
//! thread writes on meanwhile. Runs on a thread that is made for one job.

use std::fs::File;
use std::io::{self, BufReader, Read, Take};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::codec::{Encoded, Item, Items};
use super::directory::Directory;
use super::disk::Disk;
use super::file_set::retire;
use super::header::{HEADER_BYTES, Header, Version};
use super::live_keys::LiveKeys;
use super::regular_file::open_regular;
use super::scan::{Found, Scan, read_up_to};
use super::snapshot::{SnapshotWriter, Written};
use crate::clock::Clock;
use crate::model::Wall;
use crate::randomness;

/// A compaction to do.
#[derive(Debug)]
pub struct Job {
    /// The journal's folder.
    pub directory: Arc<Directory>,
    /// The snapshot, if there is one, and the segments after it, in order.
    pub inputs: Vec<Input>,
    /// The number of the last segment among them, which the new snapshot gets.
    pub number: u64,
    /// Set to cancel the compaction.
    pub is_cancelled: Arc<AtomicBool>,
}

/// An input file.
#[derive(Clone, Debug)]
pub struct Input {
    /// The path of the file.
    pub path: PathBuf,
    /// The bytes that were written to it; bytes after them are ignored.
    pub bytes: u64,
}

/// A compaction that has succeeded.
#[derive(Debug)]
pub struct Compacted {
    /// The new snapshot, which is on disk under its name.
    pub snapshot: Written,
    /// The number of the snapshot.
    pub number: u64,
    /// How long the compaction took.
    pub took: Duration,
}

/// Why there is no new snapshot.
#[derive(Debug)]
pub enum CompactionError {
    /// The snapshot could not be written, or the thread not be made.
    Io(io::Error),
    /// An input file could not be read.
    Unreadable(PathBuf, io::Error),
    /// An input file is damaged.
    Damaged(PathBuf),
    /// There are more records than [`LiveKeys`] can number.
    TooMany,
    /// The journal has cancelled the compaction.
    Cancelled,
}

impl CompactionError {
    /// Whether the input files are at fault, and not the snapshot to be written.
    pub fn is_of_what_was_read(&self) -> bool {
        match self {
            CompactionError::Unreadable(..)
            | CompactionError::Damaged(_)
            | CompactionError::TooMany => true,
            CompactionError::Io(_) | CompactionError::Cancelled => false,
        }
    }
}

impl std::fmt::Display for CompactionError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            CompactionError::Io(error) => error.fmt(out),
            CompactionError::Unreadable(path, error) => {
                write!(out, "{}: {error}", path.display())
            }
            CompactionError::Damaged(path) => write!(out, "{} is damaged", path.display()),
            CompactionError::TooMany => out.write_str("too many records"),
            CompactionError::Cancelled => out.write_str("cancelled"),
        }
    }
}

impl From<io::Error> for CompactionError {
    fn from(error: io::Error) -> Self {
        CompactionError::Io(error)
    }
}

/// Does the job. Removes the input files once the snapshot is on disk under its name.
pub fn compact(job: &Job, disk: &dyn Disk, clock: Clock) -> Result<Compacted, CompactionError> {
    let begun_at = clock.mono();
    let mut live_keys = LiveKeys::empty(randomness::hash_key());
    let last_at = each_record(job, |record| {
        let key = record.key().map_err(|_| None)?;
        let noted = live_keys.note(record.kind, key);
        noted.map_err(|_| Some(CompactionError::TooMany))
    })?;
    let partial = job.directory.partial_path(job.number);
    let mut snapshot_writer = SnapshotWriter::begin(disk, partial, job.number)?;
    let mut ordinal = 0;
    each_record(job, |record| {
        ordinal += 1;
        let key = record.key().map_err(|_| None)?;
        if live_keys.counts(ordinal, key) {
            let copied = snapshot_writer.copy(&record);
            copied.map_err(|error| Some(error.into()))?;
        }
        Ok(())
    })?;
    let place = job.directory.snapshot_path(job.number);
    let at = last_at.unwrap_or(Wall::UNIX_EPOCH);
    let snapshot = snapshot_writer.finish(&place, job.directory.file(), at)?;
    for input in &job.inputs {
        retire(disk, &input.path, false);
    }
    Ok(Compacted {
        snapshot,
        number: job.number,
        took: clock.mono().since(begun_at),
    })
}

/// Calls `take` with each record of all inputs, in order. Returns the last reading of the wall clock in
/// them. `take` fails with `None` for a malformed record.
fn each_record(
    job: &Job,
    mut take: impl FnMut(Encoded<'_>) -> Result<(), Option<CompactionError>>,
) -> Result<Option<Wall>, CompactionError> {
    let mut last_at = None;
    for input in &job.inputs {
        let damaged = || CompactionError::Damaged(input.path.clone());
        let unreadable = |error| CompactionError::Unreadable(input.path.clone(), error);
        let (version, mut scan) = open(input)?;
        while let Some(found) = scan.next_frame().map_err(unreadable)? {
            if job.is_cancelled.load(Ordering::Relaxed) {
                return Err(CompactionError::Cancelled);
            }
            let Found::Frame { payload, .. } = found else {
                return Err(damaged());
            };
            let mut items = Items::of(version, payload);
            for item in items.by_ref() {
                if let Item::Record(record) = item.map_err(|_| damaged())? {
                    take(record).map_err(|error| error.unwrap_or_else(damaged))?;
                }
            }
            last_at = items.at().or(last_at);
        }
        if scan.offset() < input.bytes {
            return Err(damaged());
        }
    }
    Ok(last_at)
}

/// A scan of the frames of a file, up to the bytes that were written.
type InputScan = Scan<Take<BufReader<File>>>;

/// Opens a file, and returns its version and a scan of its frames.
fn open(input: &Input) -> Result<(Version, InputScan), CompactionError> {
    let unreadable = |error| CompactionError::Unreadable(input.path.clone(), error);
    let mut source = BufReader::new(open_regular(&input.path).map_err(unreadable)?);
    let mut head = [0; HEADER_BYTES];
    let length = read_up_to(&mut source, &mut head).map_err(unreadable)?;
    let damaged = || CompactionError::Damaged(input.path.clone());
    if length < HEADER_BYTES {
        return Err(damaged());
    }
    let header = Header::from_bytes(&head).map_err(|_| damaged())?;
    let rest = input.bytes.saturating_sub(HEADER_BYTES as u64);
    let scan = Scan::new(source.take(rest), HEADER_BYTES as u64);
    Ok((header.version, scan))
}
