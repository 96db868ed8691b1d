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
fn pieces_of_every_length_come_back() {
    // Around each length from which on it takes another character.
    for edge in [0, 1, 60, 124, 128, 16_384, 2_097_152] {
        for length in [edge, edge + 1, edge.max(1) - 1] {
            let (name, value) = ("n".repeat(length), "v".repeat(length));
            let labels = Labels::from_pairs([(name.as_str(), value.as_str()), ("zzz", "y")]);
            assert_eq!(labels.get(&name), Some(value.as_str()), "{length} bytes");
            assert_eq!(labels.get("zzz"), Some("y"), "behind {length} bytes");
            assert_eq!(labels.len(), 2);
        }
    }
}

#[test]
fn known_names_and_others_are_told_apart() {
    let labels = Labels::from_pairs([("job", "a"), ("jobs", "b"), ("jo", "c"), ("instance", "d")]);
    let pairs: Vec<_> = labels.iter().collect();
    let sorted = [("instance", "d"), ("jo", "c"), ("job", "a"), ("jobs", "b")];
    assert_eq!(pairs, sorted);
    for (name, value) in sorted {
        assert_eq!(labels.get(name), Some(value));
    }
    assert_eq!(labels.get("severity"), None);
    assert_eq!(labels.get("j"), None);
}

#[test]
fn a_set_of_common_names_takes_little_more_than_its_values() {
    let labels = Labels::from_pairs([("alertname", "Down"), ("job", "node"), ("mine", "x")]);
    assert_eq!(
        labels.packed.len(),
        "Down".len() + 2 + "node".len() + 2 + "minex".len() + 2
    );
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
    assert_eq!(labels.select(|_| false), Labels::default());
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

#[test]
fn a_set_built_pair_by_pair_is_the_one_of_its_pairs() {
    let sets: [&[(&str, &str)]; 8] = [
        &[],
        &[("alertname", "a"), ("job", "j"), ("severity", "s")],
        &[("job", "j"), ("alertname", "a")],
        &[("alertname", "a"), ("alertname", "b")],
        &[("x", "1"), ("x", "2"), ("y", "3"), ("x", "4")],
        &[
            ("alarm", "a"),
            ("alertname", "b"),
            ("alien", "c"),
            ("job", "d"),
        ],
        &[("jobs", "a"), ("job", "b"), ("é", ""), ("", "c")],
        &[("a", "x")],
    ];
    let mut builder = LabelsBuilder::default();
    let mut identified = IdentifiedBuilder::default();
    for pairs in sets {
        for (name, value) in pairs {
            builder.push(name, value);
            identified.push(name, value);
        }
        let expected = Labels::from_pairs(pairs.iter().copied());
        assert_eq!(builder.finish(), expected, "{pairs:?}");
        assert_eq!(identified.finish(), expected.into(), "{pairs:?}");
    }
}
