//! The metrics of the journal.
//!
//! Owns these families and the names of the record kinds. Updated by the journal's threads and, before
//! those start, by main; each event updates a few atomic numbers and takes no lock.

use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;

use super::Real;
use super::families::{Labels, Page};
use crate::model::Wall;

/// The number of record kinds.
pub const RECORD_KINDS: usize = KINDS.len();

/// Number of records by kind, in the order of the kinds in the journal.
pub type RecordCounts = [u64; RECORD_KINDS];

/// The values of the label `kind`, in the same order.
pub const KINDS: [&str; 16] = [
    "alert",
    "alertExtended",
    "alertForgotten",
    "alertLeft",
    "group",
    "groupRemoved",
    "logEntry",
    "logEntryForgotten",
    "silence",
    "silenceForgotten",
    "alertmanagerEntry",
    "alertmanagerEntryForgotten",
    "alertKey",
    "alertKeyForgotten",
    "heartbeat",
    "heartbeatForgotten",
];

/// Upper bounds in seconds: a solid-state disk takes a few milliseconds, a worn SD card seconds.
const SYNC_BUCKETS: [f64; 8] = [0.001, 0.005, 0.02, 0.1, 0.5, 1.0, 5.0, 30.0];

/// Upper bounds in seconds.
const COMPACTION_BUCKETS: [f64; 6] = [0.01, 0.1, 0.5, 1.0, 5.0, 30.0];

const BEFORE: Labels<1> = [("size", "before")];
const AFTER: Labels<1> = [("size", "after")];

/// Handles on the registered families.
#[derive(Debug)]
pub struct JournalFamilies {
    bytes: Gauge,
    files: Gauge,
    unwritten_bytes: Gauge,
    records: [Counter; RECORD_KINDS],
    written_bytes: Counter,
    writes: Counter,
    sync_duration: Histogram,
    synced_at_seconds: Real,
    compaction_duration: Histogram,
    compactions_failed: Counter,
    compacted_bytes: [Gauge; 2],
    trouble: Gauge,
    promises_failed: Counter,
    damaged_frames: Gauge,
    torn_bytes: Gauge,
    recovered: [Gauge; RECORD_KINDS],
}

/// Registers the records by kind: those written, and those read at the start.
fn by_kind(
    page: &mut Page,
    kinds: [Labels<1>; RECORD_KINDS],
) -> (Family<Labels<1>, Counter>, Family<Labels<1>, Gauge>) {
    let written = page.family(
        "alertwheel_journal_records_written",
        "Records written to the journal, by kind",
        kinds,
    );
    let recovered = page.family(
        "alertwheel_journal_records_recovered",
        "Records read from the journal at the start, by kind",
        kinds,
    );
    (written, recovered)
}

