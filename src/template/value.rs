//! PURE. The values of templates: those of Go that templates can have, and alertwheel's own.
//!
//! Owns the types, their Go names, their sizes and their truth. `fields.rs` has their fields and methods,
//! `printf` their formats. Called on send threads and on the thread that loads the configuration.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::ZonedDateTime;

use super::data::{AlertData, Data};
use super::printf;
use crate::limits;
use crate::model::Labels;

/// A value. Cheap to clone.
#[derive(Clone, Debug)]
pub enum Value {
    /// Go's nil, also the value of a missing key of a map of anything.
    Nil,
    /// A truth value.
    Bool(bool),
    /// An integer of any of Go's types.
    Int(i64),
    /// A floating-point number.
    Float(f64),
    /// A string.
    Text(Arc<str>),
    /// A point in time, in a zone.
    Time(ZonedDateTime),
    /// A duration in nanoseconds.
    Duration(i64),
    /// A month or a day of the week: a number that is printed as a name.
    Named(&'static str, i64),
    /// The initial dot of a template.
    Data(Arc<Data>),
    /// The alerts of a notification, with the methods that select the firing and the resolved ones.
    Alerts(Arc<[Arc<AlertData>]>),
    /// Some of the alerts; this type has no methods.
    AlertSlice(Arc<[Arc<AlertData>]>),
    /// An alert.
    Alert(Arc<AlertData>),
    /// Labels or annotations.
    Kv(Labels),
    /// Labels or annotations as a list of pairs, in an order of its own.
    Pairs(Arc<[Pair]>),
    /// A pair of a name and a value.
    Pair(Pair),
    /// A list of strings.
    Texts(Arc<[Arc<str>]>),
    /// A list of anything.
    List(List),
    /// A map from strings to anything.
    Dict(Dict),
}

/// A list of anything, with its precomputed, bounded size.
#[derive(Clone, Debug, Default)]
pub struct List {
    items: Arc<[Value]>,
    size: Size,
}

/// A map from strings to anything, with its precomputed, bounded size.
#[derive(Clone, Debug)]
pub struct Dict {
    entries: Arc<BTreeMap<Arc<str>, Value>>,
    size: Size,
}

/// The size of a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Bytes, including those of values within it. Data that the notification holds anyway counts 0.
    pub bytes: usize,
    /// The nesting depth of lists and maps.
    pub depth: usize,
}

/// A field of a struct of Go's.
#[derive(Debug)]
pub struct Field {
    /// Its name in templates.
    pub name: &'static str,
    /// Its name in JSON.
    pub json: &'static str,
    /// Its value.
    pub value: Value,
}

impl List {
    /// A list of these items; fails if it would be too large.
    pub fn new(items: Arc<[Value]>) -> Result<Self, String> {
        let size = Size::around(items.iter().map(Value::size))?;
        Ok(List { items, size })
    }

    /// Its items.
    pub fn items(&self) -> &[Value] {
        &self.items
    }
}

impl Dict {
    /// A map of these entries; fails if it would be too large.
    pub fn new(entries: BTreeMap<Arc<str>, Value>) -> Result<Self, String> {
        let sizes = entries.iter().map(|(key, value)| Size {
            bytes: key.len() + value.size().bytes,
            depth: value.size().depth,
        });
        let size = Size::around(sizes)?;
        Ok(Dict {
            entries: Arc::new(entries),
            size,
        })
    }

    /// Its entries, in the order of the keys.
    pub fn entries(&self) -> &BTreeMap<Arc<str>, Value> {
        &self.entries
    }
}

impl Size {
    /// The size of a list or a map with values of these sizes. Deep values are refused because printing and
    /// dropping them recurses on the stack, large ones because a few steps can double them.
    fn around(inner: impl Iterator<Item = Size>) -> Result<Size, String> {
        let mut size = Size { bytes: 0, depth: 1 };
        for item in inner {
            size.bytes = size.bytes.saturating_add(item.bytes + size_of::<Value>());
            size.depth = size.depth.max(item.depth + 1);
        }
        if size.depth > limits::TEMPLATE_VALUE_DEPTH {
            let limit = limits::TEMPLATE_VALUE_DEPTH;
            return Err(format!("lists and maps nest deeper than {limit} levels"));
        }
        if size.bytes > limits::TEMPLATE_HELD_BYTES {
            let limit = limits::TEMPLATE_HELD_BYTES >> 20;
            return Err(format!("a list or a map takes more than {limit} MiB"));
        }
        Ok(size)
    }
}

/// A name with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The name.
    pub name: Arc<str>,
    /// The value.
    pub value: Arc<str>,
}

