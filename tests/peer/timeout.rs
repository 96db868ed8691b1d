//! Tests of `--web.timeout`: both daemons answer a request that takes longer alike.

use std::fs;
use std::process::Command;

use crate::client::Request;
use crate::daemon::{CONFIGURATION, Daemon, Make};
use crate::peers::Peers;
use crate::process::Folder;

const SOUND: &str = "
route: {receiver: default}
receivers: [{name: default}]
";

/// A pipe in place of the configuration: who opens it waits for somebody to write, and nobody does.
fn stall_the_configuration(home: &Folder) {
    let file = home.path().join(CONFIGURATION);
    fs::remove_file(&file).expect("the configuration was there");
    let made = Command::new("mkfifo").arg(&file).status();
    assert!(made.expect("mkfifo starts").success());
}

#[test]
fn a_reload_that_takes_too_long_is_answered_alike_and_others_go_on() {
    let test = "a_reload_that_takes_too_long_is_answered_alike_and_others_go_on";
    let Some(peers) = Peers::find(test) else {
        return;
    };
    let told = [Make::Alertwheel, Make::Alertmanager].map(|make| {
        let home = Folder::create("home");
        home.write(CONFIGURATION, SOUND);
        let daemon = Daemon::start_at(make, &peers, &home, &["--web.timeout=300ms"]);
        stall_the_configuration(&home);
        let reload = Request {
            method: "POST".to_owned(),
            ..Request::get("/-/reload")
        };
        let answer = reload.send(daemon.address());
        let after = Request::get("/-/healthy").send(daemon.address());
        assert_eq!(after.status, 200, "{make:?}");
        let mut headers = answer.headers.clone();
        headers.retain(|(name, _)| name != "date" && name != "connection");
        headers.sort();
        (answer.status, headers, answer.text())
    });
    let [ours, theirs] = told;
    assert_eq!(ours, theirs);
    assert_eq!(ours.0, 503);
    assert_eq!(ours.2, "Exceeded configured timeout of 300ms.\n");
}
