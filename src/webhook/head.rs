//! PURE. Parses the head of an answer leniently, and writes a clean head for ureq.
//!
//! ureq rejects an answer whose head breaks a rule. For a notification only the status matters: a receiver
//! that has answered 200 has the notification, whatever follows. So this parser reads the head line by line,
//! keeps the relevant parts (status, framing, four fields), and writes a clean head of them.
//!
//! Owns which parts are relevant, and the consequence of each violation. After a broken rule the connection
//! is not reused, because the receiver may see the end of the answer elsewhere; the answer still counts. For
//! a head that is truncated or too long, the lines up to that point count. Interim answers (1xx) are skipped.
//! Does no I/O. Called on send threads.

use std::fmt;

use super::printable::printable;
use crate::limits;

/// The most bytes that a fault quotes of input that is no HTTP answer.
const QUOTED_BYTES: usize = 40;

/// Why the input holds no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// The input does not begin with a status line, but with this.
    NotHttp(String),
    /// The input is an endless series of interim answers or blank lines.
    Endless,
}

/// A head, while it is read and afterwards.
#[derive(Debug, Default)]
pub struct Head {
    /// The clean head for ureq: the status line and the relevant fields.
    clean: Vec<u8>,
    /// All bytes read, interim answers included.
    read_bytes: usize,
    status: Option<u16>,
    length: Option<u64>,
    is_chunked: bool,
    /// The options of the field `Connection`: close and keep-alive.
    closes: bool,
    keeps: bool,
    /// Whether a rule was broken, so that the connection must not be reused.
    is_odd: bool,
    /// Whether the last field is relevant, so that a line that continues it breaks a rule.
    continues: bool,
    end: End,
}

/// Whether a head is complete.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum End {
    /// More lines are to come.
    #[default]
    Open,
    /// The blank line has been read.
    Whole,
    /// The head was truncated or too long.
    Cut,
}

impl Head {
    /// Resets the state for the head of the next answer.
    pub fn begin(&mut self) {
        *self = Head {
            clean: std::mem::take(&mut self.clean),
            ..Head::default()
        };
        self.clean.clear();
    }

    /// Reads the lines of `input` up to the end of the head, and returns their length in bytes. The rest of
    /// `input` is the body, or an incomplete line.
    pub fn take(&mut self, input: &[u8]) -> Result<usize, NoAnswer> {
        let mut used = 0;
        while self.end == End::Open {
            let rest = &input[used..];
            let Some(length) = rest.iter().position(|byte| *byte == b'\n') else {
                if self.status.is_none() && !may_begin(rest) {
                    return Err(not_http(rest));
                }
                break;
            };
            let line = &rest[..length];
            self.line(line.strip_suffix(b"\r").unwrap_or(line))?;
            used += length + 1;
            self.read_bytes += length + 1;
            if self.read_bytes > limits::ANSWER_HEAD && self.end == End::Open {
                self.end = End::Cut;
                if !self.is_final() {
                    return Err(NoAnswer::Endless);
                }
            }
        }
        Ok(used)
    }

    /// Ends the head after `rest`, an incomplete line, because the connection has ended. Returns whether the
    /// head holds a status.
    pub fn break_off(&mut self, rest: &[u8]) -> bool {
        let has_status = self.status.is_some() || self.status_line(rest).is_ok();
        let is_answer = has_status && self.is_final();
        if is_answer {
            self.end = End::Cut;
        }
        is_answer
    }

    /// Whether the head has ended, complete or truncated.
    pub fn is_complete(&self) -> bool {
        self.end != End::Open
    }

    /// Whether the head is truncated.
    pub fn is_cut(&self) -> bool {
        self.end == End::Cut
    }

    /// The status; `None` before its line was read.
    pub fn status(&self) -> Option<u16> {
        self.status
    }

    /// Marks the connection as not reusable.
    pub fn close(&mut self) {
        self.is_odd = true;
    }

    /// Completes the clean head. Must be called once, after the head has ended.
    pub fn finish(&mut self) {
        if self.is_cut() {
            // Without a complete head there is no way to find the body.
            self.is_odd = true;
            self.field_line(b"content-length", b"0");
        } else if self.is_chunked {
            self.field_line(b"transfer-encoding", b"chunked");
        } else if let Some(length) = self.length {
            self.field_line(b"content-length", length.to_string().as_bytes());
        }
        if self.is_odd || self.closes {
            self.field_line(b"connection", b"close");
        } else if self.keeps {
            self.field_line(b"connection", b"keep-alive");
        }
        self.clean.extend_from_slice(b"\r\n");
    }

    /// The clean head. Complete after [`Self::finish`].
    pub fn clean(&self) -> &[u8] {
        &self.clean
    }

    fn line(&mut self, line: &[u8]) -> Result<(), NoAnswer> {
        match self.status {
            // A blank line before the status, for example the rest of the previous answer.
            None if line.is_empty() => self.is_odd = true,
            None => self.status_line(line)?,
            Some(_) if !line.is_empty() => self.field(line),
            Some(_) if self.is_final() => self.end = End::Whole,
            Some(_) => {
                let read_bytes = self.read_bytes;
                self.begin();
                self.read_bytes = read_bytes;
            }
        }
        Ok(())
    }

