//! A seeded source of random choices, so that a failure is reproducible.

/// Makes choices, by the generator SplitMix64.
#[derive(Debug)]
pub struct Choices(u64);

impl Choices {
    /// The same choices for the same seed.
    pub fn seeded(seed: u64) -> Choices {
        Choices(seed)
    }

    /// A number below `bound`, which is not 0.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^= bits >> 31;
        let bound = u64::try_from(bound).expect("a bound is a small number");
        usize::try_from(bits % bound).expect("what is below a small number is small")
    }

    /// True in `percent` of a hundred cases.
    pub fn happens(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of these.
    pub fn one_of<'a, T: ?Sized>(&mut self, all: &[&'a T]) -> &'a T {
        all[self.below(all.len())]
    }

    /// Each of these with this likelihood, in their order.
    pub fn some_of<'a, T: ?Sized>(&mut self, all: &[&'a T], percent: usize) -> Vec<&'a T> {
        let mut chosen = all.to_vec();
        chosen.retain(|_| self.happens(percent));
        chosen
    }
}
