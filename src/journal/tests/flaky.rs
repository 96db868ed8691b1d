//! A disk that fails on command, in a real folder.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crossbeam_channel::Receiver;

use crate::journal::disk::{Disk, HostDisk};

pub const NO_SPACE: i32 = 28;
pub const READ_ONLY: i32 = 30;
pub const IO_ERROR: i32 = 5;

/// Fails as its faults say; without any it is the host's.
#[derive(Default)]
pub struct FlakyDisk {
    faults: Mutex<Faults>,
    watcher: Mutex<Option<Watcher>>,
}

/// Called after each operation.
type Watcher = Box<dyn FnMut() + Send>;

/// The faults to produce, and the operations so far. Errors are numbers of the operating system.
#[derive(Debug, Default)]
pub struct Faults {
    /// The bytes that the disk still has room for; `None` is no limit.
    pub room: Option<u64>,
    /// The error for creating a file whose name contains this text.
    pub create: Option<(&'static str, i32)>,
    pub append: Option<i32>,
    pub truncate: Option<i32>,
    pub sync: Option<i32>,
    pub rename: Option<i32>,
    /// An append blocks until this channel is disconnected.
    pub hold: Option<Receiver<()>>,
    pub appends: usize,
    pub syncs: usize,
    /// The inodes of the files that were synced successfully.
    pub synced: Vec<u64>,
}

impl std::fmt::Debug for FlakyDisk {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.faults().fmt(out)
    }
}

fn failing(number: Option<i32>) -> io::Result<()> {
    number.map_or(Ok(()), |number| Err(io::Error::from_raw_os_error(number)))
}

impl FlakyDisk {
    /// The faults, to be changed while the guard is held.
    pub fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has `watcher` called after each operation from now on.
    pub fn watch(&self, watcher: impl FnMut() + Send + 'static) {
        let mut slot = self.watcher.lock().unwrap_or_else(PoisonError::into_inner);
        *slot = Some(Box::new(watcher));
    }

    fn watched<T>(&self, result: T) -> T {
        let mut slot = self.watcher.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(watcher) = slot.as_mut() {
            watcher();
        }
        result
    }
}

impl Disk for FlakyDisk {
    fn create(&self, path: &Path) -> io::Result<File> {
        let fault = self.faults().create;
        let fault = fault.filter(|(part, _)| path.to_string_lossy().contains(part));
        failing(fault.map(|(_, number)| number))?;
        self.watched(HostDisk.create(path))
    }

    fn append(&self, file: &File, bytes: &[u8]) -> io::Result<usize> {
        let hold = self.faults().hold.take();
        if let Some(hold) = hold {
            // Nothing is ever sent.
            let _ = hold.recv();
        }
        let mut faults = self.faults();
        faults.appends += 1;
        failing(faults.append)?;
        let length = match &mut faults.room {
            None => bytes.len(),
            Some(0) => return Err(io::Error::from_raw_os_error(NO_SPACE)),
            Some(room) => {
                let length = usize::try_from(*room)
                    .unwrap_or(bytes.len())
                    .min(bytes.len());
                *room -= length as u64;
                length
            }
        };
        drop(faults);
        self.watched(HostDisk.append(file, &bytes[..length]))
    }

    fn truncate(&self, file: &File, length: u64) -> io::Result<()> {
        failing(self.faults().truncate)?;
        self.watched(HostDisk.truncate(file, length))
    }

    fn reserve(&self, file: &File, bytes: u64) -> io::Result<()> {
        if self.faults().room.is_some_and(|room| room < bytes) {
            return Err(io::Error::from_raw_os_error(NO_SPACE));
        }
        HostDisk.reserve(file, bytes)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        let fault = {
            let mut faults = self.faults();
            faults.syncs += 1;
            faults.sync
        };
        failing(fault)?;
        let inode = file.metadata()?.ino();
        self.faults().synced.push(inode);
        self.watched(HostDisk.sync(file))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        failing(self.faults().rename)?;
        self.watched(HostDisk.rename(from, to))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.watched(HostDisk.remove(path))
    }
}
