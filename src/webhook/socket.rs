//! The TCP connection to a receiver or to its proxy, the lowest layer.
//!
//! Owns the socket and the number of system calls per request: one to check that the connection is still
//! open, one to write the request, and one to read its answer. (ureq's own connection makes twelve.) A write
//! that blocks reads what the peer sends in the meantime, and lets the layers above look at it. Never waits
//! past the timeout that ureq gives. Used by all send threads.
//!
//! Measured: with a write for the head and one for the body, a timeout set for each wait and three calls to
//! check whether the connection is open, as ureq has them, a single alert takes 21 % more CPU.

use std::fmt;
use std::io::{self, ErrorKind, IoSlice, Read};
use std::mem;
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendAncillaryBuffer, SendFlags, recv, sendmsg};
use ureq::Error;
use ureq::unversioned::transport::{Buffers, LazyBuffers, NextTimeout, Transport};

use super::resolver::Trust;
use super::transport::{CurrentTime, INPUT_BUFFER, limit, remaining_of};
use crate::limits;

/// The most output bytes that are held back, so that the head of a request goes out with its body.
const HELD_BYTES: usize = 4 * 1024;

/// An open connection.
pub struct Socket {
    // Shared with a handle that shuts it down.
    stream: Arc<TcpStream>,
    buffers: LazyBuffers,
    /// Output that is sent with the next output, or before the wait for the answer.
    held: Vec<u8>,
    /// Whether bytes were read since the last call of `is_open`.
    has_answered: bool,
    reading: SetTimeout,
    current_time: CurrentTime,
    trust: Trust,
}

/// Why the wait of a blocked write has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waited {
    /// The socket has room again, or an error that the next write returns.
    Room,
    /// The peer has sent bytes.
    Input,
    /// The peer has closed its sending half, and may still read.
    Silence,
}

impl Socket {
    /// A connection over `stream`, for requests whose longest line fits into `output_size`. It is not reused
    /// once `trust` no longer holds.
    pub fn new(
        stream: Arc<TcpStream>,
        current_time: CurrentTime,
        output_size: usize,
        trust: Trust,
    ) -> Self {
        Socket {
            stream,
            buffers: LazyBuffers::new(INPUT_BUFFER, output_size),
            held: Vec::new(),
            has_answered: false,
            reading: SetTimeout::default(),
            current_time,
            trust,
        }
    }

    /// Writes the held output and `amount` bytes of the output buffer. If the socket has no room and the peer
    /// sends something, holds the rest back, up to `UNSENT_BYTES`.
    fn send(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let began = (self.current_time)();
        let (mut sent, mut may_come) = (0, true);
        while sent < self.held.len() + amount {
            match self.write(amount, sent) {
                Ok(written) => sent += written,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => {
                    let left = limit(remaining_of(timeout, began, (self.current_time)()))?;
                    let unsent = self.held.len() + amount - sent;
                    let may_hold = unsent <= limits::UNSENT_BYTES;
                    match self.wait_for_room(left, may_hold && may_come)? {
                        Waited::Input => {
                            self.hold_back(amount, sent);
                            return Ok(());
                        }
                        Waited::Silence => may_come = false,
                        Waited::Room => {}
                    }
                }
                Err(error) => {
                    // Dropped, so that the next read does not try to send it again.
                    self.held.clear();
                    return Err(Error::Io(error.into()));
                }
            }
        }
        self.held.clear();
        Ok(())
    }

    /// Writes the held output and `amount` bytes of the output buffer without blocking, except the first
    /// `sent` bytes. Returns the number of bytes written.
    fn write(&mut self, amount: usize, sent: usize) -> Result<usize, Errno> {
        let output = &self.buffers.output()[..amount];
        let mut pieces = [IoSlice::new(&self.held), IoSlice::new(output)];
        let mut rest = &mut pieces[..];
        IoSlice::advance_slices(&mut rest, sent);
        let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
        let nothing = &mut SendAncillaryBuffer::default();
        sendmsg(&*self.stream, rest, nothing, flags)
    }

