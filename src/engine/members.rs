//! The alerts of a group.
//!
//! PURE. Owns how they are held: most groups are small, and there are as many groups as alerts where
//! each alert makes its own; but one group may also hold all alerts. Runs on the dispatch thread.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use crate::model::{Alert, Fingerprint};

/// Members that are held in a list. A tree takes room for eleven, and comparing with a few takes no
/// longer than descending.
const FEW: usize = 4;

/// Alerts in the order of their fingerprints.
#[derive(Clone, Debug)]
pub struct Members {
    held: Held,
}

#[derive(Clone, Debug)]
enum Held {
    /// Sorted by fingerprint.
    Few(Vec<Arc<Alert>>),
    Many(BTreeMap<Fingerprint, Arc<Alert>>),
}

impl Members {
    /// One alert.
    pub fn of(first: Arc<Alert>) -> Self {
        Members {
            held: Held::Few(vec![first]),
        }
    }

    /// The alert with this fingerprint.
    pub fn get(&self, fingerprint: Fingerprint) -> Option<&Arc<Alert>> {
        match &self.held {
            Held::Few(few) => few.iter().find(|alert| alert.fingerprint == fingerprint),
            Held::Many(many) => many.get(&fingerprint),
        }
    }

    /// Whether the alert with this fingerprint is one of them.
    pub fn contains(&self, fingerprint: Fingerprint) -> bool {
        self.get(fingerprint).is_some()
    }

    /// Takes an alert in, in place of an older report of it.
    pub fn insert(&mut self, alert: Arc<Alert>) {
        match &mut self.held {
            Held::Few(few) => {
                match few.binary_search_by_key(&alert.fingerprint, |other| other.fingerprint) {
                    Ok(place) => few[place] = alert,
                    Err(place) if few.len() < FEW => few.insert(place, alert),
                    Err(_) => {
                        let all = few.drain(..).chain([alert]);
                        self.held = Held::Many(all.map(with_fingerprint).collect());
                    }
                }
            }
            Held::Many(many) => drop(many.insert(alert.fingerprint, alert)),
        }
    }

    /// Takes an alert out.
    pub fn remove(&mut self, fingerprint: Fingerprint) {
        match &mut self.held {
            Held::Few(few) => few.retain(|alert| alert.fingerprint != fingerprint),
            Held::Many(many) => drop(many.remove(&fingerprint)),
        }
    }

    /// Takes out what `keep` does not accept.
    pub fn retain(&mut self, mut keep: impl FnMut(&Alert) -> bool) {
        match &mut self.held {
            Held::Few(few) => few.retain(|alert| keep(alert)),
            Held::Many(many) => many.retain(|_, alert| keep(alert)),
        }
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Alert>> {
        let (few, many) = match &self.held {
            Held::Few(few) => (Some(few), None),
            Held::Many(many) => (None, Some(many)),
        };
        let few = few.into_iter().flatten();
        few.chain(many.into_iter().flat_map(BTreeMap::values))
    }

    /// Those whose fingerprints come after this one, ascending; without it, all of them.
    pub fn after(&self, last: Option<Fingerprint>) -> impl Iterator<Item = &Arc<Alert>> {
        let begin = last.map_or(Bound::Unbounded, Bound::Excluded);
        let (few, many) = match &self.held {
            Held::Few(few) => (Some(few), None),
            Held::Many(many) => (None, Some(many)),
        };
        let few = few.into_iter().flatten();
        let few = few.filter(move |alert| last.is_none_or(|last| alert.fingerprint > last));
        let many = many.into_iter();
        few.chain(
            many.flat_map(move |many| many.range((begin, Bound::Unbounded)))
                .map(|(_, alert)| alert),
        )
    }

    /// All of them, to be replaced by newer reports of the same alerts.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Arc<Alert>> {
        let (few, many) = match &mut self.held {
            Held::Few(few) => (Some(few), None),
            Held::Many(many) => (None, Some(many)),
        };
        let few = few.into_iter().flatten();
        few.chain(many.into_iter().flat_map(BTreeMap::values_mut))
    }

    /// Their fingerprints, ascending.
    pub fn fingerprints(&self) -> impl Iterator<Item = Fingerprint> {
        self.iter().map(|alert| alert.fingerprint)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        match &self.held {
            Held::Few(few) => few.len(),
            Held::Many(many) => many.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

fn with_fingerprint(alert: Arc<Alert>) -> (Fingerprint, Arc<Alert>) {
    (alert.fingerprint, alert)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ingest::admit;
    use crate::model::{Labels, PostedAlert, Wall};
    use proptest::prelude::*;
    use std::time::Duration;

    fn alert(number: u8) -> Arc<Alert> {
        let posted = PostedAlert {
            labels: Labels::from_pairs([("number", number.to_string())]).into(),
            ..PostedAlert::default()
        };
        let admitted = admit(posted, Wall::UNIX_EPOCH, Duration::from_secs(60));
        Arc::new(admitted.expect("a valid alert"))
    }

    /// Whether both hold the very same reports in the same order.
    fn agree(members: &Members, tree: &BTreeMap<Fingerprint, Arc<Alert>>) -> bool {
        let same = |(one, other): (&Arc<Alert>, &Arc<Alert>)| Arc::ptr_eq(one, other);
        members.len() == tree.len()
            && members.is_empty() == tree.is_empty()
            && members.iter().zip(tree.values()).all(same)
            && members.fingerprints().eq(tree.keys().copied())
            && tree.keys().all(|print| members.contains(*print))
    }

    proptest! {
        #[test]
        fn however_many_they_are_they_are_what_a_tree_would_hold(
            steps in prop::collection::vec((0_u8..12, 0_u8..4), 0..60),
        ) {
            let first = alert(0);
            let mut members = Members::of(Arc::clone(&first));
            let mut tree = BTreeMap::from([with_fingerprint(first)]);
            for (number, step) in steps {
                let alert = alert(number);
                match step {
                    0 => {
                        members.remove(alert.fingerprint);
                        tree.remove(&alert.fingerprint);
                    }
                    1 => {
                        let keep = |other: &Alert| other.fingerprint > alert.fingerprint;
                        members.retain(keep);
                        tree.retain(|_, other| keep(other));
                    }
                    _ => {
                        tree.insert(alert.fingerprint, Arc::clone(&alert));
                        members.insert(alert);
                    }
                }
                prop_assert!(agree(&members, &tree));
            }
        }
    }

    #[test]
    fn all_can_be_replaced_in_either_form() {
        for count in [2, 20] {
            let mut members = Members::of(alert(0));
            (1..count).for_each(|number| members.insert(alert(number)));
            let newer: Vec<Arc<Alert>> = members
                .iter()
                .map(|old| Arc::new((**old).clone()))
                .collect();
            for (old, new) in members.iter_mut().zip(&newer) {
                *old = Arc::clone(new);
            }
            let same = |(one, other): (&Arc<Alert>, &Arc<Alert>)| Arc::ptr_eq(one, other);
            assert!(members.iter().zip(&newer).all(same));
            assert_eq!(members.len(), newer.len());
        }
    }
}
