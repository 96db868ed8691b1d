//! Tests that our binary in amtool's place says what amtool says, against our daemon and against the real one.
//!
//! The command lines are those of command_line.txt. Standard output and exit code must be the same, standard
//! error of the same shape: the daemon's words are the same, words of Go are our own.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::slice;

use alertwheel::clock::Clock;
use alertwheel::model::Wall;
use regex::Regex;

use crate::daemon::{Daemon, Make};
use crate::pair::Said;
use crate::peers::Peers;
use crate::process::Folder;
use crate::times;

const SCENARIO: &str = include_str!("command_line.txt");

const CONFIGURATION: &str = r#"
route:
  receiver: default
  group_by: [alertname]
  group_wait: 1h
  routes:
  - matchers: [severity="page"]
    receiver: pager
    continue: true
  - match_re: {team: "web|shop"}
    receiver: web
    group_by: ['...']
    routes:
    - match: {environment: dev}
      receiver: nobody
inhibit_rules:
- source_matchers: [severity="page"]
  target_matchers: [severity="info"]
receivers:
- name: default
  webhook_configs: [{url: 'http://127.0.0.1:9/hook?token=hidden'}]
- name: pager
  webhook_configs: [{url: 'http://127.0.0.1:9/'}]
- name: web
- name: nobody
"#;

/// The files that the command lines name.
const FILES: [(&str, &str); 24] = [
    ("configuration.yml", CONFIGURATION),
    ("wrong.yml", "route: {receiver: a}\nnothing: here\n"),
    (
        "templates.yml",
        "route: {receiver: a}\nreceivers: [{name: a}]\ntemplates: ['hello.tmpl', 'no-*.tmpl']\n",
    ),
    (
        "wrong-templates.yml",
        "route: {receiver: a}\nreceivers: [{name: a}]\ntemplates: ['wrong.template']\n",
    ),
    (
        "hello.tmpl",
        "{{ define \"hello\" }}Hello {{ .Status }}{{ end }}",
    ),
    ("wrong.template", "{{ define \"wrong\" }}no end"),
    ("http.yml", "follow_redirects: true\n"),
    ("http-wrong.yml", "nothing: here\n"),
    (
        "notification.json",
        r#"{"status":"firing","alerts":[{"labels":{"b":"2","a":"1"},"startsAt":"2026-01-02T03:04:05Z"}]}"#,
    ),
    (
        "status.json",
        r#"{"status":"a < b","ignored":1,"alerts":null}"#,
    ),
    (
        "silences.json",
        r#"[
{"matchers":[{"name":"alertname","value":"one","isRegex":false}],"startsAt":"2098-01-01T00:00:00Z","endsAt":"2099-01-01T00:00:00.000Z","createdBy":"me","comment":"first"},
{"id":"","matchers":[{"name":"a","value":"b|c","isRegex":true,"isEqual":false},{"name":"c","value":"d","isRegex":false}],"startsAt":"2098-01-01T00:00:00Z","endsAt":"2099-01-02T00:00:00Z","createdBy":"me","comment":"second","annotations":{"ticket":"7"},"status":{"state":"expired"},"updatedAt":"2020-01-01T00:00:00Z"}
]"#,
    ),
    ("broken.json", r#"[{"broken": "json""#),
    (
        "zero-times.json",
        r#"[{"matchers":[{"name":"alertname","value":"test","isRegex":false}],"startsAt":"0001-01-01T00:00:00.000Z","endsAt":"0001-01-01T00:00:00.000Z","createdBy":"test","comment":"zero"}]"#,
    ),
    (
        "partly-wrong.json",
        r#"[
{"matchers":[{"name":"alertname","value":"test1","isRegex":false}],"startsAt":"2098-01-01T00:00:00Z","endsAt":"2098-01-03T00:00:00Z","createdBy":"test","comment":"valid"},
{"matchers":[{"name":"alertname","value":"test2","isRegex":false}],"startsAt":"2098-01-01T00:00:00Z","endsAt":"2097-01-01T00:00:00Z","createdBy":"test","comment":"ends first"},
{"matchers":[{"name":"alertname","value":"test3","isRegex":false}],"startsAt":"2098-01-01T00:00:00Z","endsAt":"2098-01-04T00:00:00Z","createdBy":"test","comment":"valid"},
{"matchers":[{"name":"alertname","value":"test4","isRegex":false}],"startsAt":"2098-01-01T00:00:00Z","endsAt":"2097-01-01T00:00:00Z","createdBy":"test","comment":"ends first"}
]"#,
    ),
    (
        "unknown-id.json",
        r#"[{"id":"8188d168-a332-4677-a3d9-c1b0a4a8e3a1","matchers":[{"name":"a","value":"b","isRegex":false}],"startsAt":"2098-01-01T00:00:00Z","endsAt":"2098-05-01T00:00:00Z","createdBy":"me","comment":"unknown"}]"#,
    ),
    (
        "wrong-id.json",
        r#"[{"id":"x","matchers":[{"name":"a","value":"b","isRegex":false}],"startsAt":"2098-01-01T00:00:00Z","endsAt":"2098-06-01T00:00:00Z","createdBy":"me","comment":"wrong"}]"#,
    ),
    ("empty-list.json", " [ ] \n"),
    ("empty.json", ""),
    ("text.json", "route: x"),
    ("number-in-list.json", "[3]"),
    ("number-as-id.json", r#"[{"id":1}]"#),
    ("wrong-time.json", r#"[{"startsAt":"x"}]"#),
    ("empty-objects.json", "[{}, {}]"),
    ("object.json", "{}"),
];

/// How the outputs of a command line compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    Same,
    SameButForIdsAndTimes,
    SameLines,
    SameExitCode,
    OnlyAmtoolSucceeds,
}