impl Value {
    /// The string `text`.
    pub fn text(text: impl Into<Arc<str>>) -> Self {
        Value::Text(text.into())
    }

    /// A count as an integer.
    pub fn count(count: usize) -> Self {
        Value::Int(i64::try_from(count).unwrap_or(i64::MAX))
    }

    /// The name of its type, as Go's messages have it.
    pub fn type_name(&self) -> &'static str {
        match self {
            Value::Nil => "<nil>",
            Value::Bool(_) => "bool",
            Value::Int(_) => "int",
            Value::Float(_) => "float64",
            Value::Text(_) => "string",
            Value::Time(_) => "time.Time",
            Value::Duration(_) => "time.Duration",
            Value::Named(name, _) if name.ends_with("day") => "time.Weekday",
            Value::Named(..) => "time.Month",
            Value::Data(_) => "template.Data",
            Value::Alerts(_) => "template.Alerts",
            Value::AlertSlice(_) => "[]template.Alert",
            Value::Alert(_) => "template.Alert",
            Value::Kv(_) => "template.KV",
            Value::Pairs(_) => "template.Pairs",
            Value::Pair(_) => "template.Pair",
            Value::Texts(_) => "[]string",
            Value::List(_) => "[]interface {}",
            Value::Dict(_) => "map[string]interface {}",
        }
    }

    /// Whether `if` takes its first branch: what is empty or zero is false.
    pub fn is_true(&self) -> bool {
        match self {
            Value::Nil => false,
            Value::Bool(truth) => *truth,
            Value::Int(number) | Value::Duration(number) | Value::Named(_, number) => *number != 0,
            Value::Float(number) => *number != 0.0,
            Value::Time(_) | Value::Data(_) | Value::Alert(_) | Value::Pair(_) => true,
            other => other.length() != Some(0),
        }
    }

    /// How many bytes or items there are, of what has any.
    pub fn length(&self) -> Option<usize> {
        match self {
            Value::Text(text) => Some(text.len()),
            Value::Kv(labels) => Some(labels.len()),
            Value::Dict(dict) => Some(dict.entries.len()),
            other => other.list_len(),
        }
    }

    /// How many items a list has, of any kind of list.
    pub fn list_len(&self) -> Option<usize> {
        match self {
            Value::Alerts(alerts) | Value::AlertSlice(alerts) => Some(alerts.len()),
            Value::Pairs(pairs) => Some(pairs.len()),
            Value::Texts(texts) => Some(texts.len()),
            Value::List(list) => Some(list.items.len()),
            _ => None,
        }
    }

    /// An item of a list.
    pub fn item(&self, index: usize) -> Option<Value> {
        match self {
            Value::Alerts(alerts) | Value::AlertSlice(alerts) => {
                alerts.get(index).cloned().map(Value::Alert)
            }
            Value::Pairs(pairs) => pairs.get(index).cloned().map(Value::Pair),
            Value::Texts(texts) => texts.get(index).cloned().map(Value::Text),
            Value::List(list) => list.items.get(index).cloned(),
            _ => None,
        }
    }

    /// What it takes.
    pub fn size(&self) -> Size {
        let list_of = |count: usize, bytes: usize| Size {
            bytes: count * bytes,
            depth: 0,
        };
        match self {
            Value::Text(text) => list_of(text.len(), 1),
            Value::AlertSlice(alerts) => list_of(alerts.len(), size_of::<Arc<AlertData>>()),
            Value::Pairs(pairs) => list_of(pairs.len(), size_of::<Pair>()),
            Value::Texts(texts) => list_of(texts.len(), size_of::<Arc<str>>()),
            Value::List(list) => list.size,
            Value::Dict(dict) => dict.size,
            _ => Size::default(),
        }
    }

    /// As an action prints it: nil is what a template has no value for.
    pub fn shown(&self) -> String {
        match self {
            Value::Nil => "<no value>".to_owned(),
            other => {
                let mut out = String::new();
                printf::append(&mut out, other);
                out
            }
        }
    }
}

impl Pair {
    /// The fields in the order of Go's struct.
    pub fn fields(&self) -> [Field; 2] {
        let field = |name, value: &Arc<str>| Field {
            name,
            json: name,
            value: Value::Text(value.clone()),
        };
        [field("Name", &self.name), field("Value", &self.value)]
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::text(text)
    }
}

/// The name of an alert comes first, the other labels by their names.
pub fn labels_in_order(labels: &Labels) -> impl Iterator<Item = (&str, &str)> {
    let is_first = |name: &str| name == "alertname";
    let first = labels.iter().filter(move |(name, _)| is_first(name));
    first.chain(labels.iter().filter(move |(name, _)| !is_first(name)))
}
