//! Sections that are lists of keys with a type each, read by a table.
//!
//! Owns the kinds of values that such tables name, and the reading. What the values mean together
//! is looked at in `check`, how they are shown in `render`. Pure; runs on whichever thread loads
//! the configuration.

use std::collections::BTreeMap;
use std::path::Path;

use super::payload::read_payload;
use crate::config::fault::{Findings, shown};
use crate::config::field::{At, Fields, boolean, duration, map, text, texts};
use crate::config::node::{Kind, Node, Place};
use crate::config::paths::resolve;
use crate::config::url::check_proxy_url;
use crate::model::format_duration;
use crate::template::Payload;

/// A table of keys.
#[derive(Debug, PartialEq, Eq)]
pub struct Section {
    /// What faults call it.
    pub what: &'static str,
    /// The keys in the order in which Alertmanager shows them.
    pub keys: &'static [Key],
}

/// A key of a section.
#[derive(Debug, PartialEq, Eq)]
pub struct Key {
    /// The key.
    pub name: &'static str,
    /// What is written under it.
    pub kind: KeyKind,
}

/// What is written under a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// A text.
    Text,
    /// A text that is shown as `<secret>`.
    Secret,
    /// The path of a file.
    File,
    /// A URL of any scheme; a password in it is not shown.
    Url,
    /// `TLS10` to `TLS13`.
    TlsVersion,
    /// A number.
    Number,
    /// A duration in Prometheus' form.
    Duration,
    /// A boolean that is shown only if it is true.
    Flag,
    /// A boolean that is always shown, and what holds without one.
    Bool(bool),
    /// A list of texts.
    Texts,
    /// A list of texts that are shown as `<secret>`.
    Secrets,
    /// A list of paths of files.
    Files,
    /// A map of names and texts.
    NamedTexts,
    /// A map of names and lists of texts that are shown as `<secret>`.
    NamedSecrets,
    /// Anything.
    Any,
    /// A section that is shown when it is given.
    Section(&'static Section),
    /// A section that is shown when something in it is not at its zero value.
    FilledSection(&'static Section),
    /// A map of names and sections.
    NamedSections(&'static Section),
}

/// A section as a file gives it.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Where it stands.
    pub place: Place,
    /// Its table.
    pub section: &'static Section,
    values: BTreeMap<&'static str, At<Value>>,
}

/// A value of a record.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A text, path, URL, version or duration.
    Text(String),
    /// A number.
    Number(f64),
    /// A boolean.
    Bool(bool),
    /// Texts or paths.
    Texts(Vec<String>),
    /// Names with their texts, in the order of the file.
    Named(Vec<(String, Vec<String>)>),
    /// Anything.
    Any(Payload),
    /// A section.
    Record(Record),
    /// Names with their sections, in the order of the file.
    Records(Vec<(String, Record)>),
}

impl Record {
    /// Reads a section; `None` if it is not a map. Null is one without keys. Paths that are
    /// relative are taken from `folder`, if there is one.
    pub fn read(
        node: &Node,
        section: &'static Section,
        folder: Option<&Path>,
        findings: &mut Findings,
    ) -> Option<Self> {
        let names: Vec<&str> = section.keys.iter().map(|key| key.name).collect();
        let fields = Fields::read(node, section.what, &[&names], findings)?;
        let mut values = BTreeMap::new();
        for key in section.keys {
            let Some(node) = fields.get(key.name) else {
                continue;
            };
            if let Some(value) = read_value(node, key.kind, folder, findings) {
                let place = node.place;
                values.insert(key.name, At { place, value });
            }
        }
        Some(Record {
            place: node.place,
            section,
            values,
        })
    }

    /// A section in which nothing is given.
    pub fn empty(section: &'static Section) -> Self {
        Record {
            place: Place(0),
            section,
            values: BTreeMap::new(),
        }
    }

    /// The value of a key.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.values.get(name).map(|at| &at.value)
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

    /// A boolean; without one `default`.
    pub fn bool_or(&self, name: &str, default: bool) -> bool {
        match self.get(name) {
            Some(Value::Bool(value)) => *value,
            _ => default,
        }
    }

    /// Texts; without any, none.
    pub fn texts(&self, name: &str) -> &[String] {
        match self.get(name) {
            Some(Value::Texts(texts)) => texts,
            _ => &[],
        }
    }

