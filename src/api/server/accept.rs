//! The accept thread: accepts connections up to the cap, and closes them all at a stop.
//!
//! Owns the listeners and the registry. One thread serves all listeners, so the registry has one owner
//! and needs no lock. The thread waits in poll(2) for a listener or for the stop signal. After an error
//! of accept(2) it waits for the stop signal alone, for a moment; such an error never ends it.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::Shared;
use super::connection;
use super::gate::Gate;
use super::head::Version;
use super::refused::Refused;
use super::registry::{Connection, Registry};
use crate::model::Mono;
use crate::telemetry::metrics::Refusal;
use crate::threads::{self, CONNECTION_STACK};

/// The backoff after an error of accept(2) that does not go away at once, such as too many open files.
const BACK_OFF: Duration = Duration::from_millis(100);

/// How long a new connection waits for an evicted idle connection to end. The woken thread of the evicted
/// connection needs far less.
const ROOM_WAIT: Duration = Duration::from_secs(1);

/// At most one error is logged in this time, because errors come by the thousand.
const TROUBLE_QUIET: Duration = Duration::from_secs(10);

/// How long connections may take to end once they have been shut down.
const END_WAIT: Duration = Duration::from_secs(1);

/// Accepts connections and starts a thread for each.
pub(super) struct Acceptor {
    pub(super) listeners: Vec<TcpListener>,
    pub(super) shared: Arc<Shared>,
    /// The most connections at once.
    pub(super) capacity: usize,
    /// The stop signal: the HTTP server closes the other end when it stops.
    pub(super) wake: UnixStream,
    /// The deadline for requests under way, sent at a stop.
    pub(super) drain: Receiver<Mono>,
    /// The notice that a connection has ended since the registry was last searched. Holds one message.
    pub(super) ended: (Sender<()>, Receiver<()>),
    pub(super) registry: Registry,
    /// Connections accepted so far; the number is part of the name of a connection's thread.
    pub(super) accepted: u64,
    /// Until when further errors are not logged.
    pub(super) quiet_until: Mono,
}

enum Event {
    Stop,
    /// The indices of the listeners that have a connection to accept.
    Ready(Vec<usize>),
}

impl Acceptor {
    /// Accepts connections until the HTTP server stops; then waits for all connections to end.
    pub(super) fn run(mut self) {
        while let Event::Ready(listeners) = self.wait() {
            for index in listeners {
                self.accept_from(index);
            }
        }
        self.close();
    }

    fn wait(&mut self) -> Event {
        let mut waited_for = vec![PollFd::new(&self.wake, PollFlags::IN)];
        let listeners = self.listeners.iter();
        waited_for.extend(listeners.map(|listener| PollFd::new(listener, PollFlags::IN)));
        let failure = match poll(&mut waited_for, None) {
            Ok(_) => None,
            Err(Errno::INTR) => return Event::Ready(Vec::new()),
            Err(error) => Some(error),
        };
        let is_ready = |waited: &PollFd<'_>| !waited.revents().is_empty();
        if failure.is_none() && is_ready(&waited_for[0]) {
            return Event::Stop;
        }
        let ready = waited_for[1..].iter().enumerate();
        let ready = ready.filter(|(_, waited)| is_ready(waited));
        let ready = ready.map(|(index, _)| index).collect();
        if let Some(error) = failure {
            self.note_trouble("failed to wait for connections", &error.into());
            self.back_off();
            return Event::Ready(Vec::new());
        }
        Event::Ready(ready)
    }

    fn accept_from(&mut self, index: usize) {
        match self.listeners[index].accept() {
            Ok((stream, peer)) => self.admit(stream, peer),
            Err(error) if concerns_one_connection(error.kind()) => {}
            Err(error) => {
                self.note_trouble("failed to accept a connection", &error);
                if !is_out_of_files(&error) || !self.end_one_idle() {
                    self.back_off();
                }
            }
        }
    }

    /// Waits for [`BACK_OFF`], while new connections stay in the backlog.
    fn back_off(&mut self) {
        let pause = Timespec::try_from(BACK_OFF).expect("a fraction of a second fits");
        // The stop signal ends the pause early, and the next round finds it; an error shortens the pause.
        let _ = poll(&mut [PollFd::new(&self.wake, PollFlags::IN)], Some(&pause));
    }

    fn note_trouble(&mut self, what: &str, error: &io::Error) {
        let now = self.shared.clock.mono();
        if now >= self.quiet_until {
            log::error!("{what}: {error}");
            self.quiet_until = now + TROUBLE_QUIET;
        }
    }

