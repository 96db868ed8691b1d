//! Requests and answers as values: the interface between the HTTP server and the handler.
//!
//! Owns the types, no behaviour beyond building them. The HTTP server (or a test) makes the requests and
//! writes the answers out, on the connections' threads.

use std::io::Read;
use std::net::SocketAddr;
use std::sync::Arc;

/// Something that answers requests. Called from several threads at once.
pub trait Handler: Send + Sync {
    /// Answers one whole request. May wait for the dispatcher, but never for the peer. No wait may be longer
    /// than `--web.timeout`, because the server cannot interrupt a handler.
    fn handle(&self, request: Request) -> Answer;
}

/// One whole request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// The method as sent; methods are case-sensitive.
    pub method: String,
    /// Path and query, percent-encoded as sent.
    pub target: String,
    /// Headers in the order sent, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The whole body; empty if there is none.
    pub body: Vec<u8>,
    /// The address of the peer, if known.
    pub peer: Option<SocketAddr>,
    /// The alternative names in the client certificate of the connection, if an authority was checked to
    /// have issued it.
    pub certificate_names: Arc<[String]>,
}

impl Request {
    /// The first header called `name`, which is in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers_named(name).next()
    }

    /// Every header called `name`, which is in lower case.
    pub fn headers_named(&self, name: &str) -> impl Iterator<Item = &str> {
        self.headers
            .iter()
            .filter(move |(other, _)| other == name)
            .map(|(_, value)| value.as_str())
    }
}

/// The answer to a request.
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// Headers, without `Content-Length`, `Date` and other framing headers, which the HTTP server adds.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Body,
}

/// The body of an answer.
pub enum Body {
    /// No body.
    Empty,
    /// The whole body, of known length.
    Bytes(Vec<u8>),
    /// A streamed body, made while it is sent, of unknown length.
    Stream(Box<dyn Read + Send>),
}

impl Body {
    /// The length of the body in bytes; zero for a stream.
    pub fn length(&self) -> usize {
        match self {
            Body::Bytes(bytes) => bytes.len(),
            Body::Empty | Body::Stream(_) => 0,
        }
    }
}

impl Answer {
    /// An answer without a body.
    pub fn empty(status: u16) -> Self {
        Answer {
            status,
            headers: Vec::new(),
            body: Body::Empty,
        }
    }

    /// An answer in plain text.
    pub fn text(status: u16, text: impl Into<String>) -> Self {
        Answer::empty(status).with_body(
            "text/plain; charset=utf-8",
            Body::Bytes(text.into().into_bytes()),
        )
    }

    /// An answer in JSON.
    pub fn json(status: u16, json: Vec<u8>) -> Self {
        Answer::empty(status).with_body("application/json", Body::Bytes(json))
    }

    /// The answer with a further header.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The answer with this body and its `Content-Type`.
    #[must_use]
    pub fn with_body(mut self, content_type: impl Into<String>, body: Body) -> Self {
        self.body = body;
        self.with_header("Content-Type", content_type)
    }
}
