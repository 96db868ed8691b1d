//! Tables of keys, with one row for each key of a section.
//!
//! Owns the contents of a row (the type, the default, how the value is shown) and the reading of a value by
//! its row. The file with a section's table checks the rules between its keys. Pure; runs on the thread that
//! loads the configuration.

use std::path::Path;
use std::time::Duration;

use super::fault::{Findings, shown};
use super::field::{
    At, boolean, count, duration, go_duration, list, map, named_texts, text, texts,
};
use super::matching::{read_labels, read_matchers};
use super::node::{Entry, Kind as NodeKind, Node, Place, Tag};
use super::paths::resolve;
use super::payload::read_payload;
use super::record::{Record, Value};
use crate::model::ParserMode;

/// A section's table of keys.
pub struct Section {
    /// The name of the section in faults.
    pub what: &'static str,
    /// The keys in the order in which Alertmanager shows them.
    pub keys: &'static [Key],
}

impl Section {
    /// Whether the section has the key `name`.
    pub fn has(&self, name: &str) -> bool {
        self.keys.iter().any(|key| key.name == name)
    }
}

/// A row of a table: one key.
pub struct Key {
    /// The key.
    pub name: &'static str,
    /// The type of its value.
    pub kind: Kind,
    /// The default, as a file would write it.
    pub default: Option<&'static str>,
    /// How the value is shown.
    pub shows: Shows,
}

