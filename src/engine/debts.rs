//! Ends that are owed where no group is left to tell them.
//!
//! PURE. Owns what becomes of the ledger's debts when a group's route or grouping is changed: who
//! was told that an alert fires hears of its end through the group that the alert is in now, if that
//! goes to the same receiver. Runs on the dispatch thread.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Engine;
use super::ledger::{LedgerKey, Told};
use super::messages::Effect;
use super::record::{GroupName, Record};
use crate::model::Fingerprint;

impl Engine {
    /// Hands debts of groups that are no more to the groups that their alerts belong to now.
    /// Returns the alerts in question.
    pub(super) fn settle_debts_elsewhere(
        &mut self,
        out: &mut Vec<Effect>,
    ) -> BTreeSet<Fingerprint> {
        let alive: BTreeSet<GroupName> = self
            .groups
            .iter()
            .map(|(_, group)| self.name_of(group))
            .collect();
        let is_orphan = |key: &LedgerKey| {
            let group = GroupName {
                route: key.route,
                labels: key.group,
            };
            !alive.contains(&group)
        };
        let mut orphans: Vec<(LedgerKey, Told)> = self
            .ledger
            .iter()
            .filter(|(key, told)| !told.owed.is_empty() && is_orphan(key))
            .map(|(key, told)| (*key, told.clone()))
            .collect();
        orphans.sort_unstable_by_key(|(key, _)| *key);
        let mut handed_on = BTreeSet::new();
        for (key, told) in orphans {
            self.hand_on(key, told, &mut handed_on, out);
        }
        handed_on
    }

    fn hand_on(
        &mut self,
        key: LedgerKey,
        told: Told,
        handed_on: &mut BTreeSet<Fingerprint>,
        out: &mut Vec<Effect>,
    ) {
        let mut heirs: BTreeMap<LedgerKey, Vec<Fingerprint>> = BTreeMap::new();
        for &fingerprint in told.owed.iter() {
            for heir in self.heirs(key, fingerprint) {
                heirs.entry(heir).or_default().push(fingerprint);
                handed_on.insert(fingerprint);
            }
        }
        if heirs.is_empty() {
            return;
        }
        for (heir, owed) in heirs {
            let entry = self.ledger.get(&heir).cloned();
            let told = inherit(entry, &told, owed);
            self.put_told(heir, told, out);
        }
        let is_left = |print: &&Fingerprint| !handed_on.contains(print);
        let owed = told.owed.iter().filter(is_left).copied().collect();
        self.put_told(key, Told { owed, ..told }, out);
    }

    /// The entries of the groups that an alert belongs to now and that go to the receiver of `key`;
    /// none if it belongs to that group still.
    fn heirs(&mut self, key: LedgerKey, fingerprint: Fingerprint) -> Vec<LedgerKey> {
        let Some(stored) = self.alerts.get(fingerprint) else {
            return Vec::new();
        };
        let alert = Arc::clone(&stored.alert);
        let routes = self.tree.routes_of(&alert.labels);
        let heir = |&route: &_| {
            let GroupName { route, labels } = self.name_in(route, &alert);
            LedgerKey {
                route,
                group: labels,
                ..key
            }
        };
        if routes.routes.iter().map(heir).any(|heir| heir == key) {
            return Vec::new();
        }
        let goes_there = |&&route: &&_| self.tree.node(route).receiver_hash == key.receiver;
        routes.routes.iter().filter(goes_there).map(heir).collect()
    }

    fn put_told(&mut self, key: LedgerKey, told: Told, out: &mut Vec<Effect>) {
        self.ledger.put(key, told.clone());
        out.push(Effect::Record(Record::Told { key, told }));
    }
}

/// The heir's entry with what is owed added. Without one, nothing counts as told but what is owed,
/// so that the group is told as a new one.
fn inherit(entry: Option<Told>, old: &Told, owed: Vec<Fingerprint>) -> Told {
    let mut entry = entry.unwrap_or_else(|| Told {
        at: old.at,
        expires_at: old.expires_at,
        firing: Arc::new([]),
        resolved: Arc::new([]),
        owed: Arc::new([]),
    });
    let mut all: Vec<Fingerprint> = entry.owed.iter().copied().chain(owed).collect();
    all.sort_unstable();
    all.dedup();
    entry.owed = all.into();
    entry
}
