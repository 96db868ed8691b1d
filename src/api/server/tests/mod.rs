//! Tests of the HTTP server from the outside: a real server on a free port, and handmade clients.
//!
//! Owns the shared fixtures: a handler with a few paths, a client that sends raw bytes, and a strict reader
//! of answers. Timeouts expire only in tests of timeouts, and only for clients that are slow on purpose. A
//! request sent whole is never late, however slow the host is.

mod crowds;
mod folder;
mod gate;
mod hostile;
mod requests;
mod tls;

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};

use crossbeam_channel::{Receiver, never};

use super::*;
use crate::api::http::{Answer, Body, Request};

/// Long enough for a busy host, short enough to notice a hang.
const PATIENCE: Duration = Duration::from_secs(60);

/// A time that runs out within a test.
const SHORT: Duration = Duration::from_millis(300);

/// A body of 150 bytes, about one alert.
const ALERT: [u8; 150] = [b'a'; 150];

/// Limits with timeouts that no slow client or host reaches.
fn patient_limits() -> Limits {
    Limits {
        head_timeout: PATIENCE,
        body_timeout: PATIENCE,
        write_timeout: PATIENCE,
        idle_timeout: PATIENCE,
        concurrent_reads: 100,
        ..Limits::default()
    }
}

/// Answers by path; what a path does is said where a test uses it.
struct Stage {
    /// `/wait` does not answer before this disconnects.
    curtain: Receiver<()>,
}

impl Handler for Stage {
    fn handle(&self, request: Request) -> Answer {
        let (path, query) = request
            .target
            .split_once('?')
            .unwrap_or((&request.target, ""));
        let count: usize = query.parse().unwrap_or(0);
        let stream: Box<dyn Read + Send> = match path {
            "/echo" => return echo(&request),
            "/bytes" => return with_body(Body::Bytes(vec![b'x'; count])),
            "/nothing" => return Answer::empty(204),
            "/names" => return Answer::text(200, request.certificate_names.join(" ")),
            "/secret" => return Answer::text(401, "who?"),
            "/panic" => panic!("on purpose, in a handler"),
            "/wait" => {
                let _ = self.curtain.recv();
                return Answer::text(200, "waited");
            }
            "/forge" => return forged_headers(),
            "/stream" => Box::new(std::io::repeat(b'x').take(count as u64)),
            "/stream-panic" => Box::new(std::io::repeat(b'x').take(100_000).chain(Trap)),
            "/stream-error" => Box::new(std::io::repeat(b'x').take(100_000).chain(Failing)),
            _ => return Answer::text(200, format!("{} bytes", request.body.len())),
        };
        with_body(Body::Stream(stream))
    }
}

fn with_body(body: Body) -> Answer {
    Answer {
        body,
        ..Answer::empty(200)
    }
}

fn echo(request: &Request) -> Answer {
    let mut text = format!("{} {}\n", request.method, request.target);
    for (name, value) in &request.headers {
        text.push_str(&format!("{name}={value}\n"));
    }
    let peer = request.peer.is_some_and(|peer| peer.ip().is_loopback());
    text.push_str(&format!("peer is known: {peer}\n"));
    text.push_str(&String::from_utf8_lossy(&request.body));
    Answer::text(200, text)
}

fn forged_headers() -> Answer {
    Answer {
        headers: vec![
            ("X-Good", "yes".to_owned()),
            ("X-Split", "a\r\nX-Injected: 1".to_owned()),
            ("Content-Length", "7".to_owned()),
            ("Transfer-Encoding", "gzip".to_owned()),
            ("Connection", "upgrade".to_owned()),
        ],
        ..Answer::text(200, "body")
    }
}

struct Trap;

impl Read for Trap {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        panic!("on purpose, in a stream")
    }
}

struct Failing;

impl Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("on purpose"))
    }
}

/// An HTTP server and the means to make its `/wait` answer.
struct Door {
    door: HttpServer,
    curtain: Option<Sender<()>>,
}

impl Door {
    fn open(limits: Limits) -> Self {
        Self::open_behind(None, limits)
    }

    fn open_behind(gate: Option<Gate>, limits: Limits) -> Self {
        let (curtain, behind) = bounded(0);
        let listener = bind("127.0.0.1:0").expect("a free port");
        let door = HttpServer::open(
            vec![listener],
            Arc::new(Stage { curtain: behind }),
            gate,
            limits,
            Arc::new(Metrics::new("test")),
            Clock::start(),
        );
        Door {
            door: door.expect("the door opens"),
            curtain: Some(curtain),
        }
    }

    fn connect(&self) -> Client {
        Client::connect(self.door.addresses()[0])
    }

    /// Sends `request` over a connection of its own and reads the answer.
    fn ask(&self, request: &str) -> Reply {
        let mut client = self.connect();
        client.send(request.as_bytes());
        client.reply()
    }

    /// Another, well-behaved client posts an alert and reads something.
    fn assert_serves_others(&self) {
        let mut client = self.connect();
        for _ in 0..2 {
            client.post("/", &ALERT);
            assert_eq!(client.reply().text(), "150 bytes");
            client.send(get("/").as_bytes());
            assert_eq!(client.reply().status, 200);
        }
    }

