//! The socket of one connection, read and written with deadlines, in plain or through TLS.
//!
//! Owns the translation of a deadline into socket timeouts, and the state of TLS; nothing here knows
//! HTTP. The rest of the guard sees only [`Wire`]. Runs on a connection's thread.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection};
use socket2::SockRef;

use crate::clock::Clock;
use crate::model::Mono;

/// How long saying goodbye may take: a few bytes, which fit into the host's buffer.
const GOODBYE: Duration = Duration::from_secs(1);

/// Reads and writes of one connection.
#[derive(Debug)]
pub(super) struct Wire<'a> {
    socket: Socket<'a>,
    tls: Option<Box<ServerConnection>>,
}

/// Why a read or a write came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// The deadline passed.
    TooSlow,
    /// The peer closed or reset the connection, or we did.
    Gone,
}

/// Why peers do not speak TLS with each other.
#[derive(Debug)]
pub(super) enum HandshakeFault {
    /// There is nobody to speak with.
    Cut(Cut),
    /// They do not understand each other, or one does not trust the other.
    Refused(rustls::Error),
}

impl From<Cut> for HandshakeFault {
    fn from(cut: Cut) -> Self {
        HandshakeFault::Cut(cut)
    }
}

impl<'a> Wire<'a> {
    /// A wire over a blocking socket, in plain.
    pub(super) fn new(stream: &'a TcpStream, clock: Clock) -> Self {
        Wire {
            socket: Socket {
                stream,
                clock,
                read_timeout: None,
                write_timeout: None,
            },
            tls: None,
        }
    }

    /// The first byte the peer sends, which stays where it is.
    pub(super) fn peek(&mut self, deadline: Mono) -> Result<u8, Cut> {
        self.socket.peek(deadline)
    }

    /// Goes over to TLS. Before this, nothing may have been read.
    pub(super) fn shake_hands(
        &mut self,
        config: Arc<ServerConfig>,
        deadline: Mono,
    ) -> Result<(), HandshakeFault> {
        let connection = ServerConnection::new(config).map_err(HandshakeFault::Refused)?;
        let tls = self.tls.insert(Box::new(connection));
        while tls.is_handshaking() {
            self.socket.receive(tls, deadline)?;
        }
        // With nothing more to say from here, the host would hold back its acknowledgement for
        // 40 ms, and a peer with Nagle's algorithm its first request. Failing, it is only slower.
        let _ = SockRef::from(self.socket.stream).set_tcp_quickack(true);
        Ok(())
    }

    /// Reads what there is into `into`, waiting until `deadline`, or an eighth of the wait longer.
    /// At the end of the stream this is [`Cut::Gone`].
    pub(super) fn read(&mut self, into: &mut [u8], deadline: Mono) -> Result<usize, Cut> {
        let Some(tls) = &mut self.tls else {
            return self.socket.read(into, deadline);
        };
        loop {
            match tls.reader().read(into) {
                Ok(0) => return Err(Cut::Gone),
                Ok(bytes) => return Ok(bytes),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => return Err(Cut::Gone),
            }
            self.socket
                .receive(tls, deadline)
                .map_err(|fault| match fault {
                    HandshakeFault::Cut(cut) => cut,
                    HandshakeFault::Refused(_) => Cut::Gone,
                })?;
        }
    }

    /// Writes all of `bytes`, waiting until `deadline`, or an eighth of the wait longer.
    pub(super) fn write_all(&mut self, mut bytes: &[u8], deadline: Mono) -> Result<(), Cut> {
        let Some(tls) = &mut self.tls else {
            return self.socket.write_all(bytes, deadline);
        };
        while !bytes.is_empty() {
            // It takes no more at once than it may hold.
            let taken = tls.writer().write(bytes).map_err(|_| Cut::Gone)?;
            self.socket.send(tls, deadline)?;
            bytes = &bytes[taken..];
        }
        Ok(())
    }

    /// Throws away up to `limit` bytes that still come, as they come from the network.
    pub(super) fn drain(&mut self, buffer: &mut [u8], limit: usize, deadline: Mono) {
        let mut left = limit;
        while left > 0
            && let Ok(bytes) = self.socket.read(buffer, deadline)
        {
            left = left.saturating_sub(bytes);
        }
    }

    /// Says to the peer that nothing more will come, while it may still be read.
    pub(super) fn finish_writing(&mut self) -> Result<(), Cut> {
        self.say_goodbye();
        let stream = self.socket.stream;
        stream.shutdown(Shutdown::Write).map_err(|_| Cut::Gone)
    }

