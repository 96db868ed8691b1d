//! Chance, from a seed: what happens in a random world, and when.

use std::time::Duration;

/// Chance, from a seed.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// The same seed gives the same chances.
    pub fn seeded(seed: u64) -> Self {
        Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// 64 bits (xorshift).
    pub fn bits(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.bits() % bound.max(1)
    }

    /// True with this probability. Never asks chance where there is none.
    pub fn happens(&mut self, probability: f64) -> bool {
        probability > 0.0 && (self.bits() >> 11) as f64 / (1_u64 << 53) as f64 <= probability
    }

    /// A span up to `limit`.
    pub fn up_to(&mut self, limit: Duration) -> Duration {
        let nanoseconds = u64::try_from(limit.as_nanos()).expect("spans of a test are short");
        Duration::from_nanos(self.below(nanoseconds + 1))
    }
}
