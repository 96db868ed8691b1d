//! Parses and checks the head of a request.
//!
//! Owns the rules against request smuggling, where two readers of the same bytes see different requests.
//! Anything that RFC 9112 leaves open is refused, and the handler gets only what this parser understood.
//! Pure; runs on a connection's thread.

use httparse::{EMPTY_HEADER, Header, Status};

use super::limits::Limits;
use super::method::Method;
use crate::api::http::Request;

/// The most bytes of a method; a longer one is answered 501.
const METHOD_BYTES: usize = 20;

/// Headers that concern one connection only, or that only the HTTP server uses. The handler never gets them.
const OWN_HEADERS: [&str; 9] = [
    "connection",
    "content-length",
    "expect",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// The parts of a head that the HTTP server uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// The method of the request.
    pub(super) method: Method,
    /// The HTTP version of the request.
    pub(super) version: Version,
    /// Whether the connection stays open after the answer.
    pub(super) persistence: Persistence,
    /// How the end of the body is found.
    pub(super) framing: Framing,
    /// Whether the peer waits for `100 Continue` before it sends the body.
    pub(super) expectation: Expectation,
    /// The length of the head, in bytes of the input.
    pub(super) bytes: usize,
}

/// The supported HTTP versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    /// HTTP/1.0.
    Http10,
    /// HTTP/1.1.
    Http11,
}

/// Whether the connection stays open after the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Persistence {
    /// The connection is closed.
    Close,
    /// The connection waits for the next request.
    KeepAlive,
}

/// How the end of a body is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// By its length in bytes; zero if there is no body.
    Length(u64),
    /// By chunked coding.
    Chunked,
}

/// Whether the peer waits for `100 Continue`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expectation {
    /// The peer sends its body at once.
    None,
    /// The peer waits for `100 Continue`.
    Continue,
}

/// Why a head is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HeadFault {
    /// The head breaks a rule, named here.
    Malformed(&'static str),
    /// The head has too many bytes or headers.
    TooLarge,
    /// The target is too long.
    UrlTooLong,
    /// The method or the coding is not known.
    NotImplemented(&'static str),
    /// The HTTP version is not supported.
    Version,
    /// The `Expect` header is not `100-continue`.
    Expectation,
}

/// The number of bytes of `input` up to its first request line: empty lines before it are skipped
/// (RFC 9112, section 2.2), two at most.
pub(super) fn leading_empty_lines(input: &[u8]) -> usize {
    let mut at = 0;
    for _ in 0..2 {
        if input[at..].starts_with(b"\r\n") {
            at += 2;
        } else if input[at..].starts_with(b"\n") {
            at += 1;
        }
    }
    at
}

/// Whether `input` holds an empty line, which ends a head. The first `searched` bytes have been searched
/// before and are skipped, so a head sent a byte at a time costs no more than one sent at once.
pub(super) fn has_end(input: &[u8], searched: usize) -> bool {
    let tail = &input[searched.saturating_sub(3)..];
    tail.windows(2).any(|pair| pair == b"\n\n") || tail.windows(3).any(|three| three == b"\n\r\n")
}

/// Parses a complete head at the start of `input`. Returns the head for the HTTP server, and the request
/// for the handler, without its body.
pub(super) fn parse(input: &[u8], limits: &Limits) -> Result<(Head, Request), HeadFault> {
    let mut headers = vec![EMPTY_HEADER; limits.headers];
    let mut request = httparse::Request::new(&mut headers);
    let bytes = match request.parse(input) {
        Ok(Status::Complete(bytes)) => bytes,
        Ok(Status::Partial) => return Err(HeadFault::Malformed("the head is not complete")),
        Err(error) => return Err(fault_of(error, input)),
    };
    let (Some(method), Some(target), Some(minor)) = (request.method, request.path, request.version)
    else {
        return Err(HeadFault::Malformed("the request line is not complete"));
    };
    if method.len() > METHOD_BYTES {
        return Err(HeadFault::NotImplemented("the method is not known"));
    }
    if target.len() > limits.url_bytes {
        return Err(HeadFault::UrlTooLong);
    }
    let version = match minor {
        0 => Version::Http10,
        _ => Version::Http11,
    };
    let method = Method::parse(method);
    let facts = Facts::gather(request.headers, version)?;
    let request = Request {
        method: method.as_str().to_owned(),
        target: origin_form(&method, target)?.into_owned(),
        headers: facts.passed_on(request.headers),
        ..Request::default()
    };
    let head = Head {
        framing: facts.framing()?,
        persistence: facts.persistence(version),
        expectation: facts.expectation(version),
        method,
        version,
        bytes,
    };
    Ok((head, request))
}

/// The values of the headers that the HTTP server uses.
#[derive(Default)]
struct Facts<'a> {
    length: Option<u64>,
    coding: Option<&'a str>,
    hosts: usize,
    expects_continue: bool,
    wants_close: bool,
    wants_keep_alive: bool,
    named_by_connection: Vec<&'a str>,
}

