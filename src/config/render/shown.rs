//! What is shown, before it is written as YAML.
//!
//! Owns the shape, and a builder that leaves out what Alertmanager leaves out. Pure; runs on
//! whichever thread loads the configuration.

use super::order::compare_keys;
use crate::config::field::At;

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

/// The keys of a map under construction.
#[derive(Debug, Default)]
pub struct Keys(Vec<(String, Shown)>);

impl Keys {
    /// The map.
    pub fn shown(self) -> Shown {
        Shown::Map(self.0)
    }

    /// A key and any value.
    pub fn put(&mut self, key: &str, value: Shown) {
        self.0.push((key.to_owned(), value));
    }

    /// A key and a value that needs no quotes.
    pub fn plain(&mut self, key: &str, value: impl Into<String>) {
        self.put(key, Shown::Plain(value.into()));
    }

    /// A key and any text.
    pub fn text(&mut self, key: &str, value: &str) {
        self.put(key, Shown::text(value));
    }

    /// A key and a text, unless that is empty.
    pub fn text_unless_empty(&mut self, key: &str, value: &str) {
        if !value.is_empty() {
            self.text(key, value);
        }
    }

    /// A key and a list, unless that is empty.
    pub fn list(&mut self, key: &str, items: impl IntoIterator<Item = Shown>) {
        let items: Vec<Shown> = items.into_iter().collect();
        if !items.is_empty() {
            self.put(key, Shown::List(items));
        }
    }

    /// A key and a list of texts, unless that is empty.
    pub fn texts(&mut self, key: &str, texts: &[At<String>]) {
        self.list(key, texts.iter().map(|at| Shown::text(&at.value)));
    }

    /// A key and a map in the library's order, unless that is empty.
    pub fn map(&mut self, key: &str, entries: impl IntoIterator<Item = (String, Shown)>) {
        match Shown::sorted(entries) {
            Shown::Map(entries) if entries.is_empty() => {}
            map => self.put(key, map),
        }
    }
}
