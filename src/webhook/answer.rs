//! The top layer of a connection, which finds answers leniently and early.
//!
//! ureq reads an answer only after it has written the whole request, and rejects an answer whose head breaks
//! a rule. This layer parses the head itself (`head.rs`), and gives ureq a clean head instead; the body
//! passes unchanged. A refusal that arrives before the whole request is written ends the writing: further
//! output of ureq is dropped, so that ureq goes on to read. A connection that fails during a write is handled
//! in the same way, because a receiver that refuses a large body answers and closes.
//!
//! Owns the head, and the state of a connection between request and answer. Prevents the reuse of connections
//! that only this layer knows to be broken. Part of the interface to ureq. Runs on send threads.

use std::io::{self, ErrorKind};
use std::mem;

use ureq::Error;
use ureq::unversioned::transport::time::Duration;
use ureq::unversioned::transport::{Buffers, NextTimeout, Transport};

use super::head::{Head, NoAnswer};
use crate::limits;

/// A connection that gives ureq clean answers.
#[derive(Debug)]
pub struct AnswerTransport {
    inner: Box<dyn Transport>,
    head: CleanHead,
    /// The input bytes that the head has read and that are still to be removed from the buffer.
    seen_bytes: usize,
    turn: Turn,
    /// The error of the write of the request, if it failed.
    write_fault: Option<io::Error>,
    /// Whether an answer or the end came before the whole request was written.
    is_early: bool,
}

/// The state of a connection that carries one request at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// A request is being written.
    Request,
    /// The head of the answer is awaited. ureq must not see it before it is complete and clean.
    Head,
    /// The clean head is ready or has been read, and ureq reads the body after it.
    Body,
}

/// A clean head, and the part of it that ureq has read.
#[derive(Debug, Default)]
struct CleanHead {
    head: Head,
    is_finished: bool,
    used: usize,
}

impl AnswerTransport {
    /// A layer on top of `inner`.
    pub fn new(inner: Box<dyn Transport>) -> Self {
        AnswerTransport {
            inner,
            head: CleanHead::default(),
            seen_bytes: 0,
            turn: Turn::Request,
            write_fault: None,
            is_early: false,
        }
    }

    /// Whether further writing is useless: the write has failed, or the receiver has refused. A receiver that
    /// has answered with success may still read the rest.
    fn is_in_vain(&self) -> bool {
        self.write_fault.is_some() || (self.head.head.is_complete() && !self.has_succeeded())
    }

    fn has_succeeded(&self) -> bool {
        let status = self.head.head.status();
        status.is_some_and(|status| (200..300).contains(&status))
    }

    /// Parses input that arrived while the request was being written. The input stays in the buffer, because
    /// ureq must not find it before it asks for an answer.
    fn look(&mut self) -> Result<(), Error> {
        let buffers = self.inner.buffers();
        if buffers.input().len() > self.seen_bytes {
            let used = self.head.head.take(&buffers.input()[self.seen_bytes..]);
            self.seen_bytes += used.map_err(into_ureq)?;
            // Makes ureq wait for input although the buffer holds some.
            self.inner.buffers().input_consume(0);
        }
        Ok(())
    }

    fn take(&mut self) -> Result<(), Error> {
        let buffers = self.inner.buffers();
        let used = self.head.head.take(buffers.input()).map_err(into_ureq)?;
        buffers.input_consume(used);
        Ok(())
    }

    /// Reads more of the head. If no more comes, the head ends with the lines read so far.
    fn read(&mut self, timeout: NextTimeout) -> Result<(), Error> {
        let end = match self.inner.await_input(self.patience(timeout)) {
            Ok(true) => return self.take(),
            Ok(false) => Error::Io(ErrorKind::UnexpectedEof.into()),
            Err(error) => error,
        };
        if self.head.head.break_off(self.inner.buffers().input()) {
            return Ok(());
        }
        Err(self.write_fault.take().map_or(end, Error::Io))
    }

    /// The timeout of a read. After a status of success the rest of the head gets no more time than a body.
    fn patience(&self, mut timeout: NextTimeout) -> NextTimeout {
        if self.has_succeeded() {
            let most = Duration::Exact(limits::ANSWER_BODY_TIME);
            timeout.after = timeout.after.min(most);
        }
        timeout
    }
}

impl Transport for AnswerTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        match self.turn {
            Turn::Head => &mut self.head,
            Turn::Body if self.head.can_use_input() => &mut self.head,
            Turn::Request | Turn::Body => self.inner.buffers(),
        }
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        if self.turn == Turn::Body {
            self.turn = Turn::Request;
            self.head.begin();
        }
        if self.is_in_vain() {
            return Ok(());
        }
        let fault = match self.inner.transmit_output(amount, self.patience(timeout)) {
            Ok(()) => return self.look(),
            Err(Error::Io(fault)) => fault,
            Err(Error::Timeout(_)) if self.has_succeeded() => ErrorKind::TimedOut.into(),
            Err(error) => return Err(error),
        };
        self.write_fault = Some(fault);
        Ok(())
    }

    /// May return with nothing for ureq to read. ureq then checks its timeout and calls again.
    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        match self.turn {
            Turn::Body => return self.inner.await_input(timeout),
            Turn::Head => self.read(timeout)?,
            Turn::Request => {
                self.turn = Turn::Head;
                self.is_early = self.write_fault.is_some() || self.head.head.is_complete();
                let seen_bytes = mem::take(&mut self.seen_bytes);
                self.inner.buffers().input_consume(seen_bytes);
                if !self.head.head.is_complete() {
                    self.take()?;
                }
                if !self.head.head.is_complete() {
                    self.read(timeout)?;
                }
            }
        }
        if self.head.head.is_complete() {
            if self.is_early {
                // The rest of the request was not sent.
                self.head.head.close();
            }
            self.head.finish();
            self.turn = Turn::Body;
        }
        Ok(true)
    }

    fn is_open(&mut self) -> bool {
        self.inner.is_open()
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}

impl CleanHead {
    fn begin(&mut self) {
        self.head.begin();
        self.is_finished = false;
        self.used = 0;
    }

    fn finish(&mut self) {
        self.head.finish();
        self.is_finished = true;
    }
}

impl Buffers for CleanHead {
    fn output(&mut self) -> &mut [u8] {
        &mut []
    }

    fn input(&self) -> &[u8] {
        if self.is_finished {
            &self.head.clean()[self.used..]
        } else {
            &[]
        }
    }

    fn input_append_buf(&mut self) -> &mut [u8] {
        &mut []
    }

    fn input_appended(&mut self, _: usize) {}

    fn input_consume(&mut self, amount: usize) {
        self.used += amount;
    }

    fn tmp_and_output(&mut self) -> (&mut [u8], &mut [u8]) {
        (&mut [], &mut [])
    }

    fn can_use_input(&self) -> bool {
        !self.input().is_empty()
    }
}

fn into_ureq(fault: NoAnswer) -> Error {
    Error::Other(Box::new(fault))
}

#[cfg(test)]
mod tests;
