//! The notification log inherited from an Alertmanager that ran here before.
//!
//! PURE. Owns its entries until our notification log has entries of its own. Alertmanager's entries name
//! alerts by another hash, so each flush translates them anew, for the alerts that are in the group by
//! then: after the switch the alerts come back one by one. Runs on the dispatch thread.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::group::Group;
use super::messages::Effect;
use super::notification_log::LogEntry;
use super::record::{AlertmanagerEntry, AlertmanagerKey, Record};
use super::route::RouteNode;
use crate::model::{Fingerprint, Wall, alertmanager_hash};

/// The entries that our notification log has not taken over yet.
#[derive(Debug, Default)]
pub struct AlertmanagerLog {
    entries: BTreeMap<AlertmanagerKey, Arc<AlertmanagerEntry>>,
}

impl AlertmanagerLog {
    /// A log of these entries.
    pub fn of(entries: BTreeMap<AlertmanagerKey, Arc<AlertmanagerEntry>>) -> Self {
        AlertmanagerLog { entries }
    }

    /// The entry of `group` and the webhook at this position, translated to our fingerprints as far as the
    /// group holds its alerts.
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

    /// Removes and records as forgotten the entry of a group and webhook, once our notification log has its
    /// own.
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

    /// Removes the expired entries.
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

    /// Whether no entry is left.
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

/// Translates Alertmanager's hashes to fingerprints. The hash of an alert that is not in the group stands for
/// itself, so that it counts as a different alert.
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