/// A command line of the scenario.
struct Line {
    mark: Mark,
    arguments: Vec<String>,
}

fn lines(scenario: &str) -> Vec<Line> {
    let lines = scenario
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let read = lines.map(|line| {
        let (mark, rest) = line.split_once(' ').expect("a mark and arguments");
        let mark = match mark {
            "$" => Mark::Same,
            "~" => Mark::SameButForIdsAndTimes,
            "s" => Mark::SameLines,
            "!" => Mark::SameExitCode,
            "x" => Mark::OnlyAmtoolSucceeds,
            other => panic!("{other} is no mark: {line}"),
        };
        Line {
            mark,
            arguments: words(rest),
        }
    });
    read.collect()
}

/// The words of a line, with quotes resolved.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (None, ' ') => words.extend(word.take()),
            (None, '\'' | '"') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (Some(open), close) if open == close => quote = None,
            (Some('"'), '\\') => {
                let escaped = characters.next().expect("a character behind the backslash");
                let literal = match escaped {
                    't' => "\\t".to_owned(),
                    'n' => "\\n".to_owned(),
                    other => other.to_string(),
                };
                word.get_or_insert_default().push_str(&literal);
            }
            (_, other) => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    words
}

/// One of the two programs, with the ids that it has printed.
struct Program {
    path: PathBuf,
    ids: Vec<String>,
}

/// Both programs in a folder with the files of the scenario.
struct Stage {
    home: Folder,
    ours: Program,
    theirs: Program,
    began: Wall,
}

impl Stage {
    fn new(peers: &Peers) -> Stage {
        let home = Folder::create("command-line");
        for (name, text) in FILES {
            home.write(name, text);
        }
        home.write("number.json", "3");
        let link = home.path().join("bin");
        std::fs::create_dir(&link).expect("the folder can be written");
        let link = link.join("amtool");
        symlink(env!("CARGO_BIN_EXE_alertwheel"), &link).expect("the folder can be written");
        let program = |path| Program {
            path,
            ids: Vec::new(),
        };
        Stage {
            home,
            ours: program(link),
            theirs: program(peers.amtool()),
            began: Clock::start().wall(),
        }
    }

