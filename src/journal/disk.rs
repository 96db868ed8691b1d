//! What the journal asks of the disk.
//!
//! Owns the few operations that write, so that tests can make any of them fail at any moment; files
//! themselves are the standard library's. Never retries and decides nothing. Runs on the thread
//! that calls it: the journal's, the one that syncs, or the one that compacts.

use std::fmt::Debug;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::Errno;

/// Everything that changes a disk.
pub trait Disk: Debug + Send + Sync {
    /// Makes a file that is not there yet, to be written from its beginning on.
    fn create(&self, path: &Path) -> io::Result<File>;

    /// Writes at the end of the file; returns how many bytes it took.
    fn append(&self, file: &File, bytes: &[u8]) -> io::Result<usize>;

    /// Cuts a file off.
    fn truncate(&self, file: &File, length: u64) -> io::Result<()>;

    /// Sees to it that so many bytes find room in a file, or says that they do not.
    fn reserve(&self, file: &File, bytes: u64) -> io::Result<()>;

    /// Forces what was written to a file, or to a folder, to disk.
    fn sync(&self, file: &File) -> io::Result<()>;

    /// Gives a file another name, in place of a file that has it.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
}

/// The disk of this host.
#[derive(Debug)]
pub struct HostDisk;

impl Disk for HostDisk {
    fn create(&self, path: &Path) -> io::Result<File> {
        let mut options = OpenOptions::new();
        let options = options.create_new(true).append(true);
        // What alerts say is nobody else's business.
        options.mode(0o600).open(path)
    }

    fn append(&self, mut file: &File, bytes: &[u8]) -> io::Result<usize> {
        file.write(bytes)
    }

    fn truncate(&self, file: &File, length: u64) -> io::Result<()> {
        file.set_len(length)
    }

    fn reserve(&self, mut file: &File, bytes: u64) -> io::Result<()> {
        match fallocate(file, FallocateFlags::empty(), 0, bytes) {
            // Some file systems cannot reserve; there a little is written, to see.
            Err(Errno::OPNOTSUPP) => file.write_all(&[0; 64 * 1024]),
            result => Ok(result?),
        }
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        file.sync_data()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }
}

/// Appends all of `bytes`, in as many writes as it takes.
pub fn append_all(disk: &dyn Disk, file: &File, bytes: &[u8]) -> io::Result<()> {
    let mut rest = bytes;
    while !rest.is_empty() {
        match disk.append(file, rest) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => rest = &rest[count..],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
