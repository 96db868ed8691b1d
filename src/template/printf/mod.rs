//! PURE. Go's `fmt`: formats with their verbs, and the printed form of every value.
//!
//! ```text
//! format ─► directive ─► [flags, verb] + value ─► value ─► number, text
//! ```
//!
//! Owns the meaning of formats, and of their faults, which Go writes into the text: `%!d(string=a)`. `value`
//! prints lists, maps and structs, `number` and `text` their elements. Addresses (`%p`) are not supported,
//! since there are none. Called on send threads and on the thread that loads the configuration.

mod directive;
mod number;
mod text;
mod value;

use self::directive::Directive;
use super::value::Value;

/// `fmt.Sprintf`; fails if the text takes more than `most` bytes.
pub fn sprintf(format: &str, arguments: &[Value], most: usize) -> Result<String, String> {
    let mut printer = Printer {
        most,
        ..Printer::default()
    };
    printer.print_format(format, arguments);
    if printer.is_full {
        return Err(format!("the text grows past {} MiB", most >> 20));
    }
    Ok(printer.out)
}

/// Appends `value` as `%v` prints it.
pub fn append(out: &mut String, value: &Value) {
    let mut printer = Printer {
        out: std::mem::take(out),
        most: usize::MAX,
        ..Printer::default()
    };
    printer.print_value(value, 'v', false);
    *out = printer.out;
}

/// The flags, width and precision between the percent sign and the verb.
#[derive(Clone, Copy, Debug, Default)]
struct Flags {
    width: Option<usize>,
    precision: Option<usize>,
    plus: bool,
    minus: bool,
    sharp: bool,
    space: bool,
    zero: bool,
    /// `%+v`, which prints the names of fields.
    with_names: bool,
    /// `%#v`, which prints a value as Go source.
    as_source: bool,
}

/// The writer of one formatted text.
#[derive(Debug, Default)]
struct Printer {
    out: String,
    /// The maximum size of the text in bytes.
    most: usize,
    /// Whether output was dropped because of this limit.
    is_full: bool,
    flags: Flags,
    /// Whether a fault is being printed; methods of values are then not called.
    is_telling_fault: bool,
}

impl Printer {
    fn print_format(&mut self, format: &str, arguments: &[Value]) {
        let mut next = 0;
        let mut is_reordered = false;
        let mut rest = format;
        while let Some((plain, behind)) = rest.split_once('%') {
            self.push(plain);
            let mut directive = Directive::new(behind, arguments, next);
            self.flags = Flags::default();
            let verb = directive.take(&mut self.flags);
            is_reordered |= directive.is_reordered();
            next = directive.next_argument();
            rest = directive.rest();
            for fault in directive.faults() {
                self.push(fault);
            }
            match verb {
                None => {
                    self.push("%!(NOVERB)");
                    break;
                }
                Some('%') => self.push("%"),
                Some(verb) if directive.is_misplaced() => {
                    self.push(&format!("%!{verb}(BADINDEX)"));
                }
                Some(verb) => match arguments.get(next) {
                    None => self.push(&format!("%!{verb}(MISSING)")),
                    Some(value) => {
                        self.print_argument(value, verb);
                        next += 1;
                    }
                },
            }
        }
        if !rest.contains('%') {
            self.push(rest);
        }
        if !is_reordered {
            self.tell_extra(arguments.get(next..).unwrap_or(&[]));
        }
    }

    /// Prints the arguments that no verb used.
    fn tell_extra(&mut self, values: &[Value]) {
        if values.is_empty() {
            return;
        }
        self.flags = Flags::default();
        self.push("%!(EXTRA ");
        for (index, value) in values.iter().enumerate() {
            if index > 0 {
                self.push(", ");
            }
            if !matches!(value, Value::Nil) {
                self.push(value.type_name());
                self.push("=");
            }
            self.print_argument(value, 'v');
        }
        self.push(")");
    }

    fn print_argument(&mut self, value: &Value, verb: char) {
        // %w is for errors, which templates do not have; its flags work as those of %v.
        if matches!(verb, 'v' | 'w') {
            let flags = &mut self.flags;
            flags.as_source = std::mem::take(&mut flags.sharp);
            flags.with_names = std::mem::take(&mut flags.plus);
        }
        match (value, verb) {
            (Value::Nil, 'T' | 'v') => self.pad("<nil>"),
            (Value::Nil, _) => self.tell_bad_verb(verb, None, |_| {}),
            (_, 'w') => self.tell_bad_verb(verb, Some(value.type_name()), |printer| {
                printer.print_value(value, 'v', false);
            }),
            (_, 'T') => self.print_text(value.type_name(), 's', "string"),
            _ => self.print_value(value, verb, false),
        }
    }

    /// Prints the fault that `verb` does not support this type, with the value as `print` prints it.
    fn tell_bad_verb(
        &mut self,
        verb: char,
        type_name: Option<&str>,
        print: impl FnOnce(&mut Self),
    ) {
        self.push(&format!("%!{verb}("));
        match type_name {
            None => self.push("<nil>"),
            Some(type_name) => {
                self.push(type_name);
                self.push("=");
                self.is_telling_fault = true;
                print(self);
                self.is_telling_fault = false;
            }
        }
        self.push(")");
    }

    fn push(&mut self, text: &str) {
        if self.out.len() + text.len() > self.most {
            self.is_full = true;
        } else {
            self.out.push_str(text);
        }
    }

    fn fill(&mut self, filling: char, count: usize) {
        if self.out.len().saturating_add(count) > self.most {
            self.is_full = true;
        } else {
            self.out.extend(std::iter::repeat_n(filling, count));
        }
    }

    /// Writes `text`, padded to the requested width.
    fn pad(&mut self, text: &str) {
        self.pad_with(text, if self.flags.zero { '0' } else { ' ' });
    }

    /// Writes `text`, padded with blanks, for numbers that already have their zeros.
    fn pad_with_blanks(&mut self, text: &str) {
        self.pad_with(text, ' ');
    }

    /// Writes `text`, padded with `filling`; padding after the text is always blanks.
    fn pad_with(&mut self, text: &str, filling: char) {
        let width = self.flags.width.unwrap_or(0);
        let missing = width.saturating_sub(text.chars().count());
        if self.flags.minus {
            self.push(text);
            self.fill(' ', missing);
        } else {
            self.fill(filling, missing);
            self.push(text);
        }
    }
}

#[cfg(test)]
mod tests;
