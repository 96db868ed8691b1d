//! Patterns that are lists of names: `a|b`, `web-(1|2)\.example\.com`, `node-1\..+|node-2\..+`.
//!
//! Owns which patterns need no regex: alternatives of literal text, in groups or not, with dots in it that
//! nobody escaped, open by `.*` or `.+` at their beginning or end. They are read here and not by the regex crates, whose tree of a pattern takes
//! a hundred times its bytes and far longer to make than the set that comes of it. Whatever is not plainly
//! such a list is left to them, faults included. Pure; runs on the calling thread.

use std::iter::Peekable;
use std::str::Chars;

use crate::limits;

/// Groups that may stand in one another; people write one.
const OPEN_GROUPS: usize = 8;

/// What stands before or behind the text of a branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Open {
    /// Nothing.
    Closed,
    /// `.*`
    Any,
    /// `.+`
    Some,
}

/// One alternative. If its text is empty, only its start may be open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Branch {
    /// What stands before it.
    pub(super) start: Open,
    /// The literal text.
    pub(super) text: String,
    /// Which of its characters, all of them dots, stand for any but the end of a line.
    pub(super) dots: Vec<usize>,
    /// What stands behind it.
    pub(super) end: Open,
}

/// The alternatives that `pattern` consists of; `None` if it is no such list, or too large a one.
pub(super) fn alternatives(pattern: &str) -> Option<Vec<Branch>> {
    let mut reader = Reader {
        rest: pattern.chars().peekable(),
        bytes: 0,
    };
    let branches = reader.alternation(0)?;
    reader.rest.next().is_none().then_some(branches)
}

struct Reader<'p> {
    rest: Peekable<Chars<'p>>,
    /// What the branches made so far take, those included that are no more.
    bytes: usize,
}

impl Reader<'_> {
    fn alternation(&mut self, groups: usize) -> Option<Vec<Branch>> {
        let mut all = Vec::new();
        loop {
            // Anchors change nothing at the ends of the whole text.
            if groups == 0 {
                self.eat('^');
            }
            all.append(&mut self.concatenation(groups)?);
            if groups == 0 && self.eat('$') && !matches!(self.rest.peek(), None | Some('|')) {
                return None;
            }
            if !self.eat('|') {
                return Some(all);
            }
        }
    }

    fn concatenation(&mut self, groups: usize) -> Option<Vec<Branch>> {
        let mut made = vec![Branch::literal()];
        self.count(0)?;
        loop {
            match *self.rest.peek().unwrap_or(&'|') {
                '|' | ')' | '$' => return Some(made),
                '(' => {
                    let inner = self.group(groups)?;
                    made = self.joined(&made, &inner)?;
                }
                '.' => {
                    let dot = self.dot();
                    made = self.joined(&made, &[dot])?;
                }
                _ => {
                    let c = self.literal()?;
                    for branch in &mut made {
                        branch.push(c)?;
                        self.bytes += c.len_utf8();
                    }
                    self.count(0)?;
                }
            }
        }
    }

    fn group(&mut self, groups: usize) -> Option<Vec<Branch>> {
        self.eat('(');
        if groups == OPEN_GROUPS || self.eat('?') && !self.eat(':') {
            return None;
        }
        let inner = self.alternation(groups + 1)?;
        self.eat(')').then_some(inner)
    }

    /// A dot, which may be repeated.
    fn dot(&mut self) -> Branch {
        self.eat('.');
        let literal = Branch::literal();
        if self.eat('*') {
            let start = Open::Any;
            return Branch { start, ..literal };
        }
        if self.eat('+') {
            let start = Open::Some;
            return Branch { start, ..literal };
        }
        Branch {
            text: ".".to_owned(),
            dots: vec![0],
            ..literal
        }
    }

    /// A character that stands for itself, and is not repeated: what repeats it is no literal.
    fn literal(&mut self) -> Option<char> {
        match self.rest.next()? {
            '\\' => self.rest.next().filter(char::is_ascii_punctuation),
            '*' | '+' | '?' | '{' | '[' | '^' | '\n' => None,
            c => Some(c),
        }
    }

    /// Each of `starts` with each of `ends` behind it.
    fn joined(&mut self, starts: &[Branch], ends: &[Branch]) -> Option<Vec<Branch>> {
        let mut joined = Vec::new();
        for start in starts {
            for end in ends {
                let both = start.followed_by(end)?;
                self.count(both.text.len() + size_of_val(&*both.dots))?;
                joined.push(both);
            }
        }
        Some(joined)
    }

    /// Counts a branch with so many bytes.
    fn count(&mut self, bytes: usize) -> Option<()> {
        self.bytes += bytes + size_of::<u64>();
        (self.bytes <= limits::REGEX_BYTES).then_some(())
    }

    fn eat(&mut self, wanted: char) -> bool {
        self.rest.next_if_eq(&wanted).is_some()
    }
}

impl Branch {
    /// The empty text.
    fn literal() -> Self {
        Branch {
            start: Open::Closed,
            text: String::new(),
            dots: Vec::new(),
            end: Open::Closed,
        }
    }

    fn push(&mut self, c: char) -> Option<()> {
        self.text.push(c);
        (self.end == Open::Closed).then_some(())
    }

    /// What matches this and then `next`; `None` if something open were in the middle.
    fn followed_by(&self, next: &Branch) -> Option<Branch> {
        let empty = Branch::literal();
        if *self == empty || *next == empty {
            let kept = if *next == empty { self } else { next };
            return Some(kept.clone());
        }
        let (end, is_open_only) = match (self.end, next.start) {
            (Open::Closed, Open::Closed) => (next.end, false),
            (Open::Closed, open) if next.text.is_empty() => (open, true),
            _ => return None,
        };
        if is_open_only && self.text.is_empty() {
            return None;
        }
        let before = self.text.chars().count();
        let behind = next.dots.iter().map(|dot| before + dot);
        Some(Branch {
            start: self.start,
            text: format!("{}{}", self.text, next.text),
            dots: self.dots.iter().copied().chain(behind).collect(),
            end,
        })
    }
}
