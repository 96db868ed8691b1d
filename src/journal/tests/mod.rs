//! The journal in a real folder, with a disk that fails on command.
//!
//! Owns the test bench, on which the test plays the dispatcher. Every wait has a deadline.

mod compacting;
mod flaky;
mod trouble;
mod writing;

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, bounded};

use super::opening::open_on;
use super::samples::{TestFolder, alert, moment};
use super::*;
use crate::clock::Clock;
use crate::dispatch::inbox::{Event, JournalNews, Receipt};
use crate::dispatch::pending_ack::NotStored;
use crate::dispatch::reply::{Awaited, Unheard, reply};
use crate::engine::Recovered;
use crate::limits;
use crate::model::HashKey;
use crate::telemetry::health::Health;
use crate::telemetry::metrics::Metrics;
use crate::threads::{LOOP_STACK, spawn};
use crate::waker::{self, Waker, WakingSender};
use flaky::FlakyDisk;

/// Far more than any step takes; a test that waits this long has failed.
const PATIENCE: Duration = Duration::from_secs(60);

const SECOND: Duration = Duration::from_secs(1);

/// Where an answer comes.
type Answer = Awaited<Result<Receipt, NotStored>>;

/// A journal that runs, and all around it.
struct Bench {
    folder: TestFolder,
    disk: Arc<FlakyDisk>,
    policy: SyncPolicy,
    metrics: Arc<Metrics>,
    health: Arc<Health>,
    clock: Clock,
    running: Option<Running>,
    /// The state of all records given to the journal so far, as recovery should find it.
    expected: Recovered,
}

struct Running {
    batches: WakingSender<Batch>,
    events: Receiver<Event>,
    threads: Vec<JoinHandle<()>>,
}

impl Bench {
    /// A journal in an empty folder of its own.
    fn start(name: &str, policy: SyncPolicy) -> Self {
        let mut bench = Bench::at_rest(name, policy);
        bench.resume();
        bench
    }

    /// A journal in an empty folder of its own, not started yet.
    fn at_rest(name: &str, policy: SyncPolicy) -> Self {
        Bench {
            folder: TestFolder::new(&format!("bench-{name}")),
            disk: Arc::default(),
            policy,
            metrics: Arc::new(Metrics::new("test")),
            health: Arc::default(),
            clock: Clock::start(),
            running: None,
            expected: Recovered::empty(HashKey::seeded(1)),
        }
    }

    fn open(&self) -> Opened {
        let storage = Storage {
            path: self.folder.path().to_owned(),
            sync: self.policy,
        };
        let disk = Arc::clone(&self.disk);
        let opened = open_on(disk, &storage, Arc::clone(&self.metrics), self.clock);
        opened.expect("a journal that can be read")
    }

    /// Starts or restarts the journal. Returns the state that it recovered.
    fn resume(&mut self) -> Recovered {
        let Opened {
            recovered, journal, ..
        } = self.open();
        let waker = Waker::default();
        let (batches, batches_out) = waker::channel(limits::BATCHES, &waker);
        let (events_in, events) = waker::channel(limits::EVENTS, &Waker::default());
        let (syncs, syncs_out) = waker::mailbox(1);
        let (synced_in, synced) = waker::channel(1, &waker);
        let disk = Arc::clone(journal.disk());
        let has_sync_thread = journal.needs_sync_thread();
        let channels = Channels {
            batches: batches_out,
            events: events_in,
            syncs: has_sync_thread.then_some((syncs, synced)),
            waker,
        };
        let surroundings = Surroundings {
            metrics: Arc::clone(&self.metrics),
            health: Arc::clone(&self.health),
            clock: self.clock,
        };
        let thread = Thread::new(journal, channels, surroundings);
        let clock = self.clock;
        let threads = [
            spawn("journal", LOOP_STACK, move || thread.run()),
            spawn("sync", LOOP_STACK, move || {
                sync::run(syncs_out, synced_in, disk, clock);
            }),
        ];
        self.running = Some(Running {
            batches,
            events,
            threads: threads
                .into_iter()
                .map(|thread| thread.expect("the host allows one more thread"))
                .collect(),
        });
        recovered
    }

    fn running(&self) -> &Running {
        self.running.as_ref().expect("it runs")
    }

    fn give(&self, batch: Batch) {
        let sent = self.running().batches.send_timeout(batch, PATIENCE);
        sent.expect("the journal takes batches");
    }

    /// Sends records. The acknowledgement comes once they are stored or cannot be stored.
    fn post(&mut self, records: Vec<Record>) -> Answer {
        for record in &records {
            self.expected.apply(record.clone());
        }
        let (batch, answer) = self.batch(records);
        self.give(batch);
        answer
    }

    fn batch(&self, records: Vec<Record>) -> (Batch, Answer) {
        let (reply, answer) = reply();
        let receipt = Receipt::Taken {
            invalid: Vec::new(),
            came_ended: None,
        };
        let batch = Batch {
            at: moment(0, 0),
            records,
            is_everything: false,
            sizes: self.expected.sizes(),
            pending_acks: vec![PendingAck::Post { receipt, reply }],
        };
        (batch, answer)
    }

    /// Sends records, which must be stored.
    fn keep(&mut self, records: Vec<Record>) {
        let answer = self.post(records);
        assert_eq!(heard(answer), Ok(()), "it is kept");
    }

    /// Reports the same alerts again and again until `is_so`; only the last report of each counts.
    fn keep_until(&mut self, is_so: impl Fn(&Self) -> bool) {
        for _ in 0..10_000 {
            self.keep(reports(0..1000));
            if is_so(self) {
                return;
            }
        }
        panic!("in vain were ten million reports kept");
    }

