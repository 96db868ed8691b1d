//! A file with defaults for flags, as amtool reads it: a map of the flags' names to texts.
//!
//! Owns the reading of the map. Never knows the flags: names that mean nothing are left to the caller. Runs
//! on main.

use std::collections::BTreeMap;
use std::path::Path;

use super::fault::{Faults, Findings};
use super::load::{LoadError, broken_syntax, read_text};
use super::locate::Locator;
use super::node::Kind;
use super::yaml;

/// The defaults in the file at `path`.
pub fn flag_defaults(path: &Path) -> Result<BTreeMap<String, String>, LoadError> {
    let file = path.display().to_string();
    match read_text(path) {
        Ok(text) => parse(&file, &text).map_err(LoadError::Faulty),
        Err(reason) => Err(LoadError::Unreadable { file, reason }),
    }
}

fn parse(name: &str, text: &str) -> Result<BTreeMap<String, String>, Faults> {
    let document = yaml::parse(text).map_err(|error| broken_syntax(name, error))?;
    let mut root = document.root;
    let mut findings = Findings::default();
    root.settle(&mut findings);
    let mut defaults = BTreeMap::new();
    match &root.kind {
        Kind::Null => {}
        Kind::Map(entries) => {
            for entry in entries {
                match &entry.value.kind {
                    Kind::Scalar(text) => {
                        defaults.insert(entry.key.clone(), text.clone());
                    }
                    Kind::Null => {}
                    Kind::List(_) | Kind::Map(_) => {
                        let wrong = "neither a text nor a number";
                        findings.fault(entry.place, wrong, "write the flag's value");
                    }
                }
            }
        }
        Kind::Scalar(_) | Kind::List(_) => {
            let wrong = "not a map of flags";
            findings.fault(root.place, wrong, "write lines such as output: extended");
        }
    }
    if findings.is_sound() {
        return Ok(defaults);
    }
    Err(Locator::of_one(name, text, root).faults(findings))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_their_spelling() {
        let text = "output: extended\nrequire-comment: false\nauthor: 007\ncomment:\n";
        let defaults = parse("config.yml", text).expect("it is sound");
        let pairs: Vec<String> = defaults
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        assert_eq!(
            pairs,
            ["author=007", "output=extended", "require-comment=false"]
        );
        assert_eq!(parse("config.yml", ""), Ok(BTreeMap::new()));
    }

    #[test]
    fn what_is_no_map_of_texts_is_refused_with_its_line() {
        let fault = parse("config.yml", "output: simple\nauthor: [a]\n").expect_err("a list");
        assert_eq!(
            fault.to_string(),
            "config.yml:2: author: neither a text nor a number; write the flag's value"
        );
        assert!(parse("config.yml", "- a").is_err());
    }
}
