//! The body of `POST /api/v2/silences`.
//!
//! Owns the parsing of bytes to a silence: the fields, the rules of the schema in their order, and the
//! checks of matchers (§7.4, §10.2). The caller, which has the time of day, compares the times. Pure; runs
//! on the connections' threads.

use std::borrow::Cow;

use serde::de::{Deserialize, IgnoredAny, MapAccess, SeqAccess};

use crate::limits;
use crate::model::{
    Labels, MatchOp, Matcher, MatcherError, ParserMode, PostedSilence, Wall, ZERO_TIME,
    check_regex, go_quote, is_valid_label_name,
};

use super::body::{
    BodyError, Read, is_key, keep_first, missing, read_body, read_date, read_map, wrong_kind,
};
use super::lenient::{Found, Kind, Text};

/// Parses the silence of a body. Bytes after the first JSON value are ignored.
///
/// A start at Go's zero time stays as it is. It means now, and only the engine knows the time.
pub fn posted_silence(body: &[u8], mode: ParserMode) -> Result<PostedSilence, BodyError> {
    read_body(body, "silence", |text| read_silence(text, mode))
}

fn read_silence(body: &[u8], mode: ParserMode) -> Read<PostedSilence> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    Ok(match Found::<SilenceFields>::deserialize(&mut reader)? {
        Found::Null => SilenceFields::default().into_silence(mode),
        Found::Right(fields) => fields.into_silence(mode),
        Found::Wrong(kind) => Err(BodyError::Malformed(wrong_kind(
            "the body",
            kind,
            "an object",
        ))),
    })
}

/// The fields of a silence, borrowed from the body.
#[derive(Default)]
struct SilenceFields<'de> {
    id: Option<Cow<'de, str>>,
    comment: Option<Cow<'de, str>>,
    created_by: Option<Cow<'de, str>>,
    starts_at: Option<Wall>,
    ends_at: Option<Wall>,
    annotations: Option<Vec<(Cow<'de, str>, Cow<'de, str>)>>,
    matchers: Option<MatcherList<'de>>,
    /// The first value that is not of its kind.
    fault: Option<String>,
}

impl<'de> Kind<'de> for SilenceFields<'de> {
    fn from_object<A: MapAccess<'de>>(mut object: A) -> Result<Option<Self>, A::Error> {
        let mut fields = SilenceFields::default();
        while let Some(Text(name)) = object.next_key()? {
            let is = |field: &str| is_key(&name, field);
            let read = if is("id") {
                read_text(&mut fields.id, object.next_value()?, &name)
            } else if is("comment") {
                read_text(&mut fields.comment, object.next_value()?, &name)
            } else if is("createdBy") {
                read_text(&mut fields.created_by, object.next_value()?, &name)
            } else if is("startsAt") {
                read_time(&mut fields.starts_at, object.next_value()?, &name)
            } else if is("endsAt") {
                read_time(&mut fields.ends_at, object.next_value()?, &name)
            } else if is("annotations") {
                read_map(&mut fields.annotations, object.next_value()?, &name)
            } else if is("matchers") {
                read_matchers(&mut fields.matchers, object.next_value()?, &name)
            } else {
                object.next_value::<IgnoredAny>().map(|_| Ok(()))?
            };
            keep_first(&mut fields.fault, read);
        }
        Ok(Some(fields))
    }
}

impl SilenceFields<'_> {
    /// Checks the fields. A value of a wrong kind is reported before a broken rule, and rules in the order of
    /// the fields' names.
    fn into_silence(self, mode: ParserMode) -> Result<PostedSilence, BodyError> {
        if let Some(fault) = self.fault {
            return Err(BodyError::Malformed(fault));
        }
        let required = |field| move || missing(field);
        let comment = self.comment.ok_or_else(required("comment"))?;
        let created_by = self.created_by.ok_or_else(required("createdBy"))?;
        let ends_at = self.ends_at.ok_or_else(required("endsAt"))?;
        let found = self.matchers.ok_or_else(required("matchers"))?.check()?;
        let starts_at = self.starts_at.ok_or_else(required("startsAt"))?;
        let (matchers, fault) = match compile(found, mode) {
            Ok(matchers) => (matchers, None),
            Err(fault) => (Vec::new(), Some(fault.into_boxed_str())),
        };
        Ok(PostedSilence {
            id: self.id.map(Cow::into_owned).filter(|id| !id.is_empty()),
            matchers,
            starts_at,
            ends_at,
            created_by: created_by.into_owned(),
            comment: comment.into_owned(),
            annotations: Labels::from_pairs(self.annotations.unwrap_or_default()),
            fault,
        })
    }
}

