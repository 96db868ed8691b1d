//! PURE. What templates compute with: Go's values as far as templates meet them, and ours on top.
//!
//! Owns the types, their Go names, when one counts as true, and how one prints. What can be asked
//! of a value is in `fields.rs`. Called on send threads and on whichever thread loads the
//! configuration.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Zoned;

use super::data::{AlertData, Data};
use super::{duration, number, time};
use crate::model::Labels;

/// A value. Cheap to clone.
#[derive(Clone, Debug)]
pub enum Value {
    /// Go's nil, and what a missing key of a map of anything yields.
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
    Time(Zoned),
    /// A span of time in nanoseconds.
    Duration(i64),
    /// A month or a day of the week: a number that prints as a name.
    Named(&'static str, i64),
    /// What a template is given as its first dot.
    Data(Arc<Data>),
    /// The alerts of a notification; they can be asked for those that fire.
    Alerts(Arc<[Arc<AlertData>]>),
    /// Some of the alerts; nothing can be asked of them as a whole.
    AlertSlice(Arc<[Arc<AlertData>]>),
    /// An alert.
    Alert(Arc<AlertData>),
    /// Names with values: labels or annotations.
    Kv(Labels),
    /// The same as a list, in an order of its own.
    Pairs(Arc<[Pair]>),
    /// One of those.
    Pair(Pair),
    /// A list of strings.
    Texts(Arc<[Arc<str>]>),
    /// A list of anything.
    List(Arc<[Value]>),
    /// A map from strings to anything.
    Dict(Arc<BTreeMap<Arc<str>, Value>>),
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
            other => other.len() != Some(0),
        }
    }

    /// How many bytes or items there are, of what has any.
    pub fn len(&self) -> Option<usize> {
        match self {
            Value::Text(text) => Some(text.len()),
            Value::Kv(labels) => Some(labels.len()),
            Value::Dict(map) => Some(map.len()),
            other => other.list_len(),
        }
    }

    /// How many items a list has, of any kind of list.
    pub fn list_len(&self) -> Option<usize> {
        match self {
            Value::Alerts(alerts) | Value::AlertSlice(alerts) => Some(alerts.len()),
            Value::Pairs(pairs) => Some(pairs.len()),
            Value::Texts(texts) => Some(texts.len()),
            Value::List(items) => Some(items.len()),
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
            Value::List(items) => items.get(index).cloned(),
            _ => None,
        }
    }

    /// As an action prints it: nil is what a template has no value for.
    pub fn shown(&self) -> String {
        match self {
            Value::Nil => "<no value>".to_owned(),
            other => {
                let mut out = String::new();
                other.print(&mut out);
                out
            }
        }
    }

    /// Appends Go's `%v`.
    pub fn print(&self, out: &mut String) {
        match self {
            Value::Nil => out.push_str("<nil>"),
            Value::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
            Value::Int(number) => out.push_str(&number.to_string()),
            Value::Float(number) => out.push_str(&number::shortest(*number)),
            Value::Text(text) => out.push_str(text),
            Value::Time(time) => out.push_str(&time::shown(time)),
            Value::Duration(nanoseconds) => out.push_str(&duration::shown(*nanoseconds)),
            Value::Named(name, _) => out.push_str(name),
            Value::Kv(labels) => print_assignments(out, labels_in_order(labels)),
            Value::Pairs(pairs) => {
                print_assignments(out, pairs.iter().map(|pair| (&*pair.name, &*pair.value)));
            }
            Value::Pair(pair) => {
                let fields = [
                    Value::Text(pair.name.clone()),
                    Value::Text(pair.value.clone()),
                ];
                print_all(out, "{", fields, "}");
            }
            Value::Data(data) => print_all(out, "{", data.fields(), "}"),
            Value::Alert(alert) => print_all(out, "{", alert.fields(), "}"),
            Value::Dict(map) => print_dict(out, map),
            list => {
                let items = (0..list.list_len().unwrap_or(0)).filter_map(|index| list.item(index));
                print_all(out, "[", items, "]");
            }
        }
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

/// `a=b, c=d`: how sets of labels print.
fn print_assignments<'a>(out: &mut String, pairs: impl Iterator<Item = (&'a str, &'a str)>) {
    for (index, (name, value)) in pairs.enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        out.push_str(name);
        out.push('=');
        out.push_str(value);
    }
}

fn print_all(out: &mut String, open: &str, items: impl IntoIterator<Item = Value>, close: &str) {
    out.push_str(open);
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.push(' ');
        }
        item.print(out);
    }
    out.push_str(close);
}

fn print_dict(out: &mut String, map: &BTreeMap<Arc<str>, Value>) {
    out.push_str("map[");
    for (index, (key, value)) in map.iter().enumerate() {
        if index > 0 {
            out.push(' ');
        }
        out.push_str(key);
        out.push(':');
        value.print(out);
    }
    out.push(']');
}
