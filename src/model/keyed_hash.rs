//! Hashing with a secret key.
//!
//! Owns the hasher of every map whose keys come from outside. Fingerprints are public: a client can choose
//! labels whose fingerprints fall into one bucket of a map with a known hash function, and then each look-up
//! walks past all of them. Here the bucket also depends on a secret key. The key is a value: the daemon draws
//! one at the start, the simulator passes its own. With the same key and the same history, a map has the same
//! order in every process. Pure.

use std::hash::{BuildHasher, Hasher};

/// A key, which builds the hashers that use it. It has no `Default`: the code that creates a map must supply
/// the key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct HashKey {
    start: u64,
    factors: [u64; 2],
}

impl HashKey {
    /// The key of these numbers, which must be random if input comes from outside.
    pub const fn of(secret: [u64; 3]) -> Self {
        let [start, first, second] = secret;
        HashKey {
            start,
            // An even factor would lose bits, and a factor of zero all bits.
            factors: [first | 1, second | 1],
        }
    }

    /// A key for reproducible runs.
    pub const fn seeded(seed: u64) -> Self {
        // Digits of pi turn any seed into a good key.
        HashKey::of([
            seed ^ 0x243f_6a88_85a3_08d3,
            seed.rotate_left(21) ^ 0x1319_8a2e_0370_7344,
            seed.rotate_left(42) ^ 0xa409_3822_299f_31d0,
        ])
    }

    /// The hash of a sequence of texts. It depends on the boundaries between the texts.
    pub fn hash_texts<'a>(&self, texts: impl IntoIterator<Item = &'a str>) -> u64 {
        let mut hasher = self.build_hasher();
        for text in texts {
            hasher.write(text.as_bytes());
        }
        hasher.finish()
    }
}

/// Hides the key from logs and panics.
impl std::fmt::Debug for HashKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("HashKey")
    }
}

impl BuildHasher for HashKey {
    type Hasher = KeyedHasher;

    fn build_hasher(&self) -> KeyedHasher {
        KeyedHasher {
            state: self.start,
            factors: self.factors,
        }
    }
}

/// Mixes each word with the state, multiplies by a secret factor and folds the product: a few cycles per
/// word, where SipHash takes tens. It resists attackers who cannot see hashes, and no hash is ever shown.
#[derive(Clone, Copy)]
pub struct KeyedHasher {
    state: u64,
    factors: [u64; 2],
}

impl Hasher for KeyedHasher {
    /// Hashes also the length, so that sequences of texts with the same concatenation differ.
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.write_u64(u64::from_le_bytes(*word));
        }
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        self.write_u64(u64::from_le_bytes(last));
        self.write_u64(bytes.len() as u64);
    }

    fn write_u8(&mut self, value: u8) {
        self.write_u64(u64::from(value));
    }

    fn write_u32(&mut self, value: u32) {
        self.write_u64(u64::from(value));
    }

    fn write_u64(&mut self, value: u64) {
        self.state = fold(self.state ^ value, self.factors[0]);
    }

    fn write_usize(&mut self, value: usize) {
        self.write_u64(value as u64);
    }

    fn finish(&self) -> u64 {
        fold(self.state, self.factors[1])
    }
}

/// Combines both halves of the product: each bit of the result depends on all bits of both factors.
fn fold(one: u64, other: u64) -> u64 {
    let product = u128::from(one) * u128::from(other);
    (product as u64) ^ ((product >> 64) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: [HashKey; 2] = [HashKey::seeded(1), HashKey::seeded(0x4528_21e6_38d0_1377)];

    /// The most of these numbers that share their place in a table of as many buckets.
    fn fullest_bucket(key: HashKey, numbers: impl Iterator<Item = u64>, bits: u32) -> usize {
        let mut buckets = vec![0; 1 << bits];
        for number in numbers {
            buckets[(key.hash_one(number) & ((1 << bits) - 1)) as usize] += 1;
        }
        buckets.into_iter().max().expect("a bucket")
    }

    #[test]
    fn numbers_that_share_their_low_bits_or_their_high_ones_fill_all_buckets() {
        const BITS: u32 = 12;
        for key in KEYS {
            for shift in 0..=64 - BITS {
                let numbers = (0..1 << BITS).map(|number: u64| 0x5a5 ^ number << shift);
                // Of 4096 balls in as many bins the fullest holds some seven.
                let most = fullest_bucket(key, numbers, BITS);
                assert!(most < 20, "{most} in one bucket, shifted by {shift}");
            }
        }
    }

    #[test]
    fn numbers_that_share_a_bucket_under_one_key_do_not_under_another() {
        const BITS: u32 = 12;
        let shares = |number: &u64| KEYS[0].hash_one(number) & 0xfff == 0x123;
        let crowd: Vec<u64> = (0..).filter(shares).take(200).collect();
        assert_eq!(fullest_bucket(KEYS[0], crowd.iter().copied(), BITS), 200);
        assert!(fullest_bucket(KEYS[1], crowd.into_iter(), BITS) < 10);
    }

    #[test]
    fn texts_that_are_cut_elsewhere_or_end_in_zeros_differ() {
        let hash = |texts: &[&str]| KEYS[0].hash_texts(texts.iter().copied());
        assert_ne!(hash(&["ab", "c"]), hash(&["a", "bc"]));
        assert_ne!(hash(&["a"]), hash(&["a\0"]));
        assert_ne!(hash(&["", "a"]), hash(&["a", ""]));
        assert_eq!(hash(&["12345678", "9"]), hash(&["12345678", "9"]));
    }

    #[test]
    fn a_key_is_not_shown() {
        assert_eq!(format!("{:?}", KEYS[0]), "HashKey");
    }
}
