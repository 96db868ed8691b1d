//! The programs side by side: the real Alertmanager, ours, and the floor, each by one driver.

use std::env;
use std::fs;
use std::net::SocketAddr;
use std::path::{self, Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, getrlimit, setrlimit};

use crate::connection::Connection;
use crate::hosts::Hosts;
use crate::process::{Folder, Process};
use crate::processor_time::ProcessorTime;
use crate::time::{now, wait_until};
use crate::vitals::Vitals;

/// Who.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// The one that we are measured by.
    Alertmanager,
    /// Ours.
    Alertwheel,
    /// Only what the libraries cost, with no alert kept and no rule followed.
    Floor,
}

/// A program that takes part.
#[derive(Clone, Debug)]
pub struct Contender {
    /// Who it is.
    pub who: Who,
    program: PathBuf,
}

/// One that runs.
pub struct Running {
    process: Process,
    address: SocketAddr,
    state: PathBuf,
    ready_after: Duration,
}

impl Who {
    /// As it stands at the head of a column.
    pub fn name(self) -> &'static str {
        match self {
            Who::Alertmanager => "alertmanager",
            Who::Alertwheel => "alertwheel",
            Who::Floor => "floor",
        }
    }
}

impl Contender {
    /// The real Alertmanager: `ALERTMANAGER`, or that of the peers that `tests/peer` compares with.
    /// Without one, says where it was looked for.
    pub fn alertmanager() -> Result<Contender, String> {
        let named = |name| env::var_os(name).filter(|value| !value.is_empty());
        let peers = || {
            let folder = named("ALERTWHEEL_PEERS").map(PathBuf::from);
            let folder =
                folder.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("peers"));
            folder.join("bin/alertmanager")
        };
        let program = named("ALERTMANAGER").map_or_else(peers, PathBuf::from);
        // It is started in a folder of its own, where a relative path means something else.
        let program = path::absolute(program).expect("a path");
        if !program.is_file() {
            return Err(format!(
                "{} is not there; set ALERTMANAGER to the path of one to see both side by side",
                program.display()
            ));
        }
        Ok(Contender {
            who: Who::Alertmanager,
            program,
        })
    }

    /// Ours: `ALERTWHEEL`, such as the build before a change, or the one built with this program.
    pub fn alertwheel() -> Contender {
        let named = env::var_os("ALERTWHEEL").filter(|value| !value.is_empty());
        let built = || PathBuf::from(env!("CARGO_BIN_EXE_alertwheel"));
        Contender {
            who: Who::Alertwheel,
            program: named.map_or_else(built, |named| path::absolute(named).expect("a path")),
        }
    }

    /// This very program in another role.
    pub fn floor() -> Contender {
        Contender {
            who: Who::Floor,
            program: env::current_exe().expect("this program is a file"),
        }
    }

    /// Its name and version, as it tells them.
    pub fn version(&self) -> String {
        let output = Command::new(&self.program).arg("--version").output();
        let output = output.expect("the program starts");
        let text = String::from_utf8_lossy(&output.stdout);
        let told = text.lines().next().unwrap_or_default();
        let words: Vec<&str> = told
            .split([',', ' '])
            .filter(|word| !word.is_empty())
            .collect();
        match words[..] {
            ["alertmanager", "version", version, ..] => format!("Alertmanager {version}"),
            _ => self.who.name().to_owned(),
        }
    }

    /// Bytes of the program's file.
    pub fn program_bytes(&self) -> u64 {
        fs::metadata(&self.program).expect("it is a file").len()
    }

    /// Starts it with this configuration on an empty state directory, and waits until it is ready.
    pub fn start(&self, configuration: &str) -> Running {
        self.start_through(&self.program, Vec::new(), &[], configuration)
    }

    /// The same with these variables of the environment and these flags.
    pub fn start_as_service(
        &self,
        variables: &[(&str, &str)],
        flags: &[&str],
        configuration: &str,
    ) -> Running {
        let variables = variables
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        let command = variables.chain([self.program.display().to_string()]);
        self.start_through(
            Path::new("/usr/bin/env"),
            command.collect(),
            flags,
            configuration,
        )
    }

    /// The same; it finds these hosts by their names.
    pub fn start_with(&self, hosts: &Hosts, configuration: &str) -> Running {
        let (program, before) = hosts.command(&self.program, Vec::new());
        self.start_through(&program, before, &[], configuration)
    }

    /// Starts it by way of `program`, which has arguments of its own before those of the daemon.
    fn start_through(
        &self,
        program: &Path,
        mut arguments: Vec<String>,
        flags: &[&str],
        configuration: &str,
    ) -> Running {
        let home = Folder::create(self.who.name());
        home.write("config.yml", configuration);
        let state = home.path().join("data");
        arguments.extend(match self.who {
            Who::Floor => vec!["--floor".to_owned()],
            Who::Alertmanager | Who::Alertwheel => vec![
                "--config.file=config.yml".to_owned(),
                format!("--storage.path={}", state.display()),
                "--web.listen-address=127.0.0.1:0".to_owned(),
                "--cluster.listen-address=".to_owned(),
            ],
        });
        arguments.extend(flags.iter().map(|flag| (*flag).to_owned()));
        let started_at = now();
        let mut process = Process::start(self.who.name(), program, &arguments, home);
        let address = process.address();
        wait_until("the daemon is ready", || is_ready(address));
        Running {
            process,
            address,
            state,
            ready_after: now().since(started_at),
        }
    }
}

