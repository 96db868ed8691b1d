//! A set of texts, and of their beginnings, ends and parts, that stands for an alternation of them.
//!
//! Owns how such a set is held and looked into: sorted, so that thousands of names cost what their
//! letters cost, and a look takes as many steps as their number has bits. What makes a pattern such a
//! set is decided in `alternatives.rs`. Pure; runs on the calling thread.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::alternatives::{Branch, Open};

/// Kinds of texts in a set, each of which is looked for by itself. Names of one network come in a few lengths,
/// so that their dots stand in a few places.
const KINDS: usize = 64;

/// What a value has to be, begin with, end in or contain one of.
#[derive(Debug)]
pub(super) struct Texts {
    kinds: Vec<(Kind, Sorted)>,
    parts: Box<[Branch]>,
}

/// Texts that are looked for together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Kind {
    place: Place,
    /// Which of their characters may be any; dots stand there. Of ends, counted from behind.
    dots: Vec<usize>,
}

/// Where in a value a text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Whole,
    Beginning,
    /// These are turned around, so that they are beginnings as well.
    End,
}

/// Texts in their order, one behind the other.
#[derive(Debug)]
struct Sorted {
    bytes: Box<[u8]>,
    entries: Box<[Entry]>,
}

/// One of them.
#[derive(Clone, Copy, Debug)]
struct Entry {
    end: u32,
    /// Whether something must stand behind it.
    wants_more: bool,
}

impl Texts {
    /// The set that these branches are; `None` if they are too different from one another.
    pub(super) fn new(branches: Vec<Branch>) -> Option<Self> {
        let mut kinds: BTreeMap<Kind, Vec<(String, bool)>> = BTreeMap::new();
        let mut parts = Vec::new();
        for branch in branches {
            let Some(kind) = Kind::of(&branch) else {
                if !branch.dots.is_empty() {
                    return None;
                }
                parts.push(branch);
                continue;
            };
            let wants_more = branch.start == Open::Some || branch.end == Open::Some;
            let text = kind.place.turned(&branch.text).into_owned();
            kinds.entry(kind).or_default().push((text, wants_more));
        }
        let sorted = |(kind, texts): (Kind, Vec<_>)| {
            let sorted = Sorted::of(texts, kind.place);
            (kind, sorted)
        };
        let kinds: Vec<_> = kinds.into_iter().map(sorted).collect();
        (kinds.len() <= KINDS).then_some(Texts {
            kinds,
            parts: parts.into(),
        })
    }

    /// Whether `value` is one of these texts; `None` if finding out takes more than `steps`.
    pub(super) fn is_match(&self, value: &str, steps: usize) -> Option<bool> {
        // Neither a literal nor a dot stands for the end of a line.
        if value.contains('\n') {
            return Some(false);
        }
        let mut looks = self.kinds.iter();
        if looks.any(|(kind, texts)| texts.hold(kind, value)) {
            return Some(true);
        }
        if self.parts.len().saturating_mul(value.len()) > steps {
            return None;
        }
        Some(self.parts.iter().any(|part| is_part(part, value)))
    }

    /// Bytes of memory that it takes.
    pub(super) fn bytes(&self) -> usize {
        let kinds = self.kinds.iter().map(|(kind, texts)| {
            size_of::<(Kind, Sorted)>() + size_of_val(&*kind.dots) + texts.size()
        });
        let parts = self.parts.iter();
        let parts = parts.map(|part| size_of::<Branch>() + part.text.len());
        size_of::<Texts>() + kinds.sum::<usize>() + parts.sum::<usize>()
    }
}

impl Kind {
    /// Of a branch that is not open at both ends.
    fn of(branch: &Branch) -> Option<Self> {
        let place = match (branch.start, branch.end) {
            (Open::Closed, Open::Closed) => Place::Whole,
            (Open::Closed, _) => Place::Beginning,
            (_, Open::Closed) => Place::End,
            _ => return None,
        };
        let mut dots = branch.dots.clone();
        if place == Place::End && !dots.is_empty() {
            let last = branch.text.chars().count() - 1;
            dots = dots.into_iter().rev().map(|dot| last - dot).collect();
        }
        Some(Kind { place, dots })
    }

    /// What stands in this kind's place for `value`.
    fn key<'v>(&self, value: &'v str) -> Cow<'v, str> {
        let turned = self.place.turned(value);
        if self.dots.is_empty() {
            return turned;
        }
        let mut dots = self.dots.iter().peekable();
        let masked = turned.chars().enumerate().map(|(index, c)| {
            let is_dot = dots.next_if_eq(&&index).is_some();
            if is_dot { '.' } else { c }
        });
        Cow::Owned(masked.collect())
    }
}

impl Place {
    fn turned(self, text: &str) -> Cow<'_, str> {
        match self {
            Place::Whole | Place::Beginning => Cow::Borrowed(text),
            Place::End => Cow::Owned(text.chars().rev().collect()),
        }
    }
}

impl Sorted {
    /// Sorts `texts` and leaves out those that another one covers.
    fn of(mut texts: Vec<(String, bool)>, place: Place) -> Self {
        texts.sort_unstable();
        texts.dedup_by(|(text, _), (kept, _)| match place {
            Place::Whole => text == kept,
            Place::Beginning | Place::End => text.starts_with(&**kept),
        });
        let mut bytes = Vec::with_capacity(texts.iter().map(|(text, _)| text.len()).sum());
        let entries = texts.into_iter().map(|(text, wants_more)| {
            bytes.extend_from_slice(text.as_bytes());
            let end = u32::try_from(bytes.len()).expect("a pattern has fewer bytes");
            Entry { end, wants_more }
        });
        let entries = entries.collect();
        Sorted {
            bytes: bytes.into(),
            entries,
        }
    }

    fn text(&self, index: usize) -> &[u8] {
        let start = index.checked_sub(1);
        let start = start.map_or(0, |before| self.entries[before].end as usize);
        &self.bytes[start..self.entries[index].end as usize]
    }

    /// The last that is not greater than `value`.
    fn last_up_to(&self, value: &[u8]) -> Option<usize> {
        let (mut low, mut high) = (0, self.entries.len());
        while low < high {
            let middle = low.midpoint(high);
            if self.text(middle) <= value {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low.checked_sub(1)
    }

    /// Whether `value` is one of them, or begins with one where that is enough. None begins another then, so
    /// that only the last that is not greater can be it.
    fn hold(&self, kind: &Kind, value: &str) -> bool {
        let key = kind.key(value);
        let key = key.as_bytes();
        self.last_up_to(key).is_some_and(|index| {
            let text = self.text(index);
            match kind.place {
                Place::Whole => key == text,
                Place::Beginning | Place::End => {
                    let has_more = key.len() > text.len();
                    key.starts_with(text) && (has_more || !self.entries[index].wants_more)
                }
            }
        })
    }

    fn size(&self) -> usize {
        self.bytes.len() + size_of_val(&*self.entries)
    }
}

/// Whether `part` stands in `value`, with as much around it as it wants.
fn is_part(part: &Branch, value: &str) -> bool {
    let mut inner = value.chars();
    if part.start == Open::Some && inner.next().is_none() {
        return false;
    }
    if part.end == Open::Some && inner.next_back().is_none() {
        return false;
    }
    inner.as_str().contains(&part.text)
}
