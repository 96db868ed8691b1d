//! Labels whose fingerprints have the same low bits, which anybody can make up.
//!
//! The low bits of FNV-1a depend on the low bits of what was hashed before alone, and each step can be taken
//! back. So halves of a value are hashed from both ends, and those that meet in the middle are put together.

use std::collections::HashMap;

use alertwheel::model::Labels;

/// Low bits that are equal: four million buckets of a map.
const BITS: u32 = 22;
const MASK: u64 = (1 << BITS) - 1;

const PRIME: u64 = 0x0000_0100_0000_01b3;
const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;

/// Halves that are tried at each end; each pair of them meets once in four million.
const HALVES: u64 = 1 << 20;

/// What the labels are hashed to.
const TARGET: u64 = 0x2a_aaaa & MASK;

/// Values of `alertname` and `instance` for so many alerts with the label `job="hostile"`.
pub fn labels(count: usize) -> Vec<[String; 2]> {
    let mut ends: HashMap<u64, Vec<u64>> = HashMap::new();
    for half in 0..HALVES {
        let end = format!("{half:05x}\u{0}job\u{0}hostile\u{0}");
        ends.entry(back(TARGET, &hashed(&end)))
            .or_default()
            .push(half);
    }
    let mut found = Vec::new();
    for half in 0..HALVES {
        let (name, begin) = (format!("Collide{:02x}", half >> 12), half & 0xfff);
        let text = format!("alertname\u{0}{name}\u{0}instance\u{0}{begin:03x}");
        for end in ends
            .get(&forth(OFFSET, &hashed(&text)))
            .into_iter()
            .flatten()
        {
            found.push([name.clone(), format!("{begin:03x}{end:05x}")]);
            if found.len() == count {
                check(&found);
                return found;
            }
        }
    }
    panic!("{} of {count} label sets found", found.len());
}

/// What is hashed of a text in which zeros stand for the separators.
fn hashed(text: &str) -> Vec<u8> {
    text.bytes()
        .map(|byte| if byte == 0 { 0xff } else { byte })
        .collect()
}

fn forth(hash: u64, bytes: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(PRIME) & MASK;
    bytes.iter().fold(hash & MASK, step)
}

fn back(hash: u64, bytes: &[u8]) -> u64 {
    let inverse = inverse_of_prime();
    let step = |hash: u64, byte: &u8| (hash.wrapping_mul(inverse) ^ u64::from(*byte)) & MASK;
    bytes.iter().rev().fold(hash, step)
}

/// Newton's way to an inverse: each turn doubles the low bits that are right, of which an odd number has
/// three to begin with.
fn inverse_of_prime() -> u64 {
    (0..5).fold(PRIME, |inverse, _| {
        inverse.wrapping_mul(2_u64.wrapping_sub(PRIME.wrapping_mul(inverse)))
    })
}

fn check(found: &[[String; 2]]) {
    for [name, instance] in found.iter().step_by(1000) {
        let pairs = [
            ("alertname", name.as_str()),
            ("instance", instance),
            ("job", "hostile"),
        ];
        let print = Labels::from_pairs(pairs).fingerprint();
        assert_eq!(print.0 & MASK, TARGET, "{name} {instance}");
    }
}