    /// Nothing of the budget is taken, or is only just being given back: an answer comes before that.
    fn assert_budget_is_free(&self) {
        let clock = self.door.shared.clock;
        let deadline = clock.mono() + PATIENCE;
        while self.door.shared.budget.taken() > 0 {
            assert!(clock.mono() < deadline, "some of it is never given back");
            pause();
        }
    }

    fn let_waiting_go(&mut self) {
        self.curtain = None;
    }

    /// All clients are gone: nothing of them may be left behind.
    fn assert_empties(&self) {
        let clock = self.door.shared.clock;
        let deadline = clock.mono() + PATIENCE;
        while self.door.open_connections() > 0 {
            assert!(clock.mono() < deadline, "connections are left behind");
            pause();
        }
        assert_eq!(self.door.shared.reads.under_way(), 0);
    }

    fn stop(self) {
        self.door.stop(Duration::from_secs(2));
    }
}

/// A moment for other threads.
fn pause() {
    let _ = never::<()>().recv_timeout(Duration::from_millis(2));
}

fn get(target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n")
}

struct Client {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Client {
    fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("the door is open");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
        stream.set_write_timeout(Some(PATIENCE)).expect("a socket");
        stream.set_nodelay(true).expect("a socket");
        Client {
            stream,
            read: Vec::new(),
        }
    }

    fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("the server reads");
    }

    fn post(&mut self, target: &str, body: &[u8]) {
        let head = format!(
            "POST {target} HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        self.send(&[head.as_bytes(), body].concat());
    }

    /// Sends as many bytes as the server takes; returns their number.
    fn send_until_refused(&mut self, bytes: &[u8], times: usize) -> usize {
        let mut sent = 0;
        for _ in 0..times {
            match self.stream.write(bytes) {
                Ok(written) => sent += written,
                Err(_) => break,
            }
        }
        sent
    }

    fn reply(&mut self) -> Reply {
        self.try_reply("GET").expect("an answer")
    }

    /// The next answer, to a request of this method; an error if the connection ends before.
    fn try_reply(&mut self, method: &str) -> io::Result<Reply> {
        while !head::has_end(&self.read, 0) {
            self.read_more()?;
        }
        let end = self.read.windows(4).position(|four| four == b"\r\n\r\n");
        let end = end.expect("answers have strict line ends") + 4;
        let head = String::from_utf8(self.read.drain(..end).collect()).expect("ASCII");
        let mut reply = Reply::from_head(&head);
        reply.body = self.read_body(&reply, method)?;
        Ok(reply)
    }

    fn read_body(&mut self, reply: &Reply, method: &str) -> io::Result<Vec<u8>> {
        if method == "HEAD" || matches!(reply.status, 100 | 204 | 304) {
            return Ok(Vec::new());
        }
        if let Some(length) = reply.header("content-length") {
            let length = length.parse().expect("a length");
            while self.read.len() < length {
                self.read_more()?;
            }
            return Ok(self.read.drain(..length).collect());
        }
        if reply.header("transfer-encoding").is_some() {
            return self.read_chunks();
        }
        while self.read_more().is_ok() {}
        Ok(std::mem::take(&mut self.read))
    }

    fn read_chunks(&mut self) -> io::Result<Vec<u8>> {
        let mut decoder = chunked::ChunkedDecoder::new(usize::MAX);
        let mut body = Vec::new();
        loop {
            let taken = decoder.decode(&self.read, &mut body).expect("chunks");
            self.read.drain(..taken);
            if decoder.is_done() {
                return Ok(body);
            }
            self.read_more()?;
        }
    }

    fn read_more(&mut self) -> io::Result<()> {
        let mut piece = vec![0; 64 * 1024];
        let bytes = self.stream.read(&mut piece)?;
        self.read.extend_from_slice(&piece[..bytes]);
        match bytes {
            0 => Err(ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }

    /// Whether the server closes the connection without sending anything more.
    fn is_ended(&mut self) -> bool {
        let ended = match self.read_more() {
            Ok(()) => false,
            Err(error) => error.kind() != ErrorKind::WouldBlock,
        };
        ended && self.read.is_empty()
    }

    /// Closes the connection with a reset.
    fn reset(self) {
        let socket = socket2::SockRef::from(&self.stream);
        socket.set_linger(Some(Duration::ZERO)).expect("a socket");
    }

    fn finish_sending(&mut self) {
        self.stream.shutdown(Shutdown::Write).expect("a socket");
    }
}

#[derive(Debug)]
struct Reply {
    line: String,
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Reply {
    fn from_head(head: &str) -> Self {
        let mut lines = head.trim_end().split("\r\n");
        let line = lines.next().expect("a status line").to_owned();
        let headers = lines.map(|line| line.split_once(": ").expect("a header"));
        let status = line.split(' ').nth(1).and_then(|code| code.parse().ok());
        Reply {
            status: status.expect("a status code"),
            headers: headers
                .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
                .collect(),
            line,
            body: Vec::new(),
        }
    }

    fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("text")
    }
}
