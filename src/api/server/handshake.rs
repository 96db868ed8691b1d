//! The beginning of a connection where TLS is spoken.
//!
//! Owns what a peer hears that does not get that far: one that speaks plain HTTP is told so in plain,
//! and one that comes while the web configuration is wrong gets TLS' word for it. A connection counts as
//! idle meanwhile, so it is among the first to make room for others, and it may take as long as a head.
//! Runs on the connection's thread.

use super::Shared;
use super::gate::Gate;
use super::registry::Connection;
use super::wire::{Cut, HandshakeFault, Wire};
use crate::model::Mono;
use crate::telemetry::metrics::Refusal;

/// What Go's server says, before any version of HTTP was agreed on.
const PLAIN_ANSWER: &[u8] =
    b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";

/// The fatal alert `internal_error`, in the record that every version of TLS understands.
const ALERT: &[u8] = &[21, 3, 3, 0, 2, 2, 80];

/// The connection will not serve; what there was to say is said.
pub(super) struct Failed;

/// Why it will not.
enum Fault {
    /// The peer left, or never said anything.
    Silent,
    TooSlow,
    PlainHttp,
    Misconfigured(String),
    Refused(rustls::Error),
}

/// Goes over to TLS where that is spoken.
pub(super) fn shake_hands(
    wire: &mut Wire<'_>,
    connection: &Connection,
    shared: &Shared,
) -> Result<(), Failed> {
    let Some(gate) = shared.gate.as_ref().filter(|gate| gate.speaks_tls()) else {
        return Ok(());
    };
    let deadline = shared.clock.mono() + shared.limits.head_timeout;
    let Err(fault) = attempt(wire, gate, deadline) else {
        return Ok(());
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

fn attempt(wire: &mut Wire<'_>, gate: &Gate, deadline: Mono) -> Result<(), Fault> {
    let first = wire.peek(deadline).map_err(|_| Fault::Silent)?;
    if first.is_ascii_uppercase() {
        // Whether it arrives or not, there is nothing more to do for this peer.
        let _ = wire.write_all(PLAIN_ANSWER, deadline);
        return Err(Fault::PlainHttp);
    }
    let config = gate.server_config().map_err(|reason| {
        let _ = wire.write_all(ALERT, deadline);
        Fault::Misconfigured(reason)
    })?;
    wire.shake_hands(config, deadline)
        .map_err(|fault| match fault {
            HandshakeFault::Cut(Cut::Gone) => Fault::Silent,
            HandshakeFault::Cut(Cut::TooSlow) => Fault::TooSlow,
            HandshakeFault::Refused(error) => Fault::Refused(error),
        })
}
