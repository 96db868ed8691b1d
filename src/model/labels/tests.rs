//! Packing, hashing and printing of label sets; the fingerprints are those of §2.4.

use super::*;

#[test]
fn pairs_come_back_sorted_and_the_last_of_a_name_wins() {
    let labels = Labels::from_pairs([("b", "1"), ("a", "x"), ("b", "2"), ("é", "ü✓"), ("c", "")]);
    let pairs: Vec<_> = labels.iter().collect();
    assert_eq!(pairs, [("a", "x"), ("b", "2"), ("c", ""), ("é", "ü✓")]);
    assert_eq!(labels.len(), 4);
    assert_eq!(labels.get("b"), Some("2"));
    assert_eq!(labels.get("missing"), None);
}

#[test]
fn long_pieces_keep_their_length() {
    let long = "x".repeat(70_000);
    let labels = Labels::from_pairs([("a", long.as_str()), ("b", "y")]);
    assert_eq!(labels.get("a"), Some(long.as_str()));
    assert_eq!(labels.get("b"), Some("y"));
}

#[test]
fn fingerprints_equal_alertmanagers() {
    let of = |pairs: &[(&str, &str)]| {
        Labels::from_pairs(pairs.iter().copied())
            .fingerprint()
            .to_string()
    };
    assert_eq!(of(&[]), "cbf29ce484222325");
    assert_eq!(of(&[("alertname", "test")]), "1f56cb8f931d1bd4");
    assert_eq!(of(&[("alertname", "test1")]), "5ae90ff6f82ebe6b");
    assert_eq!(
        of(&[("alertname", "test1"), ("severity", "warning")]),
        "8f14a41207c8456c"
    );
    assert_eq!(
        of(&[("alertname", "test1"), ("severity", "critical")]),
        "4d68350aea315959"
    );
    assert_eq!(
        of(&[("severity", "warning"), ("job", "foo")]),
        "9266ef3da838ad95"
    );
    assert_eq!(
        of(&[("severity", "critical"), ("job", "foo")]),
        "3b15fd163d36582e"
    );
    assert_eq!(
        of(&[("severity", "critical"), ("alertname", "alert1")]),
        "0223b772b51c29e1"
    );
}

#[test]
fn a_selection_has_the_fingerprint_of_the_set_it_selects() {
    let labels = Labels::from_pairs([("a", "1"), ("b", "2"), ("c", "3")]);
    let keep = |name: &str| name != "b";
    assert_eq!(
        labels.select(keep),
        Labels::from_pairs([("a", "1"), ("c", "3")])
    );
    assert_eq!(
        labels.select(keep).fingerprint(),
        labels.fingerprint_of_selected(keep)
    );
}

#[test]
fn a_set_prints_as_in_a_group_key() {
    let labels = Labels::from_pairs([("cluster", "c\"1\n"), ("alertname", "A")]);
    assert_eq!(labels.to_string(), r#"{alertname="A", cluster="c\"1\n"}"#);
    assert_eq!(Labels::default().to_string(), "{}");
}
