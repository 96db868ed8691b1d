//! What becomes of the notification log.

use super::encode::{bytes, entry, number, receiver, varint};
use super::{AlertmanagerLog, at, fixtures, inherited};
use crate::model::{Labels, alertmanager_hash};

fn read(messages: &[Vec<u8>]) -> AlertmanagerLog {
    inherited(&[], &messages.concat(), fixtures::SOON)
}

fn hash(pairs: &[(&str, &str)]) -> u64 {
    alertmanager_hash(&Labels::from_pairs(pairs.iter().copied()))
}

#[test]
fn what_alertmanager_had_told_is_all_there() {
    let left = inherited(&[], &fixtures::told(), fixtures::SOON);
    let entries: Vec<_> = left.recovered.inherited.values().collect();
    let keys = entries.iter().map(|entry| &entry.key);
    let keys: Vec<String> = keys
        .map(|key| format!("{} {} {}", key.group_key, key.receiver, key.webhook_index))
        .collect();
    let expected = [
        r#"{}/{severity="page"}:{alertname="Three"} pager 0"#,
        r#"{}:{alertname="One"} team 0"#,
        r#"{}:{alertname="One"} team 1"#,
        r#"{}:{alertname="Two"} team 0"#,
        r#"{}:{alertname="Two"} team 1"#,
    ];
    assert_eq!(keys, expected);
    let a = hash(&[("alertname", "One"), ("host", "a")]);
    let b = hash(&[("alertname", "One"), ("host", "b")]);
    assert_eq!(
        (&*entries[1].firing, &*entries[1].resolved),
        (&[a][..], &[b][..])
    );
    assert_eq!(
        (&*entries[2].firing, &*entries[2].resolved),
        (&[a, b][..], &[][..])
    );
    assert_eq!(entries[1].at, at("2026-11-25T10:16:06.005905091Z"));
    // Two repeat intervals of four hours later.
    assert_eq!(entries[1].expires_at, at("2026-11-25T18:16:06.005905091Z"));
    assert_eq!((left.report.told, left.report.expired), (5, 0));
    assert!(left.report.others.is_empty() && left.report.troubles.is_empty());
}

#[test]
fn what_is_past_its_time_is_left() {
    let left = inherited(&[], &fixtures::told(), "2026-11-25T18:16:05Z");
    assert_eq!((left.report.told, left.report.expired), (1, 4));
}

#[test]
fn entries_of_other_integrations_are_counted_by_name() {
    let told = |integration| entry("{}:{}", &receiver("team", integration, 0), 1, &[]);
    let left = read(&[told("slack"), told("webhook"), told("email"), told("slack")]);
    assert_eq!(left.report.told, 1);
    let others: Vec<_> = left.report.others.into_iter().collect();
    assert_eq!(others, [("email".to_owned(), 1), ("slack".to_owned(), 2)]);
}

#[test]
fn hashes_are_sorted_and_may_stand_packed_or_not() {
    let packed = bytes(6, [varint(u64::MAX), varint(3), varint(300)].concat());
    let fields = [packed, number(6, 7), number(7, 9)];
    let left = read(&[entry("{}:{}", &receiver("team", "webhook", 2), 1, &fields)]);
    let (key, told) = left
        .recovered
        .inherited
        .first_key_value()
        .expect("an entry");
    assert_eq!(key.webhook_index, 2);
    assert_eq!(
        (&*told.firing, &*told.resolved),
        (&[3, 7, 300, u64::MAX][..], &[9][..])
    );
}

#[test]
fn of_two_entries_about_one_webhook_the_later_counts() {
    let told = |at, hash| {
        entry(
            "{}:{}",
            &receiver("team", "webhook", 0),
            at,
            &[number(6, hash)],
        )
    };
    let left = read(&[told(2, 20), told(3, 30), told(1, 10)]);
    let firing: Vec<_> = left
        .recovered
        .inherited
        .values()
        .map(|told| &*told.firing)
        .collect();
    assert_eq!(firing, [&[30]]);
}

#[test]
fn an_entry_without_a_receiver_is_damage_and_others_count() {
    let broken = super::encode::delimited(&bytes(1, bytes(1, "{}:{}")));
    let sound = entry("{}:{}", &receiver("team", "webhook", 0), 1, &[]);
    let left = read(&[broken, sound]);
    assert_eq!((left.report.told, left.report.troubles.len()), (1, 1));
    let trouble = left.report.troubles[0].to_string();
    assert!(
        trouble.starts_with("nflog: damaged at byte 0: an entry without a receiver"),
        "{trouble}"
    );
}