    /// Within TLS that was agreed on, says that this is the end and not a cable that was cut.
    pub(super) fn say_goodbye(&mut self) {
        if let Some(tls) = self.tls.as_mut().filter(|tls| !tls.is_handshaking()) {
            tls.send_close_notify();
            let deadline = self.socket.clock.mono() + GOODBYE;
            // A peer that is gone need not be told.
            let _ = self.socket.send(tls, deadline);
        }
    }
}

#[derive(Debug)]
struct Socket<'a> {
    stream: &'a TcpStream,
    clock: Clock,
    read_timeout: Option<Duration>,
    write_timeout: Option<Duration>,
}

impl Socket<'_> {
    fn read(&mut self, into: &mut [u8], deadline: Mono) -> Result<usize, Cut> {
        self.read_with(deadline, |mut stream| stream.read(into))
    }

    fn peek(&mut self, deadline: Mono) -> Result<u8, Cut> {
        let mut first = [0];
        self.read_with(deadline, |stream| stream.peek(&mut first))?;
        Ok(first[0])
    }

    fn read_with(
        &mut self,
        deadline: Mono,
        mut read: impl FnMut(&TcpStream) -> io::Result<usize>,
    ) -> Result<usize, Cut> {
        loop {
            let left = self.time_left(deadline)?;
            if is_far_from(self.read_timeout, left) {
                self.stream
                    .set_read_timeout(Some(left))
                    .map_err(|_| Cut::Gone)?;
                self.read_timeout = Some(left);
            }
            match read(self.stream) {
                Ok(0) => return Err(Cut::Gone),
                Ok(bytes) => return Ok(bytes),
                Err(error) if may_go_on(error.kind()) => {}
                Err(_) => return Err(Cut::Gone),
            }
        }
    }

    fn write_all(&mut self, mut bytes: &[u8], deadline: Mono) -> Result<(), Cut> {
        while !bytes.is_empty() {
            let written = self.write(bytes, deadline)?;
            bytes = &bytes[written..];
        }
        Ok(())
    }

    fn write(&mut self, bytes: &[u8], deadline: Mono) -> Result<usize, Cut> {
        loop {
            let left = self.time_left(deadline)?;
            if is_far_from(self.write_timeout, left) {
                self.stream
                    .set_write_timeout(Some(left))
                    .map_err(|_| Cut::Gone)?;
                self.write_timeout = Some(left);
            }
            let mut stream = self.stream;
            match stream.write(bytes) {
                Ok(0) => return Err(Cut::Gone),
                Ok(written) => return Ok(written),
                Err(error) if may_go_on(error.kind()) => {}
                Err(_) => return Err(Cut::Gone),
            }
        }
    }

    /// Takes in what the peer sent through TLS, and sends what that calls for.
    fn receive(
        &mut self,
        tls: &mut ServerConnection,
        deadline: Mono,
    ) -> Result<(), HandshakeFault> {
        let mut timed = Timed::new(self, deadline);
        if tls.read_tls(&mut timed).is_err() {
            return Err(timed.cut.into());
        }
        let taken = tls.process_new_packets();
        // Even a refusal has to be sent.
        let sent = self.send(tls, deadline);
        taken.map_err(HandshakeFault::Refused)?;
        Ok(sent?)
    }

    /// Sends what TLS has ready.
    fn send(&mut self, tls: &mut ServerConnection, deadline: Mono) -> Result<(), Cut> {
        while tls.wants_write() {
            let mut timed = Timed::new(self, deadline);
            if tls.write_tls(&mut timed).is_err() {
                return Err(timed.cut);
            }
        }
        Ok(())
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

/// A socket with a deadline, as the library for TLS wants to have it.
struct Timed<'s, 'a> {
    socket: &'s mut Socket<'a>,
    deadline: Mono,
    /// Why the last read or write failed.
    cut: Cut,
}

impl<'s, 'a> Timed<'s, 'a> {
    fn new(socket: &'s mut Socket<'a>, deadline: Mono) -> Self {
        Timed {
            socket,
            deadline,
            cut: Cut::Gone,
        }
    }

    fn note(&mut self, result: Result<usize, Cut>) -> io::Result<usize> {
        result.map_err(|cut| {
            self.cut = cut;
            ErrorKind::ConnectionAborted.into()
        })
    }
}

impl Read for Timed<'_, '_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.socket.read(into, self.deadline);
        self.note(read)
    }
}

impl Write for Timed<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.socket.write(bytes, self.deadline);
        self.note(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
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
