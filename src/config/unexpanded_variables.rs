//! References such as `${NAME}`, written in the expectation that environment variables are expanded.
//!
//! Owns the recognition of such references and the warning. Pure; runs on the thread that loads the
//! configuration.

use super::fault::Findings;
use super::node::{Kind, Node};

/// The first reference in `text`, as it is spelled there.
pub fn reference(text: &str) -> Option<&str> {
    text.match_indices("${").find_map(|(start, _)| {
        let name = text[start + 2..].split_once('}')?.0;
        let is_name = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        is_name.then(|| &text[start..start + name.len() + 3])
    })
}

/// Warns of references in values that are used unchanged. In templates they can be the groups of a regex,
/// and the bodies of webhooks may use them in the receiver's own language.
pub fn warn_of_references(node: &Node, findings: &mut Findings) {
    match &node.kind {
        Kind::Null => {}
        Kind::Scalar(text) if text.contains("{{") => {}
        Kind::Scalar(text) => {
            if let Some(reference) = reference(text) {
                let warning = format!(
                    "{reference} is taken as it stands: environment variables are not expanded"
                );
                findings.warn(node.place, warning);
            }
        }
        Kind::List(items) => {
            for item in items {
                warn_of_references(item, findings);
            }
        }
        Kind::Map(entries) => {
            for entry in entries.iter().filter(|entry| entry.key != "payload") {
                warn_of_references(&entry.value, findings);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::yaml;

    #[test]
    fn a_reference_has_a_name() {
        assert_eq!(reference("https://h/${A}/${TOKEN_2}?x"), Some("${A}"));
        assert_eq!(reference("${1} ${TOKEN_2}"), Some("${TOKEN_2}"));
        assert_eq!(reference("${{ä}} ${} ${1} ${a-b} $A {A} ${A"), None);
    }

    #[test]
    fn references_are_warned_of_where_nothing_else_could_be_meant() {
        let mut findings = Findings::default();
        let text = "a: [x, '${A}']\nb: '{{ reReplaceAll x \"${name}\" }}'\npayload: {c: '${C}'}\n";
        warn_of_references(&yaml::parse(text).expect("YAML").root, &mut findings);
        let warnings = findings.into_warnings();
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(
            warnings[0]
                .1
                .starts_with("${A} is taken as it stands: environment")
        );
    }
}
