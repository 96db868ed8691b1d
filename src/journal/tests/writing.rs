//! The journal while the disk works: what is stored, and when.

use super::*;
use crate::telemetry::metrics::KINDS_OF_RECORDS;

const SOON: SyncPolicy = SyncPolicy::Within(Duration::from_millis(20));

#[test]
fn what_was_kept_is_found_again() {
    let mut bench = Bench::start("kept", SOON);
    bench.keep(reports(0..100));
    bench.keep((0..50).map(|number| extension(number, 60)).collect());
    bench.keep((90..100).map(forgotten).collect());
    assert_eq!(bench.expected.alerts.len(), 90);
    bench.assert_nothing_lost();
}

#[test]
fn a_restart_goes_on_after_what_was_there() {
    let mut bench = Bench::start("restart", SOON);
    for start in 0..5 {
        bench.keep(reports(10 * start..10 * start + 10));
        bench.stop();
        assert_eq!(bench.resume().alerts.len() as u64, 10 * start + 10);
    }
    bench.assert_nothing_lost();
}

#[test]
fn all_that_waits_is_written_in_one_go() {
    let mut bench = Bench::start("group", SyncPolicy::Never);
    let (hold, held) = bounded(0);
    bench.disk.faults().hold = Some(held);
    let first = bench.post(vec![report(0)]);
    bench.wait_for("the first write is under way", |bench| {
        bench.disk.faults().hold.is_none()
    });
    let before = bench.disk.faults().appends;
    let answers: Vec<Answer> = (1..60)
        .map(|number| bench.post(vec![report(number)]))
        .collect();
    drop(hold);
    for answer in answers.into_iter().chain([first]) {
        assert_eq!(heard(answer), Ok(()));
    }
    let writes = bench.disk.faults().appends - before;
    assert_eq!(
        writes, 2,
        "the one that was held up, and one for all the rest"
    );
    bench.assert_nothing_lost();
}

#[test]
fn nobody_hears_that_it_is_kept_before_it_is_written() {
    let mut bench = Bench::start("before", SyncPolicy::Never);
    let (hold, held) = bounded(0);
    bench.disk.faults().hold = Some(held);
    let mut answer = bench.post(vec![report(0)]);
    bench.wait_for("the write is under way", |bench| {
        bench.disk.faults().hold.is_none()
    });
    assert_eq!(answer.take(), Err(Unheard::NotYet));
    drop(hold);
    assert_eq!(heard(answer), Ok(()));
}

#[test]
fn with_always_each_answer_comes_after_a_sync() {
    let mut bench = Bench::start("always", SyncPolicy::Always);
    for number in 0..10 {
        let before = bench.disk.faults().syncs;
        bench.keep(vec![report(number)]);
        assert!(bench.disk.faults().syncs > before);
    }
    bench.assert_nothing_lost();
}

#[test]
fn with_an_interval_a_write_is_synced_soon_and_without_one_nothing_is() {
    let mut bench = Bench::start("interval", SOON);
    // The sync includes the folders above, one after the other; the metric is set once all are synced.
    bench.wait_for("the new segment is synced", |bench| {
        bench.metric("alertwheel_journal_last_sync_timestamp_seconds") > 0.0
    });
    let mut before = bench.disk.faults().syncs;
    for number in 0..3 {
        pause(Duration::from_millis(100));
        assert_eq!(bench.disk.faults().syncs, before, "nothing was written");
        bench.keep(vec![report(number)]);
        bench.wait_for("what was written is synced", |bench| {
            bench.disk.faults().syncs > before
        });
        before = bench.disk.faults().syncs;
    }
    bench.assert_nothing_lost();
}

#[test]
fn with_always_a_folder_that_was_made_is_on_disk_before_anything_is_promised() {
    let mut bench = Bench::start("always-made", SyncPolicy::Always);
    assert_eq!(bench.disk.faults().synced, bench.folders());
    bench.keep(vec![report(0)]);
    assert_eq!(bench.disk.faults().synced.len(), 3, "now only the segment");
    bench.assert_nothing_lost();
}

