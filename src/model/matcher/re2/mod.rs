//! Translates regular expressions from RE2's syntax, as Go reads it, for the `regex` crate.
//!
//! Owns the differences between the two. Reads every pattern as Go's parser does, reports errors in Go's
//! words, and writes a pattern that means the same to the crate:
//! - `\d \w \s \b` and their negations are ASCII, everything else is Unicode;
//! - a character that is literal in RE2 is also literal in the crate (`&&`, `--` and `~~` in classes, `{,5}`,
//!   `\<`), and groups of matchers do not capture, because their matches are never used;
//! - nested repetitions multiply to at most 1000, and a repetition cannot be repeated directly (`a**`).
//!
//! Remaining differences: RE2 limits the program to some 3 million instructions and the nesting to 1000,
//! alertwheel to [`limits::REGEX_BYTES`] and [`DEPTH`]; the versions of the Unicode tables may differ. Never
//! matches anything itself. Pure; runs on the calling thread.

mod class;
mod cursor;
mod escape;
mod flags;

use regex::{Regex, RegexBuilder};
use regex_automata::nfa::thompson::{Compiler, Config, NFA, WhichCaptures};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind};

use crate::limits;

use class::ClassReader;
use cursor::{Cursor, Reason};
use escape::{Code, push_literal, take_escape};
use flags::Flags;

pub(super) use cursor::Fault;

/// The maximum number of nested groups, as in Go. Most groups cause no nesting in the translation.
const OPEN_GROUPS: usize = 1000;

/// The nesting limit of the crate's parser that admits [`OPEN_GROUPS`]: each group may contain an alternation
/// of concatenations of repetitions. This parser does not recurse.
const NESTING: u32 = 5 * OPEN_GROUPS as u32;

/// The maximum nesting of alternations and repetitions in the translation. Each counts as two, with the
/// concatenation in it. The crate compiles them recursively: a pattern of this depth takes up to 128 KiB of
/// stack (2 MiB without optimisation), and the smallest thread that compiles has 512 KiB.
const DEPTH: u32 = 150;

/// The estimated size of a range of characters in a class. Its part of a program takes 5 to 270 bytes.
const RANGE_BYTES: usize = 12;

/// The maximum product of nested repetitions.
const REPETITIONS: u32 = 1000;

/// The compiled program of a matcher.
#[derive(Debug)]
pub(super) struct Compiled {
    /// The program, which matches only whole texts.
    pub(super) program: NFA,
    /// The size that counts against limits: its bytes, or more if compiling it took more work.
    pub(super) bytes: usize,
}

/// Compiles `value` into a program that matches only whole texts.
pub(super) fn compile_anchored(value: &str) -> Result<Compiled, Fault> {
    let whole = format!("^(?:{value})$");
    let fault = |reason| Fault::of(reason, &whole);
    if whole.len() > limits::REGEX_TEXT_BYTES {
        return Err(fault(Reason::TooLarge));
    }
    let mut translator = Translator::new(&whole, Captures::Dropped);
    translator.translate()?;
    let mut parser = ParserBuilder::new().nest_limit(NESTING).build();
    // The translation is valid syntax, so the parser can fail only because of the depth.
    let parsed = parser.parse(&translator.out);
    let parsed = parsed.map_err(|_| fault(Reason::TooDeep))?;
    let counted = class_bytes(&parsed).max(translator.classes.work());
    if counted > limits::REGEX_BYTES {
        return Err(fault(Reason::TooLarge));
    }
    let config = Config::new()
        .which_captures(WhichCaptures::None)
        .nfa_size_limit(Some(limits::REGEX_BYTES));
    let compiled = Compiler::new().configure(config).build_from_hir(&parsed);
    let program = compiled.map_err(|_| fault(Reason::TooLarge))?;
    Ok(Compiled {
        bytes: program.memory_usage().max(counted),
        program,
    })
}

