//! Resolves host names, with a cache of addresses and of their health.
//!
//! Separate threads look names up, because the operating system's lookup can hang indefinitely. A lookup
//! thread starts when a name waits and ends when no name waits. Send threads that want the same name at the
//! same time share one lookup, and each waits only up to its own deadline. A name for which no thread waits
//! any more is not looked up.
//!
//! A result is valid for a short time. After a failed connection to a host its cached state is dropped,
//! because the receiver may have moved. While lookups fail, older addresses stay in use unless a connection
//! to them has failed, because a failure of DNS is often the very thing to notify about.
//!
//! Owns the cache of hosts and the lookup threads. The lock is held only for a cache lookup. Called by all
//! send threads.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::clock::Clock;
use crate::limits;
use crate::model::Mono;
use crate::threads::{self, CONNECTION_STACK};

/// The addresses of a host in the order in which they are to be tried, or why there are none.
pub type Lookup = Result<Vec<IpAddr>, LookupError>;

/// The lookup of the addresses of a name. May hang.
type Ask = dyn Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync;

/// A lookup that found nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookupError {
    host: Arc<str>,
    cause: Arc<str>,
}

impl fmt::Display for LookupError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "lookup {}: {}", self.host, self.cause)
    }
}

impl std::error::Error for LookupError {}

/// Whether a connection to a host may be reused: until another connection to that host fails.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    faults: Arc<AtomicU64>,
    seen: u64,
}

impl Trust {
    /// Whether no connection to the host has failed since.
    pub fn holds(&self) -> bool {
        self.faults.load(Ordering::Relaxed) == self.seen
    }

    /// Notes that the connection has just worked.
    pub fn renew(&mut self) {
        self.seen = self.faults.load(Ordering::Relaxed);
    }
}

/// Looks up host names with the system's resolver (hosts file, search domains, DNS).
#[derive(Debug)]
pub struct Resolver {
    shared: Arc<Shared>,
}

struct Shared {
    known: Mutex<Known>,
    /// Signalled when a lookup has ended.
    answered: Condvar,
    clock: Clock,
    ask: Box<Ask>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Shared")
    }
}

impl Resolver {
    /// A resolver that uses the operating system's lookup.
    pub fn new(clock: Clock) -> Self {
        Resolver::asking(clock, ask_operating_system)
    }

    /// A resolver that uses `ask` for lookups.
    pub fn asking(
        clock: Clock,
        ask: impl Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync + 'static,
    ) -> Self {
        let shared = Shared {
            known: Mutex::default(),
            answered: Condvar::new(),
            clock,
            ask: Box::new(ask),
        };
        Resolver {
            shared: Arc::new(shared),
        }
    }

    /// The addresses of the name `host`, at least one. Waits until `deadline` at the latest.
    pub fn find(&self, host: &str, deadline: Mono) -> Lookup {
        let mut known = self.shared.known();
        known.host(host).waiting += 1;
        let (mut known, lookup) = self.wait(known, host, deadline);
        known.leave(host);
        lookup
    }

