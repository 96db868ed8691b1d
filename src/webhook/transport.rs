//! The interface to those parts of ureq that its semver guarantee excludes: name resolution, proxies, TLS.
//!
//! Owns the making of agents and of the layers of their connections: TCP, TLS to an https proxy, the tunnel
//! through the proxy, TLS to the receiver, and on top the layer that finds the answer. A minor version of
//! ureq may require changes here and in `dial.rs`, `idle.rs`, `socket.rs`, `tls_transport.rs`, `tunnel.rs`
//! and `answer.rs`, and nowhere else. Used by all send threads.

use std::sync::Arc;

use ureq::http::Uri;
use ureq::unversioned::transport::time::{Duration, Instant};
use ureq::unversioned::transport::{ConnectionDetails, Connector, NextTimeout, Transport};
use ureq::{Agent, Error, config::AutoHeaderValue};

use super::address::host_of;
use super::answer::AnswerTransport;
use super::dial::{Dialer, NoLookup};
use super::fault::ConnectFault;
use super::idle::{Idle, KeptConnections, Leased};
use super::tls::TlsSettings;
use super::tls_transport::TlsTransport;
use super::tunnel::{ForwardTransport, open_tunnel};

/// The function by which ureq reads the time.
pub type CurrentTime = Arc<dyn Fn() -> Instant + Send + Sync>;

/// The timeout that replaces ureq's value for no limit. All requests of this daemon have a limit.
const NO_LIMIT: std::time::Duration = std::time::Duration::from_secs(24 * 3600);

/// The bytes of a connection's input buffer: more than any sensible line of a head has, and enough to read a
/// body efficiently.
pub const INPUT_BUFFER: usize = 16 * 1024;

/// The bytes of a connection's output buffer, and so of the longest line of a request. A request may ask for
/// a larger buffer.
pub const OUTPUT_BUFFER: usize = 16 * 1024;

/// A new agent with its own connections, for all workers. `kept` bounds the idle ones.
///
/// The agent follows no redirect, and every status counts as an answer.
pub fn agent(user_agent: &str, kept: KeptConnections, dialer: Dialer, tls: TlsSettings) -> Agent {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(None)
        .user_agent(user_agent)
        .accept(AutoHeaderValue::None)
        .accept_encoding(AutoHeaderValue::None)
        .max_idle_connections(0)
        .input_buffer_size(INPUT_BUFFER)
        .output_buffer_size(OUTPUT_BUFFER)
        .build();
    let idle = Arc::new(Idle::new(kept, dialer.clock));
    let connections = Connections { idle, dialer, tls };
    Agent::with_parts(config, connections, NoLookup)
}

/// Provides ureq with connections: idle ones, or new ones.
#[derive(Debug)]
struct Connections {
    idle: Arc<Idle>,
    dialer: Dialer,
    tls: TlsSettings,
}

impl Connector for Connections {
    type Out = Leased;

    fn connect(
        &self,
        details: &ConnectionDetails,
        _nothing: Option<()>,
    ) -> Result<Option<Leased>, Error> {
        Ok(Some(
            if details.config.output_buffer_size() == OUTPUT_BUFFER {
                self.idle.serve(details.uri, || self.open(details))?
            } else {
                Leased::once(self.open(details)?)
            },
        ))
    }
}

impl Connections {
    /// Opens a TCP connection, and adds the layers of proxy, TLS and answer on top.
    fn open(&self, details: &ConnectionDetails) -> Result<AnswerTransport, Error> {
        let target = details.uri;
        let mut transport = self.dialer.dial(details)?.boxed();
        let proxies = &self.dialer.proxies;
        if let Some(proxy) = proxies.toward(target) {
            if proxy.uri().scheme_str() == Some("https") {
                transport = self.secure(transport, proxy.uri(), details)?;
            }
            if details.needs_tls() {
                let headers = proxies.connect_headers();
                let headers = headers.map_err(ConnectFault::into_ureq)?;
                transport = open_tunnel(transport, proxy, &headers, details)?;
            } else {
                transport = ForwardTransport::new(transport, target, proxy).boxed();
            }
        }
        if details.needs_tls() {
            transport = self.secure(transport, target, details)?;
        }
        Ok(AnswerTransport::new(transport))
    }

    /// Adds TLS with the host of `uri` on top of `transport`.
    fn secure(
        &self,
        transport: Box<dyn Transport>,
        uri: &Uri,
        details: &ConnectionDetails,
    ) -> Result<Box<dyn Transport>, Error> {
        let name = self.tls.server_name(host_of(uri));
        let name = name.map_err(ConnectFault::into_ureq)?;
        let config = self.tls.client_config();
        Ok(TlsTransport::open(transport, config, name, details)?.boxed())
    }
}

/// The time left to connect.
pub fn remaining(details: &ConnectionDetails) -> NextTimeout {
    remaining_of(details.timeout, details.now, (details.current_time)())
}

/// The time left at `now` of a timeout that began at `started`.
pub fn remaining_of(mut timeout: NextTimeout, started: Instant, now: Instant) -> NextTimeout {
    if let (Duration::Exact(after), Instant::Exact(started), Instant::Exact(now)) =
        (timeout.after, started, now)
    {
        let spent = now.saturating_duration_since(started);
        timeout.after = Duration::Exact(after.saturating_sub(spent));
    }
    timeout
}

/// The duration of a timeout; an error if no time is left.
pub fn limit(timeout: NextTimeout) -> Result<std::time::Duration, Error> {
    if timeout.after.is_zero() {
        return Err(Error::Timeout(timeout.reason));
    }
    Ok(timeout.not_zero().map_or(NO_LIMIT, |after| *after))
}

#[cfg(test)]
mod tests;
