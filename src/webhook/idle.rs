//! Connections that are open and have nothing to do.
//!
//! ureq has a pool of its own, which looks at every connection it keeps, once for each host, twice a
//! request, under one lock: 0.3 ms a request with fifty receivers and three hundred connections. It is
//! told to keep none, and what it lets go comes here.
//!
//! Owns which connections are kept, how many and how long, and which one serves next: the one that was
//! used last, so that those that are not needed grow old. The lock is held only to look. Part of the seam
//! to ureq. Runs on send threads.

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

/// Idle connections that are kept: as many as there can be uses for at a time.
#[derive(Clone, Copy, Debug)]
pub struct KeptConnections {
    /// In all.
    pub total: usize,
    /// To one scheme, host and port.
    pub per_host: usize,
}

/// The idle connections of one agent.
pub struct Idle {
    most: KeptConnections,
    clock: Clock,
    kept: Mutex<Kept>,
}

/// Which requests a connection can serve.
type Key = (Scheme, Authority);

#[derive(Default)]
struct Kept {
    /// Of each endpoint those that were used last stand last. There are no empty queues.
    queues: HashMap<Key, VecDeque<Resting>>,
    total: usize,
    /// When it was looked last for those that are too old.
    swept_at: Mono,
}

struct Resting {
    transport: AnswerTransport,
    since: Mono,
}

impl Idle {
    /// None so far, and at most so many.
    pub fn new(most: KeptConnections, clock: Clock) -> Self {
        Idle {
            most,
            clock,
            kept: Mutex::default(),
        }
    }

    /// A connection that serves requests to `uri`: one that is kept, else one that `open` makes.
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
            // Closed here, after the lock, if it does not serve any more.
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
        // Closed after the lock.
        drop(surplus);
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // Each change is complete in itself, so a panic elsewhere leaves it sound.
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

    /// Keeps `resting`, and gives back what is too much then.
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

/// A connection in use, which goes back where it came from when ureq would keep it.
#[derive(Debug)]
pub struct Leased {
    /// Only ever missing while it is dropped.
    transport: Option<AnswerTransport>,
    home: Option<(Arc<Idle>, Key)>,
    /// The answer was read to its end, and the connection can serve again.
    is_done: bool,
}

impl Leased {
    /// A connection that serves one request.
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

    /// ureq asks only as it puts a connection away, and then drops it, since it keeps none. One that must
    /// be closed it drops without asking.
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
