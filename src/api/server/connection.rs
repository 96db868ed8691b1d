//! The loop of one connection: reads a request, runs the handler, writes the answer, and repeats.
//!
//! ```text
//!            first byte          gate           body           permit, handler
//!   idle ───────────────► head ───────► body ───────► handle ────────────────► reply ──┐
//!    ▲  │ idle_timeout     │ 400 408     │ 408 413     │ 503                     │      │
//!    │  ▼                  │ 414 431 5xx │ 400 503     │                         │      │
//!    │ end ◄───────────────┴─────────────┘             │     write deadline: end ┘      │
//!    └─────────────────────────────────────────────────┴────────────────────────────────┘
//! ```
//!
//! With TLS, the handshake comes before the first request (`handshake`). With a web configuration, the
//! gate checks each request after its head and before its body.
//!
//! Owns the buffers of one connection; they shrink back after a large request. Never looks into a
//! body and never reads ahead of the current request. Runs on the connection's own thread, and so does
//! the handler (`handler_slots`).

use std::sync::Arc;
use std::time::Duration;

use super::Shared;
use super::body::{BodyFault, BodyReader};
use super::budget::Charge;
use super::gate::Denied;
use super::handler_slots::HandlerSlots;
use super::handshake;
use super::head::{self, Framing, Head, HeadFault, Persistence, Version};
use super::inflate::inflate;
use super::method::Method;
use super::reads::ReadPermit;
use super::refused::Refused;
use super::registry::{Awake, Connection};
use super::reply::{Payload, ReplyFault, ReplyWriter, push_missing};
use super::wire::{Cut, Wire};
use super::wording::push_head;
use crate::api::http::{Answer, Body, Request};
use crate::config::WebConfig;
use crate::limits::{ANSWER_GRACE, PLACE_WAIT, UNCOUNTED_BYTES};
use crate::model::Mono;
use crate::telemetry::metrics::{NO_HANDLER, Refusal};

/// Bytes read from the socket at once for a head. Most requests of a Prometheus arrive in one read.
const READ_BYTES: usize = 4 * 1024;

/// The most bytes of buffer that an idle connection keeps; larger buffers are freed.
const KEPT_BYTES: usize = 8 * 1024;

/// How long a connection that is being closed is still read. Unread data would cause a reset, and a reset
/// makes the peer's host discard the answer.
const LINGER: Duration = Duration::from_secs(1);

/// The most bytes that are read and discarded in that time.
const LINGER_BYTES: usize = 4 * 1024 * 1024;

/// The most bytes of empty lines accepted before a request.
const LEADING_BYTES: usize = 8;

/// Serves all requests of a connection, until it closes.
pub(super) fn serve(connection: &Connection, shared: &Shared) {
    let mut session = Session {
        connection,
        shared,
        wire: Wire::new(&connection.stream, shared.clock),
        input: Vec::new(),
        out: Vec::new(),
        web: None,
        certificate_names: Arc::default(),
    };
    match handshake::shake_hands(&mut session.wire, connection, shared) {
        Ok(names) => session.certificate_names = names.into(),
        Err(handshake::Failed) => return session.linger(),
    }
    loop {
        match session.serve_one() {
            Ok(Persistence::KeepAlive) => session.shrink(),
            Ok(Persistence::Close) => return session.linger(),
            Err(Gone) => return,
        }
    }
}

/// The connection is closed or useless: nothing more can be sent to the peer.
struct Gone;

struct Session<'a> {
    connection: &'a Connection,
    shared: &'a Shared,
    wire: Wire<'a>,
    /// Bytes read and not used yet: part of a head, or pipelined requests.
    input: Vec<u8>,
    /// Bytes of the answer, to be written to the peer.
    out: Vec<u8>,
    /// The web configuration whose headers the current answer gets.
    web: Option<Arc<WebConfig>>,
    /// The names in the client's certificate, if an authority was checked to have issued it.
    certificate_names: Arc<[String]>,
}

