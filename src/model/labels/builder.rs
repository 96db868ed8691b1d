//! Label sets that are built pair by pair.
//!
//! Owns the short way from text to set: pairs are packed as they come, and only those that come out
//! of order are sorted. Pure; runs on whichever thread calls it.

use super::packing::{Name, Packer, take_name};
use super::{Labels, Pairs};

/// Builds one set after the other in the same room, so that a set costs one allocation.
#[derive(Debug)]
pub struct LabelsBuilder {
    packer: Packer,
    /// Where the last pair begins.
    last: usize,
    /// Whether each name came behind the one before.
    is_sorted: bool,
}

impl LabelsBuilder {
    /// Adds a pair. Senders mostly sort them by name, and need no more than this.
    pub fn push(&mut self, name: &str, value: &str) {
        let name = Name::of(name);
        if let Some(last) = take_name(&mut &self.packer.packed()[self.last..]) {
            self.is_sorted &= last.is_before(name);
        }
        self.last = self.packer.packed().len();
        self.packer.push(name, value);
    }

    /// Whether the pairs came in the order of their names, each name once.
    pub fn is_sorted(&self) -> bool {
        self.is_sorted
    }

    /// The set of the pairs, as [`Labels::from_pairs`] makes it. The next one begins anew.
    pub fn finish(&mut self) -> Labels {
        let packed = self.packer.packed();
        let labels = if self.is_sorted {
            Labels {
                packed: packed.into(),
            }
        } else {
            Labels::from_pairs(Pairs { rest: packed })
        };
        self.packer.clear();
        self.last = 0;
        self.is_sorted = true;
        labels
    }
}

impl Default for LabelsBuilder {
    fn default() -> Self {
        LabelsBuilder {
            packer: Packer::with_room_for(0, 0),
            last: 0,
            is_sorted: true,
        }
    }
}
