//! Character classes: `[a-z]`, `\d`, `[[:alpha:]]`, `\p{Greek}`.
//!
//! Owns their meaning in RE2. The digits, spaces and letters of Perl and POSIX classes are ASCII, so these
//! classes are spelled as ranges. Nested classes fold case before they are negated, in the `regex` crate as
//! in RE2. Pure; runs on the calling thread.

use regex::Regex;

use crate::limits;

use super::cursor::{Cursor, Fault, Reason};
use super::escape::{Code, NOTHING, push_literal, take_escape};

/// The least cost of a Unicode class, in bytes of the program: reading the class takes as long as compiling
/// that many bytes, and many such classes in brackets can result in a small program.
const UNICODE_CLASS_WORK: usize = 16 * 1024;

/// The number of characters of a case-folded range that cost one byte, since each is folded separately.
const FOLDED_PER_BYTE: usize = 2;

/// The POSIX names with their ranges.
const POSIX: [(&str, &str); 14] = [
    ("alnum", "0-9A-Za-z"),
    ("alpha", "A-Za-z"),
    ("ascii", r"\x00-\x7F"),
    ("blank", r"\t\x20"),
    ("cntrl", r"\x00-\x1F\x7F"),
    ("digit", "0-9"),
    ("graph", r"\x21-\x7E"),
    ("lower", "a-z"),
    ("print", r"\x20-\x7E"),
    ("punct", r"\x21-\x2F\x3A-\x40\x5B-\x60\x7B-\x7E"),
    ("space", r"\t\n\x0B\x0C\r\x20"),
    ("upper", "A-Z"),
    ("word", "0-9A-Za-z_"),
    ("xdigit", "0-9A-Fa-f"),
];

/// The short names of Unicode's general categories, and the three sets that RE2 adds.
const CATEGORIES: [&str; 41] = [
    "c", "cc", "cf", "cn", "co", "cs", "l", "lc", "ll", "lm", "lo", "lt", "lu", "m", "mc", "me",
    "mn", "n", "nd", "nl", "no", "p", "pc", "pd", "pe", "pf", "pi", "po", "ps", "s", "sc", "sk",
    "sm", "so", "z", "zl", "zp", "zs", "any", "ascii", "assigned",
];

/// Reads classes, and caches the Unicode names that it has looked up.
#[derive(Debug, Default)]
pub(super) struct ClassReader {
    known_names: Vec<String>,
    work: usize,
    /// Whether the current class matches both cases of its letters.
    pub(super) folds_case: bool,
}

impl ClassReader {
    /// The cost of reading the classes so far, in bytes of a program that takes as long to compile.
    pub(super) fn work(&self) -> usize {
        self.work
    }

    /// Takes a class from its opening bracket to its closing one.
    pub(super) fn take_bracketed(
        &mut self,
        cursor: &mut Cursor<'_>,
        out: &mut String,
    ) -> Result<(), Fault> {
        let whole = *cursor;
        cursor.next();
        out.push('[');
        if cursor.eat("^") {
            out.push('^');
        }
        // A closing bracket that comes first is a member.
        let mut is_first = true;
        while is_first || cursor.peek() != Some(']') {
            is_first = false;
            let is_named = take_posix(cursor, out)? || self.take_escaped(cursor, out)?;
            if !is_named {
                let width = take_range(cursor, whole, out)?;
                if self.folds_case {
                    self.work += width / FOLDED_PER_BYTE;
                }
            }
        }
        cursor.next();
        out.push(']');
        Ok(())
    }

    /// Takes a class that is written as an escape, such as `\d` or `\pL`, if there is one here.
    pub(super) fn take_escaped(
        &mut self,
        cursor: &mut Cursor<'_>,
        out: &mut String,
    ) -> Result<bool, Fault> {
        let start = *cursor;
        if !cursor.eat("\\") {
            return Ok(false);
        }
        let ranges = match cursor.next() {
            Some('d') => "[0-9]",
            Some('D') => "[^0-9]",
            Some('s') => r"[\t\n\x0C\r\x20]",
            Some('S') => r"[^\t\n\x0C\r\x20]",
            Some('w') => "[0-9A-Za-z_]",
            Some('W') => "[^0-9A-Za-z_]",
            Some(kind @ ('p' | 'P')) => {
                return self.take_unicode(cursor, start, kind, out).map(|()| true);
            }
            _ => {
                *cursor = start;
                return Ok(false);
            }
        };
        out.push_str(ranges);
        Ok(true)
    }

