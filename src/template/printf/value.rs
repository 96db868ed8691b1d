//! PURE. Formats lists, maps and structs with their elements.
//!
//! Owns the form of each type for `%v`, `%+v` and `%#v`. A value with its own text form, such as a time,
//! prints that text for verbs of text. Called on send threads and on the thread that loads the
//! configuration.

use super::Printer;
use crate::model::ZERO_TIME;
use crate::template::value::{Field, Value, labels_in_order};
use crate::template::{duration, time};

impl Printer {
    /// Prints any value; `is_inner` if it is an element of another one.
    pub(super) fn print_value(&mut self, value: &Value, verb: char, is_inner: bool) {
        if !self.is_telling_fault && self.print_by_method(value, verb) {
            return;
        }
        let type_name = value.type_name();
        match value {
            Value::Nil if is_inner && self.flags.as_source => self.push("interface {}(nil)"),
            Value::Nil => self.push("<nil>"),
            Value::Bool(truth) => self.print_bool(*truth, verb),
            Value::Int(number) | Value::Duration(number) | Value::Named(_, number) => {
                self.print_integer(*number, verb, type_name);
            }
            Value::Float(number) => self.print_float(*number, verb),
            Value::Text(text) => self.print_text(text, verb, type_name),
            Value::Time(time) => self.print_time(time, verb),
            Value::Data(data) => self.print_struct(type_name, data.fields(), verb),
            Value::Alert(alert) => self.print_struct(type_name, alert.fields(), verb),
            Value::Pair(pair) => self.print_struct(type_name, pair.fields(), verb),
            Value::Kv(labels) => {
                let entries = labels.iter();
                let entries = entries.map(|(name, value)| (name, Value::from(value)));
                self.print_map(type_name, entries, verb);
            }
            Value::Dict(dict) => {
                let entries = dict.entries().iter();
                let entries = entries.map(|(key, value)| (&**key, value.clone()));
                self.print_map(type_name, entries, verb);
            }
            list => {
                let items = (0..list.list_len().unwrap_or(0)).filter_map(|index| list.item(index));
                self.print_list(type_name, items, verb);
            }
        }
    }

    /// Prints a value by its own text form; false if it has none, or the verb is not one of text.
    fn print_by_method(&mut self, value: &Value, verb: char) -> bool {
        if self.flags.as_source {
            let Value::Time(time) = value else {
                return false;
            };
            self.print_text(&time::as_source(time), 's', "string");
            return true;
        }
        if !matches!(verb, 'v' | 's' | 'x' | 'X' | 'q') {
            return false;
        }
        let Some(text) = own_text(value) else {
            return false;
        };
        self.print_text(&text, verb, "string");
        true
    }

    fn print_struct(
        &mut self,
        type_name: &str,
        fields: impl IntoIterator<Item = Field>,
        verb: char,
    ) {
        self.open_struct(type_name);
        for (index, field) in fields.into_iter().enumerate() {
            self.begin_field(index, field.name);
            self.print_value(&field.value, verb, true);
        }
        self.push("}");
    }

    fn open_struct(&mut self, type_name: &str) {
        if self.flags.as_source {
            self.push(type_name);
        }
        self.push("{");
    }

    fn begin_field(&mut self, index: usize, name: &str) {
        self.separate(index);
        if self.flags.with_names || self.flags.as_source {
            self.push(name);
            self.push(":");
        }
    }

    fn print_map<'v>(
        &mut self,
        type_name: &str,
        entries: impl Iterator<Item = (&'v str, Value)>,
        verb: char,
    ) {
        let as_source = self.flags.as_source;
        if as_source {
            self.push(type_name);
        }
        self.push(if as_source { "{" } else { "map[" });
        for (index, (key, value)) in entries.enumerate() {
            self.separate(index);
            self.print_text(key, verb, "string");
            self.push(":");
            self.print_value(&value, verb, true);
        }
        self.push(if as_source { "}" } else { "]" });
    }

    fn print_list(&mut self, type_name: &str, items: impl Iterator<Item = Value>, verb: char) {
        let as_source = self.flags.as_source;
        if as_source {
            self.push(type_name);
        }
        self.push(if as_source { "{" } else { "[" });
        for (index, item) in items.enumerate() {
            if self.is_full {
                return;
            }
            self.separate(index);
            self.print_value(&item, verb, true);
        }
        self.push(if as_source { "}" } else { "]" });
    }

    fn separate(&mut self, index: usize) {
        if index > 0 {
            self.push(if self.flags.as_source { ", " } else { " " });
        }
    }

    /// Prints the fields of a time: nanoseconds, seconds since the year 1, and the zone, which is nil for
    /// UTC. For other zones Go would print an address.
    fn print_time(&mut self, time: &jiff::ZonedDateTime, verb: char) {
        let since_zero = time.timestamp().as_second() - ZERO_TIME.as_second();
        self.open_struct("time.Time");
        self.begin_field(0, "wall");
        self.print_unsigned(time.subsec_nanosecond().into(), verb, "uint64");
        self.begin_field(1, "ext");
        self.print_integer(since_zero, verb, "int64");
        self.begin_field(2, "loc");
        match verb {
            'v' if self.flags.as_source => self.push("(*time.Location)(nil)"),
            'v' => self.pad("<nil>"),
            'b' | 'd' | 'o' | 'x' | 'X' => self.print_integer(0, verb, "int64"),
            _ => self.tell_bad_verb(verb, Some("*time.Location"), |printer| printer.pad("<nil>")),
        }
        self.push("}");
    }
}

/// The text form of a value that has its own.
fn own_text(value: &Value) -> Option<String> {
    match value {
        Value::Time(time) => Some(time::shown(time)),
        Value::Duration(nanoseconds) => Some(duration::shown(*nanoseconds)),
        Value::Named(name, _) => Some((*name).to_owned()),
        Value::Kv(labels) => Some(assignments(labels_in_order(labels))),
        Value::Pairs(pairs) => Some(assignments(
            pairs.iter().map(|pair| (&*pair.name, &*pair.value)),
        )),
        _ => None,
    }
}

/// `a=b, c=d`: the text form of label sets.
fn assignments<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut out = String::new();
    for (index, (name, value)) in pairs.enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        out.push_str(name);
        out.push('=');
        out.push_str(value);
    }
    out
}
