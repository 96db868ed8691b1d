//! The alerts of a group.
//!
//! PURE. Owns their order: by fingerprint, whatever order they came in. Runs on the dispatch thread.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use crate::model::{Alert, Fingerprint};

/// Alerts in the order of their fingerprints.
#[derive(Clone, Debug)]
pub struct Members {
    alerts: BTreeMap<Fingerprint, Arc<Alert>>,
}

impl Members {
    /// A group with one alert.
    pub fn of(first: Arc<Alert>) -> Self {
        Members {
            alerts: BTreeMap::from([(first.fingerprint, first)]),
        }
    }

    /// The alert with this fingerprint.
    pub fn get(&self, fingerprint: Fingerprint) -> Option<&Arc<Alert>> {
        self.alerts.get(&fingerprint)
    }

    /// Whether the alert with this fingerprint is one of them.
    pub fn contains(&self, fingerprint: Fingerprint) -> bool {
        self.alerts.contains_key(&fingerprint)
    }

    /// Adds an alert, in place of an older version of it.
    pub fn insert(&mut self, alert: Arc<Alert>) {
        self.alerts.insert(alert.fingerprint, alert);
    }

    /// Removes an alert.
    pub fn remove(&mut self, fingerprint: Fingerprint) {
        self.alerts.remove(&fingerprint);
    }

    /// Removes the alerts that `keep` rejects.
    pub fn retain(&mut self, mut keep: impl FnMut(&Alert) -> bool) {
        self.alerts.retain(|_, alert| keep(alert));
    }

    /// The alerts by ascending fingerprint.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Alert>> {
        self.alerts.values()
    }

    /// The alerts whose fingerprints are greater than this one, ascending; all alerts if it is `None`.
    pub fn after(&self, last: Option<Fingerprint>) -> impl Iterator<Item = &Arc<Alert>> {
        let begin = last.map_or(Bound::Unbounded, Bound::Excluded);
        let after = self.alerts.range((begin, Bound::Unbounded));
        after.map(|(_, alert)| alert)
    }

    /// The alerts, for replacement by newer versions of the same alerts.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Arc<Alert>> {
        self.alerts.values_mut()
    }

    /// Their fingerprints, ascending.
    pub fn fingerprints(&self) -> impl Iterator<Item = Fingerprint> {
        self.alerts.keys().copied()
    }

    /// The number of alerts.
    pub fn len(&self) -> usize {
        self.alerts.len()
    }

    /// Whether there is no alert.
    pub fn is_empty(&self) -> bool {
        self.alerts.is_empty()
    }
}