impl<'a> Facts<'a> {
    fn gather(headers: &[Header<'a>], version: Version) -> Result<Self, HeadFault> {
        let mut facts = Facts::default();
        for header in headers {
            facts.note(header)?;
        }
        if facts.hosts > 1 || (facts.hosts == 0 && version == Version::Http11) {
            return Err(HeadFault::Malformed("one Host header is required"));
        }
        if facts.coding.is_some() && version == Version::Http10 {
            return Err(HeadFault::Malformed(
                "HTTP/1.0 does not know Transfer-Encoding",
            ));
        }
        Ok(facts)
    }

    fn note(&mut self, header: &Header<'a>) -> Result<(), HeadFault> {
        let name = header.name;
        if name.eq_ignore_ascii_case("host") {
            self.hosts += 1;
        } else if name.eq_ignore_ascii_case("content-length") {
            if self.length.is_some() {
                return Err(HeadFault::Malformed("Content-Length is given twice"));
            }
            self.length = Some(parse_length(header.value)?);
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            if self.coding.is_some() {
                return Err(HeadFault::Malformed("Transfer-Encoding is given twice"));
            }
            self.coding = Some(text_of(header.value)?);
        } else if name.eq_ignore_ascii_case("connection") {
            for token in text_of(header.value)?.split(',') {
                self.note_connection_option(token.trim());
            }
        } else if name.eq_ignore_ascii_case("expect") {
            if !header.value.eq_ignore_ascii_case(b"100-continue") {
                return Err(HeadFault::Expectation);
            }
            self.expects_continue = true;
        }
        Ok(())
    }

    fn note_connection_option(&mut self, option: &'a str) {
        if option.eq_ignore_ascii_case("close") {
            self.wants_close = true;
        } else if option.eq_ignore_ascii_case("keep-alive") {
            self.wants_keep_alive = true;
        } else if !option.is_empty() {
            self.named_by_connection.push(option);
        }
    }

    /// The headers for the handler: all but [`OWN_HEADERS`], headers that a `Connection` header names, and
    /// headers with values outside ASCII, whose encoding is unknown.
    fn passed_on(&self, headers: &[Header<'_>]) -> Vec<(String, String)> {
        let is_passed_on = |header: &&Header<'_>| {
            let is = |other: &&str| other.eq_ignore_ascii_case(header.name);
            !OWN_HEADERS.iter().any(is) && !self.named_by_connection.iter().any(is)
        };
        let headers = headers.iter().filter(is_passed_on).filter_map(|header| {
            let value = text_of(header.value).ok()?;
            Some((header.name.to_ascii_lowercase(), value.to_owned()))
        });
        headers.collect()
    }

    fn framing(&self) -> Result<Framing, HeadFault> {
        match (self.coding, self.length) {
            (None, length) => Ok(Framing::Length(length.unwrap_or(0))),
            (Some(_), Some(_)) => Err(HeadFault::Malformed(
                "Content-Length and Transfer-Encoding exclude each other",
            )),
            (Some(coding), None) if coding.eq_ignore_ascii_case("chunked") => Ok(Framing::Chunked),
            (Some(_), None) => Err(HeadFault::NotImplemented("the coding is not known")),
        }
    }

    fn persistence(&self, version: Version) -> Persistence {
        let keeps = match version {
            Version::Http10 => self.wants_keep_alive && !self.wants_close,
            Version::Http11 => !self.wants_close,
        };
        if keeps {
            Persistence::KeepAlive
        } else {
            Persistence::Close
        }
    }

    fn expectation(&self, version: Version) -> Expectation {
        if self.expects_continue && version == Version::Http11 {
            Expectation::Continue
        } else {
            Expectation::None
        }
    }
}

/// Parses a `Content-Length`. A length that does not fit into 64 bits is past every limit, so it counts as
/// `u64::MAX`.
fn parse_length(value: &[u8]) -> Result<u64, HeadFault> {
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return Err(HeadFault::Malformed("Content-Length is not a number"));
    }
    Ok(text_of(value)?.parse().unwrap_or(u64::MAX))
}

