//! The backend of the `log` facade: one line an event on standard error, as logfmt or JSON.
//!
//! Owns the format of a line and the choice of lines that are written. The fields of Alertmanager's own
//! lines come first, under the same names: time, level, source, msg. Any thread formats its lines; the log
//! thread (`writer`) writes them, so that no thread waits for the reader of the log.

mod writer;

use std::fmt::{self, Display, Write as _};
use std::io;

use log::kv::{Error, Key, Value, VisitSource, VisitValue};
use log::{Level, Log, Metadata, Record};

use crate::clock::Clock;
use crate::limits;
use crate::model::{Wall, format_rfc3339_millis};
use writer::Lines;

/// The format of a line: the choices of `--log.format` (§12.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `time=… level=INFO source=daemon.rs:12 msg="…" key=value`.
    Logfmt,
    /// A JSON object with the same fields; numbers and booleans keep their type.
    Json,
}

/// Installs the logger, which writes to standard error: the daemon's own lines down to `level`, and those
/// of libraries from warnings up. Fails if the process already has a logger, or if the host cannot start
/// a thread.
pub fn install(level: Level, format: Format, clock: Clock) -> io::Result<()> {
    let lines = writer::start()?;
    let logger = Logger {
        level,
        format,
        clock,
        lines,
    };
    log::set_boxed_logger(Box::new(logger)).map_err(io::Error::other)?;
    log::set_max_level(level.to_level_filter());
    Ok(())
}

struct Logger {
    level: Level,
    format: Format,
    clock: Clock,
    lines: Lines,
}

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata) -> bool {
        is_wanted(self.level, metadata)
    }

    fn log(&self, record: &Record) {
        if self.enabled(record.metadata()) {
            let line = render(self.format, self.clock.wall(), record);
            self.lines.push(line);
        }
    }

    fn flush(&self) {
        self.lines.flush();
    }
}

/// TLS and HTTP libraries log every step at debug level, which would bury the daemon's own lines.
fn is_wanted(level: Level, metadata: &Metadata) -> bool {
    let their_crate = metadata.target().split("::").next();
    let is_ours = their_crate == Some(env!("CARGO_CRATE_NAME"));
    let bound = if is_ours {
        level
    } else {
        level.min(Level::Warn)
    };
    metadata.level() <= bound
}

/// The whole line, with its newline.
fn render(format: Format, at: Wall, record: &Record) -> String {
    let mut line = Line {
        format,
        text: String::with_capacity(256),
    };
    line.field("time", &format_rfc3339_millis(at));
    line.field("level", record.level().as_str());
    line.field("source", &source_of(record));
    line.field("msg", &text_of(record.args()));
    // `Line` accepts any pair. A source that fails to yield some of its pairs must not cost the line.
    let _ = record.key_values().visit(&mut line);
    if format == Format::Json {
        line.text.push('}');
    }
    line.text.push('\n');
    line.text
}

/// The source file and line of a record. The path is relative to its crate's `src` and has no directories
/// of the build host.
fn source_of(record: &Record) -> String {
    let file = record.file().unwrap_or("unknown");
    let below = file.rsplit_once("src/").map_or(file, |(_, below)| below);
    format!("{below}:{}", record.line().unwrap_or(0))
}

/// The text that `value` displays, up to the first failure of its `Display`. A long text is cut, and ends
/// with the number of bytes cut off.
fn text_of(value: &dyn Display) -> String {
    let mut cut = Cut::default();
    let _ = write!(cut, "{value}");
    if cut.left_out > 0 {
        let _ = write!(cut.text, "... ({} bytes more)", cut.left_out);
    }
    cut.text
}

/// The beginning of a text. The rest is only counted and takes no memory.
#[derive(Default)]
struct Cut {
    text: String,
    left_out: usize,
}

impl fmt::Write for Cut {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        let room = match self.left_out {
            0 => limits::LOG_VALUE_BYTES - self.text.len(),
            _ => 0,
        };
        let end = piece.floor_char_boundary(room);
        self.text.push_str(&piece[..end]);
        self.left_out += piece.len() - end;
        Ok(())
    }
}

/// A line while it is written.
struct Line {
    format: Format,
    text: String,
}

impl Line {
    fn field(&mut self, key: &str, value: &str) {
        self.key(key);
        self.value(value);
    }

    fn key(&mut self, key: &str) {
        match self.format {
            Format::Logfmt if self.text.is_empty() => {}
            Format::Logfmt => self.text.push(' '),
            Format::Json if self.text.is_empty() => self.text.push('{'),
            Format::Json => self.text.push(','),
        }
        self.value(key);
        self.text.push(match self.format {
            Format::Logfmt => '=',
            Format::Json => ':',
        });
    }

    fn value(&mut self, value: &str) {
        if self.format == Format::Logfmt && !needs_quotes(value) {
            self.text.push_str(value);
        } else {
            push_quoted(&mut self.text, value);
        }
    }

    /// Writes a number or a word that both formats leave unquoted.
    fn bare(&mut self, value: impl Display) -> Result<(), Error> {
        write!(self.text, "{value}")?;
        Ok(())
    }
}

impl<'kvs> VisitSource<'kvs> for Line {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), Error> {
        self.key(key.as_str());
        value.visit(self)
    }
}

impl VisitValue<'_> for Line {
    fn visit_any(&mut self, value: Value) -> Result<(), Error> {
        self.value(&text_of(&value));
        Ok(())
    }

    fn visit_str(&mut self, value: &str) -> Result<(), Error> {
        if value.len() > limits::LOG_VALUE_BYTES {
            return self.visit_any(value.into());
        }
        self.value(value);
        Ok(())
    }

    fn visit_null(&mut self) -> Result<(), Error> {
        self.bare("null")
    }

    fn visit_bool(&mut self, value: bool) -> Result<(), Error> {
        self.bare(value)
    }

    fn visit_u64(&mut self, value: u64) -> Result<(), Error> {
        self.bare(value)
    }

    fn visit_i64(&mut self, value: i64) -> Result<(), Error> {
        self.bare(value)
    }

    fn visit_f64(&mut self, value: f64) -> Result<(), Error> {
        if value.is_finite() {
            return self.bare(value);
        }
        // JSON has no infinite numbers and no NaN.
        self.value(&value.to_string());
        Ok(())
    }
}

/// Whether a logfmt reader would split `text` or miss it.
fn needs_quotes(text: &str) -> bool {
    let is_special = |c: char| matches!(c, '"' | '=') || c.is_whitespace() || is_unprintable(c);
    text.is_empty() || text.contains(is_special)
}

/// Appends `text` in quotes, with the escapes that JSON and Go share.
fn push_quoted(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_unprintable(c) => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Characters that could break a line in two, drive a terminal or reverse what a reader sees. All
/// have four hexadecimal digits. Label values come from outside, so they may hold any of them.
fn is_unprintable(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests;
