//! The lines to tiny_http, shared by all connections: taken, spoken into, given back.
//!
//! Owns the queue of free lines and the `http-*` threads behind them. At most one request is under
//! way on a line, so tiny_http never reads ahead. Used by connection threads.

use std::convert::Infallible;
use std::io::{self, Read, Write};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded, select};
use httparse::{EMPTY_HEADER, Status};

use super::head;
use super::line::{self, ClientEnd, Handed};
use super::worker::{HANDED_HEADER, Worker};
use crate::api::http::Handler;
use crate::clock::Clock;
use crate::limits::{HTTP_WORKERS, UNCOUNTED_BYTES};
use crate::model::Mono;
use crate::telemetry::metrics::Metrics;
use crate::threads::{self, WORKER_STACK};

/// Headers of an answer, tiny_http's own included.
const ANSWER_HEADERS: usize = 64;

/// Bytes of an answer that come through a line; larger bodies are handed over.
const ANSWER_BYTES: usize = 64 * 1024 + UNCOUNTED_BYTES;

/// Takes lines out and back in; cheap to share.
#[derive(Clone)]
pub(super) struct Pool {
    give: Sender<ClientEnd>,
    take: Receiver<ClientEnd>,
}

/// The threads behind the lines.
pub(super) struct Workers {
    threads: Vec<JoinHandle<()>>,
    /// One word from each thread that ends.
    ended: Receiver<()>,
    /// Dropped to say that no line is to be opened again.
    stop: Sender<Infallible>,
}

/// A line for one request. If it is dropped before the request was answered, the line ends: its
/// state is not known.
pub(super) struct Lease {
    line: ClientEnd,
    give: Sender<ClientEnd>,
}

/// What came back over a line.
pub(super) struct Exchanged {
    /// The status code.
    pub(super) status: u16,
    /// Where the body begins in the raw answer; it goes on to the end.
    pub(super) body_at: usize,
    /// The length of the handler's body, where it is known; for HEAD it is told and not sent.
    pub(super) length: Option<u64>,
    /// The body, if it went past tiny_http.
    pub(super) handed: Option<Handed>,
}

impl Pool {
    /// Opens all lines, one after the other, and starts a thread for each.
    pub(super) fn open(
        handler: &Arc<dyn Handler>,
        metrics: &Arc<Metrics>,
    ) -> io::Result<(Self, Workers)> {
        let (give, take) = bounded(HTTP_WORKERS);
        let (stop, stopped) = bounded(0);
        let (ended_in, ended) = bounded(HTTP_WORKERS);
        let mut threads = Vec::with_capacity(HTTP_WORKERS);
        for number in 0..HTTP_WORKERS {
            let (server_end, client_end) = line::open()?;
            let worker = Worker {
                handler: Arc::clone(handler),
                metrics: Arc::clone(metrics),
                free: give.clone(),
                stop: stopped.clone(),
            };
            let ended = ended_in.clone();
            threads.push(threads::spawn(
                format!("http-{number}"),
                WORKER_STACK,
                move || {
                    worker.run(server_end);
                    // There is room for a word from every thread.
                    let _ = ended.send(());
                },
            )?);
            // There is room for every line.
            let _ = give.send(client_end);
        }
        let workers = Workers {
            threads,
            ended,
            stop,
        };
        Ok((Pool { give, take }, workers))
    }

    /// A free line, waiting for one if need be.
    pub(super) fn take(&self, wait: Duration) -> Option<Lease> {
        let line = self.take.recv_timeout(wait).ok()?;
        let give = self.give.clone();
        Some(Lease { line, give })
    }

    /// Lines that nobody holds.
    #[cfg(test)]
    pub(super) fn free_lines(&self) -> usize {
        self.take.len()
    }

