//! A few bits about a label set, by which most sets that lack a pair are known without being read.
//!
//! PURE. Owns the bits. Looking into two hundred thousand label sets for the one that a reader asked
//! for means as many waits for memory, while their sketches stand side by side in the store. Runs on
//! the dispatch thread.

use crate::model::{Labels, MatchOp, Matcher};

/// Three bits for each pair of name and value, on top of each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LabelSignature(u64);

impl LabelSignature {
    /// Of all pairs of a set.
    pub fn of(labels: &Labels) -> Self {
        let bits = labels.iter().map(|(name, value)| bits_of(name, value));
        LabelSignature(bits.fold(0, |all, bits| all | bits))
    }

    /// Of the pairs without which no set satisfies these matchers. An empty value is met by a
    /// missing label as well.
    pub fn demanded_by(matchers: &[Matcher]) -> Self {
        let demanding = matchers
            .iter()
            .filter(|matcher| matcher.op() == MatchOp::Equal && !matcher.value().is_empty());
        let bits = demanding.map(|matcher| bits_of(matcher.name(), matcher.value()));
        LabelSignature(bits.fold(0, |all, bits| all | bits))
    }

    /// Whether the set could hold all that is demanded; if not, it is sure not to.
    pub fn could_meet(self, demanded: LabelSignature) -> bool {
        self.0 & demanded.0 == demanded.0
    }
}

fn bits_of(name: &str, value: &str) -> u64 {
    let hash = mix(mix(0, name.as_bytes()), value.as_bytes());
    1 << (hash >> 58) | 1 << (hash >> 52 & 63) | 1 << (hash >> 46 & 63)
}

/// Takes eight bytes at a time: every new alert comes by here, and nobody gains by a collision.
fn mix(hash: u64, text: &[u8]) -> u64 {
    let (words, rest) = text.as_chunks::<8>();
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    // The length tells a text from one with zeros behind it.
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