/// Why a request did not reach an answer of the handler.
enum Fault {
    /// The request is refused, and the peer gets the refusal as answer.
    Refused(Refused),
    /// The peer is gone, so no answer is written.
    Gone,
}

impl From<Refused> for Fault {
    fn from(refused: Refused) -> Self {
        Fault::Refused(refused)
    }
}

impl From<BodyFault> for Fault {
    fn from(fault: BodyFault) -> Self {
        let refused = match fault {
            BodyFault::Cut(Cut::Gone) => return Fault::Gone,
            BodyFault::Cut(Cut::TooSlow) => Refused::slow_body(),
            BodyFault::OutOfBuffers => Refused::out_of_buffers(),
            BodyFault::TooLarge => Refused::body_too_large(),
            BodyFault::Malformed => Refused::malformed_body(),
            BodyFault::NotGzip => Refused::not_gzip(),
        };
        Fault::Refused(refused)
    }
}

impl Fault {
    /// This fault with another [`Persistence`] of the connection.
    fn with_persistence(self, persistence: Persistence) -> Self {
        match self {
            Fault::Refused(refused) => Fault::Refused(refused.with_persistence(persistence)),
            Fault::Gone => Fault::Gone,
        }
    }
}

impl<'a> Session<'a> {
    fn serve_one(&mut self) -> Result<Persistence, Gone> {
        if self.await_request().is_err() {
            self.wire.say_goodbye();
            return Err(Gone);
        }
        self.web = None;
        let begun = self.shared.clock.mono();
        let mut asked = Asked::default();
        match self.answer(begun, &mut asked) {
            Ok(persistence) => Ok(persistence),
            Err(Fault::Gone) => Err(Gone),
            Err(Fault::Refused(refused)) => self.refuse(refused, asked, begun),
        }
    }

    /// Waits for the first byte of a request, unless a pipelined request is already in the buffer.
    fn await_request(&mut self) -> Result<(), Gone> {
        if self.shared.is_stopping() {
            return Err(Gone);
        }
        if !self.input.is_empty() {
            return Ok(());
        }
        let now = self.shared.clock.mono();
        self.connection.rest(now);
        // A stop sets the flag first and shuts idle connections afterwards. This thread marks the connection
        // idle first and reads the flag afterwards. So either the stop or this thread notices the other.
        if self.shared.is_stopping() {
            return Err(Gone);
        }
        let read = self.fill(now + self.shared.limits.idle_timeout);
        match (self.connection.wake(), read) {
            (Awake::Yes, Ok(())) => Ok(()),
            _ => Err(Gone),
        }
    }

    fn answer(&mut self, begun: Mono, asked: &mut Asked) -> Result<Persistence, Fault> {
        let (head, mut request) = self.read_head(begun)?;
        *asked = Asked::from(&head);
        // The gate comes before the body, so a refused peer takes no memory for a body.
        self.pass_gate(&head, &request)?;
        let mut charge = Charge::none(&self.shared.budget);
        self.read_body(&head, &mut request.body, &mut charge)?;
        self.inflate_body(&head, &mut request, &mut charge)?;
        let permit = self.permit_read(&head, &request)?;
        // A counted GET takes a handler permit of the GETs, so it cannot hold up posts.
        let slots = match permit {
            Some(_) => &self.shared.read_slots,
            None => &self.shared.slots,
        };
        let answer = self.handle(&head, request, slots)?;
        // The body is gone, so its bytes return to the budget before the answer is written.
        drop(charge);
        if answer.status == 401 && !self.shared.guesses.slow_down(self.connection.peer.ip()) {
            return Err(Refused::passwords_busy()
                .with_persistence(head.persistence)
                .into());
        }
        let _permit = self.permit_stream(permit, &head, &answer)?;
        self.reply(&head, answer)
    }

