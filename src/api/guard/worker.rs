//! The loop of an `http-*` thread: takes requests off its line, runs the handler, answers.
//!
//! Owns the server end of one line, and opens another when the line ends. Never waits for the
//! network: requests arrive whole, small answers fit into the line's buffers, and large ones are
//! handed to the connection's thread.

use std::convert::Infallible;
use std::io::{Cursor, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use tiny_http::{Header, Response, StatusCode};

use super::head::GUARD_PREFIX;
use super::line::{self, ClientEnd, Handed, ServerEnd};
use crate::api::http::{Answer, Body, Handler, Request};
use crate::limits::UNCOUNTED_BYTES;
use crate::telemetry::metrics::Metrics;

/// Carries the peer's address to the worker.
pub(super) const PEER_HEADER: &str = "x-guard-peer";

/// Says in an answer that its body was handed over.
pub(super) const HANDED_HEADER: &str = "x-guard-handed";

/// Pause before a line that could not be opened is tried again.
const REOPEN_PAUSE: Duration = Duration::from_secs(1);

/// Headers of an answer that the guard or tiny_http sets.
const OWN_HEADERS: [&str; 4] = [
    "content-length",
    "transfer-encoding",
    "connection",
    "trailer",
];

/// What a worker works with.
pub(super) struct Worker {
    /// Answers the requests.
    pub(super) handler: Arc<dyn Handler>,
    /// Counts panics.
    pub(super) metrics: Arc<Metrics>,
    /// Takes the client end of a line that was opened again.
    pub(super) free: Sender<ClientEnd>,
    /// Disconnects when the front door closes.
    pub(super) stop: Receiver<Infallible>,
}

impl Worker {
    /// Serves `line`, and those that follow it, until the front door closes.
    pub(super) fn run(self, line: ServerEnd) {
        let mut current = Some(line);
        while let Some(line) = current {
            while let Ok(request) = line.server.recv() {
                self.serve(&line, request);
            }
            drop(line);
            current = self.open_again();
        }
    }

    fn open_again(&self) -> Option<ServerEnd> {
        let mut pause = Duration::ZERO;
        loop {
            match self.stop.recv_timeout(pause) {
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return None,
            }
            match line::open() {
                Ok((server_end, client_end)) => {
                    log::warn!("a line to the request layer broke and was opened again");
                    self.free.send(client_end).ok()?;
                    return Some(server_end);
                }
                Err(error) => log::error!("failed to open a line to the request layer: {error}"),
            }
            pause = REOPEN_PAUSE;
        }
    }

    fn serve(&self, line: &ServerEnd, mut raw: tiny_http::Request) {
        // Dropping a request answers it with 500; a body that does not come means a broken line.
        let Some(request) = read(&mut raw) else {
            return;
        };
        let handle = || self.handler.handle(request);
        let answer = catch_unwind(AssertUnwindSafe(handle)).unwrap_or_else(|_| {
            self.metrics.panic_contained("http");
            Answer::text(500, "internal error\n")
        });
        // The peer of a line is a thread of ours; if it is gone, so is the one who would care.
        let _ = raw.respond(response(line, answer));
    }
}

/// The request as the handler sees it; `None` if the line broke within the body.
fn read(raw: &mut tiny_http::Request) -> Option<Request> {
    let mut peer = None;
    let mut headers = Vec::with_capacity(raw.headers().len());
    for header in raw.headers() {
        let name = header.field.as_str().as_str().to_ascii_lowercase();
        let value = header.value.as_str();
        if name == PEER_HEADER {
            peer = value.parse().ok();
        } else {
            headers.push((name, value.to_owned()));
        }
    }
    let mut body = vec![0; raw.body_length().unwrap_or(0)];
    raw.as_reader().read_exact(&mut body).ok()?;
    Some(Request {
        method: raw.method().as_str().to_owned(),
        target: raw.url().to_owned(),
        headers,
        body,
        peer,
    })
}

/// The answer for tiny_http. A body that is large, or of unknown length, goes past it.
fn response(line: &ServerEnd, answer: Answer) -> Response<Cursor<Vec<u8>>> {
    let mut headers = response_headers(&answer);
    let bytes = match answer.body {
        Body::Empty => Vec::new(),
        Body::Bytes(bytes) if bytes.len() <= UNCOUNTED_BYTES => bytes,
        Body::Bytes(bytes) => {
            let length = Some(bytes.len() as u64);
            headers.extend(hand_over(line, length, Box::new(Cursor::new(bytes))));
            Vec::new()
        }
        Body::Stream(reader) => {
            headers.extend(hand_over(line, None, reader));
            Vec::new()
        }
    };
    let length = Some(bytes.len());
    let status = StatusCode(answer.status);
    Response::new(status, headers, Cursor::new(bytes), length, None)
        .with_chunked_threshold(usize::MAX)
}

fn hand_over(
    line: &ServerEnd,
    length: Option<u64>,
    reader: Box<dyn Read + Send>,
) -> Option<Header> {
    // The slot is free but when a connection's thread has died, and then nobody reads the answer.
    line.handed.try_send(Handed { length, reader }).ok()?;
    Header::from_bytes(HANDED_HEADER, "1").ok()
}

fn response_headers(answer: &Answer) -> Vec<Header> {
    let mut headers = Vec::with_capacity(answer.headers.len() + 1);
    for (name, value) in &answer.headers {
        let is_own = OWN_HEADERS.iter().any(|own| own.eq_ignore_ascii_case(name))
            || name.to_ascii_lowercase().starts_with(GUARD_PREFIX);
        if is_own {
            continue;
        }
        // A line end in a value would let whoever chose it write headers of its own.
        let is_sound = value
            .bytes()
            .all(|byte| byte == b'\t' || (b' '..=b'~').contains(&byte));
        match Header::from_bytes(*name, value.as_str()) {
            Ok(header) if is_sound => headers.push(header),
            _ => log::error!("left out the header {name} of an answer: its value is not valid"),
        }
    }
    headers
}
