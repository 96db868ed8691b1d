//! Bar 3: a journal cut at any byte, with any bit flipped, or with bytes moved about.
//!
//! Recovery must return exactly the state of the sound frames, report the damage, and never panic. The test
//! knows the frames, because the encoder gives the offset at which each ends.

use std::collections::HashSet;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use super::super::Report;
use super::files::{MemoryFiles, Turn, state_of};
use crate::engine::{Record, Recovered};
use crate::journal::header::HEADER_BYTES;
use crate::journal::samples;
use crate::model::Wall;

/// A snapshot and two segments, with where the frames of each end.
struct Journal {
    files: MemoryFiles,
    parts: [(&'static str, Vec<Turn>, Vec<usize>); 3],
}

impl Journal {
    fn of(parts: [Vec<Turn>; 3]) -> Journal {
        let mut files = MemoryFiles::default();
        let [snapshot, first, last] = parts;
        let ends = [
            files.add_snapshot(7, &snapshot),
            files.add_segment(8, &first),
            files.add_segment(9, &last),
        ];
        let [a, b, c] = ends;
        Journal {
            files,
            parts: [
                ("7.snapshot", snapshot, a),
                ("8.segment", first, b),
                ("9.segment", last, c),
            ],
        }
    }

    /// The state of all files, if in the file named `file` only the turns that `counts` accepts count.
    fn state(&self, file: &str, counts: impl Fn(usize) -> bool) -> Recovered {
        let mut turns = Vec::new();
        for (name, part, _) in &self.parts {
            let part = part.iter().enumerate();
            let part = part.filter(|(place, _)| *name != file || counts(*place));
            turns.extend(part.map(|(_, turn)| turn.clone()));
        }
        state_of(&turns)
    }
}

/// An ordinary short day: alerts come, are told, are extended and go.
fn ordinary() -> Journal {
    let part = |from: u64, to: u64| -> Vec<Turn> {
        let turn = |number: u64| {
            let at = samples::moment(number as i64, 5);
            let alert = samples::alert(number, at);
            let before = samples::alert(number.saturating_sub(2), at).fingerprint;
            let extended = Record::AlertExtended {
                fingerprint: before,
                ends_at: alert.ends_at.get(),
                updated_at: at,
            };
            (at, vec![Record::Alert(alert.into()), extended])
        };
        (from..to).map(turn).collect()
    };
    Journal::of([part(0, 4), part(4, 8), part(8, 12)])
}

/// Journals with all kinds of records, the same ones in each run.
fn drawn(count: usize) -> Vec<Journal> {
    let mut runner = TestRunner::deterministic();
    let turns = || samples::any_turns(8).prop_filter("some", |turns| turns.len() > 2);
    let parts = [turns(), turns(), turns()];
    let draw = |_| {
        let parts = parts.new_tree(&mut runner).expect("turns");
        Journal::of(parts.current())
    };
    (0..count).map(draw).collect()
}

#[test]
fn a_file_cut_at_any_byte_gives_what_came_before() {
    let journals = drawn(2);
    for journal in journals.iter().chain([&ordinary()]) {
        for (name, _, ends) in &journal.parts {
            for length in 0..journal.files.length(name) {
                let mut files = journal.files.clone();
                files.cut(name, length);
                let (state, report) = files.recover().expect("files that can be read");
                let expected = journal.state(name, |place| ends[place] <= length);
                assert!(is_same(&state, &expected), "{name} cut to {length}");
                let is_between = length == HEADER_BYTES || ends.contains(&length);
                check_cut(name, length, is_between, &report);
            }
        }
    }
}

/// A cut of the last segment is an interrupted write; of any other file it is damage, unless nothing
/// shows it.
fn check_cut(name: &str, length: usize, is_between: bool, report: &Report) {
    match name {
        "9.segment" => {
            assert!(report.is_sound(), "{name} cut to {length}");
            let torn = report.torn.map(|tail| tail.offset + tail.bytes);
            let expected = (!is_between).then_some(length as u64);
            assert_eq!(torn, expected, "{name} cut to {length}");
        }
        "8.segment" => assert_eq!(report.is_sound(), is_between, "{name} cut to {length}"),
        _ => assert!(!report.is_sound(), "{name} cut to {length}"),
    }
}

#[test]
fn a_flipped_bit_costs_no_more_than_its_frame() {
    for journal in drawn(4).iter().chain([&ordinary()]) {
        for (name, _, ends) in &journal.parts {
            for bit in (0..8 * journal.files.length(name)).step_by(97) {
                let mut files = journal.files.clone();
                let byte = bit / 8;
                files.bytes(name)[byte] ^= 1 << (bit % 8);
                let (state, report) = files.recover().expect("files that can be read");
                let is_hit = |place: usize| {
                    let start = if place == 0 {
                        HEADER_BYTES
                    } else {
                        ends[place - 1]
                    };
                    (start..ends[place]).contains(&byte)
                };
                let expected = journal.state(name, |place| !is_hit(place));
                assert!(is_same(&state, &expected), "{name}, bit {bit}");
                let is_torn = report.torn.is_some();
                assert!(is_torn || !report.is_sound(), "{name}, bit {bit}");
                let is_last = ends.last().is_some() && is_hit(ends.len() - 1);
                assert_eq!(
                    is_torn,
                    is_last && *name == "9.segment",
                    "{name}, bit {bit}"
                );
            }
        }
    }
}

/// Whether the states are the same, but for when the last record was written: a closing frame says
/// that too.
fn is_same(state: &Recovered, expected: &Recovered) -> bool {
    let written_at = expected.written_at;
    Recovered {
        written_at,
        ..state.clone()
    } == *expected
}

/// A change of some bytes.
#[derive(Clone, Debug)]
enum Mutation {
    Insert(Index, Vec<u8>),
    Delete(Index, usize),
    Swap(Index, Index, usize),
    Repeat(Index, usize),
    Overwrite(Index, u8, usize),
}

impl Mutation {
    fn any() -> impl Strategy<Value = Mutation> {
        let index = any::<Index>;
        prop_oneof![
            (index(), vec(any::<u8>(), 1..40)).prop_map(|(at, bytes)| Mutation::Insert(at, bytes)),
            (index(), 1_usize..200).prop_map(|(at, count)| Mutation::Delete(at, count)),
            (index(), index(), 1_usize..200)
                .prop_map(|(at, other, count)| Mutation::Swap(at, other, count)),
            (index(), 1_usize..300).prop_map(|(at, count)| Mutation::Repeat(at, count)),
            (index(), any::<u8>(), 1_usize..60)
                .prop_map(|(at, byte, count)| Mutation::Overwrite(at, byte, count)),
        ]
    }

    fn apply(&self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        let length = bytes.len();
        let range = |at: &Index, count: usize| {
            let start = at.index(length);
            start..length.min(start + count)
        };
        match self {
            Mutation::Insert(at, new) => {
                let at = at.index(length);
                bytes.splice(at..at, new.iter().copied());
            }
            Mutation::Delete(at, count) => drop(bytes.drain(range(at, *count))),
            Mutation::Swap(at, other, count) => {
                let (at, other) = (at.index(length), other.index(length));
                let count = (*count).min(length - at.max(other));
                for place in 0..count {
                    bytes.swap(at + place, other + place);
                }
            }
            Mutation::Repeat(at, count) => {
                let again = bytes[range(at, *count)].to_vec();
                bytes.extend(again);
            }
            Mutation::Overwrite(at, byte, count) => bytes[range(at, *count)].fill(*byte),
        }
    }
}

/// What the records that were written say, in pieces that can be looked up.
#[derive(Default)]
struct Said {
    texts: HashSet<String>,
    times: HashSet<(u64, Wall, Wall)>,
}

impl Said {
    fn by(turns: &[Turn]) -> Said {
        let mut said = Said::default();
        for record in turns.iter().flat_map(|(_, records)| records) {
            match record {
                Record::Alert(alert) => {
                    let times = (
                        alert.fingerprint.0,
                        alert.ends_at.get(),
                        alert.updated_at.get(),
                    );
                    said.times.insert(times);
                    said.texts.insert(without_times(alert));
                }
                Record::AlertExtended {
                    fingerprint,
                    ends_at,
                    updated_at,
                } => {
                    said.times.insert((fingerprint.0, *ends_at, *updated_at));
                }
                Record::AlertLeft { group, fingerprint } => {
                    said.texts.insert(format!("{fingerprint} left {group:?}"));
                }
                Record::Group { group, timer } => {
                    said.texts.insert(format!("{group:?} {timer:?}"));
                }
                Record::LogEntry { key, told } => {
                    said.texts.insert(format!("{key:?} {told:?}"));
                }
                Record::Silence { number, silence } => {
                    said.texts.insert(format!("{number} {silence:?}"));
                }
                Record::AlertmanagerEntry(entry) => {
                    said.texts.insert(format!("{entry:?}"));
                }
                _ => {}
            }
        }
        said
    }

    /// Records in the state that were never written.
    fn invented(&self, state: &Recovered) -> Vec<String> {
        let mut found = Vec::new();
        for (fingerprint, known) in &state.alerts {
            let alert = &known.alert;
            found.push(without_times(alert));
            let left = known.left.iter();
            found.extend(left.map(|group| format!("{fingerprint} left {group:?}")));
            let times = (
                alert.fingerprint.0,
                alert.ends_at.get(),
                alert.updated_at.get(),
            );
            if !self.times.contains(&times) {
                return vec![format!("{times:?}")];
            }
        }
        let groups = state.groups.iter();
        found.extend(groups.map(|(group, timer)| format!("{group:?} {timer:?}")));
        let notification_log = state.notification_log.iter();
        found.extend(notification_log.map(|(key, told)| format!("{key:?} {told:?}")));
        let silences = state.silences.iter();
        found.extend(silences.map(|(number, silence)| format!("{number} {silence:?}")));
        let inherited = state.inherited.values();
        found.extend(inherited.map(|entry| format!("{entry:?}")));
        found.retain(|text| !self.texts.contains(text));
        found
    }
}

fn without_times(alert: &crate::model::Alert) -> String {
    let alert = crate::model::Alert {
        ends_at: Wall::UNIX_EPOCH.into(),
        updated_at: Wall::UNIX_EPOCH.into(),
        ..alert.clone()
    };
    format!("{alert:?}")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn whatever_happens_to_the_bytes_nothing_is_invented(
        parts in [samples::any_turns(6), samples::any_turns(6), samples::any_turns(6)],
        mutations in vec((0_usize..3, Mutation::any()), 1..4),
    ) {
        let all = parts.concat();
        let mut journal = Journal::of(parts);
        for (file, mutation) in &mutations {
            let name = journal.parts[*file].0;
            mutation.apply(journal.files.bytes(name));
        }
        // A refusal is allowed, too: the header may now be that of a newer version.
        if let Ok((state, _)) = journal.files.recover() {
            let invented = Said::by(&all).invented(&state);
            prop_assert!(invented.is_empty(), "{invented:?}");
        }
    }
}
