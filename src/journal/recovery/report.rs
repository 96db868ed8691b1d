//! The report of a recovery: what was found in the journal's files.
//!
//! Owns the kinds of flaws and their texts, and the distinction between damage and a torn tail: the end of
//! the last segment, where a write was cut off. Reads no file. Made on main.

use std::fmt;

use super::is_segment;
use crate::journal::fields::Malformed;
use crate::journal::listing::{FileName, Listing};
pub use crate::journal::record_counts::RecordCounts;
use crate::model::Wall;

/// What was found in all files.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The files that were replayed, in order. A snapshot, if there is one, is the first.
    pub files: Vec<FileReport>,
    /// The torn tail: a last write that was cut off.
    pub torn: Option<Tail>,
    /// All damage, in files that were replayed and in those that were rejected.
    pub damages: Vec<Damage>,
    /// Snapshots that are damaged and were not needed.
    pub rejected: Vec<FileName>,
    /// Files that the snapshot covers: it contains all their records that still count.
    pub covered: Vec<FileName>,
    /// Names of snapshots that were never finished.
    pub partials: Vec<String>,
    /// Names of damaged files (`*.damaged`) that earlier runs kept aside.
    pub kept_aside: Vec<String>,
    /// The number for the next file.
    pub next_number: u64,
}

/// What was found in one file.
#[derive(Clone, Debug)]
pub struct FileReport {
    /// The name of the file.
    pub name: FileName,
    /// The length of the file, as far as it could be read.
    pub bytes: u64,
    /// The number and bytes of the records that count.
    pub record_counts: RecordCounts,
    /// The earliest and the latest wall time at which a record was written.
    pub written: Option<(Wall, Wall)>,
    /// The flaws, with their places.
    pub flaws: Vec<(Span, Flaw)>,
}

/// A range of bytes in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The offset of its first byte.
    pub offset: u64,
    /// Its length.
    pub bytes: u64,
}

/// The torn tail of the last segment: a write that was cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tail {
    /// The segment.
    pub file: FileName,
    /// The end of the last sound frame.
    pub offset: u64,
    /// The number of bytes after it.
    pub bytes: u64,
}

/// A flaw in a file that is damage and no torn tail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The damaged file.
    pub file: FileName,
    /// The damaged range in the file.
    pub span: Span,
    /// What is wrong there.
    pub flaw: Flaw,
}

/// What can be wrong in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// The file is too short for a header.
    NoHeader,
    /// The checksum of the header is wrong. The frames after it count anyway.
    Header,
    /// The header is that of another file.
    OtherHeader,
    /// A frame is damaged; sound frames follow.
    Frame,
    /// No sound frame follows from here on.
    Rest,
    /// The checksum of a frame is right, but its payload does not decode.
    Malformed(Malformed),
    /// A snapshot goes on after its end.
    AfterEnd,
    /// A snapshot has no end.
    NoEnd,
    /// A snapshot has fewer or more records than its end says.
    Miscounted,
    /// The operating system reported a read error, with this text.
    NotRead(String),
}

impl Report {
    /// An empty report. `highest` is the highest number of all files, if there are any.
    pub(super) fn new(highest: Option<u64>) -> Self {
        Report {
            next_number: highest.map_or(super::FIRST, |highest| highest + 1),
            ..Report::default()
        }
    }

    /// The snapshot that was replayed.
    pub fn snapshot(&self) -> Option<&FileReport> {
        self.files.first().filter(|file| !is_segment(file.name))
    }

    /// The segments that were replayed.
    pub fn segments(&self) -> &[FileReport] {
        &self.files[usize::from(self.snapshot().is_some())..]
    }

    /// The bytes of all files that were replayed.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// The record counts of all files that were replayed.
    pub fn record_counts(&self) -> RecordCounts {
        let mut record_counts = RecordCounts::default();
        self.files
            .iter()
            .for_each(|file| record_counts.add(&file.record_counts));
        record_counts
    }

