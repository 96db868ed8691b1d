//! PURE. Formats numbers and booleans.
//!
//! Owns signs, bases, and the padding zeros of numbers and fractions. Called on send threads and on the
//! thread that loads the configuration.

use super::Printer;
use crate::template::number::formatted;
use crate::template::text::is_printable;

impl Printer {
    /// Prints a boolean.
    pub(super) fn print_bool(&mut self, truth: bool, verb: char) {
        let word = if truth { "true" } else { "false" };
        match verb {
            't' | 'v' => self.pad(word),
            _ => self.tell_bad_verb(verb, Some("bool"), |printer| printer.pad(word)),
        }
    }

    /// Prints a signed whole number of this type.
    pub(super) fn print_integer(&mut self, number: i64, verb: char, type_name: &str) {
        match verb {
            'v' | 'd' => self.integer(number, 10, verb),
            'b' => self.integer(number, 2, verb),
            'o' | 'O' => self.integer(number, 8, verb),
            'x' | 'X' => self.integer(number, 16, verb),
            'c' => self.pad(&character(number).to_string()),
            'q' => self.quoted_character(character(number)),
            'U' => self.code_point(number),
            _ => self.tell_bad_verb(verb, Some(type_name), |printer| {
                printer.integer(number, 10, 'v');
            }),
        }
    }

    /// Prints an unsigned whole number; as Go source it is hexadecimal.
    pub(super) fn print_unsigned(&mut self, number: i64, verb: char, type_name: &str) {
        if verb == 'v' && self.flags.as_source {
            let sharp = std::mem::replace(&mut self.flags.sharp, true);
            self.integer(number, 16, 'v');
            self.flags.sharp = sharp;
        } else {
            self.print_integer(number, verb, type_name);
        }
    }

    fn integer(&mut self, number: i64, base: u32, verb: char) {
        let flags = self.flags;
        if number == 0 && flags.precision == Some(0) {
            self.fill(' ', flags.width.unwrap_or(0));
            return;
        }
        let sign = match number {
            ..0 => "-",
            _ if flags.plus => "+",
            _ if flags.space => " ",
            _ => "",
        };
        let pads_with_zeros = flags.zero && !flags.minus;
        let least = match (flags.precision, flags.width) {
            (Some(precision), _) => precision,
            (None, Some(width)) if pads_with_zeros => width.saturating_sub(sign.len()),
            _ => 0,
        };
        let size = number.unsigned_abs();
        let digits = match base {
            2 => format!("{size:b}"),
            8 => format!("{size:o}"),
            16 if verb == 'X' => format!("{size:X}"),
            16 => format!("{size:x}"),
            _ => size.to_string(),
        };
        let digits = format!("{}{digits}", zeros(least.saturating_sub(digits.len())));
        let prefix = match (base, flags.sharp) {
            (8, true) if verb == 'O' && !digits.starts_with('0') => "0o0",
            (8, _) if verb == 'O' => "0o",
            (8, true) if !digits.starts_with('0') => "0",
            (2, true) => "0b",
            (16, true) if verb == 'X' => "0X",
            (16, true) => "0x",
            _ => "",
        };
        self.pad_with_blanks(&format!("{sign}{prefix}{digits}"));
    }

    /// Prints `U+00E9`, with the character itself on request.
    fn code_point(&mut self, number: i64) {
        // Go reinterprets the bits of a negative number as unsigned.
        let code = number as u64;
        let digits = self.flags.precision.unwrap_or(0).max(4);
        let text = format!("{code:X}");
        let mut shown = format!("U+{}{text}", zeros(digits.saturating_sub(text.len())));
        let printable = u32::try_from(code).ok().and_then(char::from_u32);
        if let Some(character) = printable.filter(|_| self.flags.sharp)
            && is_printable(character)
        {
            shown.push_str(&format!(" '{character}'"));
        }
        self.pad_with_blanks(&shown);
    }

    /// Prints a floating-point number.
    pub(super) fn print_float(&mut self, number: f64, verb: char) {
        match verb {
            'v' => self.float(number, 'g', None),
            'b' | 'g' | 'G' | 'x' | 'X' => self.float(number, verb, None),
            'f' | 'F' => self.float(number, 'f', Some(6)),
            'e' | 'E' => self.float(number, verb, Some(6)),
            _ => self.tell_bad_verb(verb, Some("float64"), |printer| {
                printer.float(number, 'g', None);
            }),
        }
    }

    fn float(&mut self, number: f64, form: char, usual_digits: Option<usize>) {
        let flags = self.flags;
        let digits = flags.precision.or(usual_digits);
        if digits.is_some_and(|digits| digits > self.most) {
            self.is_full = true;
            return;
        }
        let text = formatted(number, form, digits);
        let (sign, size) = match text.strip_prefix(['-', '+']) {
            Some(size) if text.starts_with('-') => ("-", size),
            size => ("+", size.unwrap_or(&text)),
        };
        let sign = if sign == "+" && flags.space && !flags.plus {
            " "
        } else {
            sign
        };
        let size = if flags.sharp && form != 'b' {
            with_point(size, form, digits)
        } else {
            size.to_owned()
        };
        if sign == "+" && !flags.plus {
            self.pad(&size);
        } else {
            self.pad_signed(sign, &size);
        }
    }

    /// Writes a sign and a number, with padding zeros between them.
    fn pad_signed(&mut self, sign: &str, size: &str) {
        let missing = self.flags.width.unwrap_or(0).saturating_sub(1 + size.len());
        if self.flags.zero && !self.flags.minus && missing > 0 {
            self.push(sign);
            self.fill('0', missing);
            self.push(size);
        } else {
            self.pad(&format!("{sign}{size}"));
        }
    }
}

/// The character with this number; the replacement character if there is none.
fn character(number: i64) -> char {
    let code = u32::try_from(number).ok();
    code.and_then(char::from_u32)
        .unwrap_or(char::REPLACEMENT_CHARACTER)
}

fn zeros(count: usize) -> String {
    "0".repeat(count)
}

/// `text` with a point added if it has none, and with zeros up to the requested number of digits.
fn with_point(text: &str, form: char, asked: Option<usize>) -> String {
    let is_counted = matches!(form, 'g' | 'G' | 'x');
    let mut missing = if is_counted { asked.unwrap_or(6) } else { 0 };
    let exponents: &[char] = match form {
        'x' | 'X' => &['p', 'P'],
        _ => &['e', 'E'],
    };
    let (head, tail) = text.split_at(text.find(exponents).unwrap_or(text.len()));
    let significant = head.trim_start_matches(['0', '.']);
    let digits = significant.chars().filter(|digit| *digit != '.').count();
    missing = missing.saturating_sub(digits);
    let mut out = head.to_owned();
    if !head.contains('.') {
        // A single zero before the point counts as a digit.
        missing = missing.saturating_sub(usize::from(head == "0"));
        out.push('.');
    }
    out.push_str(&zeros(missing));
    out.push_str(tail);
    out
}
