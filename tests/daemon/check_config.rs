//! Tests of `alertwheel check-config` on the command line: its flags, the files it reads, and its output.

use std::fs::OpenOptions;
use std::io;

use crate::process::{Ended, Setup};

const SOUND: &str = "route: {receiver: team}\nreceivers: [{name: team}]\n";
const SLACK: &str =
    "route: {receiver: team}\nreceivers: [{name: team, slack_configs: [{channel: x}]}]\n";
/// Longer than anybody remembers what was told.
const ODD: &str = "route: {receiver: team, repeat_interval: 999h}\nreceivers: [{name: team}]\n";

fn check(text: &str, arguments: &[&str]) -> Ended {
    let setup = Setup::bare().file("f.yml", text).argument("check-config");
    setup.arguments(arguments).run()
}

fn assert_says(ended: &Ended, code: i32, words: &[&str]) {
    assert_eq!(ended.code, Some(code), "{ended:?}");
    for word in words {
        let is_said = ended.output.contains(word) || ended.log.contains(word);
        assert!(is_said, "{word} is missing: {ended:?}");
    }
}

#[test]
fn what_is_not_built_is_refused_with_the_flag_that_helps_and_taken_with_it() {
    assert_says(&check(SLACK, &["f.yml"]), 1, &["--config.skip-unsupported"]);
    for arguments in [
        ["--config.skip-unsupported", "f.yml"],
        ["f.yml", "--config.skip-unsupported"],
    ] {
        assert_says(
            &check(SLACK, &arguments),
            0,
            &["SUCCESS", "warning: f.yml:2: "],
        );
    }
    let help = Setup::bare().arguments(&["check-config", "--help"]).run();
    let flags = [
        "--config.skip-unsupported",
        "--strict",
        "--web.config.file",
        "--enable-feature",
    ];
    assert_says(&help, 0, &flags);
}

#[test]
fn warnings_say_what_was_written_and_can_be_refused() {
    let warned = "warning: f.yml:1: route.repeat_interval: repeat_interval 999h is greater than";
    assert_says(&check(ODD, &["f.yml"]), 0, &["SUCCESS", warned]);
    assert_says(
        &check(ODD, &["--strict", "f.yml"]),
        1,
        &["FAILED", "--strict", warned],
    );
    assert_says(
        &check(ODD, &["--strict", "--data.retention=1000h", "f.yml"]),
        0,
        &["SUCCESS"],
    );
}

#[test]
fn a_variable_is_replaced_and_refused_with_its_line_if_it_is_not_set() {
    let text = format!("{SOUND}  webhook_configs: [{{url: '${{HOOK_URL}}'}}]\n")
        .replace("[{name: team}]\n ", "\n- name: team\n ");
    let checked = |setup: Setup| {
        let setup = setup.file("f.yml", &text);
        setup.arguments(&["check-config", "f.yml"]).run()
    };
    let set = checked(Setup::bare().variable("HOOK_URL", "https://h.example/"));
    assert_says(&set, 0, &["SUCCESS"]);
    let refused = checked(Setup::bare());
    let words = ["f.yml:4: ", "the environment variable HOOK_URL is not set"];
    assert_says(&refused, 1, &words);
    assert_eq!(
        refused.output.matches("f.yml:").count(),
        1,
        "{}",
        refused.output
    );
}

#[test]
fn a_folder_is_checked_as_one_configuration() {
    let folder = |second: &str| {
        let setup = Setup::bare();
        std::fs::create_dir(setup.folder().join("conf.d")).expect("a folder");
        setup
            .file("conf.d/1.yml", SOUND)
            .file("conf.d/2.yml", second)
    };
    let sound = folder("receivers: [{name: b}]\n");
    let checked = sound
        .arguments(&["check-config", "--strict", "conf.d"])
        .run();
    assert_says(
        &checked,
        0,
        &["Checking 'conf.d'  SUCCESS", " - 2 receivers"],
    );
    let twice = folder("receivers: [{name: team}]\n");
    let checked = twice.arguments(&["check-config", "conf.d"]).run();
    assert_says(
        &checked,
        1,
        &["conf.d/2.yml:1: receivers[0].name: \"team\" is also in conf.d/1.yml:"],
    );
}

#[test]
fn a_warning_of_a_surprise_names_its_line_and_is_refused_if_asked() {
    let text =
        format!("{SOUND}inhibit_rules: [{{source_matchers: [a=b], target_matchers: [a=c]}}]\n");
    let words = [
        "f.yml:",
        "inhibit_rules[0]: without equal",
        "etc/warnings.md#an-inhibition-rule-without-equal",
    ];
    assert_says(&check(&text, &["f.yml"]), 0, &words);
    assert_says(&check(&text, &["--strict", "f.yml"]), 1, &words);
}

