//! A small HTTP client that keeps its connection, and that can send invalid requests.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};

use serde_json::Value;

use crate::time::PATIENCE;

/// One connection.
pub struct Client {
    reader: BufReader<TcpStream>,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// Status line and headers, with their line ends.
    pub head: String,
    /// The body, whatever it was framed by.
    pub bytes: Vec<u8>,
}

/// A GET as bytes.
pub fn get(target: &str) -> Vec<u8> {
    format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n").into_bytes()
}

/// A POST of JSON as bytes.
pub fn post(target: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST {target} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

impl Client {
    /// A new connection.
    pub fn connect(address: SocketAddr) -> Self {
        Client::try_connect(address).expect("the daemon listens")
    }

    /// A new connection, if it can be had.
    pub fn try_connect(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let reader = BufReader::new(stream);
        Ok(Client { reader })
    }

    /// The connection itself.
    pub fn stream(&self) -> &TcpStream {
        self.reader.get_ref()
    }

    /// Sends bytes as they are.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.reader.get_mut().write_all(bytes)
    }

    /// Asks and reads the answer.
    pub fn get(&mut self, target: &str) -> Reply {
        self.ask(&get(target)).expect("an answer")
    }

    /// Posts JSON and reads the answer.
    pub fn post(&mut self, target: &str, body: &[u8]) -> Reply {
        self.ask(&post(target, body)).expect("an answer")
    }

    /// Posts alerts and reads the answer.
    pub fn post_alerts(&mut self, alerts: &[Value]) -> Reply {
        let body = serde_json::to_vec(alerts).expect("JSON");
        self.post("/api/v2/alerts", &body)
    }

    /// Sends bytes and reads one answer.
    pub fn ask(&mut self, request: &[u8]) -> io::Result<Reply> {
        self.send(request)?;
        self.reply()
    }

    /// Reads one answer.
    pub fn reply(&mut self) -> io::Result<Reply> {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if self.reader.read_line(&mut head)? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
        let status = head.get(9..12).and_then(|digits| digits.parse().ok());
        let mut reply = Reply {
            status: status.ok_or(ErrorKind::InvalidData)?,
            head,
            bytes: Vec::new(),
        };
        match reply.header("content-length") {
            Some(length) => {
                let length = length.parse().map_err(io::Error::other)?;
                reply.bytes = self.take(length)?;
            }
            None if reply.header("transfer-encoding").is_some() => {
                reply.bytes = self.chunks()?;
            }
            None => {}
        }
        Ok(reply)
    }

    /// Reads until the daemon closes the connection; says whether it did.
    pub fn is_closed(&mut self) -> bool {
        match self.reader.read_to_end(&mut Vec::new()) {
            Ok(_) => true,
            Err(error) => !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
        }
    }

    fn take(&mut self, length: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        self.reader.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn chunks(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let mut line = String::new();
            self.reader.read_line(&mut line)?;
            let length = usize::from_str_radix(line.trim_end(), 16).map_err(io::Error::other)?;
            body.extend(self.take(length)?);
            self.take(2)?;
            if length == 0 {
                return Ok(body);
            }
        }
    }
}

impl Reply {
    /// The value of a header, named in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let headers = self.head.lines().filter_map(|line| line.split_once(": "));
        let mut named = headers.filter(|(other, _)| other.eq_ignore_ascii_case(name));
        named.next().map(|(_, value)| value)
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }
}
