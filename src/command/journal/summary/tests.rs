//! Tests of the text that `journal inspect` prints.

use std::fs;
use std::sync::Arc;

use super::*;
use crate::engine::{GroupName, GroupTimer, LogEntry, LogKey, Record};
use crate::journal::frame::Frames;
use crate::journal::listing::FileName;
use crate::journal::recovery::recover;
use crate::journal::samples::{self, TestFolder};
use crate::model::{Fingerprint, Labels, MatchOp, Matcher, Silence};

/// The text about a folder, an hour and a minute after the year began.
fn seen(folder: &Path) -> String {
    let (state, report) = recover(folder).expect("files that can be read");
    text(Path::new("J"), &state, &report, samples::moment(3660, 0))
}

fn write(folder: &Path, name: FileName, frames: &Frames) {
    let bytes = [&name.header().to_bytes()[..], frames.bytes()].concat();
    fs::write(name.within(folder), bytes).expect("a file that can be written");
}

/// A snapshot with 1,500 alerts, then a segment with what happened since.
fn write_ordinary(folder: &Path) {
    let mut snapshot = Frames::new();
    let began = samples::moment(0, 0);
    for number in 0..1500 {
        snapshot.push(began, &Record::Alert(samples::alert(number, began).into()));
    }
    snapshot.close(began);
    write(folder, FileName::snapshot(3), &snapshot);
    let mut segment = Frames::new();
    let then = samples::moment(3600, 0);
    segment.push_batch(then, &since(then));
    write(folder, FileName::segment(4), &segment);
}

fn since(at: Wall) -> Vec<Record> {
    let fingerprint = samples::alert(7, at).fingerprint;
    let group = GroupName {
        route: 1,
        labels: Fingerprint(2),
    };
    let owed: Arc<[Fingerprint]> = [fingerprint].into();
    vec![
        Record::AlertExtended {
            fingerprint,
            ends_at: samples::moment(4000, 0),
            updated_at: at,
        },
        Record::AlertForgotten(samples::alert(8, at).fingerprint),
        Record::Group {
            group,
            timer: GroupTimer {
                due_at: at,
                has_flushed: true,
                unsent: Vec::new(),
            },
        },
        Record::LogEntry {
            key: LogKey {
                route: 1,
                group: group.labels,
                receiver: 3,
                webhook_index: 0,
            },
            told: LogEntry {
                at,
                expires_at: at,
                firing: Arc::clone(&owed),
                resolved: [].into(),
                owed,
            },
        },
        silence(1, at, samples::moment(9999, 0)),
        silence(2, at, at),
    ]
}

fn silence(number: u64, starts_at: Wall, ends_at: Wall) -> Record {
    let matcher = Matcher::new(MatchOp::Equal, "a", "b").expect("no expression");
    let silence = Silence {
        id: "3f1c2a7e-0000-4000-8000-000000000000".into(),
        matchers: [matcher].into(),
        starts_at,
        ends_at,
        updated_at: starts_at,
        created_by: "ann".into(),
        comment: "maintenance".into(),
        annotations: Labels::default(),
    };
    Record::Silence {
        number,
        silence: silence.into(),
    }
}

#[test]
fn an_ordinary_journal_is_told_in_columns() {
    let folder = TestFolder::new("inspect-ordinary");
    write_ordinary(folder.path());
    let expected = "\
J: sound

FILE                 RECORDS      BYTES  WRITTEN
0000000003.snapshot    1,500  399.3 KiB  1h1m ago
0000000004.segment         6      273 B  1m ago
2 files                1,506  399.5 KiB

HOLDS                    NOW  RECORDS      BYTES  OF THESE
alerts                 1,499    1,502  399.2 KiB  1 firing, 1,498 resolved
alerts out of a group      0        0        0 B
groups                     1        1       21 B
notification log           1        1       40 B  1 to be told of an end
silences                   2        2      138 B  1 active, 1 expired
from Alertmanager          0        0        0 B
keys of sources            0        0        0 B
heartbeats                 0        0        0 B
in all                 1,503    1,506  399.4 KiB

1,503 records are live, 3 are dead: said anew or forgotten since
oldest record  2026-01-01T00:00:00.000Z  (1h1m ago)
newest record  2026-01-01T01:00:00.000Z  (1m ago)
";
    assert_eq!(seen(folder.path()), expected);
}

#[test]
fn a_journal_without_files_is_sound() {
    let folder = TestFolder::new("inspect-empty");
    assert_eq!(seen(folder.path()), "J: sound; nothing is in it yet\n");
}

#[test]
fn damage_is_told_with_its_place() {
    let folder = TestFolder::new("inspect-damaged");
    write_ordinary(folder.path());
    let path = FileName::snapshot(3).within(folder.path());
    let mut bytes = fs::read(&path).expect("a file");
    bytes[1000] ^= 1;
    fs::write(&path, bytes).expect("a file that can be written");
    let text = seen(folder.path());
    assert!(text.starts_with("J: damaged in one place\n"), "{text}");
    let damage = "\nDamage:\n  0000000003.snapshot at offset 28, ";
    assert!(text.contains(damage), "{text}");
    assert!(text.contains(" bytes: "), "{text}");
}

#[test]
fn a_write_that_was_cut_off_is_no_damage() {
    let folder = TestFolder::new("inspect-torn");
    write_ordinary(folder.path());
    let path = FileName::segment(4).within(folder.path());
    let bytes = fs::read(&path).expect("a file");
    fs::write(&path, &bytes[..bytes.len() - 1]).expect("a file that can be written");
    fs::write(folder.path().join("0000000005.partial"), "").expect("a file");
    let text = seen(folder.path());
    assert!(text.starts_with("J: sound\n"), "{text}");
    let torn = "At the end of 0000000004.segment, from offset 28, ";
    assert!(text.contains(torn), "{text}");
    assert!(
        text.ends_with("or was given up: 0000000005.partial\n"),
        "{text}"
    );
}

#[test]
fn numbers_are_written_for_people() {
    let numbers = [0, 999, 1000, 1_234_567];
    assert_eq!(numbers.map(grouped), ["0", "999", "1,000", "1,234,567"]);
    let sizes = [0, 1023, 1024, 1_048_500, 1_048_576, 5_000_000_000_000];
    let expected = [
        "0 B",
        "1023 B",
        "1.0 KiB",
        "1023.9 KiB",
        "1.0 MiB",
        "4656.6 GiB",
    ];
    assert_eq!(sizes.map(size), expected);
}

#[test]
fn ages_are_as_exact_as_anybody_wants_them() {
    let now = samples::moment(0, 0);
    let ages = [0, 1, 61, 3_661, 100_000, -30];
    let ages = ages.map(|age| ago(samples::moment(-age, 0), now));
    let expected = [
        "just now", "1s ago", "1m1s ago", "1h1m ago", "1d3h ago", "in 30s",
    ];
    assert_eq!(ages, expected);
}
