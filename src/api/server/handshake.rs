//! The TLS handshake at the start of a connection, if the web configuration asks for TLS.
//!
//! Owns the answers to failed handshakes: a peer that speaks plain HTTP gets a plain 400, and while the web
//! configuration is wrong a peer gets a TLS alert. The connection counts as idle during the handshake, so it
//! is among the first to be evicted. The handshake may take as long as a head. Runs on the connection's
//! thread.

use super::Shared;
use super::gate::Gate;
use super::registry::Connection;
use super::wire::{Cut, HandshakeFault, Wire};
use crate::model::Mono;
use crate::telemetry::metrics::Refusal;

/// The answer of Go's server to plain HTTP on a TLS port.
const PLAIN_ANSWER: &[u8] =
    b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";

/// The fatal TLS alert `internal_error`, in a record that every version of TLS understands.
const ALERT: &[u8] = &[21, 3, 3, 0, 2, 2, 80];

/// The handshake failed, and the peer has been answered if an answer was possible.
pub(super) struct Failed;

/// Why a handshake failed.
enum Fault {
    /// The peer closed the connection, or sent nothing in time.
    Silent,
    TooSlow,
    PlainHttp,
    Misconfigured(String),
    Refused(rustls::Error),
}

/// Performs the TLS handshake if the gate asks for TLS. Logs and counts failures, except of silent peers.
/// Returns the names in the client's certificate, if an authority was checked to have issued it.
pub(super) fn shake_hands(
    wire: &mut Wire<'_>,
    connection: &Connection,
    shared: &Shared,
) -> Result<Vec<String>, Failed> {
    let Some(gate) = shared.gate.as_ref().filter(|gate| gate.speaks_tls()) else {
        return Ok(Vec::new());
    };
    let deadline = shared.clock.mono() + shared.limits.head_timeout;
    let fault = match attempt(wire, gate, deadline) {
        Ok(names) => return Ok(names),
        Err(fault) => fault,
    };
    let reason = match fault {
        Fault::Silent => return Err(Failed),
        Fault::TooSlow => "it took too long".to_owned(),
        Fault::PlainHttp => "client sent an HTTP request to an HTTPS server".to_owned(),
        Fault::Misconfigured(reason) => reason,
        Fault::Refused(error) => error.to_string(),
    };
    shared.metrics.refused(Refusal::Handshake);
    gate.note_handshake(connection.peer, &reason);
    Err(Failed)
}

fn attempt(wire: &mut Wire<'_>, gate: &Gate, deadline: Mono) -> Result<Vec<String>, Fault> {
    let first = wire.peek(deadline).map_err(|_| Fault::Silent)?;
    if first.is_ascii_uppercase() {
        // The connection ends whether or not this answer arrives.
        let _ = wire.write_all(PLAIN_ANSWER, deadline);
        return Err(Fault::PlainHttp);
    }
    let (config, checks_issuers) = gate.server_config().map_err(|reason| {
        let _ = wire.write_all(ALERT, deadline);
        Fault::Misconfigured(reason)
    })?;
    wire.shake_hands(config, deadline)
        .map_err(|fault| match fault {
            HandshakeFault::Cut(Cut::Gone) => Fault::Silent,
            HandshakeFault::Cut(Cut::TooSlow) => Fault::TooSlow,
            HandshakeFault::Refused(error) => Fault::Refused(error),
        })?;
    let names = wire.client_names().filter(|_| checks_issuers);
    Ok(names.unwrap_or_default())
}
