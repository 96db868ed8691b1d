//! Compaction: nothing that counts is lost, nothing that does not is kept for long.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::engine::{GroupName, GroupTimer, LogEntry, LogKey};
use crate::journal::codec::Kind;
use crate::journal::compaction::{CompactionError, Input, Job, compact};
use crate::journal::directory::Directory;
use crate::journal::disk::HostDisk;
use crate::journal::frame::Frames;
use crate::journal::samples::any_record;
use crate::journal::segment::Segment;
use crate::journal::snapshot::SnapshotWriter;

/// Bytes of a snapshot of this state.
fn live_bytes(state: &Recovered) -> u64 {
    let folder = TestFolder::new("bench-live");
    let partial = folder.path().join("partial");
    let place = folder.path().join("whole");
    let mut snapshot_writer =
        SnapshotWriter::begin(&HostDisk, partial, 1).expect("a writable folder");
    for record in everything(state) {
        snapshot_writer
            .push(moment(0, 0), &record)
            .expect("room for it");
    }
    let file = fs::File::open(folder.path()).expect("our own folder");
    let written = snapshot_writer.finish(&place, &file, moment(0, 0));
    written.expect("room for it").bytes
}

/// Writes segments with these records, a frame for each inner list.
fn segments(directory: &Directory, records: &[Vec<Vec<Record>>]) -> Vec<Input> {
    let mut inputs = Vec::new();
    for (number, segment) in (1..).zip(records) {
        let path = directory.segment_path(number);
        let mut file = Segment::begin(&HostDisk, &path, number).expect("a writable folder");
        let mut frames = Frames::new();
        for (second, records) in (0..).zip(segment) {
            frames.push_batch(moment(second, 5), records);
        }
        file.append(&HostDisk, frames.bytes()).expect("room for it");
        let bytes = file.bytes();
        inputs.push(Input { path, bytes });
    }
    inputs
}

