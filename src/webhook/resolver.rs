//! Host names to addresses, remembered for a short while.
//!
//! Owns the memory of lookups: ureq asks before every request, even when a connection is open
//! already. A lookup runs on the worker that needs it; no thread is made for it, and the lock is
//! held only to look into the map. Used by all send threads.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::clock::Clock;
use crate::limits;
use crate::model::Mono;

/// The addresses of a host, or why there are none.
pub type Lookup = Result<Arc<[IpAddr]>, LookupError>;

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

/// Looks host names up, by way of the host's own resolver (hosts file, search domains, DNS).
#[derive(Debug)]
pub struct Resolver {
    known: Mutex<Known>,
    clock: Clock,
    ask: fn(&str) -> io::Result<Vec<IpAddr>>,
}

impl Resolver {
    /// One that asks the operating system.
    pub fn new(clock: Clock) -> Self {
        Resolver {
            known: Mutex::default(),
            clock,
            ask: ask_operating_system,
        }
    }

    /// The addresses of `host`, at least one: a name, or an address itself with or without the
    /// brackets of a URL. May block for as long as the operating system's resolver does.
    pub fn resolve(&self, host: &str) -> Lookup {
        let bare = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .unwrap_or(host);
        if let Ok(address) = bare.parse::<IpAddr>() {
            return Ok(Arc::new([address]));
        }
        if let Some(lookup) = self.known().find(bare, self.clock.mono()) {
            return lookup;
        }
        let lookup = self.look_up(bare);
        let now = self.clock.mono();
        self.known().learn(bare, lookup.clone(), now);
        lookup
    }

    fn look_up(&self, host: &str) -> Lookup {
        let failure = |cause: &str| LookupError {
            host: host.into(),
            cause: cause.into(),
        };
        let addresses = (self.ask)(host).map_err(|error| failure(&error.to_string()))?;
        if addresses.is_empty() {
            return Err(failure("no address"));
        }
        Ok(addresses.into())
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        // Each change of the map is complete in itself, so a panic elsewhere leaves it sound.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn ask_operating_system(host: &str) -> io::Result<Vec<IpAddr>> {
    let addresses = (host, 0).to_socket_addrs()?;
    Ok(addresses.map(|address| address.ip()).collect())
}

/// What earlier lookups found.
#[derive(Debug, Default)]
struct Known {
    entries: BTreeMap<String, Entry>,
}

#[derive(Debug)]
struct Entry {
    lookup: Lookup,
    until: Mono,
}

impl Known {
    fn find(&self, host: &str, now: Mono) -> Option<Lookup> {
        let entry = self.entries.get(host)?;
        (now < entry.until).then(|| entry.lookup.clone())
    }

    fn learn(&mut self, host: &str, lookup: Lookup, now: Mono) {
        self.entries.retain(|_, entry| now < entry.until);
        if self.entries.len() >= limits::HOST_NAMES {
            self.forget_the_oldest();
        }
        let until = now + age_of(&lookup);
        self.entries
            .insert(host.to_owned(), Entry { lookup, until });
    }

    fn forget_the_oldest(&mut self) {
        let oldest = self.entries.iter().min_by_key(|(_, entry)| entry.until);
        if let Some(host) = oldest.map(|(host, _)| host.clone()) {
            self.entries.remove(&host);
        }
    }
}

fn age_of(lookup: &Lookup) -> Duration {
    match lookup {
        Ok(_) => limits::ADDRESS_AGE,
        Err(_) => limits::LOOKUP_FAILURE_AGE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found() -> Lookup {
        Ok(Arc::new([IpAddr::from([10, 0, 0, 1])]))
    }

    fn not_found() -> Lookup {
        Err(LookupError {
            host: "host".into(),
            cause: "no such name".into(),
        })
    }

    fn second(seconds: u64) -> Mono {
        Mono::START + Duration::from_secs(seconds)
    }

    #[test]
    fn addresses_are_known_for_half_a_minute_and_failures_for_two_seconds() {
        let mut known = Known::default();
        known.learn("good", found(), second(0));
        known.learn("bad", not_found(), second(0));
        assert_eq!(known.find("good", second(29)), Some(found()));
        assert_eq!(known.find("good", second(30)), None);
        assert_eq!(known.find("bad", second(1)), Some(not_found()));
        assert_eq!(known.find("bad", second(2)), None);
    }

    #[test]
    fn a_flood_of_names_pushes_out_the_oldest() {
        let mut known = Known::default();
        for index in 0..limits::HOST_NAMES + 10 {
            let now = second(0) + Duration::from_millis(index as u64);
            known.learn(&format!("host-{index}"), found(), now);
        }
        assert_eq!(known.entries.len(), limits::HOST_NAMES);
        assert_eq!(known.find("host-9", second(1)), None);
        assert_eq!(known.find("host-10", second(1)), Some(found()));
    }

    #[test]
    fn addresses_need_no_lookup_and_names_need_one_only() {
        let resolver = Resolver {
            known: Mutex::default(),
            clock: Clock::start(),
            ask: |host| match host {
                "name" => Ok(vec![IpAddr::from([10, 0, 0, 1])]),
                other => Err(io::Error::other(format!("{other} was looked up"))),
            },
        };
        assert_eq!(
            resolver.resolve("[::1]"),
            Ok(Arc::from([IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1])]))
        );
        assert_eq!(
            resolver.resolve("127.0.0.1"),
            Ok(Arc::from([IpAddr::from([127, 0, 0, 1])]))
        );
        assert_eq!(resolver.resolve("name"), found());
        let resolver = Resolver {
            ask: |_| Err(io::Error::other("asked again")),
            ..resolver
        };
        assert_eq!(resolver.resolve("name"), found());
        let failure = resolver.resolve("other").expect_err("no such name");
        assert_eq!(failure.to_string(), "lookup other: asked again");
    }
}
