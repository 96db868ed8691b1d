//! Text from outside, made fit for a terminal without losing what it was.
//!
//! Owns which characters are written as `\u{1b}`: those that steer a terminal, and those that change the
//! order in which the rest is shown. Runs on main.

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

/// The marks, overrides and isolates of right-to-left text, and the separators of lines that are no
/// control characters.
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
