//! The refusals: every answer that the HTTP server gives without the handler.
//!
//! Owns the status, text and metric label of each refusal. Pure; used by the accept thread and by
//! connection threads.

use std::borrow::Cow;
use std::time::Duration;

use super::head::{HeadFault, Persistence, Version};
use super::method::Method;
use super::reply::{push_end_of_head, push_length, push_missing};
use super::wording::push_status_line;
use crate::model::format_go_duration;
use crate::telemetry::metrics::Refusal;

/// Seconds after which a sender that gets 503 may retry: long enough for a burst to pass,
/// short enough for an alert.
const RETRY_AFTER_SECONDS: u32 = 1;

/// The header that Go's server adds to a refusal.
const NO_SNIFFING: &str = "X-Content-Type-Options: nosniff\r\n";

/// The headers of a 401: the request for a password, and the header of [`NO_SNIFFING`].
const WHO_ARE_YOU: &str = "Www-Authenticate: Basic\r\nX-Content-Type-Options: nosniff\r\n";

/// The refusal of a request or of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    /// The status code.
    pub(super) status: u16,
    /// The reason under which the refusal is counted; `None` for faults of the daemon.
    pub(super) refusal: Option<Refusal>,
    /// The body, a text for people.
    pub(super) text: Cow<'static, str>,
    /// Further header lines, each with its line end.
    pub(super) lines: &'static str,
    /// Whether the connection stays open. It can only if the whole request was read.
    pub(super) persistence: Persistence,
}

impl Refused {
    /// The maximum number of connections is open.
    pub(super) fn too_many_connections() -> Self {
        Self::closing(503, Refusal::TooManyConnections, "too many connections\n")
    }

    /// The head did not arrive in time.
    pub(super) fn slow_head() -> Self {
        Self::closing(408, Refusal::TooSlow, "the head took too long\n")
    }

    /// The body did not arrive in time.
    pub(super) fn slow_body() -> Self {
        Self::closing(408, Refusal::TooSlow, "the body took too long\n")
    }

    /// The body is larger than the limit.
    pub(super) fn body_too_large() -> Self {
        Self::closing(413, Refusal::BodyTooLarge, "the body is too large\n")
    }

    /// The body does not follow the coding it announced.
    pub(super) fn malformed_body() -> Self {
        let text = "the body is not in chunked coding\n";
        Self::closing(400, Refusal::BadHead, text)
    }

    /// The body is announced as gzip, and is truncated or not valid gzip.
    pub(super) fn not_gzip() -> Self {
        let text = "the body is not one whole stream of gzip, as its Content-Encoding says\n";
        Self::closing(400, Refusal::BadHead, text)
    }

    /// The budget for large bodies is used up.
    pub(super) fn out_of_buffers() -> Self {
        let text = "the memory for bodies is all in use\n";
        Self::closing(503, Refusal::OutOfBuffers, text)
    }

    /// No permit of the handler came free in time.
    pub(super) fn busy() -> Self {
        Self::closing(503, Refusal::Busy, "too many requests are being handled\n")
    }

    /// The handling took longer than `limit`. The text is Alertmanager's, which sends no `Retry-After`.
    pub(super) fn timed_out(limit: Duration) -> Self {
        let limit = format_go_duration(limit);
        let text = format!("Exceeded configured timeout of {limit}.\n");
        Self::closing(503, Refusal::TimedOut, text)
    }

    /// `limit` GETs are under way already. The text is Alertmanager's (§10.2).
    pub(super) fn too_many_reads(limit: usize) -> Self {
        Refused {
            text: format!(
                "Limit of concurrent GET requests reached ({limit}), try again later.\n\n"
            )
            .into(),
            ..Self::closing(503, Refusal::TooManyReads, "")
        }
    }

    /// The web configuration cannot be read. This text and the next two are Alertmanager's (§10.5).
    pub(super) fn misconfigured() -> Self {
        Refused {
            status: 500,
            refusal: None,
            text: "Internal Server Error\n".into(),
            lines: NO_SNIFFING,
            persistence: Persistence::Close,
        }
    }

    /// The rate limit is used up.
    pub(super) fn rate_limited() -> Self {
        Refused {
            lines: NO_SNIFFING,
            ..Self::closing(429, Refusal::RateLimited, "Too Many Requests\n")
        }
    }

    /// The request has no valid user and password.
    pub(super) fn unauthorized() -> Self {
        Refused {
            lines: WHO_ARE_YOU,
            ..Self::closing(401, Refusal::Unauthorized, "Unauthorized\n")
        }
    }

    /// Too many passwords wait to be checked.
    pub(super) fn passwords_busy() -> Self {
        Self::closing(503, Refusal::Busy, "too many passwords to check\n")
    }

    /// This refusal with another [`Persistence`] of the connection.
    pub(super) fn with_persistence(self, persistence: Persistence) -> Self {
        Refused {
            persistence,
            ..self
        }
    }

    /// The refusal as bytes of an HTTP answer. A 503 has `Retry-After`, except the one for a timeout.
    /// `headers` are the configured headers of every answer. The answer to HEAD has no body.
    pub(super) fn to_bytes(
        &self,
        version: Version,
        method: &str,
        headers: &[(&str, String)],
    ) -> Vec<u8> {
        let mut out = Vec::with_capacity(256);
        push_status_line(&mut out, version, self.status);
        out.extend_from_slice(b"Content-Type: text/plain; charset=utf-8\r\n");
        if self.status == 503 && self.refusal != Some(Refusal::TimedOut) {
            out.extend_from_slice(format!("Retry-After: {RETRY_AFTER_SECONDS}\r\n").as_bytes());
        }
        out.extend_from_slice(self.lines.as_bytes());
        push_missing(&mut out, headers);
        push_length(&mut out, self.text.len() as u64);
        push_end_of_head(&mut out, version, self.persistence);
        if method != Method::Head.as_label() {
            out.extend_from_slice(self.text.as_bytes());
        }
        out
    }

    fn closing(status: u16, refusal: Refusal, text: impl Into<Cow<'static, str>>) -> Self {
        Refused {
            status,
            refusal: Some(refusal),
            text: text.into(),
            lines: "",
            persistence: Persistence::Close,
        }
    }
}

impl From<HeadFault> for Refused {
    fn from(fault: HeadFault) -> Self {
        let (status, refusal, text) = match fault {
            HeadFault::Malformed(text) => (400, Refusal::BadHead, text),
            HeadFault::NotImplemented(text) => (501, Refusal::BadHead, text),
            HeadFault::Version => (505, Refusal::BadHead, "only HTTP/1 is spoken here"),
            HeadFault::Expectation => (417, Refusal::BadHead, "only 100-continue can be expected"),
            HeadFault::TooLarge => (431, Refusal::HeadTooLarge, "the head is too large"),
            HeadFault::UrlTooLong => (414, Refusal::HeadTooLarge, "the target is too long"),
        };
        Self::closing(status, refusal, format!("{text}\n"))
    }
}