    /// Ends all lines and their threads. Threads that are still in a handler at the deadline are
    /// left behind, with a log line.
    pub(super) fn close(self, workers: Workers, clock: Clock, deadline: Mono) {
        let Workers {
            threads,
            ended,
            stop,
        } = workers;
        drop(stop);
        let mut ended_threads = 0;
        while ended_threads < threads.len() {
            let left = deadline.since(clock.mono());
            select! {
                // Dropping a line wakes its thread.
                recv(self.take) -> line => drop(line),
                recv(ended) -> _ => ended_threads += 1,
                default(left) => {
                    log::warn!("left http threads behind that did not end in time");
                    return;
                }
            }
        }
        for thread in threads {
            // A thread that panicked has been counted; the others have said that they are done.
            let _ = thread.join();
        }
    }
}

impl Lease {
    /// Ends the line rather than wait longer than this for an answer to begin.
    pub(super) fn with_patience(self, patience: Option<Duration>) -> io::Result<Self> {
        if patience.is_some() {
            self.line.stream.set_read_timeout(patience)?;
        }
        Ok(self)
    }

    /// Sends one request and reads its answer into `raw`; the status line (without the version)
    /// and the headers that go on to the peer are appended to `relayed`. An error means that the
    /// line is broken and gone.
    pub(super) fn exchange(
        mut self,
        request: &[u8],
        body: &[u8],
        raw: &mut Vec<u8>,
        relayed: &mut Vec<u8>,
    ) -> io::Result<Exchanged> {
        self.line.stream.write_all(request)?;
        self.line.stream.write_all(body)?;
        raw.clear();
        let mut searched = 0;
        while !head::has_end(raw, searched) {
            searched = raw.len();
            self.read_more(raw)?;
        }
        let answer = relay_head(raw, relayed)?;
        let is_head = request.starts_with(b"HEAD ");
        let body_bytes = if is_head || matches!(answer.status, 204 | 304) {
            0
        } else {
            usize::try_from(answer.length).map_err(io::Error::other)?
        };
        while raw.len() < answer.body_at + body_bytes {
            self.read_more(raw)?;
        }
        let handed = match answer.body {
            BodyWay::Through => None,
            BodyWay::Handed => Some(self.line.handed.try_recv().map_err(io::Error::other)?),
        };
        // There is room for every line; if the front door has closed, this one ends too.
        let _ = self.give.send(self.line);
        Ok(Exchanged {
            status: answer.status,
            body_at: answer.body_at,
            length: handed
                .as_ref()
                .map_or(Some(answer.length), |handed| handed.length),
            handed,
        })
    }

    fn read_more(&mut self, raw: &mut Vec<u8>) -> io::Result<()> {
        if raw.len() >= ANSWER_BYTES {
            return Err(io::Error::other("an answer is larger than it may be"));
        }
        let at = raw.len();
        raw.resize(at + 4096, 0);
        let read = self.line.stream.read(&mut raw[at..]);
        raw.truncate(at + read.as_ref().copied().unwrap_or(0));
        match read? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

struct AnswerHead {
    status: u16,
    body_at: usize,
    length: u64,
    body: BodyWay,
}

enum BodyWay {
    Through,
    Handed,
}

fn relay_head(raw: &[u8], relayed: &mut Vec<u8>) -> io::Result<AnswerHead> {
    let mut headers = [EMPTY_HEADER; ANSWER_HEADERS];
    let mut answer = httparse::Response::new(&mut headers);
    let Status::Complete(body_at) = answer.parse(raw).map_err(io::Error::other)? else {
        return Err(io::ErrorKind::InvalidData.into());
    };
    let status = answer.code.ok_or(io::ErrorKind::InvalidData)?;
    let reason = answer.reason.unwrap_or("");
    relayed.extend_from_slice(format!(" {status} {reason}\r\n").as_bytes());
    let mut length = 0;
    let mut body = BodyWay::Through;
    for header in answer.headers.iter() {
        if header.name.eq_ignore_ascii_case("content-length") {
            let text = std::str::from_utf8(header.value).map_err(io::Error::other)?;
            length = text.parse().map_err(io::Error::other)?;
        } else if header.name.eq_ignore_ascii_case(HANDED_HEADER) {
            body = BodyWay::Handed;
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
        body,
    })
}

#[cfg(test)]
#[path = "tests/pool.rs"]
mod tests;
