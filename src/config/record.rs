//! A section of a file, read by the table of its keys.
//!
//! Owns the values and their accessors, which treat a missing, null or broken value like an empty one. Pure;
//! runs on the thread that loads the configuration.

use std::collections::BTreeMap;
use std::time::Duration;

use super::fault::Findings;
use super::field::{At, known_keys};
use super::node::{Kind, Node, Place, Tag};
use super::table::{Reading, Section};
use crate::model::{Matcher, ParserMode};
use crate::template::Payload;

/// A section of a file.
#[derive(Clone)]
pub struct Record {
    /// The position in the file.
    pub place: Place,
    /// Whether the section is null.
    pub is_null: bool,
    /// The table of its keys.
    pub section: &'static Section,
    values: BTreeMap<&'static str, At<Value>>,
}

/// A value of a record.
#[derive(Clone)]
pub enum Value {
    /// Null, for a key whose null means the same as a missing key.
    Null,
    /// A value that cannot be read. Its fault is already reported, so later checks need not report it again.
    Broken {
        /// Whether the value is an empty text, list or map.
        is_empty: bool,
    },
    /// A text or a path.
    Text(String),
    /// A boolean.
    Bool(bool),
    /// A whole number.
    Count(u64),
    /// A number.
    Number(f64),
    /// A duration, and its spelling in the file: a user who wrote 999h would not recognize 41d15h.
    Duration(Duration, String),
    /// Texts or paths.
    Texts(Vec<At<String>>),
    /// Names with a text each, in the order of the file.
    Named(Vec<(String, At<String>)>),
    /// Names with their texts, in the order of the file.
    Lists(Vec<(String, Vec<At<String>>)>),
    /// Matchers, sorted.
    Matchers(Vec<Matcher>),
    /// A value of any type, and its tree in the file.
    Any(Payload, Node),
    /// A section.
    Record(Record),
    /// The readable sections of a list, and whether all of them are readable.
    Records(Vec<Record>, bool),
    /// Names with their sections, in the order of the file.
    NamedRecords(Vec<(String, Record)>),
    /// The settings of an unsupported integration.
    Unbuilt,
}

impl Value {
    /// Whether this is Go's zero value, the same as for a missing key.
    pub fn is_zero(&self) -> bool {
        match self {
            Value::Null => true,
            Value::Broken { is_empty } => *is_empty,
            Value::Text(text) => text.is_empty(),
            Value::Bool(value) => !value,
            Value::Count(count) => *count == 0,
            Value::Number(number) => *number == 0.0,
            Value::Duration(duration, _) => duration.is_zero(),
            Value::Texts(texts) => texts.is_empty(),
            Value::Named(named) => named.is_empty(),
            Value::Lists(lists) => lists.is_empty(),
            Value::Matchers(matchers) => matchers.is_empty(),
            Value::Record(record) => record.is_zero(),
            Value::Records(records, _) => records.is_empty(),
            Value::NamedRecords(records) => records.is_empty(),
            Value::Any(..) | Value::Unbuilt => false,
        }
    }
}

impl Record {
    /// Reads a section; `None` if it is not a map. Null is a section without keys.
    pub fn read(
        node: &Node,
        section: &'static Section,
        reading: Reading<'_>,
        findings: &mut Findings,
    ) -> Option<Self> {
        let names: Vec<&str> = section.keys.iter().map(|key| key.name).collect();
        let entries = known_keys(node, section.what, &names, findings)?;
        let values = section.keys.iter().filter_map(|key| {
            let given = entries.iter().find(|entry| entry.key == key.name);
            let given = given.map(|entry| &entry.value);
            let value = key.read(given, node.place, reading, findings);
            Some((key.name, value?))
        });
        Some(Record {
            place: node.place,
            is_null: node.kind == Kind::Null,
            section,
            values: values.collect(),
        })
    }

    /// A section without any key.
    pub fn empty(section: &'static Section) -> Self {
        let nothing = Node {
            place: Place(0),
            kind: Kind::Null,
            tag: Tag::Other,
        };
        let reading = Reading {
            mode: ParserMode::default(),
            folder: None,
        };
        Record::read(&nothing, section, reading, &mut Findings::default())
            .expect("null is a section without keys")
    }

    /// The value of a key, if it is given and readable, and not null.
    pub fn get(&self, name: &str) -> Option<&Value> {
        debug_assert!(self.section.has(name), "{name}");
        match &self.values.get(name)?.value {
            Value::Null | Value::Broken { .. } => None,
            value => Some(value),
        }
    }

    /// Sets the value of a key.
    pub fn put(&mut self, name: &'static str, value: Value) {
        let place = self.place;
        self.values.insert(name, At { place, value });
    }

    /// Removes a key and returns its value.
    pub fn take(&mut self, name: &str) -> Option<Value> {
        self.values.remove(name).map(|at| at.value)
    }

