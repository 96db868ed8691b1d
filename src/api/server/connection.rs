//! The loop of one connection: read a request, have it answered, write the answer, again.
//!
//! ```text
//!            first byte          gate           body            place, handler
//!   idle ───────────────► head ───────► body ───────► handle ────────────────► reply ──┐
//!    ▲  │ idle_timeout     │ 400 408     │ 408 413     │ 503                     │      │
//!    │  ▼                  │ 414 431 5xx │ 400 503     │                         │      │
//!    │ end ◄───────────────┴─────────────┘             │     write deadline: end ┘      │
//!    └─────────────────────────────────────────────────┴────────────────────────────────┘
//! ```
//!
//! Before the first request TLS may have to be agreed on (`handshake`); the gate, if there is a web
//! configuration, lets a request in once its head is there, and before its body is read.
//!
//! Owns the buffers of one connection; they shrink back after a large request. Never looks into a
//! body and never reads ahead of the request in hand. Runs on the connection's own thread, and so does
//! the handler (`slots`).

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
use crate::telemetry::metrics::Refusal;

/// Bytes asked of the socket at once for a head: most requests of a Prometheus come whole.
const READ_BYTES: usize = 4 * 1024;

/// Buffers of an idle connection that hold more are given back.
const KEPT_BYTES: usize = 8 * 1024;

/// How long a connection that is being closed is read on, so that what the peer still sends does
/// not make its host throw the answer away.
const LINGER: Duration = Duration::from_secs(1);

/// The most bytes that are thrown away meanwhile.
const LINGER_BYTES: usize = 4 * 1024 * 1024;

/// The most bytes of empty lines before a request.
const LEADING_BYTES: usize = 8;

/// Serves a connection to its end.
pub(super) fn serve(connection: &Connection, shared: &Shared) {
    let mut session = Session {
        connection,
        shared,
        wire: Wire::new(&connection.stream, shared.clock),
        input: Vec::new(),
        out: Vec::new(),
        web: None,
    };
    if handshake::shake_hands(&mut session.wire, connection, shared).is_err() {
        return session.linger();
    }
    loop {
        match session.serve_one() {
            Ok(Persistence::KeepAlive) => session.shrink(),
            Ok(Persistence::Close) => return session.linger(),
            Err(Gone) => return,
        }
    }
}

/// The connection is of no further use: nothing more can be said to the peer.
struct Gone;

struct Session<'a> {
    connection: &'a Connection,
    shared: &'a Shared,
    wire: Wire<'a>,
    /// Bytes read and not used yet: part of a head, or requests sent ahead.
    input: Vec<u8>,
    /// What goes to the peer.
    out: Vec<u8>,
    /// The web configuration whose headers the answer at hand gets.
    web: Option<Arc<WebConfig>>,
}

/// Why a request came to nothing.
enum Fault {
    /// The peer is told.
    Refused(Refused),
    /// There is nobody to tell.
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
    /// The same, with another word on what becomes of the connection.
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

    /// Waits for the first byte of a request, unless it was sent ahead.
    fn await_request(&mut self) -> Result<(), Gone> {
        if self.shared.is_stopping() {
            return Err(Gone);
        }
        if !self.input.is_empty() {
            return Ok(());
        }
        let now = self.shared.clock.mono();
        self.connection.rest(now);
        // Whoever stops the front door says so first and looks for idle connections then, so one
        // of the two sees the other.
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
        self.pass_gate(&head, &request)?;
        let mut charge = Charge::none(&self.shared.budget);
        self.read_body(&head, &mut request.body, &mut charge)?;
        self.inflate_body(&head, &mut request, &mut charge)?;
        let permit = self.permit_read(&head, &request)?;
        let slots = match permit {
            Some(_) => &self.shared.reading_desk,
            None => &self.shared.slots,
        };
        let answer = self.handle(&head, request, slots)?;
        drop(charge);
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

    /// Reads up to the end of a head, and drops it from the input.
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

    /// A request that is not let in keeps its connection only if no body is left to be sent.
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

    /// All of the request was read by now, so the connection goes on whatever is wrong.
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

    /// Counts a GET while it is being answered (§10.2), but for the probes of supervisors: they cost next to
    /// nothing, and a supervisor that hears 503 kills the daemon.
    fn permit_read(
        &self,
        head: &Head,
        request: &Request,
    ) -> Result<Option<ReadPermit<'a>>, Refused> {
        if head.method != Method::Get || is_probe(&request.target) {
            return Ok(None);
        }
        let permit = self.shared.reads.answer();
        permit.map(Some).ok_or_else(|| self.too_many_reads(head))
    }

    /// Lets the next GET in, and counts this one while its answer is written if that is made meanwhile.
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

    /// The handler's answer, if it comes in time.
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
        // Whatever takes long in a handler gives up by itself at that time. What came later counts as
        // not come, so that a sender hears the same wherever the time went.
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

    /// A large answer that is made as a whole counts against the budget of answers.
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
            ReplyFault::Body(error) => log::error!("an answer broke off: {error}"),
        }
        Fault::Gone
    }

    fn refuse(&mut self, refused: Refused, asked: Asked, begun: Mono) -> Result<Persistence, Gone> {
        let now = self.shared.clock.mono();
        if let Some(refusal) = refused.refusal {
            self.shared.metrics.refused(refusal);
        }
        self.shared.metrics.request_answered(
            "server",
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

    /// Ends a connection so that the peer gets what was written.
    fn linger(&mut self) {
        if self.wire.finish_writing().is_err() {
            return;
        }
        let deadline = self.shared.clock.mono() + LINGER;
        self.input.resize(READ_BYTES, 0);
        self.wire.drain(&mut self.input, LINGER_BYTES, deadline);
    }

    /// Gives back what a large request took, so that idle connections stay small.
    fn shrink(&mut self) {
        if self.input.is_empty() {
            release(&mut self.input, KEPT_BYTES);
        }
        release(&mut self.out, KEPT_BYTES);
    }
}

/// What is known of a request when it is refused.
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

/// A method begins with a letter; TLS, for one, does not. One CR may be half of an empty line.
fn may_begin_a_request(input: &[u8]) -> bool {
    match input {
        [] | [b'\r'] => true,
        [first, ..] => first.is_ascii_alphabetic(),
    }
}

/// Whether a target is that of a probe, under whatever prefix.
fn is_probe(target: &str) -> bool {
    let path = target.split('?').next().unwrap_or(target);
    path.ends_with("/-/ready") || path.ends_with("/-/healthy")
}
