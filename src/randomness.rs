//! Draws random numbers from the host; no other file does.
//!
//! Owns no state. All other code gets random numbers as values, so that a test can repeat a run with the
//! same values. Called on main and on the journal's threads.

use std::hash::{BuildHasher, RandomState};

use crate::model::HashKey;

/// An unpredictable number of 64 bits.
pub fn draw() -> u64 {
    // The standard library draws a key from the host once per thread and increments it for each
    // `RandomState`. An output of SipHash under one key reveals nothing about the next.
    RandomState::new().hash_one(0_u64)
}

/// An unpredictable hash key, different in each process.
pub fn hash_key() -> HashKey {
    HashKey::of([draw(), draw(), draw()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_keys_are_the_same() {
        assert_ne!(draw(), draw());
        assert!(hash_key() != hash_key());
    }
}
