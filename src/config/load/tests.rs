//! Whole files: what is taken, what is refused with which words on which line.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::config::{Destination, GroupBy, LoadOptions, Receiver, Route, Unsupported};
use crate::limits::CONFIG_LOCATE_BYTES;
use crate::model::format_matchers;

mod folders;
mod heartbeats;
mod http;
mod inheritance;
mod intervals;
mod keys;
mod matchers;
mod payloads;
mod receivers;
mod routes;
mod templates;

const RECEIVERS: &str = "receivers:\n- name: a\n  webhook_configs:\n  - url: http://x.example/\n";

fn loaded(text: &str) -> Loaded {
    match parse("f.yml", text, ParserMode::default()) {
        Ok(loaded) => loaded,
        Err(faults) => panic!("refused:\n{faults}"),
    }
}

fn config(text: &str) -> Config {
    loaded(text).config
}

/// The faults of a text as they are printed.
fn faults(text: &str) -> String {
    match parse("f.yml", text, ParserMode::default()) {
        Ok(_) => "none".into(),
        Err(faults) => faults.to_string(),
    }
}

/// The root of a tree whose keys stand in `route`, in flow style.
fn route(keys: &str) -> Route {
    config(&format!("route: {{receiver: a{keys}}}\n{RECEIVERS}")).route
}

/// The faults of such a tree; all stand on line 1.
fn route_faults(keys: &str) -> String {
    faults(&format!("route: {{receiver: a{keys}}}\n{RECEIVERS}"))
}

fn receiver(keys: &str) -> Receiver {
    let text = format!("route: {{receiver: a}}\nreceivers: [{{name: a, {keys}}}]\n");
    config(&text).receivers[0].as_ref().clone()
}

/// The faults of a receiver; all stand on line 2.
fn receiver_faults(keys: &str) -> String {
    faults(&format!(
        "route: {{receiver: a}}\nreceivers: [{{name: a, {keys}}}]\n"
    ))
}

mod files {
    use super::*;

    #[test]
    fn all_faults_are_told_at_once_in_the_order_of_the_file() {
        let text = "\
global:
  resolve_timeout: 5
  colour: red
route:
  group_wait: 30
  routes:
  - receiver: nobody
    match:
      severity: page
      severity: info
  - continue: perhaps
    matchers:
    - severity
  - group_by: [a, a]
receivers:
- name: a
  webhook_configs:
  - send_resolved: true
- name: a
inhibit_rules:
- equal: ['']
";
        let told: Vec<String> = faults(text)
            .lines()
            .map(|line| line.split(';').next().unwrap_or(line).to_owned())
            .collect();
        assert_eq!(
            told,
            [
                "f.yml:2: global.resolve_timeout: not a valid duration string: \"5\"",
                "f.yml:3: global.colour: field colour not found in global",
                "f.yml:5: route: root route must specify a default receiver",
                "f.yml:5: route.group_wait: not a valid duration string: \"30\"",
                "f.yml:7: route.routes[0].receiver: undefined receiver \"nobody\" used in route",
                "f.yml:10: route.routes[0].match.severity: key \"severity\" already set in map",
                "f.yml:11: route.routes[1].continue: cannot unmarshal `perhaps` into bool",
                "f.yml:13: route.routes[1].matchers[0]: bad matcher format: severity",
                "f.yml:14: route.routes[2].group_by[1]: duplicated label \"a\" in group_by",
                "f.yml:18: receivers[0].webhook_configs[0]: one of url or url_file must be \
                 configured",
                "f.yml:19: receivers[1].name: notification config name \"a\" is not unique",
                "f.yml:21: inhibit_rules[0].equal[0]: invalid label name \"\" in equal list",
            ]
        );
    }

    #[test]
    fn one_mistake_is_one_fault() {
        for text in [
            "route: [a]\nreceivers: [{name: a}]\n",
            "route: {receiver: [a]}\nreceivers: [{name: a}]\n",
            "route: {receiver: a}\nreceivers: {name: a}\n",
            "route: {receiver: a}\nreceivers: [a]\n",
            "route: {receiver: a}\nreceivers: [{name: [a]}]\n",
            "route: {receiver: a}\nreceivers: [{name: a, webhook_configs: [{url: [x]}]}]\n",
            "[route]\n",
            "route\n",
        ] {
            assert_eq!(faults(text).lines().count(), 1, "{text}\n{}", faults(text));
        }
    }

