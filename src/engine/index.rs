//! Which of many matcher lists could match a label set.
//!
//! PURE. Owns an index by one pair of name and value that a list demands. Lists that demand none
//! are candidates always. Runs on the dispatch thread.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use crate::model::{FixedHasher, Fnv1a, Labels, MatchOp, Matcher};

/// Lists of matchers under the numbers of their owners.
#[derive(Debug, Default)]
pub struct MatcherIndex {
    by_pair: HashMap<u64, Vec<u64>, BuildHasherDefault<FixedHasher>>,
    always: Vec<u64>,
}

impl MatcherIndex {
    /// Adds a list. Owners come in ascending order.
    pub fn insert(&mut self, owner: u64, matchers: &[Matcher]) {
        match demanded_pair(matchers) {
            Some(pair) => self.by_pair.entry(pair).or_default().push(owner),
            None => self.always.push(owner),
        }
    }

    /// Takes a list out again.
    pub fn remove(&mut self, owner: u64, matchers: &[Matcher]) {
        let Some(pair) = demanded_pair(matchers) else {
            return self.always.retain(|other| *other != owner);
        };
        if let Some(owners) = self.by_pair.get_mut(&pair) {
            owners.retain(|other| *other != owner);
            if owners.is_empty() {
                self.by_pair.remove(&pair);
            }
        }
    }

    /// The owners from number `from` on whose lists could match `labels`, in ascending order.
    pub fn candidates(&self, labels: &Labels, from: u64) -> Vec<u64> {
        let mut found: Vec<u64> = newer(&self.always, from).to_vec();
        if !self.by_pair.is_empty() {
            for (name, value) in labels.iter() {
                if let Some(owners) = self.by_pair.get(&hash_of_pair(name, value)) {
                    found.extend_from_slice(newer(owners, from));
                }
            }
            found.sort_unstable();
        }
        found
    }
}

/// The tail of ascending owners that begins at `from`.
fn newer(owners: &[u64], from: u64) -> &[u64] {
    &owners[owners.partition_point(|owner| *owner < from)..]
}

/// A pair without which the list cannot match. An empty value is met by a missing label as well.
fn demanded_pair(matchers: &[Matcher]) -> Option<u64> {
    let demands =
        |matcher: &&Matcher| matcher.op() == MatchOp::Equal && !matcher.value().is_empty();
    let demanding = matchers.iter().find(demands)?;
    Some(hash_of_pair(demanding.name(), demanding.value()))
}

/// Collisions only make a candidate that does not match.
fn hash_of_pair(name: &str, value: &str) -> u64 {
    Fnv1a::new()
        .update(name.as_bytes())
        .update(&[0xff])
        .update(value.as_bytes())
        .finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(matchers: &[(MatchOp, &str, &str)]) -> Vec<Matcher> {
        let new = |&(op, name, value): &(MatchOp, &str, &str)| Matcher::new(op, name, value);
        matchers
            .iter()
            .map(new)
            .collect::<Result<_, _>>()
            .expect("sound matchers")
    }

    #[test]
    fn candidates_are_those_whose_demand_is_met_or_that_demand_nothing() {
        let mut index = MatcherIndex::default();
        index.insert(
            1,
            &list(&[(MatchOp::Equal, "a", "1"), (MatchOp::Regex, "b", ".*")]),
        );
        index.insert(2, &list(&[(MatchOp::Regex, "a", "1|2")]));
        index.insert(3, &list(&[(MatchOp::Equal, "a", "")]));
        index.insert(4, &list(&[(MatchOp::Equal, "a", "2")]));
        let labels = Labels::from_pairs([("a", "1")]);
        assert_eq!(index.candidates(&labels, 0), [1, 2, 3]);
        assert_eq!(index.candidates(&labels, 2), [2, 3]);
    }

    #[test]
    fn what_was_taken_out_is_no_candidate() {
        let mut index = MatcherIndex::default();
        let (keyed, always) = (
            list(&[(MatchOp::Equal, "a", "1")]),
            list(&[(MatchOp::NotEqual, "a", "2")]),
        );
        index.insert(1, &keyed);
        index.insert(2, &always);
        index.remove(1, &keyed);
        index.remove(2, &always);
        assert!(
            index
                .candidates(&Labels::from_pairs([("a", "1")]), 0)
                .is_empty()
        );
    }
}