    /// Runs one command line with both programs: ours, then theirs.
    fn run(&mut self, arguments: &[String]) -> [Said; 2] {
        let home = self.home.path();
        [&mut self.ours, &mut self.theirs].map(|program| program.run(home, arguments))
    }

    /// What is different, if anything is that should not be.
    fn difference(&self, line: &Line, [ours, theirs]: &[Said; 2]) -> Option<String> {
        let is_same_code = ours.code == theirs.code;
        let comparable = |text: &str| match line.mark {
            Mark::SameButForIdsAndTimes => without_ids(&times::relative(text, self.began)),
            Mark::SameLines => {
                let mut lines: Vec<&str> = text.lines().collect();
                lines.sort_unstable();
                lines.join("\n")
            }
            _ => text.to_owned(),
        };
        let is_alike = match line.mark {
            Mark::OnlyAmtoolSucceeds => (ours.code, theirs.code) == (Some(1), Some(0)),
            Mark::SameExitCode => is_same_code,
            Mark::Same | Mark::SameButForIdsAndTimes | Mark::SameLines => {
                is_same_code
                    && comparable(&ours.out) == comparable(&theirs.out)
                    && shape(&ours.err) == shape(&theirs.err)
            }
        };
        (!is_alike).then(|| {
            let arguments = line.arguments.join(" ");
            format!("amtool {arguments}\nours {ours:#?}\namtool's {theirs:#?}")
        })
    }
}

impl Program {
    fn run(&mut self, home: &Path, arguments: &[String]) -> Said {
        let with_ids = arguments.iter().map(|argument| {
            let number = argument
                .strip_prefix('<')
                .and_then(|rest| rest.strip_suffix('>'));
            match number.and_then(|number| number.parse::<usize>().ok()) {
                Some(number) => self.ids[number].clone(),
                None => argument.clone(),
            }
        });
        let mut command = Command::new(&self.path);
        command
            .args(with_ids)
            .current_dir(home)
            .stdin(Stdio::null());
        command
            .env("HOME", home)
            .env("TZ", "UTC")
            .env_remove("NO_COLOR");
        let output = command.output().expect("the program starts");
        let text = |bytes| String::from_utf8(bytes).expect("it prints UTF-8");
        let said = Said {
            code: output.status.code(),
            out: without_log(&text(output.stdout)),
            err: text(output.stderr),
        };
        let is_add = arguments.iter().any(|argument| argument == "add");
        if is_add && let Some(id) = id_pattern().find(&said.out) {
            self.ids.push(id.as_str().to_owned());
        }
        said
    }
}