#[test]
fn the_file_of_a_start_is_checked_if_none_is_named() {
    assert_says(
        &check("x", &["--config.file=f.yml"]),
        1,
        &["Checking 'f.yml'  FAILED"],
    );
    let usual = Setup::bare().file("alertmanager.yml", SOUND);
    let usual = usual.arguments(&["check-config"]).run();
    assert_says(&usual, 0, &["Checking 'alertmanager.yml'  SUCCESS"]);
    let none = Setup::bare().argument("check-config").run();
    assert_says(&none, 1, &["there is no configuration file here"]);
}

#[test]
fn flags_that_a_start_refuses_are_refused() {
    for flag in [
        "--web.external-url=ftp://x/",
        "--enable-feature=x",
        "--cluster.tls-config=x",
    ] {
        let setup = Setup::bare().file("f.yml", SOUND).argument(flag);
        let ended = setup.arguments(&["check-config", "f.yml"]).run();
        assert_eq!(
            (ended.code, ended.output.as_str()),
            (Some(1), ""),
            "{ended:?}"
        );
        assert!(ended.log.starts_with("alertwheel: error: "), "{ended:?}");
    }
}

#[test]
fn standard_input_is_a_file_too() {
    let input = |bytes: &[u8]| {
        Setup::bare()
            .arguments(&["check-config", "-"])
            .run_on(bytes)
    };
    assert_says(&input(SOUND.as_bytes()), 0, &["Checking '-'  SUCCESS"]);
    assert_says(&input(b"route: {}\n"), 1, &["standard input:1: route: "]);
}

const WEB: &str = "\
tls_server_config:
  cert_file: none.pem
  key_file: none.pem
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: none.pem
  min_version: TLS9
rate_limit: {burst: x}
";

#[test]
fn a_web_configuration_is_checked_with_all_its_faults_and_the_other_file() {
    let setup = Setup::bare().file("f.yml", "x").file("web.yml", WEB);
    let start = setup
        .sibling()
        .arguments(&["--config.file=f.yml", "--web.config.file=web.yml"]);
    let ended = setup
        .arguments(&["check-config", "--web.config.file=web.yml", "f.yml"])
        .run();
    let lines = [
        "web.yml:2: ",
        "web.yml:3: ",
        "web.yml:5: ",
        "web.yml:6: ",
        "web.yml:7: ",
    ];
    assert_says(&ended, 1, &lines);
    assert_says(&ended, 1, &["f.yml:1: ", "failed to validate 2 file(s)"]);
    let started = start.argument("--web.listen-address=127.0.0.1:0").run();
    assert_says(&started, 1, &lines);
    assert_says(&started, 1, &["web.yml: 5 faults"]);
}

#[test]
fn a_reader_who_leaves_is_no_failure_and_a_full_disk_is() {
    let (reader, writer) = io::pipe().expect("a pipe");
    drop(reader);
    let setup = || {
        Setup::bare()
            .file("f.yml", SOUND)
            .arguments(&["check-config", "f.yml"])
    };
    let left = setup().run_into(writer);
    assert_eq!((left.code, left.log.as_str()), (Some(0), ""));
    let full = OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .expect("a full disk");
    let ended = setup().run_into(full);
    assert_says(
        &ended,
        1,
        &["alertwheel: error: printing what was found failed: "],
    );
}

/// The blocks of YAML in the README, in their order.
fn blocks_of_the_readme() -> Vec<&'static str> {
    let readme = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md"));
    let blocks = readme.split("```yaml\n").skip(1);
    let inside = |block: &'static str| block.split("```").next().expect("a text has a first part");
    blocks.map(inside).collect()
}

#[test]
fn what_the_readme_shows_is_sound() {
    let blocks = blocks_of_the_readme();
    let first = blocks.iter().find(|block| block.starts_with("route:"));
    let first = first.expect("a configuration");
    assert_says(&check(first, &["--strict", "f.yml"]), 0, &["SUCCESS"]);
    let recipes = blocks.iter().find(|block| block.starts_with("- url:"));
    let recipes = recipes.expect("recipes").replace("/etc/alertwheel/", "");
    let indented: String = recipes.lines().map(|line| format!("  {line}\n")).collect();
    let head = "route: {receiver: team}\nreceivers:\n- name: team\n  webhook_configs:\n";
    let text = format!("{head}{indented}");
    let setup = Setup::bare().file("f.yml", &text).argument("check-config");
    let setup = setup
        .file("slack-url", "http://slack/")
        .file("discord-url", "http://discord/");
    assert_says(
        &setup.arguments(&["--strict", "f.yml"]).run(),
        0,
        &["SUCCESS"],
    );
}
