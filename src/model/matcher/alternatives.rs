//! Recognizes patterns that are lists of names: `a|b`, `web-(1|2)\.example\.com`, `node-1\..+|node-2\..+`.
//!
//! Owns the choice of patterns that need no regex: alternatives of literal text, grouped or not, possibly
//! with unescaped dots, and open by `.*` or `.+` at the beginning or end. They are parsed here and not by
//! the regex crates, whose syntax tree takes a hundred times the bytes of the pattern, and far longer to
//! build than the resulting set. All other patterns are left to those crates, including invalid ones. Pure;
//! runs on the calling thread.

use std::iter::Peekable;
use std::str::Chars;

use crate::limits;

/// The maximum nesting of groups; patterns in practice have one level.
const OPEN_GROUPS: usize = 8;

/// What may precede or follow the text of a branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Open {
    /// Nothing may.
    Closed,
    /// `.*`
    Any,
    /// `.+`
    Some,
}

/// One alternative. If its text is empty, only its start may be open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Branch {
    /// What may precede the text.
    pub(super) start: Open,
    /// The literal text.
    pub(super) text: String,
    /// The indices of its unescaped dots, which match any character but a line end.
    pub(super) dots: Vec<usize>,
    /// What may follow the text.
    pub(super) end: Open,
}

/// The alternatives of `pattern`; `None` if it is not such a list, or is too large.
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
    /// The bytes of all branches built so far, including discarded ones.
    bytes: usize,
}

impl Reader<'_> {
    fn alternation(&mut self, groups: usize) -> Option<Vec<Branch>> {
        let mut all = Vec::new();
        loop {
            // Anchors have no effect at the ends of the whole text.
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

    /// Takes a dot, which may be repeated.
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

    /// Takes a literal character; `None` for any other. Repetition operators are not literal, so the next
    /// call refuses a repeated character.
    fn literal(&mut self) -> Option<char> {
        match self.rest.next()? {
            '\\' => self.rest.next().filter(char::is_ascii_punctuation),
            '*' | '+' | '?' | '{' | '[' | '^' | '\n' => None,
            c => Some(c),
        }
    }

    /// Every concatenation of one of `starts` and one of `ends`.
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

    /// Counts a branch of this size; `None` beyond the limit.
    fn count(&mut self, bytes: usize) -> Option<()> {
        self.bytes += bytes + size_of::<u64>();
        (self.bytes <= limits::REGEX_BYTES).then_some(())
    }

    fn eat(&mut self, wanted: char) -> bool {
        self.rest.next_if_eq(&wanted).is_some()
    }
}

impl Branch {
    /// The branch of the empty text.
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

    /// The concatenation of this and `next`; `None` if it would be open in the middle.
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
