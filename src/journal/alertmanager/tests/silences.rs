//! What becomes of silences.

use super::encode::{bytes, matcher, number, set, silence, silence_changed_at};
use super::{AlertmanagerLog, fixtures, inherited};
use crate::journal::alertmanager::Trouble;
use crate::model::Silence;

fn read(messages: &[Vec<u8>]) -> AlertmanagerLog {
    inherited(&messages.concat(), &[], fixtures::SOON)
}

fn matchers(silence: &Silence) -> String {
    let printed = silence.matchers.iter().map(|one| one.to_string());
    printed.collect::<Vec<_>>().join(" ")
}

/// Each silence in a line.
fn told(alertmanager_log: &AlertmanagerLog) -> Vec<String> {
    let silences = alertmanager_log.recovered.silences.iter();
    let line = |(number, one): (&u64, &std::sync::Arc<Silence>)| {
        format!(
            "{number} {} {} {}..{} {} {:?} {:?} {:?}",
            one.id,
            matchers(one),
            one.starts_at,
            one.ends_at,
            one.updated_at,
            one.created_by,
            one.comment,
            one.annotations
        )
    };
    silences.map(line).collect()
}

fn a_is_b() -> Vec<u8> {
    set(&[matcher(0, "a", "b")])
}

#[test]
fn the_silences_that_alertmanager_wrote_are_all_there() {
    let left = inherited(&fixtures::silences(), &[], fixtures::SOON);
    let expected = [
        r#"1 5916526a-7372-4fc3-a6e6-d458ba878418 alertname="A" host=~"a.*" 2026-11-25T10:16:03.946104211Z..2026-11-25T11:16:03.942Z 2026-11-25T10:16:03.946104211Z "me" "active" {}"#,
        r#"2 ab79dfcf-3fbc-466d-bee1-8bc0096a1682 a!="b" c!~"d|e" 2099-01-01T00:00:00Z..2099-01-02T00:00:00.5Z 2026-11-25T10:16:03.955723053Z "me" "pending" {}"#,
        r#"3 dc8494dd-8c8b-4cd2-b36a-e7c022b2b02d alertname="X" 2026-11-25T10:16:03.97066109Z..2026-11-25T10:16:03.985771932Z 2026-11-25T10:16:03.985771932Z "me" "expired" {}"#,
        r#"4 29d542a5-ca8c-4eb1-a5c2-b1e6fa2bd9ce dotted.name="a \"b\" grüße" 2026-11-25T10:16:03.995301585Z..2099-01-01T00:00:00Z 2026-11-25T10:16:03.995301585Z "mé" "ü grüße" {a="b", ticket="7"}"#,
    ];
    assert_eq!(told(&left), expected);
    assert_eq!((left.report.silences, left.report.expired), (4, 0));
    assert!(left.report.troubles.is_empty(), "{:?}", left.report);
}

#[test]
fn a_silence_that_alertmanager_would_have_forgotten_is_left() {
    let left = inherited(&fixtures::silences(), &[], "2026-12-01T00:00:00Z");
    let ids: Vec<_> = left
        .recovered
        .silences
        .values()
        .map(|one| &*one.comment)
        .collect();
    assert_eq!(
        ids,
        ["pending", "ü grüße"],
        "those that are to be kept for five days are over"
    );
    assert_eq!((left.report.silences, left.report.expired), (2, 2));
}

