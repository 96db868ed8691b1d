//! Finds the frames in a stream of bytes, and the damage between them.
//!
//! Owns the test of a sound frame, and the search for the next one after damage. Holds one frame at a
//! time. Never writes. Runs on main at a start, and on the thread of a compaction.
//!
//! After damage the search tries every byte, since a damaged length leads nowhere. A frame is not found by
//! accident: its checksum has to be right, and its payload has to begin with [`FIRST_BYTE`], which no
//! posted text contains.

use std::io::{self, ErrorKind, Read};

use super::frame::{FIRST_BYTE, FRAME_HEAD};
use crate::limits;

/// A scan of a stream that begins with a frame.
#[derive(Debug)]
pub struct Scan<R> {
    source: R,
    /// Whether the source has reached its end.
    is_dry: bool,
    /// Bytes that were read. Those before `start` are no longer needed.
    window: Vec<u8>,
    start: usize,
    /// The offset of `start` in the file.
    offset: u64,
    /// The length of the frame at `start` that was returned last.
    handed_out: usize,
}

/// What comes next in a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found<'a> {
    /// A sound frame.
    Frame {
        /// The offset of its first byte in the file.
        offset: u64,
        /// The payload; never empty.
        payload: &'a [u8],
    },
    /// Bytes that are no sound frame.
    Damage(Gap),
}

/// Bytes that are no sound frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The offset of the first of them in the file.
    pub offset: u64,
    /// Their number.
    pub bytes: u64,
    /// Whether no sound frame follows, as after a write that was cut off.
    pub is_rest: bool,
}

/// Bytes per read.
const READ_BYTES: usize = 64 * 1024;

/// The largest frame that the search after damage finds. Larger ones are rare, and a damaged length must not
/// allocate hundreds of megabytes each time.
const SOUGHT_BYTES: usize = 2 * limits::SNAPSHOT_FRAME_BYTES;

impl<R: Read> Scan<R> {
    /// A scan of `source`, whose first byte is at `offset` of its file.
    pub fn new(source: R, offset: u64) -> Self {
        Scan {
            source,
            is_dry: false,
            window: Vec::new(),
            start: 0,
            offset,
            handed_out: 0,
        }
    }

    /// The next frame or gap; `None` at the end.
    pub fn next_frame(&mut self) -> io::Result<Option<Found<'_>>> {
        let handed_out = std::mem::take(&mut self.handed_out);
        self.pass(handed_out);
        let offset = self.offset;
        if let Some(length) = self.frame_here(limits::FRAME_BYTES)? {
            return Ok(Some(self.hand_out(length)));
        }
        loop {
            let is_end = self.fill(1)? == 0;
            let bytes = self.offset - offset;
            if is_end && bytes == 0 {
                return Ok(None);
            }
            if is_end || (bytes > 0 && self.frame_here(SOUGHT_BYTES)?.is_some()) {
                let is_rest = is_end;
                return Ok(Some(Found::Damage(Gap {
                    offset,
                    bytes,
                    is_rest,
                })));
            }
            self.pass(1);
        }
    }

    /// The offset in the file after the last frame or gap.
    pub fn offset(&self) -> u64 {
        self.offset + self.handed_out as u64
    }

    fn hand_out(&mut self, length: usize) -> Found<'_> {
        self.handed_out = FRAME_HEAD + length;
        let payload = self.start + FRAME_HEAD;
        Found::Frame {
            offset: self.offset,
            payload: &self.window[payload..payload + length],
        }
    }

    /// The length of the payload, if a sound frame with a payload of at most `most` bytes begins here.
    fn frame_here(&mut self, most: usize) -> io::Result<Option<usize>> {
        if self.fill(FRAME_HEAD + 1)? <= FRAME_HEAD {
            return Ok(None);
        }
        let Some(([a, b, c, d, sum @ ..], [first, ..])) =
            self.window[self.start..].split_first_chunk::<FRAME_HEAD>()
        else {
            return Ok(None);
        };
        let (length, sum) = (u32::from_le_bytes([*a, *b, *c, *d]), *sum);
        let length = length as usize;
        if *first != FIRST_BYTE || length == 0 || length > most {
            return Ok(None);
        }
        let end = FRAME_HEAD + length;
        if self.fill(end)? < end {
            return Ok(None);
        }
        let payload = &self.window[self.start + FRAME_HEAD..self.start + end];
        let is_sound = crc32fast::hash(payload) == u32::from_le_bytes(sum);
        Ok(is_sound.then_some(length))
    }

    fn pass(&mut self, bytes: usize) {
        self.start += bytes;
        self.offset += bytes as u64;
    }

    /// Reads until the window has `bytes` bytes from `start` on, or the source ends. Returns how many it has.
    fn fill(&mut self, bytes: usize) -> io::Result<usize> {
        while self.window.len() - self.start < bytes && !self.is_dry {
            if self.start >= READ_BYTES || self.start == self.window.len() {
                self.window.drain(..self.start);
                self.start = 0;
            }
            let end = self.window.len();
            self.window.resize(end + READ_BYTES, 0);
            // One read at a time, so that bytes before an error count.
            let read = read_some(&mut self.source, &mut self.window[end..]);
            self.window.truncate(end + *read.as_ref().unwrap_or(&0));
            self.is_dry = read? == 0;
        }
        Ok(self.window.len() - self.start)
    }
}

/// Fills `buffer` as far as the source goes, and returns the number of bytes read.
pub fn read_up_to(source: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match read_some(source, &mut buffer[filled..])? {
            0 => break,
            read => filled += read,
        }
    }
    Ok(filled)
}

fn read_some(source: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match source.read(buffer) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

#[cfg(test)]
mod tests;
