//! What an Alertmanager that ran here before had told.
//!
//! PURE. Owns the entries of its notification log until the ledger has entries of its own. They name
//! alerts by hashes of another kind, so what an entry says is found out anew at each flush, from the
//! alerts that are in the group by then: after a swap they come back one by one. Runs on the dispatch
//! thread.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::group::Group;
use super::messages::Effect;
use super::notification_log::LogEntry;
use super::record::{AlertmanagerEntry, AlertmanagerKey, Record};
use super::route::RouteNode;
use crate::model::{Fingerprint, Wall, alertmanager_hash};

/// All entries that were not taken over yet.
#[derive(Debug, Default)]
pub struct AlertmanagerLog {
    entries: BTreeMap<AlertmanagerKey, Arc<AlertmanagerEntry>>,
}

impl AlertmanagerLog {
    /// These entries.
    pub fn of(entries: BTreeMap<AlertmanagerKey, Arc<AlertmanagerEntry>>) -> Self {
        AlertmanagerLog { entries }
    }

    /// What the webhook at this position was told about `group`, as far as its alerts are known.
    pub fn told(&self, group: &Group, node: &RouteNode, webhook_index: usize) -> Option<LogEntry> {
        if self.entries.is_empty() {
            return None;
        }
        let entry = self.entries.get(&key(group, node, webhook_index))?;
        let members = group.members.iter();
        let known: BTreeMap<u64, Fingerprint> = members
            .map(|alert| (alertmanager_hash(&alert.labels), alert.fingerprint))
            .collect();
        let owed = entry.firing.iter().filter_map(|hash| known.get(hash));
        Some(LogEntry {
            at: entry.at,
            expires_at: entry.expires_at,
            firing: fingerprints(&entry.firing, &known),
            resolved: fingerprints(&entry.resolved, &known),
            owed: sorted(owed.copied().collect()),
        })
    }

    /// The ledger has an entry of its own now.
    pub fn forget(
        &mut self,
        group: &Group,
        node: &RouteNode,
        webhook_index: usize,
        out: &mut Vec<Effect>,
    ) {
        let key = key(group, node, webhook_index);
        if self.entries.remove(&key).is_some() {
            out.push(Effect::Record(Record::AlertmanagerEntryForgotten(key)));
        }
    }

    /// Forgets what has expired.
    pub fn collect(&mut self, now: Wall, out: &mut Vec<Effect>) {
        let expired = self
            .entries
            .extract_if(.., |_, entry| entry.expires_at <= now);
        out.extend(expired.map(|(key, _)| Effect::Record(Record::AlertmanagerEntryForgotten(key))));
    }

    /// All entries.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<AlertmanagerEntry>> {
        self.entries.values()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

fn key(group: &Group, node: &RouteNode, webhook_index: usize) -> AlertmanagerKey {
    AlertmanagerKey {
        group_key: Arc::clone(&group.key),
        receiver: Arc::clone(&node.receiver.name),
        webhook_index: u32::try_from(webhook_index).expect("a configuration of bounded size"),
    }
}

/// The alerts behind hashes. One that is not there keeps its hash, so that it counts as another one.
fn fingerprints(hashes: &[u64], known: &BTreeMap<u64, Fingerprint>) -> Arc<[Fingerprint]> {
    let print = |hash: &u64| known.get(hash).copied().unwrap_or(Fingerprint(*hash));
    sorted(hashes.iter().map(print).collect())
}

fn sorted(mut prints: Vec<Fingerprint>) -> Arc<[Fingerprint]> {
    prints.sort_unstable();
    prints.into()
}

#[cfg(test)]
mod tests;