    fn fill(&mut self, deadline: Mono) -> Result<(), Cut> {
        let at = self.input.len();
        self.input.resize(at + READ_BYTES, 0);
        let read = self.wire.read(&mut self.input[at..], deadline);
        self.input.truncate(at + read.unwrap_or(0));
        read.map(|_| ())
    }

    /// Reads up to the end of a head, parses it, and removes its bytes from the input.
    fn read_head(&mut self, begun: Mono) -> Result<(Head, Request), Fault> {
        let deadline = begun + self.shared.limits.head_timeout;
        self.await_head(deadline)?;
        let (head, mut request) =
            head::parse(&self.input, &self.shared.limits).map_err(Refused::from)?;
        if head.bytes > self.shared.limits.head_bytes {
            return Err(Refused::from(HeadFault::TooLarge).into());
        }
        self.input.drain(..head.bytes);
        request.peer = Some(self.connection.peer);
        request.certificate_names = Arc::clone(&self.certificate_names);
        Ok((head, request))
    }

    fn await_head(&mut self, deadline: Mono) -> Result<(), Fault> {
        let (mut searched, mut skipped) = (0, 0);
        loop {
            let empty = head::leading_empty_lines(&self.input);
            self.input.drain(..empty);
            skipped += empty;
            if skipped > LEADING_BYTES || !may_begin_a_request(&self.input) {
                let fault = HeadFault::Malformed("no request line");
                return Err(Refused::from(fault).into());
            }
            if head::has_end(&self.input, searched) {
                return Ok(());
            }
            searched = self.input.len();
            self.check_unfinished_head()?;
            match self.fill(deadline) {
                Ok(()) => {}
                Err(Cut::Gone) => return Err(Fault::Gone),
                Err(Cut::TooSlow) => return Err(Refused::slow_head().into()),
            }
        }
    }

    fn check_unfinished_head(&self) -> Result<(), Refused> {
        if self.input.len() < self.shared.limits.head_bytes {
            return Ok(());
        }
        let fault = match self.input.contains(&b'\n') {
            true => HeadFault::TooLarge,
            false => HeadFault::UrlTooLong,
        };
        Err(fault.into())
    }

    /// Asks the gate to admit the request. The connection of a refused request stays open only if the whole
    /// body has already arrived.
    fn pass_gate(&mut self, head: &Head, request: &Request) -> Result<(), Refused> {
        let Some(gate) = &self.shared.gate else {
            return Ok(());
        };
        let peer = self.connection.peer.ip();
        let (refused, web) = match gate.admit(request.header("authorization"), peer) {
            Ok(web) => {
                self.web = Some(web);
                return Ok(());
            }
            Err(Denied::Misconfigured) => (Refused::misconfigured(), None),
            Err(Denied::RateLimited) => (Refused::rate_limited(), None),
            Err(Denied::Unauthorized(web)) => (Refused::unauthorized(), Some(web)),
            Err(Denied::Busy(web)) => (Refused::passwords_busy(), Some(web)),
        };
        self.web = web;
        let came_whole = match head.framing {
            Framing::Length(length) => usize::try_from(length).ok(),
            Framing::Chunked => None,
        };
        match came_whole.filter(|length| *length <= self.input.len()) {
            Some(length) => {
                self.input.drain(..length);
                Err(refused.with_persistence(head.persistence))
            }
            None => Err(refused),
        }
    }

    fn read_body(
        &mut self,
        head: &Head,
        body: &mut Vec<u8>,
        charge: &mut Charge,
    ) -> Result<(), Fault> {
        let reader = BodyReader {
            wire: &mut self.wire,
            input: &mut self.input,
            body,
            charge,
            limit: self.shared.limits.body_bytes,
            deadline: self.shared.clock.mono() + self.shared.limits.body_timeout,
        };
        Ok(reader.read(head)?)
    }

