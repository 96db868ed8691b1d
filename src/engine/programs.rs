//! The regexes of silences: each text compiled once, all of them within a bound.
//!
//! PURE. Owns which silences share a compiled regex and how many bytes all of them take. What a silence
//! holds lives as long as the silence holds it: this only knows of it. Runs on the dispatch thread.

use std::collections::BTreeMap;
use std::mem;
use std::sync::{Arc, Weak};

use super::steps::Steps;
use crate::limits;
use crate::model::{Labels, Matcher, Pattern, Silence};

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
pub struct Programs {
    limit: usize,
    patterns: BTreeMap<Arc<str>, Weak<Pattern>>,
    /// No less than they take: what was let go is subtracted when somebody asks.
    bytes: usize,
    was_let_go: bool,
    unusable: Vec<Unusable>,
}

impl Default for Programs {
    fn default() -> Self {
        Programs::new(limits::SILENCES_REGEX_BYTES)
    }
}

impl Programs {
    /// None so far, and `limit` bytes for them.
    pub fn new(limit: usize) -> Self {
        Programs {
            limit,
            patterns: BTreeMap::new(),
            bytes: 0,
            was_let_go: false,
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
    pub fn all_match(&mut self, silence: &Silence, labels: &Labels, steps: &mut Steps) -> bool {
        let mut matchers = silence.matchers.iter();
        matchers.all(|matcher| self.matches(matcher, silence, labels, steps))
    }

    /// What an earlier process kept is compiled when it is first tried, and stays compiled while there is room.
    fn matches(
        &mut self,
        matcher: &Matcher,
        silence: &Silence,
        labels: &Labels,
        steps: &mut Steps,
    ) -> bool {
        let Some(pattern) = matcher.pattern().filter(|it| !it.is_compiled()) else {
            steps.take(matcher.steps(labels));
            return matcher.matches(labels);
        };
        if self.bytes() >= self.limit {
            return compile_and_match(&matcher.uncompiled(), labels, steps);
        }
        if let Some(fault) = pattern.fault() {
            let silence = Arc::clone(&silence.id);
            self.unusable.push(Unusable { silence, fault });
        }
        self.bytes += pattern.compiled_bytes();
        compile_and_match(matcher, labels, steps)
    }

    /// Bytes that they may take.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Bytes that the compiled regexes take.
    pub fn bytes(&mut self) -> usize {
        if mem::take(&mut self.was_let_go) {
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
    pub fn let_go(&mut self) {
        self.was_let_go = true;
    }

    /// What was found not to compile since the last time.
    pub fn take_unusable(&mut self) -> Vec<Unusable> {
        mem::take(&mut self.unusable)
    }
}

fn compile_and_match(matcher: &Matcher, labels: &Labels, steps: &mut Steps) -> bool {
    let holds = matcher.matches(labels);
    let compiling = matcher.compiled_bytes() / limits::REGEX_BYTES_A_STEP;
    steps.take(compiling + matcher.steps(labels));
    holds
}

/// These matchers without what they were compiled to.
pub fn uncompiled(matchers: &[Matcher]) -> Arc<[Matcher]> {
    matchers.iter().map(Matcher::uncompiled).collect()
}
