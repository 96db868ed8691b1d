//! The receiver's thread: accepts, reads, and answers, at once or later. It waits for all its sockets
//! and for the next answer that is due in one place.

use std::collections::{HashMap, HashSet, VecDeque};
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crossbeam_channel::Sender;
use rustix::buffer::spare_capacity;
use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};

use alertwheel::model::Mono;

use super::throttle::Gate;
use super::{Arrival, Manner, Shared};
use crate::time::now;

/// Bytes read at a time.
const CHUNK: usize = 256 * 1024;

/// The listener among the sockets that are waited for; connections count from 0.
const LISTENER: u64 = u64::MAX;

const YES: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
const YES_AND_NO_MORE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// The thread's own.
pub struct Door {
    epoll: OwnedFd,
    listener: TcpListener,
    visitors: HashMap<u64, Visitor>,
    visitors_seen: u64,
    manner: Manner,
    gate: Option<Gate>,
    /// Answers that are due later, and when; all wait equally long, so the first is due first.
    later: VecDeque<(Mono, Answer)>,
    /// Hosts whose webhook was taken, and those whose sender was also answered.
    seen: HashSet<usize>,
    told: HashSet<usize>,
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

/// The yes to a webhook.
#[derive(Clone, Copy)]
struct Answer {
    visitor: u64,
    host: usize,
}

impl Door {
    pub fn new(
        listener: TcpListener,
        manner: Manner,
        shared: Arc<Shared>,
        record: Sender<Arrival>,
    ) -> Self {
        let gate = match manner {
            Manner::Throttles(throttle) => Some(Gate::new(throttle, now())),
            _ => None,
        };
        Door {
            epoll: epoll::create(CreateFlags::CLOEXEC).expect("an epoll"),
            listener,
            visitors: HashMap::new(),
            visitors_seen: 0,
            manner,
            gate,
            later: VecDeque::new(),
            seen: HashSet::new(),
            told: HashSet::new(),
            shared,
            record,
        }
    }

    pub fn run(mut self) {
        let data = EventData::new_u64(LISTENER);
        epoll::add(&self.epoll, &self.listener, data, EventFlags::IN).expect("a socket");
        let mut events = Vec::with_capacity(1024);
        let mut chunk = vec![0; CHUNK];
        while !self.shared.is_closing.load(Ordering::SeqCst) {
            events.clear();
            let limit = self.time_left();
            match epoll::wait(&self.epoll, spare_capacity(&mut events), limit.as_ref()) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => panic!("waiting for sockets: {error}"),
            }
            for event in &events {
                match event.data.u64() {
                    LISTENER => self.accept(),
                    visitor => self.hear(visitor, &mut chunk),
                }
            }
            self.answer_what_is_due();
        }
    }

    /// How long until the next answer is due; for ever if there is none.
    fn time_left(&self) -> Option<Timespec> {
        let (due_at, _) = self.later.front()?;
        let left = due_at.since(now());
        Some(Timespec {
            tv_sec: left.as_secs().try_into().expect("seconds"),
            tv_nsec: left.subsec_nanos().into(),
        })
    }

    fn answer_what_is_due(&mut self) {
        while let Some((_, answer)) = self.later.pop_front_if(|(due_at, _)| *due_at <= now()) {
            self.say_yes(answer);
        }
    }

    fn accept(&mut self) {
        while let Ok((stream, _)) = self.listener.accept() {
            self.shared.connections.fetch_add(1, Ordering::SeqCst);
            let open = self.shared.open.fetch_add(1, Ordering::SeqCst) + 1;
            self.shared.most_open.fetch_max(open, Ordering::SeqCst);
            stream.set_nonblocking(true).expect("a socket");
            // An answer shall not wait for an acknowledgement.
            stream.set_nodelay(true).expect("a socket");
            let number = self.visitors_seen;
            self.visitors_seen += 1;
            let wanted = match self.manner {
                // Its end is noticed all the same.
                Manner::Dead => EventFlags::RDHUP,
                _ => EventFlags::IN,
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

    /// Reads what there is.
    fn hear(&mut self, number: u64, chunk: &mut [u8]) {
        let Some(visitor) = self.visitors.get_mut(&number) else {
            return;
        };
        let read = match (self.manner, visitor.stream.read(chunk)) {
            (_, Err(error)) if error.kind() == io::ErrorKind::WouldBlock => return,
            (Manner::Dead, _) | (_, Ok(0) | Err(_)) => return self.part_with(number),
            (_, Ok(read)) => read,
        };
        self.shared.bytes.fetch_add(read, Ordering::SeqCst);
        visitor.received.extend_from_slice(&chunk[..read]);
        while let Some(visitor) = self.visitors.get_mut(&number)
            && let Some(webhook) = visitor.take_webhook()
        {
            self.take_in(number, &webhook);
        }
    }

    fn take_in(&mut self, visitor: u64, webhook: &[u8]) {
        let at = now();
        let host = host_in(webhook).unwrap_or_default();
        self.shared.last_at.store(at.as_nanos(), Ordering::SeqCst);
        self.shared.webhooks.fetch_add(1, Ordering::SeqCst);
        // Past what is kept nobody looks.
        let _ = self.record.try_send(Arrival { at, host });
        if let (Manner::Throttles(throttle), Some(gate)) = (self.manner, &mut self.gate)
            && !gate.takes(at)
        {
            self.shared.refused.fetch_add(1, Ordering::SeqCst);
            self.write(visitor, &throttle.refusal());
            return;
        }
        if self.seen.insert(host) {
            let last = &self.shared.last_new_at;
            last.store(at.as_nanos(), Ordering::SeqCst);
        }
        let answer = Answer { visitor, host };
        match self.manner {
            Manner::After(latency) => self.later.push_back((at + latency, answer)),
            _ => self.say_yes(answer),
        }
    }

    /// Answers, if the sender is still there: one that gave up was not told.
    fn say_yes(&mut self, answer: Answer) {
        let is_last = self.manner == Manner::Closes;
        let text = if is_last { YES_AND_NO_MORE } else { YES };
        if !self.write(answer.visitor, text) {
            return;
        }
        if is_last {
            self.part_with(answer.visitor);
        }
        if self.told.insert(answer.host) {
            let last = &self.shared.last_told_at;
            last.store(now().as_nanos(), Ordering::SeqCst);
            self.shared.told.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Writes to a visitor; says whether that was possible.
    fn write(&mut self, visitor: u64, text: &str) -> bool {
        let Some(there) = self.visitors.get_mut(&visitor) else {
            return false;
        };
        let is_written = there.stream.write_all(text.as_bytes()).is_ok();
        if !is_written {
            self.part_with(visitor);
        }
        is_written
    }

    /// Closes the socket, which takes it out of the epoll.
    fn part_with(&mut self, visitor: u64) {
        if self.visitors.remove(&visitor).is_some() {
            self.shared.open.fetch_sub(1, Ordering::SeqCst);
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