/// The matchers while they are read. Keeps no more matchers than a silence may have.
#[derive(Default)]
struct MatcherList<'de> {
    matchers: Vec<MatcherFields<'de>>,
    seen: usize,
    /// The first value of a wrong kind: its index in the list, and the fault.
    fault: Option<(usize, String)>,
}

impl<'de> Kind<'de> for MatcherList<'de> {
    fn from_array<A: SeqAccess<'de>>(mut array: A) -> Result<Option<Self>, A::Error> {
        let mut list = MatcherList::default();
        while let Some(matcher) = array.next_element::<Found<MatcherFields>>()? {
            list.take(matcher);
        }
        Ok(Some(list))
    }
}

impl<'de> MatcherList<'de> {
    fn take(&mut self, matcher: Found<MatcherFields<'de>>) {
        let index = self.seen;
        self.seen += 1;
        let mut fields = match matcher {
            Found::Right(fields) => fields,
            // Alertmanager fails on a null among the matchers. Here a null is a matcher without fields.
            Found::Null => MatcherFields::default(),
            Found::Wrong(kind) => {
                let fault = wrong_kind("", kind, "an object");
                self.fault.get_or_insert((index, fault));
                return;
            }
        };
        if let Some(fault) = fields.fault.take() {
            self.fault.get_or_insert((index, format!(".{fault}")));
        }
        if self.matchers.len() <= limits::MATCHERS {
            self.matchers.push(fields);
        }
    }

    /// The matchers, if each is complete.
    fn check(self) -> Result<Vec<MatcherFields<'de>>, BodyError> {
        if self.matchers.is_empty() {
            return Err(BodyError::Invalid {
                code: 612,
                message: "matchers in body should have at least 1 items".to_owned(),
            });
        }
        for (index, matcher) in self.matchers.iter().enumerate() {
            if let Some(field) = matcher.first_missing() {
                return Err(missing(&format!("matchers.{index}.{field}")));
            }
        }
        Ok(self.matchers)
    }
}

/// The fields of one matcher.
#[derive(Default)]
struct MatcherFields<'de> {
    name: Option<Cow<'de, str>>,
    value: Option<Cow<'de, str>>,
    is_regex: Option<bool>,
    is_equal: Option<bool>,
    /// The first value that is not of its kind.
    fault: Option<String>,
}

impl<'de> Kind<'de> for MatcherFields<'de> {
    fn from_object<A: MapAccess<'de>>(mut object: A) -> Result<Option<Self>, A::Error> {
        let mut fields = MatcherFields::default();
        while let Some(Text(name)) = object.next_key()? {
            let is = |field: &str| is_key(&name, field);
            let read = if is("name") {
                read_text(&mut fields.name, object.next_value()?, &name)
            } else if is("value") {
                read_text(&mut fields.value, object.next_value()?, &name)
            } else if is("isRegex") {
                read_boolean(&mut fields.is_regex, object.next_value()?, &name)
            } else if is("isEqual") {
                read_boolean(&mut fields.is_equal, object.next_value()?, &name)
            } else {
                object.next_value::<IgnoredAny>().map(|_| Ok(()))?
            };
            keep_first(&mut fields.fault, read);
        }
        Ok(Some(fields))
    }
}

