//! Decodes a chunked body (RFC 9112, section 7.1), strictly.
//!
//! Owns the state of the decoder between two reads. Never consumes bytes past the end of the body, because
//! they belong to the next request. Lines must end in CRLF, because servers disagree on a lone LF. Pure;
//! runs on a connection's thread.

/// The most bytes of chunk extensions on one line. No known client sends any.
const EXTENSION_BYTES: usize = 256;

/// The most bytes of all trailers together.
const TRAILER_BYTES: usize = 8 * 1024;

/// Decodes one chunked body, piece by piece.
#[derive(Debug)]
pub(super) struct ChunkedDecoder {
    state: State,
    /// Bytes of the current line or trailer section, which carry no data.
    overhead_bytes: usize,
    body_limit: u64,
    decoded_bytes: u64,
}

/// Why a body cannot be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ChunkedFault {
    /// The bytes are not valid chunked coding.
    Malformed,
    /// The chunks announce more than the limit.
    TooLarge,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// In the digits of a chunk's size; `None` before the first digit.
    Size(Option<u64>),
    Extension(u64),
    SizeLineFeed(u64),
    Data(u64),
    DataCarriageReturn,
    DataLineFeed,
    /// At the start of a line after the last chunk: a trailer, or the end.
    TrailerStart,
    Trailer,
    TrailerLineFeed,
    EndLineFeed,
    Done,
}

impl ChunkedDecoder {
    /// A decoder that refuses a body of more than `body_limit` bytes.
    pub(super) fn new(body_limit: usize) -> Self {
        ChunkedDecoder {
            state: State::Size(None),
            overhead_bytes: 0,
            body_limit: body_limit as u64,
            decoded_bytes: 0,
        }
    }

    /// Whether the whole body has been decoded.
    pub(super) fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Decodes from `input` into `body`; returns how many bytes of `input` belonged to the body.
    /// `body` grows by no more than `input` is long.
    pub(super) fn decode(
        &mut self,
        input: &[u8],
        body: &mut Vec<u8>,
    ) -> Result<usize, ChunkedFault> {
        let mut at = 0;
        while at < input.len() && !self.is_done() {
            if let State::Data(left) = self.state {
                at += self.take_data(left, &input[at..], body);
            } else {
                self.state = self.step(input[at])?;
                at += 1;
            }
        }
        Ok(at)
    }

    fn take_data(&mut self, left: u64, input: &[u8], body: &mut Vec<u8>) -> usize {
        let taken = usize::try_from(left).map_or(input.len(), |left| left.min(input.len()));
        body.extend_from_slice(&input[..taken]);
        let left = left - taken as u64;
        self.state = if left == 0 {
            State::DataCarriageReturn
        } else {
            State::Data(left)
        };
        taken
    }

    fn step(&mut self, byte: u8) -> Result<State, ChunkedFault> {
        match (self.state, byte) {
            (State::Size(Some(size)), b'\r') => Ok(State::SizeLineFeed(size)),
            (State::Size(Some(size)), b';' | b' ' | b'\t') => Ok(State::Extension(size)),
            (State::Size(size), digit) => self.size_digit(size, digit),
            (State::Extension(size), b'\r') => Ok(State::SizeLineFeed(size)),
            (State::Extension(size), _) => {
                self.count_overhead(byte, EXTENSION_BYTES)?;
                Ok(State::Extension(size))
            }
            (State::SizeLineFeed(size), b'\n') => self.begin_chunk(size),
            (State::DataCarriageReturn, b'\r') => Ok(State::DataLineFeed),
            (State::DataLineFeed, b'\n') => Ok(State::Size(None)),
            (State::TrailerStart, b'\r') => Ok(State::EndLineFeed),
            (State::Trailer, b'\r') => Ok(State::TrailerLineFeed),
            (State::TrailerStart | State::Trailer, _) => {
                self.count_overhead(byte, TRAILER_BYTES)?;
                Ok(State::Trailer)
            }
            (State::TrailerLineFeed, b'\n') => Ok(State::TrailerStart),
            (State::EndLineFeed, b'\n') => Ok(State::Done),
            _ => Err(ChunkedFault::Malformed),
        }
    }

    fn size_digit(&self, size: Option<u64>, digit: u8) -> Result<State, ChunkedFault> {
        let value = char::from(digit)
            .to_digit(16)
            .ok_or(ChunkedFault::Malformed)?;
        let size = size
            .unwrap_or(0)
            .checked_mul(16)
            .and_then(|size| size.checked_add(u64::from(value)))
            .ok_or(ChunkedFault::TooLarge)?;
        if self.decoded_bytes.saturating_add(size) > self.body_limit {
            return Err(ChunkedFault::TooLarge);
        }
        Ok(State::Size(Some(size)))
    }

    fn begin_chunk(&mut self, size: u64) -> Result<State, ChunkedFault> {
        self.overhead_bytes = 0;
        self.decoded_bytes += size;
        if size == 0 {
            return Ok(State::TrailerStart);
        }
        Ok(State::Data(size))
    }

    fn count_overhead(&mut self, byte: u8, limit: usize) -> Result<(), ChunkedFault> {
        if byte == b'\n' || byte == 0 {
            return Err(ChunkedFault::Malformed);
        }
        self.overhead_bytes += 1;
        if self.overhead_bytes > limit {
            return Err(ChunkedFault::Malformed);
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "tests/chunked.rs"]
mod tests;
