//! A cursor over JSON text, for the fast path.
//!
//! Owns white space, the ends of strings and escapes. Each step consumes something or returns `None`, which
//! means only that the full parser has to read the text. Pure; runs on the connections' threads.

/// A text and the position of the next unread byte.
pub struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

/// The text between the quotes of a string, with its escapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written<'a> {
    text: &'a str,
    has_escapes: bool,
}

impl<'a> Cursor<'a> {
    /// A cursor at the start of `text`.
    pub fn new(text: &'a str) -> Self {
        Cursor { text, at: 0 }
    }

    /// Consumes `expected` and the white space before it; `None` if another byte comes next.
    pub fn take(&mut self, expected: u8) -> Option<()> {
        self.takes(expected).then_some(())
    }

    /// Consumes white space, and `expected` if it comes next; returns whether it did.
    pub fn takes(&mut self, expected: u8) -> bool {
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(self.at) {
            if *byte == expected {
                self.at += 1;
                return true;
            }
            if !matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
                return false;
            }
            self.at += 1;
        }
        false
    }

    /// Consumes a string.
    pub fn string(&mut self) -> Option<Written<'a>> {
        self.take(b'"')?;
        let bytes = self.text.as_bytes();
        let start = self.at;
        let mut has_escapes = false;
        let mut end = next_mark(bytes, start)?;
        while bytes[end] == b'\\' {
            has_escapes = true;
            end = next_mark(bytes, end + 2)?;
        }
        if bytes[end] != b'"' {
            return None;
        }
        self.at = end + 1;
        let text = self.text.get(start..end)?;
        Some(Written { text, has_escapes })
    }

    /// Consumes a string without escapes.
    pub fn simple_string(&mut self) -> Option<&'a str> {
        let written = self.string()?;
        (!written.has_escapes).then_some(written.text)
    }
}

impl<'a> Written<'a> {
    /// The value of the string. Escapes are resolved into `room`.
    pub fn read<'b>(&self, room: &'b mut String) -> Option<&'b str>
    where
        'a: 'b,
    {
        if !self.has_escapes {
            return Some(self.text);
        }
        room.clear();
        let mut rest = self.text;
        while let Some((plain, escape)) = rest.split_once('\\') {
            room.push_str(plain);
            let (character, tail) = resolve(escape)?;
            room.push(character);
            rest = tail;
        }
        room.push_str(rest);
        Some(room)
    }
}

/// The character of an escape without its backslash, and the text after the escape.
fn resolve(escape: &str) -> Option<(char, &str)> {
    let (letter, tail) = escape.split_at_checked(1)?;
    let character = match letter {
        "\"" | "\\" | "/" => letter.chars().next()?,
        "b" => '\u{8}',
        "f" => '\u{c}',
        "n" => '\n',
        "r" => '\r',
        "t" => '\t',
        "u" => return resolve_unit(tail),
        _ => return None,
    };
    Some((character, tail))
}

/// The character of four hexadecimal digits, or of the two halves of a surrogate pair.
fn resolve_unit(digits: &str) -> Option<(char, &str)> {
    let (first, tail) = unit(digits)?;
    if let Some(character) = char::from_u32(u32::from(first)) {
        return Some((character, tail));
    }
    let (second, tail) = unit(tail.strip_prefix("\\u")?)?;
    let character = char::decode_utf16([first, second]).next()?.ok()?;
    Some((character, tail))
}

fn unit(text: &str) -> Option<(u16, &str)> {
    let (digits, tail) = text.split_at_checked(4)?;
    // `from_str_radix` alone would accept a sign.
    let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let value = u16::from_str_radix(digits, 16).ok().filter(|_| is_hex)?;
    Some((value, tail))
}

/// The position of the first mark at or after `from`: a quote, a backslash or a control character. Checks
/// eight bytes at a time, because most bytes of a body are plain text.
fn next_mark(text: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    let mut rest = text.get(from..)?;
    while let Some((word, tail)) = rest.split_first_chunk() {
        let marks = marks_in(u64::from_le_bytes(*word));
        if marks != 0 {
            return Some(at + (marks.trailing_zeros() / 8) as usize);
        }
        at += 8;
        rest = tail;
    }
    let is_mark = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..b' ');
    rest.iter().position(is_mark).map(|found| at + found)
}

/// A word with the highest bit set in each byte that is a mark. Because of borrows, bytes above a mark may be
/// set as well; the lowest set bit is right.
fn marks_in(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 0xff;
    const HIGHEST: u64 = ONES << 7;
    let below = |word: u64, limit: u8| word.wrapping_sub(ONES * u64::from(limit)) & !word;
    let is = |byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
    (is(b'"') | is(b'\\') | below(word, b' ')) & HIGHEST
}

#[cfg(test)]
mod tests;
