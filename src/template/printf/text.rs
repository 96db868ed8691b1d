//! PURE. Formats texts: unchanged, quoted, hexadecimal.
//!
//! Owns quoting for `%q`. Called on send threads and on the thread that loads the configuration.

use super::Printer;
use crate::model::go_quote;

impl Printer {
    /// Prints a text of this type.
    pub(super) fn print_text(&mut self, text: &str, verb: char, type_name: &str) {
        match verb {
            'v' if self.flags.as_source => self.quoted(text),
            'v' | 's' => self.pad(self.cut(text)),
            'x' => self.hexadecimal(text, "0x"),
            'X' => self.hexadecimal(text, "0X"),
            'q' => self.quoted(text),
            _ => self.tell_bad_verb(verb, Some(type_name), |printer| {
                printer.pad(printer.cut(text));
            }),
        }
    }

    /// `text` cut to the precision, in characters.
    fn cut<'t>(&self, text: &'t str) -> &'t str {
        let Some(most) = self.flags.precision else {
            return text;
        };
        text.char_indices()
            .nth(most)
            .map_or(text, |(end, _)| &text[..end])
    }

    fn quoted(&mut self, text: &str) {
        let text = self.cut(text);
        let shown = if self.flags.sharp && can_be_backquoted(text) {
            format!("`{text}`")
        } else if self.flags.plus {
            in_ascii(&go_quote(text))
        } else {
            go_quote(text)
        };
        self.pad(&shown);
    }

    /// Prints a character in single quotes.
    pub(super) fn quoted_character(&mut self, character: char) {
        let inner = match character {
            '\'' => "\\'".to_owned(),
            '"' => "\"".to_owned(),
            other => {
                let quoted = go_quote(&other.to_string());
                quoted[1..quoted.len() - 1].to_owned()
            }
        };
        let shown = format!("'{inner}'");
        self.pad(&if self.flags.plus {
            in_ascii(&shown)
        } else {
            shown
        });
    }

    /// Prints the bytes of `text` in hexadecimal, up to the precision.
    fn hexadecimal(&mut self, text: &str, prefix: &str) {
        let flags = self.flags;
        let bytes = &text.as_bytes()[..flags.precision.unwrap_or(text.len()).min(text.len())];
        let mut shown = String::with_capacity(2 * bytes.len());
        for (index, byte) in bytes.iter().enumerate() {
            if flags.space && index > 0 {
                shown.push(' ');
            }
            if flags.sharp && (flags.space || index == 0) {
                shown.push_str(prefix);
            }
            shown.push_str(&match prefix {
                "0X" => format!("{byte:02X}"),
                _ => format!("{byte:02x}"),
            });
        }
        self.pad(&shown);
    }
}

/// A quoted text, with escapes in place of all characters beyond ASCII.
fn in_ascii(quoted: &str) -> String {
    let mut out = String::with_capacity(quoted.len());
    for character in quoted.chars() {
        match u32::from(character) {
            ..0x80 => out.push(character),
            code @ 0x80..0x1_0000 => out.push_str(&format!("\\u{code:04x}")),
            code => out.push_str(&format!("\\U{code:08x}")),
        }
    }
    out
}

/// Whether `text` can be quoted with backquotes.
fn can_be_backquoted(text: &str) -> bool {
    !text
        .chars()
        .any(|c| matches!(c, '`' | '\u{feff}') || (c.is_ascii_control() && c != '\t'))
}
