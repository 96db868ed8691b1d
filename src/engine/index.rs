//! An index that finds which of many matcher lists could match a label set.
//!
//! PURE. Owns an index by one pair of name and value that each list demands. A list that demands no pair is
//! always a candidate. Runs on the dispatch thread.

use std::collections::{BTreeSet, HashMap};

use crate::model::{HashKey, Labels, MatchOp, Matcher};

/// Matcher lists by the number of their owner, such as a silence.
#[derive(Debug)]
pub struct MatcherIndex {
    by_pair: HashMap<u64, BTreeSet<u64>, HashKey>,
    always: BTreeSet<u64>,
}

impl MatcherIndex {
    /// An index without lists.
    pub fn new(key: HashKey) -> Self {
        MatcherIndex {
            by_pair: HashMap::with_hasher(key),
            always: BTreeSet::new(),
        }
    }

    /// Adds a list.
    pub fn insert(&mut self, owner: u64, matchers: &[Matcher]) {
        match self.demanded_pair(matchers) {
            Some(pair) => self.by_pair.entry(pair).or_default().insert(owner),
            None => self.always.insert(owner),
        };
    }

    /// Removes a list.
    pub fn remove(&mut self, owner: u64, matchers: &[Matcher]) {
        let Some(pair) = self.demanded_pair(matchers) else {
            self.always.remove(&owner);
            return;
        };
        if let Some(owners) = self.by_pair.get_mut(&pair) {
            owners.remove(&owner);
            if owners.is_empty() {
                self.by_pair.remove(&pair);
            }
        }
    }

    /// The numbers of the owners whose lists could match `labels`: ascending, from `from` on, at most
    /// `limit`.
    pub fn candidates(&self, labels: &Labels, from: u64, limit: usize) -> Vec<u64> {
        let mut found: Vec<u64> = self.always.range(from..).take(limit).copied().collect();
        if !self.by_pair.is_empty() {
            for (name, value) in labels.iter() {
                if let Some(owners) = self.by_pair.get(&self.hash_of_pair(name, value)) {
                    found.extend(owners.range(from..).take(limit));
                }
            }
            found.sort_unstable();
            found.truncate(limit);
        }
        found
    }

    /// A hash of a pair without which the list cannot match. A matcher for the empty value does not count,
    /// because a missing label satisfies it too.
    fn demanded_pair(&self, matchers: &[Matcher]) -> Option<u64> {
        let demands =
            |matcher: &&Matcher| matcher.op() == MatchOp::Equal && !matcher.value().is_empty();
        let demanding = matchers.iter().find(demands)?;
        Some(self.hash_of_pair(demanding.name(), demanding.value()))
    }

    /// A collision only adds a candidate that does not match.
    fn hash_of_pair(&self, name: &str, value: &str) -> u64 {
        self.by_pair.hasher().hash_texts([name, value])
    }
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
        let mut index = MatcherIndex::new(HashKey::seeded(1));
        index.insert(
            1,
            &list(&[(MatchOp::Equal, "a", "1"), (MatchOp::Regex, "b", ".*")]),
        );
        index.insert(2, &list(&[(MatchOp::Regex, "a", "1|2")]));
        index.insert(3, &list(&[(MatchOp::Equal, "a", "")]));
        index.insert(4, &list(&[(MatchOp::Equal, "a", "2")]));
        let labels = Labels::from_pairs([("a", "1")]);
        assert_eq!(index.candidates(&labels, 0, 9), [1, 2, 3]);
        assert_eq!(index.candidates(&labels, 2, 9), [2, 3]);
        assert_eq!(index.candidates(&labels, 0, 2), [1, 2]);
        assert_eq!(index.candidates(&labels, 3, 2), [3]);
    }

    #[test]
    fn what_was_taken_out_is_no_candidate() {
        let mut index = MatcherIndex::new(HashKey::seeded(1));
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
                .candidates(&Labels::from_pairs([("a", "1")]), 0, 9)
                .is_empty()
        );
    }
}
