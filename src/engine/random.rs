//! The engine's only source of randomness: a small generator in its state.
//!
//! PURE. The creator of the engine chooses the seed, so that a run can be repeated exactly.

/// SplitMix64 (Steele, Lea and Flood 2014): one word of state, enough for jitter.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// A generator that yields the same sequence for the same seed.
    pub fn seeded(seed: u64) -> Self {
        Random(seed)
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// A number from 0 up to, but without, 1.
    pub fn fraction(&mut self) -> f64 {
        const BITS: u32 = 53;
        (self.next_u64() >> (64 - BITS)) as f64 / (1_u64 << BITS) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_fill_the_unit_interval_evenly() {
        let mut random = Random::seeded(7);
        let mut tenths = [0_u32; 10];
        for _ in 0..10_000 {
            tenths[(random.fraction() * 10.0) as usize] += 1;
        }
        assert!(
            tenths.iter().all(|count| (800..1200).contains(count)),
            "{tenths:?}"
        );
    }

    #[test]
    fn equal_seeds_give_equal_sequences() {
        let (mut a, mut b) = (Random::seeded(1), Random::seeded(1));
        assert!((0..100).all(|_| a.next_u64() == b.next_u64()));
    }
}
