//! The accept thread: takes connections in, within the cap, and sends them away at the end.
//!
//! Owns the listeners and the registry. One thread serves all listeners, because the registry has
//! one owner and needs no lock then. It waits in poll(2) for a listener or for the word to stop;
//! an error of accept(2) makes it wait a moment for that word alone, and never ends it.

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

/// Pause after an error of accept(2) that will not go away at once, such as too many open files.
const BACK_OFF: Duration = Duration::from_millis(100);

/// How long a new connection waits for the idle one that makes room for it; a thread that was
/// woken needs far less.
const ROOM_WAIT: Duration = Duration::from_secs(1);

/// At most one line of trouble is logged in this time: it comes by the thousand.
const TROUBLE_QUIET: Duration = Duration::from_secs(10);

/// How long connections may take to end once they have been shut down.
const END_WAIT: Duration = Duration::from_secs(1);

/// Takes connections in.
pub(super) struct Acceptor {
    pub(super) listeners: Vec<TcpListener>,
    pub(super) shared: Arc<Shared>,
    /// The most connections at once.
    pub(super) capacity: usize,
    /// Closed at the other end to say that the front door closes.
    pub(super) wake: UnixStream,
    /// Says until when requests under way may take.
    pub(super) drain: Receiver<Mono>,
    /// A word that some connection has ended since one was last looked for; room for one.
    pub(super) ended: (Sender<()>, Receiver<()>),
    pub(super) registry: Registry,
    /// Connections taken in so far; names their threads.
    pub(super) accepted: u64,
    /// Until when further trouble is not worth a log line.
    pub(super) quiet_until: Mono,
}

enum Event {
    Stop,
    /// Listeners, by index, that have a connection.
    Ready(Vec<usize>),
}

impl Acceptor {
    /// Serves until the front door closes; then sees all connections end.
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

    /// Lets connections wait in the backlog for a moment.
    fn back_off(&mut self) {
        let pause = Timespec::try_from(BACK_OFF).expect("a fraction of a second fits");
        // Cut short by the word to stop, which the next round finds; an error shortens the pause.
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
                // There is no way to say it in TLS without keeping the connection for a while.
                return;
            }
            refuse(&stream);
            return;
        }
        // Without it a small answer in two segments waits for the peer's acknowledgement.
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

    /// Makes room for one more connection, at the cost of the one that is idle the longest.
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

    /// Ends the connection that is idle the longest; says whether there was one, and it ended.
    fn end_one_idle(&mut self) -> bool {
        self.registry.forget_ended();
        let open = self.registry.len();
        let deadline = self.shared.clock.mono() + ROOM_WAIT;
        self.registry.evict_longest_idle() && self.await_fewer_than(open, deadline)
    }

    /// Waits until fewer than `count` connections are open; says whether that came true.
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
            log::warn!("left {left} connections behind that did not end in time");
        }
    }
}

/// The body of a connection's thread.
fn serve(presence: &Presence) {
    let Some(connection) = &presence.connection else {
        return;
    };
    let serve = || connection::serve(connection, &presence.shared);
    if catch_unwind(AssertUnwindSafe(serve)).is_err() {
        presence.shared.metrics.panic_contained("conn");
    }
}

/// A connection's place among the open ones; dropped when its thread ends, or could not start.
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
        // The socket closes before the word goes out: whoever hears it finds room.
        self.connection = None;
        self.shared.metrics.connections_changed(-1);
        self.shared.open.fetch_sub(1, Ordering::Relaxed);
        // If the slot is taken, a word is on its way already.
        let _ = self.ended.try_send(());
    }
}

/// Says no without waiting for the peer: the answer fits into the socket's buffer, and what the
/// peer has sent already is read so that closing does not throw the answer away.
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
