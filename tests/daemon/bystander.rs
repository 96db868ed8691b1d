//! A well-behaved client beside misbehaving ones: it posts, reads, and records how long it waits.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use alertwheel::threads::{self, CONNECTION_STACK};

use crate::client::{Client, Reply, get, post};
use crate::time::{millis, now, wait_until};

/// Pause between requests.
const PAUSE: Duration = millis(5);

/// Requests that are answered before others are held to have left it in peace.
const ENOUGH_REQUESTS: usize = 20;

/// A client that runs beside the test.
pub struct Bystander {
    stop: Sender<()>,
    thread: JoinHandle<Served>,
    answered: Arc<AtomicUsize>,
}

/// How it was served.
#[derive(Clone, Copy, Debug, Default)]
pub struct Served {
    /// Requests that were answered as they should.
    pub requests: usize,
    /// The longest that one took, a new connection included where one was needed; for people to read,
    /// since it depends on the host.
    pub worst: Duration,
}

impl Bystander {
    /// Starts asking the daemon at `address`.
    pub fn watch(address: SocketAddr) -> Self {
        let (stop, stopped) = bounded(0);
        let answered = Arc::<AtomicUsize>::default();
        let counter = Arc::clone(&answered);
        let run = move || ask_until(&stopped, address, &counter);
        let thread = threads::spawn("bystander", CONNECTION_STACK, run).expect("a thread");
        Bystander {
            stop,
            thread,
            answered,
        }
    }

    /// Sees that it is served from now on, whatever others do.
    pub fn wait_until_served_on(&self) {
        let enough = self.answered.load(Ordering::Relaxed) + ENOUGH_REQUESTS;
        wait_until("a bystander is served", || {
            self.thread.is_finished() || self.answered.load(Ordering::Relaxed) >= enough
        });
    }

    /// Stops, and tells how it was served; panics if a request was not answered with 200.
    pub fn ask_how_it_was(self) -> Served {
        drop(self.stop);
        self.thread.join().expect("the bystander was served")
    }
}

fn ask_until(stopped: &Receiver<()>, address: SocketAddr, answered: &AtomicUsize) -> Served {
    let alert = br#"[{"labels":{"alertname":"Bystander","quiet":"yes"}}]"#;
    let requests = [post("/api/v2/alerts", alert), get("/-/ready")];
    let mut client = None;
    let mut served = Served::default();
    while stopped.recv_timeout(PAUSE) == Err(RecvTimeoutError::Timeout)
        || served.requests < ENOUGH_REQUESTS
    {
        let asked_at = now();
        let request = &requests[served.requests % requests.len()];
        let reply = ask(&mut client, address, request);
        assert_eq!(reply.status, 200, "{}{}", reply.head, reply.text());
        served.requests += 1;
        answered.fetch_add(1, Ordering::Relaxed);
        served.worst = served.worst.max(now().since(asked_at));
    }
    served
}

/// Asks as clients do: a kept connection that turns out to be closed is replaced.
fn ask(kept: &mut Option<Client>, address: SocketAddr, request: &[u8]) -> Reply {
    if let Some(client) = kept {
        match client.ask(request) {
            Ok(reply) => return reply,
            Err(error) if is_closed(error.kind()) => {}
            Err(error) => panic!("the bystander was not answered: {error}"),
        }
    }
    let fresh = kept.insert(Client::connect(address));
    fresh.ask(request).expect("a new connection is answered")
}

fn is_closed(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe
    )
}