/// The estimated size of the classes in `parsed`, each multiplied by its repetitions. The estimate refuses
/// repetitions of large classes in a fiftieth of the time that compiling up to the limit would take.
fn class_bytes(parsed: &Hir) -> usize {
    match parsed.kind() {
        HirKind::Class(Class::Unicode(class)) => class.ranges().len() * RANGE_BYTES,
        HirKind::Repetition(repetition) => {
            let copies = repetition.max.unwrap_or(repetition.min).max(1);
            class_bytes(&repetition.sub).saturating_mul(copies as usize)
        }
        HirKind::Capture(capture) => class_bytes(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts
            .iter()
            .fold(0, |sum, part| sum.saturating_add(class_bytes(part))),
        _ => 0,
    }
}

/// Compiles `pattern` for searches anywhere in a text. Its groups capture, but by number only. The group
/// names are returned beside the regex, empty for unnamed groups, because in Go several groups may share a
/// name and a name may begin with a digit.
pub(super) fn compile_search(pattern: &str) -> Result<(Regex, Vec<String>), Fault> {
    let fault = |reason| Fault::of(reason, pattern);
    if pattern.len() > limits::REGEX_TEXT_BYTES {
        return Err(fault(Reason::TooLarge));
    }
    let mut translator = Translator::new(pattern, Captures::Kept);
    translator.translate()?;
    let built = RegexBuilder::new(&translator.out)
        .size_limit(limits::REGEX_BYTES)
        .nest_limit(NESTING)
        .build();
    let regex = built.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => fault(Reason::TooLarge),
        _ => fault(Reason::TooDeep),
    })?;
    Ok((regex, translator.group_names))
}

/// Checks the syntax of `value`; its compiled size is known only after compiling.
pub(super) fn check(value: &str) -> Result<(), Fault> {
    if value.len() > limits::REGEX_BYTES {
        return Err(Fault::of(Reason::TooLarge, value));
    }
    Translator::new(value, Captures::Dropped).translate()
}

/// Whether the matched parts are used: then groups must capture, and greediness matters. A matcher only
/// tests whether a whole text matches, so neither matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Captures {
    Kept,
    Dropped,
}

/// Reads a pattern from front to end and writes the translation.
struct Translator<'a> {
    whole: &'a str,
    captures: Captures,
    cursor: Cursor<'a>,
    classes: ClassReader,
    out: String,
    flags: Flags,
    /// The names of the groups that capture, in their order.
    group_names: Vec<String>,
    /// The groups around the current position; the first is the pattern itself.
    groups: Vec<Group>,
    /// The operand of a repetition at this position.
    operand: Option<Operand>,
    /// The start of the repetition that ends here.
    repetition: Option<Cursor<'a>>,
}

/// An open group.
struct Group {
    /// Its offset in the output.
    start: usize,
    /// The flags to restore at its end.
    outer_flags: Flags,
    /// The largest weight of its parts so far.
    weight: u32,
    /// The largest depth of its parts so far.
    depth: u32,
    /// Whether it has more than one branch.
    is_alternation: bool,
}

impl Group {
    /// The depth that the group itself adds: none if it only groups.
    fn own_depth(&self, captures: Captures) -> u32 {
        let alternation = if self.is_alternation { 2 } else { 0 };
        self.depth + alternation + u32::from(captures == Captures::Kept)
    }
}

/// The last written item.
#[derive(Clone, Copy)]
struct Operand {
    start: usize,
    end: usize,
    /// The number of copies that its nested repetitions multiply to.
    weight: u32,
    /// The depth of its parts.
    depth: u32,
    is_repeated: bool,
}

impl<'a> Translator<'a> {
    fn new(whole: &'a str, captures: Captures) -> Self {
        let pattern = Group {
            start: 0,
            outer_flags: Flags::default(),
            weight: 0,
            depth: 0,
            is_alternation: false,
        };
        Translator {
            whole,
            captures,
            cursor: Cursor::new(whole),
            classes: ClassReader::default(),
            out: String::with_capacity(whole.len() + whole.len() / 2),
            flags: Flags::default(),
            group_names: Vec::new(),
            groups: vec![pattern],
            operand: None,
            repetition: None,
        }
    }

    fn translate(&mut self) -> Result<(), Fault> {
        while let Some(c) = self.cursor.peek() {
            let previous = self.repetition.take();
            match c {
                '(' if self.cursor.rest().starts_with("(?") => self.take_perl_group()?,
                '(' => {
                    self.cursor.next();
                    self.open_capture("")?;
                }
                ')' => self.close_group()?,
                '|' => self.alternate(),
                '^' | '$' | '.' => {
                    self.cursor.next();
                    self.write(|out| out.push(c));
                }
                '[' => self.take_class()?,
                '*' | '+' | '?' => self.take_repetition(previous)?,
                '{' => self.take_counted_repetition(previous)?,
                '\\' => self.take_backslash()?,
                c => {
                    self.cursor.next();
                    self.write_literal(c.into());
                }
            }
        }
        if self.groups.len() > 1 {
            return Err(self.fault_in_whole(Reason::MissingParenthesis));
        }
        self.settle_operand();
        if self.groups[0].depth > DEPTH {
            return Err(self.fault_in_whole(Reason::TooDeep));
        }
        if self.classes.work() > limits::REGEX_BYTES {
            return Err(self.fault_in_whole(Reason::TooLarge));
        }
        Ok(())
    }

