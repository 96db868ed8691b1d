//! The socket of one connection, read and written with deadlines.
//!
//! Owns the translation of a deadline into socket timeouts; nothing here knows HTTP. This is where
//! TLS will go: the rest of the guard sees only [`Wire`]. Runs on a connection's thread.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use crate::clock::Clock;
use crate::model::Mono;

/// Reads and writes of one connection.
#[derive(Debug)]
pub(super) struct Wire<'a> {
    stream: &'a TcpStream,
    clock: Clock,
    read_timeout: Option<Duration>,
    write_timeout: Option<Duration>,
}

/// Why a read or a write came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// The deadline passed.
    TooSlow,
    /// The peer closed or reset the connection, or we did.
    Gone,
}

impl<'a> Wire<'a> {
    /// A wire over a blocking socket.
    pub(super) fn new(stream: &'a TcpStream, clock: Clock) -> Self {
        Wire {
            stream,
            clock,
            read_timeout: None,
            write_timeout: None,
        }
    }

    /// Reads what there is into `into`, waiting until `deadline`, or an eighth of the wait longer.
    /// At the end of the stream this is [`Cut::Gone`].
    pub(super) fn read(&mut self, into: &mut [u8], deadline: Mono) -> Result<usize, Cut> {
        loop {
            let left = self.time_left(deadline)?;
            if is_far_from(self.read_timeout, left) {
                self.stream
                    .set_read_timeout(Some(left))
                    .map_err(|_| Cut::Gone)?;
                self.read_timeout = Some(left);
            }
            match self.stream.read(into) {
                Ok(0) => return Err(Cut::Gone),
                Ok(bytes) => return Ok(bytes),
                Err(error) if may_go_on(error.kind()) => {}
                Err(_) => return Err(Cut::Gone),
            }
        }
    }

    /// Writes all of `bytes`, waiting until `deadline`, or an eighth of the wait longer.
    pub(super) fn write_all(&mut self, mut bytes: &[u8], deadline: Mono) -> Result<(), Cut> {
        while !bytes.is_empty() {
            let left = self.time_left(deadline)?;
            if is_far_from(self.write_timeout, left) {
                self.stream
                    .set_write_timeout(Some(left))
                    .map_err(|_| Cut::Gone)?;
                self.write_timeout = Some(left);
            }
            match self.stream.write(bytes) {
                Ok(0) => return Err(Cut::Gone),
                Ok(written) => bytes = &bytes[written..],
                Err(error) if may_go_on(error.kind()) => {}
                Err(_) => return Err(Cut::Gone),
            }
        }
        Ok(())
    }

    /// Says to the peer that nothing more will come, while it may still be read.
    pub(super) fn finish_writing(&mut self) -> Result<(), Cut> {
        self.stream.shutdown(Shutdown::Write).map_err(|_| Cut::Gone)
    }

    fn time_left(&self, deadline: Mono) -> Result<Duration, Cut> {
        let left = deadline.since(self.clock.mono());
        if left.is_zero() {
            return Err(Cut::TooSlow);
        }
        // The least the host's socket timeouts can be trusted with.
        Ok(left.max(Duration::from_millis(1)))
    }
}

/// A timeout shows as `WouldBlock`; whether it was the last one is for the deadline to say.
fn may_go_on(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
    )
}

/// Setting a timeout is a system call, so one that is near enough is left as it is.
fn is_far_from(set: Option<Duration>, wanted: Duration) -> bool {
    set.is_none_or(|set| set.abs_diff(wanted) > wanted / 8)
}
