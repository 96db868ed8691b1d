//! The parts that the readers of all POST bodies share.
//!
//! Owns the error of a body, and the reading of single fields with the rules of Go's decoder: reading goes
//! on after a fault, and the first fault is reported. The texts of faults differ from Go's. Pure; runs on
//! the connections' threads.

use std::borrow::Cow;

use crate::limits::REPAIRED_BODY_BYTES;
use crate::model::Wall;

use super::date::parse_date;
use super::lenient::{Found, Text, TextMap};
use super::repair::repair;

/// Why a body was rejected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BodyError {
    /// The body is not JSON, or has a value of a wrong kind. Holds the fault as text.
    Malformed(String),
    /// The body is a webhook notification instead of alerts. Holds the fault as text.
    Notification(String),
    /// The body breaks a rule of the schema.
    Invalid {
        /// The framework's number for the rule: 601 format, 602 required.
        code: u16,
        /// The field and the rule, as text.
        message: String,
    },
}

/// The value of a body, or its fault. The outer error is a JSON syntax error.
pub type Read<T> = Result<Result<T, BodyError>, serde_json::Error>;

/// Reads a body, whose name in the schema is `name`. If serde_json rejects the body, reads it again with
/// invalid Unicode replaced, because Go accepts such text.
pub fn read_body<T>(
    body: &[u8],
    name: &str,
    read: impl Fn(&[u8]) -> Read<T>,
) -> Result<T, BodyError> {
    if body.iter().all(|byte| b" \t\r\n".contains(byte)) {
        return Err(missing(name));
    }
    let error = match read(body) {
        Ok(result) => return result,
        Err(error) => error,
    };
    let repaired = repair(body);
    if repaired == body {
        return Err(BodyError::Malformed(error.to_string()));
    }
    if repaired.len() > REPAIRED_BODY_BYTES {
        return Err(BodyError::Malformed(format!(
            "the body has {} bytes once what is no UTF-8 in it is replaced, and may have {REPAIRED_BODY_BYTES}",
            repaired.len()
        )));
    }
    read(&repaired).unwrap_or_else(|error| Err(BodyError::Malformed(error.to_string())))
}

/// Records the fault of a field, unless an earlier fault is recorded.
pub fn keep_first(slot: &mut Option<String>, read: Result<(), String>) {
    if let Err(fault) = read {
        slot.get_or_insert(fault);
    }
}

/// Whether a key names this field, ignoring case as Go does. Go also folds the long s to `s` and the Kelvin
/// sign to `k`.
pub fn is_key(key: &str, field: &str) -> bool {
    let folded = key.chars().map(|c| match c {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        c => c.to_ascii_lowercase(),
    });
    folded.eq(field.chars().map(|c| c.to_ascii_lowercase()))
}

/// Reads an object of strings. A second object under the same name adds to the first; a null removes it.
pub fn read_map<'de>(
    slot: &mut Option<Vec<(Cow<'de, str>, Cow<'de, str>)>>,
    found: Found<TextMap<'de>>,
    name: &str,
) -> Result<(), String> {
    match found {
        Found::Null => *slot = None,
        Found::Right(mut map) => {
            if let Some((key, kind)) = map.wrong {
                return Err(wrong_kind(&format!("{name}.{key}"), kind, "a string"));
            }
            slot.get_or_insert_default().append(&mut map.pairs);
        }
        Found::Wrong(kind) => return Err(wrong_kind(name, kind, "an object of strings")),
    }
    Ok(())
}

/// Reads a time. A null changes nothing.
pub fn read_time(
    slot: &mut Option<Wall>,
    found: Found<Text<'_>>,
    name: &str,
) -> Result<(), String> {
    match found {
        Found::Null => {}
        Found::Right(Text(text)) => *slot = read_date(&text, name)?,
        Found::Wrong(kind) => return Err(wrong_kind(name, kind, "a string")),
    }
    Ok(())
}

/// The date in the field `name`; see [`parse_date`].
pub fn read_date(text: &str, name: &str) -> Result<Option<Wall>, String> {
    parse_date(text).map_err(|fault| format!("{name}: {fault}"))
}

/// Reads a string. A null is the empty string.
pub fn read_text<'de>(
    slot: &mut Cow<'de, str>,
    found: Found<Text<'de>>,
    name: &str,
) -> Result<(), String> {
    match found {
        Found::Null => *slot = Cow::Borrowed(""),
        Found::Right(Text(text)) => *slot = text,
        Found::Wrong(kind) => return Err(wrong_kind(name, kind, "a string")),
    }
    Ok(())
}

/// The fault of a missing required field.
pub fn missing(field: &str) -> BodyError {
    BodyError::Invalid {
        code: 602,
        message: format!("{field} in body is required"),
    }
}

/// The fault of a value of kind `kind` that should be of kind `wanted`.
pub fn wrong_kind(place: &str, kind: &str, wanted: &str) -> String {
    format!("{place} is {kind}, and should be {wanted}")
}
