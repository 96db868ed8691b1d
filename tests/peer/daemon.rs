//! A driver for either daemon, ours or the real Alertmanager.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use crate::peers::Peers;
use crate::process::{Folder, Process};

/// The name of the file with the configuration.
pub const CONFIGURATION: &str = "configuration.yml";

/// Which daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Make {
    /// Ours, as built by this run of cargo.
    Alertwheel,
    /// The one we are compared with.
    Alertmanager,
}

impl Make {
    fn name(self) -> &'static str {
        match self {
            Make::Alertwheel => "alertwheel",
            Make::Alertmanager => "alertmanager",
        }
    }

    fn program(self, peers: &Peers) -> PathBuf {
        match self {
            Make::Alertwheel => Path::new(env!("CARGO_BIN_EXE_alertwheel")).to_owned(),
            Make::Alertmanager => peers.alertmanager(),
        }
    }
}

/// A daemon that answers requests.
#[derive(Debug)]
pub struct Daemon {
    process: Process,
    address: SocketAddr,
}

impl Daemon {
    /// Starts a daemon on this configuration and with these flags, which both makes understand,
    /// and returns when it listens: on a free port of this host alone, and with clustering off, unless
    /// flags say otherwise.
    pub fn start(make: Make, peers: &Peers, configuration: &str, flags: &[&str]) -> Daemon {
        let home = Folder::create(make.name());
        home.write(CONFIGURATION, configuration);
        let path = home.path().to_owned();
        Daemon::start_in(make, peers, &path, home, flags)
    }

    /// Starts a daemon whose configuration and state are in `home`, which outlives it: so it can be
    /// given another configuration, and be stopped and started again.
    pub fn start_at(make: Make, peers: &Peers, home: &Folder, flags: &[&str]) -> Daemon {
        let folder = Folder::create(make.name());
        Daemon::start_in(make, peers, home.path(), folder, flags)
    }

    fn start_in(make: Make, peers: &Peers, home: &Path, folder: Folder, flags: &[&str]) -> Daemon {
        let mut arguments = vec![
            format!("--config.file={}", home.join(CONFIGURATION).display()),
            format!("--storage.path={}", home.join("data").display()),
        ];
        let is_given = |start: &str| flags.iter().any(|flag| flag.starts_with(start));
        if !is_given("--web.listen-address") {
            arguments.push("--web.listen-address=127.0.0.1:0".to_owned());
        }
        if !is_given("--cluster.") {
            arguments.push("--cluster.listen-address=".to_owned());
        }
        arguments.extend(flags.iter().map(|flag| (*flag).to_owned()));
        let mut process = Process::start(make.name(), &make.program(peers), &arguments, folder);
        let address = process.address();
        Daemon { process, address }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Asks it to stop and waits for that.
    pub fn stop(self) -> ExitStatus {
        self.process.stop()
    }
}