    fn fault_in_whole(&self, reason: Reason) -> Fault {
        Fault::of(reason, self.whole)
    }

    /// Writes an item that may be repeated.
    fn write(&mut self, write: impl FnOnce(&mut String)) {
        let start = self.out.len();
        write(&mut self.out);
        self.set_operand(start, 1, 0);
    }

    fn write_literal(&mut self, code: Code) {
        self.write(|out| push_literal(out, code));
    }

    fn set_operand(&mut self, start: usize, weight: u32, depth: u32) {
        self.settle_operand();
        self.operand = Some(Operand {
            start,
            end: self.out.len(),
            weight,
            depth,
            is_repeated: false,
        });
    }

    /// Accounts for the last item, which can no longer be repeated, so its weight is final.
    fn settle_operand(&mut self) {
        if let (Some(operand), Some(group)) = (self.operand.take(), self.groups.last_mut()) {
            group.weight = group.weight.max(operand.weight);
            group.depth = group.depth.max(operand.depth);
        }
    }

    fn alternate(&mut self) {
        self.cursor.next();
        self.settle_operand();
        if let Some(group) = self.groups.last_mut() {
            group.is_alternation = true;
        }
        self.out.push('|');
    }

    /// Begins a group, which captures if captures are used.
    fn open_capture(&mut self, name: &str) -> Result<(), Fault> {
        match self.captures {
            Captures::Dropped => self.open_group(self.flags),
            Captures::Kept => {
                self.enter_group()?;
                self.group_names.push(name.to_owned());
                self.out.push('(');
                Ok(())
            }
        }
    }

    /// Begins a group with `flags` in effect; the cursor is already in it.
    fn open_group(&mut self, flags: Flags) -> Result<(), Fault> {
        self.enter_group()?;
        self.flags = flags;
        self.out.push_str(&flags.spelled());
        self.out.push(':');
        Ok(())
    }

    fn enter_group(&mut self) -> Result<(), Fault> {
        self.settle_operand();
        if self.groups.len() > OPEN_GROUPS {
            return Err(self.fault_in_whole(Reason::TooDeep));
        }
        self.groups.push(Group {
            start: self.out.len(),
            outer_flags: self.flags,
            weight: 0,
            depth: 0,
            is_alternation: false,
        });
        Ok(())
    }

    fn close_group(&mut self) -> Result<(), Fault> {
        self.settle_operand();
        if self.groups.len() == 1 {
            return Err(self.fault_in_whole(Reason::UnexpectedParenthesis));
        }
        self.cursor.next();
        self.out.push(')');
        if let Some(group) = self.groups.pop() {
            self.flags = group.outer_flags;
            self.set_operand(group.start, group.weight, group.own_depth(self.captures));
        }
        Ok(())
    }

    /// Takes a construct that begins with `(?`: a named group, or flags for a group or for the rest.
    fn take_perl_group(&mut self) -> Result<(), Fault> {
        let start = self.cursor;
        self.cursor.eat("(?");
        if self.cursor.eat("<") || self.cursor.eat("P<") {
            let Some(name) = self.cursor.take_until(">") else {
                return Err(start.fault_in_rest(Reason::BadCapture));
            };
            let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
            if name.is_empty() || !name.bytes().all(is_word) {
                return Err(self.cursor.fault_since(start, Reason::BadCapture));
            }
            return self.open_capture(name);
        }
        let Some((flags, end)) = Flags::take(&mut self.cursor, self.flags) else {
            return Err(self.cursor.fault_since(start, Reason::BadFlags));
        };
        if end == ':' {
            return self.open_group(flags);
        }
        // The operand stays: in RE2, flags between an item and its repetition do not separate them.
        self.flags = flags;
        self.out.push_str(&flags.spelled());
        self.out.push(')');
        Ok(())
    }

    fn take_class(&mut self) -> Result<(), Fault> {
        let start = self.out.len();
        self.classes.folds_case = self.flags.folds_case();
        self.classes
            .take_bracketed(&mut self.cursor, &mut self.out)?;
        self.set_operand(start, 1, 0);
        Ok(())
    }

