//! The pool of idle connections.
//!
//! ureq has its own pool, which checks every kept connection, once for each host, twice a request, under one
//! lock: 0.3 ms a request with 50 receivers and 300 connections. That pool is configured to keep none, and
//! connections that ureq releases come to this pool.
//!
//! Owns which connections are kept, how many and how long, and which one is used next: the most recently
//! used one, so that surplus connections reach their age limit. The lock is held only for a lookup. Part of
//! the interface to ureq. Runs on send threads.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ureq::Error;
use ureq::http::Uri;
use ureq::http::uri::{Authority, Scheme};
use ureq::unversioned::transport::{Buffers, NextTimeout, Transport};

use super::answer::AnswerTransport;
use crate::clock::Clock;
use crate::limits;
use crate::model::Mono;

/// Maximum numbers of idle connections: as many as can be in use at a time.
#[derive(Clone, Copy, Debug)]
pub struct KeptConnections {
    /// Maximum number in all.
    pub total: usize,
    /// Maximum number to one scheme, host and port.
    pub per_host: usize,
}

/// The idle connections of one agent.
pub struct Idle {
    most: KeptConnections,
    clock: Clock,
    kept: Mutex<Kept>,
}

/// The endpoint of a connection. A connection can serve requests with the same key.
type Key = (Scheme, Authority);

#[derive(Default)]
struct Kept {
    /// The idle connections of each endpoint, the most recently used last. No queue is empty.
    queues: HashMap<Key, VecDeque<Resting>>,
    total: usize,
    /// The time of the last sweep for connections that are too old.
    swept_at: Mono,
}

struct Resting {
    transport: AnswerTransport,
    since: Mono,
}

impl Idle {
    /// An empty pool with these maximum numbers.
    pub fn new(most: KeptConnections, clock: Clock) -> Self {
        Idle {
            most,
            clock,
            kept: Mutex::default(),
        }
    }

    /// A connection for requests to `uri`: an idle one, or a new one made by `open`.
    pub fn serve(
        self: &Arc<Self>,
        uri: &Uri,
        open: impl FnOnce() -> Result<AnswerTransport, Error>,
    ) -> Result<Leased, Error> {
        let key = key_of(uri);
        let kept = key.as_ref().and_then(|key| self.take(key));
        Ok(Leased {
            transport: Some(kept.map_or_else(open, Ok)?),
            home: key.map(|key| (Arc::clone(self), key)),
            is_done: false,
        })
    }

    fn take(&self, key: &Key) -> Option<AnswerTransport> {
        let now = self.clock.mono();
        loop {
            // A useless connection is closed here, after the lock is released.
            let mut resting = self.kept().pop(key)?;
            if !resting.is_old(now) && resting.transport.is_open() {
                return Some(resting.transport);
            }
        }
    }

    fn put(&self, key: Key, transport: AnswerTransport) {
        let since = self.clock.mono();
        let surplus = {
            let mut kept = self.kept();
            kept.push(key, Resting { transport, since }, self.most)
        };
        // Surplus connections are closed after the lock is released.
        drop(surplus);
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // A panic cannot leave the pool half updated, so poisoning is ignored.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn pop(&mut self, key: &Key) -> Option<Resting> {
        let queue = self.queues.get_mut(key)?;
        let resting = queue.pop_back();
        if queue.is_empty() {
            self.queues.remove(key);
        }
        self.total -= 1;
        resting
    }

    /// Adds `resting`, and returns the connections to close: those that are too many or too old.
    fn push(&mut self, key: Key, resting: Resting, most: KeptConnections) -> Vec<Resting> {
        let mut surplus = Vec::new();
        let now = resting.since;
        let queue = self.queues.entry(key).or_default();
        queue.push_back(resting);
        self.total += 1;
        if queue.len() > most.per_host {
            surplus.extend(queue.pop_front());
        }
        if now.since(self.swept_at) >= limits::IDLE_CONNECTION / 4 {
            self.swept_at = now;
            self.sweep(now, &mut surplus);
        }
        self.total -= surplus.len();
        if self.total > most.total {
            surplus.extend(self.pop_oldest());
        }
        surplus
    }

    fn sweep(&mut self, now: Mono, old: &mut Vec<Resting>) {
        for queue in self.queues.values_mut() {
            while queue.front().is_some_and(|resting| resting.is_old(now)) {
                old.extend(queue.pop_front());
            }
        }
        self.queues.retain(|_, queue| !queue.is_empty());
    }

    fn pop_oldest(&mut self) -> Option<Resting> {
        let queues = self.queues.iter_mut();
        let oldest = queues.min_by_key(|(_, queue)| queue.front().map(|resting| resting.since));
        let (key, queue) = oldest?;
        let resting = queue.pop_front();
        if queue.is_empty() {
            let key = key.clone();
            self.queues.remove(&key);
        }
        self.total -= 1;
        resting
    }
}

impl Resting {
    fn is_old(&self, now: Mono) -> bool {
        now.since(self.since) >= limits::IDLE_CONNECTION
    }
}

/// A connection in use. Dropping it returns it to its pool if ureq has found it reusable.
#[derive(Debug)]
pub struct Leased {
    /// The connection; `None` only during the drop.
    transport: Option<AnswerTransport>,
    home: Option<(Arc<Idle>, Key)>,
    /// Whether the answer was read to its end and the connection is reusable.
    is_done: bool,
}

impl Leased {
    /// A connection that serves one request and is closed after it.
    pub fn once(transport: AnswerTransport) -> Self {
        Leased {
            transport: Some(transport),
            home: None,
            is_done: false,
        }
    }

    fn transport(&mut self) -> &mut AnswerTransport {
        self.transport.as_mut().expect("it is not being dropped")
    }
}

impl Transport for Leased {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.transport().buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.transport().transmit_output(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.transport().await_input(timeout)
    }

    /// ureq calls this only when it releases a connection, and then drops it, because its own pool keeps
    /// none. A connection that must be closed is dropped without this call.
    fn is_open(&mut self) -> bool {
        self.is_done = self.transport().is_open();
        self.is_done
    }

    fn is_tls(&self) -> bool {
        self.transport.as_ref().is_some_and(Transport::is_tls)
    }
}

impl Drop for Leased {
    fn drop(&mut self) {
        let transport = self.transport.take().filter(|_| self.is_done);
        if let (Some((idle, key)), Some(transport)) = (self.home.take(), transport) {
            idle.put(key, transport);
        }
    }
}

impl fmt::Debug for Idle {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Idle")
    }
}

fn key_of(uri: &Uri) -> Option<Key> {
    Some((uri.scheme()?.clone(), uri.authority()?.clone()))
}

#[cfg(test)]
mod tests;