    /// Names with their texts; without any, none.
    pub fn named(&self, name: &str) -> &[(String, Vec<String>)] {
        match self.get(name) {
            Some(Value::Named(named)) => named,
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

    /// Names with their sections; without any, none.
    pub fn records(&self, name: &str) -> &[(String, Record)] {
        match self.get(name) {
            Some(Value::Records(records)) => records,
            _ => &[],
        }
    }

    /// Whether every value is one that a missing key would have in Go.
    pub fn is_zero(&self) -> bool {
        self.values.values().all(|at| match &at.value {
            Value::Text(text) => text.is_empty(),
            Value::Number(number) => *number == 0.0,
            Value::Bool(value) => !value,
            Value::Texts(texts) => texts.is_empty(),
            Value::Named(named) => named.is_empty(),
            Value::Any(_) | Value::Record(_) | Value::Records(_) => false,
        })
    }
}

/// Null is no value, except that a boolean becomes false (§1.1).
fn read_value(
    node: &Node,
    kind: KeyKind,
    folder: Option<&Path>,
    findings: &mut Findings,
) -> Option<Value> {
    if node.kind == Kind::Null && !matches!(kind, KeyKind::Flag | KeyKind::Bool(_)) {
        return None;
    }
    Some(match kind {
        KeyKind::Text | KeyKind::Secret => Value::Text(text(node, findings)?.to_owned()),
        KeyKind::File => Value::Text(resolve(folder, text(node, findings)?)),
        KeyKind::Url => Value::Text(read_url(node, findings)?),
        KeyKind::TlsVersion => Value::Text(read_tls_version(node, findings)?),
        KeyKind::Number => Value::Number(read_number(node, findings)?),
        KeyKind::Duration => Value::Text(match duration(node, findings)? {
            zero if zero.is_zero() => String::new(),
            duration => format_duration(duration),
        }),
        KeyKind::Flag | KeyKind::Bool(_) => Value::Bool(boolean(node, findings)?),
        KeyKind::Texts | KeyKind::Secrets => Value::Texts(bare_texts(node, findings)?),
        KeyKind::Files => {
            let files = bare_texts(node, findings)?;
            Value::Texts(files.iter().map(|file| resolve(folder, file)).collect())
        }
        KeyKind::NamedTexts => Value::Named(named(node, findings, |node, findings| {
            Some(vec![text(node, findings)?.to_owned()])
        })?),
        KeyKind::NamedSecrets => Value::Named(named(node, findings, bare_texts)?),
        KeyKind::Any => Value::Any(read_payload(node, findings)?),
        KeyKind::Section(section) | KeyKind::FilledSection(section) => {
            Value::Record(Record::read(node, section, folder, findings)?)
        }
        KeyKind::NamedSections(section) => {
            Value::Records(named(node, findings, |node, findings| {
                Record::read(node, section, folder, findings)
            })?)
        }
    })
}

fn bare_texts(node: &Node, findings: &mut Findings) -> Option<Vec<String>> {
    let items = texts(node, "a list of texts", findings)?;
    Some(items.into_iter().map(|at| at.value).collect())
}

fn named<T>(
    node: &Node,
    findings: &mut Findings,
    mut read: impl FnMut(&Node, &mut Findings) -> Option<T>,
) -> Option<Vec<(String, T)>> {
    let entries = map(node, "a map of names and values", findings)?;
    let read = entries
        .iter()
        .filter_map(|entry| Some((entry.key.clone(), read(&entry.value, findings)?)));
    Some(read.collect())
}

fn read_url(node: &Node, findings: &mut Findings) -> Option<String> {
    let url = text(node, findings)?;
    match check_proxy_url(url) {
        Ok(()) => Some(url.to_owned()),
        Err(wrong) => {
            findings.fault(node.place, wrong, "write one such as http://proxy:3128");
            None
        }
    }
}

fn read_tls_version(node: &Node, findings: &mut Findings) -> Option<String> {
    let version = text(node, findings)?;
    if !["TLS10", "TLS11", "TLS12", "TLS13"].contains(&version) {
        let wrong = format!("unknown TLS version: {}", shown(version));
        findings.fault(node.place, wrong, "write TLS12 or TLS13");
        return None;
    }
    Some(version.to_owned())
}

fn read_number(node: &Node, findings: &mut Findings) -> Option<f64> {
    let written = text(node, findings)?;
    let Ok(number) = written.replace('_', "").parse::<f64>() else {
        let wrong = format!("cannot unmarshal `{}` into float64", shown(written));
        findings.fault(node.place, wrong, "write a number such as 0.5");
        return None;
    };
    Some(number)
}
