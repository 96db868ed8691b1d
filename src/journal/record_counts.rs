//! Counts records and their bytes by kind.
//!
//! PURE. Owns the counters. Runs on any thread that writes or reads records.

use super::codec::Kind;

/// Records by kind; the places are those of [`Kind::ALL`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecordCounts {
    /// The number of records.
    pub records: [u64; Kind::ALL.len()],
    /// Their bytes, without what frames add.
    pub bytes: [u64; Kind::ALL.len()],
}

impl RecordCounts {
    /// The number of records of all kinds.
    pub fn total(&self) -> u64 {
        self.records.iter().sum()
    }

    /// Counts a record of this kind and length.
    pub fn count(&mut self, kind: Kind, bytes: usize) {
        self.records[kind.index()] += 1;
        self.bytes[kind.index()] += bytes as u64;
    }

    /// Adds the counts of `other`.
    pub fn add(&mut self, other: &RecordCounts) {
        for place in 0..Kind::ALL.len() {
            self.records[place] += other.records[place];
            self.bytes[place] += other.bytes[place];
        }
    }
}
