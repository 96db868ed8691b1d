//! A section as a file says it, by the table of its keys.
//!
//! Owns the values and what they are asked for: what is missing, null or broken answers like a value that
//! says nothing. Pure; runs on whichever thread loads the configuration.

use std::collections::BTreeMap;
use std::time::Duration;

use super::fault::Findings;
use super::field::{At, known_keys};
use super::node::{Kind, Node, Place, Tag};
use super::table::{Reading, Section};
use crate::model::{Matcher, ParserMode};
use crate::template::Payload;

/// A section as a file says it.
#[derive(Clone)]
pub struct Record {
    /// Where it stands.
    pub place: Place,
    /// Whether null stands there.
    pub is_null: bool,
    /// Its table.
    pub section: &'static Section,
    values: BTreeMap<&'static str, At<Value>>,
}

/// A value of a record.
#[derive(Clone)]
pub enum Value {
    /// Null, where it says as much as a missing key.
    Null,
    /// Something that cannot be read. The fault is noted, so that nobody needs to complain again.
    Broken {
        /// Whether it is an empty text, list or map.
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
    /// A duration, and its words in the file: whoever wrote 999h does not look for 41d15h.
    Duration(Duration, String),
    /// Texts or paths.
    Texts(Vec<At<String>>),
    /// Names with a text each, in the order of the file.
    Named(Vec<(String, At<String>)>),
    /// Names with their texts, in the order of the file.
    Lists(Vec<(String, Vec<At<String>>)>),
    /// Matchers, sorted.
    Matchers(Vec<Matcher>),
    /// Anything, and how the file has it.
    Any(Payload, Node),
    /// A section.
    Record(Record),
    /// The sections that can be read, and whether those are all.
    Records(Vec<Record>, bool),
    /// Names with their sections, in the order of the file.
    NamedRecords(Vec<(String, Record)>),
    /// Something for an integration that is not built.
    Unbuilt,
}

impl Value {
    /// Whether it is what a missing key would be in Go.
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
    /// Reads a section; `None` if it is not a map. Null is one without keys.
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

    /// A section in which nothing is given.
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

    /// A value that can be used.
    pub fn get(&self, name: &str) -> Option<&Value> {
        debug_assert!(self.section.has(name), "{name}");
        match &self.values.get(name)?.value {
            Value::Null | Value::Broken { .. } => None,
            value => Some(value),
        }
    }

    /// Puts a value in the place of what is there.
    pub fn put(&mut self, name: &'static str, value: Value) {
        let place = self.place;
        self.values.insert(name, At { place, value });
    }

    /// Takes a value out.
    pub fn take(&mut self, name: &str) -> Option<Value> {
        self.values.remove(name).map(|at| at.value)
    }

    /// Whether something stands there that cannot be read.
    pub fn is_broken(&self, name: &str) -> bool {
        matches!(self.values.get(name), Some(at) if matches!(at.value, Value::Broken { .. }))
    }

    /// Whether some value of it cannot be read.
    pub fn has_broken(&self) -> bool {
        self.values.keys().any(|name| self.is_broken(name))
    }

    /// Whether nothing stands there, or null.
    pub fn lacks(&self, name: &str) -> bool {
        self.get(name).is_none() && !self.is_broken(name)
    }

    /// Whether something stands there that is more than zero, be it broken.
    pub fn says(&self, name: &str) -> bool {
        self.values.get(name).is_some_and(|at| !at.value.is_zero())
    }

    /// Where a key's value stands; where the section does if there is none.
    pub fn place_of(&self, name: &str) -> Place {
        self.values.get(name).map_or(self.place, |at| at.place)
    }

    /// Where the value stands that these keys lead to; where the last section on the way does if there
    /// is none.
    pub fn place_along(&self, keys: &[&str]) -> Place {
        match keys {
            [] => self.place,
            [name] => self.place_of(name),
            [name, rest @ ..] => self
                .record(name)
                .map_or(self.place, |section| section.place_along(rest)),
        }
    }

    /// A text that is not empty.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.get(name) {
            Some(Value::Text(text)) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    /// A boolean, if it is given or has a default.
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

    /// A whole number; without one, 0.
    pub fn count(&self, name: &str) -> u64 {
        match self.get(name) {
            Some(Value::Count(count)) => *count,
            _ => 0,
        }
    }

    /// A duration and its words in the file.
    pub fn duration(&self, name: &str) -> Option<(Duration, &str)> {
        match self.get(name) {
            Some(Value::Duration(duration, written)) => Some((*duration, written)),
            _ => None,
        }
    }

    /// Texts; without any, none.
    pub fn texts(&self, name: &str) -> &[At<String>] {
        match self.get(name) {
            Some(Value::Texts(texts)) => texts,
            _ => &[],
        }
    }

    /// Names with a text each; without any, none.
    pub fn named(&self, name: &str) -> &[(String, At<String>)] {
        match self.get(name) {
            Some(Value::Named(named)) => named,
            _ => &[],
        }
    }

    /// Names with their texts; without any, none.
    pub fn lists(&self, name: &str) -> &[(String, Vec<At<String>>)] {
        match self.get(name) {
            Some(Value::Lists(lists)) => lists,
            _ => &[],
        }
    }

    /// Matchers; without any, none.
    pub fn matchers(&self, name: &str) -> &[Matcher] {
        match self.get(name) {
            Some(Value::Matchers(matchers)) => matchers,
            _ => &[],
        }
    }

    /// A section within.
    pub fn record(&self, name: &str) -> Option<&Record> {
        match self.get(name) {
            Some(Value::Record(record)) => Some(record),
            _ => None,
        }
    }

    /// The same, to fill it in.
    pub fn record_mut(&mut self, name: &str) -> Option<&mut Record> {
        match self.values.get_mut(name).map(|at| &mut at.value) {
            Some(Value::Record(record)) => Some(record),
            _ => None,
        }
    }

    /// The sections of a list that can be read; without any, none.
    pub fn records(&self, name: &str) -> &[Record] {
        match self.get(name) {
            Some(Value::Records(records, _)) => records,
            _ => &[],
        }
    }

    /// The same, to fill them in.
    pub fn records_mut(&mut self, name: &str) -> &mut [Record] {
        match self.values.get_mut(name).map(|at| &mut at.value) {
            Some(Value::Records(records, _)) => records,
            _ => &mut [],
        }
    }

    /// Whether every section of a list can be read.
    pub fn has_all(&self, name: &str) -> bool {
        !self.is_broken(name) && !matches!(self.get(name), Some(Value::Records(_, false)))
    }

    /// Names with their sections; without any, none.
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

    /// Whether every value is one that a missing key would have in Go.
    pub fn is_zero(&self) -> bool {
        self.values.values().all(|at| at.value.is_zero())
    }
}