    /// Reads a status line such as `HTTP/1.1 200 OK`. Only the version and three digits are relevant.
    fn status_line(&mut self, line: &[u8]) -> Result<(), NoAnswer> {
        let (version, digits, status) = split_status_line(line).ok_or_else(|| not_http(line))?;
        let is_http10 = version == b"1.0";
        self.is_odd |= !is_http10 && version != b"1.1";
        self.status = Some(status);
        let begin: &[u8] = if is_http10 {
            b"HTTP/1.0 "
        } else {
            b"HTTP/1.1 "
        };
        for piece in [begin, digits, b"\r\n"] {
            self.clean.extend_from_slice(piece);
        }
        Ok(())
    }

    fn is_final(&self) -> bool {
        // 101 is final as well: another protocol follows it, which no request asks for.
        self.status
            .is_some_and(|status| status >= 200 || status == 101)
    }

    fn field(&mut self, line: &[u8]) {
        if line[0] == b' ' || line[0] == b'\t' {
            self.is_odd |= self.continues;
            return;
        }
        self.continues = false;
        let Some(colon) = line.iter().position(|byte| *byte == b':') else {
            self.is_odd = true;
            return;
        };
        let (name, value) = (
            line[..colon].trim_ascii_end(),
            line[colon + 1..].trim_ascii(),
        );
        self.is_odd |= name.len() != colon || name.is_empty();
        self.is_odd |= name.iter().any(|byte| !byte.is_ascii_graphic());
        self.named_field(name, value);
    }

    fn named_field(&mut self, name: &[u8], value: &[u8]) {
        let is = |known: &[u8]| name.eq_ignore_ascii_case(known);
        self.continues = true;
        if is(b"content-length") {
            self.content_length(value);
        } else if is(b"transfer-encoding") {
            self.is_odd |= self.length.is_some() || self.is_chunked;
            self.is_chunked = value.eq_ignore_ascii_case(b"chunked");
            self.is_odd |= !self.is_chunked;
        } else if is(b"connection") {
            for option in value.split(|byte| *byte == b',') {
                let option = option.trim_ascii();
                self.closes |= option.eq_ignore_ascii_case(b"close");
                self.keeps |= option.eq_ignore_ascii_case(b"keep-alive");
            }
        } else if [&b"location"[..], b"retry-after", b"content-type"]
            .iter()
            .any(|known| is(known))
        {
            if value
                .iter()
                .any(|byte| byte.is_ascii_control() && *byte != b'\t')
            {
                self.is_odd = true;
            } else {
                self.field_line(name, value);
            }
        } else {
            self.continues = false;
        }
    }

    fn content_length(&mut self, value: &[u8]) {
        let is_number = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
        let length = std::str::from_utf8(value).ok().filter(|_| is_number);
        let length = length.and_then(|digits| digits.parse::<u64>().ok());
        let contradicts = self.length.is_some() && self.length != length;
        if length.is_none() || contradicts || self.is_chunked {
            self.is_odd = true;
        }
        self.length = length.filter(|_| !contradicts);
    }

    fn field_line(&mut self, name: &[u8], value: &[u8]) {
        for piece in [name, b": ", value, b"\r\n"] {
            self.clean.extend_from_slice(piece);
        }
    }
}

impl fmt::Display for NoAnswer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoAnswer::NotHttp(begin) if begin.is_empty() => {
                out.write_str("it begins with bytes that are no text")
            }
            NoAnswer::NotHttp(begin) => write!(out, "it begins with {begin:?}"),
            NoAnswer::Endless => out.write_str("interim answers without an end"),
        }
    }
}

impl std::error::Error for NoAnswer {}

/// Whether `begin` can be the start of a status line, or of blank lines before one.
fn may_begin(begin: &[u8]) -> bool {
    let known = begin.len().min(b"HTTP/".len());
    begin[..known] == b"HTTP/"[..known] || begin == b"\r"
}

/// Splits a status line into the version, the digits of the status, and the status as a number.
fn split_status_line(line: &[u8]) -> Option<(&[u8], &[u8], u16)> {
    let rest = line.strip_prefix(b"HTTP/")?;
    let blank = rest.iter().position(|byte| *byte == b' ')?;
    let (version, rest) = rest.split_at(blank);
    let (digits, rest) = rest.trim_ascii_start().split_at_checked(3)?;
    let is_number = digits.iter().all(u8::is_ascii_digit);
    let is_apart = rest.first().is_none_or(|byte| byte.is_ascii_whitespace());
    let status = std::str::from_utf8(digits).ok()?.parse().ok()?;
    (is_number && is_apart && status >= 100).then_some((version, digits, status))
}

fn not_http(begin: &[u8]) -> NoAnswer {
    let begin = &begin[..begin.len().min(QUOTED_BYTES)];
    let text = std::str::from_utf8(begin).unwrap_or_default();
    NoAnswer::NotHttp(printable(text))
}

#[cfg(test)]
mod tests;
