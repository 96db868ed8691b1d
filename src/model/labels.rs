//! A set of labels, packed into one allocation.
//!
//! Owns the representation: nobody outside this file knows it. A set never changes once built and
//! is cheap to clone, so groups, snapshots and jobs share it.

use std::fmt;
use std::sync::Arc;

use super::fingerprint::{Fingerprint, Fnv1a};

/// Sorted pairs of name and value with unique names.
///
/// All text stands in one `Arc<str>`: each piece is preceded by its length in five characters of
/// six bits. Two hundred thousand alerts then cost one allocation a set, and equal sets are equal
/// texts.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Labels {
    packed: Arc<str>,
}

/// Characters that a length takes.
const LENGTH_WIDTH: usize = 5;
/// The first of the 64 characters that stand for six bits each.
const LENGTH_BASE: u8 = b'0';

impl Labels {
    /// The set of these pairs; of pairs with the same name the last one stays.
    pub fn from_pairs<N, V>(pairs: impl IntoIterator<Item = (N, V)>) -> Self
    where
        N: AsRef<str>,
        V: AsRef<str>,
    {
        let mut pairs: Vec<(N, V)> = pairs.into_iter().collect();
        // The sort is stable, so that among equal names the last one given is the last of its run.
        pairs.sort_by(|(a, _), (b, _)| a.as_ref().cmp(b.as_ref()));
        let mut packed = String::with_capacity(packed_length(&pairs));
        for (index, (name, value)) in pairs.iter().enumerate() {
            let superseded = pairs
                .get(index + 1)
                .is_some_and(|(next, _)| next.as_ref() == name.as_ref());
            if !superseded {
                push_piece(&mut packed, name.as_ref());
                push_piece(&mut packed, value.as_ref());
            }
        }
        Labels {
            packed: packed.into(),
        }
    }

    /// The pairs in the order of their names.
    pub fn iter(&self) -> Pairs<'_> {
        Pairs { rest: &self.packed }
    }

    /// The value under `name`.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter()
            .find(|(other, _)| *other == name)
            .map(|(_, value)| value)
    }

    /// How many pairs there are.
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether there is no pair.
    pub fn is_empty(&self) -> bool {
        self.packed.is_empty()
    }

    /// Reads a byte of each part of the text that memory delivers at once, so that what reads all of
    /// it soon after need not wait. What comes back depends on each of them and means nothing.
    pub fn glance(&self) -> u64 {
        glance(&self.packed)
    }

    /// The pairs whose name `keep` accepts.
    #[must_use]
    pub fn select(&self, keep: impl Fn(&str) -> bool) -> Labels {
        Labels::from_pairs(self.iter().filter(|(name, _)| keep(name)))
    }

    /// FNV-1a over name, 0xFF, value, 0xFF of every pair (§2.4).
    pub fn fingerprint(&self) -> Fingerprint {
        fingerprint_of(self.iter())
    }

    /// The fingerprint that [`Labels::select`] would have, without building the set.
    pub fn fingerprint_of_selected(&self, keep: impl Fn(&str) -> bool) -> Fingerprint {
        fingerprint_of(self.iter().filter(|(name, _)| keep(name)))
    }
}

impl Default for Labels {
    fn default() -> Self {
        Labels {
            packed: Arc::from(""),
        }
    }
}

/// `{a="b", c="d"}`, values quoted as Go quotes them: the form of group keys (§2.5).
impl fmt::Display for Labels {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("{")?;
        for (index, (name, value)) in self.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(out, "{separator}{name}={}", super::go_quote(value))?;
        }
        out.write_str("}")
    }
}

impl fmt::Debug for Labels {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

/// The iterator behind [`Labels::iter`].
#[derive(Clone)]
pub struct Pairs<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Pairs<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        Some((take_piece(&mut self.rest), take_piece(&mut self.rest)))
    }
}

/// As [`Labels::glance`], of any text.
pub fn glance(text: &str) -> u64 {
    const DELIVERED_AT_ONCE: usize = 64;
    let bytes = text.as_bytes().iter().step_by(DELIVERED_AT_ONCE);
    bytes.map(|byte| u64::from(*byte)).sum()
}

fn fingerprint_of<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Fingerprint {
    const SEPARATOR: &[u8] = &[0xff];
    let hash = pairs.fold(Fnv1a::new(), |hash, (name, value)| {
        hash.update(name.as_bytes())
            .update(SEPARATOR)
            .update(value.as_bytes())
            .update(SEPARATOR)
    });
    Fingerprint(hash.finish())
}

fn packed_length<N: AsRef<str>, V: AsRef<str>>(pairs: &[(N, V)]) -> usize {
    pairs
        .iter()
        .map(|(name, value)| name.as_ref().len() + value.as_ref().len() + 2 * LENGTH_WIDTH)
        .sum()
}

fn push_piece(packed: &mut String, piece: &str) {
    assert!(
        piece.len() < 1 << (6 * LENGTH_WIDTH),
        "a label of a gigabyte passed the limits"
    );
    for position in (0..LENGTH_WIDTH).rev() {
        let six_bits = (piece.len() >> (6 * position)) & 0x3f;
        packed.push(char::from(LENGTH_BASE + six_bits as u8));
    }
    packed.push_str(piece);
}

fn take_piece<'a>(rest: &mut &'a str) -> &'a str {
    let (length, tail) = rest.split_at(LENGTH_WIDTH);
    // Written out, since every piece of every alert comes by here several times.
    let digits = length.as_bytes();
    let digit = |at: usize| usize::from(digits[at] - LENGTH_BASE);
    let length = digit(0) << 24 | digit(1) << 18 | digit(2) << 12 | digit(3) << 6 | digit(4);
    let (piece, tail) = tail.split_at(length);
    *rest = tail;
    piece
}

#[cfg(test)]
mod tests;