impl Running {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A new connection to it.
    pub fn connect(&self) -> Connection {
        Connection::open(self.address).expect("the daemon listens")
    }

    /// How long it took from its start to its first readiness.
    pub fn ready_after(&self) -> Duration {
        self.ready_after
    }

    /// Asks it to stop and waits for that; says how long it took.
    pub fn stop(self) -> Duration {
        let asked_at = now();
        self.process.stop();
        now().since(asked_at)
    }

    /// What the host says about it now.
    pub fn vitals(&self) -> Vitals {
        Vitals::of(self.id())
    }

    /// Lets the most memory in use be counted anew.
    pub fn forget_peak(&self) {
        const PEAK: &str = "5";
        let path = format!("/proc/{}/clear_refs", self.id());
        fs::write(path, PEAK).expect("it is our own child");
    }

    /// Time that it has spent on a processor so far.
    pub fn time_on_processor(&self) -> ProcessorTime {
        ProcessorTime::of(self.id())
    }

    /// The sum of all its counters of this name, whatever their labels.
    pub fn counted(&self, name: &str) -> f64 {
        let page = self.connect().text("/metrics");
        let values = page.lines().filter_map(|line| {
            let rest = line.strip_prefix(name)?;
            let (labels, value) = rest.rsplit_once(' ')?;
            // Others may begin with the same name.
            let is_it = labels.is_empty() || labels.starts_with('{');
            is_it.then(|| value.parse::<f64>().expect("a number"))
        });
        values.sum()
    }

    /// Bytes of the files in its state directory.
    pub fn state_bytes(&self) -> u64 {
        bytes_below(&self.state)
    }

    fn id(&self) -> u32 {
        u32::try_from(Pid::as_raw(Some(self.process.id()))).expect("ids are positive")
    }
}

/// Who writes nothing makes no folder.
fn bytes_below(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let sizes = entries.filter_map(|entry| {
        let about = entry.metadata().ok()?;
        Some(if about.is_dir() {
            bytes_below(&entry.path())
        } else {
            about.len()
        })
    });
    sizes.sum()
}

fn is_ready(address: SocketAddr) -> bool {
    let request = b"GET /-/ready HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let asked = Connection::open(address).and_then(|mut connection| connection.ask(request));
    asked.is_ok_and(|reply| reply.status == 200)
}

/// Lets this program and those that it starts hold as many connections as the host allows.
pub fn raise_open_files() {
    let maximum = getrlimit(Resource::Nofile).maximum;
    let raised = Rlimit {
        current: maximum,
        maximum,
    };
    setrlimit(Resource::Nofile, raised).expect("a limit up to the maximum is allowed");
}
