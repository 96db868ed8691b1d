//! References to environment variables in values: `${NAME}`, `${NAME:-default}`, and `$${` for `${` itself.
//!
//! Owns their syntax and their replacement, after the file is parsed, so that no value can change its
//! structure. Keys stay as they are, and so do texts with `{{`: there `${name}` can be a group of a regex.
//! Never asks the environment itself: the caller does. Pure; runs on the thread that loads the
//! configuration.

use std::collections::BTreeMap;

use super::fault::{Findings, shown};
use super::node::{Kind, Node};
use super::yaml;
use crate::limits::CONFIG_EXPANDED_BYTES;

/// The value of an environment variable; `None` if it is not set.
pub type Lookup<'v> = &'v dyn Fn(&str) -> Option<String>;

/// The variables that were used, with their values.
pub type Used = BTreeMap<String, String>;

/// Replaces the references in all values of the tree.
pub fn expand(node: &mut Node, lookup: Lookup<'_>, findings: &mut Findings) -> Used {
    let mut expansion = Expansion {
        lookup,
        used: Used::new(),
        room: CONFIG_EXPANDED_BYTES,
    };
    expansion.visit(node, findings);
    expansion.used
}

/// The text of a file in which no reference is replaced: each has one more `$`. `None` if that would change
/// more than this, as in a text of several lines that is a template in another line.
pub fn escape_references(text: &str) -> Option<String> {
    let Ok(original) = yaml::parse(text) else {
        // A fault is reported when the file is loaded.
        return Some(text.to_owned());
    };
    let lines = text.split_inclusive('\n').map(|line| {
        if line.trim_start().starts_with('#') || line.contains("{{") {
            line.to_owned()
        } else {
            escape_line(line)
        }
    });
    let escaped: String = lines.collect();
    let mut root = yaml::parse(&escaped).ok()?.root;
    let mut findings = Findings::default();
    expand(&mut root, &|_| None, &mut findings);
    (findings.is_sound() && root == original.root).then_some(escaped)
}

fn escape_line(line: &str) -> String {
    let mut escaped = String::new();
    let mut rest = line;
    while let Some(start) = rest.find("${") {
        let (before, from) = rest.split_at(start);
        escaped.push_str(before);
        let is_variable = matches!(reference(from), Some((Reference::Variable { .. }, _)));
        if is_variable || before.ends_with('$') {
            escaped.push('$');
        }
        escaped.push_str("${");
        rest = &from[2..];
    }
    escaped + rest
}

struct Expansion<'v> {
    lookup: Lookup<'v>,
    used: Used,
    /// The bytes that all expanded values may still take.
    room: usize,
}

/// The text that a reference stands for.
#[derive(Debug, PartialEq, Eq)]
enum Reference<'t> {
    /// `${NAME}` or `${NAME:-default}`.
    Variable {
        name: &'t str,
        default: Option<&'t str>,
    },
    /// It begins like a reference and is of a form that shells know and this does not.
    Unknown,
}

