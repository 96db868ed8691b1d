//! The classic parser: `foo="bar"`, names in ASCII only.
//!
//! Owns the older of the two syntaxes, with everything that it tolerates (§2.2): unquoted values with spaces
//! and operators in them, and backslashes that escape nothing. Never warns. Pure; runs on the calling thread.

use super::{MatchOp, Matcher, MatcherError};

/// Operators in the order in which they are tried.
const OPERATORS: [(&str, MatchOp); 4] = [
    ("=~", MatchOp::Regex),
    ("=", MatchOp::Equal),
    ("!=", MatchOp::NotEqual),
    ("!~", MatchOp::NotRegex),
];

/// Reads a list; each of the braces around it is optional.
pub(super) fn parse_matchers(input: &str) -> Result<Vec<Matcher>, MatcherError> {
    let list = input.strip_prefix('{').unwrap_or(input);
    let list = list.strip_suffix('}').unwrap_or(list);
    let mut tokens = split_at_commas(list);
    let last = tokens.pop().unwrap_or_default().trim();
    if !last.is_empty() {
        tokens.push(last);
    }
    tokens.into_iter().map(parse_matcher).collect()
}

/// Reads one matcher.
pub(super) fn parse_matcher(input: &str) -> Result<Matcher, MatcherError> {
    let (name, op, raw) = split_matcher(input)
        .ok_or_else(|| MatcherError::new(format!("bad matcher format: {input}")))?;
    let value = unescape(raw).ok_or_else(|| {
        MatcherError::new(format!(
            "matcher value contains unescaped double quote: {raw}"
        ))
    })?;
    Matcher::new(op, name, value)
}

/// Splits at commas outside of quotes; returns at least one piece.
fn split_at_commas(list: &str) -> Vec<&str> {
    let (mut tokens, mut start) = (Vec::new(), 0);
    let (mut quoted, mut escaped) = (false, false);
    for (position, c) in list.char_indices() {
        match c {
            ',' if !quoted => {
                tokens.push(&list[start..position]);
                start = position + 1;
            }
            // In Alertmanager a backslash has an effect across commas: the next quote is still escaped.
            ',' => {}
            '"' if escaped => escaped = false,
            '"' => quoted = !quoted,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    tokens.push(&list[start..]);
    tokens
}

/// The name, operator and raw value, without surrounding spaces.
fn split_matcher(input: &str) -> Option<(&str, MatchOp, &str)> {
    let text = input.trim_matches(is_space);
    let name_length = text
        .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':'))
        .unwrap_or(text.len());
    let (name, rest) = text.split_at(name_length);
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let rest = rest.trim_start_matches(is_space);
    OPERATORS.iter().find_map(|(sign, op)| {
        let raw = rest.strip_prefix(sign)?;
        Some((name, *op, raw.trim_start_matches(is_space)))
    })
}

/// RE2's `\s`, which is a subset of Unicode's white space.
fn is_space(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\x0c' | '\r' | ' ')
}

/// The value that `raw` denotes; `None` if a quote is missing or not escaped.
fn unescape(raw: &str) -> Option<String> {
    let (body, mut awaits_quote) = match raw.strip_prefix('"') {
        Some(body) => (body, true),
        None => (raw, false),
    };
    let mut value = String::with_capacity(body.len());
    let mut rest = body.chars();
    while let Some(c) = rest.next() {
        match c {
            '\\' => match rest.next() {
                Some('n') => value.push('\n'),
                Some(escaped @ ('"' | '\\')) => value.push(escaped),
                Some(other) => value.extend(['\\', other]),
                None => value.push('\\'),
            },
            '"' if awaits_quote && rest.as_str().is_empty() => awaits_quote = false,
            '"' => return None,
            c => value.push(c),
        }
    }
    (!awaits_quote).then_some(value)
}

#[cfg(test)]
mod tests;
