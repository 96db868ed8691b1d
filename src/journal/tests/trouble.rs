//! The journal while the disk fails, and after that.

use super::flaky::{IO_ERROR, NO_SPACE, READ_ONLY};
use super::*;

const SOON: SyncPolicy = SyncPolicy::Within(Duration::from_millis(20));

#[test]
fn while_the_disk_is_full_promises_fail_and_afterwards_nothing_is_missing() {
    let mut bench = Bench::start("full", SOON);
    bench.keep(reports(0..10));
    bench.disk.faults().room = Some(0);
    let why = bench.refused(reports(10..20));
    let expected = format!(
        "{}: No space left on device; free space, alertwheel goes on by itself",
        bench.path().display()
    );
    assert_eq!(why, expected);
    assert_eq!(bench.expect_trouble(), expected);
    assert_eq!(bench.health.trouble().as_deref(), Some(expected.as_str()));
    assert_eq!(bench.refused(reports(20..30)), expected);
    assert_eq!(bench.metric("alertwheel_journal_trouble"), 1.0);
    assert_eq!(
        bench.metric("alertwheel_journal_acknowledgements_failed_total"),
        2.0
    );
    bench.wait_for("it is kept in memory", |bench| {
        bench.metric("alertwheel_journal_unwritten_bytes") > 0.0
    });

    bench.disk.faults().room = None;
    assert_eq!(bench.news(), JournalNews::Well);
    assert_eq!(bench.health.trouble(), None);
    bench.keep(reports(30..40));
    assert_eq!(bench.metric("alertwheel_journal_trouble"), 0.0);
    bench.assert_nothing_lost();
}

#[test]
fn a_write_cut_short_leaves_nothing_behind() {
    for room in [1, 7, 8, 100, 400] {
        let mut bench = Bench::start("short", SyncPolicy::Never);
        bench.keep(reports(0..1));
        let before = bench.files();
        bench.disk.faults().room = Some(room);
        bench.refused(reports(1..10));
        assert_eq!(bench.files(), before, "{room} bytes were taken back");
        bench.disk.faults().room = None;
        bench.expect_trouble();
        assert_eq!(bench.news(), JournalNews::Well);
        bench.assert_nothing_lost();
    }
}

#[test]
fn what_a_stop_finds_in_memory_is_written_if_it_can_be() {
    let mut bench = Bench::start("last-try", SOON);
    bench.disk.faults().append = Some(IO_ERROR);
    bench.refused(reports(0..10));
    bench.disk.faults().append = None;
    bench.assert_nothing_lost();
}

/// More than may be kept in memory.
fn too_many() -> std::ops::Range<u64> {
    let bytes_each = 100;
    0..limits::UNWRITTEN_BYTES as u64 / bytes_each
}

#[test]
fn what_is_too_much_for_memory_comes_again_with_the_whole_state() {
    let mut bench = Bench::start("overflow", SOON);
    bench.keep(reports(0..10));
    bench.disk.faults().room = Some(0);
    for number in too_many().step_by(1000) {
        bench.refused(reports(number..number + 1000));
    }
    bench.expect_trouble();
    bench.wait_for("the bytes are let go", |bench| {
        bench.metric("alertwheel_journal_unwritten_bytes") == 0.0
    });
    pause(SECOND);
    assert!(bench.running().events.is_empty(), "there is no room yet");

    bench.disk.faults().room = None;
    assert_eq!(bench.news(), JournalNews::WantsEverything);
    bench.refused(reports(0..1));
    assert_eq!(heard(bench.give_everything()), Ok(()));
    assert_eq!(bench.news(), JournalNews::Well);
    bench.keep(vec![extension(5, 60)]);
    bench.assert_nothing_lost();
}

#[test]
fn a_whole_state_that_cannot_be_written_is_asked_for_again() {
    let mut bench = Bench::start("again", SOON);
    bench.keep(reports(0..10));
    bench.disk.faults().sync = Some(IO_ERROR);
    bench.wait_until_noticed();
    bench.expect_trouble();
    assert_eq!(bench.news(), JournalNews::WantsEverything);
    let why = heard(bench.give_everything()).expect_err("the disk still fails");
    assert!(
        why.contains("Input/output error; see what the kernel says"),
        "{why}"
    );
    assert!(
        !bench
            .files()
            .iter()
            .any(|(name, _)| name.ends_with(".partial"))
    );
    bench.disk.faults().sync = None;
    assert_eq!(bench.news(), JournalNews::WantsEverything);
    assert_eq!(heard(bench.give_everything()), Ok(()));
    assert_eq!(bench.news(), JournalNews::Well);
    bench.assert_nothing_lost();
}

