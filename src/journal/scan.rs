//! Finds the frames in a stream of bytes, and what is damaged between them.
//!
//! Owns what is a sound frame and what follows where one is not. Holds one frame at a time, and never
//! more memory than the stream has bytes. Changes nothing. Runs on main at a start, and where the
//! journal is compacted.

use std::io::{self, ErrorKind, Read};

use super::frame::FRAME_HEAD;
use crate::limits;

/// The frames of a stream, which begins where the first of them does.
#[derive(Debug)]
pub struct Scan<R> {
    source: R,
    /// Where in the file the source stands.
    offset: u64,
    payload: Vec<u8>,
    /// The frame in `payload`, if it was found while looking for what follows a damaged one.
    found: Option<u64>,
}

/// What comes next in a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found<'a> {
    /// A sound frame.
    Frame {
        /// Where in the file it begins.
        offset: u64,
        /// What is in it; never empty.
        payload: &'a [u8],
    },
    /// Bytes that are no sound frame.
    Damage(Gap),
}

/// Bytes that are no sound frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Where in the file they begin.
    pub offset: u64,
    /// How many.
    pub bytes: u64,
    /// Whether nothing sound follows, as after a write that was cut off.
    pub is_rest: bool,
}

/// What one look at the source gave.
enum Look {
    Sound,
    /// No sound frame, but its length leads to a place within the stream.
    Wrong,
    /// Nothing that a length can be trusted of.
    Cut,
    End,
}

impl<R: Read> Scan<R> {
    /// The frames of `source`, of which the first byte stands at `offset` of its file.
    pub fn new(source: R, offset: u64) -> Self {
        Scan {
            source,
            offset,
            payload: Vec::new(),
            found: None,
        }
    }

    /// What comes next; `None` at the end.
    pub fn next_frame(&mut self) -> io::Result<Option<Found<'_>>> {
        if let Some(offset) = self.found.take() {
            return Ok(Some(self.frame(offset)));
        }
        let offset = self.offset;
        match self.look()? {
            Look::End => return Ok(None),
            Look::Sound => return Ok(Some(self.frame(offset))),
            Look::Cut => {}
            Look::Wrong => {
                let next = self.offset;
                if let Look::Sound = self.look()? {
                    self.found = Some(next);
                    let bytes = next - offset;
                    let is_rest = false;
                    return Ok(Some(Found::Damage(Gap {
                        offset,
                        bytes,
                        is_rest,
                    })));
                }
            }
        }
        self.offset += io::copy(&mut self.source, &mut io::sink())?;
        Ok(Some(Found::Damage(Gap {
            offset,
            bytes: self.offset - offset,
            is_rest: true,
        })))
    }

    /// Where in the file the source stands: all before it was looked at.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    fn frame(&self, offset: u64) -> Found<'_> {
        Found::Frame {
            offset,
            payload: &self.payload,
        }
    }

    fn look(&mut self) -> io::Result<Look> {
        let mut head = [0; FRAME_HEAD];
        let read = read_up_to(&mut self.source, &mut head)?;
        self.offset += read as u64;
        if read < FRAME_HEAD {
            return Ok(if read == 0 { Look::End } else { Look::Cut });
        }
        let [a, b, c, d, sum @ ..] = head;
        let length = u32::from_le_bytes([a, b, c, d]);
        if length == 0 || length as usize > limits::FRAME_BYTES {
            return Ok(Look::Cut);
        }
        self.payload.clear();
        let mut rest = (&mut self.source).take(u64::from(length));
        let read = rest.read_to_end(&mut self.payload)?;
        self.offset += read as u64;
        if read < length as usize {
            return Ok(Look::Cut);
        }
        let is_sound = crc32fast::hash(&self.payload) == u32::from_le_bytes(sum);
        Ok(if is_sound { Look::Sound } else { Look::Wrong })
    }
}

/// Fills `buffer` as far as the source goes, and says how far.
pub fn read_up_to(source: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match source.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests;
