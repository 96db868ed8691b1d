//! What is wrong with JSON text, in the words of Go's decoder; and text that Go forgives.
//!
//! Owns the diagnosis alone: it runs on bodies that serde_json has already refused, so it may be
//! slow, but never deep: nesting is kept on the heap and bounded. Pure; runs on the connections' threads.

use crate::model::go_quote;

/// How deep Go follows arrays and objects.
const DEPTH_LIMIT: usize = 10_000;

/// The fault of the first JSON value in `text`, or `None` if its syntax is sound. Text that is
/// not Unicode is sound: Go replaces what it cannot read.
pub fn find_fault(text: &[u8]) -> Option<String> {
    let mut scanner = Scanner { rest: text };
    scanner.value().err().map(|fault| match fault {
        Fault::End => "unexpected EOF".to_owned(),
        Fault::Said(said) => said,
    })
}

/// The text with everything that is not Unicode replaced as Go does it: broken bytes and halves
/// of surrogate pairs each become U+FFFD.
pub fn repair(text: &[u8]) -> Vec<u8> {
    let mut repaired = with_broken_bytes_replaced(text);
    let mut at = 0;
    while at < repaired.len() {
        if repaired[at] != b'\\' {
            at += 1;
            continue;
        }
        match (
            surrogate(&repaired[at..]),
            surrogate(repaired.get(at + 6..).unwrap_or(&[])),
        ) {
            (Some(Half::High), Some(Half::Low)) => at += 12,
            (Some(_), _) => {
                repaired[at + 2..at + 6].copy_from_slice(b"fffd");
                at += 6;
            }
            (None, _) => at += 2,
        }
    }
    repaired
}

/// Each byte that is part of no character becomes one U+FFFD.
fn with_broken_bytes_replaced(text: &[u8]) -> Vec<u8> {
    let mut replaced = Vec::with_capacity(text.len());
    for chunk in text.utf8_chunks() {
        replaced.extend_from_slice(chunk.valid().as_bytes());
        for _ in chunk.invalid() {
            replaced.extend_from_slice("\u{fffd}".as_bytes());
        }
    }
    replaced
}

enum Half {
    High,
    Low,
}

/// Which half of a surrogate pair the escape at the start of `text` is, if it is one.
fn surrogate(text: &[u8]) -> Option<Half> {
    let digits = text.strip_prefix(b"\\u")?.get(..4)?;
    match digits.to_ascii_lowercase().as_slice() {
        [b'd', b'8' | b'9' | b'a' | b'b', ..] => Some(Half::High),
        [b'd', b'c'..=b'f', ..] => Some(Half::Low),
        _ => None,
    }
}

enum Fault {
    /// The text ends too soon.
    End,
    /// This.
    Said(String),
}

/// What the value in hand is part of.
#[derive(Clone, Copy)]
enum Inside {
    Array,
    Object,
}

struct Scanner<'a> {
    rest: &'a [u8],
}

