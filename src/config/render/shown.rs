//! The tree of the shown configuration, before it is written as YAML.
//!
//! Owns the type. Pure; runs on the thread that loads the configuration.

use super::order::compare_keys;

/// A value that is shown.
#[derive(Clone, Debug, PartialEq)]
pub enum Shown {
    /// A text; quoted if it needs to be.
    Text(String),
    /// A text with the tag `!text`.
    Marked(String),
    /// A number, boolean or null, written unchanged.
    Plain(String),
    /// Items.
    List(Vec<Shown>),
    /// Keys with their values.
    Map(Vec<(String, Shown)>),
    /// The value of a key with Alertmanager's short style. If it is not a list or map, the style applies to
    /// the item after the enclosing map instead.
    Short(Box<Shown>),
}

impl Shown {
    /// A text.
    pub fn text(text: &str) -> Shown {
        Shown::Text(text.to_owned())
    }

    /// A map whose keys are in the library's order.
    pub fn sorted(entries: impl IntoIterator<Item = (String, Shown)>) -> Shown {
        let mut entries: Vec<_> = entries.into_iter().collect();
        entries.sort_by(|(left, _), (right, _)| compare_keys(left, right));
        Shown::Map(entries)
    }
}
