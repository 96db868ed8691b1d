//! Frames: what is written at once, and counts as a whole or not at all.
//!
//! PURE. Owns how records are packed into frames. How they are found again, and what is damage, is in
//! `scan.rs`. Runs on the journal thread and where the journal is compacted.
//!
//! A frame is the length of its payload and the payload's CRC-32, four bytes each with the lowest
//! first, and then the payload (see `codec.rs`). No payload is empty: a stretch of zeroes, as a power
//! cut leaves behind, must not look like a frame. Each begins with [`FIRST_BYTE`].

use super::codec::Kind;
use super::codec::{CLOCK, Encoded, put_clock, put_closing, put_copy, put_record};
use super::header::VERSION;
use super::record_counts::RecordCounts;
use crate::engine::Record;
use crate::limits;
use crate::model::Wall;

/// Bytes before the payload.
pub const FRAME_HEAD: usize = 8;

/// Begins each payload, since times count from a clock. It is in no text, because no UTF-8 has it: so
/// nobody who can post texts can post what looks like a frame.
pub const FIRST_BYTE: u8 = CLOCK;

/// Frames that are being made, to be written in one piece. Kept for reuse.
#[derive(Debug, Default)]
pub struct Frames {
    bytes: Vec<u8>,
    open: Option<Open>,
    records: u64,
    record_counts: RecordCounts,
    left_out: u64,
}

/// The frame at the end, which may still grow.
#[derive(Clone, Copy, Debug)]
struct Open {
    start: usize,
    at: Option<Wall>,
}

impl Frames {
    /// No frames.
    pub fn new() -> Self {
        Frames::default()
    }

    /// Appends one turn's records. They make one frame, so that after a crash all of them are there
    /// or none; only a turn far larger than any request is split.
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

    /// Appends a record of a snapshot as it stands elsewhere.
    pub fn copy(&mut self, record: &Encoded<'_>) {
        self.make_room(limits::SNAPSHOT_FRAME_BYTES);
        self.set_clock(record.at);
        let start = self.bytes.len();
        match record.version {
            // One of an older version has to be decoded and written anew, since a file has one version.
            VERSION => put_copy(&mut self.bytes, record),
        }
        self.count(record.kind, start);
    }

    fn count(&mut self, kind: Kind, start: usize) {
        self.records += 1;
        self.record_counts.count(kind, self.bytes.len() - start);
    }

    /// Ends a snapshot, at the wall clock's last reading: without this it counts as cut off. The
    /// number of records is that since these frames were made.
    pub fn close(&mut self, at: Wall) {
        self.seal();
        self.set_clock(at);
        put_closing(&mut self.bytes, self.records);
        self.seal();
    }

    /// Ends the frame at the end, if one is open.
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

    /// The frames that are sealed, and not let go by [`Frames::clear`].
    pub fn bytes(&self) -> &[u8] {
        let end = self.open.map_or(self.bytes.len(), |open| open.start);
        &self.bytes[..end]
    }

    /// Bytes so far, those of an open frame included.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// How many records there are, those let go by [`Frames::clear`] included.
    pub fn records(&self) -> u64 {
        self.records
    }

    /// How many records were left out since this was asked last, because they are too large.
    pub fn take_left_out(&mut self) -> u64 {
        std::mem::take(&mut self.left_out)
    }

    /// The records in these bytes.
    pub fn record_counts(&self) -> &RecordCounts {
        &self.record_counts
    }

    /// Lets all bytes go, also those of an open frame, and most of the memory where it was much.
    pub fn clear(&mut self) {
        self.open = None;
        self.record_counts = RecordCounts::default();
        self.bytes.clear();
        self.bytes.shrink_to(limits::FRAME_BUFFER_BYTES);
    }

    /// Seals the frame at the end once it has `bound` bytes.
    fn make_room(&mut self, bound: usize) {
        let end = self.bytes.len();
        if self.open.is_some_and(|open| end - open.start >= bound) {
            self.seal();
        }
    }

    /// Opens a frame if none is, and sees to it that times count from `at`.
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