impl MatcherFields<'_> {
    fn first_missing(&self) -> Option<&'static str> {
        let fields = [
            ("isRegex", self.is_regex.is_none()),
            ("name", self.name.is_none()),
            ("value", self.value.is_none()),
        ];
        let missing = fields.into_iter().find(|(_, is_missing)| *is_missing);
        missing.map(|(name, _)| name)
    }

    /// Compiles the matcher. No required field is missing at this point.
    fn compile(self, mode: ParserMode) -> Result<Matcher, String> {
        let (name, value) = (
            self.name.unwrap_or_default(),
            self.value.unwrap_or_default(),
        );
        if !is_valid_label_name(&name, mode) {
            return Err(format!("invalid label name {}", go_quote(&name)));
        }
        let is_regex = self.is_regex.unwrap_or_default();
        let op = match (is_regex, self.is_equal.unwrap_or(true)) {
            (false, true) => MatchOp::Equal,
            (false, false) => MatchOp::NotEqual,
            (true, true) => MatchOp::Regex,
            (true, false) => MatchOp::NotRegex,
        };
        let bad_regex = |error: MatcherError| {
            // The error of a regex that is too large quotes its beginning.
            if error.is_of_size {
                return format!("invalid regular expression: {error}");
            }
            format!("invalid regular expression {}: {error}", go_quote(&value))
        };
        if is_regex {
            check_regex(&value).map_err(bad_regex)?;
        }
        Matcher::new(op, &*name, &*value).map_err(bad_regex)
    }
}

/// Compiles all matchers in their order. The error is the first fault, with Alertmanager's text.
fn compile(found: Vec<MatcherFields<'_>>, mode: ParserMode) -> Result<Vec<Matcher>, String> {
    if found.len() > limits::MATCHERS {
        return Err(format!("more than {} matchers", limits::MATCHERS));
    }
    let mut bytes = 0;
    let compiled = found.into_iter().enumerate().map(|(index, fields)| {
        let told = |fault| format!("invalid label matcher {index} in set 0: {fault}");
        let matcher = fields.compile(mode).map_err(told)?;
        bytes += matcher.compiled_bytes();
        if bytes > limits::SILENCE_REGEX_BYTES {
            return Err(told(format!(
                "the regular expressions up to here are too large once compiled (limit: {} bytes)",
                limits::SILENCE_REGEX_BYTES
            )));
        }
        Ok(matcher)
    });
    compiled.collect()
}

/// Reads an optional string. A null removes it.
fn read_text<'de>(
    slot: &mut Option<Cow<'de, str>>,
    found: Found<Text<'de>>,
    name: &str,
) -> Result<(), String> {
    *slot = match found {
        Found::Null => None,
        Found::Right(Text(text)) => Some(text),
        Found::Wrong(kind) => return Err(wrong_kind(name, kind, "a string")),
    };
    Ok(())
}

/// Reads an optional boolean. A null removes it.
fn read_boolean(slot: &mut Option<bool>, found: Found<bool>, name: &str) -> Result<(), String> {
    *slot = match found {
        Found::Null => None,
        Found::Right(value) => Some(value),
        Found::Wrong(kind) => return Err(wrong_kind(name, kind, "true or false")),
    };
    Ok(())
}

/// Reads an optional date. A null removes it.
fn read_time(slot: &mut Option<Wall>, found: Found<Text<'_>>, name: &str) -> Result<(), String> {
    *slot = match found {
        Found::Null => None,
        Found::Right(Text(text)) => Some(read_date(&text, name)?.unwrap_or(ZERO_TIME)),
        Found::Wrong(kind) => return Err(wrong_kind(name, kind, "a string")),
    };
    Ok(())
}

fn read_matchers<'de>(
    slot: &mut Option<MatcherList<'de>>,
    found: Found<MatcherList<'de>>,
    name: &str,
) -> Result<(), String> {
    *slot = match found {
        Found::Null => None,
        Found::Right(mut list) => {
            if let Some((index, fault)) = list.fault.take() {
                return Err(format!("{name}.{index}{fault}"));
            }
            Some(list)
        }
        Found::Wrong(kind) => return Err(wrong_kind(name, kind, "an array of matchers")),
    };
    Ok(())
}

#[cfg(test)]
mod tests;
