//! Measures how deep `[` and `{` are nested in a YAML text, before it is parsed.
//!
//! Owns a rough scanner that knows quotes, comments and where a value may begin. This is enough to refuse
//! texts that would keep the parser busy for seconds, without refusing files that people write. The scanner
//! does not know block scalars; a bracket in one counts only at the beginning of a line. Pure; runs on the
//! thread that loads the configuration.

/// The first line, counted from 1, on which more than `limit` levels are open.
pub fn line_too_deep(text: &str, limit: usize) -> Option<usize> {
    let mut scanner = Scanner {
        bytes: text.as_bytes(),
        position: 0,
        line: 1,
        depth: 0,
        begins_value: true,
    };
    while scanner.position < scanner.bytes.len() {
        scanner.step();
        if scanner.depth > limit {
            return Some(scanner.line);
        }
    }
    None
}

struct Scanner<'t> {
    bytes: &'t [u8],
    position: usize,
    line: usize,
    depth: usize,
    /// Whether a quote or bracket at this position would begin a value.
    begins_value: bool,
}

impl Scanner<'_> {
    fn step(&mut self) {
        let byte = self.bytes[self.position];
        match byte {
            b'\n' => {
                self.line += 1;
                self.begins_value = true;
            }
            b' ' | b'\t' | b'\r' => {}
            b'#' if self.follows_space() => self.skip_until(|byte| byte == b'\n'),
            b'&' | b'!' if self.begins_value => self.skip_until(|byte| byte.is_ascii_whitespace()),
            b'"' | b'\'' if self.begins_value => self.skip_quoted(byte),
            b'[' | b'{' if self.begins_value || self.depth > 0 => {
                self.depth += 1;
                self.begins_value = true;
            }
            b']' | b'}' => {
                self.depth = self.depth.saturating_sub(1);
                self.begins_value = false;
            }
            b',' if self.depth > 0 => self.begins_value = true,
            b':' => self.begins_value = self.depth > 0 || self.precedes_space(),
            b'-' | b'?' => self.begins_value &= self.precedes_space(),
            _ => self.begins_value = false,
        }
        self.position += 1;
    }

    fn follows_space(&self) -> bool {
        self.position == 0 || self.bytes[self.position - 1].is_ascii_whitespace()
    }

    fn precedes_space(&self) -> bool {
        self.bytes
            .get(self.position + 1)
            .is_none_or(u8::is_ascii_whitespace)
    }

    /// Skips bytes and stops before the one that ends them, so that `step` sees the end of a line.
    fn skip_until(&mut self, ends: impl Fn(u8) -> bool) {
        let rest = &self.bytes[self.position + 1..];
        let length = rest.iter().position(|byte| ends(*byte));
        self.position += length.unwrap_or(rest.len());
    }

    /// Skips a quoted text and stops at the closing quote.
    fn skip_quoted(&mut self, quote: u8) {
        self.begins_value = false;
        self.position += 1;
        while let Some(byte) = self.bytes.get(self.position) {
            match *byte {
                b'\n' => self.line += 1,
                b'\\' if quote == b'"' => self.position += 1,
                byte if byte == quote => return,
                _ => {}
            }
            self.position += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(text: &str) -> bool {
        line_too_deep(text, 2).is_none()
    }

    #[test]
    fn brackets_that_open_a_value_count() {
        assert!(fits("a: [[x]]"));
        assert!(!fits("a: [[[x]]]"));
        assert!(!fits("- - ? [\n{a: ["));
        assert!(!fits("a: &x [ !!seq [ [x]]]"));
        assert_eq!(line_too_deep("a: [\n[\n[\n[", 2), Some(3));
    }

    #[test]
    fn closed_brackets_do_not_add_up() {
        assert!(fits(&"a: [{b: c}]\n".repeat(100)));
    }

    #[test]
    fn brackets_in_texts_and_comments_do_not_count() {
        assert!(fits(&"a: x[[[\n".repeat(9)));
        assert!(fits(&"a: \"[[[ \\\" [[\"\n".repeat(9)));
        assert!(fits(&"a: '[[[ it''s [['\n".repeat(9)));
        assert!(fits(&"# [[[\na: b # {{{\n".repeat(9)));
    }
}
