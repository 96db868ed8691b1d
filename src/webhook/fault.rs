//! The faults of attempts that got no answer, with readable texts.
//!
//! Owns the translation of ureq's errors. No text contains a path, a query or credentials: of an address
//! only host and port are named. Called on send threads.

use std::fmt;
use std::io;
use std::time::Duration;

use super::head::NoAnswer;
use super::printable::printable;
use super::resolver::LookupError;
use super::tls_fault;
use crate::limits;

/// Why an attempt got no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The lookup of the host name found no address.
    Lookup(LookupError),
    /// The exchange with this host and port failed.
    Network {
        /// The text `host:port`, and the proxy in front of it.
        endpoint: String,
        /// What went wrong.
        cause: Cause,
    },
    /// There were more redirects than `limits::REDIRECTS`.
    TooManyRedirects,
    /// A redirect led to something that is no http or https URL.
    BadRedirect,
    /// A secret, a certificate or a proxy of the configuration is unusable at present.
    Setup(String),
    /// The token server gave no token.
    Token(String),
    /// The daemon is stopping.
    HungUp,
}

/// What went wrong on the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The connection was refused.
    Refused,
    /// The connection ended before the answer did.
    Closed,
    /// The attempt reached its timeout, which is this long.
    Timeout(Duration),
    /// The TLS handshake failed, for lack of trust or of a common version.
    Tls(String),
    /// The peer's bytes are not HTTP.
    Protocol(String),
    /// The request itself cannot be sent.
    Request(String),
    /// Anything else.
    Other(String),
}

impl Fault {
    /// The fault for ureq's `error` in a request to `endpoint`; `timeout` is that of the whole attempt.
    pub fn from_ureq(error: ureq::Error, endpoint: String, timeout: Duration) -> Self {
        let cause = match error {
            ureq::Error::Other(inner) => match inner.downcast::<LookupError>() {
                Ok(lookup) => return Fault::Lookup(*lookup),
                Err(inner) if inner.is::<NoAnswer>() => Cause::Protocol(inner.to_string()),
                Err(inner) => Cause::Other(printable(&inner.to_string())),
            },
            ureq::Error::Io(error) => Cause::from_io(&error, timeout),
            ureq::Error::Timeout(_) => Cause::Timeout(timeout),
            ureq::Error::Rustls(error) => Cause::Tls(tls_fault::text_of(&error)),
            ureq::Error::Tls(text) => Cause::Tls(text.to_owned()),
            // ureq reads only clean heads, which `head.rs` writes, and faults of bodies cost only the
            // connection. So this error can only come from the request.
            ureq::Error::Protocol(error) => Cause::Request(printable(&error.to_string())),
            // The text of this error contains the URL.
            ureq::Error::BadUri(_) => Cause::Other("the address cannot be requested".to_owned()),
            other => Cause::Other(printable(&other.to_string())),
        };
        Fault::Network { endpoint, cause }
    }

    /// This fault as one of the request for a token.
    pub fn of_token(self) -> Self {
        Fault::Token(self.to_string())
    }
}

/// Why a connection was not made, as text. Passes through ureq as an error of its own.
#[derive(Debug)]
pub struct ConnectFault(String);

impl ConnectFault {
    /// `why` as an error of ureq. It must name no secret.
    pub fn into_ureq(why: String) -> ureq::Error {
        ureq::Error::Other(Box::new(ConnectFault(why)))
    }
}

impl fmt::Display for ConnectFault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for ConnectFault {}

impl Cause {
    fn from_io(error: &io::Error, timeout: Duration) -> Self {
        let tls = error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<rustls::Error>());
        if let Some(error) = tls {
            return Cause::Tls(tls_fault::text_of(error));
        }
        match error.kind() {
            io::ErrorKind::ConnectionRefused => Cause::Refused,
            io::ErrorKind::UnexpectedEof
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe => Cause::Closed,
            io::ErrorKind::TimedOut => Cause::Timeout(timeout),
            _ => Cause::Other(printable(&error.to_string())),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Lookup(error) => error.fmt(out),
            Fault::Network { endpoint, cause } => write!(out, "{endpoint}: {cause}"),
            Fault::TooManyRedirects => write!(out, "stopped after {} redirects", limits::REDIRECTS),
            Fault::BadRedirect => out.write_str("redirected to something that is no http URL"),
            Fault::Setup(why) => out.write_str(why),
            Fault::Token(why) => write!(out, "no token: {why}"),
            Fault::HungUp => out.write_str("the daemon is stopping"),
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::Refused => out.write_str("connection refused"),
            Cause::Closed => out.write_str("connection closed before the answer was complete"),
            Cause::Timeout(after) => {
                // The remaining time of a flush has nanoseconds, which are cut to milliseconds here.
                let milliseconds = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
                write!(
                    out,
                    "timeout after {:?}",
                    Duration::from_millis(milliseconds)
                )
            }
            Cause::Tls(text) => write!(out, "TLS: {text}"),
            Cause::Protocol(text) => write!(out, "the answer is not HTTP: {text}"),
            Cause::Request(text) => write!(out, "our request cannot be sent: {text}"),
            Cause::Other(text) => out.write_str(text),
        }
    }
}

impl std::error::Error for Fault {}