    #[test]
    fn broken_yaml_is_one_fault_with_its_line() {
        assert!(faults("route:\n  receiver: a\n bad\n").starts_with("f.yml:3: yaml: "));
        assert!(faults("route:\n\treceiver: a\n").starts_with("f.yml:2: yaml: "));
    }

    #[test]
    fn a_second_document_is_a_warning() {
        let text = format!("route: {{receiver: a}}\n{RECEIVERS}---\nx: y\n");
        assert_eq!(
            loaded(&text).warnings,
            ["f.yml:1: only the first YAML document of the file is read"]
        );
    }

    #[test]
    fn the_printed_faults_are_bounded() {
        let many = "- colour: red\n".repeat(500);
        let told = faults(&format!("route: {{receiver: a}}\nreceivers:\n{many}"));
        assert_eq!(told.lines().count(), CONFIG_FAULTS + 1);
        assert!(
            told.ends_with(&format!("and {} more", 1000 - CONFIG_FAULTS)),
            "{told}"
        );
    }

    #[test]
    fn of_a_huge_file_full_of_faults_a_few_are_located() {
        let mut text = String::from("route: {receiver: a}\nreceivers:\n");
        while text.len() < CONFIG_FILE_BYTES - 100 {
            text.push_str("- name: some-name-of-a-receiver\n");
            text.push_str("  labels: {name: some-other-name-which-is-not-that-of-this-receiver}\n");
        }
        // Each costs a pass over the file, and a line says how many more there are.
        let located = CONFIG_LOCATE_BYTES / text.len();
        assert!((2..10).contains(&located), "{located}");
        assert_eq!(faults(&text).lines().count(), located + 1);
    }

    #[test]
    fn a_file_that_cannot_be_read_says_so() {
        let missing = load(Path::new("no/such/file.yml"), ParserMode::default());
        let told = missing.expect_err("there is no such file").to_string();
        assert!(
            told.starts_with("no/such/file.yml: cannot be read: "),
            "{told}"
        );
    }

    #[test]
    fn the_example_loads_without_a_warning() {
        let example = loaded(include_str!("../../../etc/alertwheel.yml"));
        assert_eq!(example.warnings, [""; 0]);
        assert_eq!(example.config.receivers.len(), 5);
        assert_eq!(example.config.route.routes.len(), 3);
        assert_eq!(example.config.inhibit_rules.len(), 2);
    }

    #[test]
    fn the_embedded_configurations_write_to_the_terminal() {
        let built_in = built_in();
        let webhook = &built_in.route.receiver.webhooks[0];
        assert_eq!(webhook.destination, Destination::Terminal);
        assert_eq!(
            built_in.route.group_by,
            GroupBy::Names(vec!["alertname".into()])
        );
        assert_eq!(built_in.route.group_wait, Duration::from_secs(30));
        let demo = demo();
        assert_eq!(demo.route.group_wait, Duration::from_secs(2));
        assert_eq!(demo.route.group_interval, Duration::from_secs(5));
        assert_eq!(demo.route.repeat_interval, Duration::from_secs(3600));
    }
}

/// Texts that are nearly configurations.
fn nearly_configurations() -> impl Strategy<Value = String> {
    let pieces = [
        "route:",
        "receivers:",
        "global:",
        "routes:",
        "receiver: a",
        "name: a",
        "- ",
        "  ",
        "\n",
        "    ",
        "match:",
        "matchers: [a=b]",
        "group_by: [",
        "]",
        "{",
        "}",
        ", ",
        "group_wait: 1s",
        "url: http://x/",
        "webhook_configs:",
        "&x ",
        "*x",
        "<<: ",
        "~",
        "'",
        "\"",
        "|",
        ": ",
        "!t ",
        "continue: y",
        "labels: ",
        "#",
    ];
    proptest::collection::vec(proptest::sample::select(pieces.to_vec()), 0..60)
        .prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn arbitrary_text_is_taken_or_refused(text in "\\PC{0,300}") {
        let _ = parse("f", &text, ParserMode::default());
    }

    #[test]
    fn what_is_nearly_a_configuration_is_taken_or_refused(text in nearly_configurations()) {
        if let Err(faults) = parse("f", &text, ParserMode::default()) {
            prop_assert!(!faults.faults.is_empty());
        }
    }
}
