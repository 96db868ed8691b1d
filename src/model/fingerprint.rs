//! The identity of a label set, and maps keyed by it.
//!
//! Owns the FNV-1a hash that Alertmanager uses for fingerprints (§2.4). Any client can compute it, so the
//! maps hash it once more, with a secret key. Pure.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hasher;

use super::keyed_hash::HashKey;

/// The 64-bit identity of a label set: equal labels have equal fingerprints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub u64);

impl fmt::Display for Fingerprint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:016x}", self.0)
    }
}

/// A map keyed by fingerprint, whose order of iteration depends only on its hash key and its history.
pub type FingerprintMap<V> = HashMap<Fingerprint, V, HashKey>;

/// FNV-1a with 64 bits.
#[derive(Clone, Copy, Debug)]
pub struct Fnv1a(u64);

impl Fnv1a {
    /// The hash of the empty input.
    pub const fn new() -> Self {
        Fnv1a(0xcbf2_9ce4_8422_2325)
    }

    /// The hash of the input so far followed by `bytes`.
    #[must_use]
    pub fn update(mut self, bytes: &[u8]) -> Self {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        self
    }

    /// The hash of the input so far.
    pub const fn finish(self) -> u64 {
        self.0
    }
}

impl Hasher for Fnv1a {
    fn write(&mut self, bytes: &[u8]) {
        *self = self.update(bytes);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl Default for Fnv1a {
    fn default() -> Self {
        Self::new()
    }
}
