//! Escapes that denote one character.
//!
//! Owns the set of escapes that RE2 knows, and the spelling of any character as a literal for the `regex`
//! crate. Pure; runs on the calling thread.

use super::cursor::{Cursor, Fault, Reason};

/// A code point in RE2, which may be a surrogate. No text contains surrogates.
pub(super) type Code = u32;

/// A class without any character.
pub(super) const NOTHING: &str = r"[^\x{0}-\x{10FFFF}]";

/// Takes a backslash and the escaped part.
pub(super) fn take_escape(cursor: &mut Cursor<'_>) -> Result<Code, Fault> {
    let start = *cursor;
    cursor.next();
    let Some(kind) = cursor.next() else {
        return Err(Fault {
            reason: Reason::TrailingBackslash,
            excerpt: String::new(),
        });
    };
    let code = match kind {
        '0' => take_octal(cursor, 0),
        '1'..='7' if cursor.peek().is_some_and(|next| next.is_digit(8)) => {
            take_octal(cursor, Code::from(kind) - Code::from('0'))
        }
        'x' => take_hexadecimal(cursor),
        'a' => Some(0x07),
        'f' => Some(0x0c),
        'n' => Some(0x0a),
        'r' => Some(0x0d),
        't' => Some(0x09),
        'v' => Some(0x0b),
        c if c.is_ascii() && !c.is_ascii_alphanumeric() => Some(c.into()),
        _ => None,
    };
    code.ok_or_else(|| cursor.fault_since(start, Reason::BadEscape))
}

/// Writes one character so that it is never taken for syntax, inside or outside of a class.
pub(super) fn push_literal(out: &mut String, code: Code) {
    match char::from_u32(code) {
        Some(c) if c.is_ascii_alphanumeric() || !c.is_ascii() => out.push(c),
        Some(_) => out.push_str(&format!("\\x{{{code:x}}}")),
        None => out.push_str(NOTHING),
    }
}

/// Takes up to two more octal digits after the first.
fn take_octal(cursor: &mut Cursor<'_>, first: Code) -> Option<Code> {
    let mut code = first;
    for _ in 0..2 {
        let Some(digit) = cursor.peek().and_then(|c| c.to_digit(8)) else {
            break;
        };
        code = code * 8 + digit;
        cursor.next();
    }
    Some(code)
}

/// Takes two hexadecimal digits, or any number of them in braces. On failure it has read exactly as far as
/// Go does, so that the error shows the same excerpt.
fn take_hexadecimal(cursor: &mut Cursor<'_>) -> Option<Code> {
    if cursor.eat("{") {
        let mut code = None;
        loop {
            match cursor.next()? {
                '}' => return code,
                c => {
                    let longer = code.unwrap_or(0) * 16 + c.to_digit(16)?;
                    code = Some(longer).filter(|code| *code <= Code::from(char::MAX));
                    code?;
                }
            }
        }
    }
    let (upper, lower) = (cursor.next()?, cursor.next()?);
    Some(upper.to_digit(16)? * 16 + lower.to_digit(16)?)
}
