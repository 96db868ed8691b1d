//! Converts sections, and values of any type, into their shown form.
//!
//! Owns the choice of values that are left out or masked, as their tables say. Pure; runs on the thread that
//! loads the configuration.

use super::shown::Shown;
use crate::config::field::At;
use crate::config::record::{Record, Value};
use crate::config::table::{Key, Kind, Shows};
use crate::config::url::without_password;
use crate::model::{Matcher, format_duration, format_go_duration};
use crate::template::{Payload, go_number};

const SECRET: &str = "<secret>";

/// The shown form of a section, in the order of its table.
pub fn shown_record(record: &Record) -> Shown {
    let keys = record.section.keys.iter().filter_map(|key| {
        let value = record.get(key.name)?;
        let is_shown = match key.shows {
            Shows::Always | Shows::WithoutPassword => true,
            Shows::Filled | Shows::Masked | Shows::Short => !value.is_zero(),
            Shows::Comment | Shows::Never => false,
        };
        let shown = shown_value(key, value).filter(|_| is_shown)?;
        Some((key.name.to_owned(), shown))
    });
    Shown::Map(keys.collect())
}

/// The shown form of the sections that stand in comments.
pub fn shown_in_comments(record: &Record) -> Shown {
    let keys = record.section.keys.iter().filter_map(|key| {
        let value = record.get(key.name).filter(|value| !value.is_zero())?;
        let is_shown = key.shows == Shows::Comment;
        let shown = is_shown.then(|| shown_value(key, value))?;
        Some((key.name.to_owned(), shown?))
    });
    Shown::Map(keys.collect())
}

fn shown_value(key: &Key, value: &Value) -> Option<Shown> {
    let shown_text = |text: &str| match key.shows {
        Shows::Masked => Shown::text(SECRET),
        Shows::WithoutPassword => Shown::Text(without_password(text)),
        _ => Shown::text(text),
    };
    let shown_texts = |texts: &[At<String>]| {
        let texts = texts.iter().map(|at| shown_text(&at.value));
        Shown::List(texts.collect())
    };
    let shown = match value {
        Value::Text(text) => shown_text(text),
        Value::Bool(value) => Shown::Plain(value.to_string()),
        Value::Count(count) => Shown::Plain(count.to_string()),
        Value::Number(number) => Shown::Plain(go_number(*number)),
        Value::Duration(duration, _) if matches!(key.kind, Kind::GoDuration) => {
            Shown::Plain(format_go_duration(*duration))
        }
        Value::Duration(duration, _) => Shown::Plain(format_duration(*duration)),
        Value::Texts(texts) => shown_texts(texts),
        Value::Named(named) => by_name(named, |at| shown_text(&at.value)),
        Value::Lists(lists) => by_name(lists, |texts| shown_texts(texts)),
        Value::Matchers(matchers) => {
            let texts = matchers.iter().map(Matcher::to_string);
            Shown::List(texts.map(Shown::Text).collect())
        }
        Value::Any(payload, _) => shown_payload(payload),
        Value::Record(section) => shown_record(section),
        Value::Records(sections, _) => Shown::List(sections.iter().map(shown_record).collect()),
        Value::NamedRecords(sections) => by_name(sections, shown_record),
        Value::Null | Value::Broken { .. } | Value::Unbuilt => return None,
    };
    Some(match key.shows {
        Shows::Short => Shown::Short(Box::new(shown)),
        _ => shown,
    })
}

fn by_name<T>(named: &[(String, T)], shown: impl Fn(&T) -> Shown) -> Shown {
    Shown::sorted(
        named
            .iter()
            .map(|(name, value)| (name.clone(), shown(value))),
    )
}

/// The shown form of a value of any type. A constant under a key whose name suggests a secret is masked; a
/// template is not, because it only says where a secret comes from.
pub fn shown_payload(payload: &Payload) -> Shown {
    match payload {
        Payload::Null => Shown::Plain("null".into()),
        Payload::Bool(value) => Shown::Plain(value.to_string()),
        Payload::Integer(number) => Shown::Plain(number.to_string()),
        Payload::Float(number) => Shown::Plain(go_number(*number)),
        Payload::Text(text) => Shown::text(text),
        Payload::PlainText(text) => Shown::Marked(text.clone()),
        Payload::List(items) => Shown::List(items.iter().map(shown_payload).collect()),
        Payload::Map(entries) => {
            let entries = entries.iter();
            let shown = |key: &str, value| match is_secretive(key) {
                true => masked_payload(value),
                false => shown_payload(value),
            };
            Shown::sorted(entries.map(|(key, value)| (key.clone(), shown(key, value))))
        }
    }
}

/// The shown form with all texts and numbers masked.
fn masked_payload(payload: &Payload) -> Shown {
    match payload {
        Payload::Text(text) | Payload::PlainText(text) if is_constant(text) => Shown::text(SECRET),
        Payload::Integer(_) | Payload::Float(_) => Shown::text(SECRET),
        Payload::List(items) => Shown::List(items.iter().map(masked_payload).collect()),
        Payload::Map(entries) => {
            let entries = entries.iter();
            Shown::sorted(entries.map(|(key, value)| (key.clone(), masked_payload(value))))
        }
        Payload::Text(_) | Payload::PlainText(_) | Payload::Null | Payload::Bool(_) => {
            shown_payload(payload)
        }
    }
}

/// Whether a text has literal characters before or after its templates.
fn is_constant(text: &str) -> bool {
    let text = text.trim();
    let is_template = text.starts_with("{{") && text.ends_with("}}");
    !text.is_empty() && !is_template
}

/// Whether the name of a key suggests a secret. When in doubt, the value is masked.
fn is_secretive(key: &str) -> bool {
    const WORDS: [&str; 7] = [
        "key",
        "token",
        "secret",
        "password",
        "passwd",
        "credential",
        "authorization",
    ];
    let key = key.to_ascii_lowercase();
    WORDS.iter().any(|word| key.contains(word))
}
