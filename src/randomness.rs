//! The only reader of the host's randomness.
//!
//! Owns nothing. What is drawn here goes on as a value, so that everything else can be run again with
//! the same one. Called on main and on the journal's threads.

use std::hash::{BuildHasher, RandomState};

use crate::model::HashKey;

/// Sixty-four bits that nobody can guess.
pub fn draw() -> u64 {
    // The standard library asks the host once for each thread and counts on from there; what comes out
    // of SipHash under such a key tells nothing of the next.
    RandomState::new().hash_one(0_u64)
}

/// A key that no other process has.
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
