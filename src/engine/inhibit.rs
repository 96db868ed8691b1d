//! Inhibition: which alerts mute which.
//!
//! PURE. Owns the rules and, for each rule, its source alerts, by the values of the `equal` labels and in
//! the order of their end times (§8). If any source still fires, the one that ends last does, so one look-up
//! is enough for any number of sources. Alertmanager keeps only one source per combination of values, and
//! can miss the one that still fires. Runs on the dispatch thread.

use std::collections::{BTreeSet, HashMap};

use super::index::MatcherIndex;
use crate::config::InhibitRule;
use crate::model::{
    Alert, CompactWall, Fingerprint, FingerprintMap, HashKey, Labels, Matcher, Wall,
};

/// The rules of a configuration and the sources known for them.
#[derive(Debug)]
pub struct Inhibitor {
    rules: Vec<Rule>,
    by_source: MatcherIndex,
    by_target: MatcherIndex,
    /// The rules that an alert is a source of. Holds no alert that is a source of none.
    roles: FingerprintMap<Vec<Role>>,
}

#[derive(Debug)]
struct Rule {
    rule: InhibitRule,
    /// The sources, by a hash of the values of their `equal` labels.
    sources: HashMap<u64, Sources, HashKey>,
}

/// The sources with the same values of the `equal` labels, in the order of their end times. Sources that
/// match both sides of the rule are kept apart, because they inhibit no alert that matches both sides.
#[derive(Debug, Default)]
struct Sources {
    one_sided: BTreeSet<(CompactWall, Fingerprint)>,
    two_sided: BTreeSet<(CompactWall, Fingerprint)>,
}

/// The position of an alert among the sources of a rule.
#[derive(Clone, Copy, Debug)]
struct Role {
    rule: u32,
    is_two_sided: bool,
    ends_at: CompactWall,
    values: u64,
}

/// Whether an alert was observed before. If so, its labels and thus the rules it is a source of are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occurrence {
    /// The alert is new.
    New,
    /// The alert was observed before.
    Known,
}

impl Inhibitor {
    /// These rules, without any source yet.
    pub fn new(rules: &[InhibitRule], key: HashKey) -> Self {
        let mut inhibitor = Inhibitor {
            rules: Vec::with_capacity(rules.len()),
            by_source: MatcherIndex::new(key),
            by_target: MatcherIndex::new(key),
            roles: FingerprintMap::with_hasher(key),
        };
        for (number, rule) in (0..).zip(rules) {
            inhibitor.by_source.insert(number, &rule.source);
            inhibitor.by_target.insert(number, &rule.target);
            inhibitor.rules.push(Rule {
                rule: rule.clone(),
                sources: HashMap::with_hasher(key),
            });
        }
        inhibitor
    }

    /// The number of rules.
    pub fn rules(&self) -> usize {
        self.rules.len()
    }

    /// Takes note of a reported alert, firing or resolved. It may be a source.
    pub fn observe(&mut self, alert: &Alert, occurrence: Occurrence) {
        if occurrence == Occurrence::New {
            let roles = self.roles_of(alert);
            if !roles.is_empty() {
                for role in &roles {
                    self.rules[role.rule as usize].add(*role, alert.fingerprint);
                }
                self.roles.insert(alert.fingerprint, roles);
            }
            return;
        }
        for role in self.roles.get_mut(&alert.fingerprint).into_iter().flatten() {
            if role.ends_at != alert.ends_at {
                let rule = &mut self.rules[role.rule as usize];
                rule.remove(*role, alert.fingerprint);
                role.ends_at = alert.ends_at;
                rule.add(*role, alert.fingerprint);
            }
        }
    }

    /// Removes an alert from all sources.
    pub fn forget_alert(&mut self, fingerprint: Fingerprint) {
        for role in self.roles.remove(&fingerprint).into_iter().flatten() {
            self.rules[role.rule as usize].remove(role, fingerprint);
        }
    }

    /// The alert that inhibits an alert with these labels, if there is one: the source that fires longest, of
    /// the first rule that inhibits it.
    pub fn inhibiting(&self, labels: &Labels, now: Wall) -> Option<Fingerprint> {
        if self.roles.is_empty() {
            return None;
        }
        let mut candidates = self.by_target.candidates(labels, 0, usize::MAX).into_iter();
        candidates.find_map(|number| self.rules[number as usize].inhibiting(labels, now))
    }

    fn roles_of(&self, alert: &Alert) -> Vec<Role> {
        let labels = &alert.labels;
        let candidates = self.by_source.candidates(labels, 0, usize::MAX).into_iter();
        let role = |number: u64| {
            let rule = &self.rules[number as usize];
            all_match(&rule.rule.source, labels).then(|| Role {
                rule: u32::try_from(number).expect("a configuration of bounded size"),
                is_two_sided: all_match(&rule.rule.target, labels),
                ends_at: alert.ends_at,
                values: rule.values_of(labels),
            })
        };
        candidates.filter_map(role).collect()
    }
}

impl Rule {
    fn add(&mut self, role: Role, fingerprint: Fingerprint) {
        let sources = self.sources.entry(role.values).or_default();
        sources.side_of(role).insert((role.ends_at, fingerprint));
    }

    fn remove(&mut self, role: Role, fingerprint: Fingerprint) {
        let Some(sources) = self.sources.get_mut(&role.values) else {
            return;
        };
        sources.side_of(role).remove(&(role.ends_at, fingerprint));
        if sources.one_sided.is_empty() && sources.two_sided.is_empty() {
            self.sources.remove(&role.values);
        }
    }

    /// An alert that matches both sides of a rule is not inhibited by another alert that does (§8).
    fn inhibiting(&self, labels: &Labels, now: Wall) -> Option<Fingerprint> {
        if self.sources.is_empty() || !all_match(&self.rule.target, labels) {
            return None;
        }
        let sources = self.sources.get(&self.values_of(labels))?;
        let is_source_too = all_match(&self.rule.source, labels);
        let last = match is_source_too {
            true => sources.one_sided.last(),
            false => sources.one_sided.last().max(sources.two_sided.last()),
        };
        let (ends_at, fingerprint) = *last?;
        (ends_at.get() > now).then_some(fingerprint)
    }

    /// A keyed hash of the values of the `equal` labels; a missing label has the value "". Without the key, a
    /// sender could construct values that collide with those of other alerts.
    fn values_of(&self, labels: &Labels) -> u64 {
        let value = |name: &String| labels.get(name).unwrap_or("");
        let values: Vec<&str> = self.rule.equal.iter().map(value).collect();
        self.sources.hasher().hash_texts(values)
    }
}

impl Sources {
    fn side_of(&mut self, role: Role) -> &mut BTreeSet<(CompactWall, Fingerprint)> {
        if role.is_two_sided {
            &mut self.two_sided
        } else {
            &mut self.one_sided
        }
    }
}

fn all_match(matchers: &[Matcher], labels: &Labels) -> bool {
    matchers.iter().all(|matcher| matcher.matches(labels))
}

#[cfg(test)]
mod tests;
