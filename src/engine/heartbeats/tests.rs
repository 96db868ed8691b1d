//! Heartbeats are missed once they are overdue, and come back with the next ping.

use super::*;
use crate::config::{self, Config};
use crate::engine::{Input, Recovered, Settings};
use crate::model::{Alert, HashKey, ParserMode};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

fn configuration(heartbeats: &str) -> Arc<Config> {
    let text = format!(
        "heartbeats: [{heartbeats}]\nroute: {{receiver: nobody}}\nreceivers: [{{name: nobody}}]\n"
    );
    let loaded = config::parse("test.yml", &text, ParserMode::Fallback);
    Arc::new(loaded.expect("a sound configuration").config)
}

const BACKUP: &str = "{name: backup, every: 1h, grace: 5m, annotations: {runbook: here}}";

/// An engine with a timer, the journal's state, and the time.
struct Bench {
    engine: Engine,
    now: Now,
    journal: Recovered,
    changes: Vec<HeartbeatChange>,
}

impl Bench {
    fn new(heartbeats: &str) -> Self {
        let now = Now {
            mono: Mono::START,
            wall: Wall::from_second(1_800_000_000).expect("a second of this century"),
        };
        let mut bench = Bench {
            engine: Engine::new(configuration(heartbeats), Settings::of_a_small_daemon()),
            now,
            journal: Recovered::empty(HashKey::seeded(1)),
            changes: Vec::new(),
        };
        bench.handle(Input::Start);
        bench
    }

    fn handle(&mut self, input: Input) -> Option<bool> {
        let mut out = Vec::new();
        self.engine.handle(&mut out, self.now, input);
        let mut answer = None;
        for effect in out {
            match effect {
                Effect::Record(record) => {
                    self.journal.written_at = Some(self.now.wall);
                    self.journal.apply(record);
                }
                Effect::Note(Note::HeartbeatChanged { change, .. }) => self.changes.push(change),
                Effect::BeatAnswer(is_known) => answer = Some(is_known),
                _ => {}
            }
        }
        answer
    }

    fn ping(&mut self, heartbeat: &str) -> Option<bool> {
        self.handle(Input::Beat {
            heartbeat: heartbeat.into(),
            has_failed: false,
        })
    }

    fn fail(&mut self, heartbeat: &str) {
        self.handle(Input::Beat {
            heartbeat: heartbeat.into(),
            has_failed: true,
        });
    }

    /// Lets time pass, and the alarm ring when it is due.
    fn pass(&mut self, span: Duration) {
        let end = self.now.mono + span;
        loop {
            let armed = self.engine.collector.armed_for();
            let Some(at) = armed.filter(|at| *at <= end) else {
                break;
            };
            self.go_to(at);
            let alarm = super::super::groups::COLLECT_ALARM;
            self.handle(Input::Ring { alarm, at });
        }
        self.go_to(end);
    }

    fn go_to(&mut self, mono: Mono) {
        self.now = Now {
            wall: self.now.wall_at(mono),
            mono,
        };
    }

    /// The process ends, and another one starts later.
    fn restart(&mut self, downtime: Duration, heartbeats: &str) {
        let wall = self.now.wall + downtime;
        self.now = Now {
            mono: Mono::START,
            wall,
        };
        self.engine = Engine::new(configuration(heartbeats), Settings::of_a_small_daemon());
        let recovered = self.journal.clone();
        self.handle(Input::Recover(Box::new(recovered)));
        self.handle(Input::Start);
    }

    /// The alerts that fire.
    fn firing(&self) -> Vec<&Alert> {
        let alerts = self.engine.alerts.iter().map(|stored| &*stored.alert);
        let firing = alerts.filter(|alert| !alert.is_resolved_at(self.now.wall));
        firing.collect()
    }

    fn is_missing(&self) -> bool {
        !self.firing().is_empty()
    }
}

#[test]
fn a_heartbeat_that_was_never_pinged_counts_from_when_it_was_configured() {
    let mut bench = Bench::new(BACKUP);
    bench.pass(HOUR + 5 * MINUTE - Duration::from_nanos(1));
    assert!(!bench.is_missing());
    bench.pass(Duration::from_nanos(1));
    let [alert] = bench.firing()[..] else {
        panic!("one alert: {:?}", bench.firing());
    };
    let labels = [("alertname", "HeartbeatMissing"), ("heartbeat", "backup")];
    assert_eq!(alert.labels, Labels::from_pairs(labels));
    let annotations = [("reason", "no ping for 1h5m"), ("runbook", "here")];
    assert_eq!(alert.annotations, Labels::from_pairs(annotations));
}

