//! The disk operations of the journal, behind a trait.
//!
//! Owns the few operations that write, so that tests can make any of them fail at any moment. Reads go
//! through the standard library directly. Never retries and decides nothing. Runs on the caller's thread:
//! the journal's, the sync thread or a compaction.

use std::fmt::Debug;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::Errno;

/// All operations that change a disk.
pub trait Disk: Debug + Send + Sync {
    /// Creates a file for appending. Fails if it already exists.
    fn create(&self, path: &Path) -> io::Result<File>;

    /// Appends to the file. Returns how many of the bytes were written, which may be fewer than given.
    fn append(&self, file: &File, bytes: &[u8]) -> io::Result<usize>;

    /// Truncates a file to `length` bytes.
    fn truncate(&self, file: &File, length: u64) -> io::Result<()>;

    /// Reserves `bytes` bytes of disk space for a file, or fails if there is no room.
    fn reserve(&self, file: &File, bytes: u64) -> io::Result<()>;

    /// Syncs a file or a folder to disk.
    fn sync(&self, file: &File) -> io::Result<()>;

    /// Renames a file. Replaces a file that has the new name.
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
        // Alerts are confidential: only this user may read the file.
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
            // Some file systems cannot reserve: write 64 KiB as a test.
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

/// Appends all of `bytes`, with as many writes as needed.
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
