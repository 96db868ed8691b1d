//! The rules of inhibition (§8), one test each.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::model::MatchOp;

fn at(second: i64) -> Wall {
    Wall::from_second(second).expect("a second near the epoch")
}

fn list(pairs: &[(&str, &str)]) -> Vec<Matcher> {
    let new = |&(name, value): &(&str, &str)| Matcher::new(MatchOp::Equal, name, value);
    pairs
        .iter()
        .map(new)
        .collect::<Result<_, _>>()
        .expect("sound matchers")
}

fn rule(source: &[(&str, &str)], target: &[(&str, &str)], equal: &[&str]) -> InhibitRule {
    InhibitRule {
        name: String::new(),
        source: list(source),
        target: list(target),
        equal: equal.iter().map(|name| (*name).to_owned()).collect(),
    }
}

fn alert(labels: &[(&str, &str)], ends_at: i64) -> Arc<Alert> {
    let labels = Labels::from_pairs(labels.iter().copied());
    Arc::new(Alert {
        fingerprint: labels.fingerprint(),
        labels,
        annotations: Labels::default(),
        starts_at: at(0).into(),
        ends_at: at(ends_at).into(),
        updated_at: at(0).into(),
        ends_by_timeout: false,
        generator_url: "".into(),
    })
}

fn inhibitor(rules: &[InhibitRule], alerts: &[&Arc<Alert>]) -> Inhibitor {
    let mut inhibitor = Inhibitor::new(rules, HashKey::seeded(1));
    for alert in alerts {
        inhibitor.observe(alert, Occurrence::New);
    }
    inhibitor
}

fn by_severity() -> InhibitRule {
    rule(
        &[("severity", "page")],
        &[("severity", "warn")],
        &["cluster"],
    )
}

#[test]
fn a_source_mutes_targets_with_the_same_values() {
    let source = alert(&[("severity", "page"), ("cluster", "a")], 100);
    let inhibitor = inhibitor(&[by_severity()], &[&source]);
    let muted = |cluster| {
        let target = alert(&[("severity", "warn"), ("cluster", cluster)], 100);
        inhibitor.inhibiting(&target.labels, at(10))
    };
    assert_eq!(muted("a"), Some(source.fingerprint));
    assert_eq!(muted("b"), None);
}

#[test]
fn a_missing_label_equals_a_missing_or_empty_one() {
    let source = alert(&[("severity", "page")], 100);
    let inhibitor = inhibitor(&[by_severity()], &[&source]);
    let target = alert(&[("severity", "warn")], 100);
    assert_eq!(
        inhibitor.inhibiting(&target.labels, at(10)),
        Some(source.fingerprint)
    );
}

#[test]
fn a_resolved_source_mutes_nobody() {
    let source = alert(&[("severity", "page")], 100);
    let inhibitor = inhibitor(&[by_severity()], &[&source]);
    let target = alert(&[("severity", "warn")], 1000);
    assert!(inhibitor.inhibiting(&target.labels, at(99)).is_some());
    assert!(inhibitor.inhibiting(&target.labels, at(100)).is_none());
}

#[test]
fn another_live_source_counts_when_the_first_has_ended() {
    let first = alert(&[("severity", "page"), ("host", "1")], 200);
    let second = alert(&[("severity", "page"), ("host", "2")], 150);
    let mut inhibitor = inhibitor(&[by_severity()], &[&first, &second]);
    let target = alert(&[("severity", "warn")], 1000);
    assert_eq!(
        inhibitor.inhibiting(&target.labels, at(10)),
        Some(first.fingerprint)
    );
    inhibitor.observe(
        &alert(&[("severity", "page"), ("host", "1")], 20),
        Occurrence::Known,
    );
    assert_eq!(
        inhibitor.inhibiting(&target.labels, at(30)),
        Some(second.fingerprint)
    );
}

#[test]
fn an_alert_that_is_both_is_not_inhibited_by_one_that_is_both() {
    let both_sides = rule(&[("team", "x")], &[("team", "x")], &[]);
    let (a, b) = (
        alert(&[("team", "x"), ("n", "1")], 100),
        alert(&[("team", "x"), ("n", "2")], 100),
    );
    let inhibitor = inhibitor(&[both_sides], &[&a, &b]);
    assert_eq!(inhibitor.inhibiting(&a.labels, at(10)), None);
    assert_eq!(inhibitor.inhibiting(&b.labels, at(10)), None);
}

#[test]
fn a_source_that_is_not_a_target_inhibits_one_that_is_both() {
    let rule = rule(&[("team", "x")], &[("team", "x"), ("kind", "leaf")], &[]);
    let source = alert(&[("team", "x")], 100);
    let leaf = alert(&[("team", "x"), ("kind", "leaf")], 100);
    let inhibitor = inhibitor(&[rule], &[&source, &leaf]);
    assert_eq!(
        inhibitor.inhibiting(&leaf.labels, at(10)),
        Some(source.fingerprint)
    );
    assert_eq!(inhibitor.inhibiting(&source.labels, at(10)), None);
}

