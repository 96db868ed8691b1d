//! From files to the state that they hold.
//!
//! Owns which files count, in which order, and what to make of damage: what is sound counts, what is
//! not is named, and nothing is guessed. Changes no file; what a start puts in order is in
//! `repair.rs`. Holds a frame at a time beside the state. Runs on main, at a start and for
//! `alertwheel journal inspect`.
//!
//! The highest snapshot that is sound counts, then each segment with a higher number. A snapshot is
//! damaged only if the disk failed it, since it gets its name once it is whole. Then one before it
//! serves, if it is still there; else what is left of the damaged one is better than nothing. Old
//! snapshots are removed before the segments they do not cover, so where an old snapshot is, all that
//! came after it is too; and where segment 1 is, nothing was removed yet.

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

/// Why the state is not read at all.
#[derive(Debug)]
pub enum Refusal {
    /// A file is of a version of the format that is not known here.
    Newer {
        /// Which file.
        path: PathBuf,
        /// Which version.
        version: u16,
    },
    /// A file, or the folder, cannot be opened.
    NotOpened {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

/// The first segment of a journal.
const FIRST: u64 = 1;

/// How often files may be replaced while they are about to be read. A daemon does so once in as many
/// records as make up its whole state.
const ATTEMPTS: usize = 10;

/// Bytes that are asked of the host at a time.
const READ_BYTES: usize = 64 * 1024;

/// The state that the files in this folder hold.
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

/// The same while a daemon may be at work there, which replaces files now and then: as it is between
/// two such moments.
pub fn recover_beside_a_daemon(folder: &Path) -> Result<(Recovered, Report), Refusal> {
    let snapshots = || Listing::read(folder).ok().map(|listing| listing.snapshots);
    once_at_rest(snapshots, || recover(folder))
}

/// What is read while the list of snapshots stays what it is. One that is made while files are
/// replaced may lack the old ones and the new one.
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

/// The state that these files hold, which are said to lie in `folder`.
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

/// Where files are, and how they are opened.
struct Files<'a, F> {
    folder: &'a Path,
    open: F,
}

impl<R: Read, F: Fn(FileName) -> io::Result<R>> Files<'_, F> {
    /// Refuses before anything is read, whatever else is there: only who wrote the newer file knows
    /// what it means for the older ones.
    fn check_versions(&self, listing: &Listing) -> Result<(), Refusal> {
        let snapshots = listing.snapshots.iter().copied().map(FileName::snapshot);
        let segments = listing.segments.iter().copied().map(FileName::segment);
        for name in snapshots.chain(segments) {
            let mut head = [0; HEADER_BYTES];
            let mut source = self.open(name)?;
            // What cannot be read is told when the file's turn comes.
            let _ = read_up_to(&mut source, &mut head);
            if let Err(HeaderFault::Newer { version }) = Header::from_bytes(&head) {
                let path = name.within(self.folder);
                return Err(Refusal::Newer { path, version });
            }
        }
        Ok(())
    }

    /// Reads the snapshot that everything else comes after, if there is one.
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
    /// Whether a file was removed after it was listed, as happens beside a daemon that runs.
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

/// Whether the file is a segment, and so may end in the middle of a write.
fn is_segment(name: FileName) -> bool {
    name.kind == FileKind::Segment
}

#[cfg(test)]
mod tests;
