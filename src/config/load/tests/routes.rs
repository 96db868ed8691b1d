//! Rules of single routes and of the root.

use super::*;

#[test]
fn there_must_be_a_root_with_a_receiver() {
    assert_eq!(
        faults(""),
        "f.yml:1: no route provided in config; write route with a receiver"
    );
    assert!(faults(RECEIVERS).starts_with("f.yml:1: no routes provided; "));
    assert!(faults(&format!("{RECEIVERS}route:\n")).contains("no routes provided; "));
    for rootless in ["{}", "{receiver: }", "{receiver: ''}"] {
        let told = faults(&format!("route: {rootless}\n{RECEIVERS}"));
        let expected = "f.yml:1: route: root route must specify a default receiver; ";
        assert!(told.starts_with(expected), "{told}");
    }
}

#[test]
fn the_root_takes_every_alert() {
    for (keys, fault) in [
        (
            ", match: {a: b}",
            "route.match: root route must not have any matchers; ",
        ),
        (
            ", match_re: {a: b}",
            "route.match_re: root route must not have any matchers; ",
        ),
        (
            ", matchers: [a=b]",
            "route.matchers: root route must not have any matchers; ",
        ),
        (
            ", continue: yes",
            "route.continue: cannot have continue in root route; ",
        ),
        (
            ", mute_time_intervals: [x]",
            "route.mute_time_intervals[0]: root route must not have any mute time intervals; ",
        ),
        (
            ", active_time_intervals: [x]",
            "route.active_time_intervals[0]: root route must not have any active time intervals; ",
        ),
    ] {
        let told = route_faults(keys);
        assert!(told.starts_with(&format!("f.yml:1: {fault}")), "{told}");
    }
    for harmless in [
        ", match: {}, matchers: [], continue: no",
        ", matchers: ['{}']",
    ] {
        assert_eq!(route_faults(harmless), "none", "{harmless}");
    }
}

#[test]
fn a_receiver_must_exist() {
    assert_eq!(
        faults(
            "route:\n  receiver: a\n  routes:\n  - receiver: tem\nreceivers:\n- name: team\n- name: a\n"
        ),
        "f.yml:4: route.routes[0].receiver: undefined receiver \"tem\" used in route; did you \
         mean \"team\"?"
    );
    assert!(
        route_faults(", routes: [{receiver: nobody}]")
            .contains("add it to receivers or use one that is there")
    );
}

#[test]
fn group_by_names_labels_once_or_takes_all() {
    for (names, fault) in [
        (
            "[..., a]",
            ": cannot have wildcard group_by (`...`) and other labels at the same time; ",
        ),
        ("[a, b, a]", "[2]: duplicated label \"a\" in group_by; "),
        ("['']", "[0]: invalid label name \"\" in group_by list; "),
        ("[~]", "[0]: invalid label name \"\" in group_by list; "),
        (
            "a",
            ": cannot unmarshal a string into a list of label names; ",
        ),
    ] {
        let told = route_faults(&format!(", group_by: {names}"));
        assert!(
            told.starts_with(&format!("f.yml:1: route.group_by{fault}")),
            "{told}"
        );
    }
}

#[test]
fn intervals_are_durations_and_only_group_wait_may_be_zero() {
    assert_eq!(
        route_faults(", group_wait: 30"),
        "f.yml:1: route.group_wait: not a valid duration string: \"30\"; write a number with a \
         unit, such as 30s"
    );
    assert!(route_faults(", group_interval: 0s").contains("group_interval cannot be zero; "));
    assert!(route_faults(", repeat_interval: 0").contains("repeat_interval cannot be zero; "));
    assert_eq!(route(", group_wait: 0").group_wait, Duration::ZERO);
}

#[test]
fn a_repetition_shorter_than_the_interval_is_a_warning() {
    let text = format!("route:\n  receiver: a\n  repeat_interval: 1m\n{RECEIVERS}");
    let warnings = loaded(&text).warnings;
    assert_eq!(
        warnings,
        [
            "f.yml:3: route.repeat_interval: repeat_interval 1m is less than group_interval 5m: \
          notifications repeat only when the group is flushed"
        ]
    );
}

#[test]
fn null_is_no_route() {
    assert_eq!(
        route_faults(", routes: [~]"),
        "f.yml:1: route.routes[0]: route is null; write its keys or remove it"
    );
}
