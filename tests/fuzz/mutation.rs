//! Seeded changes to bytes.
//!
//! Owns which changes there are, and their order, which is the same in every run.

/// Bytes that mean something to some reader.
const INTERESTING: [&[u8]; 24] = [
    b"\0",
    b"\xff",
    b"\x80",
    b"\x7f",
    b"\xc0",
    b"\r\n",
    b"\n",
    b"\r\n\r\n",
    b" ",
    b"\t",
    b"\"",
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"=~",
    b"0",
    b"18446744073709551616",
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
    b"\\ud800",
    "\u{17f}\u{212a}é".as_bytes(),
];

/// Makes inputs of seeds.
pub struct Mutator<'s> {
    seeds: &'s [Vec<u8>],
    most_bytes: usize,
    state: u64,
}

impl<'s> Mutator<'s> {
    /// Inputs of at most so many bytes.
    pub fn new(seeds: &'s [Vec<u8>], most_bytes: usize) -> Self {
        Mutator {
            seeds,
            most_bytes,
            state: 14,
        }
    }

    /// A seed with one to four changes.
    pub fn next_input(&mut self) -> Vec<u8> {
        let mut input = self.seed().to_vec();
        for _ in 0..=self.below(3) {
            self.change(&mut input);
        }
        input.truncate(self.most_bytes);
        input
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let (begin, end) = self.range(input.len());
        match self.below(7) {
            0 => {
                if let Some(byte) = input.get_mut(begin) {
                    *byte ^= 1 << self.below(7);
                }
            }
            1 => input.truncate(end),
            2 => drop(input.drain(begin..end)),
            3 => {
                let piece = INTERESTING[self.below(INTERESTING.len() - 1)];
                input.splice(begin..begin, piece.iter().copied());
            }
            4 => {
                let piece = INTERESTING[self.below(INTERESTING.len() - 1)];
                input.splice(begin..end, piece.iter().copied());
            }
            5 => {
                let times = 1 + self.below(20);
                let piece = input[begin..end].repeat(times);
                input.splice(begin..begin, piece);
            }
            6 => {
                let seed = self.seed();
                let (begin_there, end_there) = self.range(seed.len());
                input.splice(begin..end, seed[begin_there..end_there].iter().copied());
            }
            _ => input.extend_from_slice(self.seed()),
        }
        // Repeats of repeats would grow without bound.
        input.truncate(self.most_bytes);
    }

    fn seed(&mut self) -> &'s [u8] {
        &self.seeds[self.below(self.seeds.len() - 1)]
    }

    /// Two places, the first no later than the second.
    fn range(&mut self, length: usize) -> (usize, usize) {
        let (one, other) = (self.below(length), self.below(length));
        (one.min(other), one.max(other))
    }

    /// A number from 0 to `most`, by SplitMix64.
    fn below(&mut self, most: usize) -> usize {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        (mixed % (most as u64 + 1)) as usize
    }
}
