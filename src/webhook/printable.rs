//! PURE. Makes text from outside safe to print in a line of a log or a terminal.
//!
//! Owns the one rule: no control characters, so that a label or an answer can neither break the line nor
//! control the terminal. Called on send threads.

/// `text` on one line. Each run of control characters becomes one blank, and the ends are trimmed.
pub fn printable(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for piece in text
        .split(char::is_control)
        .filter(|piece| !piece.is_empty())
    {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(piece);
    }
    line.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_become_blanks_and_the_rest_stays() {
        assert_eq!(printable("\ta\r\nb\u{1b}[2Jc\u{85}é ✓\n"), "a b [2Jc é ✓");
        assert_eq!(printable("\n \u{0}"), "");
    }
}
