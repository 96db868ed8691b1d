//! Which files are replayed, and how damaged files are reported.

mod damage;
mod files;

use std::fs::File;
use std::path::Path;

use super::*;
use crate::engine::Record;
use crate::journal::codec::{put_clock, put_record};
use crate::journal::frame::Frames;
use crate::journal::samples::{self, TestFolder};
use crate::limits;
use crate::model::Fingerprint;
use files::{MemoryFiles, Turn, state_of};

/// A turn in which one alert appears.
fn turn(number: u64) -> Turn {
    let at = samples::moment(number as i64, 0);
    (at, vec![Record::Alert(samples::alert(number, at).into())])
}

/// The turns in which these alerts appear.
fn turns(numbers: impl IntoIterator<Item = u64>) -> Vec<Turn> {
    numbers.into_iter().map(turn).collect()
}

#[test]
fn nothing_is_there_at_the_first_start() {
    let (state, report) = MemoryFiles::default().recover().expect("nothing");
    assert!(state.is_empty() && report.is_sound());
    assert_eq!(report.next_number, 1);
}

#[test]
fn a_snapshot_and_the_segments_above_it_make_the_state() {
    let mut files = MemoryFiles::default();
    files.add_segment(1, &turns([90]));
    files.add_snapshot(1, &turns([80]));
    files.add_segment(2, &turns([70]));
    files.add_snapshot(2, &turns([1, 2]));
    files.add_segment(3, &turns([3]));
    files.add_segment(4, &turns([4, 5]));
    let (state, report) = files.recover().expect("sound files");
    assert_eq!(state, state_of(&turns([1, 2, 3, 4, 5])));
    assert!(report.is_sound() && report.torn.is_none());
    assert_eq!(report.next_number, 5);
    let covered: Vec<String> = report.covered.iter().map(FileName::to_string).collect();
    assert_eq!(
        covered,
        [
            "0000000001.snapshot",
            "0000000001.segment",
            "0000000002.segment"
        ]
    );
    let read: Vec<u64> = report.segments().iter().map(|it| it.name.number).collect();
    assert_eq!(read, [3, 4]);
    assert_eq!(report.record_counts().total(), 5);
    assert_eq!(
        report.bytes(),
        files.bytes_of(&["2.snapshot", "3.segment", "4.segment"])
    );
}

#[test]
fn a_snapshot_of_nothing_covers_what_was() {
    let mut files = MemoryFiles::default();
    files.add_segment(1, &turns([1]));
    files.add_snapshot(1, &[]);
    let (state, report) = files.recover().expect("sound files");
    assert!(state.is_empty() && report.is_sound());
}

#[test]
fn the_snapshot_before_serves_where_a_snapshot_is_damaged() {
    let mut files = MemoryFiles::default();
    files.add_snapshot(1, &turns([1]));
    files.add_segment(2, &turns([2]));
    files.add_snapshot(2, &turns([1, 2]));
    files.add_segment(3, &turns([3]));
    files.flip("2.snapshot", 40);
    let (state, report) = files.recover().expect("files that can be read");
    assert_eq!(state, state_of(&turns([1, 2, 3])));
    assert_eq!(report.rejected, [FileName::snapshot(2)]);
    assert!(!report.is_sound());
    assert!(report.files.iter().all(|file| file.flaws.is_empty()));
}

#[test]
fn all_segments_serve_where_the_first_snapshot_is_damaged() {
    let mut files = MemoryFiles::default();
    files.add_segment(1, &turns([1]));
    files.add_segment(2, &turns([2]));
    files.add_snapshot(2, &turns([1, 2]));
    files.flip("2.snapshot", 40);
    let (state, report) = files.recover().expect("files that can be read");
    assert_eq!(state, state_of(&turns([1, 2])));
    assert_eq!(report.rejected, [FileName::snapshot(2)]);
}

#[test]
fn what_is_left_of_a_damaged_snapshot_counts_where_it_is_all_there_is() {
    let mut files = MemoryFiles::default();
    files.add_segment(2, &turns([99]));
    files.add_snapshot(2, &turns([1, 2, 3]));
    files.add_segment(3, &turns([4]));
    files.cut("2.snapshot", files.length("2.snapshot") - 60);
    let (state, report) = files.recover().expect("files that can be read");
    assert_eq!(state, state_of(&turns([1, 2, 4])));
    assert_eq!(report.covered, [], "it may be needed");
    assert!(!report.is_sound() && report.torn.is_none());
}