fn job(directory: Directory, inputs: Vec<Input>) -> Job {
    Job {
        number: inputs.len() as u64,
        inputs,
        directory: Arc::new(directory),
        is_cancelled: Arc::default(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn of_any_history_just_what_counts_is_kept(
        history in vec(vec(vec(any_record(), 0..8), 0..5), 1..4)
    ) {
        let mut bench = Bench::at_rest("any-history", SyncPolicy::Never);
        for record in history.iter().flatten().flatten() {
            bench.expected.apply(record.clone());
        }
        let directory = Directory::open(bench.folder.path()).expect("a folder");
        let inputs = segments(&directory, &history);
        let made = compact(&job(directory, inputs), &HostDisk, bench.clock);
        let tally = made.expect("a sound journal").snapshot.record_counts;
        bench.assert_found();
        // No superfluous record is kept: each alert has one `Alert` record.
        let place = Kind::Alert.index();
        prop_assert_eq!(tally.records[place], bench.expected.alerts.len() as u64);
        let left = bench.expected.alerts.values().map(|known| known.left.len() as u64);
        prop_assert_eq!(tally.records[Kind::AlertLeft.index()], left.sum::<u64>());
        prop_assert_eq!(tally.records[Kind::Group.index()], bench.expected.groups.len() as u64);
        prop_assert_eq!(tally.records[Kind::LogEntry.index()], bench.expected.notification_log.len() as u64);
        for kind in [Kind::AlertForgotten, Kind::GroupRemoved, Kind::LogEntryForgotten] {
            prop_assert_eq!(tally.records[kind.index()], 0);
        }
    }
}

fn refusal(bench: &Bench, spoil: impl FnOnce(&mut Vec<Input>)) -> CompactionError {
    let directory = Directory::open(bench.folder.path()).expect("a folder");
    let mut inputs = segments(&directory, &[vec![reports(0..10)], vec![reports(10..20)]]);
    spoil(&mut inputs);
    let refused = compact(&job(directory, inputs), &HostDisk, bench.clock);
    let files = bench.files();
    assert!(
        files.iter().all(|(name, _)| name.ends_with("segment")),
        "{files:?}"
    );
    refused.expect_err("it is not as it was written")
}

#[test]
fn what_is_damaged_or_missing_is_not_compacted_away() {
    let flip = |path: &Path| {
        let mut bytes = fs::read(path).expect("it was written");
        bytes[100] ^= 1;
        fs::write(path, bytes).expect("our own file");
    };
    let bench = Bench::at_rest("flipped", SyncPolicy::Never);
    let error = refusal(&bench, |inputs| flip(&inputs[0].path));
    assert!(matches!(error, CompactionError::Damaged(_)), "{error}");

    let bench = Bench::at_rest("cut", SyncPolicy::Never);
    let error = refusal(&bench, |inputs| {
        let file = fs::File::options().write(true).open(&inputs[1].path);
        let file = file.expect("it was written");
        file.set_len(header::HEADER_BYTES as u64)
            .expect("our own file");
    });
    assert!(matches!(error, CompactionError::Damaged(_)), "{error}");

    let bench = Bench::at_rest("linked", SyncPolicy::Never);
    let error = refusal(&bench, |inputs| {
        let elsewhere = bench.folder.path().join("elsewhere.segment");
        fs::rename(&inputs[0].path, &elsewhere).expect("our own file");
        std::os::unix::fs::symlink(&elsewhere, &inputs[0].path).expect("our own folder");
    });
    assert!(error.to_string().contains("symbolic link"), "{error}");
    assert!(error.is_of_what_was_read());

    let bench = Bench::at_rest("missing", SyncPolicy::Never);
    let error = refusal(&bench, |inputs| {
        fs::remove_file(&inputs[0].path).expect("our own file");
    });
    assert!(matches!(error, CompactionError::Unreadable(..)), "{error}");
    assert!(error.is_of_what_was_read());
}

#[test]
fn what_follows_the_last_whole_write_is_of_no_account() {
    let mut bench = Bench::at_rest("tail", SyncPolicy::Never);
    reports(0..10)
        .into_iter()
        .for_each(|record| bench.expected.apply(record));
    let directory = Directory::open(bench.folder.path()).expect("a folder");
    let inputs = segments(&directory, &[vec![reports(0..10)]]);
    let mut bytes = fs::read(&inputs[0].path).expect("it was written");
    bytes.extend([7; 100]);
    fs::write(&inputs[0].path, bytes).expect("our own file");
    compact(&job(directory, inputs), &HostDisk, bench.clock).expect("a sound journal");
    bench.assert_found();
}

#[test]
fn what_can_be_read_no_more_comes_again_with_the_whole_state() {
    let mut bench = Bench::start("unreadable", SyncPolicy::Never);
    assert_eq!(heard(bench.give_everything()), Ok(()));
    bench.keep(reports(0..100));
    assert_eq!(heard(bench.give_everything()), Ok(()));
    let (snapshot, _) = &bench.files()[0];
    fs::remove_file(bench.path().join(snapshot)).expect("our own file");
    for second in 0.. {
        bench.keep((0..100).map(|number| extension(number, second)).collect());
        if !bench.running().events.is_empty() {
            break;
        }
    }
    assert_eq!(bench.news(), JournalNews::WantsEverything);
    assert_eq!(
        bench.health.trouble(),
        None,
        "what is written meanwhile is kept"
    );
    bench.keep(reports(100..110));
    assert_eq!(heard(bench.give_everything()), Ok(()));
    bench.keep(reports(110..120));
    bench.assert_nothing_lost();
}

#[test]
fn a_compaction_that_fails_leaves_all_as_it_was_and_is_tried_again() {
    let mut bench = Bench::start("failing", SyncPolicy::Never);
    bench.disk.faults().create = Some(("partial", flaky::NO_SPACE));
    let failed = |bench: &Bench| bench.metric("alertwheel_journal_compactions_failed_total");
    bench.keep_until(|bench| failed(bench) >= 3.0);
    assert_eq!(bench.health.trouble(), None);
    assert!(bench.running().events.is_empty(), "it is no trouble");
    bench.disk.faults().create = None;
    let made = "alertwheel_journal_compaction_duration_seconds_count";
    bench.keep_until(|bench| bench.metric(made) > 0.0);
    bench.assert_nothing_lost();
}

/// Copies the folder and sees what a start would make of it.
fn found_in(folder: &Path, copy: &TestFolder) -> Recovered {
    let journal = copy.path().join("journal");
    let _ = fs::remove_dir_all(&journal);
    fs::create_dir_all(&journal).expect("a writable folder");
    for (name, _) in files_in(folder) {
        // A file may be removed meanwhile by the other thread of the journal.
        let _ = fs::copy(folder.join(&name), journal.join(&name));
    }
    let storage = Storage {
        path: copy.path().to_owned(),
        sync: SyncPolicy::Never,
    };
    let metrics = Arc::new(Metrics::new("test"));
    let opened = open(&storage, metrics, Clock::start());
    opened.expect("a journal that can be read").recovered
}

#[test]
fn a_crash_between_any_two_steps_of_a_compaction_loses_nothing() {
    let mut bench = Bench::at_rest("crash", SyncPolicy::Never);
    let directory = Directory::open(bench.folder.path()).expect("a folder");
    let records = [
        vec![reports(0..50)],
        vec![reports(25..75), vec![forgotten(3)]],
    ];
    for record in records.iter().flatten().flatten() {
        bench.expected.apply(record.clone());
    }
    let inputs = segments(&directory, &records);
    let first = compact(&job(directory, inputs), &HostDisk, bench.clock).expect("sound");

    let directory = Directory::open(bench.folder.path()).expect("a folder");
    let mut inputs = vec![Input {
        path: directory.snapshot_path(2),
        bytes: first.snapshot.bytes,
    }];
    let path = directory.segment_path(3);
    let mut segment = Segment::begin(&HostDisk, &path, 3).expect("a writable folder");
    let mut frames = Frames::new();
    frames.push_batch(moment(9, 0), &[extension(5, 60), report(80)]);
    segment
        .append(&HostDisk, frames.bytes())
        .expect("room for it");
    bench.expected.apply(extension(5, 60));
    bench.expected.apply(report(80));
    inputs.push(Input {
        path,
        bytes: segment.bytes(),
    });

    let copy = TestFolder::new("bench-crash-copy");
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (folder, all_seen) = (bench.path(), Arc::clone(&seen));
    bench.disk.watch(move || {
        let found = found_in(&folder, &copy);
        all_seen.lock().expect("no panic").push(found);
    });
    let number = 3;
    let job = Job {
        number,
        ..job(directory, inputs)
    };
    compact(&job, bench.disk.as_ref(), bench.clock).expect("sound");
    drop(job);
    let seen = std::mem::take(&mut *seen.lock().expect("no panic"));
    assert!(seen.len() >= 7, "{} steps", seen.len());
    for mut found in seen {
        found.written_at = bench.expected.written_at;
        assert!(found == bench.expected, "{}", outline(&found));
    }
    bench.assert_found();
}

/// The most bytes that lay in the folder after any step.
fn watch_bytes(bench: &Bench) -> Arc<AtomicU64> {
    let peak = Arc::new(AtomicU64::new(0));
    let (path, seen) = (bench.path(), Arc::clone(&peak));
    bench.disk.watch(move || {
        let bytes = files_in(&path).iter().map(|(_, length)| length).sum();
        seen.fetch_max(bytes, Ordering::Relaxed);
    });
    peak
}

/// What lies in the folder beside three times the state, at most: small journals are not compacted.
const FLOOR: u64 = 1 << 20;

/// Posts batches and holds the peak of each against the state before or after it, which is more.
struct History {
    bench: Bench,
    peak: Arc<AtomicU64>,
    live: u64,
    worst: f64,
}

impl History {
    fn begin(name: &str) -> Self {
        let bench = Bench::start(name, SyncPolicy::Never);
        let peak = watch_bytes(&bench);
        History {
            bench,
            peak,
            live: 0,
            worst: 0.0,
        }
    }

    /// Writes all this, a thousand records at a time.
    fn write(&mut self, phase: &str, records: &[Record]) {
        self.peak.store(0, Ordering::Relaxed);
        let mut after = self.bench.expected.clone();
        records
            .iter()
            .for_each(|record| after.apply(record.clone()));
        let after = live_bytes(&after);
        let live = after.max(std::mem::replace(&mut self.live, after));
        for records in records.chunks(1000) {
            self.bench.keep(records.to_vec());
            // A thousand alerts are what a Prometheus sends in seconds, not in a millisecond.
            self.wait_for_compaction(live);
        }
        let peak = self.peak.load(Ordering::Relaxed);
        let ratio = peak as f64 / live as f64;
        println!("{phase}: live {live}, peak {peak}, {ratio:.2}");
        assert!(
            peak < 3 * live + FLOOR,
            "{phase}: {peak} bytes for {live} that count"
        );
        if live > 4 * FLOOR {
            self.worst = self.worst.max(ratio);
        }
    }

    /// Waits for a compaction that is under way, or that is due with `live` bytes of live records: it is due
    /// at one and a half times as many, and the scheduler decides how soon it begins.
    fn wait_for_compaction(&self, live: u64) {
        let most = live / 4 * 7 + 2 * limits::COMPACTION_LEAST;
        self.bench.wait_for("what is due is compacted", |bench| {
            let files = bench.files();
            let bytes: u64 = files.iter().map(|(_, length)| length).sum();
            bytes <= most && !files.iter().any(|(name, _)| name.ends_with("partial"))
        });
    }
}

fn group_of(number: u64) -> GroupName {
    GroupName {
        route: 1,
        labels: alert(number, moment(0, 0)).fingerprint,
    }
}

fn groups(numbers: std::ops::Range<u64>, seconds: i64) -> Vec<Record> {
    let timer = |number| Record::Group {
        group: group_of(number),
        timer: GroupTimer {
            due_at: moment(seconds + 300, 0),
            has_flushed: seconds > 0,
            unsent: Vec::new(),
        },
    };
    numbers.map(timer).collect()
}

fn log_key(number: u64) -> LogKey {
    let GroupName { route, labels } = group_of(number);
    LogKey {
        route,
        group: labels,
        receiver: 7,
        webhook_index: 0,
    }
}

fn told(numbers: std::ops::Range<u64>, seconds: i64) -> Vec<Record> {
    let told = |number| {
        let firing: Arc<[_]> = [alert(number, moment(0, 0)).fingerprint].into();
        Record::LogEntry {
            key: log_key(number),
            told: LogEntry {
                at: moment(seconds, 0),
                expires_at: moment(seconds + 36000, 0),
                owed: Arc::clone(&firing),
                firing,
                resolved: [].into(),
            },
        }
    };
    numbers.map(told).collect()
}

#[test]
fn the_folder_stays_under_three_times_what_counts_through_a_long_history() {
    const ALERTS: u64 = 20_000;
    let mut history = History::begin("history");
    history.write("alerts come", &reports(0..ALERTS));
    history.write("groups come", &groups(0..ALERTS / 4, 0));
    history.write("they are told", &told(0..ALERTS / 4, 30));
    for minute in 1..40 {
        let seconds = 60 * minute;
        let mut records: Vec<Record> = (0..ALERTS)
            .map(|number| extension(number, seconds))
            .collect();
        if minute % 5 == 0 {
            records.extend(groups(0..ALERTS / 4, seconds));
            records.extend(told(0..ALERTS / 4, seconds));
        }
        history.write("alerts are reported again", &records);
    }
    for start in (0..ALERTS).step_by(2000) {
        let gone = start..start + 2000;
        let mut records: Vec<Record> = gone.clone().map(forgotten).collect();
        let of_groups = start / 4..start / 4 + 500;
        records.extend(
            of_groups
                .clone()
                .map(|number| Record::GroupRemoved(group_of(number))),
        );
        records.extend(of_groups.map(|number| Record::LogEntryForgotten(log_key(number))));
        history.write("alerts are forgotten", &records);
        history.wait_for_compaction(history.live);
    }
    println!("at most {:.2} times what counts", history.worst);
    history.bench.assert_nothing_lost();
}
