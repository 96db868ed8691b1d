//! The TCP connection to a receiver, or to the proxy in front of it, beneath all other layers.
//!
//! Owns the socket, and what a request costs there: one call to write it, one to read its answer, and
//! one before that to see whether the connection is still open. (ureq's own connection makes twelve of
//! them.) Never waits past the time that ureq gives. Used by all send threads.

use std::fmt;
use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::mem;
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Weak};
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};
use ureq::Error;
use ureq::unversioned::transport::time::Instant;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, Transport,
};

use super::transport::{INPUT_BUFFER, OUTPUT_BUFFER, remaining, remaining_of};

/// Bytes that are held back for what follows, so that the head of a request goes out with its body.
const HELD_BYTES: usize = 4 * 1024;

/// What ureq's word for no limit is taken for. No request of ours goes without one.
const NO_LIMIT: Duration = Duration::from_secs(24 * 3600);

/// The least that one of several addresses gets of the time to connect.
const ADDRESS_TIME: Duration = Duration::from_millis(10);

/// The clock of ureq.
type CurrentTime = Arc<dyn Fn() -> Instant + Send + Sync>;

/// Opens connections.
#[derive(Debug)]
pub struct SocketConnector;

impl Connector for SocketConnector {
    type Out = Socket;

    fn connect(
        &self,
        details: &ConnectionDetails,
        _nothing: Option<()>,
    ) -> Result<Option<Socket>, Error> {
        let stream = Arc::new(open(details)?);
        // What is held back here goes out in one piece, so nothing is gained by holding it longer.
        stream.set_nodelay(true)?;
        let handle: Weak<TcpStream> = Arc::downgrade(&stream);
        (details.register_shutdown)(handle)?;
        Ok(Some(Socket::new(stream, Arc::clone(&details.current_time))))
    }
}

/// Connects to the first address that can be: each gets half of what is left, the last one all.
fn open(details: &ConnectionDetails) -> Result<TcpStream, Error> {
    let mut fault = Error::Io(ErrorKind::ConnectionRefused.into());
    for (before, address) in details.addrs.iter().enumerate() {
        let timeout = remaining(details);
        let left = limit(timeout)?;
        let is_last = before + 1 == details.addrs.len();
        let share = if is_last { left } else { left / 2 };
        match connect(*address, share.max(ADDRESS_TIME)) {
            Ok(stream) => return Ok(stream),
            Err(error) if error.kind() == ErrorKind::TimedOut => {
                fault = Error::Timeout(timeout.reason);
            }
            Err(error) => fault = Error::Io(error),
        }
    }
    Err(fault)
}

fn connect(address: SocketAddr, patience: Duration) -> io::Result<TcpStream> {
    TcpStream::connect_timeout(&address, patience)
}

/// What is left of a time, if anything is.
fn limit(timeout: NextTimeout) -> Result<Duration, Error> {
    if timeout.after.is_zero() {
        return Err(Error::Timeout(timeout.reason));
    }
    Ok(timeout.not_zero().map_or(NO_LIMIT, |after| *after))
}

/// An open connection.
pub struct Socket {
    // Shared with a handle that shuts it down.
    stream: Arc<TcpStream>,
    buffers: LazyBuffers,
    /// What is to go out with what follows, or before the answer is waited for.
    held: Vec<u8>,
    /// Whether something was read since it was asked last whether the connection is open.
    has_answered: bool,
    reading: SetTimeout,
    writing: SetTimeout,
    current_time: CurrentTime,
}

impl Socket {
    fn new(stream: Arc<TcpStream>, current_time: CurrentTime) -> Self {
        Socket {
            stream,
            buffers: LazyBuffers::new(INPUT_BUFFER, OUTPUT_BUFFER),
            held: Vec::new(),
            has_answered: false,
            reading: SetTimeout::default(),
            writing: SetTimeout::default(),
            current_time,
        }
    }

    /// Writes what is held back and so much of the output.
    fn send(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let output = &self.buffers.output()[..amount];
        let mut pieces = [IoSlice::new(&self.held), IoSlice::new(output)];
        let mut rest = &mut pieces[..];
        IoSlice::advance_slices(&mut rest, 0);
        let (began, mut stream) = ((self.current_time)(), &*self.stream);
        while !rest.is_empty() {
            let left = limit(remaining_of(timeout, began, (self.current_time)()))?;
            self.writing
                .set(left, |time| stream.set_write_timeout(time))?;
            match stream.write_vectored(rest) {
                Ok(0) => return Err(Error::Io(ErrorKind::WriteZero.into())),
                Ok(written) => IoSlice::advance_slices(&mut rest, written),
                Err(error) if may_go_on(&error) => self.writing.was_too_short(),
                Err(error) => return Err(Error::Io(error)),
            }
        }
        self.held.clear();
        Ok(())
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
                Err(error) if may_go_on(&error) => self.reading.was_too_short(),
                Err(error) => return Err(Error::Io(error)),
            }
        }
    }

    /// ureq asks as it puts a connection away after an answer, and as it takes it out again. Only then it
    /// matters, and only that answer is looked for: whatever there is to read was not asked for.
    fn is_open(&mut self) -> bool {
        if mem::take(&mut self.has_answered) {
            return true;
        }
        let unasked = recv(&self.stream, &mut [0_u8; 1][..], RecvFlags::DONTWAIT);
        unasked.is_err_and(|error| error == Errno::WOULDBLOCK)
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Socket")
    }
}

/// A time may have been too short, or a signal came.
fn may_go_on(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
    )
}

/// The time that the socket has been told to wait at most. To tell it is a system call, so it is told
/// a little less than there is left, and that is left as it is while it is near enough: never too long,
/// and where it proves too short the rest is told exactly.
#[derive(Clone, Copy, Debug, Default)]
struct SetTimeout {
    set: Option<Duration>,
    is_exact: bool,
}

impl SetTimeout {
    /// Sees to it that the socket waits for about as long as is left.
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

    /// The wait has ended early, perhaps because less was told than there was left.
    fn was_too_short(&mut self) {
        self.is_exact = true;
    }
}

#[cfg(test)]
mod tests;