    /// Inflates a gzip body. The whole request has been read by now, so the connection can go on after a
    /// fault.
    fn inflate_body(
        &self,
        head: &Head,
        request: &mut Request,
        charge: &mut Charge,
    ) -> Result<(), Fault> {
        let limit = self.shared.limits.body_bytes;
        inflate(request, charge, &self.shared.budget, limit)
            .map_err(|fault| Fault::from(fault).with_persistence(head.persistence))
    }

    /// Counts a GET while it is being answered (§10.2). Health probes are not counted: they cost next to
    /// nothing, and a supervisor that gets 503 kills the daemon. Nor are GETs that bring something, such as a
    /// ping of a heartbeat: readers must not hold them up.
    fn permit_read(
        &self,
        head: &Head,
        request: &Request,
    ) -> Result<Option<ReadPermit<'a>>, Refused> {
        if head.method != Method::Get || is_probe(&request.target) || is_report(&request.target) {
            return Ok(None);
        }
        let permit = self.shared.reads.answer();
        permit.map(Some).ok_or_else(|| self.too_many_reads(head))
    }

    /// Releases the permit of the answered GET. If its answer is streamed, takes a permit for the time until
    /// the answer is written.
    fn permit_stream(
        &self,
        answered: Option<ReadPermit<'a>>,
        head: &Head,
        answer: &Answer,
    ) -> Result<Option<ReadPermit<'a>>, Refused> {
        if answered.is_none() || !matches!(answer.body, Body::Stream(_)) {
            return Ok(None);
        }
        let permit = self.shared.reads.stream();
        permit.map(Some).ok_or_else(|| self.too_many_reads(head))
    }

    fn too_many_reads(&self, head: &Head) -> Refused {
        let limit = self.shared.reads.limit();
        Refused::too_many_reads(limit).with_persistence(head.persistence)
    }

    /// Waits for a handler permit and runs the handler. Refuses the request if either takes too long.
    fn handle(
        &self,
        head: &Head,
        request: Request,
        slots: &HandlerSlots,
    ) -> Result<Answer, Refused> {
        let (shared, limit) = (self.shared, self.shared.limits.handling_timeout);
        let wait = limit.map_or(PLACE_WAIT, |limit| limit.min(PLACE_WAIT));
        let begun = shared.clock.mono();
        let Some(permit) = slots.acquire(wait) else {
            let refused = limit.filter(|limit| *limit == wait);
            let refused = refused.map_or_else(Refused::busy, Refused::timed_out);
            return Err(refused.with_persistence(head.persistence));
        };
        let answer = permit.answer(request);
        // Slow operations in a handler give up by themselves at the limit. An answer that comes later than
        // the limit is discarded, so a sender gets the same refusal wherever the time was spent.
        let took = shared.clock.mono().since(begun);
        match limit.filter(|limit| took > *limit + ANSWER_GRACE) {
            Some(limit) => Err(Refused::timed_out(limit).with_persistence(head.persistence)),
            None => Ok(answer),
        }
    }

    fn reply(&mut self, head: &Head, answer: Answer) -> Result<Persistence, Fault> {
        let _charge = self.charge_answer(head, &answer)?;
        self.out.clear();
        let now = self.shared.clock.wall();
        push_head(
            &mut self.out,
            head.version,
            answer.status,
            &answer.headers,
            now,
        );
        if let Some(web) = &self.web {
            push_missing(&mut self.out, &web.headers);
        }
        let persistence = self.persistence(head.persistence);
        let writer = ReplyWriter {
            wire: &mut self.wire,
            out: &mut self.out,
            clock: self.shared.clock,
            begun: self.shared.clock.mono(),
            timeout: self.shared.limits.write_timeout,
            written: 0,
        };
        let payload = Payload::of(answer, &head.method);
        match writer.write(payload, head, persistence) {
            Ok(persistence) => Ok(persistence),
            Err(fault) => Err(self.note_unwritten(fault)),
        }
    }

    /// Charges a large answer that is whole in memory to the budget of answers.
    fn charge_answer(&self, head: &Head, answer: &Answer) -> Result<Charge, Refused> {
        let mut charge = Charge::none(&self.shared.answer_budget);
        let length = answer.body.length();
        if length <= UNCOUNTED_BYTES || charge.cover(length).is_ok() {
            return Ok(charge);
        }
        Err(Refused::out_of_buffers().with_persistence(head.persistence))
    }

    fn note_unwritten(&self, fault: ReplyFault) -> Fault {
        match fault {
            ReplyFault::Cut(Cut::Gone) => {}
            ReplyFault::Cut(Cut::TooSlow) => self.shared.metrics.refused(Refusal::ReaderTooSlow),
            ReplyFault::Body(error) => log::error!("response aborted: {error}"),
        }
        Fault::Gone
    }

    fn refuse(&mut self, refused: Refused, asked: Asked, begun: Mono) -> Result<Persistence, Gone> {
        let now = self.shared.clock.mono();
        if let Some(refusal) = refused.refusal {
            self.shared.metrics.refused(refusal);
        }
        self.shared.metrics.request_answered(
            NO_HANDLER,
            asked.method,
            refused.status,
            now.since(begun),
        );
        let persistence = self.persistence(refused.persistence);
        let refused = refused.with_persistence(persistence);
        let headers = self.web.as_ref().map_or(&[][..], |web| &web.headers);
        let bytes = refused.to_bytes(asked.version, asked.method, headers);
        let written = self
            .wire
            .write_all(&bytes, now + self.shared.limits.write_timeout);
        match written {
            Ok(()) => Ok(persistence),
            Err(cut) => {
                self.note_unwritten(cut.into());
                Err(Gone)
            }
        }
    }

    fn persistence(&self, wished: Persistence) -> Persistence {
        if self.shared.is_stopping() {
            Persistence::Close
        } else {
            wished
        }
    }

    /// Closes the connection so that the peer still receives the bytes written.
    fn linger(&mut self) {
        if self.wire.finish_writing().is_err() {
            return;
        }
        let deadline = self.shared.clock.mono() + LINGER;
        self.input.resize(READ_BYTES, 0);
        self.wire.drain(&mut self.input, LINGER_BYTES, deadline);
    }

    /// Frees the buffers that a large request grew, so that idle connections stay small.
    fn shrink(&mut self) {
        if self.input.is_empty() {
            release(&mut self.input, KEPT_BYTES);
        }
        release(&mut self.out, KEPT_BYTES);
    }
}

