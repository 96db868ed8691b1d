//! What of the records survives the end of a process: bytes, as the journal writes them.
//!
//! Each input's records are one write. The last one may be cut off anywhere when a process ends.

use alertwheel::engine::{Record, Recovered};
use alertwheel::journal::codec::{Item, Items};
use alertwheel::journal::frame::Frames;
use alertwheel::journal::header::VERSION;
use alertwheel::journal::scan::{Found, Scan};
use alertwheel::model::{HashKey, Wall};

use crate::world::Dice;

/// Bytes after which a disk is rewritten with what they amount to.
const FULL: usize = 16 * 1024;

/// A disk that the records of a world go to.
#[derive(Debug)]
pub struct Disk {
    bytes: Vec<u8>,
    frames: Frames,
    /// Where the last process was cut off; the next write begins there.
    cut_at: Option<usize>,
    /// What the bytes before these amounted to when they were rewritten.
    base: Recovered,
}

impl Default for Disk {
    fn default() -> Self {
        Disk {
            bytes: Vec::new(),
            frames: Frames::default(),
            cut_at: None,
            base: Recovered::empty(HashKey::seeded(1)),
        }
    }
}

impl Disk {
    /// The records of one input are written, all of them.
    pub fn write(&mut self, records: Vec<Record>, at: Wall) {
        self.append(&records, at, |written| written.len());
        if self.bytes.len() > FULL {
            self.base = self.read();
            self.bytes.clear();
        }
    }

    /// The process ends while these are written: any number of bytes arrives.
    pub fn tear(&mut self, records: Vec<Record>, at: Wall, dice: &mut Dice) {
        self.append(&records, at, |written| {
            dice.below(written.len() as u64 + 1) as usize
        });
    }

    fn append(&mut self, records: &[Record], at: Wall, arrives: impl FnOnce(&[u8]) -> usize) {
        if records.is_empty() {
            return;
        }
        self.frames.clear();
        self.frames.push_batch(at, records);
        let written = self.frames.bytes();
        let arrived = arrives(written);
        if let Some(cut_at) = self.cut_at.take() {
            self.bytes.truncate(cut_at);
        }
        self.cut_at = (arrived < written.len()).then_some(self.bytes.len());
        self.bytes.extend_from_slice(&written[..arrived]);
    }

    /// What a process finds that starts now.
    pub fn read(&self) -> Recovered {
        let mut recovered = self.base.clone();
        let mut scan = Scan::new(&self.bytes[..], 0);
        while let Some(found) = scan.next_frame().expect("bytes in memory") {
            match found {
                Found::Frame { payload, .. } => replay(payload, &mut recovered),
                Found::Damage(gap) => assert_eq!(Some(gap.offset as usize), self.cut_at),
            }
        }
        recovered
    }
}

fn replay(payload: &[u8], recovered: &mut Recovered) {
    let mut items = Items::of(VERSION, payload);
    while let Some(item) = items.next() {
        recovered.written_at = items.at();
        match item.expect("a sound frame") {
            Item::Record(encoded) => recovered.apply(encoded.decode().expect("a sound record")),
            Item::Closing { .. } => panic!("a disk of a simulation has no snapshots"),
        }
    }
}