    fn take_backslash(&mut self) -> Result<(), Fault> {
        let start = self.cursor;
        for (assertion, spelled) in [
            (r"\A", r"\A"),
            (r"\z", r"\z"),
            (r"\b", r"(?-u:\b)"),
            (r"\B", r"(?-u:\B)"),
        ] {
            if self.cursor.eat(assertion) {
                self.write(|out| out.push_str(spelled));
                return Ok(());
            }
        }
        if self.cursor.eat(r"\C") {
            return Err(self.cursor.fault_since(start, Reason::BadEscape));
        }
        if self.cursor.eat(r"\Q") {
            self.take_quoted();
            return Ok(());
        }
        let out_start = self.out.len();
        let is_class = self.classes.take_escaped(&mut self.cursor, &mut self.out)?;
        if is_class {
            self.set_operand(out_start, 1, 0);
        } else {
            let code = take_escape(&mut self.cursor)?;
            self.write_literal(code);
        }
        Ok(())
    }

    /// Takes literal text up to `\E`, or to the end of the pattern.
    fn take_quoted(&mut self) {
        let literal = self.cursor.take_until(r"\E").unwrap_or_else(|| {
            let rest = self.cursor.rest();
            self.cursor.eat(rest);
            rest
        });
        for c in literal.chars() {
            self.write_literal(c.into());
        }
    }

    fn take_repetition(&mut self, previous: Option<Cursor<'a>>) -> Result<(), Fault> {
        let start = self.cursor;
        self.cursor.next();
        let operator = self.cursor.since(start);
        self.repeat(operator, 1, start, previous)
    }

    /// Takes `{2}`, `{2,}` or `{2,3}`; any other brace is a literal.
    fn take_counted_repetition(&mut self, previous: Option<Cursor<'a>>) -> Result<(), Fault> {
        let start = self.cursor;
        let Some((least, most)) = take_counts(&mut self.cursor) else {
            self.cursor = start;
            self.cursor.next();
            self.write_literal('{'.into());
            return Ok(());
        };
        let operator = self.cursor.since(start);
        let most_or_least = most.unwrap_or(least);
        if least > REPETITIONS || most_or_least > REPETITIONS || most_or_least < least {
            return Err(self.cursor.fault_since(start, Reason::BadRepeatCount));
        }
        let copies = if most == Some(0) {
            0
        } else {
            most_or_least.max(1)
        };
        self.repeat(operator, copies, start, previous)
    }

    /// Repeats the operand. `copies` is the weight of the repetition, 0 if it removes the operand; `previous`
    /// is the start of a directly preceding repetition.
    fn repeat(
        &mut self,
        operator: &str,
        copies: u32,
        start: Cursor<'a>,
        previous: Option<Cursor<'a>>,
    ) -> Result<(), Fault> {
        let is_lazy = self.cursor.eat("?") != self.flags.swaps_greed;
        if let Some(previous) = previous {
            return Err(self.cursor.fault_since(previous, Reason::RepeatedRepeat));
        }
        let Some(mut operand) = self.operand else {
            return Err(self.cursor.fault_since(start, Reason::MissingArgument));
        };
        operand.weight = operand.weight.max(1).saturating_mul(copies);
        if copies > 1 && operand.weight > REPETITIONS {
            return Err(self.cursor.fault_since(start, Reason::BadRepeatCount));
        }
        if operand.is_repeated {
            if operand.depth > DEPTH {
                return Err(self.fault_in_whole(Reason::TooDeep));
            }
            self.out.insert(operand.end, ')');
            self.out.insert_str(operand.start, "(?:");
            operand.end += "(?:)".len();
        }
        operand.depth += 2;
        let greed = match self.captures {
            Captures::Kept if is_lazy => "?",
            _ => "",
        };
        let spelled = format!("{operator}{greed}");
        self.out.insert_str(operand.end, &spelled);
        operand.end += spelled.len();
        operand.is_repeated = true;
        self.operand = Some(operand);
        self.repetition = Some(start);
        Ok(())
    }
}

/// Takes the minimum and maximum of a counted repetition; `None` if it is not one.
fn take_counts(cursor: &mut Cursor<'_>) -> Option<(u32, Option<u32>)> {
    cursor.eat("{");
    let least = take_count(cursor)?;
    let most = if !cursor.eat(",") {
        Some(least)
    } else if cursor.peek() == Some('}') {
        None
    } else {
        Some(take_count(cursor)?)
    };
    cursor.eat("}").then_some((least, most))
}

/// Takes a number without leading zeros. A number that does not fit counts as the largest one.
fn take_count(cursor: &mut Cursor<'_>) -> Option<u32> {
    let start = *cursor;
    while cursor.peek().is_some_and(|c| c.is_ascii_digit()) {
        cursor.next();
    }
    let digits = cursor.since(start);
    let has_leading_zero = digits.len() > 1 && digits.starts_with('0');
    if digits.is_empty() || has_leading_zero {
        return None;
    }
    Some(digits.parse().unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests;
