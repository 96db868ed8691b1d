//! The layer on top of a connection that finds the answer: leniently, and early.
//!
//! ureq reads an answer once it has written the whole request, and takes none whose head breaks a
//! rule. This layer reads the head itself (`head.rs`), and hands ureq a clean one in its place; the
//! body is passed on as it comes. A refusal that comes before the request was written whole ends the
//! writing: what ureq still writes is dropped, so that it goes on to read. The same holds where the
//! connection ends under a write, since a receiver that refuses a large body answers and closes.
//!
//! Owns the head and where a connection stands between request and answer. Keeps what only it knows
//! to be broken from serving again. Part of the seam to ureq. Runs on send threads.

use std::io::{self, ErrorKind};
use std::mem;

use ureq::Error;
use ureq::unversioned::transport::time::Duration;
use ureq::unversioned::transport::{Buffers, NextTimeout, Transport};

use super::head::{Head, NoAnswer};
use crate::limits;

/// A connection whose answers ureq understands.
#[derive(Debug)]
pub struct AnswerTransport {
    inner: Box<dyn Transport>,
    head: CleanHead,
    /// Bytes of the input that the head has read, and that are still to be taken out.
    seen_bytes: usize,
    turn: Turn,
    /// Why the request could not be written whole.
    write_fault: Option<io::Error>,
    /// There was an answer, or an end, before the request was written whole.
    is_early: bool,
}

/// Whose turn it is on a connection that carries one request at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// A request is being written.
    Request,
    /// The head of its answer is awaited. ureq must see nothing of it before it is whole and clean.
    Head,
    /// ureq has the head of the answer, or may have it, and then reads the body.
    Body,
}

/// A head as ureq reads it.
#[derive(Debug, Default)]
struct CleanHead {
    head: Head,
    is_finished: bool,
    used: usize,
}

impl AnswerTransport {
    /// Finds the answers that come over `inner`.
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

    /// Whether there is no use in writing on. A receiver that has taken the notification may read it yet;
    /// one that has not will not.
    fn is_in_vain(&self) -> bool {
        self.write_fault.is_some() || (self.head.head.is_complete() && !self.has_succeeded())
    }

    fn has_succeeded(&self) -> bool {
        let status = self.head.head.status();
        status.is_some_and(|status| (200..300).contains(&status))
    }

    /// Looks at what came while the request was being written. It stays where it is, since ureq must
    /// not find it before it asks for an answer.
    fn look(&mut self) -> Result<(), Error> {
        let buffers = self.inner.buffers();
        if buffers.input().len() > self.seen_bytes {
            let used = self.head.head.take(&buffers.input()[self.seen_bytes..]);
            self.seen_bytes += used.map_err(into_ureq)?;
            // Makes ureq wait for input although there is some.
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

    /// Waits for more of the head. If there is none, it has said what it has said.
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

    /// What follows a success is not worth more than the body of an answer is.
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

    /// May come back with nothing for ureq to read, which makes it look at the time and ask again.
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
