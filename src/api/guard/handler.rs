//! What the guard hands to the router and what it takes back.
//!
//! Owns the shapes of a request and of an answer; no behaviour but small constructors. A handler
//! runs on an `http-*` thread, an answer's stream on the thread of its connection.

use std::fmt;
use std::io::Read;
use std::net::SocketAddr;

/// Answers requests. A panic in it becomes a 500 and is counted.
pub trait Handler: Send + Sync {
    /// Answers one request. Several threads call this at once.
    fn handle(&self, request: Request) -> Answer;
}

/// One whole request: read, checked and in canonical form.
#[derive(Clone, Debug)]
pub struct Request {
    /// What is asked for.
    pub method: Method,
    /// Path and query as they came, still percent-encoded; begins with `/`, or is `*`.
    pub target: String,
    /// Headers in the order they came, names in lower case. Those that concern the connection
    /// only are gone.
    pub headers: Vec<(String, String)>,
    /// The body, decoded; empty if there was none.
    pub body: Vec<u8>,
    /// Who asks, as far as the socket knows.
    pub peer: Option<SocketAddr>,
}

impl Request {
    /// The first value of the header `name`, which is given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// The method of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Method {
    /// `GET`.
    Get,
    /// `HEAD`.
    Head,
    /// `POST`.
    Post,
    /// `PUT`.
    Put,
    /// `DELETE`.
    Delete,
    /// `OPTIONS`.
    Options,
    /// `PATCH`.
    Patch,
    /// Any other token, as it came.
    Other(String),
}

impl Method {
    /// The method that `token` spells. Methods are told apart by case.
    pub fn parse(token: &str) -> Self {
        match token {
            "GET" => Method::Get,
            "HEAD" => Method::Head,
            "POST" => Method::Post,
            "PUT" => Method::Put,
            "DELETE" => Method::Delete,
            "OPTIONS" => Method::Options,
            "PATCH" => Method::Patch,
            other => Method::Other(other.to_owned()),
        }
    }

    /// The method as it stands in a request line.
    pub fn as_str(&self) -> &str {
        match self {
            Method::Get => "GET",
            Method::Head => "HEAD",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Delete => "DELETE",
            Method::Options => "OPTIONS",
            Method::Patch => "PATCH",
            Method::Other(token) => token,
        }
    }

    /// The value of the label `method`: lower case, and one word for all that peers invent.
    pub fn as_label(&self) -> &'static str {
        match self {
            Method::Get => "get",
            Method::Head => "head",
            Method::Post => "post",
            Method::Put => "put",
            Method::Delete => "delete",
            Method::Options => "options",
            Method::Patch => "patch",
            Method::Other(_) => "unknown",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// What a handler says to a request.
#[derive(Debug)]
pub struct Answer {
    /// The status code, 200 to 599.
    pub status: u16,
    /// Headers. Those about length, encoding and connection are the guard's and are left out.
    pub headers: Vec<(&'static str, String)>,
    /// The body. The guard leaves it out where HTTP has none, such as for HEAD.
    pub body: Body,
}

impl Answer {
    /// An answer without headers and body.
    pub fn empty(status: u16) -> Self {
        Answer {
            status,
            headers: Vec::new(),
            body: Body::Empty,
        }
    }

    /// An answer in plain text.
    pub fn text(status: u16, text: impl Into<String>) -> Self {
        Answer {
            status,
            headers: vec![("Content-Type", "text/plain; charset=utf-8".to_owned())],
            body: Body::Bytes(text.into().into_bytes()),
        }
    }
}

/// The body of an answer.
pub enum Body {
    /// None.
    Empty,
    /// All of it, with its length told.
    Bytes(Vec<u8>),
    /// Pulled while it is written, so that a large one is never held whole. An error or a panic
    /// in it cuts the connection, which tells the peer that the body is not complete.
    Stream(Box<dyn Read + Send>),
}

impl fmt::Debug for Body {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Body::Empty => out.write_str("Empty"),
            Body::Bytes(bytes) => write!(out, "Bytes({})", bytes.len()),
            Body::Stream(_) => out.write_str("Stream"),
        }
    }
}
