//! The regexes of silences: each text compiled once, all of them within a bound.
//!
//! PURE. Owns which silences share a compiled regex and how many bytes all of them take. What a silence
//! holds lives as long as the silence holds it: this only knows of it. Runs on the dispatch thread.

use std::collections::BTreeMap;
use std::mem;
use std::sync::{Arc, Weak};

use super::step_budget::StepBudget;
use crate::limits;
use crate::model::{Labels, Matcher, Pattern, Silence};

/// Matchers of a silence from which on the labels that they are held against are laid out first: to find one
/// of a thousand labels takes a walk over those before it otherwise.
const MANY_MATCHERS: usize = 8;

/// A regex of a kept silence that does not compile, so that the silence mutes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unusable {
    /// The silence.
    pub silence: Arc<str>,
    /// What is wrong with the regex.
    pub fault: String,
}

/// What is known of the regexes of all silences.
#[derive(Debug)]
pub struct CompiledRegexes {
    limit: usize,
    patterns: BTreeMap<Arc<str>, Weak<Pattern>>,
    /// No less than they take: what was let go is subtracted when somebody asks.
    bytes: usize,
    has_dropped: bool,
    unusable: Vec<Unusable>,
}

impl Default for CompiledRegexes {
    fn default() -> Self {
        CompiledRegexes::new(limits::SILENCES_REGEX_BYTES)
    }
}

impl CompiledRegexes {
    /// None so far, and `limit` bytes for them.
    pub fn new(limit: usize) -> Self {
        CompiledRegexes {
            limit,
            patterns: BTreeMap::new(),
            bytes: 0,
            has_dropped: false,
            unusable: Vec::new(),
        }
    }

    /// Lets matchers use the compiled regexes of others, and others those of them.
    pub fn share(&mut self, matchers: &mut [Matcher]) {
        for matcher in matchers {
            let Some(pattern) = matcher.pattern() else {
                continue;
            };
            if let Some(known) = self.patterns.get(pattern.text()).and_then(Weak::upgrade) {
                matcher.share(&known);
                continue;
            }
            let text = Arc::clone(pattern.text());
            self.bytes += pattern.compiled_bytes();
            self.patterns.insert(text, Arc::downgrade(pattern));
        }
    }

    /// Whether there is room for the regexes of `matchers`, those not counted that others have as well.
    pub fn have_room_for(&mut self, matchers: &[Matcher]) -> bool {
        let mut new = BTreeMap::new();
        for pattern in matchers.iter().filter_map(Matcher::pattern) {
            let known = self.patterns.get(pattern.text());
            if known.is_none_or(|known| known.strong_count() == 0) {
                new.insert(pattern.text(), pattern.compiled_bytes());
            }
        }
        self.bytes() + new.into_values().sum::<usize>() <= self.limit
    }

    /// Whether `labels` satisfy all matchers of `silence`; takes as many steps as that costs.
    pub fn all_match(
        &mut self,
        silence: &Silence,
        labels: &Labels,
        steps: &mut StepBudget,
    ) -> bool {
        let mut matchers = silence.matchers.iter();
        if silence.matchers.len() < MANY_MATCHERS {
            return matchers.all(|matcher| {
                let value = labels.get(matcher.name());
                self.matches(matcher, silence, value.unwrap_or(""), steps)
            });
        }
        let pairs: Vec<(&str, &str)> = labels.iter().collect();
        matchers.all(|matcher| {
            let at = pairs.binary_search_by(|(name, _)| (*name).cmp(matcher.name()));
            self.matches(matcher, silence, at.map_or("", |at| pairs[at].1), steps)
        })
    }

    /// What an earlier process kept is compiled when it is first tried, and stays compiled while there is room.
    fn matches(
        &mut self,
        matcher: &Matcher,
        silence: &Silence,
        value: &str,
        steps: &mut StepBudget,
    ) -> bool {
        let Some(pattern) = matcher.pattern().filter(|it| !it.is_compiled()) else {
            steps.take(matcher.steps(value));
            return matcher.matches_value(value);
        };
        if self.bytes() >= self.limit {
            return compile_and_match(&matcher.uncompiled(), value, steps);
        }
        if let Some(fault) = pattern.fault() {
            let silence = Arc::clone(&silence.id);
            self.unusable.push(Unusable { silence, fault });
        }
        self.bytes += pattern.compiled_bytes();
        compile_and_match(matcher, value, steps)
    }

    /// Bytes that they may take.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Bytes that the compiled regexes take.
    pub fn bytes(&mut self) -> usize {
        if mem::take(&mut self.has_dropped) {
            self.bytes = 0;
            self.patterns.retain(|_, pattern| {
                let pattern = pattern.upgrade();
                self.bytes += pattern.as_ref().map_or(0, |it| it.compiled_bytes());
                pattern.is_some()
            });
        }
        self.bytes
    }

    /// Silences with matchers were forgotten, or hold them uncompiled from now on.
    pub fn note_dropped(&mut self) {
        self.has_dropped = true;
    }

    /// What was found not to compile since the last time.
    pub fn take_unusable(&mut self) -> Vec<Unusable> {
        mem::take(&mut self.unusable)
    }
}

fn compile_and_match(matcher: &Matcher, value: &str, steps: &mut StepBudget) -> bool {
    let holds = matcher.matches_value(value);
    let compiling = matcher.compiled_bytes() / limits::REGEX_BYTES_A_STEP;
    steps.take(compiling + matcher.steps(value));
    holds
}

/// These matchers without what they were compiled to.
pub fn uncompiled(matchers: &[Matcher]) -> Arc<[Matcher]> {
    matchers.iter().map(Matcher::uncompiled).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{MatchOp, Wall};

    fn silence(matchers: Vec<Matcher>) -> Silence {
        Silence {
            id: "some-id".into(),
            matchers: matchers.into(),
            starts_at: Wall::MIN,
            ends_at: Wall::MAX,
            updated_at: Wall::MIN,
            created_by: String::new(),
            comment: String::new(),
            annotations: Labels::default(),
        }
    }

    #[test]
    fn many_matchers_find_the_labels_that_few_find() {
        // Names that have one character for all of them among others.
        let names = [
            "alertname",
            "instance",
            "job",
            "zone",
            "a",
            "l1",
            "l10",
            "l2",
            "ö",
        ];
        let labels = Labels::from_pairs(names.map(|name| (name, name)));
        let new = |op, name: &str, value: &str| Matcher::new(op, name, value).expect("sound");
        let absent =
            (0..MANY_MATCHERS).map(|number| new(MatchOp::Equal, &format!("no{number}"), ""));
        let mut matchers: Vec<Matcher> = absent.collect();
        let mut regexes = CompiledRegexes::default();
        let mut holds = |matchers: &[Matcher]| {
            let silence = silence(matchers.to_vec());
            regexes.all_match(&silence, &labels, &mut StepBudget::without_end())
        };
        for name in names {
            matchers.push(new(MatchOp::Regex, name, &format!("{name}|x")));
            assert!(holds(&matchers), "{name}");
            let wrong = new(MatchOp::NotEqual, name, name);
            assert!(!holds(&[&matchers[..], &[wrong]].concat()), "{name}");
        }
    }
}
