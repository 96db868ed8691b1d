//! Takes requests with tiny_http and answers them.
//!
//! Owns the threads that do, and what bodies they take. Each thread has one request at a time, so that
//! `--delay` and a slow sender hold up nobody else while others are free. What these threads hold is
//! bounded; what tiny_http itself reads ahead (heads, and requests that a sender does not wait with) is
//! not, which is one of the reasons why it stays on loopback. Runs on hook-1..N.

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

/// What came of waiting for requests.
pub enum Arrival {
    /// A request with its whole body.
    Webhook(Webhook),
    /// A request that is not shown, and why.
    Refused(String),
    /// tiny_http takes no more.
    ServerFailed(io::Error),
}

/// A request as it came.
pub struct Webhook {
    /// When its body was there.
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
    /// With which status.
    pub status: u16,
    /// How long after the body was there.
    pub delay: Duration,
}

/// Takes requests from `listener` until the process ends. Full, the channel makes senders wait.
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

/// One thread's way of taking requests.
struct Hook {
    arrivals: Sender<Arrival>,
    answering: Answering,
    clock: Clock,
}

/// Why a body is not shown.
enum BodyFault {
    TooLarge,
    Cut(io::Error),
}

impl Hook {
    /// Ends when tiny_http takes no more, or nobody prints.
    fn serve(&self, server: &Server) {
        loop {
            let handled = match server.recv() {
                Ok(request) => self.handle(request),
                Err(error) => {
                    // Main ends the process with it, or has ended.
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
                // Nothing else may wake it, so this is a pause.
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

/// Answers, and asks for the end of the connection. tiny_http gives each connection a thread as long as it
/// is open, but in a burst lets all wait for its first four threads, and so for whoever keeps those.
/// Its own way of answering cannot say `Connection: close`.
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
    // A sender that has left is not waiting for it.
    let _ = writer
        .write_all(text.as_bytes())
        .and_then(|()| writer.flush());
}

/// Answers 413. Of the rest of a body tiny_http makes room for all that was announced before it throws it
/// away, and an allocation that cannot be had ends the process: 60 bytes suffice. So a request that
/// announces more than can be had is answered and then kept for ever, as is one that announces nothing and
/// whose rest would be read as the next head. Each costs the thread and the two descriptors of its
/// connection, until the host gives no more and the server fails.
fn refuse(request: Request) {
    match request.body_length() {
        Some(bytes) if bytes <= LISTEN_DISCARDED_BYTES => answer(request, 413),
        _ => mem::forget(request.upgrade("none", Response::empty(413))),
    }
}
