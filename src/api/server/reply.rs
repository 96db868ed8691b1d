//! Writes answers to a peer, within a deadline.
//!
//! Owns the framing of answers: length, chunks or the end of the connection. A streamed body is read
//! and written piece by piece, never held whole. Runs on a connection's thread.

use std::io::{self, Read};
use std::time::Duration;

use super::head::{Head, Persistence, Version};
use super::method::Method;
use super::wire::{Cut, Wire};
use crate::api::http::{Answer, Body};
use crate::clock::Clock;
use crate::limits::WRITE_PACE;
use crate::model::Mono;

/// Bytes of a streamed body in one write, and in one chunk.
const PIECE_BYTES: usize = 16 * 1024;

/// Bytes in one write of a body that is whole in memory. Few enough that a slow peer takes them in time.
const POURED_BYTES: usize = 64 * 1024;

/// A placeholder for a chunk's size and line end. Four hexadecimal digits hold up to 64 KiB less one.
const CHUNK_HEAD: &[u8] = b"0000\r\n";

/// The body of an answer, in the form in which it is written.
pub(super) enum Payload {
    /// No body and no length: 204 and 304.
    Nothing,
    /// No body, but the length that GET would have had, if it is known: the answer to HEAD.
    Described(Option<u64>),
    /// The whole body, in memory.
    Whole(Vec<u8>),
    /// A streamed body, read while it is written.
    Pulled(Box<dyn Read + Send>),
}

impl Payload {
    /// The payload of `answer` to a request with `method`.
    pub(super) fn of(answer: Answer, method: &Method) -> Self {
        if matches!(answer.status, 204 | 304) {
            return Payload::Nothing;
        }
        let is_head = *method == Method::Head;
        match answer.body {
            Body::Stream(_) if is_head => Payload::Described(None),
            body if is_head => Payload::Described(Some(body.length() as u64)),
            Body::Empty => Payload::Whole(Vec::new()),
            Body::Bytes(bytes) => Payload::Whole(bytes),
            Body::Stream(reader) => Payload::Pulled(reader),
        }
    }
}

/// Why an answer did not reach its peer whole.
#[derive(Debug)]
pub(super) enum ReplyFault {
    /// The peer did not take the answer in time, or closed the connection.
    Cut(Cut),
    /// The stream of the body failed.
    Body(io::Error),
}

impl From<Cut> for ReplyFault {
    fn from(cut: Cut) -> Self {
        ReplyFault::Cut(cut)
    }
}

/// Writes one answer.
pub(super) struct ReplyWriter<'a, 'w> {
    /// The connection the answer is written to.
    pub(super) wire: &'a mut Wire<'w>,
    /// Holds the status line and the headers at first; serves as the write buffer from then on.
    pub(super) out: &'a mut Vec<u8>,
    /// The clock of the write deadlines.
    pub(super) clock: Clock,
    /// When the writing began.
    pub(super) begun: Mono,
    /// The time allowed for one piece, and for the whole answer before the pace of a large one is added.
    pub(super) timeout: Duration,
    /// Bytes written so far.
    pub(super) written: u64,
}

impl ReplyWriter<'_, '_> {
    /// Writes the whole answer; returns whether the connection stays open.
    pub(super) fn write(
        mut self,
        payload: Payload,
        head: &Head,
        persistence: Persistence,
    ) -> Result<Persistence, ReplyFault> {
        let (framing, persistence) = framing_of(&payload, head, persistence);
        match framing {
            BodyFraming::None => {}
            BodyFraming::Length(length) => push_length(self.out, length),
            BodyFraming::Chunked => self
                .out
                .extend_from_slice(b"Transfer-Encoding: chunked\r\n"),
        }
        push_end_of_head(self.out, head.version, persistence);
        match payload {
            Payload::Nothing | Payload::Described(_) => self.flush()?,
            Payload::Whole(bytes) => self.pour(&bytes)?,
            Payload::Pulled(mut reader) => self.pull(reader.as_mut(), framing)?,
        }
        Ok(persistence)
    }

    fn pour(&mut self, bytes: &[u8]) -> Result<(), Cut> {
        let (first, rest) = bytes.split_at(bytes.len().min(PIECE_BYTES));
        self.out.extend_from_slice(first);
        self.flush()?;
        for piece in rest.chunks(POURED_BYTES) {
            self.write_piece(piece)?;
        }
        Ok(())
    }

