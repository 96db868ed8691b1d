//! An inhibition rule as the file says it.
//!
//! Owns its keys and their types (§1.8). Pure; runs on whichever thread loads the configuration.

use super::matching::RawMatching;
use crate::config::fault::{Findings, shown};
use crate::config::field::{At, Fields, text, texts};
use crate::config::node::Node;
use crate::model::{ParserMode, is_valid_label_name};

/// An inhibition rule. One that is null has no matchers and mutes nothing.
#[derive(Debug)]
pub struct RawInhibitRule {
    /// Its name; may be empty.
    pub name: String,
    /// Which alerts mute others.
    pub source: RawMatching,
    /// Which alerts they mute.
    pub target: RawMatching,
    /// Labels that must have equal values, as given.
    pub equal: Vec<At<String>>,
}

const KEYS: &[&str] = &[
    "name",
    "source_match",
    "source_match_re",
    "source_matchers",
    "target_match",
    "target_match_re",
    "target_matchers",
    "equal",
];

impl RawInhibitRule {
    /// Reads a rule; `None` if it is not a map.
    pub fn read(node: &Node, mode: ParserMode, findings: &mut Findings) -> Option<Self> {
        let fields = Fields::read(node, "an inhibition rule", &[KEYS], findings)?;
        let name = fields.get("name").and_then(|node| text(node, findings));
        let source = ["source_match", "source_match_re", "source_matchers"];
        let target = ["target_match", "target_match_re", "target_matchers"];
        let equal = fields
            .get("equal")
            .and_then(|node| texts(node, "a list of label names", findings))
            .unwrap_or_default();
        for label in &equal {
            if !is_valid_label_name(&label.value, mode) {
                let label_name = shown(&label.value);
                let wrong = format!("invalid label name \"{label_name}\" in equal list");
                findings.fault(label.place, wrong, "write the name of a label");
            }
        }
        Some(RawInhibitRule {
            name: name.unwrap_or_default().to_owned(),
            source: RawMatching::read(&fields, source, mode, findings),
            target: RawMatching::read(&fields, target, mode, findings),
            equal,
        })
    }
}