impl Scanner<'_> {
    /// Passes one whole value.
    fn value(&mut self) -> Result<(), Fault> {
        let mut open: Vec<Inside> = Vec::new();
        loop {
            if let Some(opened) = self.start_of_value()? {
                if open.len() == DEPTH_LIMIT {
                    return Err(Fault::Said("exceeded max depth".to_owned()));
                }
                open.push(opened);
                if !self.close_at_once(opened)? {
                    continue;
                }
                open.pop();
            }
            if self.end_of_value(&mut open)? {
                return Ok(());
            }
        }
    }

    /// Passes a scalar, or opens an array or object.
    fn start_of_value(&mut self) -> Result<Option<Inside>, Fault> {
        match self.peek()? {
            b'[' => {
                self.rest = &self.rest[1..];
                return Ok(Some(Inside::Array));
            }
            b'{' => {
                self.rest = &self.rest[1..];
                return Ok(Some(Inside::Object));
            }
            b'"' => self.string()?,
            b'-' | b'0'..=b'9' => self.number()?,
            b'n' => self.literal("null")?,
            b't' => self.literal("true")?,
            b'f' => self.literal("false")?,
            _ => return Err(self.unexpected("looking for beginning of value")),
        }
        Ok(None)
    }

    /// Passes the end of an empty array or object, or the first key of an object.
    fn close_at_once(&mut self, opened: Inside) -> Result<bool, Fault> {
        match (opened, self.peek()?) {
            (Inside::Array, b']') | (Inside::Object, b'}') => {
                self.rest = &self.rest[1..];
                Ok(true)
            }
            (Inside::Array, _) => Ok(false),
            (Inside::Object, _) => self.key().map(|()| false),
        }
    }

    /// Closes what ends behind a value; whether that was everything.
    fn end_of_value(&mut self, open: &mut Vec<Inside>) -> Result<bool, Fault> {
        while let Some(inside) = open.last() {
            match (inside, self.peek()?) {
                (Inside::Array, b']') | (Inside::Object, b'}') => {
                    self.rest = &self.rest[1..];
                    open.pop();
                }
                (Inside::Array, b',') => {
                    self.rest = &self.rest[1..];
                    return Ok(false);
                }
                (Inside::Object, b',') => {
                    self.rest = &self.rest[1..];
                    return self.key().map(|()| false);
                }
                (Inside::Array, _) => return Err(self.unexpected("after array element")),
                (Inside::Object, _) => {
                    return Err(self.unexpected("after object key:value pair"));
                }
            }
        }
        Ok(true)
    }

    fn key(&mut self) -> Result<(), Fault> {
        if self.peek()? != b'"' {
            return Err(self.unexpected("looking for beginning of object key string"));
        }
        self.string()?;
        if self.peek()? != b':' {
            return Err(self.unexpected("after object key"));
        }
        self.rest = &self.rest[1..];
        Ok(())
    }

    fn string(&mut self) -> Result<(), Fault> {
        self.rest = &self.rest[1..];
        loop {
            match self.rest {
                [] => return Err(Fault::End),
                [b'"', tail @ ..] => {
                    self.rest = tail;
                    return Ok(());
                }
                [b'\\', ..] => self.escape()?,
                [0..0x20, ..] => return Err(self.unexpected("in string")),
                [_, tail @ ..] => self.rest = tail,
            }
        }
    }

    fn escape(&mut self) -> Result<(), Fault> {
        let length = match self.rest {
            [_] => return Err(Fault::End),
            [_, b'u', digits @ ..] => {
                let digits = &digits[..digits.len().min(4)];
                if !digits.iter().all(u8::is_ascii_hexdigit) {
                    return Err(bad_escape(&self.rest[..2 + digits.len()]));
                }
                if digits.len() < 4 {
                    return Err(Fault::End);
                }
                6
            }
            [_, byte, ..] if b"\"\\/bfnrt".contains(byte) => 2,
            _ => return Err(bad_escape(&self.rest[..2])),
        };
        self.rest = &self.rest[length..];
        Ok(())
    }

    fn number(&mut self) -> Result<(), Fault> {
        self.skip_one_of(b"-");
        if !self.skip_one_of(b"0") {
            self.digits()?;
        }
        if self.skip_one_of(b".") {
            self.digits()?;
        }
        if self.skip_one_of(b"eE") {
            self.skip_one_of(b"+-");
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), Fault> {
        match self.rest {
            [] => return Err(Fault::End),
            [byte, ..] if byte.is_ascii_digit() => {}
            _ => return Err(self.unexpected("in numeric literal")),
        }
        while self.skip_one_of(b"0123456789") {}
        Ok(())
    }

    fn literal(&mut self, word: &str) -> Result<(), Fault> {
        for expected in word.chars() {
            match self.rest {
                [] => return Err(Fault::End),
                [byte, tail @ ..] if char::from(*byte) == expected => self.rest = tail,
                _ => {
                    let place = format!("in literal {word} (expecting '{expected}')");
                    return Err(self.unexpected(&place));
                }
            }
        }
        Ok(())
    }

    fn skip_one_of(&mut self, bytes: &[u8]) -> bool {
        match self.rest {
            [byte, tail @ ..] if bytes.contains(byte) => {
                self.rest = tail;
                true
            }
            _ => false,
        }
    }

    /// The next byte that is no white space.
    fn peek(&mut self) -> Result<u8, Fault> {
        while self.skip_one_of(b" \t\r\n") {}
        self.rest.first().copied().ok_or(Fault::End)
    }

    fn unexpected(&self, place: &str) -> Fault {
        Fault::Said(format!(
            "invalid character {} {place}",
            quote_first_character(self.rest)
        ))
    }
}

fn bad_escape(escape: &[u8]) -> Fault {
    let quoted = match std::str::from_utf8(escape) {
        Ok(text) if text.chars().all(|c| c != '`' && !c.is_control()) => format!("`{text}`"),
        _ => quote_bytes(escape),
    };
    Fault::Said(format!("invalid escape sequence {quoted} in string"))
}

/// The first character in single quotes.
fn quote_first_character(text: &[u8]) -> String {
    let first = text.utf8_chunks().next();
    let quoted = match first.and_then(|chunk| chunk.valid().chars().next()) {
        Some('\'') => return r"'\''".to_owned(),
        Some('"') => return "'\"'".to_owned(),
        Some(character) => go_quote(&character.to_string()),
        None => quote_bytes(&text[..text.len().min(1)]),
    };
    format!("'{}'", quoted.trim_matches('"'))
}

/// Go's quoting of bytes that need not be UTF-8.
fn quote_bytes(bytes: &[u8]) -> String {
    let mut quoted = String::from("\"");
    for chunk in bytes.utf8_chunks() {
        let text = go_quote(chunk.valid());
        quoted.push_str(&text[1..text.len() - 1]);
        for byte in chunk.invalid() {
            quoted.push_str(&format!("\\x{byte:02x}"));
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests;
