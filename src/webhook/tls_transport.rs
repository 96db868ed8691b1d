//! A TLS connection on top of another connection.
//!
//! Owns the handshake and the passing of bytes through rustls. Bytes that arrive during a write are
//! processed, so that an early answer is found. After a failed write, bytes that have arrived can still be
//! read. Part of the interface to ureq. Runs on send threads.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection};
use std::sync::Arc;
use ureq::Error;
use ureq::unversioned::transport::time::Instant;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, LazyBuffers, NextTimeout, Transport,
};

use super::transport::{CurrentTime, INPUT_BUFFER, remaining, remaining_of};

/// A TLS connection.
pub struct TlsTransport {
    buffers: LazyBuffers,
    connection: ClientConnection,
    below: Below,
    /// Whether a write has failed, so that nothing more can be written.
    is_broken: bool,
}

impl TlsTransport {
    /// Performs the handshake over `transport` with a server that must have the certificate of `name`.
    pub fn open(
        transport: Box<dyn Transport>,
        config: Arc<ClientConfig>,
        name: ServerName<'static>,
        details: &ConnectionDetails,
    ) -> Result<Self, Error> {
        let mut connection = ClientConnection::new(config, name)?;
        let mut below = Below::new(transport, details);
        connection.complete_io(&mut below)?;
        let output_size = details.config.output_buffer_size();
        Ok(TlsTransport {
            buffers: LazyBuffers::new(INPUT_BUFFER, output_size),
            connection,
            below,
            is_broken: false,
        })
    }

    /// Passes `amount` bytes of the output to rustls, and writes the records that it makes. Records that are
    /// left when the peer sends something go out later.
    fn write(&mut self, amount: usize) -> io::Result<()> {
        let mut handed = 0;
        while handed < amount {
            let rest = &self.buffers.output()[handed..amount];
            handed += self.connection.writer().write(rest)?;
            self.flush()?;
            while self.below.has_input() {
                self.take_in()?;
                self.read()?;
            }
        }
        Ok(())
    }

    /// Writes records until none are left or the peer sends something.
    fn flush(&mut self) -> io::Result<()> {
        while self.connection.wants_write() && !self.below.has_input() {
            self.connection.write_tls(&mut self.below)?;
        }
        Ok(())
    }

    /// Reads the bytes that are available below, or waits for some, and processes them.
    fn take_in(&mut self) -> io::Result<()> {
        self.connection.read_tls(&mut self.below)?;
        let state = self.connection.process_new_packets();
        state.map_err(|error| {
            // Sends the TLS alert about this error to the peer, if possible.
            let _ = self.flush();
            io::Error::new(ErrorKind::InvalidData, error)
        })?;
        Ok(())
    }

    /// Moves decrypted bytes into the input buffer, and returns their number; `None` if there are none yet.
    fn read(&mut self) -> io::Result<Option<usize>> {
        let read = self
            .connection
            .reader()
            .read(self.buffers.input_append_buf());
        match read {
            Ok(amount) => {
                self.buffers.input_appended(amount);
                Ok(Some(amount))
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl Transport for TlsTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.below.set_timeout(timeout);
        let written = self.write(amount);
        self.is_broken |= written.is_err();
        Ok(written?)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.below.set_timeout(timeout);
        loop {
            if let Some(amount) = self.read()? {
                return Ok(amount > 0);
            }
            if !self.is_broken {
                self.is_broken = self.flush().is_err();
            }
            self.take_in()?;
        }
    }

    fn is_open(&mut self) -> bool {
        self.below.transport.is_open()
    }

    fn is_tls(&self) -> bool {
        true
    }
}

impl fmt::Debug for TlsTransport {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("TlsTransport")
    }
}

/// The transport below TLS, as rustls reads and writes it, with the timeout that was set last.
struct Below {
    transport: Box<dyn Transport>,
    timeout: NextTimeout,
    set_at: Instant,
    current_time: CurrentTime,
}

impl Below {
    fn new(transport: Box<dyn Transport>, details: &ConnectionDetails) -> Self {
        Below {
            transport,
            timeout: remaining(details),
            set_at: (details.current_time)(),
            current_time: Arc::clone(&details.current_time),
        }
    }

    fn set_timeout(&mut self, timeout: NextTimeout) {
        self.timeout = timeout;
        self.set_at = (self.current_time)();
    }

    fn has_input(&mut self) -> bool {
        !self.transport.buffers().input().is_empty()
    }

    fn left(&self) -> NextTimeout {
        remaining_of(self.timeout, self.set_at, (self.current_time)())
    }
}

impl Read for Below {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if !self.has_input() {
            let left = self.left();
            self.transport.await_input(left).map_err(Error::into_io)?;
        }
        let buffers = self.transport.buffers();
        let amount = buffers.input().len().min(into.len());
        into[..amount].copy_from_slice(&buffers.input()[..amount]);
        buffers.input_consume(amount);
        Ok(amount)
    }
}

impl Write for Below {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let left = self.left();
        let output = self.transport.buffers().output();
        let amount = bytes.len().min(output.len());
        output[..amount].copy_from_slice(&bytes[..amount]);
        self.transport
            .transmit_output(amount, left)
            .map_err(Error::into_io)?;
        Ok(amount)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
