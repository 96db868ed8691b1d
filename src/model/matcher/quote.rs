//! Quoted text, written and read as in Go.
//!
//! Owns `strconv.Quote`, its inverse for the UTF-8 parser, and the set of characters that an unquoted name or
//! value cannot contain (§2.2). Never interprets a text. Pure; runs on the calling thread.

/// `text` as Go's `strconv.Quote` writes it: printable characters stay, all others are escaped.
///
/// Go decides by its own tables which characters are printable. Rust's standard library has tables with the
/// same rule, so the two differ only for characters that were assigned between their versions of Unicode.
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

/// The text of a Go string literal in double quotes; `None` if it is not such a literal, or its text is not
/// valid UTF-8.
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

/// Whether this character ends an unquoted name or value: Unicode's white space and the characters of the
/// matcher syntax.
pub(super) fn is_reserved(c: char) -> bool {
    c.is_whitespace() || "{}!=~,\\\"'`".contains(c)
}

/// Decodes the escape that begins with `kind`, and takes its further characters from `rest`.
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

/// Whether Go considers this printable: letters, marks, numbers, punctuation, symbols and the ASCII space.
fn is_printable(c: char) -> bool {
    if c.is_ascii() {
        return c == ' ' || c.is_ascii_graphic();
    }
    // Rust's library escapes a combining mark at the start of a text, so the character is tested after
    // a letter.
    let mut buffer = [b'a'; 5];
    let length = c.encode_utf8(&mut buffer[1..]).len();
    let pair = std::str::from_utf8(&buffer[..=length]).expect("a letter and a whole character");
    pair.escape_debug().nth(1) == Some(c)
}

#[cfg(test)]
mod tests;
