//! Recovery: replays the journal's files into a state.
//!
//! Owns which files are replayed, in which order, and how damage is treated: sound records count, damaged
//! ones are reported, nothing is guessed. Never changes a file; a start repairs the folder in `repair.rs`.
//! Holds one frame at a time beside the state. Runs on main, at a start and for
//! `alertwheel journal inspect`.
//!
//! The snapshot with the highest number is replayed first, then each segment with a higher number.
//!
//! A snapshot gets its name only once it is complete and synced, so only a failing disk damages one. If
//! the highest snapshot is damaged, an older sound one is replayed instead. If there is none, recovery
//! falls back to all segments, if segment 1 is there; else to what is sound in the damaged snapshot.
//!
//! Two rules of the order of removal make this safe. Old snapshots are removed before the segments that
//! they do not cover, so if an old snapshot exists, all segments after it do, too. And if segment 1
//! exists, no segment was removed yet.

mod file;
mod report;

use std::io::{self, BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};

use super::header::{FileKind, HEADER_BYTES, Header, HeaderFault, VERSION};
use super::listing::{FileName, Listing};
use super::messages::plain;
use super::regular_file::open_regular;
use super::scan::read_up_to;
use crate::engine::Recovered;
use crate::randomness;

pub use report::{Damage, FileReport, Flaw, RecordCounts, Report, Tail};

/// Why the journal is not read at all.
#[derive(Debug)]
pub enum Refusal {
    /// A file has a newer version of the format than this binary knows.
    Newer {
        /// The file.
        path: PathBuf,
        /// The version in its header.
        version: u16,
    },
    /// A file, or the folder, cannot be opened.
    NotOpened {
        /// The file or folder.
        path: PathBuf,
        /// The error of the operating system.
        error: io::Error,
    },
}

/// The number of the first segment of a journal.
const FIRST: u64 = 1;

/// The most attempts to read the files while a daemon replaces them. A daemon replaces files once in as
/// many records as make up its whole state.
const ATTEMPTS: usize = 10;

/// Bytes per read.
const READ_BYTES: usize = 64 * 1024;

/// Recovers the state from the files in `folder`, and reports on each file.
pub fn recover(folder: &Path) -> Result<(Recovered, Report), Refusal> {
    let listing = Listing::read(folder).map_err(|error| Refusal::NotOpened {
        path: folder.to_owned(),
        error,
    })?;
    let open = |name: FileName| {
        let file = open_regular(&name.within(folder))?;
        Ok(BufReader::with_capacity(READ_BYTES, file))
    };
    recover_from(folder, listing, open)
}

/// Recovers the state like [`recover`], beside a daemon that may be running and replaces files now and
/// then. Reads again until no file was replaced during the read.
pub fn recover_beside_a_daemon(folder: &Path) -> Result<(Recovered, Report), Refusal> {
    let snapshots = || Listing::read(folder).ok().map(|listing| listing.snapshots);
    once_at_rest(snapshots, || recover(folder))
}

/// Calls `read` again until the list of snapshots is the same before and after it, [`ATTEMPTS`] times at
/// most. A listing that is made while files are replaced may lack both the old files and the new one.
fn once_at_rest<T>(
    mut snapshots: impl FnMut() -> Option<Vec<u64>>,
    mut read: impl FnMut() -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    for _ in 1..ATTEMPTS {
        let before = snapshots();
        match read() {
            Err(refusal) if refusal.is_for_a_vanished_file() => {}
            Ok(_) if snapshots() != before => {}
            done => return done,
        }
    }
    read()
}

/// Recovers the state from the files in `listing`, which `open` opens. `folder` is for messages only.
pub fn recover_from<R: Read>(
    folder: &Path,
    listing: Listing,
    open: impl Fn(FileName) -> io::Result<R>,
) -> Result<(Recovered, Report), Refusal> {
    let files = Files { folder, open };
    files.check_versions(&listing)?;
    let mut state = Recovered::empty(randomness::hash_key());
    let mut report = Report::new(listing.highest());
    files.read_base(&listing, &mut state, &mut report)?;
    let base = report.snapshot().map(|file| file.name.number);
    let above = listing.segments.iter().copied();
    let above = above.filter(|number| base.is_none_or(|base| *number > base));
    for number in above {
        let name = FileName::segment(number);
        let file = files.read(name, &mut state)?;
        report.take(file);
    }
    if let Some(last) = listing.segments.last() {
        report.tell_torn_tail(FileName::segment(*last));
    }
    report.note_leftovers(listing);
    Ok((state, report))
}