#[test]
fn after_a_failed_sync_nothing_of_before_is_trusted() {
    let mut bench = Bench::start("sync", SOON);
    bench.keep(reports(0..10));
    bench.disk.faults().sync = Some(IO_ERROR);
    bench.wait_until_noticed();
    let why = bench.expect_trouble();
    assert!(why.contains("Input/output error"), "{why}");
    let before = bench.files();
    bench.disk.faults().sync = None;
    assert_eq!(bench.news(), JournalNews::WantsEverything);
    assert_eq!(heard(bench.give_everything()), Ok(()));
    assert_eq!(bench.news(), JournalNews::Well);
    bench.keep(vec![report(11)]);
    for old in before {
        assert!(!bench.files().contains(&old), "{old:?} is gone");
    }
    bench.assert_nothing_lost();
}

#[test]
fn a_folder_that_could_not_be_synced_is_synced_with_the_whole_state() {
    let mut bench = Bench::at_rest("made", SOON);
    bench.disk.faults().sync = Some(IO_ERROR);
    bench.resume();
    bench.expect_trouble();
    bench.disk.faults().sync = None;
    assert_eq!(bench.news(), JournalNews::WantsEverything);
    assert!(bench.disk.faults().synced.is_empty());
    assert_eq!(heard(bench.give_everything()), Ok(()));
    assert_eq!(bench.disk.faults().synced[0], bench.folders()[0]);
    assert_eq!(bench.news(), JournalNews::Well);
    bench.keep(vec![report(0)]);
    bench.assert_nothing_lost();
}

#[test]
fn with_always_a_failed_sync_fails_the_promise() {
    let mut bench = Bench::start("sync-always", SyncPolicy::Always);
    bench.keep(vec![report(0)]);
    bench.disk.faults().sync = Some(NO_SPACE);
    let why = bench.refused(vec![report(1)]);
    assert!(why.contains("free space"), "{why}");
    bench.disk.faults().sync = None;
    bench.expect_trouble();
    assert_eq!(bench.news(), JournalNews::WantsEverything);
    assert_eq!(heard(bench.give_everything()), Ok(()));
    bench.assert_nothing_lost();
}

#[test]
fn where_a_write_cannot_be_undone_everything_is_written_anew() {
    let mut bench = Bench::start("undone", SOON);
    bench.keep(reports(0..10));
    {
        let mut faults = bench.disk.faults();
        faults.room = Some(100);
        faults.truncate = Some(IO_ERROR);
    }
    bench.refused(reports(10..20));
    bench.expect_trouble();
    *bench.disk.faults() = flaky::Faults::default();
    assert_eq!(bench.news(), JournalNews::WantsEverything);
    assert_eq!(heard(bench.give_everything()), Ok(()));
    assert_eq!(bench.news(), JournalNews::Well);
    bench.keep(reports(20..30));
    bench.assert_nothing_lost();
}

#[test]
fn a_folder_that_is_removed_is_made_anew_with_everything_in_it() {
    let mut bench = Bench::start("removed", SOON);
    bench.keep(reports(0..10));
    fs::remove_dir_all(bench.folder.path()).expect("our own folder");
    bench.wait_until_noticed();
    let why = bench.expect_trouble();
    assert!(why.contains("directory was removed"), "{why}");
    assert_eq!(bench.news(), JournalNews::WantsEverything);
    assert_eq!(heard(bench.give_everything()), Ok(()));
    assert_eq!(bench.news(), JournalNews::Well);
    bench.keep(reports(20..30));
    bench.assert_nothing_lost();
}

