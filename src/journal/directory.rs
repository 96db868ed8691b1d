//! The folder of the journal, held by this process alone.
//!
//! Owns the lock, and the way a folder comes to be so that it outlives a power cut. The lock is on the
//! folder itself: it works where nothing can be written, and leaves nothing behind. A folder that is
//! there is only read here, so that a daemon starts on a full disk too; one that is made is forced to
//! disk by whoever writes into it, so that a daemon starts soon on a busy disk too. Runs on main; made
//! anew on the journal thread.

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

/// The folder within the path of the storage.
pub const FOLDER: &str = "journal";

/// The folder, locked for as long as this lives.
#[derive(Debug)]
pub struct Directory {
    storage: PathBuf,
    path: PathBuf,
    file: Arc<File>,
    /// Of the folders above, those in which one was made, from the top down.
    made_in: Vec<Arc<File>>,
}

/// Why the folder cannot be used.
#[derive(Debug)]
pub enum DirectoryFault {
    /// It is not there and cannot be made.
    NotMade {
        /// What could not be made.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// It is there and cannot be opened.
    NotOpened {
        /// What could not be opened.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Something else has its name.
    NoDirectory {
        /// What is no directory.
        path: PathBuf,
    },
    /// Another process holds it.
    InUse {
        /// What is held.
        path: PathBuf,
    },
    /// Its file system has no locks.
    NotLocked {
        /// What could not be locked.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// This user may not write there.
    NotWritable {
        /// Where.
        path: PathBuf,
    },
}

impl Directory {
    /// Opens the folder in `storage`, makes it if it is not there, and locks it. One that was made is
    /// on disk once what [`Directory::take_made_in`] gives is synced.
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

    /// The folder once more, after it was removed, and on disk. What is left of this one is of no use.
    pub fn make_anew(&self) -> Result<Self, DirectoryFault> {
        let mut anew = Directory::open(&self.storage)?;
        let above = anew.take_made_in();
        let synced = above.iter().try_for_each(|folder| folder.sync_all());
        synced.map_err(|error| not_made(&anew.path, error))?;
        Ok(anew)
    }

    /// The folders to sync, in this order, before anything in this one counts as on disk.
    pub fn take_made_in(&mut self) -> Vec<Arc<File>> {
        mem::take(&mut self.made_in)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The folder as a file, to be synced after its entries have changed.
    pub fn file(&self) -> &Arc<File> {
        &self.file
    }

    /// What lies in it.
    pub fn listing(&self) -> io::Result<Listing> {
        Listing::read(&self.path)
    }

    /// Where the segment with this number is.
    pub fn segment_path(&self, number: u64) -> PathBuf {
        FileName::segment(number).within(&self.path)
    }

    /// Where the snapshot with this number is.
    pub fn snapshot_path(&self, number: u64) -> PathBuf {
        FileName::snapshot(number).within(&self.path)
    }

    /// Where the snapshot with this number is while it is not finished.
    pub fn partial_path(&self, number: u64) -> PathBuf {
        partial_path(&self.path, number)
    }

    /// Whether it is no longer where it was, removed or moved away: then what is written into its
    /// files is lost with them, or is for somebody else.
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

/// Makes the folder and those above it that are not there; `made_in` is what to sync for that.
fn make(path: &Path, made_in: &mut Vec<Arc<File>>) -> Result<(), DirectoryFault> {
    let fault = |error| not_made(path, error);
    let parent = match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => Path::new("/"),
    };
    let mut private = fs::DirBuilder::new();
    // What alerts say is nobody else's business.
    private.mode(0o700);
    match private.create(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            make(parent, made_in)?;
            private.create(path).map_err(fault)?;
        }
        // Somebody else was quicker.
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

/// Whether the user of this process may write there. Where nobody may, because the file system is
/// read-only, there may still be a state to go on with.
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
    /// What somebody can do about it.
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

/// What could not be done, why, and what to do.
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

/// For those who tell only what the host said. What it did not say is [`ErrorKind::Other`].
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
