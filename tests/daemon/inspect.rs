//! Tests of the output of `alertwheel journal inspect` for a real journal.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{Ended, Setup};
use crate::samples::firing;
use crate::time::wait_until;

/// Looks into this directory.
fn inspect(setup: Setup, directory: &str) -> Ended {
    setup.arguments(&["journal", "inspect", directory]).run()
}

/// The last segment of a journal.
fn segment(folder: &Path) -> PathBuf {
    let entries = fs::read_dir(folder).expect("a journal").flatten();
    let paths = entries.map(|entry| entry.path());
    let segments = paths.filter(|path| path.extension().is_some_and(|it| it == "segment"));
    segments.max().expect("a segment")
}

#[test]
fn a_journal_is_told_beside_the_daemon_that_writes_it() {
    let daemon = Setup::bare().start();
    daemon.post(&[firing("Disk", "a"), firing("Disk", "b")]);
    let folder = daemon.folder().join("data/journal");
    for directory in ["data", "data/journal"] {
        let seen = inspect(daemon.another(), directory);
        assert_eq!(seen.code, Some(0), "{seen:?}");
        for words in ["data/journal: sound\n", "2 firing", "0000000001.segment"] {
            assert!(seen.output.contains(words), "{words}: {}", seen.output);
        }
    }
    // It is left alone: the daemon goes on, and another one still finds it locked.
    wait_until("it is ready", || daemon.get("/-/ready").status == 200);
    let another = daemon
        .another()
        .argument("--web.listen-address=127.0.0.1:0");
    assert_eq!(another.run().code, Some(1));
    assert!(segment(&folder).is_file());
}

#[test]
fn a_flipped_bit_is_told_with_its_place_and_fails() {
    let daemon = Setup::bare().start();
    daemon.post(&[firing("Disk", "a")]);
    daemon.post(&[firing("Disk", "b")]);
    let path = segment(&daemon.folder().join("data/journal"));
    let setup = daemon.kill();
    let mut bytes = fs::read(&path).expect("a segment");
    bytes[60] ^= 1;
    fs::write(&path, bytes).expect("our own file");
    let seen = inspect(setup, "data");
    assert_eq!(seen.code, Some(1), "{seen:?}");
    for words in [
        "data/journal: damaged in one place\n",
        ".segment at offset 28, ",
        "a damaged frame; sound ones follow",
        "1 firing",
    ] {
        assert!(seen.output.contains(words), "{words}: {}", seen.output);
    }
}

#[test]
fn what_is_no_journal_is_refused() {
    for (directory, word) in [("nowhere", "failed to open"), (".", "there is no journal")] {
        let seen = inspect(Setup::bare(), directory);
        assert_eq!(seen.code, Some(1), "{directory}");
        assert!(seen.log.contains(word), "{directory}: {}", seen.log);
    }
}

#[test]
fn a_journal_that_cannot_be_printed_is_a_failure_unless_nobody_reads_on() {
    let daemon = Setup::bare().start();
    daemon.post(&[firing("Disk", "a")]);
    let inspect = |shell: &str| {
        let script = format!("\"$0\" journal inspect data {shell}");
        let binary = env!("CARGO_BIN_EXE_alertwheel");
        let mut shell = Command::new("sh");
        let shell = shell.args(["-c", &script, binary]);
        let ended = shell.current_dir(daemon.folder()).output();
        ended.expect("a host with a shell")
    };
    let full = inspect("> /dev/full");
    assert_eq!(full.status.code(), Some(1));
    let told = String::from_utf8_lossy(&full.stderr);
    assert!(told.contains("No space left on device"), "{told}");
    let closed = inspect("| true");
    assert_eq!(String::from_utf8_lossy(&closed.stderr), "");
}
