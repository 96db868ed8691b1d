//! Each warning with a configuration that earns it and one that just does not, and common configurations, which
//! earn none.

use std::fs;

use crate::config::{Loaded, load, parse};
use crate::model::ParserMode;

mod shapes;

fn loaded(text: &str) -> Loaded {
    match parse("f.yml", text, ParserMode::default()) {
        Ok(loaded) => loaded,
        Err(faults) => panic!("{text}\nis refused:\n{faults}"),
    }
}

/// The warnings of a file with this below `route` and these sections behind.
fn warnings_of(routes: &str, sections: &str) -> Vec<String> {
    let text = format!(
        "receivers: [{{name: a}}, {{name: b}}]\n{sections}\nroute:\n  receiver: a\n{routes}"
    );
    loaded(&text).warnings
}

/// Checks that the first text earns one warning with these words, and the second none.
fn earns(words: &[&str], (earning, other): (&str, &str), section: &str) {
    let (of_earning, of_other) = match section {
        "" => (warnings_of(earning, ""), warnings_of(other, "")),
        _ => (warnings_of("", earning), warnings_of("", other)),
    };
    assert_eq!(of_earning.len(), 1, "{earning}\n{of_earning:?}");
    for word in words {
        assert!(of_earning[0].contains(word), "{word} in {of_earning:?}");
    }
    assert_eq!(of_other, [""; 0], "{other}");
}

fn route_earns(words: &[&str], earning: &str, other: &str) {
    earns(words, (earning, other), "");
}

fn rule_earns(words: &[&str], earning: &str, other: &str) {
    let rules = |rule: &str| format!("inhibit_rules: [{rule}]");
    earns(words, (&rules(earning), &rules(other)), "inhibit_rules");
}

#[test]
fn every_section_that_a_warning_names_is_in_the_page() {
    let page = include_str!("../../../etc/warnings.md");
    let headings: Vec<String> = page
        .lines()
        .filter_map(|line| line.strip_prefix("## "))
        .map(|heading| heading.to_lowercase().replace('`', "").replace(' ', "-"))
        .collect();
    for warning in super::ALL {
        assert!(
            headings.iter().any(|heading| heading == warning.0),
            "{}",
            warning.0
        );
    }
    assert_eq!(headings.len(), super::ALL.len(), "{headings:?}");
}

#[test]
fn a_route_behind_one_that_takes_all_is_never_reached() {
    route_earns(
        &[
            "f.yml:7: route.routes[1]: never reached: routes[0]",
            "etc/warnings.md#a-route-is-never-reached",
        ],
        "  routes:\n  - {receiver: b, matchers: [severity=~\"page|ticket\"]}\n  - {matchers: [severity=\"page\", team=\"x\"]}\n",
        "  routes:\n  - {receiver: b, matchers: [severity=~\"page|ticket\"], continue: true}\n  - {matchers: [severity=\"page\", team=\"x\"]}\n",
    );
    // The narrower one stands first.
    route_earns(
        &["routes[0]"],
        "  routes:\n  - {receiver: b}\n  - {matchers: [severity=\"page\"]}\n",
        "  routes:\n  - {matchers: [severity=\"page\"]}\n  - {receiver: b}\n",
    );
}

#[test]
fn a_route_that_contradicts_the_one_above_it_is_never_reached() {
    route_earns(
        &[
            "f.yml:8: route.routes[0].routes[0]",
            "no alert has both severity=\"page\" and severity=\"ticket\"",
        ],
        "  routes:\n  - matchers: [severity=\"page\"]\n    routes:\n    - {matchers: [severity=\"ticket\"]}\n",
        "  routes:\n  - matchers: [severity=~\"page|ticket\"]\n    routes:\n    - {matchers: [severity=\"ticket\"]}\n",
    );
}

#[test]
fn an_inhibition_rule_without_equal_is_warned_of_unless_it_names_an_alert() {
    rule_earns(
        &["inhibit_rules[0]: without equal"],
        "{source_matchers: [severity=page], target_matchers: [severity=ticket]}",
        "{source_matchers: [severity=page], target_matchers: [severity=ticket], equal: [cluster]}",
    );
    rule_earns(
        &["without equal"],
        "{source_matchers: [alertname!=Down], target_matchers: [severity=ticket]}",
        "{source_matchers: [alertname=ClusterDown], target_matchers: [severity=ticket]}",
    );
}

