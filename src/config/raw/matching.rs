//! The three ways in which routes and inhibition rules say which alerts they mean (§1.2).
//!
//! Owns how each is read and how they become one list of matchers. Pure; runs on whichever thread
//! loads the configuration.

use crate::config::fault::{Findings, shown};
use crate::config::field::{At, Fields, map, named_texts, text, texts};
use crate::config::node::{Entry, Kind, Node, Place};
use crate::model::{
    MatchOp, Matcher, MatcherError, ParserMode, is_valid_label_name, parse_matchers,
};

/// What helps where a regex is past a bound.
const SMALLER: &str = "write it shorter, split it over several routes, or write it as a plain list of names such \
                       as a|b|c, which takes far less";

/// What is written under the three keys.
#[derive(Debug)]
pub struct RawMatching {
    /// Old form: labels with exact values.
    pub equals: Vec<(String, At<String>)>,
    /// Old form: labels with regexes, as written.
    pub regexes: Vec<(String, At<String>)>,
    /// New form; sorted.
    pub matchers: Vec<Matcher>,
    /// The matchers of all three forms that could be read; sorted.
    pub all: Vec<Matcher>,
    /// Where the keys stand under which something is said.
    pub places: Vec<Place>,
}

impl RawMatching {
    /// Reads the keys `equals`, `regexes` and `matchers` of a section.
    pub fn read(
        fields: &Fields<'_>,
        [equals, regexes, matchers]: [&str; 3],
        mode: ParserMode,
        findings: &mut Findings,
    ) -> Self {
        let nodes = [equals, regexes, matchers].map(|key| fields.get(key));
        let equals = read_equals(nodes[0], findings);
        let regexes = read_regexes(nodes[1], findings);
        let matchers = read_matchers(nodes[2], mode, findings);
        let said = nodes.into_iter().flatten().filter(|node| !node.is_empty());
        RawMatching {
            all: join_matchers(&equals, &regexes, &matchers, findings),
            equals,
            regexes,
            matchers,
            places: said.map(|node| node.place).collect(),
        }
    }
}

fn read_equals(node: Option<&Node>, findings: &mut Findings) -> Vec<(String, At<String>)> {
    let what = "a map of label names and values";
    let entries = node.and_then(|node| map(node, what, findings));
    let entries = entries.unwrap_or_default();
    for entry in entries {
        check_classic_name(entry, findings);
    }
    named_texts(entries, findings)
}

fn read_regexes(node: Option<&Node>, findings: &mut Findings) -> Vec<(String, At<String>)> {
    let what = "a map of label names and regular expressions";
    let entries = node.and_then(|node| map(node, what, findings));
    let mut regexes = Vec::new();
    for entry in entries.unwrap_or_default() {
        check_classic_name(entry, findings);
        if entry.value.kind == Kind::Null {
            let wrong = format!("invalid regexp value for \"{}\"", shown(&entry.key));
            findings.fault(entry.place, wrong, "write a regular expression");
        } else if let Some(regex) = text(&entry.value, findings) {
            let at = At {
                place: entry.value.place,
                value: regex.to_owned(),
            };
            regexes.push((entry.key.clone(), at));
        }
    }
    regexes
}

/// The old forms know classic names only, whatever the mode (§1.2).
fn check_classic_name(entry: &Entry, findings: &mut Findings) {
    if !is_valid_label_name(&entry.key, ParserMode::Classic) {
        let wrong = format!("invalid label name \"{}\"", shown(&entry.key));
        let right = "letters, digits and _ are allowed here; matchers can name any label";
        findings.fault(entry.place, wrong, right);
    }
}

fn read_matchers(node: Option<&Node>, mode: ParserMode, findings: &mut Findings) -> Vec<Matcher> {
    let lines = node.and_then(|node| texts(node, "a list of matchers", findings));
    let mut matchers = Vec::new();
    for line in lines.unwrap_or_default() {
        match parse_matchers(&line.value, mode) {
            Ok(parsed) => {
                matchers.extend(parsed.value);
                if let Some(warning) = parsed.warning {
                    findings.warn(line.place, warning);
                }
            }
            Err(error) => {
                let right = if error.is_of_size {
                    SMALLER
                } else {
                    "write a label, one of = != =~ !~, and a value, such as severity=\"page\""
                };
                findings.fault(line.place, told(&error), right);
            }
        }
    }
    matchers.sort();
    matchers
}

/// Of a regex that is too large, the bound stands at the end.
fn told(error: &MatcherError) -> String {
    if error.is_of_size {
        error.words.clone()
    } else {
        shown(&error.words)
    }
}

/// The old forms become matchers; a regex keeps its anchors as part of its text (§2.3).
fn join_matchers(
    equals: &[(String, At<String>)],
    regexes: &[(String, At<String>)],
    matchers: &[Matcher],
    findings: &mut Findings,
) -> Vec<Matcher> {
    let mut all = matchers.to_vec();
    for (name, at) in equals {
        let matcher = Matcher::new(MatchOp::Equal, name.as_str(), at.value.as_str());
        all.push(matcher.expect("only a regex can be wrong, and this is none"));
    }
    for (name, at) in regexes {
        let regex = |text: &str| Matcher::new(MatchOp::Regex, name.as_str(), text);
        match regex(&format!("^(?:{})$", at.value)) {
            Ok(matcher) => all.push(matcher),
            Err(error) => {
                // Alertmanager's words show the regex with one pair of anchors, not two.
                let error = regex(&at.value).err().unwrap_or(error);
                let right = if error.is_of_size {
                    SMALLER
                } else {
                    "write a regular expression in RE2's syntax"
                };
                findings.fault(at.place, told(&error), right);
            }
        }
    }
    all.sort();
    all
}
