//! Inhibition: which alerts mute which.
//!
//! PURE. Owns the rules and, for each, the alerts that its source matchers match, by the values of
//! the `equal` labels (§8). All live sources are looked at; Alertmanager keeps one for each
//! combination of values and can miss the one that still fires. Runs on the dispatch thread.

use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasherDefault;
use std::sync::Arc;

use super::index::MatcherIndex;
use crate::config::InhibitRule;
use crate::model::{Alert, Fingerprint, FingerprintMap, FixedHasher, Fnv1a, Labels, Matcher, Wall};

/// The rules of a configuration and the sources known for them.
#[derive(Debug, Default)]
pub struct Inhibitor {
    rules: Vec<Rule>,
    by_source: MatcherIndex,
    by_target: MatcherIndex,
    /// The rules of which an alert is a source, with the hash of its values; only such alerts.
    roles: FingerprintMap<Vec<Role>>,
}

#[derive(Debug)]
struct Rule {
    rule: InhibitRule,
    sources: HashMap<u64, BTreeMap<Fingerprint, Arc<Alert>>, BuildHasherDefault<FixedHasher>>,
}

#[derive(Clone, Copy, Debug)]
struct Role {
    rule: u64,
    values: u64,
}

/// Whether an alert was seen before: its labels, and so its roles, are known then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acquaintance {
    /// It is new.
    New,
    /// It was seen.
    Known,
}

impl Inhibitor {
    /// The rules, without any source yet.
    pub fn new(rules: &[InhibitRule]) -> Self {
        let mut inhibitor = Inhibitor::default();
        for (number, rule) in (0..).zip(rules) {
            inhibitor.by_source.insert(number, &rule.source);
            inhibitor.by_target.insert(number, &rule.target);
            inhibitor.rules.push(Rule {
                rule: rule.clone(),
                sources: HashMap::default(),
            });
        }
        inhibitor
    }

    /// How many rules there are.
    pub fn rules(&self) -> usize {
        self.rules.len()
    }

    /// An alert was reported: it may be a source, firing or resolved.
    pub fn observe(&mut self, alert: &Arc<Alert>, acquaintance: Acquaintance) {
        if acquaintance == Acquaintance::New {
            let roles = self.roles_of(&alert.labels);
            if !roles.is_empty() {
                self.roles.insert(alert.fingerprint, roles);
            }
        }
        for role in self.roles.get(&alert.fingerprint).into_iter().flatten() {
            let sources = &mut self.rules[role.rule as usize].sources;
            sources
                .entry(role.values)
                .or_default()
                .insert(alert.fingerprint, Arc::clone(alert));
        }
    }

    /// An alert is no more.
    pub fn forget_alert(&mut self, fingerprint: Fingerprint) {
        for role in self.roles.remove(&fingerprint).into_iter().flatten() {
            let sources = &mut self.rules[role.rule as usize].sources;
            if let Some(equals) = sources.get_mut(&role.values) {
                equals.remove(&fingerprint);
                if equals.is_empty() {
                    sources.remove(&role.values);
                }
            }
        }
    }

    /// The alert that inhibits one with these labels: of the first rule that does, the source that
    /// fires longest.
    pub fn inhibiting(&self, labels: &Labels, now: Wall) -> Option<Fingerprint> {
        if self.roles.is_empty() {
            return None;
        }
        let mut candidates = self.by_target.candidates(labels, 0).into_iter();
        candidates.find_map(|number| self.rules[number as usize].inhibiting(labels, now))
    }

    fn roles_of(&self, labels: &Labels) -> Vec<Role> {
        let is_source = |number: &u64| all_match(&self.rules[*number as usize].rule.source, labels);
        let numbers = self
            .by_source
            .candidates(labels, 0)
            .into_iter()
            .filter(is_source);
        let role = |number| {
            let values = values_of(&self.rules[number as usize].rule.equal, labels);
            Role {
                rule: number,
                values,
            }
        };
        numbers.map(role).collect()
    }
}

impl Rule {
    /// An alert that matches both sides of a rule is not inhibited by one that does too (§8).
    fn inhibiting(&self, labels: &Labels, now: Wall) -> Option<Fingerprint> {
        if self.sources.is_empty() || !all_match(&self.rule.target, labels) {
            return None;
        }
        let sources = self.sources.get(&values_of(&self.rule.equal, labels))?;
        let is_source_too = all_match(&self.rule.source, labels);
        let inhibits = |source: &&Arc<Alert>| {
            let is_two_sided = is_source_too && all_match(&self.rule.target, &source.labels);
            !source.is_resolved_at(now) && !is_two_sided
        };
        let lasting = |source: &&Arc<Alert>| (source.ends_at, source.fingerprint);
        let found = sources.values().filter(inhibits).max_by_key(lasting)?;
        Some(found.fingerprint)
    }
}

fn all_match(matchers: &[Matcher], labels: &Labels) -> bool {
    matchers.iter().all(|matcher| matcher.matches(labels))
}

/// A hash of the values of the `equal` labels; a missing label has the value "".
fn values_of(equal: &[String], labels: &Labels) -> u64 {
    let value = |name: &String| labels.get(name).unwrap_or("");
    let add = |hash: Fnv1a, name| hash.update(value(name).as_bytes()).update(&[0xff]);
    equal.iter().fold(Fnv1a::new(), add).finish()
}

#[cfg(test)]
mod tests;
