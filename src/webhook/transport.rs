//! The seam to ureq's parts that are outside of its semver promise: name resolution, proxies, TLS.
//!
//! Owns the making of agents and of the layers of their connections: TCP, TLS to an https proxy,
//! the way through the proxy, TLS to the receiver. Everything here, in `socket.rs` and in `tunnel.rs`
//! may have to change with ureq's next minor version, and nothing elsewhere. Used by all send threads.

use std::fmt;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::sync::Arc;

use rustls::{ClientConnection, StreamOwned};
use ureq::http::Uri;
use ureq::unversioned::resolver::{self, ResolvedSocketAddrs};
use ureq::unversioned::transport::time::{Duration, Instant};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, Transport, TransportAdapter,
};
use ureq::{Agent, Error, config::AutoHeaderValue, config::Config};

use super::address::{Address, port_of};
use super::fault::ConnectFault;
use super::proxy::Proxies;
use super::resolver::Resolver;
use super::socket::SocketConnector;
use super::tls::TlsSettings;
use super::tunnel::{ForwardTransport, open_tunnel};
use crate::limits;

/// Bytes read ahead on a connection. More than a head may have, since ureq sees that a head is too
/// large only once the surplus is in the buffer.
pub const INPUT_BUFFER: usize = 2 * limits::ANSWER_HEAD;

/// Bytes written at once.
pub const OUTPUT_BUFFER: usize = 16 * 1024;

/// Idle connections that are kept: as many as there can be uses for at a time.
#[derive(Clone, Copy, Debug)]
pub struct KeptConnections {
    /// In all.
    pub total: usize,
    /// To one host and port.
    pub per_host: usize,
}

/// An agent with a pool of connections of its own, for all workers.
///
/// It follows no redirect, and takes every status for an answer.
pub fn agent(
    user_agent: &str,
    kept: KeptConnections,
    resolver: Arc<Resolver>,
    proxies: Arc<Proxies>,
    tls: TlsSettings,
) -> Agent {
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
    let names = Names {
        resolver,
        proxies: proxies.clone(),
    };
    let layers = LayerConnector { proxies, tls };
    let connector = SocketConnector.chain(layers);
    Agent::with_parts(config, connector, names)
}

/// Finds the addresses to connect to: the receiver's, or those of the proxy in front of it, which
/// looks up the receiver by itself.
#[derive(Debug)]
struct Names {
    resolver: Arc<Resolver>,
    proxies: Arc<Proxies>,
}

impl resolver::Resolver for Names {
    fn resolve(
        &self,
        uri: &Uri,
        _config: &Config,
        _timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let uri = self.proxies.toward(uri).map_or(uri, Address::uri);
        let host = uri.host().ok_or(Error::HostNotFound)?;
        let found = self.resolver.resolve(host);
        let found = found.map_err(|error| Error::Other(error.into()))?;
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

/// Puts what lies between us and the receiver on top of the TCP connection.
#[derive(Debug)]
struct LayerConnector {
    proxies: Arc<Proxies>,
    tls: TlsSettings,
}

impl<In: Transport> Connector<In> for LayerConnector {
    type Out = Box<dyn Transport>;

    fn connect(
        &self,
        details: &ConnectionDetails,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, Error> {
        let Some(transport) = chained else {
            return Ok(None);
        };
        let target = details.uri;
        let mut transport = transport.boxed();
        if let Some(proxy) = self.proxies.toward(target) {
            if proxy.uri().scheme_str() == Some("https") {
                transport = self.secure(transport, proxy.uri(), details)?;
            }
            if details.needs_tls() {
                let headers = self.proxies.connect_headers();
                let headers = headers.map_err(ConnectFault::into_ureq)?;
                transport = open_tunnel(transport, proxy, &headers, details)?;
            } else {
                transport = ForwardTransport::new(transport, target, proxy).boxed();
            }
        }
        if details.needs_tls() {
            transport = self.secure(transport, target, details)?;
        }
        Ok(Some(transport))
    }
}

impl LayerConnector {
    /// TLS on top of `transport`, with who stands at `uri`.
    fn secure(
        &self,
        transport: Box<dyn Transport>,
        uri: &Uri,
        details: &ConnectionDetails,
    ) -> Result<Box<dyn Transport>, Error> {
        let name = self.tls.server_name(uri.host().unwrap_or_default());
        let name = name.map_err(ConnectFault::into_ureq)?;
        let mut connection = ClientConnection::new(self.tls.client_config(), name)?;
        let mut socket = TransportAdapter::new(transport, details.current_time.clone());
        socket.set_timeout(remaining(details));
        connection.complete_io(&mut socket)?;
        let transport = TlsTransport {
            buffers: LazyBuffers::new(INPUT_BUFFER, OUTPUT_BUFFER),
            stream: StreamOwned::new(connection, socket),
        };
        Ok(transport.boxed())
    }
}

/// What is left of the time to connect.
pub fn remaining(details: &ConnectionDetails) -> NextTimeout {
    remaining_of(details.timeout, details.now, (details.current_time)())
}

/// What is left now of a time that began to count at `started`.
pub fn remaining_of(mut timeout: NextTimeout, started: Instant, now: Instant) -> NextTimeout {
    if let (Duration::Exact(after), Instant::Exact(started), Instant::Exact(now)) =
        (timeout.after, started, now)
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
