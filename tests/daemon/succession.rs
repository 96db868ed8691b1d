//! Tests of the migration from an Alertmanager and back, without a real one; `tests/peer` has the tests with
//! a real one.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};

use alertwheel::clock::Clock;
use alertwheel::journal::{self, Storage, SyncPolicy};
use alertwheel::telemetry::metrics::Metrics;

use crate::process::{Daemon, Ended, Setup};
use crate::time::{wait_for, wall};

/// Where a daemon keeps its state unless told otherwise.
const STORAGE: &str = "data";

/// Makes a silence that ends in 2099; returns its id.
fn silence(daemon: &Daemon, comment: &str) -> String {
    let silence = json!({
        "matchers": [{"name": "host", "value": "a|b", "isRegex": true}],
        "startsAt": wall().to_string(),
        "endsAt": "2099-01-01T00:00:00Z",
        "createdBy": "ann",
        "comment": comment,
    });
    let body = serde_json::to_vec(&silence).expect("JSON");
    let reply = daemon.connect().post("/api/v2/silences", &body);
    assert_eq!(reply.status, 200, "{}", reply.text());
    let id = reply.json()["silenceID"].as_str().map(str::to_owned);
    id.expect("an id")
}

fn expire(daemon: &Daemon, id: &str) {
    let request = format!("DELETE /api/v2/silence/{id} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let reply = daemon.connect().ask(request.as_bytes()).expect("an answer");
    assert_eq!(reply.status, 200, "{}", reply.text());
}

/// What an export of the state in `folder` comes to. It runs elsewhere, as on a terminal of its own.
fn export(folder: &Path) -> Ended {
    let storage = folder.join(STORAGE).display().to_string();
    Setup::bare().arguments(&["export", &storage]).run()
}

/// The comments of the silences that were printed.
fn comments(ended: &Ended) -> Vec<String> {
    let silences: Value = serde_json::from_str(&ended.output).expect("an export is JSON");
    let silences = silences.as_array().expect("a list").iter();
    let comment = |silence: &Value| silence["comment"].as_str().map(str::to_owned);
    silences.filter_map(comment).collect()
}

#[test]
fn silences_that_are_not_over_are_exported_beside_a_daemon_and_after_it() {
    let daemon = Setup::bare().start();
    silence(&daemon, "kept");
    let over = silence(&daemon, "over");
    silence(&daemon, "also kept");
    expire(&daemon, &over);
    let beside = export(daemon.folder());
    assert_eq!((beside.code, beside.log.as_str()), (Some(0), ""));
    assert_eq!(comments(&beside), ["kept", "also kept"]);
    let shown = daemon.get("/api/v2/silences?expired=false").json();
    let mut printed: Value = serde_json::from_str(&beside.output).expect("an export is JSON");
    let list = printed.as_array_mut().expect("a list");
    let has = |one: &Value| list.contains(one);
    assert!(shown.as_array().expect("a list").iter().all(has), "{shown}");
    let after = export(daemon.kill().start().folder());
    assert_eq!(comments(&after), ["kept", "also kept"]);
}

#[test]
fn an_export_says_where_it_looked_for_a_journal() {
    let ended = export(Path::new("nowhere"));
    assert_eq!((ended.code, ended.output.as_str()), (Some(1), ""));
    for words in [
        "nowhere/data/journal: there is no journal",
        "--storage.path",
    ] {
        assert!(ended.log.contains(words), "{}", ended.log);
    }
}

#[test]
fn an_export_of_a_damaged_journal_prints_what_is_sound_and_fails() {
    let daemon = Setup::bare().start();
    for comment in ["first", "second", "third"] {
        silence(&daemon, comment);
    }
    let folder = daemon.folder().to_owned();
    let journal = folder.join(STORAGE).join("journal");
    let setup = daemon.kill();
    let segment = fs::read_dir(&journal)
        .expect("the journal")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|kind| kind == "segment"))
        .expect("a segment");
    let mut bytes = fs::read(&segment).expect("the segment");
    let place = bytes.windows(6).position(|word| word == b"second");
    bytes[place.expect("the silence is in it")] ^= 1;
    fs::write(&segment, bytes).expect("the segment can be written");
    let ended = export(&folder);
    assert_eq!(ended.code, Some(1));
    assert_eq!(comments(&ended), ["first", "third"]);
    assert!(ended.log.contains("damaged in 1 place(s)"), "{}", ended.log);
    drop(setup);
}

