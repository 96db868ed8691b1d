//! What is shown, before it is written as YAML.
//!
//! Owns the shape. Pure; runs on whichever thread loads the configuration.

use super::order::compare_keys;

/// A value that is shown.
#[derive(Clone, Debug, PartialEq)]
pub enum Shown {
    /// A text; quoted if it needs to be.
    Text(String),
    /// A text behind `!text`.
    Marked(String),
    /// A number, boolean or null, written as it stands.
    Plain(String),
    /// Items.
    List(Vec<Shown>),
    /// Keys with their values.
    Map(Vec<(String, Shown)>),
    /// The value of a key for which Alertmanager asks for the short style. If it is no list or map,
    /// the item behind the map that it is in is written on one line in its place.
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
