//! A plain HTTP client that sends exactly the bytes of a test, valid or not, on its own connection, and
//! parses the answer.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use serde_json::Value;

use crate::wait::PATIENCE;

/// A request as it goes out, but for `Host` and `Connection`, which are added, as is the length of a
/// body unless a header gives another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// Such as `GET`.
    pub method: String,
    /// Path and query, encoded already.
    pub target: String,
    /// Names and values in the order in which they are sent.
    pub headers: Vec<(String, String)>,
    /// Sent with its length if there are bytes, or if the method is one that brings a body.
    pub body: Vec<u8>,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The code; 0 for a connection that ended without an answer.
    pub status: u16,
    /// Names in lower case and values, in the order of the answer.
    pub headers: Vec<(String, String)>,
    /// The body, whole.
    pub body: Vec<u8>,
}

impl Request {
    /// A request without a body.
    pub fn get(target: impl Into<String>) -> Request {
        Request {
            method: "GET".to_owned(),
            target: target.into(),
            ..Request::default()
        }
    }

    /// A request that posts JSON.
    pub fn post(target: impl Into<String>, body: &Value) -> Request {
        Request {
            method: "POST".to_owned(),
            target: target.into(),
            headers: vec![("Content-Type".to_owned(), "application/json".to_owned())],
            body: body.to_string().into_bytes(),
        }
    }

    /// What the daemon at this address answers. Panics if it does not end its answer in time.
    pub fn send(&self, to: SocketAddr) -> Answer {
        let mut stream = TcpStream::connect(to).expect("a daemon listens");
        let patience = stream.set_read_timeout(Some(PATIENCE));
        patience.expect("a socket takes a deadline");
        // A daemon may refuse and hang up before it has read everything.
        let _ = stream.write_all(&self.bytes(to));
        let mut bytes = Vec::new();
        let ended = stream.read_to_end(&mut bytes);
        assert!(
            ended.is_ok() || !bytes.is_empty(),
            "{} {}: {ended:?}",
            self.method,
            self.target
        );
        Answer::read(&bytes, self.method == "HEAD")
    }

    fn bytes(&self, to: SocketAddr) -> Vec<u8> {
        let Request { method, target, .. } = self;
        let mut head = format!("{method} {target} HTTP/1.1\r\nHost: {to}\r\nConnection: close\r\n");
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        let is_length = |(name, _): &(String, String)| name.eq_ignore_ascii_case("content-length");
        let brings_body =
            !self.body.is_empty() || matches!(method.as_str(), "POST" | "PUT" | "PATCH");
        if brings_body && !self.headers.iter().any(is_length) {
            head.push_str(&format!("Content-Length: {}\r\n", self.body.len()));
        }
        head.push_str("\r\n");
        [head.as_bytes(), &self.body].concat()
    }
}

impl Answer {
    fn read(bytes: &[u8], is_bare: bool) -> Answer {
        let Some(end) = find(bytes, b"\r\n\r\n") else {
            assert!(bytes.is_empty(), "half an answer: {bytes:?}");
            return Answer {
                status: 0,
                headers: Vec::new(),
                body: Vec::new(),
            };
        };
        let head = std::str::from_utf8(&bytes[..end]).expect("a head is text");
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1));
        let headers: Vec<_> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let rest = &bytes[end + 4..];
        let is_chunked = headers
            .iter()
            .any(|(name, value)| name == "transfer-encoding" && value == "chunked");
        let body = match (is_bare, is_chunked) {
            (true, _) => Vec::new(),
            (false, true) => unchunk(rest),
            (false, false) => rest.to_vec(),
        };
        Answer {
            status: status
                .and_then(|code| code.parse().ok())
                .expect("an answer has a code"),
            headers,
            body,
        }
    }

    /// The body as JSON, if it is.
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// The body as text, with what is no UTF-8 replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// `text` as a value of a query.
pub fn encoded(text: &str) -> String {
    let keeps = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes().fold(String::new(), |mut out, byte| {
        if keeps(byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
        out
    })
}

fn unchunk(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = find(rest, b"\r\n") {
        let size = std::str::from_utf8(&rest[..end]).expect("a size is text");
        let size = usize::from_str_radix(size, 16).expect("a size is a number");
        if size == 0 {
            return body;
        }
        rest = &rest[end + 2..];
        body.extend_from_slice(&rest[..size]);
        rest = &rest[size + 2..];
    }
    panic!("a body of chunks ends with an empty one");
}

fn find(bytes: &[u8], sought: &[u8]) -> Option<usize> {
    bytes
        .windows(sought.len())
        .position(|window| window == sought)
}