/// The folder of the files, for messages, and how to open one.
struct Files<'a, F> {
    folder: &'a Path,
    open: F,
}

impl<R: Read, F: Fn(FileName) -> io::Result<R>> Files<'_, F> {
    /// Fails if any file has a newer version of the format, before any file is read: only the newer program
    /// knows what its file means for the older ones.
    fn check_versions(&self, listing: &Listing) -> Result<(), Refusal> {
        let snapshots = listing.snapshots.iter().copied().map(FileName::snapshot);
        let segments = listing.segments.iter().copied().map(FileName::segment);
        for name in snapshots.chain(segments) {
            let mut head = [0; HEADER_BYTES];
            let mut source = self.open(name)?;
            // A read error is reported when the file's turn comes.
            let _ = read_up_to(&mut source, &mut head);
            if let Err(HeaderFault::Newer { version }) = Header::from_bytes(&head) {
                let path = name.within(self.folder);
                return Err(Refusal::Newer { path, version });
            }
        }
        Ok(())
    }

    /// Reads the snapshot that the segments are replayed on, if there is one: the highest sound one. If none
    /// is sound and early segments are gone, reads what is sound of the highest.
    fn read_base(
        &self,
        listing: &Listing,
        state: &mut Recovered,
        report: &mut Report,
    ) -> Result<(), Refusal> {
        let mut unsound = Vec::new();
        for number in listing.snapshots.iter().rev() {
            let file = self.read(FileName::snapshot(*number), state)?;
            if file.flaws.is_empty() {
                unsound.into_iter().for_each(|file| report.reject(file));
                report.take(file);
                return Ok(());
            }
            *state = Recovered::empty(randomness::hash_key());
            unsound.push(file);
        }
        let is_complete = listing.segments.first() == Some(&FIRST);
        if !is_complete && !unsound.is_empty() {
            let file = unsound.remove(0);
            self.read(file.name, state)?;
            report.take(file);
        }
        unsound.into_iter().for_each(|file| report.reject(file));
        Ok(())
    }

    fn read(&self, name: FileName, state: &mut Recovered) -> Result<FileReport, Refusal> {
        let source = self.open(name)?;
        Ok(file::read(name, source, state))
    }

    fn open(&self, name: FileName) -> Result<R, Refusal> {
        (self.open)(name).map_err(|error| Refusal::NotOpened {
            path: name.within(self.folder),
            error,
        })
    }
}

impl Refusal {
    /// Whether a file was removed after it was listed, as happens beside a running daemon.
    pub fn is_for_a_vanished_file(&self) -> bool {
        match self {
            Refusal::Newer { .. } => false,
            Refusal::NotOpened { error, .. } => error.kind() == ErrorKind::NotFound,
        }
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Refusal::Newer { path, version } => write!(
                out,
                "read {}: it is of format version {version}, and this alertwheel knows none past \
                 {VERSION}; start the version that wrote it, or name another place with \
                 --storage.path",
                path.display()
            ),
            Refusal::NotOpened { path, error } if error.kind() == ErrorKind::InvalidData => write!(
                out,
                "open {}: {error}; move it away, or name another place with --storage.path",
                path.display()
            ),
            Refusal::NotOpened { path, error } => write!(
                out,
                "open {}: {}; let the user of this process read and write there, or name another \
                 place with --storage.path",
                path.display(),
                plain(error)
            ),
        }
    }
}

impl std::error::Error for Refusal {}

/// Whether the file is a segment; only a segment may end in the middle of a write.
fn is_segment(name: FileName) -> bool {
    name.kind == FileKind::Segment
}

#[cfg(test)]
mod tests;
