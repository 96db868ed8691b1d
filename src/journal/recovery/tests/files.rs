//! Files of a journal in memory, made by the encoder and then damaged.
//!
//! Owns the offset at which each frame ends. For tests only.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::engine::{Record, Recovered};
use crate::journal::frame::Frames;
use crate::journal::header::{HEADER_BYTES, VERSION};
use crate::journal::listing::{FileName, Listing};
use crate::journal::recovery::{Refusal, Report, recover_from};
use crate::model::{HashKey, Wall};

/// What changed at one time.
pub type Turn = (Wall, Vec<Record>);

/// A journal.
#[derive(Clone, Debug, Default)]
pub struct MemoryFiles {
    pub files: BTreeMap<FileName, Vec<u8>>,
}

/// What these turns amount to.
pub fn state_of(turns: &[Turn]) -> Recovered {
    let mut state = Recovered::empty(HashKey::seeded(1));
    for (at, records) in turns {
        for record in records {
            state.apply(record.clone());
        }
        state.written_at = Some(*at);
    }
    state
}

impl MemoryFiles {
    pub fn add(&mut self, name: FileName, frames: &Frames) {
        let mut bytes = name.header().to_bytes().to_vec();
        bytes.extend_from_slice(frames.bytes());
        self.files.insert(name, bytes);
    }

    /// A segment with a frame for each turn. Returns the offset at which each frame ends.
    pub fn add_segment(&mut self, number: u64, turns: &[Turn]) -> Vec<usize> {
        let mut frames = Frames::new();
        let ends = push(&mut frames, turns);
        self.add(FileName::segment(number), &frames);
        ends
    }

    /// A snapshot with a frame for each turn. Returns the offset at which each frame ends.
    pub fn add_snapshot(&mut self, number: u64, turns: &[Turn]) -> Vec<usize> {
        let mut frames = Frames::new();
        let ends = push(&mut frames, turns);
        frames.close(turns.last().map_or(Wall::UNIX_EPOCH, |(at, _)| *at));
        self.add(FileName::snapshot(number), &frames);
        ends
    }

    pub fn recover(&self) -> Result<(Recovered, Report), Refusal> {
        let names: Vec<String> = self.files.keys().map(FileName::to_string).collect();
        let listing = Listing::of(names.iter().map(String::as_str));
        let folder = Path::new("/var/lib/x/journal");
        recover_from(folder, listing, |name| Ok(&self.files[&name][..]))
    }

    /// The bytes of the file with this short name, such as `2.segment`.
    pub fn bytes(&mut self, name: &str) -> &mut Vec<u8> {
        let bytes = self.files.get_mut(&named(name));
        bytes.expect("a file that was added")
    }

    pub fn length(&self, name: &str) -> usize {
        self.files[&named(name)].len()
    }

    pub fn bytes_of(&self, names: &[&str]) -> u64 {
        let lengths = names.iter().map(|name| self.length(name) as u64);
        lengths.sum()
    }

    pub fn flip(&mut self, name: &str, byte: usize) {
        self.bytes(name)[byte] ^= 1;
    }

    pub fn cut(&mut self, name: &str, length: usize) {
        self.bytes(name).truncate(length);
    }

    pub fn rename(&mut self, from: &str, to: &str) {
        let bytes = self.files.remove(&named(from));
        self.files.insert(named(to), bytes.expect("it was added"));
    }

    /// Gives the file's header the version after the current one.
    pub fn make_newer(&mut self, name: &str) {
        let bytes = self.bytes(name);
        bytes[12..14].copy_from_slice(&(VERSION.number() + 1).to_le_bytes());
        let sum = crc32fast::hash(&bytes[..24]);
        bytes[24..HEADER_BYTES].copy_from_slice(&sum.to_le_bytes());
    }

    pub fn write_to(&self, folder: &Path) {
        for (name, bytes) in &self.files {
            fs::write(name.within(folder), bytes).expect("a file that can be written");
        }
    }
}

fn push(frames: &mut Frames, turns: &[Turn]) -> Vec<usize> {
    let ends = turns.iter().map(|(at, records)| {
        frames.push_batch(*at, records);
        HEADER_BYTES + frames.len()
    });
    ends.collect()
}

fn named(name: &str) -> FileName {
    let (number, kind) = name.split_once('.').expect("a number and a kind");
    let number = number.parse().expect("a number");
    match kind {
        "segment" => FileName::segment(number),
        _ => FileName::snapshot(number),
    }
}