#[test]
fn an_overdue_heartbeat_fires_until_the_next_ping() {
    let mut bench = Bench::new(BACKUP);
    bench.pass(100 * HOUR);
    assert!(bench.is_missing());
    assert_eq!(bench.changes, [HeartbeatChange::Missing], "once");
    assert_eq!(bench.ping("backup"), Some(true));
    assert!(!bench.is_missing());
    bench.pass(HOUR);
    bench.ping("backup");
    bench.pass(HOUR);
    assert!(!bench.is_missing());
    bench.pass(HOUR);
    let changes = [
        HeartbeatChange::Missing,
        HeartbeatChange::Back,
        HeartbeatChange::Missing,
    ];
    assert_eq!(bench.changes, changes);
}

#[test]
fn a_ping_of_an_unknown_heartbeat_says_so_and_changes_nothing() {
    let mut bench = Bench::new(BACKUP);
    let before = bench.journal.clone();
    assert_eq!(bench.ping("back-up"), Some(false));
    assert_eq!(bench.journal, before);
}

#[test]
fn a_job_that_says_that_it_has_failed_fires_at_once() {
    let mut bench = Bench::new(BACKUP);
    bench.fail("backup");
    let reason = bench.firing()[0].annotations.get("reason");
    assert_eq!(reason, Some("the job says that it has failed"));
    bench.ping("backup");
    assert!(!bench.is_missing());
    let changes = [HeartbeatChange::Failed, HeartbeatChange::Back];
    assert_eq!(bench.changes, changes);
}

#[test]
fn a_clock_that_is_set_neither_fires_nor_hides_one() {
    for step in [100 * 365 * 24, -48] {
        let mut bench = Bench::new(BACKUP);
        bench.pass(HOUR);
        bench.now.wall += jiff::SignedDuration::from_hours(step);
        bench.pass(4 * MINUTE);
        bench.ping("of an unknown heartbeat, by which the step is noticed");
        assert!(!bench.is_missing(), "{step}");
        bench.restart(Duration::ZERO, BACKUP);
        assert!(!bench.is_missing(), "{step}");
        bench.pass(MINUTE);
        assert!(bench.is_missing(), "{step}");
    }
}

#[test]
fn a_restart_keeps_the_rest_of_the_time() {
    let mut bench = Bench::new(BACKUP);
    bench.pass(30 * MINUTE);
    bench.restart(10 * MINUTE, BACKUP);
    bench.pass(25 * MINUTE - Duration::from_nanos(1));
    assert!(!bench.is_missing());
    bench.pass(Duration::from_nanos(1));
    assert!(bench.is_missing());
}

#[test]
fn pings_that_could_not_arrive_are_not_missed_before_a_whole_period() {
    let mut bench = Bench::new(BACKUP);
    bench.restart(3 * HOUR, BACKUP);
    bench.pass(HOUR + 4 * MINUTE);
    assert!(!bench.is_missing());
    bench.pass(MINUTE);
    assert!(bench.is_missing());
}

#[test]
fn what_was_missing_before_a_restart_still_is() {
    let mut bench = Bench::new(BACKUP);
    bench.pass(2 * HOUR);
    bench.restart(3 * HOUR, BACKUP);
    bench.pass(10 * HOUR);
    assert!(bench.is_missing());
    assert_eq!(bench.changes, [HeartbeatChange::Missing], "and is not new");
    bench.ping("backup");
    assert!(!bench.is_missing());
}

#[test]
fn what_was_overdue_before_the_last_run_could_say_so_fires_at_the_start() {
    let mut bench = Bench::new(BACKUP);
    let late = bench.now.wall + HOUR + 6 * MINUTE;
    bench.journal.written_at = Some(late);
    bench.restart(5 * HOUR, BACKUP);
    bench.pass(Duration::ZERO);
    assert!(bench.is_missing());
}

#[test]
fn a_reload_keeps_the_state_of_what_stays_and_resolves_what_is_gone() {
    let mut bench = Bench::new(BACKUP);
    bench.pass(30 * MINUTE);
    let longer = configuration("{name: backup, every: 2h}, {name: other, every: 1h}");
    bench.handle(Input::Reload(longer));
    bench.pass(HOUR);
    let other = bench.firing()[0].labels.get("heartbeat");
    assert_eq!((bench.firing().len(), other), (1, Some("other")));
    bench.pass(30 * MINUTE);
    assert_eq!(bench.firing().len(), 2, "two hours after it was configured");
    bench.handle(Input::Reload(configuration(BACKUP)));
    assert_eq!(bench.firing().len(), 1);
    assert_eq!(bench.changes.last(), Some(&HeartbeatChange::Removed));
    assert_eq!(bench.journal.heartbeats.len(), 1);
}

#[test]
fn a_heartbeat_that_the_next_configuration_lacks_resolves_at_the_start() {
    let mut bench = Bench::new(BACKUP);
    bench.pass(2 * HOUR);
    bench.restart(MINUTE, "");
    assert!(!bench.is_missing());
    assert!(bench.journal.heartbeats.is_empty());
    assert!(bench.journal.keys.is_empty());
}
