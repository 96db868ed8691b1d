//! What was found in the files of the journal.
//!
//! Owns the words for what can be wrong in one, and what is told apart from damage: the end of the
//! last segment, where a write was cut off. Reads nothing. Made on main.

use std::fmt;

use super::is_segment;
use crate::journal::fields::Malformed;
use crate::journal::listing::{FileName, Listing};
pub use crate::journal::record_counts::RecordCounts;
use crate::model::Wall;

/// What was found in all files together.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The files that were read, in their order; a snapshot, if there is one, is the first.
    pub files: Vec<FileReport>,
    /// A write at the very end that was cut off.
    pub torn: Option<Tail>,
    /// What is damaged, in files that were read and in those that were rejected.
    pub damages: Vec<Damage>,
    /// Snapshots that are damaged and were not needed.
    pub rejected: Vec<FileName>,
    /// Files that the snapshot covers: all they say is in it.
    pub covered: Vec<FileName>,
    /// Names of snapshots that were never finished.
    pub partials: Vec<String>,
    /// Names of files that were kept aside at some time because they were damaged.
    pub kept_aside: Vec<String>,
    /// The number for the next file.
    pub next_number: u64,
}

/// What was found in a file.
#[derive(Clone, Debug)]
pub struct FileReport {
    /// Which file.
    pub name: FileName,
    /// How long it is, as far as it could be read.
    pub bytes: u64,
    /// The records that count.
    pub record_counts: RecordCounts,
    /// The earliest and the latest wall time that a record was written at.
    pub written: Option<(Wall, Wall)>,
    /// What is wrong in it.
    pub flaws: Vec<(Span, Flaw)>,
}

/// A stretch of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Where it begins.
    pub offset: u64,
    /// How long it is.
    pub bytes: u64,
}

/// A write that was cut off, at the end of the last segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tail {
    /// Which segment.
    pub file: FileName,
    /// Where what is sound ends.
    pub offset: u64,
    /// How many bytes there are after it.
    pub bytes: u64,
}

/// Something wrong in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// Which file.
    pub file: FileName,
    /// Where in it.
    pub span: Span,
    /// What.
    pub flaw: Flaw,
}

/// What can be wrong in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// The file is too short for a header.
    NoHeader,
    /// The header is not as it was written. What follows it counts all the same.
    Header,
    /// The header is that of another file.
    OtherHeader,
    /// A frame is not as it was written; sound ones follow.
    Frame,
    /// From here on nothing is sound.
    Rest,
    /// A frame is as it was written, but nobody can have meant it.
    Malformed(Malformed),
    /// A snapshot goes on after its end.
    AfterEnd,
    /// A snapshot has no end.
    NoEnd,
    /// A snapshot has fewer or more records than its end says.
    Miscounted,
    /// The host could not read on.
    NotRead(String),
}

impl Report {
    /// A report of nothing yet, where the highest number that any file has is known.
    pub(super) fn new(highest: Option<u64>) -> Self {
        Report {
            next_number: highest.map_or(super::FIRST, |highest| highest + 1),
            ..Report::default()
        }
    }

    /// The snapshot that was read.
    pub fn snapshot(&self) -> Option<&FileReport> {
        self.files.first().filter(|file| !is_segment(file.name))
    }

    /// The segments that were read.
    pub fn segments(&self) -> &[FileReport] {
        &self.files[usize::from(self.snapshot().is_some())..]
    }

    /// Bytes of all files that were read.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// The records of all files that were read.
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

    /// Whether nothing is damaged. A write that was cut off is no damage: nothing was promised of it.
    pub fn is_sound(&self) -> bool {
        self.damages.is_empty()
    }

    /// Takes in a file whose records count.
    pub(super) fn take(&mut self, file: FileReport) {
        self.damages.extend(file.damages());
        self.files.push(file);
    }

    /// Takes in a file whose records do not count.
    pub(super) fn reject(&mut self, file: FileReport) {
        self.damages.extend(file.damages());
        self.rejected.push(file.name);
    }

    /// Tells a write that was cut off from damage: it is at the end of the last segment, and all before it
    /// is sound. Where more is wrong, the end is damage too and stays as it is, since nobody can say what
    /// was promised of it.
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

    /// Takes in what need not be read.
    pub(super) fn note_leftovers(&mut self, listing: Listing) {
        self.partials = listing.partials;
        self.kept_aside = listing.damaged;
        // While the snapshot is damaged, what it covers may be all there is of some records.
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
    /// Takes in when records were written.
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
    /// Whether a write that was cut off looks like this.
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