    /// Takes the name after `\p` or `\P`.
    fn take_unicode<'a>(
        &mut self,
        cursor: &mut Cursor<'a>,
        start: Cursor<'a>,
        kind: char,
        out: &mut String,
    ) -> Result<(), Fault> {
        let name_start = *cursor;
        let name = if cursor.eat("{") {
            match cursor.take_until("}") {
                Some(name) => name,
                None => return Err(start.fault_in_rest(Reason::BadRange)),
            }
        } else {
            cursor.next();
            cursor.since(name_start)
        };
        let (name, inverted) = match name.strip_prefix('^') {
            Some(name) => (name, true),
            None => (name, false),
        };
        let property = self
            .property_of(name)
            .ok_or_else(|| cursor.fault_since(start, Reason::BadRange))?;
        self.work += UNICODE_CLASS_WORK;
        if self.work > limits::REGEX_BYTES {
            return Err(cursor.fault_since(start, Reason::TooLarge));
        }
        let sign = if (kind == 'P') != inverted { 'P' } else { 'p' };
        out.push_str(&format!("\\{sign}{{{property}}}"));
        Ok(())
    }

    /// The `regex` crate's name of a category or a script; `None` if RE2 has none of this name. The crate
    /// supports further properties, such as Alphabetic, which RE2 does not.
    fn property_of(&mut self, name: &str) -> Option<String> {
        let plain: String = name
            .chars()
            .filter(|c| !matches!(c, '_' | '-' | ' '))
            .map(|c| c.to_ascii_lowercase())
            .collect();
        if plain.is_empty() || !plain.bytes().all(|byte| byte.is_ascii_alphabetic()) {
            return None;
        }
        if CATEGORIES.contains(&plain.as_str()) {
            return Some(plain);
        }
        [format!("gc={plain}"), format!("sc={plain}")]
            .into_iter()
            .find(|property| self.is_known(property))
    }

    fn is_known(&mut self, property: &str) -> bool {
        if self.known_names.iter().any(|known| known == property) {
            return true;
        }
        let is_known = Regex::new(&format!("\\p{{{property}}}")).is_ok();
        if is_known {
            self.known_names.push(property.to_owned());
        }
        is_known
    }
}

/// Takes a class such as `[:alpha:]` or `[:^alpha:]`, if there is one here.
fn take_posix(cursor: &mut Cursor<'_>, out: &mut String) -> Result<bool, Fault> {
    let start = *cursor;
    if !cursor.eat("[:") {
        return Ok(false);
    }
    let Some(name) = cursor.take_until(":]") else {
        *cursor = start;
        return Ok(false);
    };
    let (name, sign) = match name.strip_prefix('^') {
        Some(name) => (name, "^"),
        None => (name, ""),
    };
    let (_, ranges) = POSIX
        .iter()
        .find(|(known, _)| *known == name)
        .ok_or_else(|| cursor.fault_since(start, Reason::BadRange))?;
    out.push_str(&format!("[{sign}{ranges}]"));
    Ok(true)
}

/// Takes one character, or two with a dash between them; returns the number of characters that these
/// denote. `whole` is the start of the class.
fn take_range<'a>(
    cursor: &mut Cursor<'a>,
    whole: Cursor<'a>,
    out: &mut String,
) -> Result<usize, Fault> {
    let start = *cursor;
    let low = take_member(cursor, whole)?;
    // A dash before the closing bracket is a member.
    let is_range = cursor
        .rest()
        .strip_prefix('-')
        .is_some_and(|after| !after.is_empty() && !after.starts_with(']'));
    if !is_range {
        push_range(out, low, low);
        return Ok(1);
    }
    cursor.next();
    let high = take_member(cursor, whole)?;
    if high < low {
        return Err(cursor.fault_since(start, Reason::BadRange));
    }
    push_range(out, low, high);
    Ok((high - low) as usize + 1)
}

fn take_member<'a>(cursor: &mut Cursor<'a>, whole: Cursor<'a>) -> Result<Code, Fault> {
    match cursor.peek() {
        None => Err(whole.fault_in_rest(Reason::MissingBracket)),
        Some('\\') => take_escape(cursor),
        Some(c) => {
            cursor.next();
            Ok(c.into())
        }
    }
}

/// Writes a range without the surrogates, which no text contains.
fn push_range(out: &mut String, low: Code, high: Code) {
    const SURROGATES: std::ops::RangeInclusive<Code> = 0xd800..=0xdfff;
    let low = if SURROGATES.contains(&low) {
        0xe000
    } else {
        low
    };
    let high = if SURROGATES.contains(&high) {
        0xd7ff
    } else {
        high
    };
    if low > high {
        out.push_str(NOTHING);
        return;
    }
    push_literal(out, low);
    out.push('-');
    push_literal(out, high);
}
