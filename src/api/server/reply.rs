//! Writes answers to a peer, within a deadline.
//!
//! Owns the framing of what goes out: length, chunks or the end of the connection. A large body is
//! pulled and written piece by piece, never held whole. Runs on a connection's thread.

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

/// Bytes of a body that exists as a whole in one write: few enough that a slow peer takes them in time.
const POURED_BYTES: usize = 64 * 1024;

/// Room for a chunk's size and line end: four digits say up to 64 KiB less one.
const CHUNK_HEAD: &[u8] = b"0000\r\n";

/// The body of an answer, as it is to be written.
pub(super) enum Payload {
    /// None, and no word about its length: 204 and 304.
    Nothing,
    /// None, but the length that GET would have had, where it is known: the answer to HEAD.
    Described(Option<u64>),
    /// All of it.
    Whole(Vec<u8>),
    /// Pulled while it is written.
    Pulled(Box<dyn Read + Send>),
}

impl Payload {
    /// What is to be written of an answer to `method`.
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
    /// The peer did not take it in time, or left.
    Cut(Cut),
    /// The body could not be produced to its end.
    Body(io::Error),
}

impl From<Cut> for ReplyFault {
    fn from(cut: Cut) -> Self {
        ReplyFault::Cut(cut)
    }
}

/// Writes one answer.
pub(super) struct ReplyWriter<'a, 'w> {
    /// Where it goes.
    pub(super) wire: &'a mut Wire<'w>,
    /// Begins with the status line and the headers; used as buffer from there on.
    pub(super) out: &'a mut Vec<u8>,
    /// Tells how long the writing takes.
    pub(super) clock: Clock,
    /// When the writing began.
    pub(super) begun: Mono,
    /// What one piece may take, and all of them before the pace of a large answer is added.
    pub(super) timeout: Duration,
    /// Bytes written so far.
    pub(super) written: u64,
}

impl ReplyWriter<'_, '_> {
    /// Writes the answer to its end; says whether the connection can go on.
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

    /// Writes the buffer out.
    fn flush(&mut self) -> Result<(), Cut> {
        let out = std::mem::take(self.out);
        let written = self.write_piece(&out);
        *self.out = out;
        self.out.clear();
        written
    }

    /// Writes these bytes. A peer that takes nothing is cut after the timeout; one that takes little, once
    /// it falls behind the pace asked for.
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
    /// No header tells; the body, if there is one, ends with the connection.
    None,
    Length(u64),
    Chunked,
}

/// HTTP/1.0 has no chunks: there the end of the connection ends a body of unknown length.
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

/// Adds `headers` to a head under construction, but for those it has.
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

/// The `Connection` header, if one is needed, and the empty line. Says only what differs from the version's habit.
pub(super) fn push_end_of_head(out: &mut Vec<u8>, version: Version, persistence: Persistence) {
    let line: &[u8] = match (version, persistence) {
        (Version::Http10, Persistence::KeepAlive) => b"Connection: keep-alive\r\n",
        (_, Persistence::Close) => b"Connection: close\r\n",
        (Version::Http11, Persistence::KeepAlive) => b"",
    };
    out.extend_from_slice(line);
    out.extend_from_slice(b"\r\n");
}
