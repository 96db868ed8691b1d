//! What of the records survives the end of a process.
//!
//! Keeps what was written as what it amounts to, and the last write as it came, so that a crash can
//! take it back.

use alertwheel::engine::{Record, Recovered};
use alertwheel::model::Wall;

use crate::world::Dice;

/// A disk that the records of a world go to.
#[derive(Debug, Default)]
pub struct Disk {
    kept: Recovered,
}

impl Disk {
    /// The records of one input are written, all of them.
    pub fn write(&mut self, records: Vec<Record>, at: Wall) {
        for record in records {
            self.kept.apply(record);
        }
        self.kept.written_at = Some(at);
    }

    /// The process ends while these are written: a part of a write counts as none.
    pub fn tear(&mut self, records: Vec<Record>, at: Wall, dice: &mut Dice) {
        if dice.happens(0.2) {
            self.write(records, at);
        }
    }

    /// What a process finds that starts now.
    pub fn read(&self) -> Recovered {
        self.kept.clone()
    }
}
