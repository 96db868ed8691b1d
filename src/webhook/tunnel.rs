//! Connections through an HTTP proxy.
//!
//! Owns CONNECT for https receivers, and the absolute form of requests (RFC 9112, 3.2.2) for http receivers.
//! Part of the interface to ureq. Runs on send threads.

use std::io::Write;

use ureq::Error;
use ureq::http::Uri;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, NextTimeout, Transport, TransportAdapter,
};

use super::address::{Address, authority_of, host_of, port_of, split_zone};
use super::fault::ConnectFault;
use super::head::Head;
use super::transport::remaining;

/// Go's default `User-Agent`, which its CONNECT requests have.
const USER_AGENT: &str = "Go-http-client/1.1";

/// Asks the proxy at the other end of `transport` for a tunnel to the receiver (CONNECT).
pub fn open_tunnel(
    transport: Box<dyn Transport>,
    proxy: &Address,
    headers: &[(String, String)],
    details: &ConnectionDetails,
) -> Result<Box<dyn Transport>, Error> {
    let request = connect_request(details.uri, proxy, headers);
    let mut socket = TransportAdapter::new(transport, details.current_time.clone());
    socket.set_timeout(remaining(details));
    socket.write_all(request.as_bytes())?;
    let mut transport = socket.into_inner();
    match answered_status(&mut *transport, details)? {
        200 => Ok(transport),
        status => Err(ConnectFault::into_ureq(format!(
            "the proxy answered CONNECT with status {status}"
        ))),
    }
}

fn connect_request(target: &Uri, proxy: &Address, headers: &[(String, String)]) -> String {
    let at = match split_zone(host_of(target)) {
        (host, _) if host.contains(':') => format!("[{host}]:{}", port_of(target)),
        (host, _) => format!("{host}:{}", port_of(target)),
    };
    let mut request = format!("CONNECT {at} HTTP/1.1\r\nHost: {at}\r\n");
    let is_ours = |name: &str| {
        proxy.authorization().is_some() && name.eq_ignore_ascii_case("proxy-authorization")
    };
    let names_agent = headers
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case("user-agent"));
    if !names_agent {
        push_header(&mut request, "User-Agent", USER_AGENT);
    }
    for (name, value) in headers.iter().filter(|(name, _)| !is_ours(name)) {
        push_header(&mut request, name, value);
    }
    if let Some(credentials) = proxy.authorization() {
        push_header(&mut request, "Proxy-Authorization", credentials);
    }
    request.push_str("\r\n");
    request
}

/// Appends a header line. Line breaks become blanks, as in Go.
fn push_header(request: &mut String, name: &str, value: &str) {
    let value = value.trim().replace(['\r', '\n'], " ");
    request.push_str(&format!("{name}: {value}\r\n"));
}

/// Reads the head of the proxy's answer, and no byte after it. Returns the status.
fn answered_status(
    transport: &mut dyn Transport,
    details: &ConnectionDetails,
) -> Result<u16, Error> {
    let broken = |why: &str| ConnectFault::into_ureq(format!("the proxy's answer {why}"));
    let mut head = Head::default();
    loop {
        let is_alive = transport.await_input(remaining(details))?;
        let buffers = transport.buffers();
        let used = head.take(buffers.input());
        buffers.input_consume(used.map_err(|why| broken(&format!("is not HTTP: {why}")))?);
        match head.status().filter(|_| head.is_complete()) {
            Some(_) if head.is_cut() => return Err(broken("is too large")),
            Some(status) => return Ok(status),
            None if !is_alive => return Err(broken("broke off")),
            None => {}
        }
    }
}

/// A connection to a proxy that forwards http requests. It rewrites each request to the absolute form, and
/// adds the proxy's authorization.
#[derive(Debug)]
pub struct ForwardTransport {
    inner: Box<dyn Transport>,
    target: String,
    authorization: Option<String>,
    turn: Turn,
}

/// The state of a connection that carries one request at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// The next output is the start of a request.
    Request,
    /// The next bytes are the rest of a request, or its answer.
    Rest,
}

impl ForwardTransport {
    /// A connection over `inner` that sends requests for `target` through `proxy`.
    pub fn new(inner: Box<dyn Transport>, target: &Uri, proxy: &Address) -> Self {
        let authority = authority_of(target);
        ForwardTransport {
            inner,
            target: format!("http://{authority}"),
            authorization: proxy.authorization().map(str::to_owned),
            turn: Turn::Request,
        }
    }

    /// `head`, the first bytes of a request, with the request line in absolute form and the proxy's headers.
    fn rewritten(&self, head: &[u8]) -> Vec<u8> {
        let first_blank = head.iter().position(|byte| *byte == b' ').unwrap_or(0);
        let (method, rest) = head.split_at((first_blank + 1).min(head.len()));
        let line_end = rest.iter().position(|byte| *byte == b'\n');
        let (line, rest) = rest.split_at(line_end.map_or(0, |end| end + 1));
        let mut rewritten = [method, self.target.as_bytes(), line].concat();
        if let Some(credentials) = &self.authorization {
            rewritten.extend(format!("Proxy-Authorization: {credentials}\r\n").as_bytes());
        }
        rewritten.extend(rest);
        rewritten
    }

    fn transmit(&mut self, mut bytes: &[u8], timeout: NextTimeout) -> Result<(), Error> {
        while !bytes.is_empty() {
            let output = self.inner.buffers().output();
            let (piece, rest) = bytes.split_at(bytes.len().min(output.len()));
            output[..piece.len()].copy_from_slice(piece);
            self.inner.transmit_output(piece.len(), timeout)?;
            bytes = rest;
        }
        Ok(())
    }
}

impl Transport for ForwardTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        if self.turn == Turn::Rest || amount == 0 {
            return self.inner.transmit_output(amount, timeout);
        }
        self.turn = Turn::Rest;
        let head = self.inner.buffers().output()[..amount].to_vec();
        self.transmit(&self.rewritten(&head), timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        // A request follows another only after the answer in between was read.
        self.turn = Turn::Request;
        self.inner.await_input(timeout)
    }

    fn is_open(&mut self) -> bool {
        self.inner.is_open()
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}

#[cfg(test)]
mod tests;
