//! Tests of the commands that speak to a daemon, as a person on its host uses them.

use std::os::unix::fs::symlink;
use std::process::Command;

use serde_json::Value;

use crate::process::{Daemon, Ended, Setup};

const CONFIG: &str = "\
route:
  receiver: team
  group_wait: 1h
  routes:
  - receiver: pager
    matchers: [severity=\"page\"]
receivers:
- name: team
  webhook_configs: [{url: 'http://127.0.0.1:9/hook?token=hidden'}]
- name: pager
";

/// What the command prints about this daemon.
fn ask(daemon: &Daemon, arguments: &[&str]) -> Ended {
    let url = format!("--url=http://{}", daemon.address());
    Setup::bare().arguments(arguments).argument(&url).run()
}

/// The same of one that must succeed.
fn succeed(daemon: &Daemon, arguments: &[&str]) -> String {
    let ended = ask(daemon, arguments);
    assert_eq!((ended.code, ended.log.as_str()), (Some(0), ""), "{ended:?}");
    ended.output
}

/// What a command that must fail says.
fn fail(daemon: &Daemon, arguments: &[&str]) -> String {
    let ended = ask(daemon, arguments);
    assert_eq!(
        (ended.code, ended.output.as_str()),
        (Some(1), ""),
        "{ended:?}"
    );
    ended.log
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

#[test]
fn an_alert_that_is_added_is_listed() {
    let daemon = Setup::with_config(CONFIG).start();
    let labels = [
        "alert",
        "add",
        "DiskFull",
        "host=web1",
        "--annotation=summary=full",
    ];
    assert_eq!(succeed(&daemon, &labels), "");
    let listed = succeed(&daemon, &["alert", "query", "host=~web.*"]);
    let lines: Vec<&str> = listed.lines().collect();
    assert!(lines[0].starts_with("Alertname  Starts At "), "{listed}");
    assert!(
        lines[1].starts_with("DiskFull ") && lines[1].contains("full"),
        "{listed}"
    );
    let listed = json(&succeed(&daemon, &["alert", "query", "-o", "json"]));
    assert_eq!(listed[0]["labels"]["host"], "web1");
    assert_eq!(
        json(&succeed(&daemon, &["alert", "query", "-o=json", "Other"])),
        json("[]")
    );
}

#[test]
fn a_silence_is_added_changed_ended_and_imported_again() {
    let daemon = Setup::with_config(CONFIG).start();
    let id = succeed(
        &daemon,
        &["silence", "add", "DiskFull", "-c", "new disk", "-a", "me"],
    );
    let id = id.trim_end();
    succeed(
        &daemon,
        &["silence", "update", id, "-c", "ordered", "-d", "2h"],
    );
    let listed = succeed(&daemon, &["silence", "query"]);
    assert!(listed.contains(r#"alertname="DiskFull""#), "{listed}");
    assert!(
        listed.contains("ordered") && !listed.contains("new disk"),
        "{listed}"
    );
    let saved = succeed(&daemon, &["silence", "query", "-o", "json"]);
    succeed(&daemon, &["silence", "expire", id]);
    assert_eq!(succeed(&daemon, &["silence", "query", "-q"]), "");
    assert_eq!(
        succeed(&daemon, &["silence", "query", "-q", "--expired"]),
        format!("{id}\n")
    );
    let setup = Setup::bare().file("saved.json", &saved);
    let url = format!("--url=http://{}", daemon.address());
    let imported = setup
        .arguments(&["silence", "import", "--force", "saved.json", &url])
        .run();
    assert_eq!(imported.code, Some(0), "{imported:?}");
    assert_eq!(
        succeed(&daemon, &["silence", "query", "-q"]),
        imported.output
    );
}

#[test]
fn an_import_sets_what_is_sound_and_counts_the_rest() {
    let daemon = Setup::with_config(CONFIG).start();
    let url = format!("--url=http://{}", daemon.address());
    let silence = r#"{"matchers":[{"name":"a","value":"b","isRegex":false}],"createdBy":"me",
        "comment":"c","startsAt":"2098-01-01T00:00:00Z","endsAt":"2099-01-01T00:00:00Z"}"#;
    let list = format!("[{silence}, {{\"comment\": \"no matchers\"}}, {silence}]");
    let setup = Setup::bare().arguments(&["silence", "import", &url]);
    let ended = setup.run_on(list.as_bytes());
    assert_eq!(
        (ended.code, ended.output.lines().count()),
        (Some(1), 2),
        "{ended:?}"
    );
    assert!(
        ended.log.contains("couldn't import 1 out of 3 silences"),
        "{ended:?}"
    );
    let cut = Setup::bare().arguments(&["silence", "import", &url]);
    let cut = cut.run_on(format!("[{silence}, {{").as_bytes());
    assert_eq!(
        (cut.code, cut.output.lines().count()),
        (Some(1), 1),
        "{cut:?}"
    );
    assert!(cut.log.contains("couldn't unmarshal input data"), "{cut:?}");
}

#[test]
fn routes_are_the_same_from_the_file_and_from_the_daemon() {
    let daemon = Setup::with_config(CONFIG).start();
    let shown = succeed(&daemon, &["routes", "show"]);
    assert!(
        shown.contains("└── {severity=\"page\"}  receiver: pager"),
        "{shown}"
    );
    let offline = Setup::with_config(CONFIG)
        .arguments(&["routes", "show"])
        .run();
    assert_eq!(offline.output, shown, "{offline:?}");
    let test = ["routes", "test", "severity=page"];
    assert_eq!(succeed(&daemon, &test), "pager\n");
    let unexpected = ask(&daemon, &[&test[..], &["--verify.receivers=team"]].concat());
    assert_eq!(unexpected.code, Some(1), "{unexpected:?}");
    let shown = succeed(&daemon, &["config", "show"]);
    assert!(
        shown.contains("receiver: pager") && !shown.contains("hidden"),
        "{shown}"
    );
    assert_eq!(succeed(&daemon, &["receivers"]), "team\npager\n");
    assert!(succeed(&daemon, &["cluster", "show"]).contains("Node Name:"));
}

#[test]
fn an_error_says_what_to_do() {
    let daemon = Setup::with_config(CONFIG)
        .argument("--web.route-prefix=/alerts")
        .start();
    let (nobody, address) = ("00000000-0000-0000-0000-000000000000", daemon.address());
    let prefix = format!("--url=http://{address}/alerts");
    let at_prefix = |arguments: &[&str]| {
        let ended = Setup::bare().arguments(arguments).argument(&prefix).run();
        assert_eq!(ended.code, Some(1), "{ended:?}");
        ended.log
    };
    for (said, right) in [
        (
            fail(&daemon, &["alert", "query"]),
            "a route prefix belongs to it",
        ),
        (
            at_prefix(&["silence", "expire", nobody]),
            "there is no silence with this id",
        ),
        (
            at_prefix(&["silence", "add", "a=b"]),
            "say why with --comment",
        ),
        (
            at_prefix(&["alert", "query", "a=b", "{"]),
            "the daemon refuses this: unexpected open",
        ),
    ] {
        assert!(said.starts_with("alertwheel: error: "), "{said}");
        assert!(said.contains(right), "{said}");
    }
    let gone = Setup::bare()
        .arguments(&["alert", "query", "--url=http://127.0.0.1:9"])
        .run();
    assert_eq!(gone.code, Some(1));
    assert!(
        gone.log
            .contains("start it, or name its address with --url"),
        "{gone:?}"
    );
}

#[test]
fn a_reader_that_stops_early_is_no_failure() {
    let daemon = Setup::with_config(CONFIG).start();
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let url = format!("--url=http://{}", daemon.address());
    let ended = Setup::bare()
        .arguments(&["config", "show", &url])
        .run_into(writer);
    assert_eq!((ended.code, ended.log.as_str()), (Some(0), ""));
}

#[test]
fn called_by_the_name_amtool_it_takes_the_command_line_of_amtool() {
    let daemon = Setup::with_config(CONFIG).start();
    succeed(&daemon, &["alert", "add", "DiskFull"]);
    let amtool = daemon.folder().join("amtool");
    symlink(env!("CARGO_BIN_EXE_alertwheel"), &amtool).expect("the folder can be written");
    let run = |arguments: &[&str]| {
        let output = Command::new(&amtool)
            .args(arguments)
            .env("HOME", daemon.folder())
            .output();
        let output = output.expect("it starts");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        (
            output.status.code(),
            text(output.stdout),
            text(output.stderr),
        )
    };
    let url = format!("--alertmanager.url=http://{}", daemon.address());
    let (code, listed, _) = run(&["-o", "json", "alert", &url, "DiskFull"]);
    assert_eq!(
        (code, json(&listed)[0]["labels"]["alertname"].as_str()),
        (Some(0), Some("DiskFull"))
    );
    let (code, _, said) = run(&[&url, "silence", "add", "x"]);
    assert_eq!(
        (code, said.as_str()),
        (Some(1), "amtool: error: comment required by config\n\n")
    );
}
