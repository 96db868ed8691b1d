//! A webhook receiver that records its notifications and answers by a script.
//!
//! Owns its listener and a thread for each connection. A connection ends when the daemon closes it, the
//! listener when the receiver is dropped.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use crossbeam_channel::{RecvTimeoutError, bounded};
use serde_json::Value;

use alertwheel::model::Mono;
use alertwheel::threads::{self, CONNECTION_STACK};

use crate::time::{PATIENCE, now, pause};

/// Webhooks that may wait for the test to look at them; past that the receiver stops reading.
const RECORDED: usize = 1 << 15;

/// A webhook as it came in.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// When all of it was there.
    pub at: Mono,
    /// Request line and headers.
    pub head: String,
    /// The body.
    pub bytes: Vec<u8>,
    /// What it is answered.
    pub answer: Answer,
}

/// What becomes of a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// 200.
    Yes,
    /// 200, but only after this long.
    YesAfter(Duration),
    /// This status.
    Status(u16),
    /// 429, asking to come back in so many seconds.
    Throttled(u64),
    /// 503, asking the same.
    Unavailable(u64),
    /// None, ever.
    Never,
    /// The connection is closed instead.
    HangUp,
}

/// A receiver that listens.
pub struct Receiver {
    address: SocketAddr,
    webhooks: crossbeam_channel::Receiver<Webhook>,
    shared: Arc<Shared>,
}

struct Shared {
    script: Box<dyn Fn(usize) -> Answer + Send + Sync>,
    record: crossbeam_channel::Sender<Webhook>,
    webhooks: AtomicUsize,
    connections: AtomicUsize,
    is_closing: AtomicBool,
}

impl Webhook {
    /// The body as JSON.
    pub fn body(&self) -> Value {
        serde_json::from_slice(&self.bytes).expect("a webhook is JSON")
    }

    /// What one looks at first: status and reason, and of each alert its status and `instance`.
    pub fn summary(&self) -> String {
        let body = self.body();
        let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        let alerts = body["alerts"].as_array().expect("a list of alerts");
        let alerts = alerts.iter().map(|alert| {
            format!(
                " {}={}",
                text(&alert["labels"]["instance"]),
                text(&alert["status"])
            )
        });
        format!(
            "{}:{}",
            text(&body["notification_reason"]),
            alerts.collect::<String>()
        )
    }
}

impl Receiver {
    /// One that says yes to everything.
    pub fn healthy() -> Self {
        Receiver::scripted(|_| Answer::Yes)
    }

    /// One that answers by the number of the webhook, counted from 0.
    pub fn scripted(script: impl Fn(usize) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound");
        let (record, webhooks) = bounded(RECORDED);
        let shared = Arc::new(Shared {
            script: Box::new(script),
            record,
            webhooks: AtomicUsize::new(0),
            connections: AtomicUsize::new(0),
            is_closing: AtomicBool::new(false),
        });
        let of_listener = Arc::clone(&shared);
        let listen = move || of_listener.listen(&listener);
        threads::spawn("receiver", CONNECTION_STACK, listen).expect("a thread");
        Receiver {
            address,
            webhooks,
            shared,
        }
    }

    /// Where webhooks go.
    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// Host and port, as logs name it.
    pub fn authority(&self) -> String {
        self.address.to_string()
    }

    /// Connections that were opened so far.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// The next webhook; panics if none comes in time.
    pub fn next(&self) -> Webhook {
        let webhook = self.webhooks.recv_timeout(PATIENCE);
        webhook.expect("a webhook should have come")
    }

    /// The webhooks that came and were not looked at yet.
    pub fn so_far(&self) -> Vec<Webhook> {
        self.webhooks.try_iter().collect()
    }

    /// Sees that no webhook comes for a while.
    pub fn expect_silence(&self, span: Duration) {
        match self.webhooks.recv_timeout(span) {
            Err(RecvTimeoutError::Timeout) => {}
            unexpected => panic!("nothing should have come, but {unexpected:?}"),
        }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.shared.is_closing.store(true, Ordering::SeqCst);
        // Wakes the listener, which then sees that it is to end.
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn listen(self: Arc<Self>, listener: &TcpListener) {
        for stream in listener.incoming().flatten() {
            if self.is_closing.load(Ordering::SeqCst) {
                return;
            }
            self.connections.fetch_add(1, Ordering::SeqCst);
            let shared = Arc::clone(&self);
            let serve = move || shared.serve(&stream);
            threads::spawn("receiver-conn", CONNECTION_STACK, serve).expect("a thread");
        }
    }

    fn serve(&self, mut stream: &TcpStream) {
        // An answer shall not wait for an acknowledgement.
        let _ = stream.set_nodelay(true);
        let mut reader = BufReader::new(stream);
        while let Some(mut webhook) = read_webhook(&mut reader) {
            let number = self.webhooks.fetch_add(1, Ordering::SeqCst);
            let answer = (self.script)(number);
            webhook.answer = answer;
            // The test may be over, and what comes then is nobody's.
            let _ = self.record.send(webhook);
            let written = match answer {
                Answer::Yes => write_answer(&mut stream, 200, ""),
                Answer::YesAfter(span) => {
                    pause(span);
                    write_answer(&mut stream, 200, "")
                }
                Answer::Status(status) => write_answer(&mut stream, status, ""),
                Answer::Throttled(seconds) => {
                    write_answer(&mut stream, 429, &format!("Retry-After: {seconds}\r\n"))
                }
                Answer::Unavailable(seconds) => {
                    write_answer(&mut stream, 503, &format!("Retry-After: {seconds}\r\n"))
                }
                // Nothing more comes, so this lasts until the daemon gives up.
                Answer::Never => reader.read_exact(&mut [0]),
                Answer::HangUp => return,
            };
            if written.is_err() {
                return;
            }
        }
    }
}

fn write_answer(stream: &mut impl Write, status: u16, header: &str) -> std::io::Result<()> {
    let text = format!("HTTP/1.1 {status} So\r\nContent-Length: 0\r\n{header}\r\n");
    stream.write_all(text.as_bytes())
}

fn read_webhook(reader: &mut impl BufRead) -> Option<Webhook> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.parse().ok())?
    });
    let mut bytes = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut bytes).ok()?;
    Some(Webhook {
        at: now(),
        head,
        bytes,
        answer: Answer::Yes,
    })
}