#[test]
fn an_inhibition_rule_of_an_alert_by_itself_is_warned_of() {
    rule_earns(
        &[
            "inhibit_rules[0]: mutes nothing",
            "#an-inhibition-rule-mutes-nothing",
        ],
        "{source_matchers: [severity=page], target_match: {severity: page}, equal: [cluster]}",
        "{source_matchers: [severity=page, a=b], target_match: {severity: page}, equal: [cluster]}",
    );
}

#[test]
fn a_label_that_is_always_empty_groups_nothing() {
    route_earns(
        &[
            "f.yml:6: route.routes[0].group_by[0]",
            "cluster, which is empty in every alert here because of cluster=\"\"",
        ],
        "  routes:\n  - {matchers: [cluster=\"\"], group_by: [cluster, alertname]}\n",
        "  routes:\n  - {matchers: [cluster!=\"\"], group_by: [cluster, alertname]}\n",
    );
    route_earns(
        &["group_by names alertName, and the name of an alert is in the label alertname"],
        "  group_by: [alertName]\n",
        "  group_by: [alertname, alert, name]\n",
    );
}

#[test]
fn repeats_that_come_noticeably_late_are_warned_of() {
    route_earns(
        &["route.repeat_interval: repeats come every 2h, not every 1h"],
        "  group_interval: 1h\n  repeat_interval: 1h\n",
        "  group_interval: 1h\n  repeat_interval: 61m\n",
    );
    route_earns(
        &["every 20m, not every 15m"],
        "  group_interval: 5m\n  repeat_interval: 15m\n",
        "  group_interval: 5m\n  repeat_interval: 20m\n",
    );
}

#[test]
fn placeholders_that_stay_are_warned_of() {
    let http = |value: &str| {
        format!("global: {{http_config: {{basic_auth: {{username: '{value}', password: x}}}}}}")
    };
    let words = [
        "global.http_config.basic_auth.username",
        "stays as it is",
        "#a-placeholder-stays-as-it-is",
    ];
    for (earning, other) in [
        ("$USER_NAME", "$username"),
        ("<user>", "<user@host>"),
        ("${A:?none}", "${1}"),
    ] {
        earns(&words, (&http(earning), &http(other)), "global");
    }
}

#[test]
fn files_that_are_not_there_yet_are_warned_of() {
    let folder = std::env::temp_dir().join(format!("alertwheel-lint-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    let file = folder.join("f.yml");
    let text = "route: {receiver: a}\nreceivers:\n- name: a\n  webhook_configs:\n  - url_file: url\n    \
                http_config: {authorization: {credentials_file: token}}\n";
    fs::write(&file, text).expect("a file");
    fs::write(folder.join("url"), "http://a.example/").expect("a file");
    let warnings = || {
        load(&file, ParserMode::default())
            .expect("a configuration")
            .warnings
    };
    let before = warnings();
    fs::write(folder.join("token"), "x").expect("a file");
    let after = warnings();
    fs::remove_dir_all(&folder).expect("it is there");
    assert_eq!(before.len(), 1, "{before:?}");
    assert!(
        before[0].contains(
            "f.yml:6: receivers[0].webhook_configs[0].http_config.authorization.credentials_file"
        ),
        "{before:?}"
    );
    assert!(
        before[0].contains("token cannot be read yet")
            && before[0].contains("#a-file-is-not-there-yet"),
        "{before:?}"
    );
    assert_eq!(after, [""; 0]);
}

#[test]
fn thousands_of_routes_are_looked_at_in_bounded_steps() {
    let routes: String = (0..3000)
        .map(|number| {
            format!("  - {{matchers: [team=~\"t{number}|u{number}\", severity=\"page\"]}}\n")
        })
        .collect();
    let text = format!("  routes:\n{routes}  - {{receiver: b, matchers: [severity=\"page\"]}}\n");
    assert_eq!(warnings_of(&text, ""), [""; 0]);
}
