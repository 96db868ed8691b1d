//! Tests with journals in every version of the format, because every later program must read them.
//!
//! `fixtures/journal-version-1` was written by the daemon in November 2026, after it had imported the state
//! of an Alertmanager, and was left by a kill. Groups are by `alertname`, `repeat_interval` and retention are
//! decades, and alerts and silences end in 2099. Such a folder is never regenerated: a change of the format
//! is a new version, with its own folder beside this one.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::process::{Daemon, Setup};
use crate::receiver::{Receiver, Webhook};
use crate::samples::{config, firing, webhook};
use crate::time::wait_until;

const ROUTE: &str =
    "group_by: [alertname], group_wait: 1s, group_interval: 2s, repeat_interval: 5200w";

/// A daemon that finds a copy of this journal.
fn with_journal(name: &str, receiver: &Receiver) -> Setup {
    let setup = Setup::with_config(&config(ROUTE, &[webhook(receiver, "")]));
    let journal = setup.folder().join("data/journal");
    fs::create_dir_all(&journal).expect("a folder of our own");
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/daemon/fixtures");
    for entry in fs::read_dir(fixtures.join(name)).expect("a fixture") {
        let entry = entry.expect("a fixture");
        fs::copy(entry.path(), journal.join(entry.file_name())).expect("a copy");
    }
    setup.argument("--data.retention=600000h")
}

/// These texts of all objects of a list, sorted.
fn texts(list: &Value, paths: &[&str]) -> Vec<String> {
    let text = |one: &Value| {
        let words = paths.iter().map(|path| one.pointer(path));
        let words = words.map(|word| word.and_then(Value::as_str).expect("a text"));
        words.collect::<Vec<_>>().join(" ")
    };
    let mut texts: Vec<String> = list.as_array().expect("a list").iter().map(text).collect();
    texts.sort();
    texts
}

fn check_what_is_shown(daemon: &Daemon) {
    let alerts = daemon.get("/api/v2/alerts").json();
    let shown = [
        "/labels/instance",
        "/annotations/summary",
        "/endsAt",
        "/status/state",
    ];
    assert_eq!(
        texts(&alerts, &shown),
        [
            "a Disk on a 2099-02-01T00:00:00.000Z active",
            "a Load on a 2099-01-01T00:00:00.000Z active",
            "b Adopted on b 2099-01-01T00:00:00.000Z active",
            "b Disk on b 2099-01-01T00:00:00.000Z active",
            "c Disk on c 2099-01-01T00:00:00.000Z suppressed",
        ]
    );
    let silences = daemon.get("/api/v2/silences").json();
    let shown = [
        "/comment",
        "/createdBy",
        "/matchers/0/value",
        "/status/state",
    ];
    assert_eq!(
        texts(&silences, &shown),
        [
            "being repaired ann c|d active",
            "from an Alertmanager ann old active",
            "over ann e expired",
        ]
    );
}

#[test]
fn a_journal_of_version_one_is_inspected_and_sound() {
    let receiver = Receiver::healthy();
    let setup = with_journal("journal-version-1", &receiver).sibling();
    let seen = setup.arguments(&["journal", "inspect", "data"]).run();
    assert_eq!(seen.code, Some(0), "{seen:?}");
    for words in ["data/journal: sound\n", "2 files                   41"] {
        assert!(seen.output.contains(words), "{words}: {}", seen.output);
    }
}

#[test]
fn a_daemon_goes_on_with_a_journal_of_version_one_and_tells_nothing_twice() {
    let receiver = Receiver::healthy();
    let daemon = with_journal("journal-version-1", &receiver).start();
    wait_until("it is ready", || daemon.get("/-/ready").status == 200);
    check_what_is_shown(&daemon);
    // One more alert in groups that were told, by this journal's daemon or by the Alertmanager before it.
    daemon.post(&[
        firing("Adopted", "z"),
        firing("Disk", "z"),
        firing("Inherited", "a"),
        firing("Inherited", "z"),
    ]);
    let mut told: Vec<String> = (0..3).map(|_| receiver.next().summary()).collect();
    told.sort();
    assert_eq!(
        told,
        [
            "new alerts added: a=firing b=firing z=firing",
            "new alerts added: a=firing z=firing",
            "new alerts added: b=firing z=firing",
        ]
    );
    let ended = daemon.stop();
    assert!(!ended.log.contains("damaged"), "{}", ended.log);
    let more: Vec<String> = receiver.so_far().iter().map(Webhook::summary).collect();
    assert_eq!(more, [""; 0], "told twice");
}
