//! The number of alerts by state and, on request, by group (§11).
//!
//! Owns `alertmanager_alerts`. With `group-key-in-metrics` a bounded number of groups (`limits.rs`), those
//! with the lowest keys, have series of their own. The others share the series `other`, which cannot
//! collide with a group key, since each key begins with a brace. Set at each scrape, on connection threads.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use prometheus_client::encoding::{EncodeLabel, EncodeLabelSet, LabelSetEncoder};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;

use super::Names;
use super::families::Page;
use crate::engine::{Gauges, GroupView};
use crate::limits;
use crate::model::Wall;

const STATES: [&str; 3] = ["active", "suppressed", "unprocessed"];

/// The label value of the groups without series of their own.
const OTHERS: &str = "other";

/// Handle on the registered family.
#[derive(Debug)]
pub struct AlertFamily {
    keys: Names,
    alerts: Family<AlertLabels, Gauge>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct AlertLabels {
    group_key: Option<Arc<str>>,
    state: &'static str,
}

impl EncodeLabelSet for AlertLabels {
    fn encode(&self, encoder: &mut LabelSetEncoder) -> Result<(), fmt::Error> {
        if let Some(key) = &self.group_key {
            ("group_key", &**key).encode(encoder.encode_label())?;
        }
        ("state", self.state).encode(encoder.encode_label())
    }
}

impl AlertFamily {
    /// Registers the family.
    pub fn register(page: &mut Page, keys: Names) -> Self {
        let help = "Unresolved alerts by state";
        let alerts = page.put("alertmanager_alerts", help, Family::default());
        AlertFamily { keys, alerts }
    }

    /// Copies the engine's numbers, or counts the alerts in its groups as of `at`.
    pub fn set(&self, gauges: &Gauges, groups: &[GroupView], at: Wall) {
        if self.keys == Names::LeftOut {
            let counts = [
                gauges.active_alerts,
                gauges.suppressed_alerts,
                gauges.unprocessed_alerts,
            ];
            return self.set_group(None, counts);
        }
        // Removes the series of groups that no longer exist.
        self.alerts.clear();
        for (key, counts) in by_key(groups, at, limits::GROUP_SERIES) {
            self.set_group(Some(key), counts);
        }
    }

    fn set_group(&self, group_key: Option<Arc<str>>, counts: [usize; 3]) {
        for (state, count) in STATES.into_iter().zip(counts) {
            let group_key = group_key.clone();
            let gauge = self
                .alerts
                .get_or_create_owned(&AlertLabels { group_key, state });
            gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
        }
    }
}

/// The number of alerts of each group by state. Sibling groups with equal keys count together, and so do
/// all groups after the first `most`.
fn by_key(groups: &[GroupView], at: Wall, most: usize) -> BTreeMap<Arc<str>, [usize; 3]> {
    let mut by_key: BTreeMap<Arc<str>, [usize; 3]> = BTreeMap::new();
    for group in groups {
        add(
            by_key.entry(Arc::clone(&group.key)).or_default(),
            count(group, at),
        );
    }
    if let Some(first) = by_key.keys().nth(most).cloned() {
        let mut others = [0; 3];
        for counts in by_key.split_off(&first).into_values() {
            add(&mut others, counts);
        }
        by_key.insert(OTHERS.into(), others);
    }
    by_key
}

fn add(to: &mut [usize; 3], counts: [usize; 3]) {
    for (to, count) in to.iter_mut().zip(counts) {
        *to += count;
    }
}

fn count(group: &GroupView, at: Wall) -> [usize; 3] {
    let mut counts = [0; 3];
    for grouped in &group.alerts {
        if !grouped.alert.is_resolved_at(at) {
            let state = if group.has_flushed {
                usize::from(grouped.muted.is_some())
            } else {
                2
            };
            counts[state] += 1;
        }
    }
    counts
}

#[cfg(test)]
mod tests;
