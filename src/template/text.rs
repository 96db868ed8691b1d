//! PURE. Case conversion and escapes of texts, as in Go.
//!
//! Owns case conversion, and the escapes of JavaScript and URLs. Called on send threads and on the thread
//! that loads the configuration.

use crate::model::go_quote;

/// Every letter in upper case, one by one: a letter with an upper case of two letters stays.
pub fn to_upper(text: &str) -> String {
    text.chars()
        .map(|letter| single(letter, letter.to_uppercase()))
        .collect()
}

/// Every letter in lower case, one by one.
pub fn to_lower(text: &str) -> String {
    // In lower case, U+0130 gets a combining dot in Rust, which Go omits.
    text.chars()
        .map(|letter| letter.to_lowercase().next().unwrap_or(letter))
        .collect()
}

fn single(letter: char, mut changed: impl Iterator<Item = char>) -> char {
    match (changed.next(), changed.next()) {
        (Some(only), None) => only,
        _ => letter,
    }
}

/// The first letter of each word in title case, the others in lower case.
pub fn title(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut is_begun = false;
    for (position, letter) in letters.iter().copied().enumerate() {
        if !is_in_word(&letters, position) {
            is_begun = false;
            out.push(letter);
        } else if is_begun || !letter.is_alphabetic() {
            let is_last = !letters.get(position + 1).is_some_and(|c| c.is_alphabetic());
            match letter {
                // The lower-case sigma has a different form at the end of a word.
                '\u{3a3}' if is_begun && is_last => out.push('\u{3c2}'),
                letter => out.extend(letter.to_lowercase()),
            }
        } else {
            is_begun = true;
            push_large(&mut out, letter);
        }
    }
    out
}

/// Appends the title case of a letter; digraphs have a special one, and Georgian letters have none.
fn push_large(out: &mut String, letter: char) {
    match letter {
        'Ǆ'..='ǆ' => out.push('ǅ'),
        'Ǉ'..='ǉ' => out.push('ǈ'),
        'Ǌ'..='ǌ' => out.push('ǋ'),
        'Ǳ'..='ǳ' => out.push('ǲ'),
        '\u{10d0}'..='\u{10ff}' => out.push(letter),
        letter => {
            let mut large = letter.to_uppercase();
            out.extend(large.next());
            out.extend(large.flat_map(char::to_lowercase));
        }
    }
}

/// `text` escaped for the inside of a JavaScript string.
pub fn js_escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\\' | '"' | '\'' => out.extend(['\\', letter]),
            '<' | '>' | '&' | '=' | '\0'..='\u{1f}' => {
                out.push_str(&format!("\\u{:04X}", u32::from(letter)));
            }
            letter if letter.is_ascii() || is_printable(letter) => out.push(letter),
            letter => out.push_str(&format!("\\u{:04X}", u32::from(letter))),
        }
    }
    out
}

/// Whether Go prints the letter without an escape.
pub fn is_printable(letter: char) -> bool {
    go_quote(letter.encode_utf8(&mut [0; 4])).contains(letter)
}

/// Whether a character is part of a word by Unicode's rules: an apostrophe is between letters, and a point
/// or comma is between digits.
fn is_in_word(letters: &[char], position: usize) -> bool {
    let letter = letters[position];
    if letter.is_alphanumeric() || letter == '_' {
        return true;
    }
    let before = position
        .checked_sub(1)
        .and_then(|before| letters.get(before));
    let (Some(before), Some(after)) = (before, letters.get(position + 1)) else {
        return false;
    };
    match letter {
        '\'' | '.' | '\u{2019}' | ':' | '\u{b7}'
            if before.is_alphabetic() && after.is_alphabetic() =>
        {
            true
        }
        '\'' | '.' | ',' | ';' => before.is_numeric() && after.is_numeric(),
        _ => false,
    }
}

/// Decodes percent-encoded text of a query; a plus is a space.
pub fn url_unescape(text: &str) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        match first {
            b'%' => {
                let code = tail
                    .first_chunk::<2>()
                    .and_then(|digits| hexadecimal(*digits));
                let Some(code) = code else {
                    let shown = &rest[..rest.len().min(3)];
                    let shown = go_quote(&String::from_utf8_lossy(shown));
                    return Err(format!("invalid URL escape {shown}"));
                };
                bytes.push(code);
                rest = &tail[2..];
            }
            b'+' => {
                bytes.push(b' ');
                rest = tail;
            }
            other => {
                bytes.push(*other);
                rest = tail;
            }
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn hexadecimal(digits: [u8; 2]) -> Option<u8> {
    let [high, low] = digits.map(|digit| char::from(digit).to_digit(16));
    u8::try_from(high? * 16 + low?).ok()
}
