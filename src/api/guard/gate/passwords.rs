//! Whether a user's password is right.
//!
//! Owns two bounds. A check takes tens of milliseconds of one core on purpose, so only
//! `limits::PASSWORD_CHECKS` run at once and the others wait in line; and those that came out well are
//! remembered, as digests under a key of this process, so that each pair of user and password is paid
//! for once. Wrong ones are not remembered: they could push out the right ones. Never holds a password
//! longer than the request. Runs on connection threads; its lock is held for a lookup.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use crossbeam_channel::{Receiver, Sender, bounded};
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};

use crate::limits::{PASSWORD_CHECKS, PASSWORD_WAIT, PASSWORDS_REMEMBERED};

/// As lenient as Go's decoder about bits that nothing hangs on.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

type Digest = [u8; 32];

/// What an Authorization header says.
#[derive(PartialEq, Eq)]
pub(super) struct Credentials {
    user: Vec<u8>,
    password: Vec<u8>,
}

impl Credentials {
    /// Reads `Basic` and base64 of `user:password`; `None` for anything else.
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

/// What became of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The password is the user's.
    Right,
    /// It is not, or there is no such user.
    Wrong,
    /// There was no time to find out.
    Busy,
}

/// Checks passwords.
#[derive(Debug)]
pub(super) struct Passwords {
    key: hmac::Key,
    /// The oldest first.
    right: Mutex<VecDeque<Digest>>,
    /// Full of those who check now.
    checking: (Sender<()>, Receiver<()>),
}

impl Passwords {
    /// Without any memory.
    pub(super) fn new() -> Self {
        let mut secret = Digest::default();
        SystemRandom::new()
            .fill(&mut secret)
            .expect("the host has random numbers, or TLS and tickets would not be safe either");
        Passwords {
            key: hmac::Key::new(hmac::HMAC_SHA256, &secret),
            right: Mutex::default(),
            checking: bounded(PASSWORD_CHECKS),
        }
    }

    /// Checks the password of one of `users`, each of which comes with a bcrypt hash. A user that
    /// does not exist takes as long as one that does.
    pub(super) fn check(
        &self,
        users: &BTreeMap<String, String>,
        credentials: &Credentials,
    ) -> Verdict {
        let name = std::str::from_utf8(&credentials.user).ok();
        let known = name.and_then(|name| users.get(name));
        let Some(hash) = known.or_else(|| users.values().next()) else {
            return Verdict::Wrong;
        };
        let digest = self.digest(credentials, hash);
        if known.is_some() && self.lock().contains(&digest) {
            return Verdict::Right;
        }
        let Some(_turn) = self.await_turn() else {
            return Verdict::Busy;
        };
        // Somebody with the same password may have been before us.
        if known.is_some() && self.lock().contains(&digest) {
            return Verdict::Right;
        }
        let fits = bcrypt::verify(&credentials.password, hash).unwrap_or(false);
        if !fits || known.is_none() {
            return Verdict::Wrong;
        }
        self.remember(digest);
        Verdict::Right
    }

    /// The hash is in it, so that a changed password is not remembered under its user's name.
    fn digest(&self, credentials: &Credentials, hash: &str) -> Digest {
        let mut context = hmac::Context::with_key(&self.key);
        let length = credentials.user.len() as u64;
        context.update(&length.to_be_bytes());
        context.update(&credentials.user);
        context.update(hash.as_bytes());
        context.update(&credentials.password);
        let mut digest = Digest::default();
        digest.copy_from_slice(context.sign().as_ref());
        digest
    }

    fn remember(&self, digest: Digest) {
        let mut right = self.lock();
        if right.len() >= PASSWORDS_REMEMBERED {
            right.pop_front();
        }
        right.push_back(digest);
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Digest>> {
        // A list of digests is whole at any moment.
        self.right.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn await_turn(&self) -> Option<Turn<'_>> {
        let (begin, end) = &self.checking;
        begin.send_timeout((), PASSWORD_WAIT).ok()?;
        Some(Turn(end))
    }
}

/// A check under way.
struct Turn<'a>(&'a Receiver<()>);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        // Takes out what this turn put in.
        let _ = self.0.try_recv();
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
    fn the_memory_of_right_passwords_is_bounded() {
        let passwords = Passwords::new();
        for number in 0..3 * PASSWORDS_REMEMBERED as u64 {
            let mut digest = Digest::default();
            digest[..8].copy_from_slice(&number.to_be_bytes());
            passwords.remember(digest);
        }
        assert_eq!(passwords.lock().len(), PASSWORDS_REMEMBERED);
    }

    #[test]
    fn a_digest_depends_on_user_password_hash_and_process() {
        let of = |user: &str, password: &str| Credentials {
            user: user.into(),
            password: password.into(),
        };
        let passwords = Passwords::new();
        let digest = passwords.digest(&of("bob", "secret"), "hash");
        assert_eq!(digest, passwords.digest(&of("bob", "secret"), "hash"));
        assert_ne!(digest, passwords.digest(&of("eve", "secret"), "hash"));
        assert_ne!(digest, passwords.digest(&of("bob", "Secret"), "hash"));
        assert_ne!(digest, passwords.digest(&of("bob", "secret"), "other"));
        assert_ne!(
            digest,
            Passwords::new().digest(&of("bob", "secret"), "hash")
        );
    }
}
