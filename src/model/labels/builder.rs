//! Builds label sets pair by pair.
//!
//! Owns the fast path from text to set: pairs are packed as they are pushed, and sorted only if they came
//! out of order. Pure; runs on the calling thread.

use super::packing::{Name, Packer, take_name};
use super::{Labels, Pairs};

/// Builds one set after the other in the same buffer, so that a set costs one allocation.
#[derive(Debug)]
pub struct LabelsBuilder {
    packer: Packer,
    /// The offset of the last pair.
    last: usize,
    /// Whether the names so far came in ascending order.
    is_sorted: bool,
}

impl LabelsBuilder {
    /// Adds a pair. Most senders sort pairs by name, and then no sorting is needed.
    pub fn push(&mut self, name: &str, value: &str) {
        let name = Name::of(name);
        if let Some(last) = take_name(&mut &self.packer.packed()[self.last..]) {
            self.is_sorted &= last.is_before(name);
        }
        self.last = self.packer.packed().len();
        self.packer.push(name, value);
    }

    /// Whether the pairs came in the order of their names, without duplicates.
    pub fn is_sorted(&self) -> bool {
        self.is_sorted
    }

    /// Returns the set of the pairs, as [`Labels::from_pairs`] does, and starts an empty one.
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
