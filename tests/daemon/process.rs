//! The binary as a process: started, watched from outside, and killed when its test ends.
//!
//! Owns a folder for each process, which is its working directory and holds its two outputs, and the lock
//! by which demanding tests take turns.

use std::fs::{self, File};
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, setrlimit};

use crate::client::{Client, Reply};
use crate::scrape::Scrape;
use crate::time::{PATIENCE, wait_for, wait_within};
use crate::vitals::Vitals;

const BINARY: &str = env!("CARGO_BIN_EXE_alertwheel");

/// The name of the configuration in the folder of a process; not one that is found by itself.
pub const CONFIG_FILE: &str = "config.yml";

static TURN: Mutex<()> = Mutex::new(());

/// Held by tests that load the host or measure it, so that they do not disturb one another.
pub fn take_turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Lets this process hold as many connections as the host allows.
pub fn raise_open_files() {
    let maximum = getrlimit(Resource::Nofile).maximum;
    let raised = Rlimit {
        current: maximum,
        maximum,
    };
    setrlimit(Resource::Nofile, raised).expect("a limit up to the maximum is allowed");
}

/// A process that has not started yet.
pub struct Setup {
    folder: Arc<Folder>,
    arguments: Vec<String>,
    open_files: Option<u32>,
    umask: Option<String>,
    variables: Vec<(String, String)>,
}

/// A daemon that runs.
pub struct Daemon {
    child: Child,
    folder: Arc<Folder>,
    arguments: Vec<String>,
    address: SocketAddr,
}

/// A process that has ended.
#[derive(Debug)]
pub struct Ended {
    /// The exit code; `None` if a signal killed it.
    pub code: Option<i32>,
    /// What it wrote to standard output.
    pub output: String,
    /// What it wrote to standard error.
    pub log: String,
}

impl Setup {
    /// A process in an empty folder.
    pub fn bare() -> Self {
        Setup {
            folder: Arc::new(Folder::new()),
            arguments: Vec::new(),
            open_files: None,
            umask: None,
            variables: Vec::new(),
        }
    }

    /// One with this configuration.
    pub fn with_config(text: &str) -> Self {
        let setup = Setup::bare().file(CONFIG_FILE, text);
        setup.argument(&format!("--config.file={CONFIG_FILE}"))
    }

    /// Another process in the same folder, without arguments.
    pub fn sibling(&self) -> Setup {
        Setup {
            folder: Arc::clone(&self.folder),
            arguments: Vec::new(),
            open_files: None,
            umask: None,
            variables: Vec::new(),
        }
    }

    /// Where it will run.
    pub fn folder(&self) -> &Path {
        &self.folder.0
    }

    /// Puts a file into its folder.
    pub fn file(self, name: &str, text: &str) -> Self {
        self.folder.write(name, text);
        self
    }

    /// Adds an argument.
    pub fn argument(mut self, argument: &str) -> Self {
        self.arguments.push(argument.to_owned());
        self
    }

    /// Adds arguments.
    pub fn arguments(self, arguments: &[&str]) -> Self {
        let add = |setup: Self, argument: &&str| setup.argument(argument);
        arguments.iter().fold(self, add)
    }

    /// Starts it with this umask.
    pub fn umask(mut self, umask: &str) -> Self {
        self.umask = Some(umask.to_owned());
        self
    }

    /// Sets a variable of its environment.
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Lets it have so many files open, sockets included.
    pub fn open_files(mut self, count: u32) -> Self {
        self.open_files = Some(count);
        self
    }

    /// Starts a daemon on a free port and waits until it listens.
    pub fn start(self) -> Daemon {
        self.try_start()
            .unwrap_or_else(|ended| panic!("ended early: {}", ended.log))
    }

    /// The same for one that may end instead.
    pub fn try_start(self) -> Result<Daemon, Ended> {
        let arguments = self.arguments.clone();
        let mut daemon = self.argument("--web.listen-address=127.0.0.1:0").spawn();
        daemon.arguments = arguments;
        daemon.address = wait_for("the daemon listens or ends", || {
            let ended = daemon.child.try_wait().expect("our own child");
            match ended {
                Some(status) => Some(Err(daemon.ended(status.code()))),
                None => address_in(&daemon.log()).map(Ok),
            }
        })?;
        Ok(daemon)
    }

    /// Runs it to its end by itself, with the arguments as they are.
    pub fn run(self) -> Ended {
        self.spawn().wait_for_end(2 * PATIENCE)
    }

    /// The same, but what it prints goes to `output`.
    pub fn run_into(self, output: impl Into<Stdio>) -> Ended {
        self.spawn_into(output.into()).wait_for_end(2 * PATIENCE)
    }

    /// The same, and it reads `input`.
    pub fn run_on(self, input: &[u8]) -> Ended {
        let output = self.folder.create("stdout");
        let mut daemon = self.spawn_with(Stdio::piped(), output.into());
        let mut stdin = daemon.child.stdin.take().expect("a pipe");
        stdin.write_all(input).expect("it reads what comes in");
        drop(stdin);
        daemon.wait_for_end(2 * PATIENCE)
    }

