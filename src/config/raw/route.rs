//! A node of the routing tree as the file says it.
//!
//! Owns the keys of a route and their types (§1.5), matchers included; inheritance and the rules
//! that need more than one key are `check/route.rs`'s. Pure; runs on whichever thread loads the
//! configuration.

use std::time::Duration;

use super::refuse_unbuilt;
use crate::config::fault::{Findings, shown};
use crate::config::field::{
    At, Field, Fields, boolean, duration, list, map, named_texts, text, texts,
};
use crate::config::node::{Entry, Kind, Node, Place};
use crate::model::{MatchOp, Matcher, ParserMode, is_valid_label_name, parse_matchers};

/// A route with its children.
#[derive(Debug)]
pub struct RawRoute {
    /// Where it stands.
    pub place: Place,
    /// The receiver's name.
    pub receiver: Field<String>,
    /// The labels to group by, or `...`.
    pub group_by: Field<Vec<At<String>>>,
    /// Old form: labels with exact values.
    pub equals: Vec<(String, At<String>)>,
    /// Old form: labels with regexes, as written.
    pub regexes: Vec<(String, At<String>)>,
    /// New form; sorted.
    pub matchers: Vec<Matcher>,
    /// The matchers of all three forms that could be read; sorted.
    pub all_matchers: Vec<Matcher>,
    /// Whether later siblings are tried.
    pub continues: Option<At<bool>>,
    /// How long a new group waits.
    pub group_wait: Field<Duration>,
    /// How long after a flush the next one comes.
    pub group_interval: Field<Duration>,
    /// How long an unchanged notification stays unrepeated.
    pub repeat_interval: Field<Duration>,
    /// Keys that are not allowed at the root and that say something here, with their places.
    pub matching_keys: Vec<Place>,
    /// The children that could be read.
    pub routes: Vec<RawRoute>,
}

const BUILT: &[&str] = &[
    "receiver",
    "group_by",
    "match",
    "match_re",
    "matchers",
    "continue",
    "routes",
    "group_wait",
    "group_interval",
    "repeat_interval",
];
const NOT_BUILT: &[&str] = &["mute_time_intervals", "active_time_intervals", "labels"];

impl RawRoute {
    /// Reads a route; `None` if it is not a map.
    pub fn read(node: &Node, mode: ParserMode, findings: &mut Findings) -> Option<Self> {
        let fields = Fields::read(node, "a route", &[BUILT, NOT_BUILT], findings)?;
        refuse_unbuilt(&fields, NOT_BUILT, findings);
        let equals = read_equals(fields.get("match"), findings);
        let regexes = read_regexes(fields.get("match_re"), findings);
        let matchers = read_matchers(fields.get("matchers"), mode, findings);
        let interval = |key, findings: &mut Findings| {
            Field::read(fields.get(key), |node| duration(node, findings))
        };
        Some(RawRoute {
            place: node.place,
            receiver: Field::read(fields.get("receiver"), |node| {
                text(node, findings).map(str::to_owned)
            }),
            group_by: Field::read(fields.get("group_by"), |node| {
                texts(node, "a list of label names", findings)
            }),
            all_matchers: join_matchers(&equals, &regexes, &matchers, findings),
            equals,
            regexes,
            matchers,
            continues: fields.get("continue").and_then(|node| {
                Some(At {
                    place: node.place,
                    value: boolean(node, findings)?,
                })
            }),
            group_wait: interval("group_wait", findings),
            group_interval: interval("group_interval", findings),
            repeat_interval: interval("repeat_interval", findings),
            matching_keys: ["match", "match_re", "matchers"]
                .iter()
                .filter_map(|key| fields.get(key))
                .filter(|node| !node.is_empty())
                .map(|node| node.place)
                .collect(),
            routes: read_routes(fields.get("routes"), mode, findings),
        })
    }
}

fn read_routes(node: Option<&Node>, mode: ParserMode, findings: &mut Findings) -> Vec<RawRoute> {
    let items = node.and_then(|node| list(node, "a list of routes", findings));
    let mut routes = Vec::new();
    for item in items.unwrap_or_default() {
        if item.kind == Kind::Null {
            findings.fault(item.place, "route is null", "write its keys or remove it");
        }
        routes.extend(RawRoute::read(item, mode, findings));
    }
    routes
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
            Err(error) => findings.fault(
                line.place,
                shown(&error.0),
                "write a label, one of = != =~ !~, and a value, such as severity=\"page\"",
            ),
        }
    }
    matchers.sort();
    matchers
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
                let right = "write a regular expression in RE2's syntax";
                findings.fault(at.place, shown(&error.0), right);
            }
        }
    }
    all.sort();
    all
}