    /// Sends records, which must not be stored. Returns the reason.
    fn refused(&mut self, records: Vec<Record>) -> String {
        let answer = self.post(records);
        heard(answer).expect_err("it is not kept")
    }

    /// Sends the whole state.
    fn give_everything(&self) -> Answer {
        let (batch, answer) = self.batch(everything(&self.expected));
        let is_everything = true;
        self.give(Batch {
            is_everything,
            ..batch
        });
        answer
    }

    /// The next event from the journal to the dispatcher.
    fn news(&self) -> JournalNews {
        match self.running().events.recv_timeout(PATIENCE) {
            Ok(Event::Journal(news)) => news,
            other => panic!("news were due, not {other:?}"),
        }
    }

    fn expect_trouble(&self) -> String {
        match self.news() {
            JournalNews::Trouble(NotStored(why)) => why.to_string(),
            other => panic!("trouble was due, not {other:?}"),
        }
    }

    /// Hangs up and waits until the journal has ended.
    fn stop(&mut self) {
        let Running {
            batches, threads, ..
        } = self.running.take().expect("it runs");
        drop(batches);
        for thread in threads {
            thread.join().expect("it ends well");
        }
    }

    /// Stops the journal, and checks that recovery finds everything that was sent.
    fn assert_nothing_lost(&mut self) {
        self.stop();
        self.assert_found();
    }

    fn assert_found(&mut self) {
        let mut found = self.resume();
        self.stop();
        found.written_at = self.expected.written_at;
        assert!(
            found == self.expected,
            "found {}, expected {}",
            outline(&found),
            outline(&self.expected)
        );
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("journal")
    }

    /// The inodes of the journal's parent folder and of its folder.
    fn folders(&self) -> [u64; 2] {
        let inode = |path: &std::path::Path| fs::metadata(path).expect("a folder").ino();
        [inode(self.folder.path()), inode(&self.path())]
    }

    /// Names and lengths of the files.
    fn files(&self) -> Vec<(String, u64)> {
        files_in(&self.path())
    }

    fn wait_for(&self, what: &str, mut is_so: impl FnMut(&Self) -> bool) {
        let deadline = self.clock.mono() + PATIENCE;
        while !is_so(self) {
            assert!(self.clock.mono() < deadline, "in vain for: {what}");
            pause(Duration::from_millis(2));
        }
    }

    /// A number of `/metrics`.
    fn metric(&self, name: &str) -> f64 {
        let page = self
            .metrics
            .encode(&crate::engine::Gauges::default(), &[], Wall::UNIX_EPOCH);
        let line = page
            .lines()
            .find(|line| line.starts_with(&format!("{name} ")));
        let line = line.unwrap_or_else(|| panic!("no {name} in {page}"));
        let (_, value) = line.rsplit_once(' ').expect("a value");
        value.parse().expect("a number")
    }
}

fn pause(span: Duration) {
    // Nobody sends anything.
    let _ = crossbeam_channel::after(span).recv();
}

fn heard(answer: Answer) -> Result<(), String> {
    let answer = answer.wait_within(PATIENCE, Clock::start());
    let answer = answer.expect("an answer");
    answer.map(drop).map_err(|NotStored(why)| why.to_string())
}

/// The alert with this number.
fn report(number: u64) -> Record {
    Record::Alert(Arc::new(alert(number, moment(0, 0))))
}

/// The alerts with these numbers.
fn reports(numbers: std::ops::Range<u64>) -> Vec<Record> {
    numbers.map(report).collect()
}

/// The same alert, reported again `seconds` later.
fn extension(number: u64, seconds: i64) -> Record {
    Record::AlertExtended {
        fingerprint: alert(number, moment(0, 0)).fingerprint,
        ends_at: moment(seconds + 240, 0),
        updated_at: moment(seconds, 0),
    }
}

fn forgotten(number: u64) -> Record {
    Record::AlertForgotten(alert(number, moment(0, 0)).fingerprint)
}

/// The records that make a state.
fn everything(state: &Recovered) -> Vec<Record> {
    let mut records = Vec::new();
    for known in state.alerts.values() {
        let fingerprint = known.alert.fingerprint;
        records.push(Record::Alert(Arc::clone(&known.alert)));
        let left = known.left.iter();
        records.extend(left.map(|&group| Record::AlertLeft { group, fingerprint }));
    }
    records.extend(state.groups.iter().map(|(&group, timer)| Record::Group {
        group,
        timer: timer.clone(),
    }));
    records.extend(
        state
            .notification_log
            .iter()
            .map(|(&key, told)| Record::LogEntry {
                key,
                told: told.clone(),
            }),
    );
    records.extend(
        state
            .silences
            .iter()
            .map(|(&number, silence)| Record::Silence {
                number,
                silence: Arc::clone(silence),
            }),
    );
    records.extend(
        state
            .inherited
            .values()
            .cloned()
            .map(Record::AlertmanagerEntry),
    );
    records
}

fn outline(state: &Recovered) -> String {
    format!(
        "{} alerts, {} groups, {} notification log entries, {} silences, {} inherited",
        state.alerts.len(),
        state.groups.len(),
        state.notification_log.len(),
        state.silences.len(),
        state.inherited.len()
    )
}

fn files_in(path: &std::path::Path) -> Vec<(String, u64)> {
    let Ok(entries) = fs::read_dir(path) else {
        return Vec::new();
    };
    let mut files: Vec<(String, u64)> = entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let length = entry.metadata().ok()?.len();
            Some((entry.file_name().to_string_lossy().into_owned(), length))
        })
        .collect();
    files.sort();
    files
}
