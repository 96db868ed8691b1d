//! A place in JSON text, and reading on from there as long as nothing is out of the ordinary.
//!
//! Owns white space, the ends of strings and escapes. Each step takes something off the front or
//! yields `None`, which only says that somebody more thorough has to look. Pure; runs on the
//! connections' threads.

/// What is left to read of a text.
pub struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

/// What stands between the quotes of a string, as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written<'a> {
    text: &'a str,
    has_escapes: bool,
}

impl<'a> Cursor<'a> {
    /// At the start of `text`.
    pub fn new(text: &'a str) -> Self {
        Cursor { text, at: 0 }
    }

    /// Takes `expected`, and white space in front of it.
    pub fn take(&mut self, expected: u8) -> Option<()> {
        self.takes(expected).then_some(())
    }

    /// Takes `expected` if that comes next but for white space; whether it did.
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

    /// Takes a string.
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

    /// Takes a string without escapes.
    pub fn simple_string(&mut self) -> Option<&'a str> {
        let written = self.string()?;
        (!written.has_escapes).then_some(written.text)
    }
}

impl<'a> Written<'a> {
    /// What it says. Escapes are resolved into `room`.
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

/// What the escape means whose backslash was taken off, and what follows it.
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
    // Rust would take a sign as well.
    let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let value = u16::from_str_radix(digits, 16).ok().filter(|_| is_hex)?;
    Some((value, tail))
}

/// Where the first byte at or behind `from` stands that a string does not simply hold: its end, a
/// backslash or a control character. Looks at eight bytes at a time, as most bytes of a body are
/// text.
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

/// The highest bit of each byte that is a mark. Bytes above one may be told to be marks as well,
/// because of borrows; the lowest is right.
fn marks_in(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 0xff;
    const HIGHEST: u64 = ONES << 7;
    let below = |word: u64, limit: u8| word.wrapping_sub(ONES * u64::from(limit)) & !word;
    let is = |byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
    (is(b'"') | is(b'\\') | below(word, b' ')) & HIGHEST
}

#[cfg(test)]
mod tests;
