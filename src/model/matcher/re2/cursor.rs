//! The position of the translator in a pattern, and the errors about it.
//!
//! Owns the wording of Go's errors about regular expressions. Pure; runs on the calling
//! thread.

use std::fmt;

use crate::limits;

/// The number of characters of a too large pattern that its error shows.
const EXCERPT: usize = 100;

/// Why RE2 refuses a pattern, with the invalid part; displays as Go's error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Fault {
    pub(super) reason: Reason,
    pub(super) excerpt: String,
}

/// The kinds of errors that Go distinguishes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    BadCapture,
    BadEscape,
    BadFlags,
    BadRange,
    BadRepeatCount,
    MissingArgument,
    MissingBracket,
    MissingParenthesis,
    RepeatedRepeat,
    TooDeep,
    TooLarge,
    TrailingBackslash,
    UnexpectedParenthesis,
}

impl Fault {
    /// An error about the whole pattern. If the pattern exceeds a limit, the error shows only its beginning.
    pub(super) fn of(reason: Reason, pattern: &str) -> Self {
        let whole = || pattern.to_owned();
        let cut = match reason {
            Reason::TooDeep | Reason::TooLarge => pattern.char_indices().nth(EXCERPT),
            _ => None,
        };
        Fault {
            reason,
            excerpt: cut.map_or_else(whole, |(end, _)| format!("{}...", &pattern[..end])),
        }
    }

    /// Whether the pattern exceeds a limit of alertwheel, and is not invalid.
    pub(in crate::model::matcher) fn is_of_size(&self) -> bool {
        self.reason == Reason::TooLarge
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = match self.reason {
            Reason::BadCapture => "invalid named capture",
            Reason::BadEscape => "invalid escape sequence",
            Reason::BadFlags => "invalid or unsupported Perl syntax",
            Reason::BadRange => "invalid character class range",
            Reason::BadRepeatCount => "invalid repeat count",
            Reason::MissingArgument => "missing argument to repetition operator",
            Reason::MissingBracket => "missing closing ]",
            Reason::MissingParenthesis => "missing closing )",
            Reason::RepeatedRepeat => "invalid nested repetition operator",
            Reason::TooDeep => "expression nests too deeply",
            Reason::TooLarge => "expression too large",
            Reason::TrailingBackslash => "trailing backslash at end of expression",
            Reason::UnexpectedParenthesis => "unexpected )",
        };
        write!(out, "error parsing regexp: {reason}: `{}`", self.excerpt)?;
        if self.is_of_size() {
            let (text, compiled) = (limits::REGEX_TEXT_BYTES, limits::REGEX_BYTES);
            write!(
                out,
                " (limit: {text} bytes, {compiled} bytes once compiled; of a list of names only the second)"
            )?;
        }
        Ok(())
    }
}

/// A position in the pattern. A copy saves a position, for excerpts and for backtracking.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'a> {
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    /// A cursor at the start of `pattern`.
    pub(super) fn new(pattern: &'a str) -> Self {
        Cursor { rest: pattern }
    }

    /// The unread part.
    pub(super) fn rest(&self) -> &'a str {
        self.rest
    }

    /// The next character, without taking it.
    pub(super) fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    /// Takes the next character.
    pub(super) fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(c)
    }

    /// Takes `prefix` if it comes next.
    pub(super) fn eat(&mut self, prefix: &str) -> bool {
        match self.rest.strip_prefix(prefix) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Takes the text before `end`, and `end`; if there is no `end`, returns `None` and takes nothing.
    pub(super) fn take_until(&mut self, end: &str) -> Option<&'a str> {
        let (taken, rest) = self.rest.split_once(end)?;
        self.rest = rest;
        Some(taken)
    }

    /// The text read since `start`, an earlier copy.
    pub(super) fn since(&self, start: Cursor<'a>) -> &'a str {
        &start.rest[..start.rest.len() - self.rest.len()]
    }

    /// An error about the text read since `start`.
    pub(super) fn fault_since(&self, start: Cursor<'a>, reason: Reason) -> Fault {
        Fault {
            reason,
            excerpt: self.since(start).to_owned(),
        }
    }

    /// An error about the unread part.
    pub(super) fn fault_in_rest(&self, reason: Reason) -> Fault {
        Fault {
            reason,
            excerpt: self.rest.to_owned(),
        }
    }
}
