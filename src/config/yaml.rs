//! Parses YAML text into [`Node`]s. Only this file and `yaml/` know which YAML library is used.
//!
//! Owns two workarounds for the library. It keeps no positions of values, so every key and value gets a
//! number, and [`line_of`] walks the document again up to a number and fails there on purpose: the error
//! contains the line. And it converts plain scalars into numbers, so a first walk learns the structure of the
//! document and a second walk reads every scalar as its source text. Both walks are bounded. Pure; runs on
//! the thread that loads the configuration.

mod rendered;

use std::fmt;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, EnumAccess, Error, IgnoredAny, MapAccess,
    SeqAccess, VariantAccess, Visitor,
};

use super::nesting;
use super::node::{Entry, Kind, Node, Place, Tag};
use crate::limits::{
    CONFIG_EXPANDED_BYTES, CONFIG_FILE_BYTES, CONFIG_FLOW_DEPTH, CONFIG_NODE_BYTES,
};

pub use rendered::parse_rendered;

/// The tag that marks a text; the exclamation mark is not part of its name.
const TEXT_TAG: &str = "text";

/// A parsed text.
#[derive(Debug)]
pub struct Document {
    /// The top of the tree; null if the text has no content.
    pub root: Node,
    /// Whether more documents follow the one that was read.
    pub is_followed: bool,
    /// The number of places in the tree.
    pub places: usize,
    /// The bytes that the tree counts towards [`CONFIG_EXPANDED_BYTES`].
    pub expanded_bytes: usize,
}

/// Why a text is not YAML, or exceeds a limit.
#[derive(Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// The line, counted from 1, if it is known.
    pub line: Option<usize>,
    /// What is wrong.
    pub message: String,
}

/// Reads the first document of `text`, as Alertmanager does.
pub fn parse(text: &str) -> Result<Document, SyntaxError> {
    read(text).map_err(|error| with_hint(text, error))
}

/// Adds a hint about the cause of an error, found on its line.
fn with_hint(text: &str, mut error: SyntaxError) -> SyntaxError {
    let index = error.line.map_or(0, |line| line.saturating_sub(1));
    let line = text.lines().nth(index).unwrap_or_default();
    let indentation = &line[..line.len() - line.trim_start().len()];
    let hint = if line.contains("{{") || line.contains("{%") {
        "; quote a text that begins with {{, and if {{ or {% are meant for another program (Jinja, \
         Helm), let that make the file first"
    } else if indentation.contains('\t') {
        "; indent by spaces, as YAML takes no tabs"
    } else if has_reference_in_brackets(text) {
        "; put a text with ${ in quotes where it stands in [ ] or { }"
    } else {
        ""
    };
    error.message.push_str(hint);
    error
}

/// Whether a line has a `${` behind a bracket: there YAML takes `{` for the beginning of a map.
fn has_reference_in_brackets(text: &str) -> bool {
    text.lines().any(|line| {
        let before = line.split_once("${").map(|(before, _)| before);
        before.is_some_and(|before| before.contains(['[', '{']))
    })
}

fn read(text: &str) -> Result<Document, SyntaxError> {
    server(text)?;
    let text = without_mark(text);
    let Walk {
        shapes,
        expanded_bytes,
        ..
    } = walk(text, None)?;
    let mut documents = serde_yaml::Deserializer::from_str(text);
    let Some(first) = documents.next() else {
        return Ok(Document {
            root: nothing(),
            is_followed: false,
            places: 1,
            expanded_bytes,
        });
    };
    let mut reading = Reading {
        shapes: &shapes,
        next: 0,
    };
    let root = ReadNode(&mut reading)
        .deserialize(first)
        .map_err(|error| syntax_error(&error, None))?;
    let is_followed = match documents.next() {
        None => false,
        // A line that is indented less than the first one also ends the document. The rest is then
        // no document, and must not be dropped silently.
        Some(second) => {
            IgnoredAny::deserialize(second).map_err(|error| syntax_error(&error, None))?;
            true
        }
    };
    Ok(Document {
        root,
        is_followed,
        places: shapes.len(),
        expanded_bytes,
    })
}

/// The line of `place`, counted from 1. Costs a walk over the text.
pub fn line_of(text: &str, place: Place) -> Option<usize> {
    let text = without_mark(text);
    walk(text, Some(place)).err().and_then(|error| error.line)
}

