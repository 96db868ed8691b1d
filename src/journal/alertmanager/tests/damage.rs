//! Damaged files: what is sound counts, the rest is reported, and nothing panics.

use proptest::prelude::*;

use super::encode::{bytes, delimited, matcher, set, silence};
use super::{AlertmanagerLog, fixtures, inherited};

/// The ids of the silences, and how much was told.
fn known(left: &AlertmanagerLog) -> (Vec<String>, usize) {
    let ids = left
        .recovered
        .silences
        .values()
        .map(|one| one.id.to_string());
    (ids.collect(), left.recovered.inherited.len())
}

#[test]
fn a_file_that_is_cut_anywhere_gives_what_stands_before() {
    let (silences, told) = (fixtures::silences(), fixtures::told());
    let (all, all_told) = known(&inherited(&silences, &told, fixtures::SOON));
    // Where the messages begin that Alertmanager wrote, and where the last one ends.
    let ends = [0, 175, 327, 472, 659];
    for length in 0..=silences.len() {
        let left = inherited(&silences[..length], &[], fixtures::SOON);
        let whole = ends
            .iter()
            .filter(|end| **end > 0 && **end <= length)
            .count();
        let (mut ids, _) = known(&left);
        ids.iter().for_each(|id| assert!(all.contains(id), "{id}"));
        ids.dedup();
        assert_eq!(ids.len(), whole, "{length}");
        let is_reported = !left.report.troubles.is_empty();
        assert_eq!(is_reported, !ends.contains(&length), "{length}");
    }
    for length in 0..=told.len() {
        let left = inherited(&[], &told[..length], fixtures::SOON);
        assert!(left.report.told <= all_told);
        assert!(left.report.told == all_told || length < told.len());
    }
}

#[test]
fn a_cut_names_the_file_and_the_byte_and_says_what_to_do() {
    let left = inherited(&fixtures::silences()[..200], &[], fixtures::SOON);
    assert_eq!(
        left.report.troubles[0].to_string(),
        "silences: damaged at byte 175: it ends in the middle of a message; what stands before counts, \
         what follows is left out; to read a sound copy, stop alertwheel, put the copy in place, remove \
         the folder journal beside it, and start again"
    );
}

#[test]
fn damage_within_a_message_costs_that_message_alone() {
    let sound = |id| silence(id, &[set(&[matcher(0, "a", "b")])]);
    let no_text = silence("bad", &[set(&[bytes(2, b"\xff\xfe".as_slice())])]);
    let no_silence = delimited(&[]);
    let file = [sound("one"), no_text, no_silence, sound("two")].concat();
    let left = inherited(&file, &[], fixtures::SOON);
    assert_eq!(known(&left).0, ["one", "two"]);
    let troubles: Vec<String> = left
        .report
        .troubles
        .iter()
        .map(|one| one.to_string())
        .collect();
    assert_eq!(troubles.len(), 2);
    assert!(troubles[0].contains("a text is not UTF-8"), "{troubles:?}");
    assert!(
        troubles[1].contains("a message without a silence"),
        "{troubles:?}"
    );
}

#[test]
fn a_length_that_nothing_has_reserves_no_memory() {
    for length in [
        &[0xff, 0xff, 0xff, 0xff, 0x0f][..],
        &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
        &[0x80; 20],
    ] {
        let left = inherited(length, length, fixtures::SOON);
        assert_eq!(known(&left), (Vec::new(), 0));
        assert_eq!(left.report.troubles.len(), 2, "{:?}", left.report);
    }
}

#[test]
fn a_flipped_bit_costs_what_it_hits_and_invents_nothing() {
    let (silences, told) = (fixtures::silences(), fixtures::told());
    let (all, _) = known(&inherited(&silences, &[], fixtures::SOON));
    for bit in 0..8 * silences.len() {
        let mut bad = silences.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        let left = inherited(&bad, &[], fixtures::SOON);
        // The bit may be one of an id.
        let (ids, _) = known(&left);
        let strange = ids.iter().filter(|id| !all.contains(id)).count();
        assert!(
            ids.len() <= 4 && strange <= 1,
            "bit {bit}: {:?}",
            left.report
        );
    }
    for bit in 0..8 * told.len() {
        let mut bad = told.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        let left = inherited(&[], &bad, fixtures::SOON);
        assert!(left.report.told <= 5, "bit {bit}: {:?}", left.report);
    }
}

/// Bytes that look like fields now and then.
fn nearly_messages() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..12),
        (1..13u64, prop::collection::vec(any::<u8>(), 0..30))
            .prop_map(|(field, content)| bytes(field, content)),
        (1..13u64, "[a-z]{0,6}").prop_map(|(field, text)| bytes(field, bytes(1, text))),
        prop::collection::vec(any::<u8>(), 0..30).prop_map(|content| {
            delimited(&bytes(
                1,
                [bytes(1, content.clone()), bytes(11, bytes(1, content))].concat(),
            ))
        }),
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in nearly_messages()) {
        let left = inherited(&bytes, &bytes, fixtures::SOON);
        prop_assert_eq!(left.report.told, left.recovered.inherited.len());
    }

    #[test]
    fn no_change_of_a_sound_file_makes_it_panic(
        place in 0..659usize,
        removed in 0..20usize,
        put in prop::collection::vec(any::<u8>(), 0..20),
    ) {
        let mut bad = fixtures::silences();
        let end = bad.len().min(place + removed);
        bad.splice(place..end, put);
        let left = inherited(&bad, &bad, fixtures::SOON);
        prop_assert!(left.report.silences <= 5);
    }
}
