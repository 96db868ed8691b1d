//! Escapes text from outside, so that a terminal can show it safely and nothing is lost.
//!
//! Owns the choice of characters that are written as `\u{1b}`: those that control a terminal, and those
//! that change the order in which other characters are shown. Runs on main.

use std::fmt::{self, Display, Write as _};

/// A text on one line, with its control characters escaped.
#[derive(Clone, Copy, Debug)]
pub struct Escaped<'a>(pub &'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for one in self.0.chars() {
            if one.is_control() || reorders(one) {
                write!(out, "{}", one.escape_default())?;
            } else {
                out.write_char(one)?;
            }
        }
        Ok(())
    }
}

/// Whether this is a mark, override or isolate of right-to-left text, or a line separator that is not a
/// control character.
fn reorders(one: char) -> bool {
    matches!(
        one,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_escaped_and_the_rest_stays() {
        let escaped = Escaped("é ✓ \"\\\" a\tb\r\n\u{1b}[2J\u{7f}\u{9b}0c\u{202e}x").to_string();
        assert_eq!(
            escaped,
            "é ✓ \"\\\" a\\tb\\r\\n\\u{1b}[2J\\u{7f}\\u{9b}0c\\u{202e}x"
        );
    }
}
