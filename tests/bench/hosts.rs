//! Names that one daemon alone resolves: it runs in a mount namespace of its own, in which a file of
//! ours lies over the host's.
//!
//! That needs root, or a host that lets users have namespaces. Elsewhere a load that wants names says
//! so and is left out, but in CI it fails.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::Folder;

/// Puts the file that is its first argument over the host's, and becomes the rest.
const SCRIPT: &str = r#"mount --bind "$1" /etc/hosts && shift && exec "$@""#;

/// What `unshare` is told: as root, and as anybody else.
const WAYS: [&[&str]; 2] = [&["--mount"], &["--mount", "--map-root-user"]];

/// The names.
pub struct Hosts {
    file: PathBuf,
    way: &'static [&'static str],
    _folder: Folder,
}

impl Hosts {
    /// These lines of a hosts file; nothing where no daemon can be made to see them.
    pub fn new(lines: &str) -> Option<Self> {
        let folder = Folder::create("hosts");
        let file = folder.write("hosts", lines);
        let mut hosts = Hosts {
            file,
            way: WAYS[0],
            _folder: folder,
        };
        for way in WAYS {
            hosts.way = way;
            if hosts.can_be_seen() {
                return Some(hosts);
            }
        }
        let is_ci = std::env::var_os("CI").is_some();
        assert!(!is_ci, "in CI a daemon can have names of its own");
        eprintln!("left out: this user may not put a file over /etc/hosts (unshare --mount)");
        None
    }

    /// Other lines, which a daemon that runs finds there from now on. They are as long as those before,
    /// so that nobody finds half of them.
    pub fn set(&self, lines: &str) {
        let file = OpenOptions::new().write(true).open(&self.file);
        let mut file = file.expect("our own file");
        let length = file.metadata().expect("our own file").len();
        assert_eq!(u64::try_from(lines.len()), Ok(length), "as long as before");
        file.write_all(lines.as_bytes()).expect("our own file");
    }

    /// What starts `program` so that it sees them: it keeps the id of the process that is started.
    pub fn command(&self, program: &Path, arguments: Vec<String>) -> (PathBuf, Vec<String>) {
        let path = |path: &Path| path.to_str().expect("a path of ours is text").to_owned();
        let mut all: Vec<String> = self.way.iter().map(|word| (*word).to_owned()).collect();
        all.extend(["sh", "-c", SCRIPT, "sh"].map(str::to_owned));
        all.extend([path(&self.file), path(program)]);
        all.extend(arguments);
        (PathBuf::from("unshare"), all)
    }

    fn can_be_seen(&self) -> bool {
        let (program, arguments) = self.command(Path::new("true"), Vec::new());
        let output = Command::new(program).args(arguments).output();
        output.is_ok_and(|output| output.status.success())
    }
}