impl Expansion<'_> {
    fn visit(&mut self, node: &mut Node, findings: &mut Findings) {
        match &mut node.kind {
            Kind::Null => {}
            Kind::Scalar(text) if !text.contains("${") => {}
            Kind::Scalar(text) if text.contains("{{") => {
                if let Some(name) = self.set_name_in(text) {
                    let warning = format!(
                        "${{{name}}} stays as it is, although the environment has {name}: a text with {{{{ is a template; {}",
                        super::lint::LITERAL.link()
                    );
                    findings.warn(node.place, warning);
                }
            }
            Kind::Scalar(text) => {
                let written = text.clone();
                match self.replaced(&written) {
                    Ok(replaced) => {
                        *text = replaced.text;
                        if let Some(unknown) = replaced.unknown {
                            let warning = format!(
                                "{unknown} stays as it is: only ${{NAME}} and ${{NAME:-default}} are replaced; {}",
                                super::lint::LITERAL.link()
                            );
                            findings.warn(node.place, warning);
                        }
                    }
                    Err((wrong, right)) => {
                        findings.missing(node.place, wrong, right);
                    }
                }
            }
            Kind::List(items) => {
                for item in items {
                    self.visit(item, findings);
                }
            }
            Kind::Map(entries) => {
                for entry in entries {
                    self.visit(&mut entry.value, findings);
                }
            }
        }
    }

    /// The first variable in `text` that is set.
    fn set_name_in<'t>(&self, text: &'t str) -> Option<&'t str> {
        text.match_indices("${").find_map(|(start, _)| {
            if text[..start].ends_with('$') {
                return None;
            }
            match reference(&text[start..])? {
                (Reference::Variable { name, .. }, _) => (self.lookup)(name).map(|_| name),
                (Reference::Unknown, _) => None,
            }
        })
    }

    fn replaced<'t>(&mut self, written: &'t str) -> Result<Replaced<'t>, (String, String)> {
        let mut text = String::new();
        let mut unknown = None;
        let mut rest = written;
        while let Some(start) = rest.find("${") {
            let (before, from) = rest.split_at(start);
            text.push_str(before);
            if before.ends_with('$') {
                text.pop();
                text.push_str("${");
                rest = &from[2..];
                continue;
            }
            rest = match reference(from) {
                Some((Reference::Variable { name, default }, length)) => {
                    text.push_str(&self.value(name, default)?);
                    &from[length..]
                }
                other => {
                    if let Some((Reference::Unknown, length)) = other {
                        unknown = unknown.or(Some(&from[..length]));
                    }
                    text.push_str("${");
                    &from[2..]
                }
            };
            self.keep_within_bounds(text.len())?;
        }
        text.push_str(rest);
        self.keep_within_bounds(text.len())?;
        self.room -= text.len();
        Ok(Replaced { text, unknown })
    }

    fn keep_within_bounds(&self, length: usize) -> Result<(), (String, String)> {
        if length <= self.room {
            return Ok(());
        }
        let limit = CONFIG_EXPANDED_BYTES >> 20;
        let wrong = format!("larger than {limit} MiB once the variables are replaced");
        Err((wrong, "use shorter values".to_owned()))
    }

    /// As in a shell, a default also stands for an empty value.
    fn value(&mut self, name: &str, default: Option<&str>) -> Result<String, (String, String)> {
        match ((self.lookup)(name), default) {
            (Some(value), default) if !value.is_empty() || default.is_none() => {
                self.used.insert(name.to_owned(), value.clone());
                Ok(value)
            }
            (_, Some(default)) => Ok(default.to_owned()),
            (_, None) => Err((
                format!("the environment variable {} is not set", shown(name)),
                format!(
                    "set it, write ${{{0}:-...}} for a default, or $${{{0}}} for these characters themselves",
                    shown(name)
                ),
            )),
        }
    }
}

/// A value with its references replaced.
struct Replaced<'t> {
    text: String,
    /// The first reference of a form that is not known.
    unknown: Option<&'t str>,
}

