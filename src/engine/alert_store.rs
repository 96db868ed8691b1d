//! The store of all alerts.
//!
//! PURE. Owns the alerts by fingerprint, each with the routes that took it, so that a report of a
//! known alert needs no matching. Runs on the dispatch thread.

use std::sync::Arc;

use super::label_signature::LabelSignature;
use super::route::RouteSet;
use crate::model::{Alert, Fingerprint, FingerprintMap, HashKey, Wall};

/// An alert, the routes that match it, and its label signature.
#[derive(Clone, Debug)]
pub struct Stored {
    /// The alert.
    pub alert: Arc<Alert>,
    /// The routes.
    pub routes: Arc<RouteSet>,
    /// The signature of its labels, which excludes most look-ups without reading them.
    pub signature: LabelSignature,
}

/// All alerts.
#[derive(Debug)]
pub struct AlertStore {
    alerts: FingerprintMap<Stored>,
    /// The bytes of the texts of all alerts.
    text_bytes: usize,
}

impl AlertStore {
    /// An empty store.
    pub fn new(key: HashKey) -> Self {
        AlertStore {
            alerts: FingerprintMap::with_hasher(key),
            text_bytes: 0,
        }
    }

    /// The alert with this fingerprint.
    pub fn get(&self, fingerprint: Fingerprint) -> Option<&Stored> {
        self.alerts.get(&fingerprint)
    }

    /// Stores an alert, in place of an older version of it.
    pub fn insert(&mut self, stored: Stored) {
        self.text_bytes += stored.alert.text_bytes();
        if let Some(old) = self.alerts.insert(stored.alert.fingerprint, stored) {
            self.text_bytes -= old.alert.text_bytes();
        }
    }

    /// Whether the alert is known.
    pub fn contains(&self, fingerprint: Fingerprint) -> bool {
        self.alerts.contains_key(&fingerprint)
    }

    /// All alerts. Their order is arbitrary, but the same in every run with the same inputs.
    pub fn iter(&self) -> impl Iterator<Item = &Stored> {
        self.alerts.values()
    }

    /// The alerts whose label signatures contain the demanded one. Reads neither a label nor an alert.
    pub fn candidates(&self, demanded: LabelSignature) -> impl Iterator<Item = Fingerprint> {
        let alerts = self.alerts.iter();
        let could = alerts.filter(move |(_, stored)| stored.signature.could_meet(demanded));
        could.map(|(fingerprint, _)| *fingerprint)
    }

    /// All alerts, for changes in place. The texts must not change, because their bytes are counted.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Stored> {
        self.alerts.values_mut()
    }

    /// Removes resolved alerts, at most `limit`, and returns them.
    pub fn collect(&mut self, now: Wall, limit: usize) -> Vec<Stored> {
        let resolved = self
            .iter()
            .filter(|stored| stored.alert.is_resolved_at(now));
        let resolved = resolved.map(|stored| stored.alert.fingerprint);
        let resolved: Vec<Fingerprint> = resolved.take(limit).collect();
        let removed: Vec<Stored> = resolved
            .iter()
            .filter_map(|fingerprint| self.alerts.remove(fingerprint))
            .collect();
        let bytes = removed.iter().map(|stored| stored.alert.text_bytes());
        self.text_bytes -= bytes.sum::<usize>();
        removed
    }

    /// Gives back the memory that removed alerts took, but for some room for new ones.
    pub fn shrink(&mut self) {
        self.alerts.shrink_to(2 * self.alerts.len());
    }

    /// The number of alerts.
    pub fn len(&self) -> usize {
        self.alerts.len()
    }

    /// The bytes of the texts of all alerts.
    pub fn text_bytes(&self) -> usize {
        self.text_bytes
    }

    /// Whether the store is empty.
    pub fn is_empty(&self) -> bool {
        self.alerts.is_empty()
    }
}