#[test]
fn a_start_that_would_lose_an_alertmanagers_silences_is_refused_until_somebody_decides() {
    let home = Setup::bare();
    let storage = home.folder().join(STORAGE);
    // Tests may run as a user who can read every file, so it is none.
    let silences = storage.join("silences");
    fs::create_dir_all(&silences).expect("a folder for a test");
    let flag = format!("--storage.path={}", storage.display());
    let listen = "--web.listen-address=127.0.0.1:0";
    let refused = Setup::bare().arguments(&[&flag, listen]).run();
    assert_eq!(refused.code, Some(1), "{refused:?}");
    for words in ["data/silences: not a file", "or move it away"] {
        assert!(refused.log.contains(words), "{}", refused.log);
    }
    fs::remove_dir(&silences).expect("it can be moved away");
    let daemon = Setup::bare().argument(&flag).start();
    silence(&daemon, "a new beginning");
}

/// A file `silences` of an Alertmanager 0.33.1, with one silence that ends in 2099.
fn alertmanagers_silences() -> Vec<u8> {
    let field = |number: u8, content: &[u8]| {
        let length = u8::try_from(content.len()).expect("a short field");
        [&[number << 3 | 2, length], content].concat()
    };
    // Seconds of 2099-01-01 and of 2026-01-01, seven bits a byte.
    let seconds = |of: u64| {
        let mut bytes = vec![1 << 3];
        let mut rest = of;
        while rest >= 0x80 {
            bytes.push(u8::try_from(rest & 0x7f).expect("seven bits") | 0x80);
            rest >>= 7;
        }
        bytes.push(u8::try_from(rest).expect("seven bits"));
        bytes
    };
    let (from, to) = (seconds(1_767_225_600), seconds(4_070_908_800));
    let matcher = [field(2, b"host"), field(3, b"a")].concat();
    let silence = [
        field(1, b"29cd52a5-ca8c-4eb1-a5c2-b1e6fa2bd9e6"),
        field(2, &matcher),
        field(3, &from),
        field(4, &to),
        field(5, &from),
        field(8, b"ann"),
        field(9, b"taken over"),
    ]
    .concat();
    let message = [field(1, &silence), field(2, &to)].concat();
    let mut file = vec![u8::try_from(message.len() & 0x7f).expect("seven bits") | 0x80];
    file.push(u8::try_from(message.len() >> 7).expect("a short message"));
    file.extend(message);
    file
}

/// What a start on `storage` finds.
fn found(storage: &Path) -> Vec<String> {
    let storage = Storage {
        path: storage.to_owned(),
        sync: SyncPolicy::Never,
    };
    let opened = journal::open(&storage, Arc::new(Metrics::new("test")), Clock::start());
    let silences = opened.expect("it can be read").recovered.silences;
    silences.values().map(|it| it.comment.clone()).collect()
}

#[test]
fn a_power_cut_while_an_alertmanagers_silences_are_written_loses_none() {
    let home = Setup::bare();
    let storage = home.folder().join(STORAGE);
    fs::create_dir_all(&storage).expect("a folder for a test");
    fs::write(storage.join("silences"), alertmanagers_silences()).expect("a file for a test");
    let daemon = home.start();
    let snapshot = wait_for("they are in one file of the journal", || {
        let entries = fs::read_dir(storage.join("journal")).expect("the journal");
        let mut paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
        paths.find(|path| path.extension().is_some_and(|kind| kind == "snapshot"))
    });
    let setup = daemon.kill();
    let whole = fs::read(&snapshot).expect("the snapshot");
    fs::remove_file(storage.join("silences")).expect("it was left alone");
    assert_eq!(found(&storage), ["taken over"], "all is in the journal");

    let other = setup.folder().join("other");
    fs::create_dir_all(other.join("journal")).expect("a folder for a test");
    fs::write(other.join("silences"), alertmanagers_silences()).expect("a file for a test");
    // A snapshot has this name until it is whole and on disk.
    let name = snapshot.with_extension("partial");
    let partial = other
        .join("journal")
        .join(name.file_name().expect("a name"));
    for cut in 0..=whole.len() {
        fs::write(&partial, &whole[..cut]).expect("a file for a test");
        assert_eq!(found(&other), ["taken over"], "cut at {cut}");
    }
}
