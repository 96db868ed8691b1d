//! The compiled regexes of silences: each text is compiled once (interning), and all of them are bounded.
//!
//! PURE. Owns which silences share a compiled regex, and the bytes that all of them take. Never keeps a regex
//! alive: the silences that hold it do, and this table has only weak references. Runs on the dispatch thread.

use std::collections::BTreeMap;
use std::mem;
use std::sync::{Arc, Weak};

use super::step_budget::StepBudget;
use crate::limits;
use crate::model::{Labels, Matcher, Pattern, Silence};

/// The number of matchers from which on the labels are first copied into a list for binary search. Without
/// it, each matcher walks the labels from the first one, and there can be a thousand.
const MANY_MATCHERS: usize = 8;

/// A regex of a kept silence that does not compile, so that the silence mutes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unusable {
    /// The id of the silence.
    pub silence: Arc<str>,
    /// Why the regex does not compile.
    pub fault: String,
}

/// The compiled regexes of all silences, and the bytes that they take.
#[derive(Debug)]
pub struct CompiledRegexes {
    limit: usize,
    patterns: BTreeMap<Arc<str>, Weak<Pattern>>,
    /// An upper bound of the bytes taken. [`CompiledRegexes::bytes`] subtracts what was dropped.
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
    /// An empty table with a limit of `limit` bytes.
    pub fn new(limit: usize) -> Self {
        CompiledRegexes {
            limit,
            patterns: BTreeMap::new(),
            bytes: 0,
            has_dropped: false,
            unusable: Vec::new(),
        }
    }

    /// Lets these matchers share compiled regexes with those known, and adds their new regexes.
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

    /// Whether the regexes of `matchers` fit within the limit. Regexes that are known already take no room.
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

    /// Whether `labels` satisfy all matchers of `silence`. Takes the steps that this costs.
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

    /// Whether a matcher accepts `value`. A regex of a restored silence is compiled on its first use, and
    /// stays compiled if the limit allows.
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

    /// The maximum bytes of compiled regexes.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// The bytes that the compiled regexes take now.
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

    /// Notes that silences were removed or have dropped their compiled regexes, so that the bytes have to be
    /// counted again.
    pub fn note_dropped(&mut self) {
        self.has_dropped = true;
    }

    /// Takes the regexes that were found not to compile since the last call.
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

/// These matchers without their compiled regexes.
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