    fn admit(&mut self, stream: TcpStream, peer: SocketAddr) {
        if !self.make_room() {
            self.shared.metrics.refused(Refusal::TooManyConnections);
            if self.shared.gate.as_ref().is_some_and(Gate::speaks_tls) {
                // A refusal in TLS would need a handshake, which keeps the connection for a while.
                return;
            }
            refuse(&stream);
            return;
        }
        // Without TCP_NODELAY a small answer in two segments waits for the peer's acknowledgement.
        let _ = stream.set_nodelay(true);
        let connection = Arc::new(Connection::new(stream, peer, self.shared.clock.mono()));
        self.registry.add(&connection);
        let presence = Presence::new(connection, &self.shared, self.ended.0.clone());
        self.accepted += 1;
        let name = format!("conn-{}", self.accepted);
        if let Err(error) = threads::spawn(name, CONNECTION_STACK, move || serve(&presence)) {
            self.shared.metrics.refused(Refusal::TooManyConnections);
            self.note_trouble("failed to start a thread for a connection", &error);
        }
    }

    /// Makes room for one more connection, if need be by evicting the one that has been idle the longest.
    fn make_room(&mut self) -> bool {
        if self.registry.len() < self.capacity {
            return true;
        }
        self.registry.forget_ended();
        if self.registry.len() < self.capacity {
            return true;
        }
        self.end_one_idle()
    }

    /// Evicts the connection that has been idle the longest. True if there was one and it ended in time.
    fn end_one_idle(&mut self) -> bool {
        self.registry.forget_ended();
        let open = self.registry.len();
        let deadline = self.shared.clock.mono() + ROOM_WAIT;
        self.registry.evict_longest_idle() && self.await_fewer_than(open, deadline)
    }

    /// Waits until fewer than `count` connections are open; false if `deadline` passes first.
    fn await_fewer_than(&mut self, count: usize, deadline: Mono) -> bool {
        loop {
            self.registry.forget_ended();
            if self.registry.len() < count {
                return true;
            }
            let left = deadline.since(self.shared.clock.mono());
            if self.ended.1.recv_timeout(left).is_err() {
                return false;
            }
        }
    }

    fn close(mut self) {
        self.listeners.clear();
        let now = self.shared.clock.mono();
        let deadline = self.drain.try_recv().unwrap_or(now);
        self.registry.evict_all_idle();
        if self.await_fewer_than(1, deadline) {
            return;
        }
        self.registry.shut_all();
        let deadline = self.shared.clock.mono() + END_WAIT;
        if !self.await_fewer_than(1, deadline) {
            let left = self.registry.len();
            log::warn!("{left} connections did not close in time and were abandoned");
        }
    }
}

/// The main function of a connection's thread. Counts a panic.
fn serve(presence: &Presence) {
    let Some(connection) = &presence.connection else {
        return;
    };
    let serve = || connection::serve(connection, &presence.shared);
    if catch_unwind(AssertUnwindSafe(serve)).is_err() {
        presence.shared.metrics.panic_contained("conn");
    }
}

/// One connection in the count of open ones. Dropped when its thread ends or could not start.
struct Presence {
    connection: Option<Arc<Connection>>,
    shared: Arc<Shared>,
    ended: Sender<()>,
}

impl Presence {
    fn new(connection: Arc<Connection>, shared: &Arc<Shared>, ended: Sender<()>) -> Self {
        shared.metrics.connections_changed(1);
        shared.open.fetch_add(1, Ordering::Relaxed);
        Presence {
            connection: Some(connection),
            shared: Arc::clone(shared),
            ended,
        }
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        // The socket closes before the notice is sent, so a thread that gets the notice finds room.
        self.connection = None;
        self.shared.metrics.connections_changed(-1);
        self.shared.open.fetch_sub(1, Ordering::Relaxed);
        // If the channel is full, a notice is already pending.
        let _ = self.ended.try_send(());
    }
}

/// Refuses a connection without waiting for the peer. The answer fits into the socket's buffer. Data that
/// the peer has already sent is read, because closing with unread data would discard the answer.
fn refuse(mut stream: &TcpStream) {
    let refused = Refused::too_many_connections();
    if stream.set_nonblocking(true).is_err() {
        return;
    }
    let _ = stream.write_all(&refused.to_bytes(Version::Http11, "unknown", &[]));
    let _ = stream.shutdown(Shutdown::Write);
    let _ = stream.read(&mut [0; 4096]);
}

fn concerns_one_connection(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::WouldBlock | ErrorKind::Interrupted | ErrorKind::ConnectionAborted
    )
}

fn is_out_of_files(error: &io::Error) -> bool {
    let errno = Errno::from_io_error(error);
    matches!(errno, Some(Errno::MFILE | Errno::NFILE))
}
