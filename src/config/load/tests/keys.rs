//! Unknown keys, keys given twice, and integrations that are not built.

use super::*;
use crate::config::table::{Kind, Section};

#[test]
fn unknown_ones_are_refused_with_the_nearest() {
    assert_eq!(
        route_faults(", routes: [{matcherz: []}]"),
        "f.yml:1: route.routes[0].matcherz: field matcherz not found in a route; did you mean \
         matchers?"
    );
    assert_eq!(
        receiver_faults("webhook_configs: [{url: 'http://x/', colour: red}]"),
        "f.yml:2: receivers[0].webhook_configs[0].colour: field colour not found in a webhook; \
         it has send_resolved, http_config, url, url_file, max_alerts, timeout, payload, \
         heartbeat, method"
    );
    assert!(receiver_faults("webhook_config: []").contains("did you mean webhook_configs?"));
    let told = faults(&format!(
        "routes: {{}}\nroute: {{receiver: a}}\n{RECEIVERS}"
    ));
    assert!(told.ends_with("did you mean route?"), "{told}");
}

/// Reads `section` as if nothing stood there, and what is in it.
fn read_defaults(section: &'static Section, seen: &mut Vec<&'static str>, findings: &mut Findings) {
    if seen.contains(&section.what) {
        return;
    }
    seen.push(section.what);
    let nothing = yaml::parse("").expect("nothing is YAML").root;
    let reading = Reading {
        mode: ParserMode::default(),
        folder: None,
    };
    Record::read(&nothing, section, reading, findings).expect("null is a section");
    for key in section.keys {
        match key.kind {
            Kind::Section(inner)
            | Kind::AsWritten(inner)
            | Kind::Sections(_, inner)
            | Kind::NamedSections(inner) => read_defaults(inner, seen, findings),
            _ => {}
        }
    }
}

#[test]
fn every_default_is_a_value_that_its_own_key_takes() {
    let (mut seen, mut findings) = (Vec::new(), Findings::default());
    read_defaults(&FILE, &mut seen, &mut findings);
    assert!(seen.contains(&"a webhook") && seen.len() > 10, "{seen:?}");
    assert_eq!(findings.into_faults(), []);
}

#[test]
fn a_key_given_twice_is_refused() {
    assert_eq!(
        route_faults(", group_wait: 1s, group_wait: 2s"),
        "f.yml:1: route.group_wait: key \"group_wait\" already set in map; keep one of the two"
    );
}

const SLACK: &str = "slack_configs: [{channel: '#x'}]";

#[test]
fn integrations_that_are_not_built_are_refused_where_a_receiver_uses_them() {
    assert_eq!(
        receiver_faults(SLACK),
        "f.yml:2: receivers[0].slack_configs: receiver \"a\" uses slack_configs, which are not \
         built; use webhook_configs with the URL of Slack's incoming webhook and payload: \
         {text: !text '...'}; --config.skip-unsupported starts without them, and they then tell nobody"
    );
    assert_eq!(
        receiver_faults("slack_configs: [], email_configs: ~"),
        "none"
    );
}

#[test]
fn integrations_that_are_not_built_can_be_left_out_aloud() {
    let text = format!("route: {{receiver: a}}\nreceivers: [{{name: a, {SLACK}}}]\n");
    let options = LoadOptions {
        unsupported: Unsupported::Skip,
        ..LoadOptions::default()
    };
    let loaded = parse("f.yml", &text, options).expect("what is not built is left out");
    assert_eq!(loaded.config.receivers[0].webhooks, []);
    assert_eq!(loaded.warnings.len(), 1);
    let warning = &loaded.warnings[0];
    assert!(
        warning.contains("receiver \"a\" sends NOTHING through its slack_configs"),
        "{warning}"
    );
    assert!(!loaded.config.original.contains("slack_configs"));
}

#[test]
fn what_is_checked_and_then_ignored_is_told() {
    let text = format!(
        "tracing: {{endpoint: x}}\nevent_recorder: {{file_outputs: [{{path: x}}]}}\n\
         route: {{receiver: a}}\n{RECEIVERS}"
    );
    assert_eq!(
        loaded(&text).warnings,
        [
            "f.yml:1: tracing: tracing is not built and ignored",
            "f.yml:2: event_recorder: event_recorder is not built and ignored"
        ]
    );
    for (section, fault) in [
        ("tracing: {}", "tracing endpoint must be set; "),
        ("tracing: {endpoint: x, client_type: y}", "but got y; "),
        (
            "tracing: {endpoint: x, compression: y}",
            "invalid compression type y provided",
        ),
        (
            "event_recorder: []",
            "cannot unmarshal a list into event_recorder",
        ),
        (
            "event_recorder: {x: y}",
            "field x not found in event_recorder",
        ),
    ] {
        let told = faults(&format!("{section}\nroute: {{receiver: a}}\n{RECEIVERS}"));
        assert!(told.contains(fault), "{told}");
    }
}

#[test]
fn settings_of_integrations_do_no_harm_but_are_checked() {
    let global = |keys: &str| {
        faults(&format!(
            "global: {{{keys}}}\nroute: {{receiver: a}}\n{RECEIVERS}"
        ))
    };
    assert_eq!(
        global(
            "smtp_from: x@y, smtp_smarthost: 'z:25', smtp_require_tls: no, slack_api_url: <secret>"
        ),
        "none"
    );
    for (keys, fault) in [
        ("smtp_smarthost: z", "address z: missing port in address; "),
        ("jira_api_url: x", "unsupported scheme \"\" for URL; "),
        ("smtp_require_tls: x", "cannot unmarshal `x` into bool; "),
        (
            "slack_app_token: x, slack_app_token_file: y",
            "at most one of slack_app_token & slack_app_token_file must be configured; ",
        ),
        (
            "smtp_form: x",
            "field smtp_form not found in global; did you mean smtp_from?",
        ),
        ("http_config: ", "http_config is null; "),
        ("resolve_timeout: 5", "not a valid duration string: \"5\"; "),
    ] {
        let told = global(keys);
        assert!(told.contains(fault), "{told}");
        assert_eq!(told.lines().count(), 1, "{told}");
    }
}
