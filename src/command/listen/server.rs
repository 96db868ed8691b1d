//! Takes requests with tiny_http and answers them.
//!
//! Owns these threads and the limits of bodies. Each thread handles one request at a time, so that `--delay`
//! or a slow sender does not delay other requests while other threads are free. The memory of these threads
//! is bounded. The memory of tiny_http itself is not: it reads heads and pipelined requests ahead, which is
//! one of the reasons why it stays on loopback. Runs on hook-1..N.

use std::io::{self, Read as _, Write as _};
use std::mem;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{SendError, Sender, after, bounded};
use tiny_http::{Method, Request, Response, Server, StatusCode};

use super::escape::Escaped;
use crate::clock::Clock;
use crate::limits::{
    LISTEN_BODY_BYTES, LISTEN_DISCARDED_BYTES, LISTEN_THREADS, LISTEN_WAITING_WEBHOOKS,
};
use crate::model::Wall;
use crate::threads::{self, WORKER_STACK};

/// What a thread sends to main.
pub enum Arrival {
    /// A request with its whole body.
    Webhook(Webhook),
    /// A request that is not printed, and the reason.
    Refused(String),
    /// tiny_http failed and accepts no more requests.
    ServerFailed(io::Error),
}

/// A received request.
pub struct Webhook {
    /// When its body was complete.
    pub at: Wall,
    /// Its method.
    pub method: String,
    /// Its path and query.
    pub target: String,
    /// Its body.
    pub body: Vec<u8>,
}

/// How requests are answered.
#[derive(Clone, Copy, Debug)]
pub struct Answering {
    /// The status code of every response.
    pub status: u16,
    /// The delay between the end of the body and the response.
    pub delay: Duration,
}

/// Starts the threads that take requests from `listener` until the process ends. A full channel makes
/// senders wait.
pub fn start(
    listener: TcpListener,
    answering: Answering,
    clock: Clock,
) -> io::Result<crossbeam_channel::Receiver<Arrival>> {
    let server = Server::from_listener(listener, None).map_err(io::Error::other)?;
    let server = Arc::new(server);
    let (arrivals, printed) = bounded(LISTEN_WAITING_WEBHOOKS);
    for number in 1..=LISTEN_THREADS {
        let server = Arc::clone(&server);
        let hook = Hook {
            arrivals: arrivals.clone(),
            answering,
            clock,
        };
        threads::spawn(format!("hook-{number}"), WORKER_STACK, move || {
            hook.serve(&server)
        })?;
    }
    Ok(printed)
}

/// The state of one thread.
struct Hook {
    arrivals: Sender<Arrival>,
    answering: Answering,
    clock: Clock,
}

/// Why a body is not printed.
enum BodyFault {
    TooLarge,
    Cut(io::Error),
}

impl Hook {
    /// Handles requests until tiny_http fails or main no longer receives.
    fn serve(&self, server: &Server) {
        loop {
            let handled = match server.recv() {
                Ok(request) => self.handle(request),
                Err(error) => {
                    // Main either ends the process on this message or has already ended.
                    let _ = self.arrivals.send(Arrival::ServerFailed(error));
                    return;
                }
            };
            if handled.is_err() {
                return;
            }
        }
    }

    fn handle(&self, mut request: Request) -> Result<(), SendError<Arrival>> {
        let (method, target) = (request.method().to_string(), request.url().to_owned());
        match read_body(&mut request) {
            Ok(body) => {
                self.arrivals.send(Arrival::Webhook(Webhook {
                    at: self.clock.wall(),
                    method,
                    target,
                    body,
                }))?;
                // Only this timer wakes the thread, so this is a pause.
                let _ = after(self.answering.delay).recv();
                answer(request, self.answering.status);
                Ok(())
            }
            Err(fault) => {
                let why = match &fault {
                    BodyFault::TooLarge => {
                        format!("its body has more than {LISTEN_BODY_BYTES} bytes; answered 413")
                    }
                    BodyFault::Cut(error) => format!("its body did not come whole: {error}"),
                };
                if let BodyFault::TooLarge = fault {
                    refuse(request);
                }
                let (method, target) = (Escaped(&method), Escaped(&target));
                let why = format!("{method} {target} is not shown: {why}");
                self.arrivals.send(Arrival::Refused(why))
            }
        }
    }
}

fn read_body(request: &mut Request) -> Result<Vec<u8>, BodyFault> {
    let declared = request.body_length();
    if declared.is_some_and(|bytes| bytes > LISTEN_BODY_BYTES) {
        return Err(BodyFault::TooLarge);
    }
    let mut body = Vec::new();
    let reader = request.as_reader();
    let read = reader
        .take(LISTEN_BODY_BYTES as u64 + 1)
        .read_to_end(&mut body);
    read.map_err(BodyFault::Cut)?;
    if body.len() > LISTEN_BODY_BYTES {
        return Err(BodyFault::TooLarge);
    }
    if declared.is_some_and(|bytes| bytes > body.len()) {
        return Err(BodyFault::Cut(io::ErrorKind::UnexpectedEof.into()));
    }
    Ok(body)
}

/// Answers with `Connection: close`. tiny_http occupies a thread for each open connection, but in a burst
/// makes all connections wait for its first four threads, and so for the clients that keep those busy. Its
/// own response type cannot send `Connection: close`.
fn answer(request: Request, status: u16) {
    let reason = StatusCode(status).default_reason_phrase();
    let body = if matches!(status, 204 | 304) {
        String::new()
    } else {
        format!("{reason}\n")
    };
    let mut text = format!(
        "HTTP/1.1 {status} {reason}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    if *request.method() != Method::Head {
        text.push_str(&body);
    }
    let mut writer = request.into_writer();
    // The sender may have left; then no response is needed.
    let _ = writer
        .write_all(text.as_bytes())
        .and_then(|()| writer.flush());
}

/// Answers 413. To discard the rest of a body, tiny_http first allocates the whole announced length, and an
/// allocation that fails ends the process: a request of 60 bytes suffices. So a request that announces more
/// than can be allocated is answered and then leaked on purpose. The same is done to a request that announces
/// no length and whose rest would be read as the next head. Each leak costs the thread and the two
/// descriptors of its connection, until the host has no more of them and the server fails.
fn refuse(request: Request) {
    match request.body_length() {
        Some(bytes) if bytes <= LISTEN_DISCARDED_BYTES => answer(request, 413),
        _ => mem::forget(request.upgrade("none", Response::empty(413))),
    }
}