    fn wait_for_room(&mut self, left: Duration, may_read: bool) -> io::Result<Waited> {
        let may_read = may_read && !self.buffers.input_append_buf().is_empty();
        let reading = if may_read {
            PollFlags::IN
        } else {
            PollFlags::empty()
        };
        let mut socket = [PollFd::new(&*self.stream, PollFlags::OUT | reading)];
        wait_for(&mut socket, left)?;
        if socket[0].revents() != PollFlags::IN {
            return Ok(Waited::Room);
        }
        match recv(
            &*self.stream,
            self.buffers.input_append_buf(),
            RecvFlags::DONTWAIT,
        ) {
            Ok((amount @ 1.., _)) => {
                self.buffers.input_appended(amount);
                Ok(Waited::Input)
            }
            Ok(_) => Ok(Waited::Silence),
            Err(_) => Ok(Waited::Room),
        }
    }

    fn hold_back(&mut self, amount: usize, sent: usize) {
        let held = self.held.len();
        let output = &self.buffers.output()[sent.saturating_sub(held)..amount];
        self.held.extend_from_slice(output);
        self.held.drain(..sent.min(held));
    }
}

impl Transport for Socket {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        if !self.held.is_empty() || amount > HELD_BYTES {
            return self.send(amount, timeout);
        }
        self.held.extend(&self.buffers.output()[..amount]);
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let (began, stream) = ((self.current_time)(), Arc::clone(&self.stream));
        if !self.held.is_empty() {
            self.send(0, timeout)?;
            if !self.held.is_empty() {
                // The peer has sent bytes before all output was sent.
                return Ok(true);
            }
        }
        loop {
            let left = limit(remaining_of(timeout, began, (self.current_time)()))?;
            self.reading
                .set(left, |time| stream.set_read_timeout(time))?;
            match (&*stream).read(self.buffers.input_append_buf()) {
                Ok(amount) => {
                    self.has_answered = true;
                    self.buffers.input_appended(amount);
                    return Ok(amount > 0);
                }
                Err(error) if may_go_on(&error) => self.reading.note_early_end(),
                Err(error) => return Err(Error::Io(error)),
            }
        }
    }

    /// ureq calls this when it releases a connection after an answer, and when it takes it out again. Only
    /// the second call needs a check of the socket. Bytes or an end of the stream that are there to read by
    /// then were not asked for, so the connection is not reused.
    fn is_open(&mut self) -> bool {
        if mem::take(&mut self.has_answered) {
            self.trust.renew();
            return self.held.is_empty();
        }
        let unasked = || recv(&self.stream, &mut [0_u8; 1][..], RecvFlags::DONTWAIT);
        self.trust.holds() && unasked().is_err_and(|error| error == Errno::WOULDBLOCK)
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Socket")
    }
}

/// Polls `sockets` until one is ready, a signal arrives, or `time` has passed.
pub fn wait_for(sockets: &mut [PollFd<'_>], time: Duration) -> io::Result<()> {
    let time = Timespec::try_from(time).ok();
    match poll(sockets, time.as_ref()) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Whether to retry after an error: the timeout was too short, or a signal arrived.
fn may_go_on(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
    )
}

/// The read timeout that is set on the socket. Setting it is a system call, so the timeout is set to a little
/// less than the time left, and stays while it is close enough. It is never too long. If it proves too short,
/// the next one is set exactly.
#[derive(Clone, Copy, Debug, Default)]
struct SetTimeout {
    set: Option<Duration>,
    is_exact: bool,
}

impl SetTimeout {
    /// Makes the socket's timeout about as long as `left`. `tell` sets it on the socket.
    fn set(
        &mut self,
        left: Duration,
        tell: impl FnOnce(Option<Duration>) -> io::Result<()>,
    ) -> io::Result<()> {
        let is_exact = mem::take(&mut self.is_exact);
        let near = left - left / 8..=left;
        if !is_exact && self.set.is_some_and(|set| near.contains(&set)) {
            return Ok(());
        }
        let time = if is_exact { left } else { left - left / 16 };
        tell(Some(time))?;
        self.set = Some(time);
        Ok(())
    }

    /// Notes that a wait has ended early, perhaps because the timeout was shorter than the time left.
    fn note_early_end(&mut self) {
        self.is_exact = true;
    }
}

#[cfg(test)]
mod tests;
