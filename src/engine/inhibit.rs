//! Inhibition: which alerts mute which.
//!
//! PURE. Owns the rules and, for each, the alerts that its source matchers match, by the values of
//! the `equal` labels and in the order in which they end (§8). If any of them still fires, the one
//! that ends last does, so one look is enough however many there are; Alertmanager keeps one for each
//! combination of values and can miss the one that still fires. Runs on the dispatch thread.

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
    /// The rules of which an alert is a source; only such alerts.
    roles: FingerprintMap<Vec<Role>>,
}

#[derive(Debug)]
struct Rule {
    rule: InhibitRule,
    /// By a hash of the values of the `equal` labels.
    sources: HashMap<u64, Sources, HashKey>,
}

/// Alerts that inhibit others with the same values, in the order in which they end or have ended. An
/// alert that matches both sides of a rule is not inhibited by one that does too, so these are apart.
#[derive(Debug, Default)]
struct Sources {
    one_sided: BTreeSet<(CompactWall, Fingerprint)>,
    two_sided: BTreeSet<(CompactWall, Fingerprint)>,
}

/// How an alert stands among the sources of a rule.
#[derive(Clone, Copy, Debug)]
struct Role {
    rule: u32,
    is_two_sided: bool,
    ends_at: CompactWall,
    values: u64,
}

/// Whether an alert was seen before: its labels, and so its roles, are known then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occurrence {
    /// It is new.
    New,
    /// It was seen.
    Known,
}

impl Inhibitor {
    /// The rules, without any source yet.
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

    /// How many rules there are.
    pub fn rules(&self) -> usize {
        self.rules.len()
    }

    /// An alert was reported: it may be a source, firing or resolved.
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

    /// An alert is no more.
    pub fn forget_alert(&mut self, fingerprint: Fingerprint) {
        for role in self.roles.remove(&fingerprint).into_iter().flatten() {
            self.rules[role.rule as usize].remove(role, fingerprint);
        }
    }

    /// The alert that inhibits one with these labels: of the first rule that does, the source that
    /// fires longest.
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

    /// An alert that matches both sides of a rule is not inhibited by one that does too (§8).
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

    /// A hash of the values of the `equal` labels; a missing label has the value "". Its key keeps
    /// anybody from making up values that count as those of others.
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
