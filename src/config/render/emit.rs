//! Writes the shown configuration as YAML text.
//!
//! Owns the indentation, and the choice of lists and maps that go on one line, in the style of Alertmanager's
//! YAML library. Pure; runs on the thread that loads the configuration.

use super::scalar::{Spot, WIDTH, scalar};
use super::shown::Shown;

/// The text of a map.
pub fn emit(shown: &Shown) -> String {
    let mut emitter = Emitter::default();
    if let Shown::Map(entries) = shown {
        emitter.map(entries, 0);
    }
    emitter.newline(0);
    emitter.out
}

#[derive(Default)]
struct Emitter {
    out: String,
    /// Letters on the current line.
    column: usize,
    /// Whether the next list or map goes on one line.
    is_next_short: bool,
}

/// How a list or map is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Block,
    Short,
}

impl Emitter {
    fn write(&mut self, text: &str) {
        self.out.push_str(text);
        self.column = match text.rsplit_once('\n') {
            Some((_, last)) => last.chars().count(),
            None => self.column + text.chars().count(),
        };
    }

    fn newline(&mut self, indent: usize) {
        if self.column > 0 {
            self.write("\n");
        }
        self.write(&" ".repeat(indent));
    }

    /// Writes the entries of a map, the first at the current position. `indent` is the column of the keys.
    fn map(&mut self, entries: &[(String, Shown)], indent: usize) {
        for (index, (key, value)) in entries.iter().enumerate() {
            if index > 0 {
                self.newline(indent);
            }
            self.write(&scalar(key, Spot::Key, 0, 0));
            self.write(":");
            self.is_next_short = false;
            self.value(value, indent);
        }
    }

    /// Writes the items of a list, the first at the current position. `indent` is the column of the dashes.
    fn list(&mut self, items: &[Shown], indent: usize) {
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.newline(indent);
            }
            self.write("-");
            self.item(item, indent);
        }
    }

    /// Writes the value of a key in column `indent`. Lists are not indented further than the key.
    fn value(&mut self, value: &Shown, indent: usize) {
        match value {
            Shown::List(items) if self.style(items.is_empty()) == Style::Block => {
                self.newline(indent);
                self.list(items, indent);
            }
            Shown::Map(entries) if self.style(entries.is_empty()) == Style::Block => {
                self.newline(indent + 2);
                self.map(entries, indent + 2);
            }
            Shown::Short(inner) => {
                self.is_next_short = true;
                self.value(inner, indent);
            }
            other => {
                self.write(" ");
                self.short(other, indent, Spot::Block);
            }
        }
    }

    /// Writes an item after a dash in column `indent`.
    fn item(&mut self, item: &Shown, indent: usize) {
        self.write(" ");
        match item {
            Shown::List(items) if self.style(items.is_empty()) == Style::Block => {
                self.list(items, indent + 2);
            }
            Shown::Map(entries) if self.style(entries.is_empty()) == Style::Block => {
                self.map(entries, indent + 2);
            }
            other => self.short(other, indent, Spot::Block),
        }
    }

    /// The style of the next list or map; the caller must write it, because this resets the style.
    fn style(&mut self, is_empty: bool) -> Style {
        if std::mem::take(&mut self.is_next_short) || is_empty {
            Style::Short
        } else {
            Style::Block
        }
    }

    /// Writes a value on one line, which is broken between items if it gets too long.
    fn short(&mut self, value: &Shown, indent: usize, spot: Spot) {
        match value {
            Shown::Text(text) => self.write(&scalar(text, spot, self.column, indent + 2)),
            Shown::Marked(text) => {
                self.write("!text ");
                self.write(&scalar(text, spot, self.column, indent + 2));
            }
            Shown::Plain(text) => self.write(text),
            Shown::Short(inner) => {
                self.is_next_short = true;
                self.short(inner, indent, spot);
            }
            Shown::List(items) => {
                self.is_next_short = false;
                self.write("[");
                for (index, item) in items.iter().enumerate() {
                    self.separate(index, indent + 2);
                    self.short(item, indent + 2, Spot::Short);
                }
                self.write("]");
            }
            Shown::Map(entries) => {
                self.is_next_short = false;
                self.write("{");
                for (index, (key, value)) in entries.iter().enumerate() {
                    self.separate(index, indent + 2);
                    self.write(&scalar(key, Spot::ShortKey, 0, 0));
                    self.write(": ");
                    self.is_next_short = false;
                    self.short(value, indent + 2, Spot::Short);
                }
                self.write("}");
            }
        }
    }

    fn separate(&mut self, index: usize, indent: usize) {
        if index > 0 {
            self.write(",");
        }
        if self.column > WIDTH {
            self.newline(indent);
        } else if index > 0 {
            self.write(" ");
        }
    }
}