/// Removes a byte order mark. The library takes it for an indentation of one column, so that the second
/// line would end the document.
fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

fn nothing() -> Node {
    Node {
        place: Place(0),
        kind: Kind::Null,
        tag: Tag::Other,
    }
}

fn server(text: &str) -> Result<(), SyntaxError> {
    if text.len() > CONFIG_FILE_BYTES {
        return Err(SyntaxError {
            line: None,
            message: format!("larger than {} MiB", CONFIG_FILE_BYTES >> 20),
        });
    }
    match nesting::line_too_deep(text, CONFIG_FLOW_DEPTH) {
        None => Ok(()),
        Some(line) => Err(SyntaxError {
            line: Some(line),
            message: format!("[ and {{ are nested deeper than {CONFIG_FLOW_DEPTH} levels"),
        }),
    }
}

/// Walks over the first document, up to `stop` if that is given.
fn walk(text: &str, stop: Option<Place>) -> Result<Walk, SyntaxError> {
    let mut walk = Walk {
        stop,
        ..Walk::default()
    };
    let Some(first) = serde_yaml::Deserializer::from_str(text).next() else {
        return Ok(walk);
    };
    match Step::value(&mut walk).deserialize(first) {
        Ok(()) => Ok(walk),
        Err(error) => Err(syntax_error(&error, walk.refusal.take())),
    }
}

/// Converts an error of the library. Its message lacks a hint in two cases, and repeats the path that
/// faults already show.
fn syntax_error(error: &serde_yaml::Error, refusal: Option<String>) -> SyntaxError {
    let told = error.to_string();
    let message = match refusal {
        Some(refusal) => refusal,
        None if told.starts_with("recursion limit") => "nested deeper than 128 levels".into(),
        None if told.starts_with("repetition limit") => "aliases stand for too much".into(),
        None => format!("yaml: {told}"),
    };
    SyntaxError {
        line: error.location().map(|location| location.line()),
        message,
    }
}

/// What the first walk learns about a key or value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Null,
    Text,
    /// `!text` and a scalar.
    Marked,
    /// A number or a boolean.
    Typed,
    List,
    Map,
}

impl Shape {
    fn tag(self) -> Tag {
        match self {
            Shape::Text => Tag::Text,
            Shape::Marked => Tag::Marked,
            Shape::Null | Shape::Typed | Shape::List | Shape::Map => Tag::Other,
        }
    }
}

/// The first walk.
#[derive(Debug, Default)]
struct Walk {
    shapes: Vec<Shape>,
    expanded_bytes: usize,
    stop: Option<Place>,
    refusal: Option<String>,
}

impl Walk {
    fn enter<E: Error>(&mut self, shape: Shape, text: &str) -> Result<(), E> {
        if self.stop == Some(Place(self.shapes.len())) {
            return self.refuse("stopped here on purpose");
        }
        self.shapes.push(shape);
        self.expanded_bytes += CONFIG_NODE_BYTES + text.len();
        if self.expanded_bytes > CONFIG_EXPANDED_BYTES {
            let limit = CONFIG_EXPANDED_BYTES >> 20;
            return self.refuse(format!(
                "larger than {limit} MiB once every alias is written out"
            ));
        }
        Ok(())
    }

    fn refuse<T, E: Error>(&mut self, reason: impl Into<String>) -> Result<T, E> {
        self.refusal = Some(reason.into());
        Err(E::custom("refused"))
    }
}

/// Whether the next item is a key or a value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Key,
    Value,
}

/// One step of the first walk: a key, or a value with all its contents.
struct Step<'w> {
    walk: &'w mut Walk,
    role: Role,
}

impl<'w> Step<'w> {
    fn key(walk: &'w mut Walk) -> Self {
        Step {
            walk,
            role: Role::Key,
        }
    }

    fn value(walk: &'w mut Walk) -> Self {
        Step {
            walk,
            role: Role::Value,
        }
    }

