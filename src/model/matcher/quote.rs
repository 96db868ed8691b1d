//! Text in double quotes, as Go writes and reads it.
//!
//! Owns `strconv.Quote`, its inverse for the UTF-8 parser, and the set of characters that a bare
//! name or value cannot hold (§2.2). Never decides what a text means. Pure; runs on the
//! calling thread.

/// `text` as Go's `strconv.Quote` writes it: what Go deems printable stays, all else is escaped.
///
/// Go asks its own tables which characters print. The standard library's tables follow the same
/// rule, so the two differ only where they know different versions of Unicode: on characters that
/// were assigned between them.
pub fn go_quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\x07' => quoted.push_str("\\a"),
            '\x08' => quoted.push_str("\\b"),
            '\x0c' => quoted.push_str("\\f"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\x0b' => quoted.push_str("\\v"),
            c if is_printable(c) => quoted.push(c),
            c => quoted.push_str(&match u32::from(c) {
                code @ ..0x80 => format!("\\x{code:02x}"),
                code @ 0x80..0x1_0000 => format!("\\u{code:04x}"),
                code => format!("\\U{code:08x}"),
            }),
        }
    }
    quoted.push('"');
    quoted
}

/// The text that a Go string literal in double quotes stands for; `None` if it is no such literal
/// or does not stand for valid UTF-8.
pub(super) fn unquote(literal: &str) -> Option<String> {
    let mut rest = literal.strip_prefix('"')?.strip_suffix('"')?.chars();
    let mut bytes = Vec::with_capacity(literal.len());
    while let Some(c) = rest.next() {
        match c {
            '\\' => unescape(rest.next()?, &mut rest, &mut bytes)?,
            '"' | '\n' => return None,
            c => push_char(&mut bytes, c),
        }
    }
    String::from_utf8(bytes).ok()
}

/// Whether a bare name or value ends before this character: Unicode's white space and the signs
/// that have a meaning in matchers.
pub(super) fn is_reserved(c: char) -> bool {
    c.is_whitespace() || "{}!=~,\\\"'`".contains(c)
}

/// Takes what belongs to the escape that `kind` begins from `rest`.
fn unescape(kind: char, rest: &mut std::str::Chars<'_>, bytes: &mut Vec<u8>) -> Option<()> {
    match kind {
        'a' => bytes.push(0x07),
        'b' => bytes.push(0x08),
        'f' => bytes.push(0x0c),
        'n' => bytes.push(b'\n'),
        'r' => bytes.push(b'\r'),
        't' => bytes.push(b'\t'),
        'v' => bytes.push(0x0b),
        '\\' | '"' => push_char(bytes, kind),
        'x' => bytes.push(u8::try_from(number(rest, 2, 16)?).ok()?),
        'u' => push_char(bytes, char::from_u32(number(rest, 4, 16)?)?),
        'U' => push_char(bytes, char::from_u32(number(rest, 8, 16)?)?),
        '0'..='7' => {
            let upper = kind.to_digit(8)? * 64;
            bytes.push(u8::try_from(upper + number(rest, 2, 8)?).ok()?);
        }
        _ => return None,
    }
    Some(())
}

fn number(rest: &mut std::str::Chars<'_>, digits: usize, radix: u32) -> Option<u32> {
    (0..digits).try_fold(0_u32, |number, _| {
        let digit = rest.next()?.to_digit(radix)?;
        number.checked_mul(radix)?.checked_add(digit)
    })
}

fn push_char(bytes: &mut Vec<u8>, c: char) {
    bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}

/// Letters, marks, numbers, punctuation, symbols and the ASCII space.
fn is_printable(c: char) -> bool {
    if c.is_ascii() {
        return c == ' ' || c.is_ascii_graphic();
    }
    // The library escapes a combining mark at the head of a text, so the question is asked behind
    // a letter.
    let mut buffer = [b'a'; 5];
    let length = c.encode_utf8(&mut buffer[1..]).len();
    let pair = std::str::from_utf8(&buffer[..=length]).expect("a letter and a whole character");
    pair.escape_debug().nth(1) == Some(c)
}

#[cfg(test)]
mod tests;
