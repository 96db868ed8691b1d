//! Checks users' passwords against bcrypt hashes.
//!
//! Owns the bounds on these checks. One check takes tens of milliseconds of one core on purpose, so a
//! semaphore lets `limits::PASSWORD_CHECKS` run at once and further checks wait. Two caches keep the
//! results, as digests under a key of this process, so each pair of user and password is checked once.
//! Right and wrong passwords have separate caches, so guesses evict no right password. Waiting checks
//! queue per user and address. All unknown users of one address share one queue, so a guesser waits only
//! behind other guessers. Never holds a password longer than the request. Runs on connection threads; its
//! locks are held for a lookup.

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};

use super::semaphore::Semaphore;
use crate::limits::{PASSWORD_CHECKS, PASSWORD_WAIT, PASSWORDS_REMEMBERED};

/// The base64 decoder, as lenient about unused trailing bits as Go's.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

type Digest = [u8; 32];

/// The user and password of an Authorization header.
#[derive(PartialEq, Eq)]
pub(super) struct Credentials {
    user: Vec<u8>,
    password: Vec<u8>,
}

impl Credentials {
    /// Parses `Basic` and base64 of `user:password`; `None` for anything else.
    pub(super) fn parse(authorization: &str) -> Option<Self> {
        let (scheme, encoded) = authorization.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let mut user = BASE64.decode(encoded).ok()?;
        let colon = user.iter().position(|byte| *byte == b':')?;
        let password = user.split_off(colon + 1);
        user.truncate(colon);
        Some(Credentials { user, password })
    }
}

/// The result of a password check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The password is the user's.
    Right,
    /// The password is wrong, or there is no such user.
    Wrong,
    /// No permit for a check came free in time.
    Busy,
}

/// Checks passwords, with the caches of results and the semaphores of waiting checks.
#[derive(Debug)]
pub(super) struct Passwords {
    key: hmac::Key,
    right: Memory,
    wrong: Memory,
    lines: Lines,
    checking: Semaphore,
}

impl Passwords {
    /// Empty caches, with a new random key for the digests.
    pub(super) fn new() -> Self {
        let mut secret = Digest::default();
        SystemRandom::new()
            .fill(&mut secret)
            .expect("the host has random numbers, or TLS and tickets would not be safe either");
        Passwords {
            key: hmac::Key::new(hmac::HMAC_SHA256, &secret),
            right: Memory::default(),
            wrong: Memory::default(),
            lines: Lines::default(),
            checking: Semaphore::of(PASSWORD_CHECKS),
        }
    }

    /// Checks `credentials` sent from `peer` against `users`, a map from user to bcrypt hash. An unknown user
    /// takes as long as a known one, so the time does not reveal which users exist.
    pub(super) fn check(
        &self,
        users: &BTreeMap<String, String>,
        credentials: &Credentials,
        peer: IpAddr,
    ) -> Verdict {
        let name = std::str::from_utf8(&credentials.user).ok();
        let known = name.and_then(|name| users.get_key_value(name));
        let Some((name, hash)) = known.or_else(|| users.iter().next()) else {
            return Verdict::Wrong;
        };
        let known_name = known.is_some().then_some(name.as_str());
        let digest = self.digest_of(known_name, credentials, hash);
        if let Some(verdict) = self.remembered(&digest) {
            return verdict;
        }
        let line = self.lines.join(Line::of(known_name, peer));
        let Some(_first_in_line) = line.semaphore.acquire(PASSWORD_WAIT) else {
            return Verdict::Busy;
        };
        let Some(_turn) = self.checking.acquire(PASSWORD_WAIT) else {
            return Verdict::Busy;
        };
        // A request with the same credentials may have been checked while this one waited.
        if let Some(verdict) = self.remembered(&digest) {
            return verdict;
        }
        let fits = bcrypt::verify(&credentials.password, hash).unwrap_or(false);
        if fits && known.is_some() {
            self.right.keep(digest);
            Verdict::Right
        } else {
            self.wrong.keep(digest);
            Verdict::Wrong
        }
    }

    fn remembered(&self, digest: &Digest) -> Option<Verdict> {
        let right = self.right.has(digest).then_some(Verdict::Right);
        right.or_else(|| self.wrong.has(digest).then_some(Verdict::Wrong))
    }