#[test]
fn a_rule_without_matchers_inhibits_nobody() {
    let a = alert(&[("n", "1")], 100);
    let b = alert(&[("n", "2")], 100);
    let inhibitor = inhibitor(&[rule(&[], &[], &[])], &[&a, &b]);
    assert_eq!(inhibitor.inhibiting(&b.labels, at(10)), None);
}

#[test]
fn a_forgotten_source_is_gone() {
    let source = alert(&[("severity", "page")], 100);
    let mut inhibitor = inhibitor(&[by_severity()], &[&source]);
    inhibitor.forget_alert(source.fingerprint);
    let target = alert(&[("severity", "warn")], 100);
    assert_eq!(inhibitor.inhibiting(&target.labels, at(10)), None);
}

#[test]
fn of_a_thousand_rules_an_alert_is_tried_against_those_alone_that_it_could_meet() {
    let racks: Vec<String> = (0..1000).map(|rack| rack.to_string()).collect();
    let rules: Vec<InhibitRule> = racks
        .iter()
        .map(|rack| {
            let source = [("rack", rack.as_str()), ("alertname", "Down")];
            let target = [("rack", rack.as_str()), ("alertname", "Disk")];
            rule(&source, &target, &["host"])
        })
        .collect();
    let inhibitor = Inhibitor::new(&rules, HashKey::seeded(1));
    let tried = |labels: &[(&str, &str)]| {
        let labels = Labels::from_pairs(labels.iter().copied());
        let (source, target) = (&inhibitor.by_source, &inhibitor.by_target);
        (
            source.candidates(&labels, 0, 9),
            target.candidates(&labels, 0, 9),
        )
    };
    assert_eq!(
        tried(&[("alertname", "Disk"), ("host", "a")]),
        (vec![], vec![])
    );
    let in_rack = tried(&[("alertname", "Disk"), ("rack", "7")]);
    assert_eq!(in_rack, (vec![7], vec![7]));
}

/// Whether the rule inhibits `target`, found by checking every source.
fn inhibits_by_looking_at_all(
    rule: &InhibitRule,
    sources: &[Arc<Alert>],
    target: &Alert,
    now: Wall,
) -> bool {
    let matches = |matchers: &[Matcher], alert: &Alert| all_match(matchers, &alert.labels);
    let value = |name: &String, alert: &Alert| alert.labels.get(name).unwrap_or("").to_owned();
    matches(&rule.target, target)
        && sources.iter().any(|source| {
            let both = matches(&rule.source, target) && matches(&rule.target, source);
            let equal = |name: &String| value(name, source) == value(name, target);
            matches(&rule.source, source)
                && !source.is_resolved_at(now)
                && !both
                && rule.equal.iter().all(equal)
        })
}

proptest! {
    /// Alerts are reported, change their end times, and are removed.
    #[test]
    fn one_look_finds_whether_any_source_inhibits(
        steps in prop::collection::vec((0_usize..12, 0_i64..40, 0_u8..5), 1..80),
    ) {
        let rule = rule(&[("page", "yes")], &[("leaf", "yes")], &["cluster"]);
        let labels = |number: usize| {
            let [page, leaf] = [number & 1, number & 2].map(|bit| if bit == 0 { "yes" } else { "no" });
            let cluster = ["a", "b", ""][number / 4];
            [("page", page), ("leaf", leaf), ("cluster", cluster)]
        };
        let mut inhibitor = Inhibitor::new(std::slice::from_ref(&rule), HashKey::seeded(1));
        let mut alive: Vec<Option<Arc<Alert>>> = vec![None; 12];
        for (now, (number, ends_at, step)) in (0..).zip(steps) {
            let reported = alert(&labels(number), ends_at);
            if step == 0 {
                inhibitor.forget_alert(reported.fingerprint);
                alive[number] = None;
            } else {
                let seen = alive[number].replace(Arc::clone(&reported));
                let occurrence = seen.map_or(Occurrence::New, |_| Occurrence::Known);
                inhibitor.observe(&reported, occurrence);
            }
            let sources: Vec<Arc<Alert>> = alive.iter().flatten().cloned().collect();
            for number in 0..12 {
                let target = alert(&labels(number), 0);
                let found = inhibitor.inhibiting(&target.labels, at(now));
                let expected = inhibits_by_looking_at_all(&rule, &sources, &target, at(now));
                prop_assert_eq!(found.is_some(), expected);
            }
        }
        let kept: usize = inhibitor.rules[0].sources.values()
            .map(|sources| sources.one_sided.len() + sources.two_sided.len()).sum();
        prop_assert_eq!(kept, alive.iter().flatten().filter(|alert| all_match(&rule.source, &alert.labels)).count());
    }
}
