//! The HTTP server: everything between the network and a handler.
//!
//! ```text
//! listeners ─► accept ─► conn-1..N ─ head, body ─► permit ─► handler ─ answer ─► the same conn ─► peer
//! ```
//!
//! Each connection has its own thread. The thread reads with deadlines and limits, parses the request
//! strictly, buffers it whole, runs the handler and writes the answer. The handler runs on the same
//! thread because a hand-over to another thread costs more than most handlers do. tiny_http has no
//! deadlines and no limits: it aborts the process on a large Content-Length, stops accepting for good at
//! the first EMFILE and waits for ever for slow peers. So it never serves the network; it serves
//! `alertwheel listen`, on loopback.
//!
//! Owns listeners, connections and their threads. Never interprets a request. Read in this order:
//! `api::http` (what goes in and out), `connection` (the loop), `head`, `body`, `chunked`, `inflate`,
//! `handler_slots`, `reads`, `wording`, `reply`, `refused`, `wire`; `gate`, `handshake`, `tls`; `accept`,
//! `registry`, `listen`.
//!
//! All channels in here are bounded. The handler's permits: two semaphores of `limits::REQUESTS_HANDLED`,
//! one for GETs and one for all other requests; further requests wait. The notice that a connection
//! ended: one. The drain deadline: one. The passwords being checked: `limits::PASSWORD_CHECKS`; further
//! checks wait. A channel whose send must succeed is never full; on the others a message that does not
//! fit is dropped. The only locks are those of `gate`.

mod accept;
mod body;
mod budget;
mod chunked;
mod connection;
pub(in crate::api) mod fuzz;
mod gate;
mod handler_slots;
mod handshake;
mod head;
mod inflate;
mod limits;
mod listen;
mod method;
mod reads;
mod refused;
mod registry;
mod reply;
mod tls;
mod wire;
mod wording;

#[cfg(test)]
mod tests;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Sender, bounded};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

pub use gate::{Gate, GateError};
pub use limits::Limits;
pub use listen::{bind, inherited};

use accept::Acceptor;
use budget::Budget;
use gate::Guesses;
use handler_slots::HandlerSlots;
use reads::Reads;
use registry::Registry;

use crate::api::http::Handler;
use crate::clock::Clock;
use crate::limits::DESCRIPTOR_RESERVE;
use crate::model::Mono;
use crate::telemetry::metrics::Metrics;
use crate::threads::{self, LOOP_STACK};

/// A running HTTP server. Dropping it closes it without waiting; use [`HttpServer::stop`] to wait for it.
pub struct HttpServer {
    shared: Arc<Shared>,
    addresses: Vec<SocketAddr>,
    acceptor: JoinHandle<()>,
    drain: Sender<Mono>,
    wake: UnixStream,
}

/// What all threads of the HTTP server share.
struct Shared {
    limits: Limits,
    metrics: Arc<Metrics>,
    clock: Clock,
    /// TLS, rate limit and passwords, if there is a web configuration.
    gate: Option<Gate>,
    /// Slows down those who guess secrets that the handler checks.
    guesses: Guesses,
    slots: HandlerSlots,
    /// The permits of GETs, which may take long. They are apart so that GETs cannot hold up posts.
    read_slots: HandlerSlots,
    /// Bounds the memory of request bodies.
    budget: Arc<Budget>,
    /// Bounds the memory of answers. It is apart so that slow readers cannot hold up posts.
    answer_budget: Arc<Budget>,
    /// The number of open connections.
    open: AtomicUsize,
    reads: Reads,
    stopping: AtomicBool,
}

impl Shared {
    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }
}

impl HttpServer {
    /// Takes connections from `listeners`, through `gate` if there is one. Raises the process' limit on
    /// open files as far as the host allows.
    pub fn open(
        listeners: Vec<TcpListener>,
        handler: Arc<dyn Handler>,
        gate: Option<Gate>,
        limits: Limits,
        metrics: Arc<Metrics>,
        clock: Clock,
    ) -> io::Result<HttpServer> {
        let capacity = capacity(&limits, raise_open_files());
        for listener in &listeners {
            listener.set_nonblocking(true)?;
        }
        let addresses = listeners.iter().map(TcpListener::local_addr);
        let addresses = addresses.collect::<io::Result<Vec<_>>>()?;
        let slots = HandlerSlots::new(Arc::clone(&handler), Arc::clone(&metrics));
        let read_slots = HandlerSlots::new(handler, Arc::clone(&metrics));
        let shared = Arc::new(Shared {
            budget: Budget::new(limits.buffered_bytes),
            answer_budget: Budget::new(limits.buffered_bytes),
            reads: Reads::new(limits.concurrent_reads, Arc::clone(&metrics)),
            limits,
            metrics,
            clock,
            gate,
            guesses: Guesses::default(),
            slots,
            read_slots,
            open: AtomicUsize::new(0),
            stopping: AtomicBool::new(false),
        });
        let (wake, woken) = UnixStream::pair()?;
        let (drain, drain_out) = bounded(1);
        let acceptor = Acceptor {
            listeners,
            shared: Arc::clone(&shared),
            capacity,
            wake: woken,
            drain: drain_out,
            ended: bounded(1),
            registry: Registry::default(),
            accepted: 0,
            quiet_until: Mono::START,
        };
        let acceptor = threads::spawn("accept", LOOP_STACK, move || acceptor.run())?;
        Ok(HttpServer {
            shared,
            addresses,
            acceptor,
            drain,
            wake,
        })
    }

    /// The addresses it listens on, in the order of the listeners.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// The number of connections open now.
    pub fn open_connections(&self) -> usize {
        self.shared.open.load(Ordering::Relaxed)
    }

    /// Closes the server: accepts no further connection, ends idle connections at once, and gives requests
    /// under way up to `drain`. Waits for all threads, except those whose handler does not return.
    pub fn stop(self, drain: Duration) {
        let deadline = self.shared.clock.mono() + drain;
        self.shared.stopping.store(true, Ordering::SeqCst);
        // The channel has room: this is the only message ever sent.
        let _ = self.drain.try_send(deadline);
        drop(self.wake);
        if self.acceptor.join().is_err() {
            log::error!("the accept thread panicked");
        }
    }
}

/// The maximum number of connections at once: the configured limit, lowered so that `DESCRIPTOR_RESERVE`
/// descriptors stay free for the rest of the daemon, but never below a quarter of the open files allowed.
fn capacity(limits: &Limits, open_files: Option<u64>) -> usize {
    let Some(open_files) = open_files.and_then(|files| usize::try_from(files).ok()) else {
        return limits.connections;
    };
    let spared = open_files
        .saturating_sub(DESCRIPTOR_RESERVE)
        .max(open_files / 4);
    if spared < limits.connections {
        log::warn!(
            "the limit of {open_files} open files leaves room for {spared} connections, \
             not {}",
            limits.connections
        );
    }
    limits.connections.min(spared)
}

/// Raises the soft limit on open files to the hard limit. Returns the limit in force, `None` if there is
/// none.
fn raise_open_files() -> Option<u64> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: maximum,
        maximum,
    };
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => maximum,
        Err(_) => current,
    }
}
