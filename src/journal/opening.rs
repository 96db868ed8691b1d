//! Opens the journal at a start: recovers the state of the previous run, and makes the writer that
//! continues the journal.
//!
//! Owns the order of these steps, and the log lines and metrics about them. Runs on main, before the
//! journal thread starts.

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
    /// When written data is synced.
    pub sync: SyncPolicy,
}

/// A journal that was opened.
#[derive(Debug)]
pub struct Opened {
    /// The state that it held.
    pub recovered: Recovered,
    /// The writer that continues it.
    pub journal: Writer,
}

/// Why the journal cannot be opened.
#[derive(Debug)]
pub enum OpenError {
    /// The journal's folder cannot be used.
    Directory(DirectoryFault),
    /// The journal's files cannot be read.
    Refused(Refusal),
    /// A file that an Alertmanager left cannot be read. These files are imported only while there is no
    /// journal yet, so a start without this one would lose its contents for good.
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

/// Opens the journal like [`open`], on any disk.
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
    // If the journal holds only damage, do not import an Alertmanager's old files again: silences that
    // were expired since would come back.
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

/// Imports the files that an Alertmanager left, for a journal in which nothing is written yet.
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
            "Dropped an incomplete write at the end of the journal; it was never acknowledged"
        );
    }
}

/// Removes the files that are no longer needed, and makes the [`FileSet`] of the others. A file that cannot
/// be removed is skipped, and does not stop the start.
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

/// The bytes of a file, without a torn tail.
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