    fn enter_container<E: Error>(&mut self, shape: Shape) -> Result<(), E> {
        match self.role {
            Role::Key => self.walk.refuse("a key must be a text"),
            Role::Value => self.walk.enter(shape, ""),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Step<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Step<'_> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("YAML")
    }

    fn visit_none<E: Error>(self) -> Result<(), E> {
        self.walk.enter(Shape::Null, "")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.walk.enter(Shape::Null, "")
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        self.walk.enter(Shape::Typed, "")
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        self.walk.enter(Shape::Typed, "")
    }

    fn visit_i128<E: Error>(self, _: i128) -> Result<(), E> {
        self.walk.enter(Shape::Typed, "")
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        self.walk.enter(Shape::Typed, "")
    }

    fn visit_u128<E: Error>(self, _: u128) -> Result<(), E> {
        self.walk.enter(Shape::Typed, "")
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        self.walk.enter(Shape::Typed, "")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.walk.enter(Shape::Text, text)
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
        self.enter_container(Shape::List)?;
        while items.next_element_seed(Step::value(self.walk))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut entries: A) -> Result<(), A::Error> {
        self.enter_container(Shape::Map)?;
        while entries.next_key_seed(Step::key(self.walk))?.is_some() {
            entries.next_value_seed(Step::value(self.walk))?;
        }
        Ok(())
    }

    fn visit_enum<A: EnumAccess<'de>>(self, tagged: A) -> Result<(), A::Error> {
        let (tag, value) = tagged.variant::<String>()?;
        if tag != TEXT_TAG || self.role == Role::Key {
            return self
                .walk
                .refuse("tags such as !name are not understood, but for !text; remove it");
        }
        match value.newtype_variant_seed(ReadText) {
            Ok(text) => self.walk.enter(Shape::Marked, &text),
            Err(_) => self
                .walk
                .refuse("!text stands before a text, and this is a list or a map"),
        }
    }
}

/// The second walk, which knows the structure and reads the texts.
struct Reading<'s> {
    shapes: &'s [Shape],
    next: usize,
}

impl Reading<'_> {
    fn enter<E: Error>(&mut self) -> Result<(Place, Shape), E> {
        let place = Place(self.next);
        let shape = self.shapes.get(self.next).copied();
        self.next += 1;
        match shape {
            Some(shape) => Ok((place, shape)),
            None => Err(E::custom("two walks over a document differ")),
        }
    }
}

/// Reads a value with all its contents.
struct ReadNode<'r, 's>(&'r mut Reading<'s>);

impl<'de> DeserializeSeed<'de> for ReadNode<'_, '_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        let (place, shape) = self.0.enter()?;
        let kind = match shape {
            Shape::Null => {
                deserializer.deserialize_ignored_any(IgnoredAny)?;
                Kind::Null
            }
            Shape::Text | Shape::Marked | Shape::Typed => {
                Kind::Scalar(deserializer.deserialize_str(ReadText)?)
            }
            Shape::List | Shape::Map => deserializer.deserialize_any(ReadContainer(self.0))?,
        };
        Ok(Node {
            place,
            kind,
            tag: shape.tag(),
        })
    }
}

/// Reads a key.
struct ReadKey<'r, 's>(&'r mut Reading<'s>);

impl<'de> DeserializeSeed<'de> for ReadKey<'_, '_> {
    type Value = (Place, Tag, String);

    fn deserialize<D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> Result<(Place, Tag, String), D::Error> {
        let (place, shape) = self.0.enter()?;
        Ok((place, shape.tag(), deserializer.deserialize_str(ReadText)?))
    }
}

struct ReadText;

impl<'de> DeserializeSeed<'de> for ReadText {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for ReadText {
    type Value = String;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a text")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }
}

struct ReadContainer<'r, 's>(&'r mut Reading<'s>);

impl<'de> Visitor<'de> for ReadContainer<'_, '_> {
    type Value = Kind;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a list or a map")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Kind, A::Error> {
        let mut nodes = Vec::new();
        while let Some(node) = items.next_element_seed(ReadNode(self.0))? {
            nodes.push(node);
        }
        Ok(Kind::List(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Kind, A::Error> {
        let mut read = Vec::new();
        while let Some((place, key_tag, key)) = entries.next_key_seed(ReadKey(self.0))? {
            read.push(Entry {
                key,
                key_tag,
                place,
                value: entries.next_value_seed(ReadNode(self.0))?,
            });
        }
        Ok(Kind::Map(read))
    }
}

#[cfg(test)]
mod tests;
