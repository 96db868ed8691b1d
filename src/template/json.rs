//! PURE. Writes values and payloads as JSON, as Go's encoder does (§6.1).
//!
//! Owns the escapes and the names of fields. A number that JSON cannot express is an error. Called on send
//! threads and on the thread that loads the configuration.

use jiff::ZonedDateTime;

use super::number;
use super::payload::Payload;
use super::value::{Field, Value};
use crate::model::Labels;

/// Appends `value`.
pub fn write_value(out: &mut String, value: &Value) -> Result<(), String> {
    match value {
        Value::Nil => out.push_str("null"),
        Value::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Value::Int(number) | Value::Duration(number) | Value::Named(_, number) => {
            out.push_str(&number.to_string());
        }
        Value::Float(number) => write_float(out, *number)?,
        Value::Text(text) => write_text(out, text),
        Value::Time(time) => write_time(out, time),
        Value::Kv(labels) => write_labels(out, labels),
        Value::Data(data) => write_fields(out, data.fields())?,
        Value::Alert(alert) => write_fields(out, alert.fields())?,
        Value::Pair(pair) => write_fields(out, pair.fields())?,
        Value::Dict(dict) => {
            out.push('{');
            for (index, (key, value)) in dict.entries().iter().enumerate() {
                write_key(out, index, key);
                write_value(out, value)?;
            }
            out.push('}');
        }
        list => {
            let length = list.list_len().unwrap_or(0);
            let items = (0..length).filter_map(|index| list.item(index));
            write_list(out, items, |out, item| write_value(out, &item))?;
        }
    }
    Ok(())
}

/// Appends `payload`, with the keys of maps in order.
pub fn write_payload(out: &mut String, payload: &Payload) -> Result<(), String> {
    match payload {
        Payload::Null => out.push_str("null"),
        Payload::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Payload::Integer(number) => out.push_str(&number.to_string()),
        Payload::Float(number) => write_float(out, *number)?,
        Payload::Text(text) | Payload::PlainText(text) => write_text(out, text),
        Payload::List(items) => write_list(out, items.iter(), write_payload)?,
        Payload::Map(entries) => {
            let mut sorted: Vec<_> = entries.iter().collect();
            sorted.sort_by(|(a, _), (b, _)| a.cmp(b));
            // Of equal keys, the last given one wins.
            sorted.reverse();
            sorted.dedup_by(|(a, _), (b, _)| a == b);
            sorted.reverse();
            out.push('{');
            for (index, (key, value)) in sorted.into_iter().enumerate() {
                write_key(out, index, key);
                write_payload(out, value)?;
            }
            out.push('}');
        }
    }
    Ok(())
}

fn write_list<T>(
    out: &mut String,
    items: impl Iterator<Item = T>,
    write: impl Fn(&mut String, T) -> Result<(), String>,
) -> Result<(), String> {
    out.push('[');
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push(',');
        }
        write(out, item)?;
    }
    out.push(']');
    Ok(())
}

fn write_fields(out: &mut String, fields: impl IntoIterator<Item = Field>) -> Result<(), String> {
    out.push('{');
    for (index, field) in fields.into_iter().enumerate() {
        write_key(out, index, field.json);
        write_value(out, &field.value)?;
    }
    out.push('}');
    Ok(())
}

fn write_labels(out: &mut String, labels: &Labels) {
    out.push('{');
    for (index, (name, value)) in labels.iter().enumerate() {
        write_key(out, index, name);
        write_text(out, value);
    }
    out.push('}');
}

fn write_key(out: &mut String, index: usize, key: &str) {
    if index > 0 {
        out.push(',');
    }
    write_text(out, key);
    out.push(':');
}

fn write_float(out: &mut String, number: f64) -> Result<(), String> {
    match number::json(number) {
        Some(text) => out.push_str(&text),
        None => {
            let shown = number::shortest(number);
            return Err(format!("json: unsupported value: {shown}"));
        }
    }
    Ok(())
}

fn write_time(out: &mut String, time: &ZonedDateTime) {
    write_text(
        out,
        &super::time::format(time, "2006-01-02T15:04:05.999999999Z07:00"),
    );
}

/// Writes a text. As in Go, characters that could end a script element, and line ends of JavaScript, are
/// escaped.
fn write_text(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                out.push_str(&format!("\\u{:04x}", u32::from(character)));
            }
            other => out.push(other),
        }
    }
    out.push('"');
}
