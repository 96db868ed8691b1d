//! The paths of the programs that our binary is compared with.
//!
//! `ALERTWHEEL_PEERS` names a folder with `bin/alertmanager`, `bin/amtool` and `bin/prometheus`;
//! without it that is `peers` in the root of the repository.

use std::env;
use std::io::{self, Write};
use std::path::{self, Path, PathBuf};

/// The folder with the real programs.
#[derive(Clone, Debug)]
pub struct Peers {
    folder: PathBuf,
}

impl Peers {
    /// The peers, or a line that says that `test` skips and why. Panics on a machine of CI, where
    /// a test that skips would pass for one that proves something.
    pub fn find(test: &str) -> Option<Peers> {
        let named = env::var_os("ALERTWHEEL_PEERS").filter(|folder| !folder.is_empty());
        let folder = named.map_or_else(
            || Path::new(env!("CARGO_MANIFEST_DIR")).join("peers"),
            PathBuf::from,
        );
        // Programs are started in folders of their own, where a relative path means something else.
        let folder = path::absolute(folder).expect("the folder has a name");
        let peers = Peers { folder };
        let needed = [peers.alertmanager(), peers.amtool(), peers.prometheus()];
        let Some(missing) = needed.iter().find(|program| !program.is_file()) else {
            return Some(peers);
        };
        assert!(
            env::var_os("CI").is_none(),
            "{} is missing, and CI may not skip",
            missing.display()
        );
        // Written past the test harness, which shows what is printed only for tests that fail, and
        // at once, so that the lines of tests that run together do not mix.
        let line = format!("{test} skips: {} is missing\n", missing.display());
        let _ = io::stderr().write_all(line.as_bytes());
        None
    }

    /// The real Alertmanager.
    pub fn alertmanager(&self) -> PathBuf {
        self.program("alertmanager")
    }

    /// The real amtool.
    pub fn amtool(&self) -> PathBuf {
        self.program("amtool")
    }

    /// The real Prometheus.
    pub fn prometheus(&self) -> PathBuf {
        self.program("prometheus")
    }

    fn program(&self, name: &str) -> PathBuf {
        self.folder.join("bin").join(name)
    }
}