#[test]
fn with_an_interval_nobody_waits_at_a_start_until_a_folder_is_on_disk() {
    let hour = SyncPolicy::Within(Duration::from_secs(3600));
    let mut bench = Bench::start("hour-made", hour);
    bench.keep(vec![report(0)]);
    assert!(bench.disk.faults().synced.is_empty());
    bench.stop();
    let synced = bench.disk.faults().synced.clone();
    assert!(synced.starts_with(&bench.folders()), "those above first");
    assert_eq!(synced.len(), 3, "and then the segment");

    bench.disk.faults().synced.clear();
    bench.assert_found();
    let folders = bench.folders();
    assert!(!bench.disk.faults().synced.contains(&folders[0]), "once");
}

#[test]
fn with_never_nothing_is_synced() {
    let mut bench = Bench::start("never", SyncPolicy::Never);
    bench.keep(reports(0..100));
    bench.stop();
    assert_eq!(bench.disk.faults().syncs, 0);
    bench.assert_found();
}

#[test]
fn what_waits_at_a_stop_is_written_and_synced() {
    let hour = SyncPolicy::Within(Duration::from_secs(3600));
    let mut bench = Bench::start("stop", hour);
    let (hold, held) = bounded(0);
    bench.disk.faults().hold = Some(held);
    let answers: Vec<Answer> = (0..50)
        .map(|number| bench.post(vec![report(number)]))
        .collect();
    assert_eq!(bench.disk.faults().syncs, 0);
    drop(hold);
    bench.stop();
    assert!(answers.into_iter().all(|answer| heard(answer) == Ok(())));
    assert!(bench.disk.faults().syncs > 0);
    bench.assert_found();
}

#[test]
fn segments_follow_one_another_before_they_are_large() {
    let mut bench = Bench::start("rotation", SyncPolicy::Never);
    // No compaction succeeds, so that all files stay.
    bench.disk.faults().create = Some(("partial", flaky::NO_SPACE));
    for start in 0..10 {
        bench.keep(reports(1000 * start..1000 * start + 1000));
    }
    let files = bench.files();
    assert!(files.len() >= 3, "{files:?}");
    let most = 2 * limits::SEGMENT_BYTES;
    assert!(files.iter().all(|(_, length)| *length < most), "{files:?}");
    bench.assert_nothing_lost();
}

#[test]
fn many_starts_leave_few_files() {
    let mut bench = Bench::start("starts", SyncPolicy::Never);
    for number in 0..3 * limits::SEGMENTS as u64 {
        bench.keep(vec![report(number)]);
        // A stop cancels a compaction, so give a due one time to finish.
        bench.wait_for("what is due is compacted", |bench| {
            bench.files().len() <= limits::SEGMENTS
        });
        bench.stop();
        bench.resume();
        let files = bench.files();
        assert!(files.len() <= limits::SEGMENTS + 2, "{}", files.len());
    }
    bench.assert_nothing_lost();
}

#[test]
fn starts_without_a_change_leave_nothing_behind() {
    let mut bench = Bench::start("idle-starts", SyncPolicy::Never);
    for _ in 0..10 {
        bench.stop();
        bench.resume();
    }
    assert_eq!(bench.files().len(), 1, "{:?}", bench.files());
}

#[test]
fn kinds_of_records_are_counted_under_their_names() {
    for (kind, name) in codec::Kind::ALL.iter().zip(KINDS_OF_RECORDS) {
        assert_eq!(format!("{kind:?}").to_lowercase(), name.to_lowercase());
    }
}

#[test]
fn what_lies_on_disk_and_what_was_written_is_counted() {
    let mut bench = Bench::start("counted", SyncPolicy::Never);
    bench.keep(reports(0..100));
    bench.keep(vec![extension(1, 1), extension(2, 1), forgotten(3)]);
    let lengths: u64 = bench.files().iter().map(|(_, length)| length).sum();
    bench.wait_for("it is shown", |bench| {
        bench.metric("alertwheel_journal_bytes") == lengths as f64
    });
    assert_eq!(bench.metric("alertwheel_journal_files"), 1.0);
    assert_eq!(bench.metric("alertwheel_journal_writes_total"), 2.0);
    for (kind, count) in [
        ("alert", 100.0),
        ("alertExtended", 2.0),
        ("alertForgotten", 1.0),
    ] {
        let name = format!("alertwheel_journal_records_written_total{{kind=\"{kind}\"}}");
        assert_eq!(bench.metric(&name), count, "{kind}");
    }
    let written = bench.metric("alertwheel_journal_written_bytes_total");
    assert_eq!(written, (lengths - header::HEADER_BYTES as u64) as f64);
}