#[test]
fn a_folder_that_is_moved_away_is_left_alone() {
    let mut bench = Bench::start("moved", SOON);
    bench.keep(reports(0..10));
    let elsewhere = TestFolder::new("elsewhere");
    fs::rename(bench.path(), elsewhere.path().join("journal")).expect("our own folder");
    bench.wait_until_noticed();
    bench.expect_trouble();
    assert_eq!(bench.news(), JournalNews::WantsEverything);
    assert_eq!(heard(bench.give_everything()), Ok(()));
    assert_eq!(bench.news(), JournalNews::Well);
    bench.keep(reports(20..30));
    bench.assert_nothing_lost();
    assert!(
        elsewhere.path().join("journal").is_dir(),
        "it is somebody's copy"
    );
}

impl Bench {
    /// Keeps writing, as a daemon would, until the journal notices the fault.
    fn wait_until_noticed(&mut self) {
        let deadline = self.clock.mono() + PATIENCE;
        let mut number = 10;
        while self.running().events.is_empty() {
            assert!(self.clock.mono() < deadline, "it is not noticed");
            // The answer may be either.
            let answer = self.post(vec![report(number)]);
            let _ = heard(answer);
            number += 1;
        }
    }
}

#[test]
fn a_journal_that_can_only_be_read_begins_in_trouble_with_all_it_knows() {
    let mut bench = Bench::start("read-only", SOON);
    bench.keep(reports(0..10));
    bench.stop();
    bench.disk.faults().create = Some(("segment", READ_ONLY));
    assert_eq!(bench.resume().alerts.len(), 10);
    let why = bench
        .health
        .trouble()
        .expect("trouble from the first moment on");
    assert!(
        why.contains("Read-only file system; make the file system writable"),
        "{why}"
    );
    bench.expect_trouble();
    bench.refused(reports(10..20));
    bench.disk.faults().create = None;
    assert_eq!(bench.news(), JournalNews::Well);
    bench.assert_nothing_lost();
}

#[test]
fn what_is_damaged_at_a_start_is_written_anew_and_kept_aside() {
    let mut bench = Bench::start("damaged", SOON);
    for number in 0..10 {
        bench.keep(vec![report(number)]);
    }
    bench.stop();
    let path = bench.path().join("0000000001.segment");
    let mut bytes = fs::read(&path).expect("the first segment");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&path, &bytes).expect("our own file");

    bench.expected = bench.resume();
    assert_eq!(bench.expected.alerts.len(), 9, "one of ten frames is lost");
    assert_eq!(bench.metric("alertwheel_journal_damaged_frames"), 1.0);
    assert_eq!(bench.health.trouble(), None);
    bench.keep(vec![report(20)]);
    assert_eq!(bench.news(), JournalNews::WantsEverything);
    assert_eq!(heard(bench.give_everything()), Ok(()));
    bench.keep(vec![report(21)]);
    let aside = fs::read(bench.path().join("0000000001.segment.damaged"));
    assert_eq!(aside.expect("the damaged file"), bytes);
    bench.assert_nothing_lost();
    assert_eq!(bench.metric("alertwheel_journal_damaged_frames"), 0.0);
}

#[test]
fn a_write_that_was_cut_short_by_a_crash_is_dropped_and_counted() {
    let mut bench = Bench::start("torn", SOON);
    bench.keep(vec![report(0)]);
    bench.stop();
    let path = bench.path().join("0000000001.segment");
    let mut bytes = fs::read(&path).expect("the first segment");
    bytes.extend([9; 13]);
    fs::write(&path, &bytes).expect("our own file");
    bench.resume();
    assert_eq!(bench.metric("alertwheel_journal_torn_bytes"), 13.0);
    assert_eq!(bench.metric("alertwheel_journal_damaged_frames"), 0.0);
    bench.keep(vec![report(1)]);
    bench.assert_nothing_lost();
    assert_eq!(bench.metric("alertwheel_journal_torn_bytes"), 0.0);
}

#[test]
fn the_whole_state_may_come_unasked() {
    let mut bench = Bench::start("unasked", SOON);
    bench.keep(reports(0..1000));
    assert_eq!(heard(bench.give_everything()), Ok(()));
    bench.keep(vec![extension(5, 60)]);
    let snapshots = bench
        .files()
        .iter()
        .filter(|(name, _)| name.ends_with(".snapshot"))
        .count();
    assert_eq!(
        (snapshots, bench.files().len()),
        (1, 2),
        "{:?}",
        bench.files()
    );
    bench.assert_nothing_lost();
}
