//! What the bodies of all POSTs have in common.
//!
//! Owns the error of a body, and reading its fields one by one as Go's decoder does: what is wrong
//! is noted, and the first fault wins. The words are ours; Go's decoder has others. Pure; runs on the connections' threads.

use std::borrow::Cow;

use crate::limits::REPAIRED_BODY_BYTES;
use crate::model::Wall;

use super::date::parse_date;
use super::lenient::{Found, Text, TextMap};
use super::repair::repair;

/// Why a body was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BodyError {
    /// It is not JSON, or of the wrong kinds; says why.
    Malformed(String),
    /// It is the body of a webhook where alerts belong; says so.
    Notification(String),
    /// It breaks a rule of the schema.
    Invalid {
        /// The framework's number for the rule: 601 format, 602 required.
        code: u16,
        /// Which field, and which rule.
        message: String,
    },
}

/// What was read of a body, or why it is not as it should be; the outer error is one of syntax.
pub type Read<T> = Result<Result<T, BodyError>, serde_json::Error>;

/// Reads a body, which the schema calls `name`. One that serde_json does not take may still be one
/// that Go takes, because it only holds text that is not Unicode.
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

/// Keeps the fault of a field, unless one came before it.
pub fn keep_first(slot: &mut Option<String>, read: Result<(), String>) {
    if let Err(fault) = read {
        slot.get_or_insert(fault);
    }
}

/// Whether a key means this field: in any case, as Go folds it, for which the long s and the sign of
/// Kelvin are letters of ASCII too.
pub fn is_key(key: &str, field: &str) -> bool {
    let folded = key.chars().map(|c| match c {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        c => c.to_ascii_lowercase(),
    });
    folded.eq(field.chars().map(|c| c.to_ascii_lowercase()))
}

/// A second object under the same name adds to the first, a null takes it away.
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

/// Reads a time, where null changes nothing.
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

/// Reads a text, where null is the empty one.
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

/// The fault of a field that has to be there.
pub fn missing(field: &str) -> BodyError {
    BodyError::Invalid {
        code: 602,
        message: format!("{field} in body is required"),
    }
}

/// The fault of a value that is of one kind and should be of another.
pub fn wrong_kind(place: &str, kind: &str, wanted: &str) -> String {
    format!("{place} is {kind}, and should be {wanted}")
}
