//! A program under test. It starts in its own folder, its log is kept, and it is killed when it is dropped at
//! the latest.

use std::env;
use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{self, Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use rustix::process::{Pid, Signal, kill_process};

use crate::wait;

/// A folder that goes with its owner.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// A new and empty folder whose name contains `name`.
    pub fn create(name: &str) -> Folder {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("{name}-{}-{number}", process::id()));
        fs::create_dir_all(&path).expect("the target folder can be written");
        Folder { path }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a file into it and returns where that is.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let file = self.path.join(name);
        fs::write(&file, text).expect("the folder can be written");
        file
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed stays below target, which is cleaned as a whole.
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// A program that runs.
#[derive(Debug)]
pub struct Process {
    name: &'static str,
    child: Child,
    log: PathBuf,
    folder: Folder,
}

impl Process {
    /// Starts `program` in `folder`, with what it prints going to its log.
    pub fn start(
        name: &'static str,
        program: &Path,
        arguments: &[String],
        folder: Folder,
    ) -> Process {
        let log = folder.path().join("log");
        let file = File::create(&log).expect("the folder can be written");
        let also = file.try_clone().expect("a file can be opened twice");
        let child = Command::new(program)
            .args(arguments)
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(also)
            .stderr(file)
            .spawn()
            .unwrap_or_else(|error| panic!("{} does not start: {error}", program.display()));
        Process {
            name,
            child,
            log,
            folder,
        }
    }

    /// The address of its first listener, which all these programs write to their log.
    pub fn address(&mut self) -> SocketAddr {
        wait::until("a line with the address in the log", || {
            let ended = self.child.try_wait().expect("a child can be waited for");
            assert!(ended.is_none(), "{} ended: {ended:?}", self.name);
            listens_on(&self.log())
        })
    }

    /// Its id.
    pub fn id(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Everything it has printed so far.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).expect("the log can be read")
    }

    /// Asks it to stop and waits for that.
    pub fn stop(mut self) -> ExitStatus {
        kill_process(self.id(), Signal::TERM).expect("a child can be signalled");
        let name = self.name;
        wait::until(&format!("the end of {name}"), || {
            self.child.try_wait().expect("a child can be waited for")
        })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only if it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            let folder = self.folder.path().display();
            eprintln!("{} in {folder} said:\n{}", self.name, self.log());
        }
    }
}

/// The address in the first line that says `Listening on`.
fn listens_on(log: &str) -> Option<SocketAddr> {
    let (_, rest) = log.split_once("\"Listening on\"")?;
    let (line, _) = rest.split_once('\n')?;
    let (_, address) = line.split_once("address=")?;
    address.split_whitespace().next()?.parse().ok()
}
