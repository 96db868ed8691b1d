//! Sections that are tables of keys, and values of any shape, as they are shown.
//!
//! Owns which of their values are left out and which are masked. Pure; runs on whichever thread
//! loads the configuration.

use super::SECRET;
use super::number::go_number;
use super::shown::{Keys, Shown};
use crate::config::check::authorization_scheme;
use crate::config::raw::{AUTHORIZATION, HTTP_CONFIG, KeyKind, Record, Value};
use crate::config::url::without_password;
use crate::template::Payload;

/// An `http_config`. A bearer token is shown as the authorization that it stands for.
pub fn shown_http(given: Option<&Record>) -> Shown {
    let mut http = given
        .cloned()
        .unwrap_or_else(|| Record::empty(&HTTP_CONFIG));
    let mut authorization = match http.take("authorization") {
        Some(Value::Record(authorization)) => Some(authorization),
        _ => None,
    };
    let bearer = [
        ("bearer_token", "credentials"),
        ("bearer_token_file", "credentials_file"),
    ];
    for (old, new) in bearer {
        if http.text(old).is_some()
            && let Some(token) = http.take(old)
        {
            authorization
                .get_or_insert_with(|| Record::empty(&AUTHORIZATION))
                .put(new, token);
        }
    }
    if let Some(mut authorization) = authorization {
        let scheme = authorization_scheme(&authorization).to_owned();
        authorization.put("type", Value::Text(scheme));
        http.put("authorization", Value::Record(authorization));
    }
    shown_record(&http)
}

/// A section, in the order of its table.
pub fn shown_record(record: &Record) -> Shown {
    let mut keys = Keys::default();
    for key in record.section.keys {
        match (key.kind, record.get(key.name)) {
            (KeyKind::Bool(default), _) => {
                keys.plain(key.name, record.bool_or(key.name, default).to_string());
            }
            (kind, Some(value)) => put_value(&mut keys, key.name, kind, value),
            (_, None) => {}
        }
    }
    keys.shown()
}

fn put_value(keys: &mut Keys, name: &str, kind: KeyKind, value: &Value) {
    let is_secret = matches!(
        kind,
        KeyKind::Secret | KeyKind::Secrets | KeyKind::NamedSecrets
    );
    let masked = |text: &str| Shown::text(if is_secret { SECRET } else { text });
    match value {
        Value::Text(text) if kind == KeyKind::Url => keys.text(name, &without_password(text)),
        Value::Text(text) if text.is_empty() => {}
        Value::Text(text) => keys.put(name, masked(text)),
        Value::Number(number) if *number == 0.0 => {}
        Value::Number(number) => keys.plain(name, go_number(*number)),
        Value::Bool(true) => keys.plain(name, "true"),
        Value::Bool(false) => {}
        Value::Texts(texts) => keys.list(name, texts.iter().map(|text| masked(text))),
        Value::Named(named) => keys.map(
            name,
            named.iter().map(|(name, texts)| {
                let texts: Vec<Shown> = texts.iter().map(|text| masked(text)).collect();
                (name.clone(), single_or_list(kind, texts))
            }),
        ),
        Value::Any(payload) => keys.put(name, shown_payload(payload)),
        Value::Record(section) => {
            if !matches!(kind, KeyKind::FilledSection(_)) || !section.is_zero() {
                keys.put(name, shown_record(section));
            }
        }
        Value::Records(records) => {
            let records = records.iter();
            let shown = records.map(|(name, record)| (name.clone(), shown_record(record)));
            keys.put(name, Shown::sorted(shown));
        }
    }
}

fn single_or_list(kind: KeyKind, mut texts: Vec<Shown>) -> Shown {
    match kind {
        KeyKind::NamedTexts => texts.pop().unwrap_or(Shown::Text(String::new())),
        _ => Shown::List(texts),
    }
}

/// A value of any shape. What stands as it is under a key that speaks of a secret is masked; a template
/// says where a secret comes from, and not what it is.
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

/// The same with all texts and numbers masked.
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

/// Whether a text has something of its own at either end of its templates.
fn is_constant(text: &str) -> bool {
    let text = text.trim();
    let is_template = text.starts_with("{{") && text.ends_with("}}");
    !text.is_empty() && !is_template
}

/// Whether a key names something that nobody but the receiver should know. Too much is masked rather than
/// too little.
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
