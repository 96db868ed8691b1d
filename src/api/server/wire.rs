//! The socket of one connection, read and written with deadlines, in plain or through TLS.
//!
//! Owns the translation of a deadline into socket timeouts, and the state of TLS. Knows nothing of
//! HTTP. The rest of the HTTP server sees only [`Wire`]. Runs on a connection's thread.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection};
use socket2::SockRef;

use super::tls::alternative_names;
use crate::clock::Clock;
use crate::model::Mono;

/// How long sending TLS' `close_notify` may take: a few bytes, which fit into the socket's buffer.
const GOODBYE: Duration = Duration::from_secs(1);

/// Reads and writes of one connection.
#[derive(Debug)]
pub(super) struct Wire<'a> {
    socket: Socket<'a>,
    tls: Option<Box<ServerConnection>>,
}

/// Why a read or a write failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// The deadline passed.
    TooSlow,
    /// The peer or this daemon closed or reset the connection.
    Gone,
}

/// Why a TLS handshake failed.
#[derive(Debug)]
pub(super) enum HandshakeFault {
    /// The deadline passed, or the connection closed.
    Cut(Cut),
    /// The two sides have no common parameters, or one does not trust the other.
    Refused(rustls::Error),
}

impl From<Cut> for HandshakeFault {
    fn from(cut: Cut) -> Self {
        HandshakeFault::Cut(cut)
    }
}

impl<'a> Wire<'a> {
    /// A wire over a blocking socket, without TLS at first.
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

    /// The first byte that the peer sends. The byte stays in the socket's buffer.
    pub(super) fn peek(&mut self, deadline: Mono) -> Result<u8, Cut> {
        self.socket.peek(deadline)
    }

    /// Performs the TLS handshake; from then on the wire uses TLS. Nothing may have been read before.
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
        // This side sends nothing next, so the host would delay its TCP acknowledgement by 40 ms, and a peer
        // with Nagle's algorithm would delay its first request as long. A failure costs only time.
        let _ = SockRef::from(self.socket.stream).set_tcp_quickack(true);
        Ok(())
    }

    /// The alternative names in the certificate that the client has shown, if it has shown one.
    pub(super) fn client_names(&self) -> Option<Vec<String>> {
        let certificates = self.tls.as_ref()?.peer_certificates()?;
        alternative_names(certificates.first()?)
    }

    /// Reads the bytes that are available into `into`. Waits for some until `deadline`, or an eighth of the
    /// wait longer. The end of the stream is [`Cut::Gone`].
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
            // rustls accepts no more at once than its buffer may hold.
            let taken = tls.writer().write(bytes).map_err(|_| Cut::Gone)?;
            self.socket.send(tls, deadline)?;
            bytes = &bytes[taken..];
        }
        Ok(())
    }

    /// Reads and discards up to `limit` bytes that still arrive from the network, without decrypting them.
    pub(super) fn drain(&mut self, buffer: &mut [u8], limit: usize, deadline: Mono) {
        let mut left = limit;
        while left > 0
            && let Ok(bytes) = self.socket.read(buffer, deadline)
        {
            left = left.saturating_sub(bytes);
        }
    }

    /// Closes the sending half of the connection. Reading is still possible.
    pub(super) fn finish_writing(&mut self) -> Result<(), Cut> {
        self.say_goodbye();
        let stream = self.socket.stream;
        stream.shutdown(Shutdown::Write).map_err(|_| Cut::Gone)
    }

    /// After a TLS handshake, sends `close_notify`, so that the peer can tell this end from a truncation.
    pub(super) fn say_goodbye(&mut self) {
        if let Some(tls) = self.tls.as_mut().filter(|tls| !tls.is_handshaking()) {
            tls.send_close_notify();
            let deadline = self.socket.clock.mono() + GOODBYE;
            // An error means that the peer is gone and needs no `close_notify`.
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

    /// Reads and processes TLS records of the peer, and sends the records that TLS answers with.
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
        // On an error, TLS has an alert to send.
        let sent = self.send(tls, deadline);
        taken.map_err(HandshakeFault::Refused)?;
        Ok(sent?)
    }

    /// Sends the TLS records that are ready.
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
        // Shorter socket timeouts are not reliable on every host.
        Ok(left.max(Duration::from_millis(1)))
    }
}

/// A socket with a deadline, as [`Read`] and [`Write`] for rustls.
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

/// Whether to retry after an error. A timeout appears as `WouldBlock`; the deadline ends the retries.
fn may_go_on(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
    )
}

/// Whether the timeout set on the socket has to be changed. Setting one is a system call, so a timeout within
/// an eighth of the wanted one stays.
fn is_far_from(set: Option<Duration>, wanted: Duration) -> bool {
    set.is_none_or(|set| set.abs_diff(wanted) > wanted / 8)
}