    /// Whether the key has an unreadable value.
    pub fn is_broken(&self, name: &str) -> bool {
        matches!(self.values.get(name), Some(at) if matches!(at.value, Value::Broken { .. }))
    }

    /// Whether any key has an unreadable value.
    pub fn has_broken(&self) -> bool {
        self.values.keys().any(|name| self.is_broken(name))
    }

    /// Whether the key is missing or null.
    pub fn lacks(&self, name: &str) -> bool {
        self.get(name).is_none() && !self.is_broken(name)
    }

    /// Whether the key has a value other than zero, readable or not.
    pub fn says(&self, name: &str) -> bool {
        self.values.get(name).is_some_and(|at| !at.value.is_zero())
    }

    /// The position of a key's value, or of the section if the key is missing.
    pub fn place_of(&self, name: &str) -> Place {
        self.values.get(name).map_or(self.place, |at| at.place)
    }

    /// The position of the value at this path of keys, or of the last existing section on the path.
    pub fn place_along(&self, keys: &[&str]) -> Place {
        match keys {
            [] => self.place,
            [name] => self.place_of(name),
            [name, rest @ ..] => self
                .record(name)
                .map_or(self.place, |section| section.place_along(rest)),
        }
    }

    /// The text of a key, unless it is empty.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.get(name) {
            Some(Value::Text(text)) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    /// The boolean of a key, if it is given or has a default.
    pub fn bool(&self, name: &str) -> Option<bool> {
        match self.get(name) {
            Some(Value::Bool(value)) => Some(*value),
            _ => None,
        }
    }

    /// Whether a boolean is true.
    pub fn is(&self, name: &str) -> bool {
        self.bool(name) == Some(true)
    }

    /// The whole number of a key; 0 if it is missing.
    pub fn count(&self, name: &str) -> u64 {
        match self.get(name) {
            Some(Value::Count(count)) => *count,
            _ => 0,
        }
    }

    /// The duration of a key, and its spelling in the file.
    pub fn duration(&self, name: &str) -> Option<(Duration, &str)> {
        match self.get(name) {
            Some(Value::Duration(duration, written)) => Some((*duration, written)),
            _ => None,
        }
    }

    /// The texts of a key; empty if it is missing.
    pub fn texts(&self, name: &str) -> &[At<String>] {
        match self.get(name) {
            Some(Value::Texts(texts)) => texts,
            _ => &[],
        }
    }

    /// The names of a key with a text each; empty if it is missing.
    pub fn named(&self, name: &str) -> &[(String, At<String>)] {
        match self.get(name) {
            Some(Value::Named(named)) => named,
            _ => &[],
        }
    }

    /// The names of a key with their texts; empty if it is missing.
    pub fn lists(&self, name: &str) -> &[(String, Vec<At<String>>)] {
        match self.get(name) {
            Some(Value::Lists(lists)) => lists,
            _ => &[],
        }
    }

    /// The matchers of a key; empty if it is missing.
    pub fn matchers(&self, name: &str) -> &[Matcher] {
        match self.get(name) {
            Some(Value::Matchers(matchers)) => matchers,
            _ => &[],
        }
    }

    /// The section of a key.
    pub fn record(&self, name: &str) -> Option<&Record> {
        match self.get(name) {
            Some(Value::Record(record)) => Some(record),
            _ => None,
        }
    }

    /// The section of a key, mutable.
    pub fn record_mut(&mut self, name: &str) -> Option<&mut Record> {
        match self.values.get_mut(name).map(|at| &mut at.value) {
            Some(Value::Record(record)) => Some(record),
            _ => None,
        }
    }

    /// The readable sections of a list; empty if it is missing.
    pub fn records(&self, name: &str) -> &[Record] {
        match self.get(name) {
            Some(Value::Records(records, _)) => records,
            _ => &[],
        }
    }

    /// The readable sections of a list, mutable.
    pub fn records_mut(&mut self, name: &str) -> &mut [Record] {
        match self.values.get_mut(name).map(|at| &mut at.value) {
            Some(Value::Records(records, _)) => records,
            _ => &mut [],
        }
    }

    /// Whether every section of a list is readable.
    pub fn has_all(&self, name: &str) -> bool {
        !self.is_broken(name) && !matches!(self.get(name), Some(Value::Records(_, false)))
    }

    /// The names of a key with their sections; empty if it is missing.
    pub fn named_records(&self, name: &str) -> &[(String, Record)] {
        match self.get(name) {
            Some(Value::NamedRecords(records)) => records,
            _ => &[],
        }
    }

    /// Whether no key is given or has a default.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Whether every value is Go's zero value.
    pub fn is_zero(&self) -> bool {
        self.values.values().all(|at| at.value.is_zero())
    }
}
