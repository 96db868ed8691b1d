//! Why an attempt got no answer, in words that people understand.
//!
//! Owns the translation of ureq's errors, and that no path, query or credentials get into a text:
//! of an address only host and port are named. Called on send threads.

use std::fmt;
use std::io;
use std::time::Duration;

use super::head::NoAnswer;
use super::printable::printable;
use super::resolver::LookupError;
use super::tls_fault;
use crate::limits;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The host's name has no address.
    Lookup(LookupError),
    /// Something went wrong on the way to or from this host and port.
    Network {
        /// `host:port`, and the proxy in front of it.
        endpoint: String,
        /// What.
        cause: Cause,
    },
    /// More redirects than we follow.
    TooManyRedirects,
    /// A redirect to something that is no http or https URL.
    BadRedirect,
    /// A secret, a certificate or a proxy of the configuration cannot be used as it is now.
    Setup(String),
    /// The token server gave no token.
    Token(String),
    /// The daemon is stopping.
    HungUp,
}

/// What went wrong on the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Nobody listens there.
    Refused,
    /// The connection ended before the answer did.
    Closed,
    /// The whole attempt took as long as it may.
    Timeout(Duration),
    /// No trust, or no common version.
    Tls(String),
    /// What came is not HTTP.
    Protocol(String),
    /// What we were about to send cannot be sent.
    Request(String),
    /// Anything else.
    Other(String),
}

impl Fault {
    /// What ureq's `error` means for a request to `endpoint` in an attempt that had `timeout` in
    /// all.
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
            // Of answers ureq reads only the clean head that we write, and bodies, whose faults cost
            // the connection alone.
            ureq::Error::Protocol(error) => Cause::Request(printable(&error.to_string())),
            // The text of this one holds the URL.
            ureq::Error::BadUri(_) => Cause::Other("the address cannot be requested".to_owned()),
            other => Cause::Other(printable(&other.to_string())),
        };
        Fault::Network { endpoint, cause }
    }

    /// The same, met on the way to the token server.
    pub fn of_token(self) -> Self {
        Fault::Token(self.to_string())
    }
}

/// Why a connection was not made, in words of our own; travels through ureq.
#[derive(Debug)]
pub struct ConnectFault(String);

impl ConnectFault {
    /// `why` as ureq carries it. It must name no secret.
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
                // What is left of a flush has nanoseconds that nobody wants to read.
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
