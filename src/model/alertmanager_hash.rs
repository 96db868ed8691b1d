//! The hash that identifies an alert in Alertmanager's notification log.
//!
//! Owns this hash (§2.4): it is not the fingerprint of the API, but XXH64 over the same bytes. Pure; runs on
//! the calling thread.

use xxhash_rust::xxh64::Xxh64;

use super::Labels;

/// XXH64 with the seed 0 over name, 0xFF, value, 0xFF of every label, in the order of the names.
pub fn alertmanager_hash(labels: &Labels) -> u64 {
    const SEPARATOR: &[u8] = &[0xff];
    let mut hash = Xxh64::new(0);
    for (name, value) in labels.iter() {
        for piece in [name.as_bytes(), SEPARATOR, value.as_bytes(), SEPARATOR] {
            hash.update(piece);
        }
    }
    hash.digest()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(pairs: &[(&str, &str)]) -> u64 {
        alertmanager_hash(&Labels::from_pairs(pairs.iter().copied()))
    }

    /// All but the first two are from a file that Alertmanager 0.33.1 wrote after it had notified a webhook
    /// of these alerts.
    #[test]
    fn hashes_equal_those_that_alertmanager_writes() {
        assert_eq!(hash(&[("alertname", "test")]), 15_940_052_760_790_000_619);
        assert_eq!(
            hash(&[("alertname", "test1"), ("severity", "warning")]),
            13_905_491_285_116_304_203
        );
        assert_eq!(
            hash(&[("alertname", "One"), ("host", "a")]),
            9_372_649_474_943_021_284
        );
        assert_eq!(
            hash(&[("alertname", "One"), ("host", "b")]),
            17_594_649_591_763_169_546
        );
        assert_eq!(
            hash(&[("alertname", "Three"), ("severity", "page")]),
            6_768_585_834_505_167_195
        );
        let long = "0123456789012345678901234567890123456789";
        let labels = [("alertname", "Two"), ("a", long), ("dotted.name", "grüße")];
        assert_eq!(hash(&labels), 7_579_988_480_230_098_310);
    }
}
