//! The seam to ureq's parts that are outside of its semver promise: name resolution and TLS.
//!
//! Owns the one agent of all workers, and the TLS side of its connections. Everything here may
//! have to change with ureq's next minor version, and nothing elsewhere. Used by all send threads.

use std::fmt;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use ureq::http::Uri;
use ureq::unversioned::resolver::{self, ResolvedSocketAddrs};
use ureq::unversioned::transport::time::{Duration, Instant};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, TcpConnector,
    Transport, TransportAdapter,
};
use ureq::{Agent, Error, config::AutoHeaderValue, config::Config};

use super::address::port_of;
use super::resolver::Resolver;
use super::trust::Trust;
use crate::limits;

/// Bytes read ahead on a connection. More than a head may have, since ureq sees that a head is too
/// large only once the surplus is in the buffer.
const INPUT_BUFFER: usize = 2 * limits::ANSWER_HEAD;

/// Bytes written at once.
const OUTPUT_BUFFER: usize = 16 * 1024;

/// Idle connections that are kept: as many as there can be uses for at a time.
#[derive(Clone, Copy, Debug)]
pub struct KeptConnections {
    /// In all.
    pub total: usize,
    /// To one host and port.
    pub per_host: usize,
}

/// The agent that all workers share, with its pool of connections.
///
/// It speaks to receivers directly, follows no redirect, and takes every status for an answer.
pub fn agent(user_agent: &str, kept: KeptConnections, names: Resolver, trust: Trust) -> Agent {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(None)
        .user_agent(user_agent)
        .accept(AutoHeaderValue::None)
        .accept_encoding(AutoHeaderValue::None)
        .max_idle_connections(kept.total)
        .max_idle_connections_per_host(kept.per_host)
        .max_idle_age(limits::IDLE_CONNECTION)
        .max_response_header_size(limits::ANSWER_HEAD)
        .input_buffer_size(INPUT_BUFFER)
        .output_buffer_size(OUTPUT_BUFFER)
        .timeout_recv_body(Some(limits::ANSWER_BODY_TIME))
        .build();
    let tls = TlsConnector {
        trust,
        config: OnceLock::new(),
    };
    let connector = ().chain(TcpConnector::default()).chain(tls);
    Agent::with_parts(config, connector, names)
}

impl resolver::Resolver for Resolver {
    fn resolve(
        &self,
        uri: &Uri,
        _config: &Config,
        _timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let host = uri.host().ok_or(Error::HostNotFound)?;
        let found = Resolver::resolve(self, host).map_err(|error| Error::Other(error.into()))?;
        let mut addresses = resolver::Resolver::empty(self);
        for address in found.iter() {
            if addresses
                .try_push(SocketAddr::new(*address, port_of(uri)))
                .is_err()
            {
                break;
            }
        }
        Ok(addresses)
    }
}

/// Wraps connections to https receivers. Roots are read when the first of them appears, since
/// they take memory that a daemon without such receivers need not have.
struct TlsConnector {
    trust: Trust,
    config: OnceLock<Arc<ClientConfig>>,
}

impl<In: Transport> Connector<In> for TlsConnector {
    type Out = Either<In, TlsTransport>;

    fn connect(
        &self,
        details: &ConnectionDetails,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, Error> {
        let Some(transport) = chained else {
            return Ok(None);
        };
        if !details.needs_tls() {
            return Ok(Some(Either::A(transport)));
        }
        let config = self.config.get_or_init(|| self.trust.client_config());
        let mut connection = ClientConnection::new(config.clone(), server_name(details.uri)?)?;
        let mut socket = TransportAdapter::new(transport.boxed(), details.current_time.clone());
        socket.set_timeout(remaining(details));
        connection.complete_io(&mut socket)?;
        Ok(Some(Either::B(TlsTransport {
            buffers: LazyBuffers::new(INPUT_BUFFER, OUTPUT_BUFFER),
            stream: StreamOwned::new(connection, socket),
        })))
    }
}

impl fmt::Debug for TlsConnector {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("TlsConnector")
    }
}

fn server_name(uri: &Uri) -> Result<ServerName<'static>, Error> {
    let host = uri.host().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    ServerName::try_from(bare.to_owned()).map_err(|_| Error::Tls("the host is no valid name"))
}

/// What is left for the handshake after the connection was made.
fn remaining(details: &ConnectionDetails) -> NextTimeout {
    let mut timeout = details.timeout;
    if let (Duration::Exact(after), Instant::Exact(started), Instant::Exact(now)) =
        (timeout.after, details.now, (details.current_time)())
    {
        let spent = now.saturating_duration_since(started);
        timeout.after = Duration::Exact(after.saturating_sub(spent));
    }
    timeout
}

/// A connection under TLS.
struct TlsTransport {
    buffers: LazyBuffers,
    stream: StreamOwned<ClientConnection, TransportAdapter>,
}

impl Transport for TlsTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.stream.get_mut().set_timeout(timeout);
        self.stream.write_all(&self.buffers.output()[..amount])?;
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.stream.get_mut().set_timeout(timeout);
        let amount = self.stream.read(self.buffers.input_append_buf())?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        self.stream.get_mut().get_mut().is_open()
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

#[cfg(test)]
mod tests;
