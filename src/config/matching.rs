//! The three ways in which routes and inhibition rules select alerts (§1.2).
//!
//! Owns how each way is read, and the conversion of all three into one list of matchers. Pure; runs on the
//! thread that loads the configuration.

use super::fault::{Findings, shown};
use super::field::{At, map, named_texts, texts};
use super::node::{Kind, Node};
use super::record::Record;
use crate::model::{
    MatchOp, Matcher, MatcherError, ParserMode, is_valid_label_name, parse_matchers,
};

/// The advice for a regex that exceeds a limit.
const SMALLER: &str = "write it shorter, split it over several routes, or write it as a plain list of names such \
                       as a|b|c, which takes far less";

/// Reads one of the two older forms, which allow only classic names in every mode (§1.2).
pub fn read_labels(
    node: &Node,
    are_regexes: bool,
    findings: &mut Findings,
) -> Option<Vec<(String, At<String>)>> {
    let what = match are_regexes {
        true => "a map of label names and regular expressions",
        false => "a map of label names and values",
    };
    let entries = map(node, what, findings)?;
    for entry in entries {
        if !is_valid_label_name(&entry.key, ParserMode::Classic) {
            let wrong = format!("invalid label name \"{}\"", shown(&entry.key));
            let right = "letters, digits and _ are allowed here; matchers can name any label";
            findings.fault(entry.place, wrong, right);
        }
        if are_regexes && entry.value.kind == Kind::Null {
            let wrong = format!("invalid regexp value for \"{}\"", shown(&entry.key));
            findings.fault(entry.place, wrong, "write a regular expression");
        }
    }
    Some(named_texts(entries, findings))
}

/// Reads the newer form; `None` if one of the lines is wrong.
pub fn read_matchers(
    node: &Node,
    mode: ParserMode,
    findings: &mut Findings,
) -> Option<Vec<Matcher>> {
    let mut matchers = Vec::new();
    let mut are_sound = true;
    for line in texts(node, "a list of matchers", findings)? {
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
                are_sound = false;
            }
        }
    }
    matchers.sort();
    are_sound.then_some(matchers)
}

/// The message of an error. For a regex that is too large, the limit comes last.
fn told(error: &MatcherError) -> String {
    if error.is_of_size {
        error.words.clone()
    } else {
        shown(&error.words)
    }
}

/// The matchers of the three keys of a section: exact values, regexes, matchers. The older two forms are
/// converted into matchers; a regex keeps its anchors as part of its text (§2.3).
pub fn join_matchers(
    section: &Record,
    [equals, regexes, matchers]: [&str; 3],
    findings: &mut Findings,
) -> Vec<Matcher> {
    let mut all = section.matchers(matchers).to_vec();
    for (name, at) in section.named(equals) {
        let matcher = Matcher::new(MatchOp::Equal, name.as_str(), at.value.as_str());
        all.push(matcher.expect("only a regex can be wrong, and this is none"));
    }
    for (name, at) in section.named(regexes) {
        let regex = |text: &str| Matcher::new(MatchOp::Regex, name.as_str(), text);
        match regex(&format!("^(?:{})$", at.value)) {
            Ok(matcher) => all.push(matcher),
            Err(error) => {
                // Alertmanager's message shows the regex with one pair of anchors, not two.
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
