//! The open connections, and which of them are idle and may be evicted.
//!
//! Owns the list of open connections. Only the accept thread holds the list. The accept thread and a
//! connection's thread share one atomic, so neither waits for a lock. The list does not keep sockets
//! open: a socket closes when the thread that serves it ends.

use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use crate::model::Mono;

/// The value of `idle_since` while a request is under way.
const BUSY: u64 = u64::MAX;

/// The value of `idle_since` after the idle connection was shut down.
const EVICTED: u64 = u64::MAX - 1;

/// One open connection. It is idle from the moment it waits for a request until the first byte.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) stream: TcpStream,
    pub(super) peer: SocketAddr,
    /// Nanoseconds of [`Mono`], or [`BUSY`] or [`EVICTED`].
    idle_since: AtomicU64,
}

/// Whether a connection may serve the request whose first byte has arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Awake {
    /// The connection may serve the request.
    Yes,
    /// The connection was shut down in the meantime. The request is not read, so the sender can safely send
    /// it again on another connection.
    Evicted,
}

impl Connection {
    /// A connection that is idle since `now`.
    pub(super) fn new(stream: TcpStream, peer: SocketAddr, now: Mono) -> Self {
        Connection {
            stream,
            peer,
            idle_since: AtomicU64::new(now.as_nanos()),
        }
    }

    /// Marks the connection idle from `now` on.
    pub(super) fn rest(&self, now: Mono) {
        self.idle_since.store(now.as_nanos(), Ordering::SeqCst);
    }

    /// Marks the connection busy, unless it has been evicted. Called at the first byte of a request.
    pub(super) fn wake(&self) -> Awake {
        match self.idle_since.swap(BUSY, Ordering::SeqCst) {
            EVICTED => Awake::Evicted,
            _ => Awake::Yes,
        }
    }

    fn idle_since(&self) -> Option<u64> {
        let since = self.idle_since.load(Ordering::SeqCst);
        (since < EVICTED).then_some(since)
    }

    fn evict(&self, since: u64) -> bool {
        let won = self
            .idle_since
            .compare_exchange(since, EVICTED, Ordering::SeqCst, Ordering::SeqCst)
            .is_ok();
        if won {
            self.shut();
        }
        won
    }

    fn shut(&self) {
        // An error means that the peer closed the connection first.
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}

/// The open connections.
#[derive(Debug, Default)]
pub(super) struct Registry {
    connections: Vec<Weak<Connection>>,
}

impl Registry {
    /// Adds an open connection.
    pub(super) fn add(&mut self, connection: &Arc<Connection>) {
        self.connections.push(Arc::downgrade(connection));
    }

    /// The number of listed connections, including those that ended since [`Self::forget_ended`].
    pub(super) fn len(&self) -> usize {
        self.connections.len()
    }

    /// Removes the connections that have ended.
    pub(super) fn forget_ended(&mut self) {
        self.connections
            .retain(|connection| connection.strong_count() > 0);
    }

    /// Shuts down the connection that has been idle the longest. False if none is idle.
    pub(super) fn evict_longest_idle(&mut self) -> bool {
        let live = self.connections.iter().filter_map(Weak::upgrade);
        let mut idle: Vec<_> = live
            .filter_map(|connection| Some((connection.idle_since()?, connection)))
            .collect();
        idle.sort_unstable_by_key(|(since, _)| *since);
        // The first may have received a request just now; then the next one is tried.
        idle.iter()
            .any(|(since, connection)| connection.evict(*since))
    }

    /// Shuts down all idle connections.
    pub(super) fn evict_all_idle(&mut self) {
        for connection in self.connections.iter().filter_map(Weak::upgrade) {
            if let Some(since) = connection.idle_since() {
                connection.evict(since);
            }
        }
    }

    /// Shuts down all connections, busy or idle.
    pub(super) fn shut_all(&mut self) {
        for connection in self.connections.iter().filter_map(Weak::upgrade) {
            connection.shut();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    /// Connections that are idle since these nanoseconds, all with one peer.
    fn idle_since(times: &[u64]) -> (Registry, Vec<Arc<Connection>>) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let peer = listener.local_addr().expect("it is bound");
        let connect = |since: &u64| {
            let stream = TcpStream::connect(peer).expect("it listens");
            Arc::new(Connection::new(stream, peer, Mono::from_nanos(*since)))
        };
        let connections: Vec<_> = times.iter().map(connect).collect();
        let mut registry = Registry::default();
        for connection in &connections {
            registry.add(connection);
        }
        (registry, connections)
    }

    #[test]
    fn the_connection_that_is_idle_the_longest_is_shut_down_first() {
        let (mut registry, connections) = idle_since(&[30, 10, 20, 40]);
        connections[1].rest(Mono::from_nanos(50));
        assert_eq!(connections[3].wake(), Awake::Yes);
        let mut gone = Vec::new();
        while registry.evict_longest_idle() {
            let is_new = |at: &usize| !gone.contains(at) && connections[*at].idle_since().is_none();
            gone.extend([0, 1, 2].into_iter().find(is_new));
        }
        assert_eq!(gone, [2, 0, 1], "and not the one with a request");
        assert_eq!(connections[2].wake(), Awake::Evicted);
    }

    #[test]
    fn connections_that_have_ended_are_forgotten() {
        let (mut registry, mut connections) = idle_since(&[1, 2]);
        connections.pop();
        registry.forget_ended();
        assert_eq!(registry.len(), 1);
    }
}