/// The method and version of a request, as far as they are known when it is refused.
#[derive(Clone, Copy)]
struct Asked {
    method: &'static str,
    version: Version,
}

impl Default for Asked {
    fn default() -> Self {
        Asked {
            method: "unknown",
            version: Version::Http11,
        }
    }
}

impl From<&Head> for Asked {
    fn from(head: &Head) -> Self {
        Asked {
            method: head.method.as_label(),
            version: head.version,
        }
    }
}

fn release(buffer: &mut Vec<u8>, kept: usize) {
    buffer.clear();
    if buffer.capacity() > kept {
        *buffer = Vec::new();
    }
}

/// Whether `input` can be the start of a request. A method begins with a letter; a TLS handshake does not.
/// A lone CR may be half of an empty line.
fn may_begin_a_request(input: &[u8]) -> bool {
    match input {
        [] | [b'\r'] => true,
        [first, ..] => first.is_ascii_alphabetic(),
    }
}

/// Whether a GET of this target brings something, under any route prefix.
fn is_report(target: &str) -> bool {
    let path = target.split('?').next().unwrap_or(target);
    let is_api = path.contains("/api/");
    !is_api && (path.contains("/hooks/") || path.contains("/heartbeat/"))
}

/// Whether a target is that of a health probe, under any route prefix.
fn is_probe(target: &str) -> bool {
    let path = target.split('?').next().unwrap_or(target);
    path.ends_with("/-/ready") || path.ends_with("/-/healthy")
}