    fn pull(
        &mut self,
        reader: &mut (dyn Read + Send),
        framing: BodyFraming,
    ) -> Result<(), ReplyFault> {
        while self.pull_piece(reader, framing)? > 0 {
            self.flush()?;
        }
        if framing == BodyFraming::Chunked {
            self.out.extend_from_slice(b"0\r\n\r\n");
        }
        Ok(self.flush()?)
    }

    /// Appends one piece to the buffer, in its chunk; returns its length, zero at the end.
    fn pull_piece(
        &mut self,
        reader: &mut (dyn Read + Send),
        framing: BodyFraming,
    ) -> Result<usize, ReplyFault> {
        let start = self.out.len();
        if framing == BodyFraming::Chunked {
            self.out.extend_from_slice(CHUNK_HEAD);
        }
        let data_at = self.out.len();
        let pulled = reader
            .take(PIECE_BYTES as u64)
            .read_to_end(self.out)
            .map_err(ReplyFault::Body)?;
        if pulled == 0 {
            self.out.truncate(start);
        } else if framing == BodyFraming::Chunked {
            let size = format!("{pulled:04x}\r\n");
            self.out[start..data_at].copy_from_slice(size.as_bytes());
            self.out.extend_from_slice(b"\r\n");
        }
        Ok(pulled)
    }

    /// Writes the buffer to the peer and clears it.
    fn flush(&mut self) -> Result<(), Cut> {
        let out = std::mem::take(self.out);
        let written = self.write_piece(&out);
        *self.out = out;
        self.out.clear();
        written
    }

    /// Writes `bytes`. A peer that takes nothing is cut after the timeout. A slow peer is cut once it falls
    /// behind [`WRITE_PACE`].
    fn write_piece(&mut self, bytes: &[u8]) -> Result<(), Cut> {
        let pace = Duration::from_secs(self.written / WRITE_PACE);
        let stalled_at = self.clock.mono() + self.timeout;
        let behind_at = self.begun + self.timeout + pace;
        self.wire.write_all(bytes, stalled_at.min(behind_at))?;
        self.written += bytes.len() as u64;
        Ok(())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BodyFraming {
    /// No framing header. The body, if there is one, ends with the connection.
    None,
    Length(u64),
    Chunked,
}

/// The framing of a payload. HTTP/1.0 has no chunks, so the end of the connection ends a body of unknown
/// length.
fn framing_of(
    payload: &Payload,
    head: &Head,
    persistence: Persistence,
) -> (BodyFraming, Persistence) {
    let length = match payload {
        Payload::Nothing => return (BodyFraming::None, persistence),
        Payload::Described(length) => *length,
        Payload::Whole(bytes) => Some(bytes.len() as u64),
        Payload::Pulled(_) => None,
    };
    match (length, head.version) {
        (Some(length), _) => (BodyFraming::Length(length), persistence),
        (None, Version::Http11) => (BodyFraming::Chunked, persistence),
        (None, Version::Http10) if head.method == Method::Head => (BodyFraming::None, persistence),
        (None, Version::Http10) => (BodyFraming::None, Persistence::Close),
    }
}

/// The `Content-Length` header.
pub(super) fn push_length(out: &mut Vec<u8>, length: u64) {
    out.extend_from_slice(format!("Content-Length: {length}\r\n").as_bytes());
}

/// Adds to a head under construction those of `headers` that it does not have yet.
pub(super) fn push_missing(out: &mut Vec<u8>, headers: &[(&str, String)]) {
    for (name, value) in headers {
        let has_name = |line: &[u8]| {
            let start = line.get(..name.len() + 1);
            start.is_some_and(|start| {
                start.ends_with(b":") && start[..name.len()].eq_ignore_ascii_case(name.as_bytes())
            })
        };
        if !out.split(|byte| *byte == b'\n').any(has_name) {
            out.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
    }
}

/// Appends the `Connection` header, if the persistence differs from the version's default, and the empty
/// line.
pub(super) fn push_end_of_head(out: &mut Vec<u8>, version: Version, persistence: Persistence) {
    let line: &[u8] = match (version, persistence) {
        (Version::Http10, Persistence::KeepAlive) => b"Connection: keep-alive\r\n",
        (_, Persistence::Close) => b"Connection: close\r\n",
        (Version::Http11, Persistence::KeepAlive) => b"",
    };
    out.extend_from_slice(line);
    out.extend_from_slice(b"\r\n");
}