/// The reference at the start of `text`, which begins with `${`, and its length. `None` if the braces hold no
/// name, as in `${1}`, or are not closed.
fn reference(text: &str) -> Option<(Reference<'_>, usize)> {
    let (inner, _) = text[2..].split_once('}')?;
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let (name, rest) = inner.split_at(inner.find(|c| !is_of_name(c)).unwrap_or(inner.len()));
    if !name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_') {
        return None;
    }
    let reference = match (rest, rest.strip_prefix(":-")) {
        ("", _) => Reference::Variable {
            name,
            default: None,
        },
        (_, Some(default)) => Reference::Variable {
            name,
            default: Some(default),
        },
        // As in `${NAME:?message}`. Anything else behind a name is no reference at all.
        _ if rest.starts_with([':', '-', '?', '+']) => Reference::Unknown,
        _ => return None,
    };
    Some((reference, inner.len() + 3))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tree of `text` with its references replaced, the variables used, faults and warnings.
    fn expanded(text: &str) -> (Node, Used, Vec<String>, Vec<String>) {
        let mut findings = Findings::default();
        let mut root = yaml::parse(text).expect("YAML").root;
        let lookup = |name: &str| match name {
            "A" => Some("one".to_owned()),
            "EMPTY" => Some(String::new()),
            "LINES" => Some("x\nroute: {}".to_owned()),
            _ => None,
        };
        let used = expand(&mut root, &lookup, &mut findings);
        let warnings = findings.clone().into_warnings().into_iter();
        let faults = findings.into_faults().into_iter();
        (
            root,
            used,
            faults.map(|(_, fault)| fault).collect(),
            warnings.map(|(_, warning)| warning).collect(),
        )
    }

    fn value(written: &str) -> String {
        let (root, _, faults, _) = expanded(&format!("a: '{written}'\n"));
        assert_eq!(faults, Vec::<String>::new(), "{written}");
        let Kind::Map(entries) = root.kind else {
            panic!("a map");
        };
        match &entries[0].value.kind {
            Kind::Scalar(text) => text.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn references_are_replaced_where_they_stand() {
        assert_eq!(value("http://${A}/${A}?x"), "http://one/one?x");
        assert_eq!(value("${EMPTY}|"), "|");
        assert_eq!(
            value("${UNSET:-two} ${EMPTY:-three} ${A:-no}"),
            "two three one"
        );
        assert_eq!(value("${UNSET:-}|"), "|");
        assert_eq!(value("$${A} $$${A}"), "${A} $${A}");
    }

    #[test]
    fn what_is_no_reference_stays() {
        for text in [
            "${1} ${} ${a b} $A {A} ${A",
            "{{ reReplaceAll x y ${A} }}",
            "${ä}",
            "${UNSET.x}",
        ] {
            assert_eq!(value(text), text);
        }
    }

    #[test]
    fn a_value_never_changes_the_structure_and_a_key_is_never_replaced() {
        let (root, used, faults, _) = expanded("${A}: '${LINES}'\n");
        assert_eq!(faults, Vec::<String>::new());
        let Kind::Map(entries) = &root.kind else {
            panic!("a map");
        };
        assert_eq!(entries[0].key, "${A}");
        assert_eq!(entries[0].value.kind, Kind::Scalar("x\nroute: {}".into()));
        assert_eq!(used.into_keys().collect::<Vec<_>>(), ["LINES"]);
    }

    #[test]
    fn an_unset_variable_is_refused_and_a_form_of_shells_is_warned_of() {
        let (_, _, faults, _) = expanded("a: [x, '${UNSET}']\n");
        assert_eq!(faults.len(), 1);
        assert!(
            faults[0].starts_with("the environment variable UNSET is not set; set it"),
            "{faults:?}"
        );
        let (_, _, _, warnings) = expanded("a: '${A:?must be set}'\n");
        assert!(
            warnings[0].starts_with("${A:?must be set} stays as it is"),
            "{warnings:?}"
        );
        let (_, _, _, warnings) = expanded("a: '{{ .x }} ${A}'\nb: '{{ .x }} ${group}'\n");
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(
            warnings[0].contains("the environment has A"),
            "{warnings:?}"
        );
    }

    #[test]
    fn an_escaped_file_means_what_it_meant_without_variables() {
        let escaped = |text: &str| escape_references(text);
        for (text, expected) in [
            ("a: ${A}/${1} # ${B}\n", "a: $${A}/${1} # $${B}\n"),
            ("a: '$${A}${B:-c}'\n", "a: '$$${A}$${B:-c}'\n"),
            (
                "# ${A}\na: '{{ .x }} ${A}'\n",
                "# ${A}\na: '{{ .x }} ${A}'\n",
            ),
            ("a: [\n", "a: [\n"),
        ] {
            assert_eq!(escaped(text).as_deref(), Some(expected), "{text}");
        }
        assert_eq!(escaped("a: |\n  {{ .x }}\n  ${A}\n"), None);
        assert_eq!(escaped("${A}: x\n"), None, "a key is no value");
    }

    #[test]
    fn values_that_multiply_are_stopped_at_the_limit() {
        let references = "${A}".repeat(1000);
        let mut root = yaml::parse(&format!("a: '{references}'\n"))
            .expect("YAML")
            .root;
        let mut findings = Findings::default();
        let large = |_: &str| Some("x".repeat(CONFIG_EXPANDED_BYTES / 100));
        expand(&mut root, &large, &mut findings);
        let faults = findings.into_faults();
        assert!(faults[0].1.starts_with("larger than 32 MiB"), "{faults:?}");
    }
}
