//! The parameters of a query string.
//!
//! Owns the rules for repeated parameters, booleans and malformed pairs (§10.2). Pure; runs on the
//! connections' threads.

use super::target::{Plus, percent_decode};

/// The words that mean true; every other word means false.
const TRUE_WORDS: [&str; 10] = [
    "true", "1", "yes", "ok", "y", "on", "selected", "checked", "t", "enabled",
];

/// The decoded parameters in the order sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Params {
    pairs: Vec<(String, String)>,
}

impl Params {
    /// Parses a query. Pairs that Go rejects (broken escapes, semicolons) are skipped.
    pub fn parse(query: &str) -> Self {
        let pairs = query
            .split('&')
            .filter(|pair| !pair.is_empty() && !pair.contains(';'))
            .filter_map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                let name = percent_decode(name, Plus::Space)?;
                let value = percent_decode(value, Plus::Space)?;
                Some((name, value))
            })
            .collect();
        Params { pairs }
    }

    /// Every value under `name`.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.pairs
            .iter()
            .filter(move |(other, _)| other == name)
            .map(|(_, value)| value.as_str())
    }

    /// The last value under `name`, unless that is empty.
    pub fn last(&self, name: &str) -> Option<&str> {
        self.all(name).last().filter(|value| !value.is_empty())
    }

    /// The last value under `name` as a boolean; without one, true.
    pub fn is_true_by_default(&self, name: &str) -> bool {
        self.last(name).is_none_or(|value| {
            TRUE_WORDS
                .iter()
                .any(|word| word.eq_ignore_ascii_case(value))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_parameters_are_kept_in_order_and_the_last_one_counts() {
        let params = Params::parse("a=1&b=x&a=2+3&&c&a%20=4");
        assert_eq!(params.all("a").collect::<Vec<_>>(), ["1", "2 3"]);
        assert_eq!(params.last("a"), Some("2 3"));
        assert_eq!(params.last("c"), None);
        assert_eq!(params.last("a "), Some("4"));
    }

    #[test]
    fn broken_pairs_are_passed_over() {
        let params = Params::parse("filter=%zz&filter=a;b&filter=c");
        assert_eq!(params.all("filter").collect::<Vec<_>>(), ["c"]);
    }

    #[test]
    fn booleans_are_never_an_error() {
        let table = [
            ("", true),
            ("active=", true),
            ("active", true),
            ("active=TRUE", true),
            ("active=enabled", true),
            ("active=no", false),
            ("active=0", false),
            ("active=false&active=true", true),
            ("active=true&active=false", false),
            ("active=false&active=", true),
            ("Active=false", true),
        ];
        for (query, expected) in table {
            let params = Params::parse(query);
            assert_eq!(params.is_true_by_default("active"), expected, "{query}");
        }
    }
}
