//! Tests of the keys of routes besides matchers: time intervals, labels and `resolve_muted`.
//! And inhibition rules.

use std::collections::BTreeMap;

use super::*;
use crate::model::{TimeInterval, Wall, format_matchers};

const INTERVALS: &str = "time_intervals: [{name: night}, {name: day}]\n";

fn tree(routes: &str) -> Route {
    let text = format!("route: {{receiver: a, {routes}}}\n{INTERVALS}{RECEIVERS}");
    config(&text).route
}

fn at(time: &str) -> Wall {
    time.parse().expect("the time is written right")
}

/// The first part of a time interval with these keys.
fn interval(keys: &str) -> TimeInterval {
    let named = format!("time_intervals: [{{name: t, time_intervals: [{{{keys}}}]}}]");
    let route = "route: {receiver: a, routes: [{mute_time_intervals: [t]}]}";
    let config = config(&format!("{route}\n{named}\n{RECEIVERS}"));
    config.route.routes[0].mute_time_intervals[0].intervals[0].clone()
}

#[test]
fn time_intervals_are_not_inherited() {
    let root = tree("routes: [{mute_time_intervals: [night, day], routes: [{}]}]");
    let names: Vec<&str> = root.routes[0]
        .mute_time_intervals
        .iter()
        .map(|interval| interval.name.as_ref())
        .collect();
    assert_eq!(names, ["night", "day"]);
    assert_eq!(root.routes[0].routes[0].mute_time_intervals, []);
}

#[test]
fn only_intervals_that_are_there_can_be_used() {
    let told = faults(&format!(
        "route: {{receiver: a, routes: [{{active_time_intervals: [nigth]}}]}}\n\
         {INTERVALS}{RECEIVERS}"
    ));
    assert_eq!(
        told,
        "f.yml:1: route.routes[0].active_time_intervals[0]: undefined time interval \"nigth\" \
         used in route; did you mean \"night\"?"
    );
}

#[test]
fn an_interval_holds_in_its_own_place() {
    let office = interval(
        "weekdays: ['monday:friday'], times: [{start_time: '09:00', end_time: '17:00'}], \
         location: Asia/Kathmandu",
    );
    // Kathmandu is 5:45 ahead.
    assert!(office.contains(at("2026-01-05T03:15:00Z")));
    assert!(!office.contains(at("2026-01-05T03:14:59Z")));
    assert!(!office.contains(at("2026-01-05T11:15:00Z")));
    assert!(!office.contains(at("2026-01-04T05:00:00Z")));
}

#[test]
fn an_empty_list_is_not_the_same_as_none() {
    assert!(interval("weekdays: ~").contains(at("2026-01-05T03:15:00Z")));
    assert!(!interval("weekdays: []").contains(at("2026-01-05T03:15:00Z")));
}

#[test]
fn names_of_intervals_are_unique_across_both_lists() {
    let route = "route: {receiver: a}";
    let told = faults(&format!(
        "{route}\ntime_intervals: [{{name: t}}]\nmute_time_intervals: [{{name: t}}]\n{RECEIVERS}"
    ));
    assert!(
        told.starts_with("f.yml:2: time_intervals[0].name: time interval \"t\" is not unique; "),
        "{told}"
    );
    let told = faults(&format!(
        "{route}\nmute_time_intervals: [{{name: t}}, {{name: t}}]\n{RECEIVERS}"
    ));
    assert!(
        told.contains(": mute time interval \"t\" is not unique; "),
        "{told}"
    );
}

#[test]
fn a_list_that_cannot_be_read_is_one_fault() {
    let told = faults(&format!(
        "route: {{receiver: a, routes: [{{mute_time_intervals: [t]}}]}}\n\
         time_intervals: {{name: t}}\n{RECEIVERS}"
    ));
    assert!(told.starts_with("f.yml:2: time_intervals: "), "{told}");
    assert_eq!(told.lines().count(), 1, "{told}");
}

#[test]
fn labels_are_added_to_those_of_the_parent() {
    let root =
        tree("labels: {a: '1', b: '2'}, routes: [{labels: {b: '3', c: '{{ .Status }}'}}, {}]");
    let of = |route: &Route| -> String {
        let labels: &BTreeMap<String, String> = &route.labels;
        let pairs = labels.iter().map(|(name, text)| format!("{name}={text}"));
        pairs.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(of(&root), "a=1 b=2");
    assert_eq!(of(&root.routes[0]), "a=1 b=3 c={{ .Status }}");
    assert_eq!(of(&root.routes[1]), "a=1 b=2");
    let classic = parse(
        "f.yml",
        &format!("route: {{receiver: a, labels: {{a.b: x}}}}\n{RECEIVERS}"),
        ParserMode::Classic,
    );
    let told = classic
        .expect_err("the name is not a classic one")
        .to_string();
    assert!(
        told.contains("invalid label name \"a.b\" in route labels; "),
        "{told}"
    );
}

#[test]
fn what_is_resolved_while_muted_is_told_unless_a_route_says_no() {
    let root = tree("routes: [{resolve_muted: no, routes: [{}]}, {}]");
    assert!(root.resolve_muted);
    assert!(!root.routes[0].routes[0].resolve_muted);
    assert!(root.routes[1].resolve_muted);
    let text = format!("route: {{receiver: a, resolve_muted: no}}\n{RECEIVERS}");
    // Alertmanager's tools do not know it.
    assert!(!config(&text).original.contains("resolve_muted"));
}

#[test]
fn an_interval_of_repetition_beyond_the_retention_is_worth_a_warning() {
    let text = format!("route: {{receiver: a, repeat_interval: 144h}}\n{RECEIVERS}");
    let options = LoadOptions {
        retention: Some(Duration::from_secs(5 * 24 * 60 * 60)),
        ..LoadOptions::default()
    };
    let loaded = parse("f.yml", &text, options).expect("it is allowed");
    assert_eq!(
        loaded.warnings,
        [
            "f.yml:1: route.repeat_interval: repeat_interval 144h is greater than the data \
          retention period 5d: notifications can repeat earlier"
        ]
    );
}

#[test]
fn all_three_forms_of_matchers_make_an_inhibition_rule() {
    let rules = "inhibit_rules: [{name: n, source_match: {b: x}, source_match_re: {a: y}, \
                 source_matchers: ['c!=z'], target_matchers: [d=e], equal: [h, g, h]}, ~]";
    let rules = config(&format!("{rules}\nroute: {{receiver: a}}\n{RECEIVERS}")).inhibit_rules;
    assert_eq!(rules[0].name, "n");
    assert_eq!(
        format_matchers(&rules[0].source),
        "{a=~\"^(?:y)$\",b=\"x\",c!=\"z\"}"
    );
    assert_eq!(format_matchers(&rules[0].target), "{d=\"e\"}");
    assert_eq!(rules[0].equal, ["g", "h"]);
    assert!(rules[1].source.is_empty() && rules[1].target.is_empty());
}
