//! Our daemon and the real Alertmanager side by side, and amtool against both.

use std::net::SocketAddr;
use std::process::Command;

use alertwheel::clock::Clock;
use alertwheel::model::Wall;
use serde_json::Value;

use crate::daemon::{Daemon, Make};
use crate::peers::Peers;
use crate::process::Folder;
use crate::times;
use crate::wait;

/// What a run of amtool came to, with addresses and recent times replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The exit code.
    pub code: Option<i32>,
    /// What went to standard output.
    pub out: String,
    /// What went to standard error.
    pub err: String,
}

impl Said {
    /// The output as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).expect("amtool prints JSON when asked to")
    }
}

/// Both daemons on one configuration.
#[derive(Debug)]
pub struct Pair {
    /// Ours.
    pub ours: Daemon,
    /// The one we are compared with.
    pub theirs: Daemon,
    peers: Peers,
    home: Folder,
    began: Wall,
}

impl Pair {
    /// Starts both on the same configuration.
    pub fn start(peers: &Peers, configuration: &str, flags: &[&str]) -> Pair {
        Pair::start_each(peers, [configuration, configuration], flags)
    }

    /// Starts both, each on its own configuration, ours first. They should differ in addresses only.
    pub fn start_each(peers: &Peers, [ours, theirs]: [&str; 2], flags: &[&str]) -> Pair {
        Pair {
            began: Clock::start().wall(),
            ours: Daemon::start(Make::Alertwheel, peers, ours, flags),
            theirs: Daemon::start(Make::Alertmanager, peers, theirs, flags),
            peers: peers.clone(),
            home: Folder::create("amtool"),
        }
    }

    /// What amtool says to each: ours, then theirs.
    pub fn ask_both(&self, arguments: &[&str]) -> [Said; 2] {
        [&self.ours, &self.theirs].map(|daemon| self.ask(daemon.address(), arguments))
    }

    /// What amtool says, which must be the same for both.
    pub fn ask_alike(&self, arguments: &[&str]) -> Said {
        let [ours, theirs] = self.ask_both(arguments);
        assert_eq!(ours, theirs, "ours, then Alertmanager's: {arguments:?}");
        ours
    }

    /// The same, where amtool must succeed and have nothing to warn of, such as of our version.
    pub fn succeed_alike(&self, arguments: &[&str]) -> String {
        let said = self.ask_alike(arguments);
        assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{said:?}");
        said.out
    }

    /// The same, where amtool must fail.
    pub fn fail_alike(&self, arguments: &[&str]) -> Said {
        let said = self.ask_alike(arguments);
        assert_eq!(said.code, Some(1), "{said:?}");
        said
    }

    /// Waits until both say that their cluster is ready.
    pub fn wait_for_cluster(&self) {
        for daemon in [&self.ours, &self.theirs] {
            wait::until("a cluster that is ready", || {
                let said = self.ask(daemon.address(), &["cluster", "show", "--output=json"]);
                (said.json()["status"] == "ready").then_some(())
            });
        }
    }

    /// Runs amtool on a file, without a daemon.
    pub fn check(&self, configuration: &str) -> Said {
        let file = self.home.write("checked.yml", configuration);
        let file = file.display().to_string();
        let mut said = self.run(&["check-config", &file]);
        said.out = said.out.replace(&file, "FILE");
        said
    }

    fn ask(&self, daemon: SocketAddr, arguments: &[&str]) -> Said {
        let url = format!("--alertmanager.url=http://{daemon}");
        let said = self.run(&[&[url.as_str()], arguments].concat());
        let comparable = |text: &str| {
            let text = text.replace(&daemon.to_string(), "ADDRESS");
            times::relative(&text, self.began)
        };
        Said {
            code: said.code,
            out: comparable(&said.out),
            err: comparable(&said.err),
        }
    }

    /// In a home of its own, so that no settings of whoever runs the test have a say.
    fn run(&self, arguments: &[&str]) -> Said {
        let mut amtool = Command::new(self.peers.amtool());
        amtool.env("HOME", self.home.path()).env("TZ", "UTC");
        let output = amtool.args(arguments).output().expect("amtool starts");
        let text = |bytes| String::from_utf8(bytes).expect("amtool prints UTF-8");
        Said {
            code: output.status.code(),
            out: text(output.stdout),
            err: text(output.stderr),
        }
    }
}
