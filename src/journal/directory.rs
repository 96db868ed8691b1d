//! The journal's folder, locked by this process.
//!
//! Owns the lock, and the creation of the folder in a way that survives a power cut. The lock is on the
//! folder itself, so it works on a read-only disk and leaves no file behind. An existing folder is only
//! read here, so that a daemon starts on a full disk. A new folder is synced later, by the first sync of
//! the writer, so that a daemon starts quickly on a busy disk. Runs on main; [`Directory::make_anew`] runs
//! on the journal thread.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::mem;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{Access, AtFlags, CWD, FlockOperation, Mode, OFlags};
use rustix::io::Errno;

use super::listing::{FileName, Listing, partial_path};
use super::messages::plain;

/// The name of the folder in `--storage.path`.
pub const FOLDER: &str = "journal";

/// The folder, locked as long as this value lives.
#[derive(Debug)]
pub struct Directory {
    storage: PathBuf,
    path: PathBuf,
    file: Arc<File>,
    /// The parent folders in which a folder was created, from the top down.
    made_in: Vec<Arc<File>>,
}

/// Why the folder cannot be used.
#[derive(Debug)]
pub enum DirectoryFault {
    /// The folder does not exist and cannot be created.
    NotMade {
        /// The folder.
        path: PathBuf,
        /// The error of the operating system.
        error: io::Error,
    },
    /// The folder exists and cannot be opened.
    NotOpened {
        /// The folder.
        path: PathBuf,
        /// The error of the operating system.
        error: io::Error,
    },
    /// Something that is no directory has the folder's name.
    NoDirectory {
        /// The folder.
        path: PathBuf,
    },
    /// Another process has locked the folder.
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// The folder cannot be locked; its file system may have no locks.
    NotLocked {
        /// The folder.
        path: PathBuf,
        /// The error of the operating system.
        error: io::Error,
    },
    /// The user of this process may not write in the folder.
    NotWritable {
        /// The folder.
        path: PathBuf,
    },
}

impl Directory {
    /// Opens the folder in `storage`, creates it if it does not exist, and locks it. A new folder is on disk
    /// once the folders of [`Directory::take_made_in`] are synced.
    pub fn open(storage: &Path) -> Result<Self, DirectoryFault> {
        let path = storage.join(FOLDER);
        let mut made_in = Vec::new();
        let file = match open(&path) {
            Err(Errno::NOENT | Errno::NOTDIR) if fs::symlink_metadata(&path).is_err() => {
                make(&path, &mut made_in)?;
                open(&path)
            }
            opened => opened,
        };
        let file = file.map_err(|errno| not_opened(&path, errno))?;
        lock(&file).map_err(|errno| not_locked(&path, errno))?;
        check_writable(&path)?;
        Ok(Directory {
            storage: storage.to_owned(),
            path,
            file: Arc::new(file),
            made_in,
        })
    }

    /// Creates, syncs and locks the folder again, after it was removed.
    pub fn make_anew(&self) -> Result<Self, DirectoryFault> {
        let mut anew = Directory::open(&self.storage)?;
        let above = anew.take_made_in();
        let synced = above.iter().try_for_each(|folder| folder.sync_all());
        synced.map_err(|error| not_made(&anew.path, error))?;
        Ok(anew)
    }

    /// Takes the folders to sync, in this order, before anything in this folder counts as on disk.
    pub fn take_made_in(&mut self) -> Vec<Arc<File>> {
        mem::take(&mut self.made_in)
    }

    /// The path of the folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The folder as a file, to be synced after its entries have changed.
    pub fn file(&self) -> &Arc<File> {
        &self.file
    }

    /// The files in the folder.
    pub fn listing(&self) -> io::Result<Listing> {
        Listing::read(&self.path)
    }

    /// The path of the segment with this number.
    pub fn segment_path(&self, number: u64) -> PathBuf {
        FileName::segment(number).within(&self.path)
    }

    /// The path of the snapshot with this number.
    pub fn snapshot_path(&self, number: u64) -> PathBuf {
        FileName::snapshot(number).within(&self.path)
    }

    /// The path of the snapshot with this number until it is finished.
    pub fn partial_path(&self, number: u64) -> PathBuf {
        partial_path(&self.path, number)
    }

    /// Whether the folder was removed or moved away. Then writes to its files are lost, or end up elsewhere.
    pub fn is_gone(&self) -> bool {
        let Ok(ours) = rustix::fs::fstat(&self.file) else {
            return false;
        };
        match rustix::fs::stat(&self.path) {
            Ok(there) => (there.st_dev, there.st_ino) != (ours.st_dev, ours.st_ino),
            Err(errno) => errno == Errno::NOENT || errno == Errno::NOTDIR,
        }
    }
}

fn open(path: &Path) -> Result<File, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    rustix::fs::open(path, flags, Mode::empty()).map(File::from)
}

