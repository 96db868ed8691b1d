//! All receivers of one daemon: a server that records every webhook and answers as the scenarios say.
//!
//! Owns its listener and a thread for each connection. It does not use `tiny_http`, which in a burst of
//! connections may leave some unanswered for as long as others are kept alive. A connection ends when the
//! daemon closes it, the listener when the server is dropped.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use alertwheel::clock::Clock;
use alertwheel::model::Mono;
use alertwheel::threads::{self, CONNECTION_STACK};
use crossbeam_channel::never;

/// What a receiver does with a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// Answers with this status.
    Status(u16),
    /// Answers 429 and asks to come again after so many seconds.
    Throttle(u64),
    /// Answers 200, but only after this long.
    Wait(Duration),
    /// Never answers.
    Hang,
}

/// A webhook as it came in.
#[derive(Clone, Debug)]
pub struct Heard {
    /// When all of it was there.
    pub at: Mono,
    /// The path, which names the scenario and the webhook: `/7/team`.
    pub path: String,
    /// The body.
    pub body: String,
    /// What became of it.
    pub behaviour: Behaviour,
}

/// Receivers that listen.
pub struct Hooks {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    clock: Clock,
    heard: Mutex<Vec<Heard>>,
    behaviours: Mutex<BTreeMap<String, Behaviour>>,
    is_closing: AtomicBool,
}

impl Hooks {
    /// Starts them; all answer 200. They listen on all addresses of the loopback, so that one
    /// server can pass for many hosts.
    pub fn start(clock: Clock) -> Hooks {
        let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).expect("a free port");
        let address = listener.local_addr().expect("bound");
        let shared = Arc::new(Shared {
            clock,
            heard: Mutex::default(),
            behaviours: Mutex::default(),
            is_closing: AtomicBool::new(false),
        });
        let of_listener = Arc::clone(&shared);
        let listen = move || of_listener.listen(&listener);
        threads::spawn("hooks", CONNECTION_STACK, listen).expect("a thread to spare");
        Hooks { address, shared }
    }

    /// The port they listen on.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Changes what the webhook at `path` does from now on.
    pub fn behave(&self, path: String, behaviour: Behaviour) {
        lock(&self.shared.behaviours).insert(path, behaviour);
    }

    /// Everything heard so far.
    pub fn heard(&self) -> Vec<Heard> {
        lock(&self.shared.heard).clone()
    }
}

impl Drop for Hooks {
    fn drop(&mut self) {
        self.shared.is_closing.store(true, Ordering::SeqCst);
        // Wakes the listener, which then sees that it is to end.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port()));
    }
}

impl Shared {
    fn listen(self: Arc<Self>, listener: &TcpListener) {
        for stream in listener.incoming().flatten() {
            if self.is_closing.load(Ordering::SeqCst) {
                return;
            }
            let shared = Arc::clone(&self);
            // A daemon that hangs up in the middle, as at a restart, is the end of the connection.
            let serve = move || shared.serve(&stream).unwrap_or_default();
            threads::spawn("hook", CONNECTION_STACK, serve).expect("a thread to spare");
        }
    }

    fn serve(&self, mut stream: &TcpStream) -> io::Result<()> {
        // An answer shall not wait for an acknowledgement.
        stream.set_nodelay(true)?;
        let mut reader = BufReader::new(stream);
        while let Some((path, body)) = read_webhook(&mut reader)? {
            let set = lock(&self.behaviours).get(&path).copied();
            let behaviour = set.unwrap_or(Behaviour::Status(200));
            lock(&self.heard).push(Heard {
                at: self.clock.mono(),
                path,
                body,
                behaviour,
            });
            match behaviour {
                Behaviour::Status(status) => answer(&mut stream, status, "")?,
                Behaviour::Throttle(seconds) => {
                    answer(&mut stream, 429, &format!("Retry-After: {seconds}\r\n"))?;
                }
                Behaviour::Wait(wait) => {
                    // Nothing is ever sent here, so this is a wait with an end.
                    let _ = never::<()>().recv_timeout(wait);
                    answer(&mut stream, 200, "")?;
                }
                // Nothing more comes, so this lasts until the daemon gives up.
                Behaviour::Hang => reader.read_exact(&mut [0])?,
            }
        }
        Ok(())
    }
}

/// The path and the body; `None` where the connection ends instead.
fn read_webhook(reader: &mut impl BufRead) -> io::Result<Option<(String, String)>> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head)? == 0 {
            return Ok(None);
        }
    }
    let path = head.split(' ').nth(1).expect("a request line has a path");
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        let is_length = name.eq_ignore_ascii_case("content-length");
        is_length.then(|| value.parse().ok())?
    });
    let mut body = vec![0; length.expect("both daemons say how long a body is")];
    reader.read_exact(&mut body)?;
    let body = String::from_utf8(body).expect("a webhook is UTF-8");
    Ok(Some((path.to_owned(), body)))
}

fn answer(stream: &mut impl Write, status: u16, header: &str) -> io::Result<()> {
    let text = format!("HTTP/1.1 {status} So\r\nContent-Length: 0\r\n{header}\r\n");
    stream.write_all(text.as_bytes())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no holder of the lock panics")
}
