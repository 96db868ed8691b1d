//! Placeholders that nothing replaces: `$NAME`, `$(NAME)` and `<name>` as the whole of a value.
//!
//! Owns which texts are placeholders for certain. Those in braces are `variables`' own. Pure; runs on the
//! thread that loads the configuration.

use super::LITERAL;
use crate::config::fault::{Findings, shown};
use crate::config::node::{Kind, Node};

/// Warns of placeholders in the values of a tree. Bodies of webhooks and the settings of integrations that
/// are not built may hold such texts for somebody else.
pub fn warn_of_placeholders(node: &Node, findings: &mut Findings) {
    match &node.kind {
        Kind::Null => {}
        Kind::Scalar(text) => {
            if is_placeholder(text) {
                let warning = format!(
                    "{} stays as it is: only ${{NAME}} and ${{NAME:-default}} are replaced; {}",
                    shown(text),
                    LITERAL.link()
                );
                findings.warn(node.place, warning);
            }
        }
        Kind::List(items) => {
            for item in items {
                warn_of_placeholders(item, findings);
            }
        }
        Kind::Map(entries) => {
            let ours = entries
                .iter()
                .filter(|entry| entry.key != "payload" && !is_of_others(&entry.key));
            for entry in ours {
                warn_of_placeholders(&entry.value, findings);
            }
        }
    }
}

fn is_of_others(key: &str) -> bool {
    key.ends_with("_configs") && key != "webhook_configs"
}

fn is_placeholder(text: &str) -> bool {
    let inner = |begin: &str, end: char| text.strip_prefix(begin)?.strip_suffix(end);
    if let Some(name) = inner("$(", ')') {
        return is_variable(name);
    }
    if let Some(name) = inner("<", '>') {
        // What a status page shows of a secret, and what documentation has.
        let is_of_words = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '_' | '-' | '.');
        return name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.chars().all(is_of_words);
    }
    text.strip_prefix('$').is_some_and(is_variable)
}

/// Whether this is a name as variables of the environment have, and no password that happens to begin with
/// a dollar.
fn is_variable(name: &str) -> bool {
    name.len() >= 3
        && name.starts_with(|c: char| c.is_ascii_uppercase())
        && name
            .chars()
            .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_told_from_values() {
        for text in ["$WEBHOOK_URL", "$(TOKEN)", "<secret>", "<your token>"] {
            assert!(is_placeholder(text), "{text}");
        }
        for text in [
            "$ecret",
            "$A",
            "x$TOKEN",
            "$(echo)",
            "<!here>",
            "<http://a/>",
            "<>",
            "a<b>",
            "severity=~\"x$\"",
        ] {
            assert!(!is_placeholder(text), "{text}");
        }
    }
}