fn text_of(value: &[u8]) -> Result<&str, HeadFault> {
    let text = std::str::from_utf8(value)
        .ok()
        .filter(|text| text.is_ascii());
    text.ok_or(HeadFault::Malformed("a header that matters is not ASCII"))
}

/// The target as path and query. The absolute form, with scheme and authority, is accepted as well (RFC
/// 9112, section 3.2.2).
fn origin_form<'a>(
    method: &Method,
    target: &'a str,
) -> Result<std::borrow::Cow<'a, str>, HeadFault> {
    let is_whole_server = target == "*" && *method == Method::Options;
    if target.is_ascii() && (target.starts_with('/') || is_whole_server) {
        return Ok(target.into());
    }
    let after_scheme = ["http://", "https://"].iter().find_map(|scheme| {
        let (start, rest) = target.split_at_checked(scheme.len())?;
        start.eq_ignore_ascii_case(scheme).then_some(rest)
    });
    let Some(rest) = after_scheme.filter(|_| target.is_ascii()) else {
        return Err(HeadFault::Malformed("the target is not a path"));
    };
    match rest.find(['/', '?']) {
        Some(at) if rest[at..].starts_with('/') => Ok(rest[at..].into()),
        Some(at) => Ok(format!("/{}", &rest[at..]).into()),
        None => Ok("/".into()),
    }
}

/// The fault for an error of httparse. httparse has the same error for an unsupported version and for bytes
/// that are no version; only an unsupported version is answered with 505.
fn fault_of(error: httparse::Error, input: &[u8]) -> HeadFault {
    match error {
        httparse::Error::TooManyHeaders => HeadFault::TooLarge,
        httparse::Error::Version if names_other_version(input) => HeadFault::Version,
        httparse::Error::Version => HeadFault::Malformed("the request line has no HTTP version"),
        httparse::Error::HeaderName => HeadFault::Malformed("a header's name is not valid"),
        httparse::Error::HeaderValue => HeadFault::Malformed("a header's value is not valid"),
        _ => HeadFault::Malformed("the request line or a line end is not valid"),
    }
}

fn names_other_version(input: &[u8]) -> bool {
    let line = input.split(|byte| *byte == b'\n').next().unwrap_or(input);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let last_word = line.rsplit(|byte| *byte == b' ').next().unwrap_or(line);
    let Some(version) = last_word.strip_prefix(b"HTTP/") else {
        return false;
    };
    version.first().is_some_and(u8::is_ascii_digit) && !version.starts_with(b"1.")
        || matches!(version, [b'1', b'.', minor] if (b'2'..=b'9').contains(minor))
}

#[cfg(test)]
#[path = "tests/head.rs"]
mod tests;
