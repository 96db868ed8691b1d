//! Frames: the unit of the write-ahead log. After a crash a frame counts as a whole or not at all.
//!
//! PURE. Owns how records are packed into frames. Never reads frames back: `scan.rs` does, and decides
//! what is damage. Runs on the journal thread and on the thread of a compaction.
//!
//! A frame is the length of its payload (4 bytes, little endian), the payload's CRC-32 (the same), and the
//! payload (see `codec.rs`). No payload is empty, so that a run of zeroes, as a power cut may leave it, is
//! no frame. Each payload begins with [`FIRST_BYTE`].

use super::codec::Kind;
use super::codec::{CLOCK, Encoded, put_clock, put_closing, put_copy, put_record};
use super::header::Version;
use super::record_counts::RecordCounts;
use crate::engine::Record;
use crate::limits;
use crate::model::Wall;

/// Bytes before the payload.
pub const FRAME_HEAD: usize = 8;

/// The first byte of each payload: that of a clock item, from which all times count. UTF-8 never has this
/// byte, so no posted text can contain something that looks like a frame.
pub const FIRST_BYTE: u8 = CLOCK;

/// A buffer of frames that are written together. It is reused.
#[derive(Debug, Default)]
pub struct Frames {
    bytes: Vec<u8>,
    open: Option<Open>,
    records: u64,
    record_counts: RecordCounts,
    left_out: u64,
}

/// The last frame, which may still grow.
#[derive(Clone, Copy, Debug)]
struct Open {
    start: usize,
    at: Option<Wall>,
}

impl Frames {
    /// An empty buffer.
    pub fn new() -> Self {
        Frames::default()
    }

    /// Appends the records of one batch as one frame, so that after a crash all of them are there or none.
    /// Only a batch far larger than any request is split.
    pub fn push_batch(&mut self, at: Wall, records: &[Record]) {
        self.seal();
        for record in records {
            self.push_within(limits::BATCH_FRAME_BYTES, at, record);
        }
        self.seal();
    }

    /// Appends a record of a snapshot.
    pub fn push(&mut self, at: Wall, record: &Record) {
        self.push_within(limits::SNAPSHOT_FRAME_BYTES, at, record);
    }

    fn push_within(&mut self, bound: usize, at: Wall, record: &Record) {
        self.make_room(bound);
        self.set_clock(at);
        let start = self.bytes.len();
        put_record(&mut self.bytes, at, record);
        if self.bytes.len() - start > limits::RECORD_BYTES {
            self.bytes.truncate(start);
            self.left_out += 1;
            return;
        }
        self.count(Kind::of(record), start);
    }

    /// Appends an encoded record to a snapshot.
    pub fn copy(&mut self, record: &Encoded<'_>) {
        self.make_room(limits::SNAPSHOT_FRAME_BYTES);
        self.set_clock(record.at);
        let start = self.bytes.len();
        match record.version {
            // Version 2 only adds kinds: what version 1 has is the same in both. A record with other fields in
            // an older version would have to be decoded and encoded.
            Version::One | Version::Two => put_copy(&mut self.bytes, record),
        }
        self.count(record.kind, start);
    }

    fn count(&mut self, kind: Kind, start: usize) {
        self.records += 1;
        self.record_counts.count(kind, self.bytes.len() - start);
    }

    /// Ends a snapshot with a closing item that has the number of records; a snapshot without one counts as
    /// cut off. `at` is the last reading of the wall clock.
    pub fn close(&mut self, at: Wall) {
        self.seal();
        self.set_clock(at);
        put_closing(&mut self.bytes, self.records);
        self.seal();
    }

    /// Seals the open frame, if there is one: writes its length and checksum.
    pub fn seal(&mut self) {
        let Some(Open { start, .. }) = self.open.take() else {
            return;
        };
        let (head, payload) = self.bytes[start..].split_at_mut(FRAME_HEAD);
        assert!(
            payload.len() <= limits::FRAME_BYTES,
            "a frame is sealed before a record could make it too large"
        );
        let length = (payload.len() as u32).to_le_bytes();
        head[..4].copy_from_slice(&length);
        head[4..].copy_from_slice(&crc32fast::hash(payload).to_le_bytes());
    }

    /// The sealed frames since the last [`Frames::clear`].
    pub fn bytes(&self) -> &[u8] {
        let end = self.open.map_or(self.bytes.len(), |open| open.start);
        &self.bytes[..end]
    }

    /// The number of bytes, including an open frame.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether the buffer is empty.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The number of records so far, including those that [`Frames::clear`] has dropped.
    pub fn records(&self) -> u64 {
        self.records
    }

    /// The number of records that were left out since the last call, because they are too large.
    pub fn take_left_out(&mut self) -> u64 {
        std::mem::take(&mut self.left_out)
    }

    /// The records in the buffer, by kind.
    pub fn record_counts(&self) -> &RecordCounts {
        &self.record_counts
    }

    /// Empties the buffer, including an open frame, and frees memory beyond [`limits::FRAME_BUFFER_BYTES`].
    pub fn clear(&mut self) {
        self.open = None;
        self.record_counts = RecordCounts::default();
        self.bytes.clear();
        self.bytes.shrink_to(limits::FRAME_BUFFER_BYTES);
    }

    /// Seals the open frame once it has `bound` bytes.
    fn make_room(&mut self, bound: usize) {
        let end = self.bytes.len();
        if self.open.is_some_and(|open| end - open.start >= bound) {
            self.seal();
        }
    }

    /// Opens a frame if none is open, and appends a clock item unless `at` is already its clock.
    fn set_clock(&mut self, at: Wall) {
        let start = self.bytes.len();
        let open = self.open.get_or_insert(Open { start, at: None });
        if open.start == start {
            self.bytes.extend_from_slice(&[0; FRAME_HEAD]);
        }
        if open.at != Some(at) {
            put_clock(&mut self.bytes, open.at, at);
            open.at = Some(at);
        }
    }
}

#[cfg(test)]
mod tests;
