//! Watches the files of the configuration, and asks for a reload once they have changed (`--config.watch`).
//!
//! Owns what counts as a change: another state of the files, which then stays for a moment, so that no half
//! of a change is loaded. inotify only wakes it earlier; what is decisive is the state of the files, so that
//! network file systems and links into other folders work as well. Never reads the files. Runs on the thread
//! `watch`.

use std::collections::BTreeSet;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TryRecvError, bounded};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify::{self, CreateFlags, WatchFlags};

use super::Call;
use crate::config;
use crate::files::Stamp;
use crate::limits::{WATCH_CHANGES, WATCH_INTERVAL, WATCH_LONG_INTERVAL, WATCH_SETTLED};
use crate::threads::{self, WORKER_STACK};

/// The state of the watched files.
type State = Vec<(PathBuf, Option<Stamp>)>;

/// The watch, before its thread exists. Made before the configuration is read, so that no change falls in
/// between.
#[derive(Debug)]
pub struct Watch {
    /// The file or folder of `--config.file`.
    config: PathBuf,
    templates: Vec<PathBuf>,
    seen: State,
}

/// Tells the watch which template files the configuration names.
pub type Templates = Sender<Vec<PathBuf>>;

impl Watch {
    /// A watch on this file or folder.
    pub fn on(config: &Path) -> Self {
        let mut watch = Watch {
            config: config.to_owned(),
            templates: Vec::new(),
            seen: State::new(),
        };
        watch.seen = watch.state();
        watch
    }

    /// Starts the thread. It ends when main has.
    pub fn start(mut self, templates: Vec<PathBuf>, calls: Sender<Call>) -> io::Result<Templates> {
        let (templates_in, templates_out) = bounded(WATCH_CHANGES);
        self.learn(templates);
        threads::spawn("watch", WORKER_STACK, move || {
            self.run(&templates_out, &calls);
        })?;
        Ok(templates_in)
    }

    fn run(mut self, templates: &Receiver<Vec<PathBuf>>, calls: &Sender<Call>) {
        let bell = Bell::new();
        loop {
            bell.watch(self.folders());
            bell.wait();
            loop {
                match templates.try_recv() {
                    Ok(templates) => self.learn(templates),
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => return,
                }
            }
            let now = self.state();
            if now == self.seen {
                continue;
            }
            let Some(settled) = self.settle(now, templates) else {
                return;
            };
            // A file that was put back in the meantime has not changed.
            if settled != self.seen {
                self.seen = settled;
                log::info!(file:% = self.config.display(); "The configuration has changed; reloading it");
                if calls.send(Call::Reload(None)).is_err() {
                    return;
                }
            }
        }
    }

    /// Waits until the files stay as they are; `None` if main has ended.
    fn settle(&mut self, mut now: State, templates: &Receiver<Vec<PathBuf>>) -> Option<State> {
        loop {
            match templates.recv_timeout(WATCH_SETTLED) {
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return None,
                Ok(others) => {
                    self.learn(others);
                    now = self.state();
                    continue;
                }
            }
            let next = self.state();
            if next == now {
                return Some(now);
            }
            now = next;
        }
    }

    /// Watches these template files from now on, as they are now.
    fn learn(&mut self, templates: Vec<PathBuf>) {
        if templates == self.templates {
            return;
        }
        let known: BTreeSet<&PathBuf> = self.templates.iter().collect();
        self.seen.retain(|(path, _)| !known.contains(path));
        self.seen.extend(templates.iter().map(|path| stamped(path)));
        self.templates = templates;
    }

    fn state(&self) -> State {
        let mut paths = match self.config.is_dir() {
            // A folder that cannot be read has no files now, which is a change, and a reload says why.
            true => config::files_in(&self.config).unwrap_or_default(),
            false => vec![self.config.clone()],
        };
        paths.extend(self.templates.iter().cloned());
        paths.iter().map(|path| stamped(path)).collect()
    }

    /// The folders in which files come and go: that of the file, and the folder itself.
    fn folders(&self) -> BTreeSet<&Path> {
        let own = [self.config.as_path()]
            .into_iter()
            .filter(|path| path.is_dir());
        let files = self.templates.iter().map(PathBuf::as_path);
        let parents = files
            .chain([self.config.as_path()])
            .map(|path| match path.parent() {
                Some(parent) if !parent.as_os_str().is_empty() => parent,
                _ => Path::new("."),
            });
        own.chain(parents).collect()
    }
}

fn stamped(path: &Path) -> (PathBuf, Option<Stamp>) {
    (path.to_owned(), Stamp::of(path))
}

/// Rings when something may have changed.
struct Bell {
    /// `None` if the host has no inotify, or none left.
    inotify: Option<OwnedFd>,
}

impl Bell {
    fn new() -> Self {
        let flags = CreateFlags::CLOEXEC | CreateFlags::NONBLOCK;
        Bell {
            inotify: inotify::init(flags).ok(),
        }
    }

    /// Rings for changes in these folders. To watch one twice changes nothing; one that cannot be watched is
    /// looked at as often as without inotify.
    fn watch(&self, folders: BTreeSet<&Path>) {
        let Some(inotify) = &self.inotify else {
            return;
        };
        let changes = WatchFlags::CREATE
            | WatchFlags::CLOSE_WRITE
            | WatchFlags::MOVE
            | WatchFlags::DELETE
            | WatchFlags::ATTRIB;
        for folder in folders {
            // A folder that is gone comes back with another state of its files.
            let _ = inotify::add_watch(inotify, folder, changes);
        }
    }

    fn wait(&self) {
        let interval = match self.inotify {
            Some(_) => WATCH_LONG_INTERVAL,
            None => WATCH_INTERVAL,
        };
        let timeout = Timespec {
            tv_sec: interval.as_secs().cast_signed(),
            tv_nsec: 0,
        };
        let mut fds: Vec<PollFd<'_>> = self
            .inotify
            .iter()
            .map(|inotify| PollFd::new(inotify, PollFlags::IN))
            .collect();
        // An interruption rings early, which does no harm.
        let _ = poll(&mut fds, Some(&timeout));
        if let Some(inotify) = &self.inotify {
            let mut events = [0; 4096];
            while rustix::io::read(inotify, &mut events).is_ok_and(|length| length > 0) {}
        }
    }
}

const _: () = assert!(
    WATCH_INTERVAL.subsec_nanos() == 0 && WATCH_LONG_INTERVAL.subsec_nanos() == 0,
    "the intervals are whole seconds"
);