#[test]
fn fields_of_old_and_of_coming_versions_are_understood_or_passed_over() {
    let old_comment = |text: &str| bytes(7, [bytes(1, "ann"), bytes(2, text)].concat());
    let left = read(&[
        silence("legacy", &[bytes(2, matcher(0, "old", "x"))]),
        silence("both", &[bytes(2, matcher(0, "old", "x")), a_is_b()]),
        silence(
            "comments",
            &[a_is_b(), old_comment("first"), old_comment("second")],
        ),
        silence(
            "unknown",
            &[a_is_b(), bytes(99, "z"), number(98, 5), number(1, 7)],
        ),
    ]);
    let lines = told(&left).join("\n");
    assert!(lines.contains(r#"legacy old="x""#), "{lines}");
    assert!(lines.contains(r#"both a="b" 2"#), "{lines}");
    assert!(lines.contains(r#""ann" "first""#), "{lines}");
    assert!(lines.contains("unknown a="), "{lines}");
    assert!(left.report.troubles.is_empty(), "{:?}", left.report);
}

#[test]
fn of_a_silence_that_stands_there_twice_the_newest_state_counts() {
    let name = |name| set(&[matcher(0, name, "b")]);
    let left = read(&[
        silence_changed_at(20, "one", &[name("middle")]),
        silence_changed_at(30, "one", &[name("newest")]),
        silence_changed_at(10, "one", &[name("oldest")]),
    ]);
    assert_eq!(left.recovered.silences.len(), 1);
    assert!(told(&left)[0].contains("newest"));
}

#[test]
fn silences_are_numbered_as_they_were_made_whatever_the_order_of_the_file() {
    let left = read(&[
        silence_changed_at(3, "c", &[a_is_b()]),
        silence_changed_at(1, "a", &[a_is_b()]),
        silence_changed_at(2, "b", &[a_is_b()]),
    ]);
    let ids: Vec<_> = left
        .recovered
        .silences
        .values()
        .map(|one| &*one.id)
        .collect();
    assert_eq!(ids, ["a", "b", "c"]);
    assert!(left.recovered.silences.keys().copied().eq(1..=3));
}

#[test]
fn each_set_of_matchers_becomes_a_silence_and_the_first_keeps_the_id() {
    let sets = [
        set(&[matcher(0, "a", "b"), matcher(2, "c", "d")]),
        set(&[matcher(0, "e", "f")]),
        set(&[matcher(1, "g", "h.*")]),
        bytes(9, "why"),
    ];
    let file = [silence("many", &sets), silence("one", &[a_is_b()])];
    let left = read(&file);
    let silences: Vec<_> = left.recovered.silences.values().collect();
    let all: Vec<String> = silences.iter().map(|one| matchers(one)).collect();
    assert_eq!(
        all,
        [r#"a="b" c!="d""#, r#"e="f""#, r#"g=~"h.*""#, r#"a="b""#]
    );
    assert_eq!((&*silences[0].id, &*silences[3].id), ("many", "one"));
    assert_eq!(silences[1].comment, "why (part 2 of 3 of silence many)");
    let parts: Vec<String> = silences[..3].iter().map(|one| one.id.to_string()).collect();
    assert!(parts[1] != parts[2] && parts[1].len() == 36, "{parts:?}");
    let id = "many".to_owned();
    assert_eq!(left.report.troubles, [Trouble::Split { id, parts }]);
    assert_eq!(
        told(&read(&file)),
        told(&left),
        "the ids are the same each time"
    );
}

#[test]
fn a_silence_that_cannot_be_is_named_and_the_others_count() {
    let left = read(&[
        silence("no regex", &[set(&[matcher(1, "a", "(")])]),
        silence("no kind", &[set(&[matcher(4, "a", "b")])]),
        silence("no matcher", &[]),
        silence("", &[a_is_b()]),
        silence("many", &[set(&vec![matcher(0, "a", "b"); 1001])]),
        silence("sound", &[a_is_b()]),
    ]);
    assert_eq!(left.recovered.silences.len(), 1);
    let troubles = left
        .report
        .troubles
        .iter()
        .map(|trouble| trouble.to_string());
    let troubles: Vec<String> = troubles.collect();
    for (trouble, expected) in troubles.iter().zip([
        r#""no regex" that an Alertmanager left is left out: error parsing regexp: missing closing )"#,
        r#""no kind" that an Alertmanager left is left out: unknown matcher type "4""#,
        r#""no matcher" that an Alertmanager left is left out: it has no matchers"#,
        r#""" that an Alertmanager left is left out: it has no id"#,
        r#""many" that an Alertmanager left is left out: it has more than 1000 matchers"#,
    ]) {
        assert!(trouble.contains(expected), "{trouble}");
    }
    assert_eq!(troubles.len(), 5);
}

#[test]
fn more_troubles_than_anybody_reads_are_counted() {
    let one = |number: u32| silence(&format!("s{number}"), &[]);
    let left = read(&(0..50).map(one).collect::<Vec<_>>());
    assert_eq!((left.report.troubles.len(), left.report.omitted), (20, 30));
}