fn id_pattern() -> Regex {
    Regex::new("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
        .expect("the pattern is right")
}

fn without_ids(text: &str) -> String {
    id_pattern().replace_all(text, "<id>").into_owned()
}

/// amtool logs to standard output, where a warning gets among what scripts read. Ours go to standard error
/// (D30).
fn without_log(out: &str) -> String {
    let lines = out.split_inclusive('\n');
    lines.filter(|line| !line.starts_with("time=")).collect()
}

/// What is compared of standard error: the lines in any order, since imports run side by side, with only the
/// words that come from the daemon.
fn shape(err: &str) -> Vec<String> {
    let lines = err.lines().filter(|line| !line.is_empty());
    let lines = lines.filter(|line| {
        let is_of_the_parser = ["only the classic syntax", "matchers input has disagreement"];
        let words = line.strip_prefix("Warning: ").unwrap_or_default();
        !is_of_the_parser
            .iter()
            .any(|start| words.starts_with(start))
    });
    let mut shapes: Vec<String> = lines
        .map(|line| match line {
            line if line.contains("][") || line.contains("(status ") => without_ids(line),
            line if line.starts_with("amtool: error: couldn't import") => line.to_owned(),
            line if line.starts_with("amtool: error: ") => "amtool: error: ".to_owned(),
            line if line.starts_with("Warning: ") => line.to_owned(),
            // Go continues an error of YAML in further lines, and so do we one with several faults.
            _ => String::new(),
        })
        .filter(|shape| !shape.is_empty())
        .collect();
    shapes.sort();
    shapes
}

/// Tells the number of runs past the test harness, which shows what is printed only for tests that fail.
fn tell(test: &str, runs: usize) {
    let line = format!("{test}: {runs} runs compared\n");
    let _ = io::stderr().write_all(line.as_bytes());
}

fn compare_against(peers: &Peers, make: Make) -> Vec<String> {
    let daemon = Daemon::start(make, peers, CONFIGURATION, &[]);
    let mut stage = Stage::new(peers);
    let url = url(daemon.address());
    let lines = lines(SCENARIO);
    let mut differences = Vec::new();
    for line in &lines {
        let arguments = [slice::from_ref(&url), &line.arguments].concat();
        let said = stage.run(&arguments);
        differences.extend(stage.difference(line, &said));
    }
    tell(&format!("command lines against {make:?}"), lines.len());
    differences
}

fn url(daemon: SocketAddr) -> String {
    format!("--alertmanager.url=http://{daemon}")
}

#[test]
fn our_binary_says_what_amtool_says() {
    let Some(peers) = Peers::find("our_binary_says_what_amtool_says") else {
        return;
    };
    for make in [Make::Alertwheel, Make::Alertmanager] {
        let differences = compare_against(&peers, make);
        let count = differences.len();
        assert!(
            count == 0,
            "{count} differ against {make:?}:\n\n{}",
            differences.join("\n\n")
        );
    }
}

#[test]
fn without_a_daemon_every_command_fails_as_amtool_does() {
    let Some(peers) = Peers::find("without_a_daemon_every_command_fails_as_amtool_does") else {
        return;
    };
    let mut stage = Stage::new(&peers);
    let commands = [
        "alert",
        "alert add a=b",
        "silence",
        "silence add a=b -c c",
        "silence update x",
        "silence expire x",
        "silence import empty-objects.json",
        "config",
        "config routes",
        "config routes test a=b",
        "cluster",
    ];
    for command in commands {
        for url in [
            "http://127.0.0.1:9",
            "http://user:secret@127.0.0.1:9/prefix",
            "https://127.0.0.1:9",
        ] {
            let url = format!("--alertmanager.url={url}");
            let arguments = [vec![url], words(command)].concat();
            let [ours, theirs] = stage.run(&arguments);
            assert_eq!(
                (ours.code, &ours.out),
                (theirs.code, &theirs.out),
                "{arguments:?}"
            );
            assert_eq!(ours.code, Some(1), "{arguments:?}");
            let first = |said: &Said| said.err.split(": ").take(2).collect::<String>();
            assert_eq!(first(&ours), first(&theirs), "{arguments:?}");
            assert!(!ours.err.contains("secret"), "{ours:?}");
        }
    }
    tell("command lines without a daemon", commands.len() * 3);
}

#[test]
fn defaults_come_from_the_files_of_amtool() {
    let Some(peers) = Peers::find("defaults_come_from_the_files_of_amtool") else {
        return;
    };
    let daemon = Daemon::start(Make::Alertmanager, &peers, CONFIGURATION, &[]);
    let mut stage = Stage::new(&peers);
    let defaults = format!(
        "alertmanager.url: http://{}\noutput: json\nrequire-comment: false\nauthor: from the file\n",
        daemon.address()
    );
    // The real one may be Debian's, which looks elsewhere.
    for (folder, name) in [
        (".config/amtool", "config.yml"),
        (".config/prometheus", "amtool.yml"),
    ] {
        let folder = stage.home.path().join(folder);
        std::fs::create_dir_all(&folder).expect("the folder can be written");
        std::fs::write(folder.join(name), &defaults).expect("the folder can be written");
    }
    let scenario = "~ silence add a=b\n$ silence\n$ silence -o simple\n$ silence -o extended\n\
                    $ alert\n$ cluster\n~ silence add a=b --author=other\n$ silence -o simple\n\
                    $ silence add a=b --require-comment\n$ config routes test a=b\n";
    let lines = lines(scenario);
    for line in &lines {
        let said = stage.run(&line.arguments);
        assert_eq!(stage.difference(line, &said), None);
    }
    let [ours, _] = stage.run(&words("silence"));
    assert!(
        ours.out.contains(r#""createdBy":"from the file""#),
        "{ours:?}"
    );
    tell("command lines with defaults from a file", lines.len());
}

#[test]
fn a_configuration_is_checked_from_standard_input_too() {
    let Some(peers) = Peers::find("a_configuration_is_checked_from_standard_input_too") else {
        return;
    };
    let stage = Stage::new(&peers);
    let said = [&stage.ours, &stage.theirs].map(|program| {
        let file = std::fs::File::open(stage.home.path().join("configuration.yml"));
        let output = Command::new(&program.path)
            .arg("check-config")
            .env("HOME", stage.home.path())
            .stdin(file.expect("the file is there"))
            .output();
        let output = output.expect("the program starts");
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stdout).into_owned(),
        )
    });
    assert_eq!(said[0], said[1]);
    assert!(
        said[0].1.starts_with("Checking '/dev/stdin'  SUCCESS"),
        "{said:?}"
    );
}