    /// The earliest and the latest wall time that a record was written at.
    pub fn written(&self) -> Option<(Wall, Wall)> {
        let spans = self.files.iter().filter_map(|file| file.written);
        spans.reduce(|all, one| (all.0.min(one.0), all.1.max(one.1)))
    }

    /// Whether there is no damage. A torn tail is no damage, since none of its records was acknowledged.
    pub fn is_sound(&self) -> bool {
        self.damages.is_empty()
    }

    /// Adds a file that was replayed.
    pub(super) fn take(&mut self, file: FileReport) {
        self.damages.extend(file.damages());
        self.files.push(file);
    }

    /// Adds a file whose records do not count.
    pub(super) fn reject(&mut self, file: FileReport) {
        self.damages.extend(file.damages());
        self.rejected.push(file.name);
    }

    /// Finds the torn tail, and takes it out of the damages. A torn tail is the only flaw of the last
    /// segment, at its end. If the segment has another flaw, its end counts as damage too and is not cut
    /// off, since its records may have been acknowledged.
    pub(super) fn tell_torn_tail(&mut self, last: FileName) {
        let Some(file) = self.files.last_mut() else {
            return;
        };
        if file.name != last || file.flaws.len() != 1 {
            return;
        }
        if let Some((span, _)) = file.flaws.pop_if(|(_, flaw)| flaw.is_like_a_cut()) {
            self.damages.pop();
            self.torn = Some(Tail {
                file: last,
                offset: span.offset,
                bytes: span.bytes,
            });
        }
    }

    /// Adds the files that need not be read: unfinished, kept aside, or covered by the snapshot.
    pub(super) fn note_leftovers(&mut self, listing: Listing) {
        self.partials = listing.partials;
        self.kept_aside = listing.damaged;
        // The files behind a damaged snapshot stay: they may have the only copy of some records.
        let Some(base) = self.snapshot().filter(|base| base.flaws.is_empty()) else {
            return;
        };
        let base = base.name.number;
        let snapshots = listing.snapshots.into_iter().filter(|it| *it < base);
        let segments = listing.segments.into_iter().filter(|it| *it <= base);
        // Snapshots first: see the head of `recovery.rs`.
        let snapshots = snapshots.map(FileName::snapshot);
        self.covered = snapshots.chain(segments.map(FileName::segment)).collect();
    }
}

impl FileReport {
    /// Extends the times at which records were written.
    pub(super) fn note_written(&mut self, from: Wall, to: Wall) {
        let (earliest, latest) = self.written.unwrap_or((from, to));
        self.written = Some((earliest.min(from), latest.max(to)));
    }

    fn damages(&self) -> impl Iterator<Item = Damage> {
        self.flaws.iter().map(|(span, flaw)| Damage {
            file: self.name,
            span: *span,
            flaw: flaw.clone(),
        })
    }
}

impl Flaw {
    /// Whether a write that was cut off leaves this flaw.
    fn is_like_a_cut(&self) -> bool {
        matches!(self, Flaw::NoHeader | Flaw::Rest)
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Flaw::NoHeader => "too short for a header",
            Flaw::Header => "the header is damaged; what follows it counts",
            Flaw::OtherHeader => "the header is that of another file, so nothing in it counts",
            Flaw::Frame => "a damaged frame; sound ones follow",
            Flaw::Rest => "nothing sound from here on",
            Flaw::Malformed(what) => return write!(out, "a frame that makes no sense: {what}"),
            Flaw::AfterEnd => "more after the end of the snapshot",
            Flaw::NoEnd => "the snapshot has no end",
            Flaw::Miscounted => "the snapshot does not have as many records as its end says",
            Flaw::NotRead(why) => return write!(out, "it cannot be read from here on: {why}"),
        };
        out.write_str(text)
    }
}

/// `0000000007.segment at offset 4096, 120 bytes: a damaged frame; sound ones follow`.
impl fmt::Display for Damage {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Damage { file, span, flaw } = self;
        let Span { offset, bytes } = span;
        write!(out, "{file} at offset {offset}, {bytes} bytes: {flaw}")
    }
}
