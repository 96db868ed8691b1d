//! Opens files of the journal, which another program may have put there.
//!
//! Owns what is refused: symbolic links, which lead elsewhere; pipes and the like, which can block a reader
//! forever; and files larger than any journal file. Runs on main and on the thread of a compaction.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rustix::fs::OFlags;
use rustix::io::Errno;

use crate::limits;

/// Opens a file for reading.
pub fn open_regular(path: &Path) -> io::Result<File> {
    open_with(path, OpenOptions::new().read(true))
}

/// Opens a file for writing.
pub fn open_regular_to_write(path: &Path) -> io::Result<File> {
    open_with(path, OpenOptions::new().write(true))
}

fn open_with(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    let odd = |what: &str| io::Error::new(ErrorKind::InvalidData, what.to_owned());
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let opened = options.custom_flags(flags.bits().cast_signed()).open(path);
    let file = opened.map_err(|error| match Errno::from_io_error(&error) {
        Some(Errno::LOOP) => odd("it is a symbolic link"),
        _ => error,
    })?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(odd("it is no regular file"));
    }
    if metadata.len() > limits::JOURNAL_FILE_BYTES {
        return Err(odd("it is larger than any file of a journal"));
    }
    Ok(file)
}
