//! Opening the journal at a start: what an earlier process has left, and the writer that goes on
//! after it.
//!
//! Owns the way from the flags to both, and what is said of it in log and metrics. Runs on main,
//! before there is anybody to write for.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use super::alertmanager::{AlertmanagerLog, Trouble, read_alertmanager};
use super::compaction_policy::CompactionPolicy;
use super::directory::{Directory, DirectoryFault};
use super::disk::{Disk, HostDisk};
use super::file_set::{FileSet, Stored, retire};
use super::header::HEADER_BYTES;
use super::listing::FileName;
use super::recovery::{FileReport, Refusal, Report, recover};
use super::repair::repair;
use super::sync::SyncPolicy;
use super::writer::Writer;
use crate::clock::Clock;
use crate::engine::Recovered;
use crate::telemetry::metrics::Metrics;

/// Where the state is kept, and how (`--storage.*`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Storage {
    /// The directory. The journal is a folder in it.
    pub path: PathBuf,
    /// When data is forced to disk.
    pub sync: SyncPolicy,
}

/// A journal that was read.
#[derive(Debug)]
pub struct Opened {
    /// What it held.
    pub recovered: Recovered,
    /// What goes on writing it.
    pub journal: Writer,
}

/// Why the journal cannot be read, or not be begun.
#[derive(Debug)]
pub enum OpenError {
    /// Its folder cannot be used.
    Directory(DirectoryFault),
    /// Its files are not read.
    Refused(Refusal),
    /// A file that an Alertmanager left cannot be read. Once there is a journal nobody looks at it any
    /// more, so to start without it would lose what is in it for good.
    AlertmanagerLog(Trouble),
}

impl fmt::Display for OpenError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OpenError::Directory(fault) => fault.fmt(out),
            OpenError::Refused(refusal) => refusal.fmt(out),
            OpenError::AlertmanagerLog(trouble) => trouble.fmt(out),
        }
    }
}

/// Opens the journal, and makes one if there is none.
pub fn open(storage: &Storage, metrics: Arc<Metrics>, clock: Clock) -> Result<Opened, OpenError> {
    open_on(Arc::new(HostDisk), storage, metrics, clock)
}

/// The same on any disk.
pub(super) fn open_on(
    disk: Arc<dyn Disk>,
    storage: &Storage,
    metrics: Arc<Metrics>,
    clock: Clock,
) -> Result<Opened, OpenError> {
    let mut directory = Directory::open(&storage.path).map_err(OpenError::Directory)?;
    let made_in = directory.take_made_in();
    let (recovered, report) = recover(directory.path()).map_err(OpenError::Refused)?;
    tell(&report, &metrics);
    repair(directory.path(), &report);
    // Where damage is all there is, silences that were ended since would come back with the old files.
    let is_new =
        recovered.written_at.is_none() && recovered.is_empty() && report.damages.is_empty();
    let recovered = if is_new {
        inherited(storage, clock)?
    } else {
        recovered
    };
    let weight = weight(&report, &recovered);
    let file_set = file_set(directory, &report, weight, disk.as_ref());
    let journal = Writer::new(disk, file_set, made_in, storage.sync, metrics, clock);
    Ok(Opened { recovered, journal })
}

/// What an Alertmanager left beside a journal that has nothing written in it yet.
fn inherited(storage: &Storage, clock: Clock) -> Result<Recovered, OpenError> {
    let AlertmanagerLog { recovered, report } = read_alertmanager(&storage.path, clock.wall());
    if let Some(trouble) = report.unreadable() {
        return Err(OpenError::AlertmanagerLog(trouble.clone()));
    }
    report.log();
    Ok(recovered)
}

fn tell(report: &Report, metrics: &Metrics) {
    let torn_bytes = report.torn.as_ref().map_or(0, |torn| torn.bytes);
    let damages = report.damages.len() as u64;
    let records = report.record_counts().records;
    metrics.journal().recovered(&records, damages, torn_bytes);
    for damage in &report.damages {
        log::error!(
            file:% = damage.file, offset = damage.span.offset, bytes = damage.span.bytes;
            "The journal is damaged: {}", damage.flaw
        );
    }
    if let Some(torn) = &report.torn {
        log::warn!(
            file:% = torn.file, offset = torn.offset, bytes = torn.bytes;
            "Dropped the end of the journal, a write that was cut short; nothing was promised of it"
        );
    }
}

/// Puts the files in order as far as the disk allows it, and on a shelf. A start that fails at that
/// goes on: what cannot be removed is passed over.
fn file_set(
    directory: Directory,
    report: &Report,
    weight: CompactionPolicy,
    disk: &dyn Disk,
) -> FileSet {
    let directory = Arc::new(directory);
    for partial in &report.partials {
        retire(disk, &directory.path().join(partial), false);
    }
    for covered in &report.covered {
        retire(disk, &covered.within(directory.path()), false);
    }
    for rejected in &report.rejected {
        retire(disk, &rejected.within(directory.path()), true);
    }
    let is_empty =
        |file: &&FileReport| file.flaws.is_empty() && bytes(report, file) <= HEADER_BYTES as u64;
    for empty in report.segments().iter().filter(is_empty) {
        retire(disk, &empty.name.within(directory.path()), false);
    }
    let stored = |file: &FileReport| Stored {
        number: file.name.number,
        bytes: bytes(report, file),
        is_damaged: is_damaged(report, file.name),
    };
    let segments = report.segments().iter();
    let segments = segments.filter(|file| !is_empty(file)).map(stored);
    FileSet::new(
        Arc::clone(&directory),
        report.snapshot().map(stored),
        segments.collect(),
        report.next_number,
        weight,
    )
}

/// The bytes of a file that count.
fn bytes(report: &Report, file: &FileReport) -> u64 {
    let torn = report.torn.as_ref().filter(|torn| torn.file == file.name);
    torn.map_or(file.bytes, |torn| torn.offset)
}

fn is_damaged(report: &Report, file: FileName) -> bool {
    report.damages.iter().any(|damage| damage.file == file)
}

fn weight(report: &Report, recovered: &Recovered) -> CompactionPolicy {
    let mut weight = CompactionPolicy::default();
    if let Some(snapshot) = report.snapshot() {
        weight.replaced(snapshot.record_counts, snapshot.bytes);
    }
    for segment in report.segments() {
        weight.written(&segment.record_counts);
    }
    weight.set_sizes(recovered.sizes());
    weight
}