    /// The cache key of `credentials`. The hash is part of it, so a result is not valid after a change of the
    /// password. Whether the user is known is part of it as well, because an unknown user is checked against
    /// another user's hash and may later be added with that same hash.
    fn digest_of(&self, known: Option<&str>, credentials: &Credentials, hash: &str) -> Digest {
        self.digest([
            &[u8::from(known.is_some())],
            credentials.user.as_slice(),
            hash.as_bytes(),
            &credentials.password,
        ])
    }

    fn digest<const N: usize>(&self, parts: [&[u8]; N]) -> Digest {
        let mut context = hmac::Context::with_key(&self.key);
        for part in parts {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        let mut digest = Digest::default();
        digest.copy_from_slice(context.sign().as_ref());
        digest
    }
}

/// The key of a queue: the user, or `None` for all unknown users, and the address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Line {
    user: Option<String>,
    address: IpAddr,
}

impl Line {
    /// The queue of a peer. IPv6 addresses are cut to their /64 network, because a host may use any address
    /// of its network.
    pub(super) fn of(user: Option<&str>, peer: IpAddr) -> Self {
        let address = match peer.to_canonical() {
            IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
            v4 => v4,
        };
        let user = user.map(str::to_owned);
        Line { user, address }
    }
}

/// The queues with at least one waiting check; at most as many as there are connections.
#[derive(Debug, Default)]
pub(super) struct Lines(Mutex<BTreeMap<Line, Arc<Semaphore>>>);

impl Lines {
    /// Joins a queue, which begins with the first to join.
    pub(super) fn join(&self, line: Line) -> Waiting<'_> {
        let mut lines = self.lock();
        let semaphore = lines.entry(line.clone());
        let semaphore = Arc::clone(semaphore.or_insert_with(|| Arc::new(Semaphore::of(1))));
        Waiting {
            lines: self,
            line,
            semaphore,
        }
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Line, Arc<Semaphore>>> {
        // A panic cannot leave the map half updated, so poisoning is ignored.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One check in a queue. The last one to drop removes the queue.
pub(super) struct Waiting<'a> {
    lines: &'a Lines,
    line: Line,
    /// Has one permit, for the first in the queue.
    pub(super) semaphore: Arc<Semaphore>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut lines = self.lines.lock();
        // The map holds one reference and this value another. Others are only made under the lock.
        if Arc::strong_count(&self.semaphore) == 2 {
            lines.remove(&self.line);
        }
    }
}

/// A cache of up to `PASSWORDS_REMEMBERED` digests, the oldest first.
#[derive(Debug, Default)]
struct Memory(Mutex<VecDeque<Digest>>);

impl Memory {
    fn has(&self, digest: &Digest) -> bool {
        self.with(|kept| kept.contains(digest))
    }

    fn keep(&self, digest: Digest) {
        self.with(|kept| {
            if kept.len() >= PASSWORDS_REMEMBERED {
                kept.pop_front();
            }
            kept.push_back(digest);
        });
    }

