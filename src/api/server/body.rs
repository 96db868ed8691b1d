//! Reads a whole body into memory, within a length limit, a deadline and the budget of all connections.
//!
//! Owns the growth of the buffer. The buffer grows with the bytes received, not with the length announced,
//! so a peer that announces much and sends little takes no memory from other connections. Runs on a
//! connection's thread.

use super::budget::{Charge, OutOfBuffers};
use super::chunked::{ChunkedDecoder, ChunkedFault};
use super::head::{Expectation, Framing, Head};
use super::wire::{Cut, Wire};
use crate::limits::UNCOUNTED_BYTES;
use crate::model::Mono;

/// The most bytes read from the socket at once.
const READ_BYTES: usize = 64 * 1024;

/// Reads one body: its source, its buffers and its limits.
pub(super) struct BodyReader<'a, 'w> {
    /// The connection the body is read from.
    pub(super) wire: &'a mut Wire<'w>,
    /// Bytes already read past the head. Keeps the bytes that follow the body.
    pub(super) input: &'a mut Vec<u8>,
    /// The buffer for the body, empty at first.
    pub(super) body: &'a mut Vec<u8>,
    /// The bytes that `body` takes of the budget.
    pub(super) charge: &'a mut Charge,
    /// The maximum length of the body, in bytes.
    pub(super) limit: usize,
    /// When the whole body must have arrived.
    pub(super) deadline: Mono,
}

/// Why a body was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BodyFault {
    /// The body is larger than the limit.
    TooLarge,
    /// The body did not arrive in time, or the peer closed the connection.
    Cut(Cut),
    /// The budget for large bodies is used up.
    OutOfBuffers,
    /// The body is not valid chunked coding.
    Malformed,
    /// The body is not valid gzip, although its header says gzip.
    NotGzip,
}

impl From<Cut> for BodyFault {
    fn from(cut: Cut) -> Self {
        BodyFault::Cut(cut)
    }
}

impl From<OutOfBuffers> for BodyFault {
    fn from(_: OutOfBuffers) -> Self {
        BodyFault::OutOfBuffers
    }
}

impl From<ChunkedFault> for BodyFault {
    fn from(fault: ChunkedFault) -> Self {
        match fault {
            ChunkedFault::Malformed => BodyFault::Malformed,
            ChunkedFault::TooLarge => BodyFault::TooLarge,
        }
    }
}

impl BodyReader<'_, '_> {
    /// Reads the body that `head` announces.
    pub(super) fn read(mut self, head: &Head) -> Result<(), BodyFault> {
        match head.framing {
            Framing::Length(0) => Ok(()),
            Framing::Length(length) => {
                let length = usize::try_from(length).unwrap_or(usize::MAX);
                if length > self.limit {
                    return Err(BodyFault::TooLarge);
                }
                self.invite(head)?;
                self.read_length(length)
            }
            Framing::Chunked => {
                self.invite(head)?;
                self.read_chunked()
            }
        }
    }

    /// Sends `100 Continue` to a peer that waits for it before it sends its body.
    fn invite(&mut self, head: &Head) -> Result<(), BodyFault> {
        if head.expectation == Expectation::Continue && self.input.is_empty() {
            self.wire
                .write_all(b"HTTP/1.1 100 Continue\r\n\r\n", self.deadline)?;
        }
        Ok(())
    }

    fn read_length(&mut self, length: usize) -> Result<(), BodyFault> {
        let ready = self.input.len().min(length);
        self.make_room(ready, length)?;
        self.body.extend_from_slice(&self.input[..ready]);
        self.input.drain(..ready);
        while self.body.len() < length {
            let at = self.body.len();
            // Past the first UNCOUNTED_BYTES a read asks for at most as many bytes as have arrived.
            let earned = at.max(UNCOUNTED_BYTES.saturating_sub(at));
            let step = (length - at).min(earned).min(READ_BYTES);
            self.make_room(step, length)?;
            self.body.resize(at + step, 0);
            let read = self.wire.read(&mut self.body[at..], self.deadline);
            self.body.truncate(at + read.unwrap_or(0));
            read?;
        }
        Ok(())
    }

    fn read_chunked(&mut self) -> Result<(), BodyFault> {
        let mut decoder = ChunkedDecoder::new(self.limit);
        loop {
            self.make_room(self.input.len(), self.limit)?;
            let taken = decoder.decode(self.input, self.body)?;
            self.input.drain(..taken);
            if decoder.is_done() {
                return Ok(());
            }
            // The decoder has taken all input, so `input` holds one read at a time.
            self.input.resize(READ_BYTES / 4, 0);
            let read = self.wire.read(self.input, self.deadline);
            self.input.truncate(read.unwrap_or(0));
            read?;
        }
    }

    fn make_room(&mut self, step: usize, most: usize) -> Result<(), BodyFault> {
        Ok(make_room(self.body, self.charge, step, most)?)
    }
}

/// Makes room for `step` more bytes in a buffer covered by `charge`. Doubles the capacity, up to `most`.
pub(super) fn make_room(
    buffer: &mut Vec<u8>,
    charge: &mut Charge,
    step: usize,
    most: usize,
) -> Result<(), OutOfBuffers> {
    let needed = buffer.len() + step;
    if needed <= buffer.capacity() {
        return Ok(());
    }
    let wanted = needed.max((2 * buffer.capacity()).min(most));
    charge.cover(wanted)?;
    buffer.reserve_exact(wanted - buffer.len());
    Ok(())
}
