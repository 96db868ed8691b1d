//! Orphaned resolutions: resolved notifications that are owed by a group that no longer exists.
//!
//! PURE. Owns what happens to the owed alerts of the notification log when a group's route or grouping
//! changes. A receiver that was notified of a firing alert gets its resolution from the group that the
//! alert belongs to now, if that group has the same receiver. Runs on the dispatch thread.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Engine;
use super::messages::Effect;
use super::notification_log::{LogEntry, LogKey, Span};
use super::record::{GroupName, Record};
use crate::model::Fingerprint;

impl Engine {
    /// Moves the alerts owed by groups that no longer exist to the entries of the groups that these alerts
    /// belong to now. Returns the alerts that were moved.
    pub(super) fn reassign_owed_resolved(
        &mut self,
        out: &mut Vec<Effect>,
    ) -> BTreeSet<Fingerprint> {
        let alive: BTreeSet<GroupName> = self
            .groups
            .iter()
            .map(|(_, group)| self.name_of(group))
            .collect();
        let is_orphan = |key: &LogKey| {
            let group = GroupName {
                route: key.route,
                labels: key.group,
            };
            !alive.contains(&group)
        };
        let mut orphans: Vec<(LogKey, LogEntry)> = self
            .notification_log
            .iter()
            .filter(|(key, entry)| !entry.owed.is_empty() && is_orphan(key))
            .map(|(key, entry)| (*key, entry.clone()))
            .collect();
        // Sorted, so that the order of the records does not depend on the order of a hash map.
        orphans.sort_unstable_by_key(|(key, _)| *key);
        let mut handed_on = BTreeSet::new();
        for (key, entry) in orphans {
            self.reassign(key, entry, &mut handed_on, out);
        }
        handed_on
    }

    fn reassign(
        &mut self,
        key: LogKey,
        entry: LogEntry,
        handed_on: &mut BTreeSet<Fingerprint>,
        out: &mut Vec<Effect>,
    ) {
        let mut successors: BTreeMap<LogKey, Vec<Fingerprint>> = BTreeMap::new();
        for &fingerprint in entry.owed.iter() {
            for heir in self.successors(key, fingerprint) {
                successors.entry(heir).or_default().push(fingerprint);
                handed_on.insert(fingerprint);
            }
        }
        if successors.is_empty() {
            return;
        }
        let span = Span {
            at: entry.at,
            expires_at: entry.expires_at,
        };
        for (heir, owed) in successors {
            let entry = self.notification_log.add_owed(heir, &owed, span).clone();
            out.push(Effect::Record(Record::LogEntry {
                key: heir,
                told: entry,
            }));
        }
        let left = self
            .notification_log
            .remove_owed(key, |print| !handed_on.contains(&print));
        if let Some(entry) = left.cloned() {
            out.push(Effect::Record(Record::LogEntry { key, told: entry }));
        }
    }

    /// The log keys that take over an alert owed under `key`: those of the groups that the alert belongs to
    /// now and that have the same receiver. Empty if the alert still belongs to the group of `key`.
    fn successors(&mut self, key: LogKey, fingerprint: Fingerprint) -> Vec<LogKey> {
        let Some(stored) = self.alerts.get(fingerprint) else {
            return Vec::new();
        };
        let alert = Arc::clone(&stored.alert);
        let routes = self.tree.routes_of(&alert.labels);
        let heir = |&route: &_| {
            let GroupName { route, labels } = self.name_in(route, &alert.labels);
            LogKey {
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
}
