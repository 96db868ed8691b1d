//! PURE. Go's `fmt`: formats with their verbs, and how every value of ours prints.
//!
//! ```text
//! format ─► directive ─► [flags, verb] + value ─► value ─► number, text
//! ```
//!
//! Owns what a format means, faults included, which Go writes into the text: `%!d(string=a)`. `value`
//! has what lists, maps and structs look like, `number` and `text` what is at their bottom. Addresses
//! (`%p`) are not told: there are none. Called on send threads and on the thread that loads the
//! configuration.

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

/// What stands between the percent sign and the verb.
#[derive(Clone, Copy, Debug, Default)]
struct Flags {
    width: Option<usize>,
    precision: Option<usize>,
    plus: bool,
    minus: bool,
    sharp: bool,
    space: bool,
    zero: bool,
    /// `%+v`, which tells the names of fields.
    with_names: bool,
    /// `%#v`, which is a value as Go's source would have it.
    as_source: bool,
}

/// Writes one text.
#[derive(Debug, Default)]
struct Printer {
    out: String,
    /// How many bytes it may take.
    most: usize,
    /// Whether something was left out because it would take more.
    is_full: bool,
    flags: Flags,
    /// Whether a fault is being told: then methods of values are left alone.
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

    /// Tells the values that no verb asked for.
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
        // %w is for errors, which templates have none of, and takes flags as %v does.
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

    /// Tells that `verb` cannot print a value of this type, and the value as `print` prints it.
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

    /// Writes `text` in the width that was asked for.
    fn pad(&mut self, text: &str) {
        self.pad_with(text, if self.flags.zero { '0' } else { ' ' });
    }

    /// The same with blanks, for numbers that have their zeros already.
    fn pad_with_blanks(&mut self, text: &str) {
        self.pad_with(text, ' ');
    }

    /// Only blanks stand behind a text.
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