#[test]
fn a_snapshot_without_its_end_is_damaged() {
    let mut files = MemoryFiles::default();
    let mut frames = Frames::new();
    let (at, records) = turn(1);
    frames.push_batch(at, &records);
    files.add(FileName::snapshot(2), &frames);
    let (_, report) = files.recover().expect("files that can be read");
    assert_eq!(report.damages[0].flaw, Flaw::NoEnd);
}

#[test]
fn a_snapshot_that_lacks_a_record_is_damaged() {
    let mut files = MemoryFiles::default();
    let mut frames = Frames::new();
    let (at, records) = turn(1);
    frames.push_batch(at, &records);
    frames.clear();
    frames.close(at);
    files.add(FileName::snapshot(2), &frames);
    let (_, report) = files.recover().expect("files that can be read");
    assert_eq!(report.damages[0].flaw, Flaw::Miscounted);
}

#[test]
fn a_snapshot_that_goes_on_after_its_end_is_damaged() {
    let mut files = MemoryFiles::default();
    let mut frames = Frames::new();
    let (at, records) = turn(1);
    frames.close(at);
    frames.push_batch(at, &records);
    files.add(FileName::snapshot(2), &frames);
    let (state, report) = files.recover().expect("files that can be read");
    assert_eq!(report.damages[0].flaw, Flaw::AfterEnd);
    assert!(state.is_empty());
}

#[test]
fn a_newer_version_is_refused_by_name_whatever_else_is_there() {
    let mut files = MemoryFiles::default();
    files.add_segment(1, &turns([1]));
    files.add_snapshot(2, &turns([1]));
    files.make_newer("1.segment");
    let refusal = files.recover().expect_err("a version not known");
    let text = refusal.to_string();
    let begin = "read /var/lib/x/journal/0000000001.segment: it is of format version 3, and this \
                 alertwheel knows none past 2; start the version that wrote it";
    assert!(text.starts_with(begin), "{text}");
    assert!(!refusal.is_for_a_vanished_file());
}

#[test]
fn a_segment_in_the_place_of_another_does_not_count() {
    let mut files = MemoryFiles::default();
    files.add_segment(1, &turns([1]));
    files.add_segment(2, &turns([2]));
    files.rename("1.segment", "3.segment");
    let (state, report) = files.recover().expect("files that can be read");
    assert_eq!(state, state_of(&turns([2])));
    assert_eq!(report.damages[0].flaw, Flaw::OtherHeader);
}

#[test]
fn a_frame_that_makes_no_sense_counts_for_nothing() {
    let mut files = MemoryFiles::default();
    let mut frames = Frames::new();
    let (at, records) = turn(1);
    frames.push_batch(at, &records);
    frames.push(at, &Record::AlertForgotten(Fingerprint(1)));
    frames.close(at);
    frames.push_batch(at, &turn(2).1);
    files.add(FileName::segment(1), &frames);
    let (state, report) = files.recover().expect("files that can be read");
    let flaws: Vec<String> = report
        .damages
        .iter()
        .map(|it| it.flaw.to_string())
        .collect();
    let expected = "a frame that makes no sense: the end of a snapshot in a segment";
    assert_eq!(flaws, [expected]);
    assert_eq!(state.alerts.len(), 2);
}

#[test]
fn a_record_with_one_more_field_is_damage_that_says_so() {
    let mut files = MemoryFiles::default();
    files.add_segment(1, &turns([1]));
    let (at, _) = turn(2);
    let mut payload = Vec::new();
    put_clock(&mut payload, None, at);
    let length_at = payload.len() + 1;
    put_record(&mut payload, at, &Record::AlertForgotten(Fingerprint(1)));
    payload[length_at] += 1;
    payload.push(1);
    let length = u32::try_from(payload.len()).expect("a short frame");
    let segment = files.bytes("1.segment");
    segment.extend(length.to_le_bytes());
    segment.extend(crc32fast::hash(&payload).to_le_bytes());
    segment.extend(payload);
    files.add_segment(2, &turns([3]));
    let (state, report) = files.recover().expect("files that can be read");
    assert_eq!(state, state_of(&turns([1, 3])), "the others count");
    let flaws = report.damages.iter().map(|it| it.flaw.to_string());
    let expected =
        "a frame that makes no sense: a record with more fields than it has in version 2";
    assert_eq!(flaws.collect::<Vec<_>>(), [expected]);
}

