//! What is known of hosts: their addresses, which of them worked, and whether what was said of them
//! still holds.
//!
//! A name is looked up when a connection is to be made, by threads of its own, because the operating
//! system's lookup can hang for as long as it likes. They are made when a name waits and end when none
//! does. All who want the same name at the same time share one lookup, and each waits no longer than
//! its own deadline. Names that nobody waits for any more are not looked up.
//!
//! What was found serves for a moment. When a connection to a host fails, all that is known of it is
//! forgotten: the receiver may have moved. While names cannot be looked up, what was found earlier and
//! has not failed since goes on serving: that DNS is down is often what there is to tell.
//!
//! Owns the memory of hosts and the lookup threads. The lock is held only to look into the memory.
//! Called by all send threads.

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

/// Asks for the addresses of a name. May hang.
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

/// Whether a connection that was made to a host at one time can be relied on: until another one fails.
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

    /// The connection has just proved good.
    pub fn renew(&mut self) {
        self.seen = self.faults.load(Ordering::Relaxed);
    }
}

/// Looks host names up, by way of the host's own resolver (hosts file, search domains, DNS).
#[derive(Debug)]
pub struct Resolver {
    shared: Arc<Shared>,
}

struct Shared {
    known: Mutex<Known>,
    /// A lookup has ended.
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
    /// One that asks the operating system.
    pub fn new(clock: Clock) -> Self {
        Resolver::asking(clock, ask_operating_system)
    }

    /// One that asks by `ask`.
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

    /// Sees to it that `host` is looked up, or will be once a thread is free.
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
                // One that is there already comes to it.
                Err(_) => {}
            }
        }
        known.host(host).is_asked = true;
        known.queue.push_back(host.to_owned());
        Ok(())
    }

    /// Notes that `address` of `host` has taken a connection.
    pub fn worked(&self, host: &str, address: IpAddr) {
        let mut known = self.shared.known();
        let entry = known.host(host);
        entry.worked = Some(address);
        entry.avoided = entry.avoided.filter(|avoided| *avoided != address);
    }

    /// Notes that a connection to `host` has failed, or could not be made. What is known of it is
    /// forgotten, and idle connections to it are not to be relied on.
    pub fn failed(&self, host: &str) {
        let mut known = self.shared.known();
        if let Some(entry) = known.hosts.get_mut(host) {
            entry.found = None;
            entry.avoided = entry.worked.take().or(entry.avoided);
            entry.faults.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// What a connection to `host` that is made now can be relied on by.
    pub fn trust(&self, host: &str) -> Trust {
        let mut trust = Trust {
            faults: Arc::clone(&self.shared.known().host(host).faults),
            seen: 0,
        };
        trust.renew();
        trust
    }

    /// Lets nobody wait any longer, for good.
    pub fn hang_up(&self) {
        self.shared.known().is_hung_up = true;
        self.shared.answered.notify_all();
    }
}

impl Shared {
    /// The loop of a lookup thread: while names wait, it looks one up after the other.
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
        // Each change of the memory is complete in itself, so a panic elsewhere leaves it sound.
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

/// What is known of all hosts.
#[derive(Debug, Default)]
struct Known {
    hosts: BTreeMap<String, Host>,
    /// Names that wait for a lookup thread. There are no more than send threads.
    queue: VecDeque<String>,
    threads: usize,
    uses: u64,
    is_hung_up: bool,
}

/// What is known of one.
#[derive(Debug, Default)]
struct Host {
    /// The addresses that were found last, unless a connection has failed since, and when that was.
    found: Option<(Vec<IpAddr>, Mono)>,
    /// Why the last lookup failed, and when that was.
    error: Option<(LookupError, Mono)>,
    /// A lookup is under way, or waits for a thread.
    is_asked: bool,
    /// Send threads that wait for it.
    waiting: usize,
    /// The address that has taken the last connection.
    worked: Option<IpAddr>,
    /// The one that failed last after it had worked.
    avoided: Option<IpAddr>,
    /// Connections that have failed.
    faults: Arc<AtomicU64>,
    /// The number of its last use.
    used_at: u64,
}

impl Known {
    /// What is known of `host`. If that is nothing, it takes the place of the host that was left alone
    /// the longest.
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

    /// Somebody does not wait for `host` any more. If nobody else does, it need not be looked up.
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
    /// What the last lookup said, if that was only now.
    fn fresh(&self, now: Mono) -> Option<Lookup> {
        if let Some((error, at)) = &self.error
            && now.since(*at) < limits::LOOKUP_FAILURE_AGE
        {
            return Some(self.old(now).ok_or_else(|| error.clone()));
        }
        let (addresses, at) = self.found.as_ref()?;
        (now.since(*at) < limits::ADDRESS_AGE).then(|| Ok(self.in_order(addresses)))
    }

    /// What was found earlier, for as long as names cannot be looked up.
    fn old(&self, now: Mono) -> Option<Vec<IpAddr>> {
        let (addresses, at) = self.found.as_ref()?;
        (now.since(*at) < limits::ADDRESS_AGE_AT_MOST).then(|| self.in_order(addresses))
    }

    /// Until when a lookup is waited for that was wanted when the wait `began`.
    fn wait_until(&self, began: Mono, deadline: Mono) -> Mono {
        match self.old(began) {
            Some(_) => deadline.min(began + limits::LOOKUP_PATIENCE),
            None => deadline,
        }
    }

    /// The families in turn, as the resolver has sorted them; first the address that has worked, last
    /// the one that has failed.
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

/// `addresses` with the two families in turn (RFC 8305, 4).
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