    /// Starts it with the arguments as they are, and waits for nothing.
    pub fn spawn(self) -> Daemon {
        let output = self.folder.create("stdout");
        self.spawn_into(output.into())
    }

    fn spawn_into(self, output: Stdio) -> Daemon {
        self.spawn_with(Stdio::null(), output)
    }

    fn spawn_with(self, input: Stdio, output: Stdio) -> Daemon {
        let files = self.open_files.map(|count| format!("ulimit -n {count}; "));
        let umask = self.umask.map(|umask| format!("umask {umask}; "));
        let mut command = match files.or(umask) {
            None => Command::new(BINARY),
            Some(first) => {
                let mut shell = Command::new("sh");
                let script = format!("{first}exec \"$0\" \"$@\"");
                shell.args(["-c", &script, BINARY]);
                shell
            }
        };
        command
            .envs(self.variables)
            .args(&self.arguments)
            .current_dir(&self.folder.0)
            .stdin(input)
            .stdout(output)
            .stderr(self.folder.create("stderr"));
        Daemon {
            child: command.spawn().expect("the binary starts"),
            folder: self.folder,
            arguments: self.arguments,
            address: ([127, 0, 0, 1], 0).into(),
        }
    }
}

impl Daemon {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A new connection to it.
    pub fn connect(&self) -> Client {
        Client::connect(self.address)
    }

    /// Asks over a connection of its own.
    pub fn get(&self, target: &str) -> Reply {
        self.connect().get(target)
    }

    /// Posts alerts over a connection of its own, which must be taken.
    pub fn post(&self, alerts: &[serde_json::Value]) {
        let reply = self.connect().post_alerts(alerts);
        assert_eq!(reply.status, 200, "{}", reply.text());
    }

    /// Its metrics now.
    pub fn scrape(&self) -> Scrape {
        Scrape::read(&self.get("/metrics").text())
    }

    /// What it wrote to standard error so far.
    pub fn log(&self) -> String {
        self.folder.read("stderr")
    }

    /// What it wrote to standard output so far.
    pub fn output(&self) -> String {
        self.folder.read("stdout")
    }

    /// Writes a file in the folder where it runs.
    pub fn write(&self, name: &str, text: &str) {
        self.folder.write(name, text);
    }

    /// What the host says about it now.
    pub fn vitals(&self) -> Vitals {
        Vitals::of(self.child.id())
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("it runs");
    }

    /// Where it runs.
    pub fn folder(&self) -> &Path {
        &self.folder.0
    }

    /// Another process in the same folder, with the same arguments.
    pub fn another(&self) -> Setup {
        Setup {
            folder: Arc::clone(&self.folder),
            arguments: self.arguments.clone(),
            open_files: None,
            umask: None,
            variables: Vec::new(),
        }
    }

    /// Kills it, so that it can do nothing more, and gives back what it was started from.
    pub fn kill(mut self) -> Setup {
        self.child.kill().expect("our own child");
        self.child.wait().expect("our own child");
        self.another()
    }

    /// Tells it to stop and sees it end.
    pub fn stop(mut self) -> Ended {
        self.signal(Signal::TERM);
        self.wait_for_end(PATIENCE)
    }

    /// Sees it end by itself.
    pub fn wait(mut self) -> Ended {
        self.wait_for_end(PATIENCE)
    }

    fn wait_for_end(&mut self, limit: Duration) -> Ended {
        let status = wait_within(limit, "the process ends", || {
            self.child.try_wait().expect("our own child")
        });
        self.ended(status.code())
    }

    fn ended(&self, code: Option<i32>) -> Ended {
        Ended {
            code,
            output: self.output(),
            log: self.log(),
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Both fail only if it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let log = self.log();
            let tail = log.len().saturating_sub(4000);
            println!(
                "the daemon's log:\n{}",
                &log[log.ceil_char_boundary(tail)..]
            );
        }
    }
}

/// The address in the line that says where the daemon listens, in either form of the log.
fn address_in(log: &str) -> Option<SocketAddr> {
    let line = log
        .split_inclusive('\n')
        .find(|line| line.contains("Listening on") && line.ends_with('\n'))?;
    let (_, rest) = line.split_once("address")?;
    let rest = rest.trim_start_matches(['"', ':', '=']);
    let end = rest.find(|c: char| c == '"' || c.is_whitespace())?;
    rest[..end].parse().ok()
}

/// A folder that goes with its owner.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("daemon-{}-{number}", std::process::id());
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&path).expect("a folder for a test");
        Folder(path)
    }

    fn create(&self, name: &str) -> File {
        File::create(self.0.join(name)).expect("a writable folder")
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.0.join(name), text).expect("a writable folder");
    }

    fn read(&self, name: &str) -> String {
        let bytes = fs::read(self.0.join(name)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left behind lies in the build's own folder.
        let _ = fs::remove_dir_all(&self.0);
    }
}