impl JournalFamilies {
    /// Registers every family, at zero.
    pub(super) fn register(page: &mut Page) -> Self {
        let kinds = KINDS.map(|kind| [("kind", kind)]);
        let (records, recovered) = by_kind(page, kinds);
        let compacted: Family<Labels<1>, Gauge> = page.family(
            "alertwheel_journal_compacted_bytes",
            "Size of the compacted files before and after the last compaction, in bytes",
            [BEFORE, AFTER],
        );
        let mut gauge = |name, help| page.put(name, help, Gauge::default());
        let bytes = gauge("alertwheel_journal_bytes", "Bytes of the journal");
        let files = gauge("alertwheel_journal_files", "Files of the journal");
        let unwritten_bytes = gauge(
            "alertwheel_journal_unwritten_bytes",
            "Bytes buffered in memory while the journal cannot be written",
        );
        let trouble = gauge(
            "alertwheel_journal_trouble",
            "1 while the journal cannot be written, else 0",
        );
        let damaged_frames = gauge(
            "alertwheel_journal_damaged_frames",
            "Damaged frames found in the journal at the start",
        );
        let torn_bytes = gauge(
            "alertwheel_journal_torn_bytes",
            "Bytes of an incomplete write dropped from the end of the journal at the start",
        );
        let mut counter = |name, help| page.put(name, help, Counter::default());
        JournalFamilies {
            bytes,
            files,
            unwritten_bytes,
            records: kinds.map(|kind| records.get_or_create_owned(&kind)),
            written_bytes: counter("alertwheel_journal_written_bytes", "Bytes appended"),
            writes: counter(
                "alertwheel_journal_writes",
                "Writes to the journal; each contains all records pending then",
            ),
            compactions_failed: counter(
                "alertwheel_journal_compactions_failed",
                "Compactions of the journal that failed and will be tried again",
            ),
            promises_failed: counter(
                "alertwheel_journal_acknowledgements_failed",
                "Requests answered with an error because their change is not on disk",
            ),
            sync_duration: page.put(
                "alertwheel_journal_sync_duration_seconds",
                "Time taken to sync the journal to disk (fdatasync)",
                Histogram::new(SYNC_BUCKETS),
            ),
            synced_at_seconds: page.put(
                "alertwheel_journal_last_sync_timestamp_seconds",
                "When the journal was last synced to disk, in Unix time",
                Real::default(),
            ),
            compaction_duration: page.put(
                "alertwheel_journal_compaction_duration_seconds",
                "Time taken by compactions of the journal",
                Histogram::new(COMPACTION_BUCKETS),
            ),
            compacted_bytes: [BEFORE, AFTER].map(|size| compacted.get_or_create_owned(&size)),
            trouble,
            damaged_frames,
            torn_bytes,
            recovered: kinds.map(|kind| recovered.get_or_create_owned(&kind)),
        }
    }

    /// Sets the current size of the journal on disk.
    pub fn holds(&self, bytes: u64, files: usize) {
        set(&self.bytes, bytes);
        set(&self.files, files as u64);
    }

    /// Sets the number of bytes buffered in memory because the journal cannot be written.
    pub fn unwritten(&self, bytes: usize) {
        set(&self.unwritten_bytes, bytes as u64);
    }

    /// One write succeeded, with these records.
    pub fn written(&self, bytes: u64, records: &RecordCounts) {
        self.writes.inc();
        self.written_bytes.inc_by(bytes);
        for (counter, count) in self.records.iter().zip(records) {
            if *count > 0 {
                counter.inc_by(*count);
            }
        }
    }

    /// A sync to disk succeeded.
    pub fn synced(&self, took: Duration, at: Wall) {
        self.sync_duration.observe(took.as_secs_f64());
        (self.synced_at_seconds).set(at.as_duration().as_secs_f64());
    }

    /// A compaction succeeded: the size of its files `before` and `after`, in bytes.
    pub fn compacted(&self, took: Duration, before: u64, after: u64) {
        self.compaction_duration.observe(took.as_secs_f64());
        for (gauge, bytes) in self.compacted_bytes.iter().zip([before, after]) {
            set(gauge, bytes);
        }
    }

    /// A compaction has failed.
    pub fn compaction_failed(&self) {
        self.compactions_failed.inc();
    }

    /// Sets whether the journal cannot be written.
    pub fn set_trouble(&self, is_there: bool) {
        self.trouble.set(is_there.into());
    }

    /// Requests were answered with an error because their change is not on disk.
    pub fn promises_failed(&self, count: usize) {
        self.promises_failed.inc_by(count as u64);
    }

    /// Counts the contents of the journal at the start.
    pub fn recovered(&self, records: &RecordCounts, damaged_frames: u64, torn_bytes: u64) {
        set(&self.damaged_frames, damaged_frames);
        set(&self.torn_bytes, torn_bytes);
        for (gauge, count) in self.recovered.iter().zip(records) {
            set(gauge, *count);
        }
    }
}

fn set(gauge: &Gauge, value: u64) {
    gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
}