#[test]
fn damage_at_the_end_of_a_segment_that_others_follow_is_no_torn_tail() {
    let mut files = MemoryFiles::default();
    files.add_segment(1, &turns([1, 2]));
    files.add_segment(2, &turns([3]));
    files.cut("1.segment", files.length("1.segment") - 1);
    let (state, report) = files.recover().expect("files that can be read");
    assert_eq!(state, state_of(&turns([1, 3])));
    assert!(!report.is_sound() && report.torn.is_none());
    let text = report.damages[0].to_string();
    let begin = "0000000001.segment at offset ";
    assert!(text.starts_with(begin) && text.ends_with(" bytes: nothing sound from here on"));
}

#[test]
fn times_of_writing_are_those_of_the_records_that_count() {
    let mut files = MemoryFiles::default();
    files.add_segment(1, &turns([5, 9, 7]));
    let (_, report) = files.recover().expect("sound files");
    let expected = (samples::moment(5, 0), samples::moment(9, 0));
    assert_eq!(report.written(), Some(expected));
}

#[test]
fn a_file_that_vanished_since_it_was_listed_is_told_from_others() {
    let listing = Listing::of(["0000000001.segment"]);
    let gone = |_| Err::<&[u8], _>(ErrorKind::NotFound.into());
    let refusal = recover_from(Path::new("x"), listing.clone(), gone).expect_err("no file");
    assert!(refusal.is_for_a_vanished_file());
    let denied = |_| Err::<&[u8], _>(ErrorKind::PermissionDenied.into());
    let refusal = recover_from(Path::new("x"), listing, denied).expect_err("no file");
    assert!(!refusal.is_for_a_vanished_file());
    let text = refusal.to_string();
    assert!(text.starts_with("open x/0000000001.segment: "), "{text}");
}

#[test]
fn files_on_disk_are_read_as_those_in_memory_are() {
    let folder = TestFolder::new("recovery");
    let mut files = MemoryFiles::default();
    files.add_snapshot(3, &turns(1..2000));
    files.add_segment(4, &turns(2000..2100));
    files.write_to(folder.path());
    let (state, report) = recover(folder.path()).expect("sound files");
    assert_eq!(state, state_of(&turns(1..2100)));
    assert!(report.is_sound());
    assert_eq!(report.next_number, 5);
}

#[test]
fn what_is_read_while_files_are_replaced_is_read_again() {
    let vanished = || Refusal::NotOpened {
        path: "x".into(),
        error: ErrorKind::NotFound.into(),
    };
    let mut listings = [1, 2, 2, 3, 3, 3]
        .map(|number| Some(vec![number]))
        .into_iter();
    let mut outcomes = [Err(vanished()), Ok("old and new mixed"), Ok("at rest")].into_iter();
    let mut lists = || listings.next().flatten();
    // The first attempt fails; during the second the list of snapshots changes.
    assert_eq!(lists(), Some(vec![1]));
    let read = once_at_rest(lists, || outcomes.next().expect("at most three attempts"));
    assert!(matches!(read, Ok("at rest")), "{read:?}");
}

#[test]
fn files_that_never_rest_are_read_all_the_same() {
    let mut number = 0;
    let lists = || {
        number += 1;
        Some(vec![number])
    };
    let mut attempts = 0;
    let read = once_at_rest(lists, || {
        attempts += 1;
        Ok(())
    });
    assert!(read.is_ok());
    assert_eq!(attempts, ATTEMPTS);
}

#[test]
fn what_is_no_file_of_a_journal_is_refused_by_name_and_never_waited_for() {
    let refused = |place: &str, make: &dyn Fn(&Path)| {
        let folder = TestFolder::new(place);
        let path = FileName::segment(1).within(folder.path());
        make(&path);
        let refusal = recover(folder.path()).expect_err("it is odd");
        let text = refusal.to_string();
        assert!(text.contains("0000000001.segment: it is "), "{text}");
        assert!(text.contains("move it away"), "{text}");
        text
    };
    let mode = rustix::fs::Mode::RUSR;
    let fifo = |path: &Path| {
        let kind = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(rustix::fs::CWD, path, kind, mode, 0).expect("a fifo");
    };
    assert!(refused("odd-fifo", &fifo).contains("no regular file"));
    let link = |path: &Path| std::os::unix::fs::symlink("elsewhere", path).expect("a link");
    assert!(refused("odd-link", &link).contains("symbolic link"));
    let sparse = |path: &Path| {
        let file = File::create(path).expect("a file");
        file.set_len(limits::JOURNAL_FILE_BYTES + 1)
            .expect("a hole");
    };
    assert!(refused("odd-sparse", &sparse).contains("larger"));
}
