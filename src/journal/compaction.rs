//! Compaction: the last snapshot and the segments after it become one snapshot.
//!
//! Owns the two passes: the first notes where the last record of each key is, the second copies the
//! records that still count, as they stand. Holds a frame and some twenty bytes a key, never a file
//! and never the state. What it reads is not written any more, so nobody waits for it. Runs on a
//! thread that is made for one job.

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

/// What is to be made one.
#[derive(Debug)]
pub struct Job {
    /// The folder.
    pub directory: Arc<Directory>,
    /// The snapshot, if there is one, and the segments after it, in their order.
    pub inputs: Vec<Input>,
    /// The number of the last segment among them, which is that of the snapshot to make.
    pub number: u64,
    /// Set once nobody wants the result any more.
    pub is_cancelled: Arc<AtomicBool>,
}

/// A file to be read.
#[derive(Clone, Debug)]
pub struct Input {
    /// Where it is.
    pub path: PathBuf,
    /// How much of it was written; what follows is of no account.
    pub bytes: u64,
}

/// A compaction that is done.
#[derive(Debug)]
pub struct Compacted {
    /// The snapshot, which is in its place.
    pub snapshot: Written,
    /// Its number.
    pub number: u64,
    /// How long it took.
    pub took: Duration,
}

/// Why there is no new snapshot.
#[derive(Debug)]
pub enum CompactionError {
    /// The host did not write the snapshot.
    Io(io::Error),
    /// It did not read a file.
    Unreadable(PathBuf, io::Error),
    /// A file is not as it was written.
    Damaged(PathBuf),
    /// More records than can be told apart.
    TooMany,
    /// Nobody wants it any more.
    Cancelled,
}

impl CompactionError {
    /// Whether it is the files to be read that fail, and not the one to be written.
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

/// Does the job. The files that were read are removed once the snapshot is in its place.
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

/// Hands each record of all inputs to `take`, in their order; returns the last reading of the wall
/// clock. Where `take` fails without a reason, the record is malformed.
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

/// The frames of a file, as far as that was written.
type InputScan = Scan<Take<BufReader<File>>>;

/// The version and the frames of a file.
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
