//! The texts and values that a configuration was made from.
//!
//! Owns the text whose hash a metric shows, by which two daemons can be compared. Reads nothing. Pure; made
//! on the thread that loads the configuration.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

/// The files of a configuration and the variables in them. Its template files are not among them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inputs {
    /// The names and texts of the files, in the order in which they count.
    pub files: Vec<(String, String)>,
    /// Where relative paths start.
    pub folder: Option<PathBuf>,
    /// The environment variables that the files use, with their values.
    pub variables: BTreeMap<String, String>,
}

impl Inputs {
    /// The text that tells this configuration from others: as in Alertmanager that of the file, and the
    /// values of the variables in it.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for (_, file) in &self.files {
            text.push_str(file);
        }
        for (name, value) in &self.variables {
            write!(text, "\n${{{name}}}={value}").expect("a text takes everything");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_variables_is_told_by_its_own_text() {
        let mut inputs = Inputs {
            files: vec![("a.yml".into(), "route: {}\n".into())],
            ..Inputs::default()
        };
        assert_eq!(inputs.text(), "route: {}\n");
        inputs.variables.insert("A".into(), "1".into());
        let before = inputs.text();
        inputs.variables.insert("A".into(), "2".into());
        assert_ne!(
            inputs.text(),
            before,
            "another value is another configuration"
        );
    }
}
