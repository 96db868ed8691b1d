//! A webhook receiver that counts. One thread serves all its connections, however many a daemon
//! opens, so that it takes little from what is measured.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread::JoinHandle;

use crossbeam_channel::{Sender, bounded};
use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use socket2::{Domain, Socket, Type};

use alertwheel::model::Mono;
use alertwheel::threads::{self, LOOP_STACK};

use crate::time::now;

/// Connections that may wait to be accepted: a burst of them shall not meet a closed door.
const BACKLOG: i32 = 16 * 1024;

/// Arrivals that are kept for whoever wants to look at them.
const ARRIVALS: usize = 1 << 16;

/// Bytes read at a time.
const CHUNK: usize = 256 * 1024;

/// The listener among the sockets that are waited for; connections count from 0.
const LISTENER: u64 = u64::MAX;

const YES: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

/// How it treats webhooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Each is answered at once.
    Answers,
    /// Connections are accepted, and that is all.
    Dead,
}

/// A receiver that listens.
pub struct Receiver {
    address: SocketAddr,
    shared: Arc<Shared>,
    arrivals: crossbeam_channel::Receiver<Arrival>,
    thread: Option<JoinHandle<()>>,
}

/// A webhook that has come.
#[derive(Clone, Copy, Debug)]
pub struct Arrival {
    /// When all of it was there.
    pub at: Mono,
    /// The number of the first host that it names.
    pub host: usize,
}

#[derive(Default)]
struct Shared {
    connections: AtomicUsize,
    webhooks: AtomicUsize,
    bytes: AtomicUsize,
    last_at: AtomicU64,
    is_closing: AtomicBool,
}

impl Receiver {
    /// Starts one.
    pub fn start(manner: Manner) -> Self {
        let listener = listen().expect("a free port");
        let address = listener.local_addr().expect("bound");
        let shared = Arc::new(Shared::default());
        let (record, arrivals) = bounded(ARRIVALS);
        let door = Door {
            epoll: epoll::create(CreateFlags::CLOEXEC).expect("an epoll"),
            listener,
            visitors: HashMap::new(),
            visitors_seen: 0,
            manner,
            shared: Arc::clone(&shared),
            record,
        };
        let thread = threads::spawn("receiver", LOOP_STACK, || door.run()).expect("a thread");
        Receiver {
            address,
            shared,
            arrivals,
            thread: Some(thread),
        }
    }

    /// Where webhooks go.
    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// Connections that were opened so far.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// Webhooks that came so far.
    pub fn webhooks(&self) -> usize {
        self.shared.webhooks.load(Ordering::SeqCst)
    }

    /// Bytes that came so far, heads included.
    pub fn bytes(&self) -> usize {
        self.shared.bytes.load(Ordering::SeqCst)
    }

    /// When the last webhook came.
    pub fn last_at(&self) -> Mono {
        Mono::from_nanos(self.shared.last_at.load(Ordering::SeqCst))
    }

    /// The webhooks that came and were not looked at yet.
    pub fn arrivals(&self) -> Vec<Arrival> {
        self.arrivals.try_iter().collect()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.shared.is_closing.store(true, Ordering::SeqCst);
        // Wakes the thread, which then sees that it is to end.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            // It has said why on standard error if it panicked.
            let _ = thread.join();
        }
    }
}

/// The thread's own.
struct Door {
    epoll: OwnedFd,
    listener: TcpListener,
    visitors: HashMap<u64, Visitor>,
    visitors_seen: u64,
    manner: Manner,
    shared: Arc<Shared>,
    record: Sender<Arrival>,
}

/// A connection and what of a webhook it has brought.
struct Visitor {
    stream: TcpStream,
    received: Vec<u8>,
    /// Length of the webhook that comes, once its head is there.
    expected: Option<usize>,
}

impl Door {
    fn run(mut self) {
        let data = EventData::new_u64(LISTENER);
        epoll::add(&self.epoll, &self.listener, data, EventFlags::IN).expect("a socket");
        let mut events = Vec::with_capacity(1024);
        let mut chunk = vec![0; CHUNK];
        while !self.shared.is_closing.load(Ordering::SeqCst) {
            events.clear();
            match epoll::wait(&self.epoll, spare_capacity(&mut events), None) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => panic!("waiting for sockets: {error}"),
            }
            for event in &events {
                match event.data.u64() {
                    LISTENER => self.accept(),
                    visitor => self.hear(visitor, &mut chunk),
                }
            }
        }
    }

    fn accept(&mut self) {
        while let Ok((stream, _)) = self.listener.accept() {
            self.shared.connections.fetch_add(1, Ordering::SeqCst);
            stream.set_nonblocking(true).expect("a socket");
            // An answer shall not wait for an acknowledgement.
            stream.set_nodelay(true).expect("a socket");
            let number = self.visitors_seen;
            self.visitors_seen += 1;
            let wanted = match self.manner {
                Manner::Answers => EventFlags::IN,
                // Its end is noticed all the same.
                Manner::Dead => EventFlags::RDHUP,
            };
            epoll::add(&self.epoll, &stream, EventData::new_u64(number), wanted).expect("a socket");
            let visitor = Visitor {
                stream,
                received: Vec::new(),
                expected: None,
            };
            self.visitors.insert(number, visitor);
        }
    }

    /// Reads what there is. Closing the socket takes it out of the epoll.
    fn hear(&mut self, number: u64, chunk: &mut [u8]) {
        let Some(visitor) = self.visitors.get_mut(&number) else {
            return;
        };
        let read = match (self.manner, visitor.stream.read(chunk)) {
            (_, Err(error)) if error.kind() == io::ErrorKind::WouldBlock => return,
            (Manner::Dead, _) | (_, Ok(0) | Err(_)) => {
                self.visitors.remove(&number);
                return;
            }
            (Manner::Answers, Ok(read)) => read,
        };
        self.shared.bytes.fetch_add(read, Ordering::SeqCst);
        visitor.received.extend_from_slice(&chunk[..read]);
        while let Some(webhook) = visitor.take_webhook() {
            let at = now();
            self.shared.last_at.store(at.as_nanos(), Ordering::SeqCst);
            self.shared.webhooks.fetch_add(1, Ordering::SeqCst);
            let host = host_in(&webhook).unwrap_or_default();
            // Past what is kept nobody looks.
            let _ = self.record.try_send(Arrival { at, host });
            if visitor.stream.write_all(YES).is_err() {
                self.visitors.remove(&number);
                return;
            }
        }
    }
}

impl Visitor {
    /// The webhook, once all of it has come.
    fn take_webhook(&mut self) -> Option<Vec<u8>> {
        if self.expected.is_none() {
            let head = find(&self.received, b"\r\n\r\n")? + 4;
            self.expected = Some(head + body_length(&self.received[..head]));
        }
        let length = self
            .expected
            .filter(|length| self.received.len() >= *length)?;
        self.expected = None;
        let rest = self.received.split_off(length);
        Some(std::mem::replace(&mut self.received, rest))
    }
}

fn listen() -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

fn body_length(head: &[u8]) -> usize {
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let length = head.lines().find_map(|line| {
        let value = line.strip_prefix("content-length: ")?;
        value.parse().ok()
    });
    length.expect("both daemons say how long a body is")
}

/// The digits behind the first `host-` of a label.
fn host_in(webhook: &[u8]) -> Option<usize> {
    let at = find(webhook, b"\"host-")? + 6;
    let digits = webhook.get(at..at + 7)?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn find(text: &[u8], word: &[u8]) -> Option<usize> {
    text.windows(word.len()).position(|window| window == word)
}
