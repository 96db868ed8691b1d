//! Labels together with their fingerprint.
//!
//! Owns the invariant that labels are paired only with their own fingerprint, which is computed once, where
//! the labels are read. Pure; runs on the calling thread.

use std::ops::Deref;

use super::builder::LabelsBuilder;
use super::{Labels, hash_pair};
use crate::model::fingerprint::{Fingerprint, Fnv1a};

/// Labels with their precomputed fingerprint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentifiedLabels {
    labels: Labels,
    fingerprint: Fingerprint,
}

/// Builds one set after the other, and hashes pairs as they are pushed.
#[derive(Debug, Default)]
pub struct IdentifiedBuilder {
    set: LabelsBuilder,
    hash: Fnv1a,
}

impl IdentifiedLabels {
    /// The fingerprint of the labels.
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// The labels and their fingerprint.
    pub fn into_parts(self) -> (Labels, Fingerprint) {
        (self.labels, self.fingerprint)
    }
}

impl From<Labels> for IdentifiedLabels {
    fn from(labels: Labels) -> Self {
        IdentifiedLabels {
            fingerprint: labels.fingerprint(),
            labels,
        }
    }
}

impl Default for IdentifiedLabels {
    fn default() -> Self {
        Labels::default().into()
    }
}

impl Deref for IdentifiedLabels {
    type Target = Labels;

    fn deref(&self) -> &Labels {
        &self.labels
    }
}

impl IdentifiedBuilder {
    /// Adds a pair.
    pub fn push(&mut self, name: &str, value: &str) {
        self.set.push(name, value);
        self.hash = hash_pair(self.hash, name, value);
    }

    /// Returns the set of the pairs, as [`Labels::from_pairs`] does, and starts an empty one.
    pub fn finish(&mut self) -> IdentifiedLabels {
        let is_sorted = self.set.is_sorted();
        let labels = self.set.finish();
        let hash = std::mem::take(&mut self.hash);
        if is_sorted {
            let fingerprint = Fingerprint(hash.finish());
            IdentifiedLabels {
                labels,
                fingerprint,
            }
        } else {
            labels.into()
        }
    }
}