/// The type of a key's value. Some variants carry the name of the value in faults.
#[derive(Clone, Copy)]
pub enum Kind {
    /// A text.
    Text,
    /// A text that a function checks and converts.
    Parsed(Parse),
    /// The path of a file; a relative path starts at the folder of the configuration.
    File,
    /// A boolean.
    Bool,
    /// A non-negative whole number.
    Count,
    /// A number.
    Number,
    /// A duration in Prometheus' form.
    Duration,
    /// A duration in Go's form.
    GoDuration,
    /// A list of texts.
    Texts(&'static str),
    /// A list of texts that a function checks and converts.
    EachParsed(&'static str, Parse),
    /// A list of paths of files.
    Files(&'static str),
    /// A map of names and texts.
    NamedTexts(&'static str),
    /// A map of names and lists of texts.
    NamedLists,
    /// A map of label names and values.
    Labels,
    /// A map of label names and regular expressions.
    Regexes,
    /// A list of matchers.
    Matchers,
    /// A value of any type.
    Any,
    /// A section.
    Section(&'static Section),
    /// A section in which relative paths stay unchanged.
    AsWritten(&'static Section),
    /// A list of sections.
    Sections(&'static str, &'static Section),
    /// A map of names and sections.
    NamedSections(&'static Section),
    /// A list that is ignored.
    Ignored(&'static str),
    /// An unsupported integration, with advice what to use instead.
    Unbuilt(&'static str),
}

/// Converts a text into its shown form, or returns what is wrong and what would be right.
pub type Parse = fn(&str) -> Result<String, (String, &'static str)>;

/// How a value is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Shows {
    /// Shown unless it is Go's zero value.
    Filled,
    /// Shown whenever there is a value.
    Always,
    /// Shown as `<secret>`, unless it is empty.
    Masked,
    /// Shown whenever there is a value, with a password in it replaced by `xxxxx`.
    WithoutPassword,
    /// Shown on one line, unless it is empty.
    Short,
    /// Shown in comments below all other sections: the section is alertwheel's own, and amtool, which reads
    /// what is shown, does not know it.
    Comment,
    /// Never shown: the key is alertwheel's own, and amtool does not know it.
    Never,
}

/// A row for a key without a default that is shown unless it is zero.
pub const fn key(name: &'static str, kind: Kind) -> Key {
    Key {
        name,
        kind,
        default: None,
        shows: Shows::Filled,
    }
}

impl Key {
    /// Sets a default. With a default, null is the zero value of the type; without, it equals a missing key.
    pub const fn or(mut self, default: &'static str) -> Self {
        self.default = Some(default);
        self
    }

    /// Sets how the value is shown.
    pub const fn shown(mut self, shows: Shows) -> Self {
        self.shows = shows;
        self
    }

    /// Shown whenever there is a value.
    pub const fn always(self) -> Self {
        self.shown(Shows::Always)
    }

    /// Shown as `<secret>`.
    pub const fn masked(self) -> Self {
        self.shown(Shows::Masked)
    }

    /// Never shown.
    pub const fn hidden(self) -> Self {
        self.shown(Shows::Never)
    }

    /// Reads `given`, or the default if it is missing. A default gets the position `place`.
    pub fn read(
        &self,
        given: Option<&Node>,
        place: Place,
        reading: Reading<'_>,
        findings: &mut Findings,
    ) -> Option<At<Value>> {
        let default;
        let node = match given {
            Some(node) => node,
            None => {
                default = as_written(self.default?, place);
                &default
            }
        };
        let has_zero =
            self.default.is_some() && !matches!(self.kind, Kind::Section(_) | Kind::AsWritten(_));
        let value = match node.kind {
            NodeKind::Null if !has_zero => Value::Null,
            _ => read_value(node, self.kind, reading, findings).unwrap_or_else(|| {
                let is_empty = node.is_empty() || node.kind == NodeKind::Scalar(String::new());
                Value::Broken { is_empty }
            }),
        };
        Some(At {
            place: node.place,
            value,
        })
    }
}

/// The tree of a default, as if a file contained it.
fn as_written(text: &str, place: Place) -> Node {
    Node {
        place,
        kind: match text {
            "{}" => NodeKind::Map(Vec::new()),
            "[]" => NodeKind::List(Vec::new()),
            text => NodeKind::Scalar(text.to_owned()),
        },
        tag: Tag::Text,
    }
}

/// The context in which a file is read.
#[derive(Clone, Copy, Debug)]
pub struct Reading<'f> {
    /// The syntax of label names and matchers.
    pub mode: ParserMode,
    /// The folder at which relative paths start; `None` leaves them unchanged.
    pub folder: Option<&'f Path>,
}

fn read_value(
    node: &Node,
    kind: Kind,
    reading: Reading<'_>,
    findings: &mut Findings,
) -> Option<Value> {
    let section =
        |section, reading, findings: &mut _| Record::read(node, section, reading, findings);
    Some(match kind {
        Kind::Text => Value::Text(text(node, findings)?.to_owned()),
        Kind::Parsed(_) if node.kind == NodeKind::Null => Value::Text(String::new()),
        Kind::Parsed(parse) => {
            let written = text(node, findings)?;
            Value::Text(parsed(node.place, written, parse, findings)?)
        }
        Kind::File => Value::Text(resolve(reading.folder, text(node, findings)?)),
        Kind::Bool => Value::Bool(boolean(node, findings)?),
        Kind::Count => Value::Count(count(node, findings)?),
        Kind::Number => Value::Number(read_number(node, findings)?),
        Kind::Duration => read_duration(node, duration, findings)?,
        Kind::GoDuration => read_duration(node, go_duration, findings)?,
        Kind::Texts(what) => Value::Texts(texts(node, what, findings)?),
        Kind::EachParsed(what, parse) => {
            let texts = texts(node, what, findings)?.into_iter();
            let parsed = texts.filter_map(|At { place, value }| {
                let value = parsed(place, &value, parse, findings)?;
                Some(At { place, value })
            });
            Value::Texts(parsed.collect())
        }
        Kind::Files(what) => {
            let mut files = texts(node, what, findings)?;
            for file in &mut files {
                file.value = resolve(reading.folder, &file.value);
            }
            Value::Texts(files)
        }
        Kind::NamedTexts(what) => Value::Named(named_texts(map(node, what, findings)?, findings)),
        Kind::NamedLists => Value::Lists(named(node, findings, |node, findings| {
            texts(node, "a list of texts", findings)
        })?),
        Kind::Labels | Kind::Regexes => {
            Value::Named(read_labels(node, matches!(kind, Kind::Regexes), findings)?)
        }
        Kind::Matchers => Value::Matchers(read_matchers(node, reading.mode, findings)?),
        Kind::Any => Value::Any(read_payload(node, findings)?, node.clone()),
        Kind::Section(table) => Value::Record(section(table, reading, findings)?),
        Kind::AsWritten(table) => {
            let folder = None;
            Value::Record(section(table, Reading { folder, ..reading }, findings)?)
        }
        Kind::Sections(what, section) => {
            let items = list(node, what, findings)?;
            let read = |item| Record::read(item, section, reading, findings);
            let records: Vec<_> = items.iter().filter_map(read).collect();
            let are_all = records.len() == items.len();
            Value::Records(records, are_all)
        }
        Kind::NamedSections(section) => {
            Value::NamedRecords(named(node, findings, |node, findings| {
                Record::read(node, section, reading, findings)
            })?)
        }
        Kind::Ignored(what) => list(node, what, findings).map(|_| Value::Null)?,
        Kind::Unbuilt(_) if node.is_empty() => Value::Null,
        Kind::Unbuilt(_) => Value::Unbuilt,
    })
}

fn parsed(place: Place, text: &str, parse: Parse, findings: &mut Findings) -> Option<String> {
    parse(text)
        .map_err(|(wrong, right)| findings.fault(place, wrong, right))
        .ok()
}

fn read_duration(
    node: &Node,
    read: fn(&Node, &mut Findings) -> Option<Duration>,
    findings: &mut Findings,
) -> Option<Value> {
    let written = match &node.kind {
        NodeKind::Scalar(text) => text.clone(),
        _ => String::new(),
    };
    Some(Value::Duration(read(node, findings)?, written))
}

fn named<T>(
    node: &Node,
    findings: &mut Findings,
    mut read: impl FnMut(&Node, &mut Findings) -> Option<T>,
) -> Option<Vec<(String, T)>> {
    let entries = map(node, "a map of names and values", findings)?.iter();
    let read = |entry: &Entry| Some((entry.key.clone(), read(&entry.value, findings)?));
    Some(entries.filter_map(read).collect())
}

fn read_number(node: &Node, findings: &mut Findings) -> Option<f64> {
    let written = text(node, findings)?;
    let number = written.replace('_', "").parse();
    if number.is_err() {
        let wrong = format!("cannot unmarshal `{}` into float64", shown(written));
        findings.fault(node.place, wrong, "write a number such as 0.5");
    }
    number.ok()
}
