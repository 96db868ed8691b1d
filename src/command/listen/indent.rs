//! Indented JSON, with one line for each value.
//!
//! Owns the indentation. Keeps the order of keys, the spelling of numbers and duplicate keys, which a parsed
//! value would lose. Runs on main.

use std::io::{self, Write};

use super::escape::Escaped;
use crate::limits::LISTEN_INDENT_LEVELS;

/// The prefix of each line, so that no body can look like the heading of a webhook.
const MARGIN: &str = "  ";

/// The indentation that each level adds.
const STEP: &str = "  ";

/// Writes `json`, which must be valid JSON, and a line end.
pub fn write_indented(out: &mut impl Write, json: &str) -> io::Result<()> {
    let mut depth = 0;
    let mut tokens = Tokens(json).peekable();
    out.write_all(MARGIN.as_bytes())?;
    while let Some(token) = tokens.next() {
        match token {
            "{" | "[" => {
                out.write_all(token.as_bytes())?;
                match tokens.next_if(|next| matches!(*next, "}" | "]")) {
                    Some(end) => out.write_all(end.as_bytes())?,
                    None => {
                        depth += 1;
                        begin_line(out, depth)?;
                    }
                }
            }
            "}" | "]" => {
                depth -= 1;
                begin_line(out, depth)?;
                out.write_all(token.as_bytes())?;
            }
            "," => {
                out.write_all(b",")?;
                begin_line(out, depth)?;
            }
            ":" => out.write_all(b": ")?,
            scalar => write!(out, "{}", Escaped(scalar))?,
        }
    }
    out.write_all(b"\n")
}

fn begin_line(out: &mut impl Write, depth: usize) -> io::Result<()> {
    write!(out, "\n{MARGIN}")?;
    for _ in 0..depth.min(LISTEN_INDENT_LEVELS) {
        out.write_all(STEP.as_bytes())?;
    }
    Ok(())
}

/// The tokens of a JSON text: punctuation, strings, numbers and words.
struct Tokens<'a>(&'a str);

impl<'a> Iterator for Tokens<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let rest = self.0.trim_start();
        let length = match rest.bytes().next()? {
            b'"' => length_of_string(rest),
            b'{' | b'}' | b'[' | b']' | b',' | b':' => 1,
            _ => {
                let is_end = |one: char| one.is_whitespace() || "{}[],:\"".contains(one);
                rest.find(is_end).unwrap_or(rest.len())
            }
        };
        let (token, rest) = rest.split_at(length);
        self.0 = rest;
        Some(token)
    }
}

/// The length in bytes of the string at the start of `text`, including both quotes.
fn length_of_string(text: &str) -> usize {
    let mut is_escaped = false;
    let end = text.bytes().skip(1).position(|byte| {
        let ends = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        ends
    });
    end.map_or(text.len(), |at| at + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn indented(json: &str) -> String {
        let mut out = Vec::new();
        write_indented(&mut out, json).expect("memory takes every write");
        String::from_utf8(out).expect("made of text")
    }

    #[test]
    fn every_value_has_a_line_and_stays_as_it_was() {
        let json = r#"{"b":[1e999, {"x" : null}],"a":"{\"]\\","a":[ ],"c":{}}"#;
        let expected = r#"  {
    "b": [
      1e999,
      {
        "x": null
      }
    ],
    "a": "{\"]\\",
    "a": [],
    "c": {}
  }
"#;
        assert_eq!(indented(json), expected);
        assert_eq!(indented(" 1 "), "  1\n");
    }

    #[test]
    fn what_nests_deeply_is_not_indented_for_ever() {
        let levels = 10_000;
        let json = format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
        let longest = (LISTEN_INDENT_LEVELS + 1) * STEP.len() + 1;
        assert!(indented(&json).lines().all(|line| line.len() <= longest));
        assert_eq!(indented(&json).replace([' ', '\n'], ""), json);
    }

    #[test]
    fn control_characters_that_json_allows_are_escaped() {
        assert_eq!(indented("\"a\u{9b}2J\u{7f}\""), "  \"a\\u{9b}2J\\u{7f}\"\n");
    }
}
