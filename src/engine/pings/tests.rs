//! Webhooks are pinged at the start and at intervals, once each, and never before a notification.

use super::*;
use crate::config;
use crate::engine::{Failure, FailureKind, Input, Record, Settings, Verdict};
use crate::model::{ParserMode, PostedAlert, Status, Wall};

const MINUTE: Duration = Duration::from_secs(60);

const CONFIG: &str = r#"
route: {receiver: team, group_by: ['...'], group_wait: 0s}
receivers: [{name: team, webhook_configs: [{url: "http://team/", heartbeat: 1m}]}]
"#;

struct Bench {
    engine: Engine,
    now: Now,
    jobs: Vec<Job>,
    records: Vec<Record>,
}

impl Bench {
    fn started() -> Self {
        let loaded = config::parse("test.yml", CONFIG, ParserMode::Fallback);
        let config = Arc::new(loaded.expect("a sound configuration").config);
        let mut bench = Bench {
            engine: Engine::new(config, Settings::of_a_small_daemon()),
            now: Now {
                mono: Mono::START,
                wall: Wall::UNIX_EPOCH,
            },
            jobs: Vec::new(),
            records: Vec::new(),
        };
        bench.handle(Input::Start);
        bench
    }

    fn handle(&mut self, input: Input) {
        let mut out = Vec::new();
        self.engine.handle(&mut out, self.now, input);
        for effect in out {
            match effect {
                Effect::Send(job) => self.jobs.push(job),
                Effect::Record(record) => self.records.push(record),
                _ => {}
            }
        }
    }

    /// Lets time pass and the housekeeping alarm ring; returns how many jobs were sent meanwhile.
    fn pass(&mut self, span: Duration) -> usize {
        let before = self.jobs.len();
        let end = self.now.mono + span;
        while let Some(at) = self.engine.collector.armed_for().filter(|at| *at <= end) {
            self.go_to(at);
            let alarm = super::super::groups::COLLECT_ALARM;
            self.handle(Input::Ring { alarm, at });
        }
        self.go_to(end);
        self.jobs.len() - before
    }

    fn go_to(&mut self, mono: Mono) {
        self.now = Now {
            wall: self.now.wall_at(mono),
            mono,
        };
    }

    fn end_last(&mut self, verdict: Verdict) {
        let job = self.jobs.last().expect("a job");
        self.handle(Input::Outcome(Outcome {
            attempt: job.attempt,
            verdict,
            took: Duration::from_millis(1),
        }));
    }

    fn post(&mut self) {
        let labels = Labels::from_pairs([("alertname", "Disk")]);
        self.handle(Input::Alerts(vec![PostedAlert {
            labels: labels.into(),
            ..PostedAlert::default()
        }]));
    }
}

#[test]
fn a_webhook_is_pinged_at_the_start_and_each_interval_without_a_record() {
    let mut bench = Bench::started();
    assert_eq!(bench.jobs.len(), 1);
    let ping = &bench.jobs[0].notification;
    assert_eq!((ping.alerts.len(), ping.status()), (0, Status::Resolved));
    for _ in 0..3 {
        bench.end_last(Verdict::Delivered);
        assert_eq!(bench.pass(MINUTE - Duration::from_nanos(1)), 0);
        assert_eq!(bench.pass(Duration::from_nanos(1)), 1);
    }
    assert_eq!(bench.records, []);
}

#[test]
fn a_ping_that_fails_is_not_sent_again_before_its_interval() {
    let mut bench = Bench::started();
    let failure = Failure {
        kind: FailureKind::Other,
        text: "no route to host".into(),
    };
    let after = None;
    bench.end_last(Verdict::Retry { failure, after });
    assert_eq!(bench.pass(MINUTE - Duration::from_nanos(1)), 0);
    assert_eq!(bench.pass(10 * MINUTE), 1, "while it is out, no other goes");
}

#[test]
fn a_notification_goes_before_a_ping() {
    let mut bench = Bench::started();
    bench.end_last(Verdict::Delivered);
    bench.pass(MINUTE - Duration::from_secs(1));
    bench.post();
    let reason = bench.jobs.last().expect("a job").notification.reason;
    assert_eq!(reason, Reason::FirstNotification);
    assert_eq!(
        bench.pass(10 * Duration::from_secs(1)),
        0,
        "its endpoint is busy"
    );
    bench.end_last(Verdict::Delivered);
    assert_eq!(bench.pass(Duration::from_secs(1)), 1);
    let reason = bench.jobs.last().expect("a job").notification.reason;
    assert_eq!(reason, Reason::Heartbeat);
}

#[test]
fn a_reload_keeps_the_time_of_a_ping_whose_interval_stays() {
    let mut bench = Bench::started();
    bench.end_last(Verdict::Delivered);
    bench.pass(MINUTE / 2);
    let again = Arc::clone(&bench.engine.config);
    bench.handle(Input::Reload(again));
    assert_eq!(bench.pass(MINUTE / 2 - Duration::from_nanos(1)), 0);
    assert_eq!(bench.pass(Duration::from_nanos(1)), 1);
    bench.end_last(Verdict::Delivered);
    let changed = CONFIG.replace("heartbeat: 1m", "heartbeat: 2m");
    let loaded = config::parse("test.yml", &changed, ParserMode::Fallback);
    let changed = Arc::new(loaded.expect("a sound configuration").config);
    bench.handle(Input::Reload(changed));
    assert_eq!(bench.jobs.len(), 3, "another interval begins at once");
}
