//! A set of texts, prefixes, suffixes and substrings: the compiled form of an alternation of them.
//!
//! Owns the storage and the look-up of such a set: it is sorted, so that thousands of names take only the
//! bytes of their letters, and a look-up is a binary search. `alternatives.rs` decides which patterns are
//! such a set. Pure; runs on the calling thread.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::alternatives::{Branch, Open};

/// The maximum number of kinds of texts in a set, each of which is searched separately. The names of one
/// network have few different lengths, so that their dots are at few different positions.
const KINDS: usize = 64;

/// The texts of which a value must equal, begin with, end with or contain one.
#[derive(Debug)]
pub(super) struct Texts {
    kinds: Vec<(Kind, Sorted)>,
    parts: Box<[Branch]>,
}

/// Texts that are searched together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Kind {
    place: Place,
    /// The positions of dots, which match any character. For suffixes, counted from the end.
    dots: Vec<usize>,
}

/// The part of a value that a text must match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Whole,
    Beginning,
    /// The end. These texts are stored reversed, so that they are searched like prefixes.
    End,
}

/// Sorted texts, one after the other in one buffer.
#[derive(Debug)]
struct Sorted {
    bytes: Box<[u8]>,
    entries: Box<[Entry]>,
}

/// One text of the buffer.
#[derive(Clone, Copy, Debug)]
struct Entry {
    end: u32,
    /// Whether at least one more character must follow it.
    wants_more: bool,
}

impl Texts {
    /// The set of these branches; `None` if they have too many different kinds.
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

    /// Whether `value` matches one of these texts; `None` if the search takes more than `steps`.
    pub(super) fn is_match(&self, value: &str, steps: usize) -> Option<bool> {
        // Neither a literal nor a dot matches a line end.
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

    /// The memory that it takes, in bytes.
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
    /// The kind of a branch; `None` if the branch is open at both ends.
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

    /// The search key of `value` for this kind.
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
    /// Sorts `texts` and removes those that another one covers.
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

    /// The index of the last text that is not greater than `value`.
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

    /// Whether `value` equals one of them, or begins with one of them if these are prefixes. No prefix begins
    /// with another one, so that only the last text that is not greater can match.
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

/// Whether `value` contains `part`, with the required characters around it.
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
