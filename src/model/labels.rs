//! A set of labels, packed into one allocation.
//!
//! Owns the representation, which only this file and its submodules know. A set is immutable and cheap to
//! clone, so groups, snapshots and jobs share it.
//!
//! - `builder`: sets made pair by pair
//! - `identified`: sets with their fingerprints
//! - `packing`: the encoding of names and values in one text
//! - `names`: common label names, each packed as one character

mod builder;
mod identified;
mod names;
mod packing;

use std::fmt;

use arcstr::ArcStr;

use super::fingerprint::{Fingerprint, Fnv1a};
pub use builder::LabelsBuilder;
pub use identified::{IdentifiedBuilder, IdentifiedLabels};
use packing::{Name, Packer, take_name, take_value};

/// Sorted pairs of name and value with unique names.
///
/// All pairs are packed into one `ArcStr`, so that a set costs one allocation and equal sets are equal
/// texts. A common name takes one character; any other piece takes its text, preceded by a character for its
/// length. The only orders between sets are those in `model/order.rs`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Labels {
    packed: ArcStr,
}

impl Labels {
    /// The set of these pairs; of pairs with the same name, the last one wins.
    pub fn from_pairs<N, V>(pairs: impl IntoIterator<Item = (N, V)>) -> Self
    where
        N: AsRef<str>,
        V: AsRef<str>,
    {
        let mut pairs: Vec<(N, V)> = pairs.into_iter().collect();
        // The sort is stable, so that among equal names the last given pair stays last.
        pairs.sort_by(|(a, _), (b, _)| a.as_ref().cmp(b.as_ref()));
        let mut packer = Packer::with_room_for(text_length(&pairs), pairs.len());
        for (index, (name, value)) in pairs.iter().enumerate() {
            let superseded = pairs
                .get(index + 1)
                .is_some_and(|(next, _)| next.as_ref() == name.as_ref());
            if !superseded {
                packer.push(Name::of(name.as_ref()), value.as_ref());
            }
        }
        Labels {
            packed: packer.packed().into(),
        }
    }

    /// The pairs in the order of their names.
    pub fn iter(&self) -> Pairs<'_> {
        Pairs { rest: &self.packed }
    }

    /// The value under `name`.
    pub fn get(&self, name: &str) -> Option<&str> {
        let wanted = Name::of(name);
        self.entries()
            .find(|(other, _)| *other == wanted)
            .map(|(_, value)| value)
    }

    /// Whether both share one allocation, and are not merely equal.
    pub fn is_same_as(&self, other: &Labels) -> bool {
        ArcStr::ptr_eq(&self.packed, &other.packed)
    }

    /// The number of pairs.
    pub fn len(&self) -> usize {
        self.entries().count()
    }

    /// Whether there are more than `pairs` pairs, or more than `bytes` bytes of text. Cheap unless the set is
    /// large.
    pub fn exceeds(&self, pairs: usize, bytes: usize) -> bool {
        // Each pair takes more than one byte, so that few bytes need no count.
        self.packed.len() > bytes || (self.packed.len() > pairs && self.len() > pairs)
    }

    /// Whether there is no pair.
    pub fn is_empty(&self) -> bool {
        self.packed.is_empty()
    }

    /// The number of bytes of the packed text.
    pub fn text_bytes(&self) -> usize {
        self.packed.len()
    }

    /// Prefetches the packed text: reads one byte of each cache line, so that code that soon reads all of it
    /// has no cache misses. The result depends on each byte read and has no meaning.
    pub fn touch(&self) -> u64 {
        touch(&self.packed)
    }

    /// The pairs whose name `keep` accepts.
    #[must_use]
    pub fn select(&self, keep: impl Fn(&str) -> bool) -> Labels {
        let mut packer = Packer::with_room_for(self.packed.len(), 0);
        for (name, value) in self.entries().filter(|(name, _)| keep(name.as_str())) {
            packer.push(name, value);
        }
        Labels {
            packed: packer.packed().into(),
        }
    }

    /// FNV-1a over the name, 0xFF, the value and 0xFF of every pair (§2.4).
    pub fn fingerprint(&self) -> Fingerprint {
        fingerprint_of(self.iter())
    }

    /// The fingerprint of the result of [`Labels::select`], without building that set.
    pub fn fingerprint_of_selected(&self, keep: impl Fn(&str) -> bool) -> Fingerprint {
        fingerprint_of(self.iter().filter(|(name, _)| keep(name)))
    }

    fn entries(&self) -> impl Iterator<Item = (Name<'_>, &str)> {
        let mut rest = &*self.packed;
        std::iter::from_fn(move || take_entry(&mut rest))
    }
}

/// `{a="b", c="d"}`, with values quoted as in Go: the form of group keys (§2.5).
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
        let (name, value) = take_entry(&mut self.rest)?;
        Some((name.as_str(), value))
    }
}

/// Prefetches any text, as [`Labels::touch`] does.
pub(super) fn touch(text: &str) -> u64 {
    const DELIVERED_AT_ONCE: usize = 64;
    let bytes = text.as_bytes().iter().step_by(DELIVERED_AT_ONCE);
    bytes.map(|byte| u64::from(*byte)).sum()
}

fn fingerprint_of<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Fingerprint {
    let hash = pairs.fold(Fnv1a::new(), |hash, (name, value)| {
        hash_pair(hash, name, value)
    });
    Fingerprint(hash.finish())
}

/// Adds a pair to a fingerprint.
fn hash_pair(hash: Fnv1a, name: &str, value: &str) -> Fnv1a {
    const SEPARATOR: &[u8] = &[0xff];
    hash.update(name.as_bytes())
        .update(SEPARATOR)
        .update(value.as_bytes())
        .update(SEPARATOR)
}

fn take_entry<'a>(rest: &mut &'a str) -> Option<(Name<'a>, &'a str)> {
    let name = take_name(rest)?;
    Some((name, take_value(rest)))
}

fn text_length<N: AsRef<str>, V: AsRef<str>>(pairs: &[(N, V)]) -> usize {
    pairs
        .iter()
        .map(|(name, value)| name.as_ref().len() + value.as_ref().len())
        .sum()
}

#[cfg(test)]
mod tests;