    fn with<T>(&self, look: impl FnOnce(&mut VecDeque<Digest>) -> T) -> T {
        // A panic cannot leave the list half updated, so poisoning is ignored.
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        look(&mut kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(authorization: &str) -> Option<(String, String)> {
        let credentials = Credentials::parse(authorization)?;
        let text = |bytes| String::from_utf8(bytes).expect("the tests write text");
        Some((text(credentials.user), text(credentials.password)))
    }

    fn pair(user: &str, password: &str) -> Option<(String, String)> {
        Some((user.to_owned(), password.to_owned()))
    }

    #[test]
    fn the_first_colon_ends_the_user() {
        assert_eq!(parsed("Basic Ym9iOmE6Yg=="), pair("bob", "a:b"));
        assert_eq!(parsed("bAsIc Og=="), pair("", ""));
    }

    #[test]
    fn what_is_not_basic_says_nothing() {
        for authorization in [
            "",
            "Basic",
            "Bearer Ym9iOmE=",
            "Basic Ym9i",
            "Basic Ym9iOmE",
            "Basic  Ym9iOmE=",
            "Basic ???",
        ] {
            assert_eq!(parsed(authorization), None, "{authorization:?}");
        }
    }

    #[test]
    fn a_memory_is_bounded_and_forgets_the_oldest() {
        let memory = Memory::default();
        let digest = |number: usize| {
            let mut digest = Digest::default();
            digest[..8].copy_from_slice(&number.to_be_bytes());
            digest
        };
        for number in 0..=PASSWORDS_REMEMBERED {
            memory.keep(digest(number));
        }
        assert!(!memory.has(&digest(0)) && memory.has(&digest(1)));
        assert_eq!(memory.with(|kept| kept.len()), PASSWORDS_REMEMBERED);
    }

    fn credentials(user: &str, password: &str) -> Credentials {
        Credentials {
            user: user.into(),
            password: password.into(),
        }
    }

    #[test]
    fn a_digest_depends_on_user_password_hash_and_process() {
        let passwords = Passwords::new();
        let of = |user: &str, password: &str, hash: &str| {
            passwords.digest_of(Some(user), &credentials(user, password), hash)
        };
        let digest = of("bob", "secret", "hash");
        assert_eq!(digest, of("bob", "secret", "hash"));
        let bob = credentials("bob", "secret");
        let others = [
            of("eve", "secret", "hash"),
            of("bob", "Secret", "hash"),
            of("bob", "secret", "other"),
            of("bobs", "ecret", "hash"),
            passwords.digest_of(None, &bob, "hash"),
            Passwords::new().digest_of(Some("bob"), &bob, "hash"),
        ];
        assert!(!others.contains(&digest));
    }

    #[test]
    fn a_flood_of_guesses_pushes_no_right_password_out() {
        let passwords = Passwords::new();
        let hash = bcrypt::hash("secret", 4).expect("a hash");
        let users = BTreeMap::from([("bob".to_owned(), hash)]);
        let here = IpAddr::from([127, 0, 0, 1]);
        let check = |password: &str| passwords.check(&users, &credentials("bob", password), here);
        assert_eq!(check("secret"), Verdict::Right);
        for number in 0..2 * PASSWORDS_REMEMBERED {
            assert_eq!(check(&format!("guess {number}")), Verdict::Wrong);
        }
        // The test holds the only permit for a check; cached results need none.
        let _taken = passwords.checking.acquire(PASSWORD_WAIT).expect("a permit");
        assert_eq!(check("secret"), Verdict::Right);
        let last = format!("guess {}", 2 * PASSWORDS_REMEMBERED - 1);
        assert_eq!(check(&last), Verdict::Wrong);
    }

    #[test]
    fn a_user_who_is_added_with_the_hash_of_another_is_not_taken_for_a_guess_of_before() {
        let passwords = Passwords::new();
        let hash = bcrypt::hash("secret", 4).expect("a hash");
        let mut users = BTreeMap::from([("bob".to_owned(), hash.clone())]);
        let here = IpAddr::from([127, 0, 0, 1]);
        let eve = credentials("eve", "secret");
        assert_eq!(passwords.check(&users, &eve, here), Verdict::Wrong);
        users.insert("eve".to_owned(), hash);
        assert_eq!(passwords.check(&users, &eve, here), Verdict::Right);
    }

    #[test]
    fn lines_are_by_user_and_by_address_and_are_forgotten() {
        let line = |user, address: &str| Line::of(user, address.parse().expect("an address"));
        let bob = line(Some("bob"), "10.0.0.1");
        assert_eq!(bob, line(Some("bob"), "::ffff:10.0.0.1"));
        assert_ne!(bob, line(Some("bob"), "10.0.0.2"));
        assert_ne!(bob, line(Some("eve"), "10.0.0.1"));
        assert_ne!(bob, line(None, "10.0.0.1"));
        assert_eq!(line(None, "2001:db8::1"), line(None, "2001:db8::2:1"));
        assert_ne!(line(None, "2001:db8::1"), line(None, "2001:db8:0:1::1"));

        let lines = Lines::default();
        let first = lines.join(bob.clone());
        let second = lines.join(bob.clone());
        assert!(Arc::ptr_eq(&first.semaphore, &second.semaphore));
        drop(first);
        assert_eq!(lines.lock().len(), 1);
        drop(second);
        assert_eq!(lines.lock().len(), 0);
    }
}
