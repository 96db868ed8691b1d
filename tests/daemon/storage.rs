//! Tests of the state that survives the process, and of the daemon on a failing disk.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::Path;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::mounts::Tmpfs;
use crate::process::{Daemon, Setup, take_turn};
use crate::receiver::Receiver;
use crate::samples::{SOON, config, firing, told_soon, webhook};
use crate::time::{millis, now, wait_until, wall};

/// The values of the label `instance` of all alerts, sorted.
fn instances(daemon: &Daemon) -> Vec<String> {
    let alerts = daemon.get("/api/v2/alerts").json();
    let alerts = alerts.as_array().expect("a list");
    let instance = |alert: &Value| alert["labels"]["instance"].as_str().map(str::to_owned);
    let mut found: Vec<String> = alerts.iter().filter_map(instance).collect();
    found.sort();
    found
}

/// Makes a silence; returns its id.
fn silence(daemon: &Daemon, instance: &str) -> String {
    let silence = json!({
        "matchers": [{"name": "instance", "value": instance, "isRegex": false}],
        "startsAt": wall().to_string(),
        "endsAt": (wall() + millis(3_600_000)).to_string(),
        "createdBy": "ann",
        "comment": "being repaired",
    });
    let body = serde_json::to_vec(&silence).expect("JSON");
    let reply = daemon.connect().post("/api/v2/silences", &body);
    assert_eq!(reply.status, 200, "{}", reply.text());
    let id = reply.json()["silenceID"].as_str().map(str::to_owned);
    id.expect("an id")
}

fn silences(daemon: &Daemon) -> Vec<(String, String)> {
    let silences = daemon.get("/api/v2/silences").json();
    let silences = silences.as_array().expect("a list");
    let text = |value: &Value| value.as_str().map(str::to_owned).expect("a text");
    let mut found: Vec<(String, String)> = silences
        .iter()
        .map(|silence| (text(&silence["id"]), text(&silence["status"]["state"])))
        .collect();
    found.sort();
    found
}

