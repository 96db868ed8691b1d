//! Coming from an Alertmanager and going back to one, as far as that needs no real one: `tests/peer` has
//! the rest.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::process::{Daemon, Ended, Setup};
use crate::time::wall;

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
    let request = format!("DELETE /api/v2/silence/{id} HTTP/1.1\r\nHost: x\r\n\r\n");
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
