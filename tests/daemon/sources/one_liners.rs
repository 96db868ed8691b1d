//! The lines of the README for a shell work as printed, against the address of the test's own daemon.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::{start, told_alert};
use crate::process::Daemon;
use crate::receiver::Receiver;

/// The address in the README.
const PRINTED: &str = "127.0.0.1:9093";

/// The commands in the README's section about webhooks in.
fn printed() -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let text = fs::read_to_string(path).expect("the README");
    let (_, section) = text.split_once("\n## Webhooks in\n").expect("the section");
    let section = section.split("\n## ").next().expect("the section");
    let lines = section.lines().filter_map(|line| line.strip_prefix("$ "));
    lines.map(str::to_owned).collect()
}

/// Whether a program is there. In CI it must be: a test that skips proves nothing.
fn is_there(program: &str) -> bool {
    let found = Command::new("sh")
        .args(["-c", &format!("command -v {program}")])
        .output();
    let is_there = found.expect("a shell").status.success();
    assert!(
        is_there || env::var_os("CI").is_none(),
        "{program} is missing, and CI may not skip"
    );
    is_there
}

/// Runs a printed command, which must succeed. Returns its output; `None` if its program is not here.
fn run(command: &str, daemon: &Daemon) -> Option<String> {
    assert!(command.contains(PRINTED), "{command}");
    let program = command.split(' ').next().expect("a program");
    if !is_there(program) {
        println!("skips: {command}");
        return None;
    }
    let command = command.replace(PRINTED, &daemon.address().to_string());
    let done = Command::new("sh").args(["-c", &command]).output();
    let done = done.expect("a shell");
    let (output, errors) = (&done.stdout, String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{command}: {errors}");
    Some(String::from_utf8_lossy(output).into_owned())
}

#[test]
fn the_lines_of_the_readme_work_as_printed() {
    let receiver = Receiver::healthy();
    let sections = "sources: [{type: simple}, {name: backups, preset: generic}]\n\
                    heartbeats: [{name: backup, every: 1h, grace: 1h}]\n";
    let commands = printed();
    let programs: Vec<&str> = commands
        .iter()
        .filter_map(|line| line.split(' ').next())
        .collect();
    assert!(
        programs.contains(&"curl") && programs.contains(&"busybox"),
        "{commands:?}"
    );
    for command in &commands {
        let daemon = start(&receiver, sections);
        let Some(output) = run(command, &daemon) else {
            continue;
        };
        let is_taken = match serde_json::from_str::<Value>(&output) {
            Ok(answer) => answer["refused"].as_array().is_some_and(Vec::is_empty),
            Err(_) => output == "OK\n",
        };
        assert!(is_taken, "{command}: {output}");
        if command.contains("/alert/") || command.contains("/hooks/") {
            let alert = told_alert(&receiver);
            assert_eq!(
                alert["labels"]["alertname"], "BackupFailed",
                "{command}: {alert}"
            );
        }
    }
}
