//! A receiver for tests: a script answers each request with raw bytes.
//!
//! Owns its listener, one thread for it and one for each connection; they end with the process.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender, bounded, never};

use crate::threads::{self, CONNECTION_STACK};

/// A listening receiver and what it has seen.
pub struct FakeReceiver {
    address: SocketAddr,
    seen: Receiver<Seen>,
}

/// A request that came in.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Number of the connection, from 0.
    pub connection: usize,
    /// Request line and headers, in lower case.
    pub head: String,
    /// The same as sent.
    pub head_as_sent: String,
    /// The body.
    pub body: Vec<u8>,
}

/// What the script does with a request.
pub enum Reply {
    /// Writes this and waits for the next request.
    Write(String),
    /// Writes this and closes the connection.
    WriteAndClose(String),
    /// Writes this and leaves the connection open without reading on.
    WriteAndHang(String),
}

/// What becomes of bodies.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Bodies {
    /// They are read before the script is asked.
    Read,
    /// The script is asked once it has a head, and the body is left where it is.
    Left,
}

type Script = dyn Fn(&Seen) -> Reply + Send + Sync;

type Wrap = dyn Fn(TcpStream) -> Box<dyn Stream> + Send + Sync;

/// What a connection is read from and written to.
pub trait Stream: Read + Write {}

impl<S: Read + Write> Stream for S {}

impl Seen {
    /// The value of a header, named in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(other, _)| *other == name)
            .map(|(_, value)| value)
    }

    /// The values of a header as sent, in their order; the name in lower case.
    pub fn values(&self, name: &str) -> Vec<&str> {
        self.head_as_sent
            .lines()
            .filter_map(|line| line.split_once(": "))
            .filter(|(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
            .collect()
    }

    /// `post /path http/1.1`
    pub fn request_line(&self) -> &str {
        self.head.lines().next().unwrap_or_default()
    }
}

impl FakeReceiver {
    /// Listens on a free port of this host and lets `script` answer.
    pub fn start(script: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        FakeReceiver::start_over(|stream| Box::new(stream), Bodies::Read, script)
    }

    /// Likewise, with `wrap` between the connection and the script, such as TLS.
    pub fn start_over(
        wrap: impl Fn(TcpStream) -> Box<dyn Stream> + Send + Sync + 'static,
        bodies: Bodies,
        script: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        FakeReceiver::start_at(listener, wrap, bodies, script)
    }

    /// Likewise, at an address of the caller's choice.
    pub fn start_at(
        listener: TcpListener,
        wrap: impl Fn(TcpStream) -> Box<dyn Stream> + Send + Sync + 'static,
        bodies: Bodies,
        script: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let address = listener.local_addr().expect("an address");
        let (sender, seen) = bounded(1000);
        let (wrap, script): (Arc<Wrap>, Arc<Script>) = (Arc::new(wrap), Arc::new(script));
        start_thread(move || {
            for (connection, stream) in listener.incoming().flatten().enumerate() {
                let (wrap, script, sender) = (wrap.clone(), script.clone(), sender.clone());
                start_thread(move || {
                    let reader = BufReader::new(wrap(stream));
                    serve(connection, reader, bodies, &script, &sender);
                });
            }
        });
        FakeReceiver { address, seen }
    }

    /// Its address with `path`.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// All requests that came in so far and were not taken yet.
    pub fn take_seen(&self) -> Vec<Seen> {
        self.seen.try_iter().collect()
    }
}

/// An answer with this status line, further headers and body.
pub fn answer(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n{headers}\r\n{body}")
}

fn start_thread(body: impl FnOnce() + Send + 'static) {
    threads::spawn("fake-receiver", CONNECTION_STACK, body).expect("a thread");
}

fn serve(
    connection: usize,
    mut reader: BufReader<Box<dyn Stream>>,
    bodies: Bodies,
    script: &Arc<Script>,
    sender: &Sender<Seen>,
) {
    while let Some(seen) = read_request(connection, &mut reader, bodies) {
        let reply = script(&seen);
        sender.send(seen).ok();
        let stream = reader.get_mut();
        match reply {
            Reply::Write(text) => write(stream, &text),
            Reply::WriteAndClose(text) => {
                write(stream, &text);
                return;
            }
            Reply::WriteAndHang(text) if bodies == Bodies::Left => {
                write(stream, &text);
                never::<()>().recv().ok();
            }
            Reply::WriteAndHang(text) => {
                write(stream, &text);
                // Blocks until the other side gives up.
                stream.read_exact(&mut [0]).ok();
                return;
            }
        }
    }
}

fn write(stream: &mut impl Write, text: &str) {
    // Whoever asked may have given up, which is for the test to judge.
    stream.write_all(text.as_bytes()).ok();
    stream.flush().ok();
}

fn read_request(connection: usize, reader: &mut impl BufRead, bodies: Bodies) -> Option<Seen> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let mut seen = Seen {
        connection,
        head: head.to_ascii_lowercase(),
        head_as_sent: head,
        body: Vec::new(),
    };
    if bodies == Bodies::Left {
        return Some(seen);
    }
    let length = seen.header("content-length").unwrap_or("0").parse().ok()?;
    seen.body = vec![0; length];
    reader.read_exact(&mut seen.body).ok()?;
    Some(seen)
}
