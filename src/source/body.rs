//! Reads a posted body as one value.
//!
//! Owns the order in which the forms of a body are tried, since many senders say nothing true in their
//! Content-Type: SNS posts JSON as text/plain, curl anything as a form. The value is that of the JSON; of a
//! form, that of its field `data` or `payload` if it is JSON, or else its fields; of a request without a body,
//! the parameters of its query; of any other text, a map with the text under `text`. Pure; runs on the
//! connections' threads.

use std::collections::BTreeMap;

use super::Posted;
use super::form::{boundary, multipart, urlencoded};
use crate::limits;
use crate::template::{Dict, Value};

/// The value of a request with this decoded query.
pub fn decode(posted: &Posted<'_>, query: &[(String, String)]) -> Result<Value, String> {
    let content_type = content_type(posted);
    if let Some(boundary) = boundary(content_type) {
        if boundary.len() > limits::SOURCE_BOUNDARY_BYTES {
            let limit = limits::SOURCE_BOUNDARY_BYTES;
            return Err(format!(
                "the boundary of the form has more than {limit} bytes"
            ));
        }
        return of_form(&multipart(posted.body, boundary)?);
    }
    let body = posted.body;
    let body = body
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(body)
        .trim_ascii();
    match body.first() {
        None if query.is_empty() => Err("the request has neither a body nor a query".to_owned()),
        None => of_fields(query),
        Some(b'{' | b'[') => match Value::from_json(body) {
            Ok(value) => Ok(value),
            // Such as `[FIRING:1] the disk is full`.
            Err(_) if body[0] == b'[' && !says(content_type, "json") => of_text(body),
            Err(fault) => Err(format!("the body is no JSON that can be used: {}", fault.0)),
        },
        Some(_) => match fields_of(body, content_type) {
            Some(fields) => of_form(&fields),
            None if says(content_type, "json") => {
                Err("the body is no JSON object or list".to_owned())
            }
            None => of_text(body),
        },
    }
}

fn content_type<'r>(posted: &Posted<'r>) -> &'r str {
    let mut headers = posted.headers.iter();
    let found = headers.find(|(name, _)| name == "content-type");
    found.map_or("", |(_, value)| value.as_str())
}

/// Whether the Content-Type has this word.
fn says(content_type: &str, word: &str) -> bool {
    content_type.to_ascii_lowercase().contains(word)
}

/// The fields of an urlencoded form; `None` if the body is none. A text that curl sends under the type of a
/// form has spaces, or no `=`.
fn fields_of(body: &[u8], content_type: &str) -> Option<Vec<(String, String)>> {
    let may_be = content_type.is_empty() || says(content_type, "urlencoded");
    let is_encoded = |byte: &u8| byte.is_ascii_graphic();
    let is_form = may_be && body.contains(&b'=') && body.iter().all(is_encoded);
    let text = str::from_utf8(body).ok().filter(|_| is_form)?;
    urlencoded(text).filter(|fields| fields.len() <= limits::SOURCE_FIELDS)
}

fn of_form(fields: &[(String, String)]) -> Result<Value, String> {
    let holds_all = |name: &str| {
        let (_, text) = fields.iter().find(|(other, _)| other == name)?;
        let value = structure(text)?;
        (!matches!(value, Value::Nil)).then_some(value)
    };
    match holds_all("data").or_else(|| holds_all("payload")) {
        Some(value) => Ok(value),
        None => of_fields(fields),
    }
}

/// A map of the fields. Of fields with the same name the last one counts.
fn of_fields(fields: &[(String, String)]) -> Result<Value, String> {
    let entries = fields.iter().map(|(name, text)| {
        let value = structure(text).unwrap_or_else(|| text.as_str().into());
        (name.as_str().into(), value)
    });
    Dict::new(entries.collect()).map(Value::Dict)
}

/// The value of a field that is a JSON object, list or null.
fn structure(text: &str) -> Option<Value> {
    let text = text.trim();
    let is_structure = text.starts_with(['{', '[']) || text == "null";
    is_structure.then(|| Value::from_json(text.as_bytes()).ok())?
}

fn of_text(body: &[u8]) -> Result<Value, String> {
    let Ok(text) = str::from_utf8(body) else {
        return Err("the body is neither JSON nor a form nor a text in UTF-8".to_owned());
    };
    Dict::new(BTreeMap::from([("text".into(), text.into())])).map(Value::Dict)
}
