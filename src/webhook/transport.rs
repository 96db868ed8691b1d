//! The seam to ureq's parts that are outside of its semver promise: name resolution, proxies, TLS.
//!
//! Owns the making of agents and of the layers of their connections: TCP, TLS to an https proxy, the way
//! through the proxy, TLS to the receiver, and on top the layer that finds the answer. Everything here,
//! in `dial.rs`, `idle.rs`, `socket.rs`, `tls_transport.rs`, `tunnel.rs` and `answer.rs` may have to change with
//! ureq's next minor version, and nothing elsewhere. Used by all send threads.

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
use crate::limits;

/// The clock of ureq.
pub type CurrentTime = Arc<dyn Fn() -> Instant + Send + Sync>;

/// What ureq's word for no limit is taken for. No request of ours goes without one.
const NO_LIMIT: std::time::Duration = std::time::Duration::from_secs(24 * 3600);

/// Bytes read ahead on a connection: more than any line of a head has that makes sense, and a body's
/// piece of good size.
pub const INPUT_BUFFER: usize = 16 * 1024;

/// Bytes written at once, and so the longest line of a request, unless a request asks for more.
pub const OUTPUT_BUFFER: usize = 16 * 1024;

/// An agent with connections of its own, for all workers; `kept` are those that are idle.
///
/// It follows no redirect, and takes every status for an answer.
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
        .timeout_recv_body(Some(limits::ANSWER_BODY_TIME))
        .build();
    let idle = Arc::new(Idle::new(kept, dialer.clock));
    let connections = Connections { idle, dialer, tls };
    Agent::with_parts(config, connections, NoLookup)
}

/// Connections as ureq takes them: open ones that serve again, or new ones.
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
    /// Puts what lies between us and the receiver on top of a TCP connection.
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

    /// TLS on top of `transport`, with who stands at `uri`.
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

/// What is left of a time, if anything is.
pub fn limit(timeout: NextTimeout) -> Result<std::time::Duration, Error> {
    if timeout.after.is_zero() {
        return Err(Error::Timeout(timeout.reason));
    }
    Ok(timeout.not_zero().map_or(NO_LIMIT, |after| *after))
}

#[cfg(test)]
mod tests;
