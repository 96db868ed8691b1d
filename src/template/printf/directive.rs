//! PURE. Reads one directive of a format: `%[1]-8.3s`.
//!
//! Owns widths, precisions and indices, which are literal or taken from the arguments, and Go's messages
//! about invalid ones. Called on send threads and on the thread that loads the configuration.

use super::Flags;
use crate::template::value::Value;

/// The largest width and precision of an argument. A literal number beyond it ends the reading of digits.
const LARGEST: usize = 1_000_000;

/// A directive after its percent sign.
pub(super) struct Directive<'f> {
    rest: &'f str,
    arguments: &'f [Value],
    next: usize,
    is_reordered: bool,
    /// Whether an index is misplaced, or refers to no argument.
    is_misplaced: bool,
    /// Whether an index was read just before.
    is_behind_index: bool,
    faults: Vec<&'static str>,
}

impl<'f> Directive<'f> {
    /// A directive at the start of `rest`, with the arguments of the whole format and the index of the next
    /// one.
    pub(super) fn new(rest: &'f str, arguments: &'f [Value], next: usize) -> Self {
        Directive {
            rest,
            arguments,
            next,
            is_reordered: false,
            is_misplaced: false,
            is_behind_index: false,
            faults: Vec::new(),
        }
    }

    /// The format after the directive.
    pub(super) fn rest(&self) -> &'f str {
        self.rest
    }

    /// The position of the argument that its verb prints.
    pub(super) fn next_argument(&self) -> usize {
        self.next
    }

    /// Whether it refers to arguments by index.
    pub(super) fn is_reordered(&self) -> bool {
        self.is_reordered
    }

    /// Whether an index is misplaced, or refers to no argument.
    pub(super) fn is_misplaced(&self) -> bool {
        self.is_misplaced
    }

    /// The fault messages to print before its verb.
    pub(super) fn faults(&self) -> &[&'static str] {
        &self.faults
    }

    /// Takes flags, width, precision and verb; `None` if the format ends before that.
    pub(super) fn take(&mut self, flags: &mut Flags) -> Option<char> {
        self.take_signs(flags);
        self.take_index();
        self.take_width(flags);
        // A point at the end of the format is the verb.
        if self.rest.len() > 1 && self.eat('.') {
            self.take_precision(flags);
        }
        if !self.is_behind_index {
            self.take_index();
        }
        let verb = self.rest.chars().next()?;
        self.rest = &self.rest[verb.len_utf8()..];
        Some(verb)
    }

    fn eat(&mut self, sign: char) -> bool {
        match self.rest.strip_prefix(sign) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn take_signs(&mut self, flags: &mut Flags) {
        while let Some(sign) = self.rest.chars().next() {
            match sign {
                '#' => flags.sharp = true,
                '0' => flags.zero = true,
                '+' => flags.plus = true,
                '-' => flags.minus = true,
                ' ' => flags.space = true,
                _ => return,
            }
            self.rest = &self.rest[1..];
        }
    }

    fn take_width(&mut self, flags: &mut Flags) {
        if self.eat('*') {
            self.is_behind_index = false;
            match self.take_argument() {
                None => self.faults.push("%!(BADWIDTH)"),
                Some(width) => {
                    flags.width = usize::try_from(width.unsigned_abs()).ok();
                    if width < 0 {
                        flags.minus = true;
                        flags.zero = false;
                    }
                }
            }
            return;
        }
        flags.width = self.take_number();
        self.is_misplaced |= self.is_behind_index && flags.width.is_some();
    }

    fn take_precision(&mut self, flags: &mut Flags) {
        self.is_misplaced |= self.is_behind_index;
        self.take_index();
        if !self.eat('*') {
            flags.precision = Some(self.take_number().unwrap_or(0));
            return;
        }
        self.is_behind_index = false;
        // A negative precision counts as none, and is a fault.
        let precision = self.take_argument();
        flags.precision = precision.and_then(|precision| usize::try_from(precision).ok());
        if flags.precision.is_none() {
            self.faults.push("%!(BADPREC)");
        }
    }

    /// Takes an argument; `None` unless it is a whole number that is not too large.
    fn take_argument(&mut self) -> Option<i64> {
        let argument = self.arguments.get(self.next)?;
        self.next += 1;
        match argument {
            Value::Int(number) | Value::Duration(number) | Value::Named(_, number) => {
                Some(*number).filter(|number| number.unsigned_abs() <= LARGEST as u64)
            }
            _ => None,
        }
    }

    /// Takes digits. A number that is too large yields `None`, and the format after it is lost.
    fn take_number(&mut self) -> Option<usize> {
        let (number, length) = read_number(self.rest);
        self.rest = &self.rest[length..];
        number
    }

    /// Takes an index such as `[2]`.
    fn take_index(&mut self) {
        self.is_behind_index = false;
        let Some(inner) = self.rest.strip_prefix('[') else {
            return;
        };
        self.is_reordered = true;
        let end = inner.find(']').filter(|_| self.rest.len() >= 3);
        let Some(end) = end else {
            // An invalid index: only the bracket is taken.
            self.rest = inner;
            self.is_misplaced = true;
            return;
        };
        let (number, length) = read_number(&inner[..end]);
        self.rest = &inner[end + 1..];
        let Some(number) = number.filter(|_| length == end) else {
            self.is_misplaced = true;
            return;
        };
        self.is_behind_index = true;
        match number.checked_sub(1) {
            Some(index) if index < self.arguments.len() => self.next = index,
            _ => self.is_misplaced = true,
        }
    }
}

/// The number at the start of `text`, and its length. A number that is too large takes the whole text.
fn read_number(text: &str) -> (Option<usize>, usize) {
    let mut number = None;
    for (position, byte) in text.bytes().enumerate() {
        if !byte.is_ascii_digit() {
            return (number, position);
        }
        if number.is_some_and(|number| number > LARGEST) {
            return (None, text.len());
        }
        number = Some(number.unwrap_or(0) * 10 + usize::from(byte - b'0'));
    }
    (number, text.len())
}
