//! Label signature: a Bloom filter of 64 bits over the pairs of a label set. It excludes most label sets that
//! lack a pair, without reading them.
//!
//! PURE. Owns the bits. Searching two hundred thousand label sets for one costs as many waits for memory, but
//! their signatures are adjacent in the store. Runs on the dispatch thread.

use crate::model::{Labels, MatchOp, Matcher};

/// Three bits for each pair of name and value, combined by OR.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LabelSignature(u64);

impl LabelSignature {
    /// The signature of all pairs of a label set.
    pub fn of(labels: &Labels) -> Self {
        let bits = labels.iter().map(|(name, value)| bits_of(name, value));
        LabelSignature(bits.fold(0, |all, bits| all | bits))
    }

    /// The signature of the pairs that a label set needs to satisfy these matchers. Only equality with a
    /// value that is not empty demands a pair: a missing label satisfies the empty value too.
    pub fn demanded_by(matchers: &[Matcher]) -> Self {
        let demanding = matchers
            .iter()
            .filter(|matcher| matcher.op() == MatchOp::Equal && !matcher.value().is_empty());
        let bits = demanding.map(|matcher| bits_of(matcher.name(), matcher.value()));
        LabelSignature(bits.fold(0, |all, bits| all | bits))
    }

    /// Whether the label set may contain the demanded pairs. `false` is certain, `true` is not.
    pub fn could_meet(self, demanded: LabelSignature) -> bool {
        self.0 & demanded.0 == demanded.0
    }
}

fn bits_of(name: &str, value: &str) -> u64 {
    let hash = mix(mix(0, name.as_bytes()), value.as_bytes());
    1 << (hash >> 58) | 1 << (hash >> 52 & 63) | 1 << (hash >> 46 & 63)
}

/// Mixes a text into a hash, eight bytes at a time. It is fast because every new alert needs it, and it needs
/// no key because a collision gains an attacker nothing.
fn mix(hash: u64, text: &[u8]) -> u64 {
    let (words, rest) = text.as_chunks::<8>();
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    // The length distinguishes a text from the same text with trailing zeros.
    let ends = [u64::from_le_bytes(last), text.len() as u64];
    let words = words.iter().map(|word| u64::from_le_bytes(*word));
    words.chain(ends).fold(hash, |hash, word| {
        let mixed = (hash ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed ^ mixed >> 32
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matchers(list: &[(MatchOp, &str, &str)]) -> Vec<Matcher> {
        let new = |&(op, name, value): &(MatchOp, &str, &str)| Matcher::new(op, name, value);
        let matchers: Result<_, _> = list.iter().map(new).collect();
        matchers.expect("sound matchers")
    }

    fn host(number: usize) -> Labels {
        let instance = format!("host-{number:07}:9100");
        Labels::from_pairs([
            ("alertname", "HostDiskWillFill"),
            ("cluster", "cluster-1"),
            ("instance", &instance),
            ("job", "node"),
            ("service", "service-1"),
            ("severity", "warning"),
        ])
    }

    #[test]
    fn a_set_that_holds_the_pairs_is_never_ruled_out() {
        let sketches: Vec<LabelSignature> = (0..1000)
            .map(|number| LabelSignature::of(&host(number)))
            .collect();
        for (number, signature) in sketches.iter().enumerate() {
            let instance = format!("host-{number:07}:9100");
            let demanded = LabelSignature::demanded_by(&matchers(&[
                (MatchOp::Equal, "instance", &instance),
                (MatchOp::Equal, "job", "node"),
            ]));
            assert!(signature.could_meet(demanded), "{number}");
        }
    }

    #[test]
    fn nearly_all_sets_without_the_pair_are_ruled_out() {
        let wanted = [(MatchOp::Equal, "instance", "host-0000042:9100")];
        let demanded = LabelSignature::demanded_by(&matchers(&wanted));
        let left = (0..10_000)
            .filter(|number| LabelSignature::of(&host(*number)).could_meet(demanded))
            .count();
        assert!((1..500).contains(&left), "{left} of 10000 are left");
    }

    #[test]
    fn what_a_missing_label_or_another_value_can_meet_rules_nothing_out() {
        let demanded = LabelSignature::demanded_by(&matchers(&[
            (MatchOp::Equal, "missing", ""),
            (MatchOp::NotEqual, "job", "node"),
            (MatchOp::Regex, "job", "other"),
            (MatchOp::NotRegex, "job", "node"),
        ]));
        assert!(LabelSignature::of(&Labels::default()).could_meet(demanded));
    }

    #[test]
    fn texts_that_differ_only_in_zeros_at_the_end_differ() {
        assert_ne!(mix(0, b"a"), mix(0, b"a\0"));
        assert_ne!(mix(0, b""), mix(0, b"\0\0\0\0\0\0\0\0"));
    }
}
