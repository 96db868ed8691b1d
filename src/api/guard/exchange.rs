//! One request over a line: into tiny_http, out of it to the handler, and the answer back.
//!
//! Owns what a handler sees of a request, and what tiny_http sees of an answer. Runs on the thread of
//! the connection, which holds both ends of the line meanwhile; only tiny_http's own thread stands
//! between them, and parses. So nobody reads an answer while it is written: what does not surely fit
//! into the line's buffer goes past it, as do bodies that tiny_http would leave in the line. Never
//! waits for the network.

use std::io::{self, Cursor, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use httparse::{EMPTY_HEADER, Status};
use tiny_http::{Header, Response, StatusCode};

use super::head;
use super::line::Line;
use super::pool::Lease;
use crate::api::http::{Answer, Body, Handler, Request};
use crate::limits::UNCOUNTED_BYTES;
use crate::telemetry::metrics::Metrics;

/// Bodies up to here come through the line: tiny_http's thread reads them with the head, so that the
/// line is empty when the request is there.
const LINE_BODY_BYTES: usize = 1024;

/// Bytes of an answer's head beside the handler's headers: the status line, and what tiny_http adds.
const OWN_HEAD_BYTES: usize = 256;

/// Headers of an answer, tiny_http's own included.
const ANSWER_HEADERS: usize = 64;

/// Bytes asked of a line at once: most answers come whole.
const READ_BYTES: usize = 4 * 1024;

/// Headers of an answer that the guard or tiny_http sets.
const OWN_HEADERS: [&str; 4] = [
    "content-length",
    "transfer-encoding",
    "connection",
    "trailer",
];

/// Where requests are answered.
pub(super) struct Desk {
    /// Answers them.
    pub(super) handler: Arc<dyn Handler>,
    /// Counts panics.
    pub(super) metrics: Arc<Metrics>,
}

/// A request on its way.
pub(super) struct Asking<'a> {
    /// Its head in canonical form, but for the content-length and the empty line.
    pub(super) head: &'a mut Vec<u8>,
    /// Its body; left empty, or as it was.
    pub(super) body: &'a mut Vec<u8>,
    /// Who sent it.
    pub(super) peer: SocketAddr,
    /// How long tiny_http may take to parse it.
    pub(super) patience: Duration,
}

/// The body of an answer that went past its line.
pub(super) struct Handed {
    /// Its length in bytes, where that is known.
    pub(super) length: Option<u64>,
    /// The bytes, pulled while they are written.
    pub(super) reader: Box<dyn Read + Send>,
}

/// What came back over a line.
pub(super) struct Exchanged {
    /// The status code.
    pub(super) status: u16,
    /// Where the body begins in the raw answer; it goes on to the end.
    pub(super) body_at: usize,
    /// The length of the handler's body, where it is known; for HEAD it is told and not sent.
    pub(super) length: Option<u64>,
    /// The body, if it went past the line.
    pub(super) handed: Option<Handed>,
}

/// Has one request answered. The answer is left in `raw`; its status line (without the version) and
/// the headers that go on to the peer are appended to `relayed`. An error means that the line is
/// broken and gone.
pub(super) fn exchange(
    mut lease: Lease<'_>,
    desk: &Desk,
    asking: Asking<'_>,
    raw: &mut Vec<u8>,
    relayed: &mut Vec<u8>,
) -> io::Result<Exchanged> {
    let line = lease.line();
    send(line, asking.head, asking.body)?;
    let parsed = line.server.recv_timeout(asking.patience)?;
    let mut parsed = parsed.ok_or(ErrorKind::TimedOut)?;
    let request = received(&mut parsed, asking)?;
    let is_head = request.method == "HEAD";
    let (response, handed) = response(desk.answer(request), line.room);
    parsed.respond(response)?;
    let answer = read_answer(line, is_head, raw, relayed)?;
    lease.give_back();
    let length = Some(answer.length);
    Ok(Exchanged {
        status: answer.status,
        body_at: answer.body_at,
        length: handed.as_ref().map_or(length, |handed| handed.length),
        handed,
    })
}

/// Writes a request into the line, in one piece.
fn send(line: &mut Line, head: &mut Vec<u8>, body: &[u8]) -> io::Result<()> {
    let through = if body.len() <= LINE_BODY_BYTES {
        body
    } else {
        b""
    };
    write!(head, "content-length: {}\r\n\r\n", through.len())?;
    head.extend_from_slice(through);
    line.stream.write_all(head)
}

/// The request as the handler sees it.
fn received(parsed: &mut tiny_http::Request, asking: Asking<'_>) -> io::Result<Request> {
    let body = if asking.body.len() > LINE_BODY_BYTES {
        std::mem::take(asking.body)
    } else {
        let mut body = vec![0; parsed.body_length().unwrap_or(0)];
        parsed.as_reader().read_exact(&mut body)?;
        body
    };
    let headers = parsed.headers().iter().map(|header| {
        let name = header.field.as_str().as_str().to_ascii_lowercase();
        let value = match name.as_str() {
            // What the line was told is not what the peer sent, if the body went past it.
            "content-length" => body.len().to_string(),
            _ => header.value.as_str().to_owned(),
        };
        (name, value)
    });
    Ok(Request {
        method: parsed.method().as_str().to_owned(),
        target: parsed.url().to_owned(),
        headers: headers.collect(),
        body,
        peer: Some(asking.peer),
    })
}