    fn wait<'a>(
        &'a self,
        mut known: MutexGuard<'a, Known>,
        host: &str,
        deadline: Mono,
    ) -> (MutexGuard<'a, Known>, Lookup) {
        let shared = &*self.shared;
        let began = shared.clock.mono();
        let mut now = began;
        let lookup = loop {
            if known.is_hung_up {
                break Err(error(host, "the daemon is stopping"));
            }
            let entry = known.host(host);
            if let Some(lookup) = entry.fresh(now) {
                break lookup;
            }
            // With older addresses at hand the wait is short, else it lasts until the deadline.
            let (old, until) = (entry.old(now), entry.wait_until(began, deadline));
            if now >= until {
                break old.ok_or_else(|| error(host, "no answer in time"));
            }
            if let Err(fault) = self.request(&mut known, host) {
                break old.ok_or_else(|| error(host, &format!("no thread for it: {fault}")));
            }
            let waited = shared.answered.wait_timeout(known, until.since(now));
            known = waited.unwrap_or_else(PoisonError::into_inner).0;
            now = shared.clock.mono();
        };
        (known, lookup)
    }

    /// Queues a lookup of `host`, and starts another lookup thread if the limit allows.
    fn request(&self, known: &mut Known, host: &str) -> io::Result<()> {
        let entry = known.host(host);
        if entry.is_asked {
            return Ok(());
        }
        if known.threads < limits::LOOKUP_THREADS {
            let shared = Arc::clone(&self.shared);
            let spawned = threads::spawn("lookup", CONNECTION_STACK, move || shared.look_up());
            match spawned {
                Ok(_) => known.threads += 1,
                Err(fault) if known.threads == 0 => return Err(fault),
                // A running lookup thread takes it from the queue.
                Err(_) => {}
            }
        }
        known.host(host).is_asked = true;
        known.queue.push_back(host.to_owned());
        Ok(())
    }

    /// Notes that a connection to `address` of `host` was made.
    pub fn worked(&self, host: &str, address: IpAddr) {
        let mut known = self.shared.known();
        let entry = known.host(host);
        entry.worked = Some(address);
        entry.avoided = entry.avoided.filter(|avoided| *avoided != address);
    }

    /// Notes that a connection to `host` has failed or could not be made. Drops the cached state of `host`,
    /// and makes its idle connections unusable.
    pub fn failed(&self, host: &str) {
        let mut known = self.shared.known();
        if let Some(entry) = known.hosts.get_mut(host) {
            entry.found = None;
            entry.avoided = entry.worked.take().or(entry.avoided);
            entry.faults.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The [`Trust`] of a connection to `host` that is made now.
    pub fn trust(&self, host: &str) -> Trust {
        let mut trust = Trust {
            faults: Arc::clone(&self.shared.known().host(host).faults),
            seen: 0,
        };
        trust.renew();
        trust
    }

    /// Ends all waits for lookups, for good.
    pub fn hang_up(&self) {
        self.shared.known().is_hung_up = true;
        self.shared.answered.notify_all();
    }
}

impl Shared {
    /// The loop of a lookup thread: looks up the queued names one after the other until none is left.
    fn look_up(&self) {
        let mut known = self.known();
        while let Some(host) = known.queue.pop_front() {
            drop(known);
            let result = (self.ask)(&host);
            known = self.known();
            known.learn(&host, result, self.clock.mono());
            self.answered.notify_all();
        }
        known.threads -= 1;
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // A panic cannot leave the cache half updated, so poisoning is ignored.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn ask_operating_system(host: &str) -> io::Result<Vec<IpAddr>> {
    let addresses = (host, 0).to_socket_addrs()?;
    Ok(addresses.map(|address| address.ip()).collect())
}

fn error(host: &str, cause: &str) -> LookupError {
    LookupError {
        host: host.into(),
        cause: cause.into(),
    }
}

/// The cache of all hosts, and the queue of lookups.
#[derive(Debug, Default)]
struct Known {
    hosts: BTreeMap<String, Host>,
    /// Names that wait for a lookup thread; at most as many as there are send threads.
    queue: VecDeque<String>,
    threads: usize,
    uses: u64,
    is_hung_up: bool,
}

/// The cached state of one host.
#[derive(Debug, Default)]
struct Host {
    /// The addresses found last, and when; `None` once a connection has failed since.
    found: Option<(Vec<IpAddr>, Mono)>,
    /// The error of the last lookup, and when it failed.
    error: Option<(LookupError, Mono)>,
    /// Whether a lookup is under way or waits for a thread.
    is_asked: bool,
    /// The number of send threads that wait for the lookup.
    waiting: usize,
    /// The address of the last successful connection.
    worked: Option<IpAddr>,
    /// The last address that failed after it had worked.
    avoided: Option<IpAddr>,
    /// The number of failed connections.
    faults: Arc<AtomicU64>,
    /// The number of the last use of this host, for eviction.
    used_at: u64,
}

impl Known {
    /// The cached state of `host`. A new host evicts the least recently used one if the cache is full.
    fn host(&mut self, host: &str) -> &mut Host {
        self.uses += 1;
        if !self.hosts.contains_key(host) {
            if self.hosts.len() >= limits::HOST_NAMES {
                self.forget_the_oldest();
            }
            self.hosts.insert(host.to_owned(), Host::default());
        }
        let entry = self.hosts.get_mut(host).expect("it is there now");
        entry.used_at = self.uses;
        entry
    }

    fn forget_the_oldest(&mut self) {
        let idle = self.hosts.iter();
        let idle = idle.filter(|(_, entry)| entry.waiting == 0 && !entry.is_asked);
        let oldest = idle.min_by_key(|(_, entry)| entry.used_at);
        if let Some(host) = oldest.map(|(host, _)| host.clone()) {
            self.hosts.remove(&host);
        }
    }

    fn learn(&mut self, host: &str, result: io::Result<Vec<IpAddr>>, now: Mono) {
        let Some(entry) = self.hosts.get_mut(host) else {
            return;
        };
        entry.is_asked = false;
        let cause = match result {
            Ok(addresses) if addresses.is_empty() => "no address".to_owned(),
            Ok(addresses) => {
                entry.found = Some((addresses, now));
                entry.error = None;
                return;
            }
            Err(error) => error.to_string(),
        };
        entry.error = Some((error(host, &cause), now));
    }

    /// Notes that one thread no longer waits for `host`. Drops the queued lookup if no other thread waits.
    fn leave(&mut self, host: &str) {
        let Some(entry) = self.hosts.get_mut(host) else {
            return;
        };
        entry.waiting -= 1;
        if entry.waiting == 0 && entry.is_asked {
            let waits = self.queue.len();
            self.queue.retain(|other| other != host);
            entry.is_asked = self.queue.len() == waits;
        }
    }
}

impl Host {
    /// The result of the last lookup, if it is still fresh.
    fn fresh(&self, now: Mono) -> Option<Lookup> {
        if let Some((error, at)) = &self.error
            && now.since(*at) < limits::LOOKUP_FAILURE_AGE
        {
            return Some(self.old(now).ok_or_else(|| error.clone()));
        }
        let (addresses, at) = self.found.as_ref()?;
        (now.since(*at) < limits::ADDRESS_AGE).then(|| Ok(self.in_order(addresses)))
    }

    /// The addresses found earlier, for use while lookups fail.
    fn old(&self, now: Mono) -> Option<Vec<IpAddr>> {
        let (addresses, at) = self.found.as_ref()?;
        (now.since(*at) < limits::ADDRESS_AGE_AT_MOST).then(|| self.in_order(addresses))
    }

    /// Until when to wait for a lookup, in a wait that `began` at that time.
    fn wait_until(&self, began: Mono, deadline: Mono) -> Mono {
        match self.old(began) {
            Some(_) => deadline.min(began + limits::LOOKUP_PATIENCE),
            None => deadline,
        }
    }

    /// The addresses in the order of the resolver, with the families alternating. The address that has worked
    /// comes first, the one that has failed last.
    fn in_order(&self, addresses: &[IpAddr]) -> Vec<IpAddr> {
        let mut ordered = in_turn(addresses);
        let rank = |address: &IpAddr| match Some(*address) {
            address if address == self.worked => 0,
            address if address == self.avoided => 2,
            _ => 1,
        };
        ordered.sort_by_key(rank);
        ordered.truncate(limits::ADDRESSES_TRIED);
        ordered
    }
}

/// `addresses` with the two families alternating (RFC 8305, section 4).
fn in_turn(addresses: &[IpAddr]) -> Vec<IpAddr> {
    let Some(first) = addresses.first() else {
        return Vec::new();
    };
    let is_first = |address: &&IpAddr| address.is_ipv6() == first.is_ipv6();
    let (one, other): (Vec<&IpAddr>, Vec<&IpAddr>) = addresses.iter().partition(is_first);
    let mut ordered = Vec::with_capacity(addresses.len());
    let (mut one, mut other) = (one.into_iter(), other.into_iter());
    while ordered.len() < addresses.len() {
        ordered.extend(one.next());
        ordered.extend(other.next());
    }
    ordered
}

#[cfg(test)]
mod tests;