/// Creates the folder and its missing parents. Adds the folders to sync to `made_in`.
fn make(path: &Path, made_in: &mut Vec<Arc<File>>) -> Result<(), DirectoryFault> {
    let fault = |error| not_made(path, error);
    let parent = match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => Path::new("/"),
    };
    let mut private = fs::DirBuilder::new();
    // Alerts are confidential: only this user may read the folder.
    private.mode(0o700);
    match private.create(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            make(parent, made_in)?;
            private.create(path).map_err(fault)?;
        }
        // Another process was quicker.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        made => made.map_err(fault)?,
    }
    let parent = File::open(parent).map_err(fault)?;
    made_in.push(Arc::new(parent));
    Ok(())
}

fn lock(file: &File) -> Result<(), Errno> {
    rustix::fs::flock(file, FlockOperation::NonBlockingLockExclusive)
}

/// Fails if the user of this process may not write in the folder. A read-only file system is no failure:
/// the daemon can still recover the state from it.
fn check_writable(path: &Path) -> Result<(), DirectoryFault> {
    let access = Access::WRITE_OK | Access::EXEC_OK;
    match rustix::fs::accessat(CWD, path, access, AtFlags::EACCESS) {
        Err(Errno::ACCESS | Errno::PERM) => Err(DirectoryFault::NotWritable {
            path: path.to_owned(),
        }),
        _ => Ok(()),
    }
}

fn not_made(path: &Path, error: io::Error) -> DirectoryFault {
    DirectoryFault::NotMade {
        path: path.to_owned(),
        error,
    }
}

fn not_opened(path: &Path, errno: Errno) -> DirectoryFault {
    let path = path.to_owned();
    match errno {
        Errno::NOTDIR => DirectoryFault::NoDirectory { path },
        errno => DirectoryFault::NotOpened {
            path,
            error: errno.into(),
        },
    }
}

fn not_locked(path: &Path, errno: Errno) -> DirectoryFault {
    let path = path.to_owned();
    match errno {
        Errno::WOULDBLOCK => DirectoryFault::InUse { path },
        errno => DirectoryFault::NotLocked {
            path,
            error: errno.into(),
        },
    }
}

impl DirectoryFault {
    /// What an operator can do about the fault.
    fn advice(&self) -> String {
        match self {
            DirectoryFault::NotMade { error, .. } => advice_to_make(error.kind()).to_owned(),
            DirectoryFault::NotOpened { .. } | DirectoryFault::NotWritable { .. } => {
                "let the user of this process read and write there, or name another place with \
                 --storage.path"
                    .to_owned()
            }
            DirectoryFault::NoDirectory { .. } => {
                "move what is there away, or name another place with --storage.path".to_owned()
            }
            DirectoryFault::InUse { .. } => {
                "stop that one, or give this one a place of its own with --storage.path".to_owned()
            }
            DirectoryFault::NotLocked { .. } => {
                "name a place on a local file system with --storage.path".to_owned()
            }
        }
    }
}

fn advice_to_make(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            "free space, or name another place with --storage.path"
        }
        ErrorKind::PermissionDenied => {
            "make it for the user of this process, or name another place with --storage.path"
        }
        ErrorKind::NotADirectory => {
            "something above it is no directory; name another place with --storage.path"
        }
        _ => "name a place that can be written with --storage.path",
    }
}

/// Says what failed, why, and what to do.
impl fmt::Display for DirectoryFault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DirectoryFault::NotMade { path, error } => {
                write!(out, "create {}: {}", path.display(), plain(error))?;
            }
            DirectoryFault::NotOpened { path, error } => {
                write!(out, "open {}: {}", path.display(), plain(error))?;
            }
            DirectoryFault::NoDirectory { path } => {
                write!(out, "open {}: not a directory", path.display())?;
            }
            DirectoryFault::InUse { path } => {
                write!(out, "lock {}: in use by another alertwheel", path.display())?;
            }
            DirectoryFault::NotLocked { path, error } => {
                write!(out, "lock {}: {}", path.display(), plain(error))?;
            }
            DirectoryFault::NotWritable { path } => {
                write!(out, "write in {}: Permission denied", path.display())?;
            }
        }
        write!(out, "; {}", self.advice())
    }
}

impl std::error::Error for DirectoryFault {}

/// The error of the operating system, for callers that report only that. A fault without one is
/// [`ErrorKind::Other`].
impl From<DirectoryFault> for io::Error {
    fn from(fault: DirectoryFault) -> Self {
        match fault {
            DirectoryFault::NotMade { error, .. }
            | DirectoryFault::NotOpened { error, .. }
            | DirectoryFault::NotLocked { error, .. } => error,
            fault => io::Error::other(fault.to_string()),
        }
    }
}

#[cfg(test)]
mod tests;
