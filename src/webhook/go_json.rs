//! Writes JSON with the escapes of Go's encoder.
//!
//! Owns the difference from `serde_json`: characters that could end a script in an HTML page are escaped.
//! Writes only to a vector. Called on send threads.

use std::io;

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::Formatter;

/// `value` as compact JSON. It must serialise without errors of its own and have string keys.
pub fn to_vec(value: &impl Serialize, capacity: usize) -> Vec<u8> {
    let mut json = Vec::with_capacity(capacity);
    value
        .serialize(&mut Serializer::with_formatter(&mut json, GoEscapes))
        .expect("all keys are strings and a vector takes every byte");
    json
}

struct GoEscapes;

impl Formatter for GoEscapes {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(position) = rest.find(is_escaped_by_go) {
            let (plain, special) = rest.split_at(position);
            writer.write_all(plain.as_bytes())?;
            let mut characters = special.chars();
            if let Some(character) = characters.next() {
                write!(writer, "\\u{:04x}", u32::from(character))?;
            }
            rest = characters.as_str();
        }
        writer.write_all(rest.as_bytes())
    }
}

fn is_escaped_by_go(character: char) -> bool {
    matches!(character, '<' | '>' | '&' | '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_and_line_separators_are_escaped_and_the_rest_is_plain_json() {
        let json = to_vec(&["<a>&\u{2028}\u{2029}", "\"\\\n\u{8}\u{1}\u{7f}é"], 0);
        assert_eq!(
            String::from_utf8(json).as_deref(),
            Ok(concat!(
                r#"["\u003ca\u003e\u0026\u2028\u2029","\"\\\n\b\u0001"#,
                "\u{7f}é\"]"
            ))
        );
    }
}