impl Desk {
    fn answer(&self, request: Request) -> Answer {
        let handle = || self.handler.handle(request);
        catch_unwind(AssertUnwindSafe(handle)).unwrap_or_else(|_| {
            self.metrics.panic_contained("http");
            Answer::text(500, "internal error\n")
        })
    }
}

/// The answer for tiny_http, which may take `room` bytes, and the body that goes past it.
fn response(answer: Answer, room: usize) -> (Response<Cursor<Vec<u8>>>, Option<Handed>) {
    let mut room = room.saturating_sub(OWN_HEAD_BYTES);
    let headers = response_headers(&answer, &mut room);
    let (through, handed) = match answer.body {
        Body::Empty => (Vec::new(), None),
        Body::Bytes(bytes) if bytes.len() <= room.min(UNCOUNTED_BYTES) => (bytes, None),
        Body::Bytes(bytes) => {
            let handed = Handed {
                length: Some(bytes.len() as u64),
                reader: Box::new(Cursor::new(bytes)),
            };
            (Vec::new(), Some(handed))
        }
        Body::Stream(reader) => {
            let length = None;
            (Vec::new(), Some(Handed { length, reader }))
        }
    };
    let length = Some(through.len());
    let status = StatusCode(answer.status);
    let response = Response::new(status, headers, Cursor::new(through), length, None);
    (response.with_chunked_threshold(usize::MAX), handed)
}

/// The headers that the handler may set, as far as there is room for them.
fn response_headers(answer: &Answer, room: &mut usize) -> Vec<Header> {
    let mut headers = Vec::with_capacity(answer.headers.len());
    for (name, value) in &answer.headers {
        if OWN_HEADERS.iter().any(|own| own.eq_ignore_ascii_case(name)) {
            continue;
        }
        // A line end in a value would let whoever chose it write headers of its own.
        let is_sound = value
            .bytes()
            .all(|byte| byte == b'\t' || (b' '..=b'~').contains(&byte));
        let left = room.checked_sub(name.len() + value.len() + ": \r\n".len());
        match (Header::from_bytes(*name, value.as_str()), left) {
            (Ok(header), Some(left)) if is_sound => {
                *room = left;
                headers.push(header);
            }
            _ => log::error!("left out the header {name} of an answer: its value is not valid"),
        }
    }
    headers
}

/// Reads what tiny_http has written, which is all there.
fn read_answer(
    line: &mut Line,
    is_head: bool,
    raw: &mut Vec<u8>,
    relayed: &mut Vec<u8>,
) -> io::Result<AnswerHead> {
    raw.clear();
    let mut searched = 0;
    while !head::has_end(raw, searched) {
        searched = raw.len();
        read_more(line, raw)?;
    }
    let answer = relay_head(raw, relayed)?;
    let body_bytes = if is_head || matches!(answer.status, 204 | 304) {
        0
    } else {
        usize::try_from(answer.length).map_err(io::Error::other)?
    };
    while raw.len() < answer.body_at + body_bytes {
        read_more(line, raw)?;
    }
    Ok(answer)
}

fn read_more(line: &mut Line, raw: &mut Vec<u8>) -> io::Result<()> {
    if raw.len() >= line.room {
        return Err(io::Error::other("an answer is larger than it may be"));
    }
    let at = raw.len();
    raw.resize(at + READ_BYTES, 0);
    let read = line.stream.read(&mut raw[at..]);
    raw.truncate(at + read.as_ref().copied().unwrap_or(0));
    match read? {
        0 => Err(ErrorKind::UnexpectedEof.into()),
        _ => Ok(()),
    }
}

struct AnswerHead {
    status: u16,
    body_at: usize,
    length: u64,
}

fn relay_head(raw: &[u8], relayed: &mut Vec<u8>) -> io::Result<AnswerHead> {
    let mut headers = [EMPTY_HEADER; ANSWER_HEADERS];
    let mut answer = httparse::Response::new(&mut headers);
    let Status::Complete(body_at) = answer.parse(raw).map_err(io::Error::other)? else {
        return Err(ErrorKind::InvalidData.into());
    };
    let status = answer.code.ok_or(ErrorKind::InvalidData)?;
    let reason = answer.reason.unwrap_or("");
    write!(relayed, " {status} {reason}\r\n")?;
    let mut length = 0;
    for header in answer.headers.iter() {
        if header.name.eq_ignore_ascii_case("content-length") {
            let text = std::str::from_utf8(header.value).map_err(io::Error::other)?;
            length = text.parse().map_err(io::Error::other)?;
        } else if !header.name.eq_ignore_ascii_case("server") {
            for part in [header.name.as_bytes(), b": ", header.value, b"\r\n"] {
                relayed.extend_from_slice(part);
            }
        }
    }
    Ok(AnswerHead {
        status,
        body_at,
        length,
    })
}

#[cfg(test)]
#[path = "tests/exchange.rs"]
mod tests;