#[test]
fn the_version_is_told_as_the_acceptance_tests_read_it() {
    let Some(peers) = Peers::find("the_version_is_told_as_the_acceptance_tests_read_it") else {
        return;
    };
    let mut stage = Stage::new(&peers);
    let pattern = Regex::new(r"^amtool, version (\d+\.\d+)\.\d+ *").expect("the pattern is right");
    let versions = stage.run(&words("--version")).map(|said| {
        let found = pattern.captures(&said.out).map(|found| found[1].to_owned());
        found.unwrap_or_else(|| panic!("no version: {said:?}"))
    });
    assert_eq!(versions[0], versions[1]);
}

#[test]
fn prefixes_and_passwords_are_given_alike() {
    let Some(peers) = Peers::find("prefixes_and_passwords_are_given_alike") else {
        return;
    };
    let mut stage = Stage::new(&peers);
    let hash = bcrypt::hash("secret", 4).expect("a hash");
    let web = format!("basic_auth_users: {{user: '{hash}'}}\n");
    let web = stage.home.write("web.yml", &web);
    stage.home.write("password", "secret\n");
    let password = "basic_auth: {username: user, password_file: password}\n";
    stage.home.write("password.yml", password);
    let wrong = "basic_auth: {username: user, password: wrong}\n";
    stage.home.write("wrong-password.yml", wrong);
    let web = format!("--web.config.file={}", web.display());
    for make in [Make::Alertwheel, Make::Alertmanager] {
        let daemon = Daemon::start(
            make,
            &peers,
            CONFIGURATION,
            &[&web, "--web.route-prefix=/a/b"],
        );
        let address = daemon.address();
        let scenario = format!(
            "$ --alertmanager.url=http://user:secret@{address}/a/b alert\n\
             $ --alertmanager.url=http://user:secret@{address}/a/b/ cluster\n\
             $ --alertmanager.url=http://user:wrong@{address}/a/b alert\n\
             $ --alertmanager.url=http://user:secret@{address}/ alert\n\
             $ --alertmanager.url=http://user:secret@{address}/a silence\n\
             $ --alertmanager.url=http://{address}/a/b alert\n\
             $ --alertmanager.url=http://{address}/a/b alert add x --http.config.file=password.yml\n\
             $ --alertmanager.url=http://{address}/a/b alert --http.config.file=password.yml\n\
             $ --alertmanager.url=http://{address}/a/b alert --http.config.file=wrong-password.yml\n\
             $ --alertmanager.url=http://u:p@{address}/a/b alert --http.config.file=password.yml\n"
        );
        let lines = lines(&scenario);
        for line in &lines {
            let said = stage.run(&line.arguments);
            assert_eq!(stage.difference(line, &said), None, "against {make:?}");
        }
        tell(
            &format!("command lines with passwords against {make:?}"),
            lines.len(),
        );
    }
}
