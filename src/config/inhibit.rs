//! Inhibition rules (§1.8).
//!
//! Owns their keys, and the checked type that the daemon uses. Pure; runs on the thread that loads the
//! configuration.

use super::fault::{Findings, shown};
use super::matching::join_matchers;
use super::record::Record;
use super::table::Kind::{Labels, Matchers, Regexes, Text, Texts};
use super::table::{Section, key};
use crate::model::{Matcher, ParserMode, is_valid_label_name};

/// The section of an inhibition rule.
pub static INHIBIT_RULE: Section = Section {
    what: "an inhibition rule",
    keys: &[
        key("name", Text),
        key("source_match", Labels),
        key("source_match_re", Regexes),
        key("source_matchers", Matchers),
        key("target_match", Labels),
        key("target_match_re", Regexes),
        key("target_matchers", Matchers),
        key("equal", Texts("a list of label names")),
    ],
};

/// Mutes alerts that match `target` while another alert that matches `source` fires with the same values
/// of the `equal` labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InhibitRule {
    /// The name, for display only; may be empty.
    pub name: String,
    /// The matchers that the source alert must all satisfy.
    pub source: Vec<Matcher>,
    /// The matchers that the target alert must all satisfy.
    pub target: Vec<Matcher>,
    /// Labels that must have equal values; a missing one has the value "". Sorted.
    pub equal: Vec<String>,
}

impl InhibitRule {
    /// Checks a rule. A null rule has no matchers and mutes nothing.
    pub fn check(rule: &Record, mode: ParserMode, findings: &mut Findings) -> Self {
        let labels = rule.texts("equal");
        for label in labels {
            if !is_valid_label_name(&label.value, mode) {
                let label_name = shown(&label.value);
                let wrong = format!("invalid label name \"{label_name}\" in equal list");
                findings.fault(label.place, wrong, "write the name of a label");
            }
        }
        let mut equal: Vec<String> = labels.iter().map(|label| label.value.clone()).collect();
        equal.sort();
        equal.dedup();
        let source = ["source_match", "source_match_re", "source_matchers"];
        let target = ["target_match", "target_match_re", "target_matchers"];
        InhibitRule {
            name: rule.text("name").unwrap_or_default().to_owned(),
            source: join_matchers(rule, source, findings),
            target: join_matchers(rule, target, findings),
            equal,
        }
    }
}
