//! Lists the files in the journal's folder by their names.
//!
//! Owns the names of files. Opens no file. Runs on main at a start; names are made on any thread.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::header::{FileKind, Header};

/// The name of a segment or a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileName {
    /// The file's number. If a snapshot and a segment have the same number, the snapshot covers the segment.
    pub number: u64,
    /// Whether the file is a segment or a snapshot.
    pub kind: FileKind,
}

/// The files in a folder, each list in ascending order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// Numbers of snapshots.
    pub snapshots: Vec<u64>,
    /// Numbers of segments.
    pub segments: Vec<u64>,
    /// Names of snapshots that were never finished.
    pub partials: Vec<String>,
    /// Names of damaged files that were kept (`*.damaged`).
    pub damaged: Vec<String>,
}

/// The extensions that follow the number in a name.
const SEGMENT: &str = ".segment";
const SNAPSHOT: &str = ".snapshot";
const PARTIAL: &str = ".partial";
const DAMAGED: &str = ".damaged";

impl FileName {
    /// The segment with this number.
    pub fn segment(number: u64) -> Self {
        let kind = FileKind::Segment;
        FileName { number, kind }
    }

    /// The snapshot with this number.
    pub fn snapshot(number: u64) -> Self {
        let kind = FileKind::Snapshot;
        FileName { number, kind }
    }

    /// The header of a new file with this name.
    pub fn header(self) -> Header {
        Header::to_write(self.kind, self.number)
    }

    /// Whether `header` belongs to a file with this name, in any version.
    pub fn has(self, header: Header) -> bool {
        (self.kind, self.number) == (header.kind, header.number)
    }

    /// The path of the file in `folder`.
    pub fn within(self, folder: &Path) -> PathBuf {
        folder.join(self.to_string())
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let extension = match self.kind {
            FileKind::Segment => SEGMENT,
            FileKind::Snapshot => SNAPSHOT,
        };
        write!(out, "{:010}{extension}", self.number)
    }
}

/// The path of an unfinished snapshot.
pub fn partial_path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number:010}{PARTIAL}"))
}

impl Listing {
    /// Lists the files in `folder`.
    pub fn read(folder: &Path) -> io::Result<Self> {
        let mut listing = Listing::default();
        for entry in fs::read_dir(folder)? {
            // The journal's names are UTF-8, so other names are not the journal's.
            if let Ok(name) = entry?.file_name().into_string() {
                listing.add(name);
            }
        }
        listing.sort();
        Ok(listing)
    }

    /// The files with these names.
    pub fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut listing = Listing::default();
        names
            .into_iter()
            .for_each(|name| listing.add(name.to_owned()));
        listing.sort();
        listing
    }

    /// Whether there is no segment and no snapshot.
    pub fn is_empty(&self) -> bool {
        self.snapshots.is_empty() && self.segments.is_empty()
    }

    /// The highest number in any name, including unfinished and damaged files.
    pub fn highest(&self) -> Option<u64> {
        let aside = self.partials.iter().chain(&self.damaged);
        let aside = aside.filter_map(|name| number_before(name, name.find('.')?));
        let read = self.snapshots.iter().chain(&self.segments).copied();
        read.chain(aside).max()
    }

    fn add(&mut self, name: String) {
        let number = |end: &str| number_before(&name, name.strip_suffix(end)?.len());
        if let Some(number) = number(SEGMENT) {
            self.segments.push(number);
        } else if let Some(number) = number(SNAPSHOT) {
            self.snapshots.push(number);
        } else if number(PARTIAL).is_some() {
            self.partials.push(name);
        } else if name.ends_with(DAMAGED) {
            self.damaged.push(name);
        }
    }

    fn sort(&mut self) {
        self.snapshots.sort_unstable();
        self.segments.sort_unstable();
        self.partials.sort_unstable();
        self.damaged.sort_unstable();
    }
}

/// The number that a name begins with, if it is spelled as the journal spells it.
fn number_before(name: &str, end: usize) -> Option<u64> {
    let digits = &name[..end];
    let number: u64 = digits.parse().ok()?;
    // The number after it has to exist, too.
    (number < u64::MAX && format!("{number:010}") == digits).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        let names = [FileName::segment(12), FileName::snapshot(10_000_000_000)];
        let names = names.map(|name| name.to_string());
        assert_eq!(names, ["0000000012.segment", "10000000000.snapshot"]);
        let listing = Listing::of(names.iter().map(String::as_str));
        assert_eq!(listing.segments, [12]);
        assert_eq!(listing.snapshots, [10_000_000_000]);
    }

    #[test]
    fn names_of_others_are_passed_over() {
        let names = [
            "12.segment",
            "+000000012.segment",
            "00000000012.segment",
            "0000000012.segment~",
            "18446744073709551615.segment",
            ".segment",
            "nflog",
            "lost+found",
        ];
        assert_eq!(Listing::of(names), Listing::default());
    }

    #[test]
    fn numbers_of_files_kept_aside_are_not_given_out_again() {
        let names = [
            "0000000002.segment",
            "0000000007.segment.damaged",
            "0000000009.partial",
        ];
        let listing = Listing::of(names);
        assert_eq!(listing.highest(), Some(9));
        assert_eq!(listing.damaged, ["0000000007.segment.damaged"]);
        assert_eq!(listing.partials, ["0000000009.partial"]);
    }

    #[test]
    fn files_are_listed_in_the_order_of_their_numbers() {
        let names = [
            "0000000010.segment",
            "0000000009.segment",
            "0000000002.segment",
        ];
        assert_eq!(Listing::of(names).segments, [2, 9, 10]);
    }
}