fn keeps_what_was_answered_with_200(sync: &str) {
    let receiver = Receiver::healthy();
    let daemon = Setup::with_config(&told_soon(&receiver))
        .argument(&format!("--storage.sync={sync}"))
        .start();
    let mut client = daemon.connect();
    for instance in ["a", "b", "c"] {
        assert_eq!(client.post_alerts(&[firing("Disk", instance)]).status, 200);
    }
    let kept = silence(&daemon, "a");
    let expired = silence(&daemon, "b");
    let path = format!("/api/v2/silence/{expired}");
    let request = format!("DELETE {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let reply = client.ask(request.as_bytes()).expect("an answer");
    assert_eq!(reply.status, 200, "{}", reply.text());

    let daemon = daemon.kill().start();
    assert_eq!(instances(&daemon), ["a", "b", "c"]);
    let mut expected = [(kept, "active".to_owned()), (expired, "expired".to_owned())];
    expected.sort();
    assert_eq!(silences(&daemon), expected);
}

#[test]
fn what_was_answered_with_200_outlives_a_kill() {
    for sync in ["always", "1s", "never"] {
        keeps_what_was_answered_with_200(sync);
    }
}

#[test]
fn an_alert_that_came_back_is_found_by_its_labels() {
    let daemon = Setup::bare().start();
    daemon.post(&[firing("Disk", "a"), firing("Disk", "b")]);
    let daemon = daemon.kill().start();
    let found = daemon.get("/api/v2/alerts?filter=instance=b").json();
    assert_eq!(found.as_array().map(Vec::len), Some(1), "{found}");
    assert_eq!(found[0]["labels"]["instance"], "b");
}

#[test]
fn what_was_told_is_not_told_again_after_a_restart() {
    let receiver = Receiver::healthy();
    let daemon = Setup::with_config(&told_soon(&receiver)).start();
    daemon.post(&[firing("Disk", "a")]);
    assert_eq!(receiver.next().summary(), "first notification: a=firing");
    // The answer of the receiver is known once it is in the journal.
    wait_until("what was told is written", || {
        daemon
            .scrape()
            .value("alertwheel_journal_records_written_total{kind=\"logEntry\"}")
            == 1.0
    });
    let daemon = daemon.kill().start();
    receiver.expect_silence(millis(1500));
    daemon.post(&[firing("Disk", "b")]);
    assert_eq!(
        receiver.next().summary(),
        "new alerts added: a=firing b=firing"
    );
    let ended = daemon.stop();
    assert!(!ended.log.contains("level=ERROR"), "{}", ended.log);
}

#[test]
fn a_stop_and_a_start_lose_nothing_and_complain_of_nothing() {
    let receiver = Receiver::healthy();
    let mut daemon = Setup::with_config(&told_soon(&receiver)).start();
    for round in 0..3 {
        daemon.post(&[firing("Disk", &round.to_string())]);
        let another = daemon.another();
        let ended = daemon.stop();
        assert_eq!(ended.code, Some(0));
        assert!(!ended.log.contains("level=WARN"), "{}", ended.log);
        daemon = another.start();
    }
    assert_eq!(instances(&daemon), ["0", "1", "2"]);
}

#[test]
fn a_second_daemon_in_one_directory_is_refused() {
    let first = Setup::bare().start();
    let second = first.another().argument("--web.listen-address=127.0.0.1:0");
    let ended = second.run();
    assert_eq!(ended.code, Some(1));
    for word in [
        "data/journal",
        "in use by another alertwheel",
        "--storage.path",
    ] {
        assert!(ended.log.contains(word), "{word} is missing: {}", ended.log);
    }
    assert_eq!(first.get("/-/ready").status, 200, "the first one serves on");
}

#[test]
fn a_directory_that_cannot_be_made_is_named_with_what_to_do() {
    let daemon = Setup::bare()
        .file("file", "")
        .argument("--storage.path=file/data")
        .argument("--web.listen-address=127.0.0.1:0");
    let ended = daemon.run();
    assert_eq!(ended.code, Some(1));
    for word in ["file/data", "Not a directory", "--storage.path"] {
        assert!(ended.log.contains(word), "{word} is missing: {}", ended.log);
    }
}

#[test]
fn a_wrong_time_to_sync_is_refused() {
    for (value, word) in [("0s", "always"), ("sometimes", "never"), ("10", "span")] {
        let argument = format!("--storage.sync={value}");
        let ended = Setup::bare().argument(&argument).run();
        assert_eq!(ended.code, Some(1), "{value}");
        assert!(ended.log.contains(word), "{value}: {}", ended.log);
    }
}

/// Writes a sound segment of another version.
fn write_newer(folder: &Path, number: u64) {
    let mut header = b"alertwheel\0\n\xff\x7f\x01\0".to_vec();
    header.extend(number.to_le_bytes());
    let sum = crc32fast::hash(&header);
    header.extend(sum.to_le_bytes());
    fs::write(folder.join(format!("{number:010}.segment")), header).expect("a folder of ours");
}

#[test]
fn a_file_of_a_newer_version_is_refused_by_name() {
    let daemon = Setup::bare().start();
    daemon.post(&[firing("Disk", "a")]);
    let folder = daemon.folder().join("data/journal");
    // The folder lives as long as somebody may start in it.
    let _another = daemon.another();
    let setup = daemon.kill();
    write_newer(&folder, 99);
    let names = || -> Vec<_> {
        let entries = fs::read_dir(&folder).expect("it is there");
        entries.flatten().map(|entry| entry.file_name()).collect()
    };
    let before = names();
    let ended = setup.argument("--web.listen-address=127.0.0.1:0").run();
    assert_eq!(ended.code, Some(1));
    for word in ["0000000099.segment", "version 32767", "--storage.path"] {
        assert!(ended.log.contains(word), "{word} is missing: {}", ended.log);
    }
    assert_eq!(names(), before, "nothing was touched");
}

/// Sees that it is not ready, and returns why.
fn not_ready(daemon: &Daemon) -> String {
    let mut why = String::new();
    wait_until("it says that it is not ready", || {
        let reply = daemon.get("/-/ready");
        why = reply.text();
        reply.status == 503
    });
    why
}

fn wait_until_ready(daemon: &Daemon) {
    wait_until("it is ready again", || daemon.get("/-/ready").status == 200);
}

#[test]
fn a_directory_that_is_removed_is_made_anew_with_all_that_is_known() {
    let receiver = Receiver::healthy();
    let daemon = Setup::with_config(&told_soon(&receiver))
        .argument("--storage.sync=50ms")
        .start();
    daemon.post(&[firing("Disk", "a")]);
    receiver.next();
    fs::remove_dir_all(daemon.folder().join("data")).expect("it is there");
    let mut posted = 0;
    wait_until("it is noticed", || {
        posted += 1;
        // The answer may be either.
        let alert = firing("Load", &format!("load{posted:03}"));
        let _ = daemon.connect().post_alerts(&[alert]);
        daemon.log().contains("the directory was removed")
    });
    wait_until_ready(&daemon);
    daemon.post(&[firing("Disk", "b")]);
    let before = instances(&daemon);
    assert_eq!(before.len(), posted + 2);
    let daemon = daemon.kill().start();
    assert_eq!(instances(&daemon), before);
}

#[test]
fn on_a_read_only_disk_it_starts_and_notifies_from_memory() {
    let Some(disk) = Tmpfs::mount(8) else { return };
    let receiver = Receiver::healthy();
    let path = disk.path().join("data");
    let daemon = Setup::with_config(&told_soon(&receiver))
        .argument(&format!("--storage.path={}", path.display()))
        .start();
    daemon.post(&[firing("Disk", "a")]);
    receiver.next();
    wait_until("what was told is written", || {
        daemon
            .scrape()
            .value("alertwheel_journal_records_written_total{kind=\"logEntry\"}")
            == 1.0
    });
    let setup = daemon.kill();
    disk.set_read_only(true);
    let daemon = setup.start();
    assert_eq!(instances(&daemon), ["a"]);
    let why = not_ready(&daemon);
    assert!(why.contains("Read-only file system; make"), "{why}");
    assert!(
        why.contains(&path.join("journal").display().to_string()),
        "{why}"
    );

    let reply = daemon.connect().post_alerts(&[firing("Disk", "b")]);
    assert_eq!(reply.status, 503);
    assert!(
        reply.text().contains("Read-only file system"),
        "{}",
        reply.text()
    );
    assert_eq!(
        receiver.next().summary(),
        "new alerts added: a=firing b=firing"
    );

    disk.set_read_only(false);
    wait_until_ready(&daemon);
    daemon.post(&[firing("Disk", "c")]);
    let daemon = daemon.kill().start();
    assert_eq!(instances(&daemon), ["a", "b", "c"]);
    drop(daemon);
}

#[test]
fn a_read_only_disk_without_a_journal_is_no_place_to_begin() {
    let Some(disk) = Tmpfs::mount(8) else { return };
    disk.set_read_only(true);
    let path = format!("--storage.path={}", disk.path().join("data").display());
    let ended = Setup::bare()
        .arguments(&[&path, "--web.listen-address=127.0.0.1:0"])
        .run();
    assert_eq!(ended.code, Some(1));
    for word in ["Read-only file system", "data", "--storage.path"] {
        assert!(ended.log.contains(word), "{word} is missing: {}", ended.log);
    }
}

/// Alerts of a kilobyte each.
fn large_alerts(round: usize, count: usize) -> Vec<Value> {
    let alerts = (0..count).map(|number| {
        let mut alert = firing("Large", &format!("{round:04}-{number:03}"));
        alert["annotations"] = json!({"text": "x".repeat(1000)});
        alert
    });
    alerts.collect()
}

#[test]
fn a_disk_that_fills_up_costs_no_notification_and_nothing_that_was_acknowledged() {
    let Some(disk) = Tmpfs::mount(8) else { return };
    let _turn = take_turn();
    let receiver = Receiver::healthy();
    let route = "group_by: [alertname], group_wait: 50ms, group_interval: 200ms";
    let daemon = Setup::with_config(&config(route, &[webhook(&receiver, "")]))
        .argument(&format!(
            "--storage.path={}",
            disk.path().join("data").display()
        ))
        .start();
    let filler = disk.fill_but(1 << 20);
    let mut acknowledged = Vec::new();
    let mut refusals = Vec::new();
    for round in 0.. {
        let alerts = large_alerts(round, 50);
        let reply = daemon.connect().post_alerts(&alerts);
        if reply.status == 200 {
            acknowledged.push(round);
        } else {
            assert_eq!(reply.status, 503, "{}", reply.text());
            assert!(
                reply.text().contains("No space left on device"),
                "{}",
                reply.text()
            );
            assert_eq!(reply.header("Retry-After"), Some("1"));
            refusals.push(round);
        }
        // Far past what the journal keeps in memory: it will need the whole state.
        if refusals.len() == 85 {
            break;
        }
        assert!(round < 10_000, "the disk is full at some time");
    }
    println!(
        "{} posts were taken, then the disk was full",
        acknowledged.len()
    );
    assert!(!acknowledged.is_empty());
    let why = not_ready(&daemon);
    assert!(why.contains("No space left on device; free space"), "{why}");
    let silence = json!({"matchers": [{"name": "a", "value": "b", "isRegex": false}],
        "startsAt": wall().to_string(), "endsAt": (wall() + millis(60_000)).to_string(),
        "createdBy": "ann", "comment": "x"});
    let body = serde_json::to_vec(&silence).expect("JSON");
    assert_eq!(daemon.connect().post("/api/v2/silences", &body).status, 503);
    assert_eq!(silences(&daemon), [], "who hears no leaves nothing behind");

    let reply = daemon.connect().post_alerts(&[firing("Meanwhile", "m")]);
    assert_eq!(reply.status, 503);
    wait_until("notifications go on", || {
        receiver.next().summary().contains("m=firing")
    });

    fs::remove_file(filler).expect("it is ours");
    let freed_at = now();
    wait_until_ready(&daemon);
    println!("ready {:?} after space was freed", now().since(freed_at));
    daemon.post(&[firing("Afterwards", "z")]);
    let before = instances(&daemon);
    let daemon = daemon.kill().start();
    assert_eq!(instances(&daemon), before);
    for round in acknowledged {
        assert!(before.contains(&format!("{round:04}-049")), "{round}");
    }
}

#[test]
fn a_stop_while_the_disk_is_full_says_that_something_is_lost() {
    let Some(disk) = Tmpfs::mount(8) else { return };
    let daemon = Setup::bare()
        .argument(&format!(
            "--storage.path={}",
            disk.path().join("data").display()
        ))
        .start();
    let filler = disk.fill_but(0);
    wait_until("the disk is full", || {
        daemon.connect().post_alerts(&large_alerts(0, 10)).status == 503
    });
    daemon.signal(Signal::TERM);
    let ended = daemon.stop();
    assert_eq!(ended.code, Some(0));
    assert!(ended.log.contains("could not be written"), "{}", ended.log);
    fs::remove_file(filler).expect("it is ours");
}

/// Every file of the journal with all its bytes.
fn journal_of(daemon: &Daemon) -> BTreeMap<OsString, Vec<u8>> {
    let folder = daemon.folder().join("data/journal");
    let entries = fs::read_dir(folder).expect("it is there").flatten();
    let read = |entry: fs::DirEntry| {
        let bytes = fs::read(entry.path()).expect("nobody removes it now");
        (entry.file_name(), bytes)
    };
    entries.map(read).collect()
}

/// The journal, and how often it was synced, once the groups have ticked for a while.
fn journal_while_groups_tick(daemon: &Daemon) -> (BTreeMap<OsString, Vec<u8>>, f64) {
    let value = |name: &str| daemon.scrape().value(name);
    let suppressed = "alertmanager_notifications_suppressed_total{reason=\"silence\"}";
    let ticked = value(suppressed);
    wait_until("the silence is asked for at several ticks", || {
        value(suppressed) >= ticked + 5.0
    });
    let syncs = value("alertwheel_journal_sync_duration_seconds_count");
    (journal_of(daemon), syncs)
}

#[test]
fn without_traffic_nothing_is_written_while_groups_tick() {
    let receiver = Receiver::healthy();
    let route = SOON.replace("500ms", "200ms");
    for sync in ["always", "100ms", "never"] {
        let daemon = Setup::with_config(&config(&route, &[webhook(&receiver, "")]))
            .argument(&format!("--storage.sync={sync}"))
            .start();
        silence(&daemon, "muted");
        daemon.post(&[firing("Disk", "a"), firing("Load", "muted")]);
        receiver.next();
        // The first flush comes to its end, and a sync may follow; then all is quiet.
        let is_quiet = |_| journal_while_groups_tick(&daemon) == journal_while_groups_tick(&daemon);
        assert!((0..10).any(is_quiet), "{sync}: it is written on and on");
        assert_eq!(instances(&daemon), ["a", "muted"]);

        // The last record of the group is many ticks old.
        let daemon = daemon.kill().start();
        receiver.expect_silence(millis(500));
        daemon.post(&[firing("Disk", "b")]);
        assert_eq!(
            receiver.next().summary(),
            "new alerts added: a=firing b=firing"
        );
    }
}
