//! The work that is counted: a thousand alerts on their way through parser, engine and payload.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use allocation_counter::{measure, opt_out};

use alertwheel::api::posted_alerts;
use alertwheel::config::{self, Config};
use alertwheel::engine::{
    AlarmId, AttemptId, Effect, Engine, Input, Notification, Outcome, ReloadPolicy, Settings,
    Verdict,
};
use alertwheel::model::{HashKey, Labels, Mono, Now, ParserMode, Wall};
use alertwheel::webhook::payload::{Standard, render};

use crate::records::Count;

const ALERTS: usize = 1000;

const SETTINGS: Settings = Settings {
    workers: 16,
    workers_per_endpoint: 4,
    max_retry_after: Duration::from_secs(300),
    alerts: 2_000_000,
    retention: Duration::from_secs(120 * 3600),
    alert_collect_interval: Duration::from_secs(30 * 60),
    notification_log_collect_interval: Duration::from_secs(15 * 60),
    silences: 0,
    silence_bytes: 0,
    alert_text_bytes: usize::MAX,
    alerts_per_name: 0,
    start_delay: Duration::ZERO,
    reload: ReloadPolicy::KeepUnchanged,
    seed: 1,
    hash_key: HashKey::seeded(1),
};

const CONFIGURATION: &str = "
route: {receiver: team, group_by: [cluster, service], group_wait: 30s}
receivers:
- name: team
  webhook_configs: [{url: 'http://receiver.example/hook'}]
";

/// When the alerts come first, and their time of day.
const FIRST: Mono = Mono::from_nanos(1_000_000_000);
const STARTS_AT: &str = "2026-01-01T00:00:00Z";
const ENDS_AT: &str = "2026-01-01T04:00:00Z";
const LATER_END: &str = "2026-01-01T04:01:00Z";

/// The engine in the hand of a test.
struct Driver {
    engine: Engine,
    effects: Vec<Effect>,
    alarms: BTreeMap<AlarmId, Mono>,
    /// Attempts that are under way, which all succeed.
    delivered: Vec<AttemptId>,
    told: Vec<Arc<Notification>>,
}

/// Does all of it and says what each part took.
pub fn run() -> Vec<Count> {
    let fresh = body(ENDS_AT);
    let again = body(LATER_END);
    let mut driver = Driver::new(config());
    // The first batch ever fills what is made once, such as compiled patterns.
    driver.post(b"[]", FIRST);
    let mut counts = vec![
        counted("parse 1,000 alerts", || {
            drop(posted_alerts(&fresh, ParserMode::Fallback));
        }),
        counted("parse and take in 1,000 alerts in 1,000 groups", || {
            driver.post(&fresh, FIRST);
        }),
        counted("parse and take in the same again", || {
            driver.post(&again, FIRST + Duration::from_secs(10));
        }),
        counted("flush 1,000 groups", || {
            driver.flush(FIRST + Duration::from_secs(30));
        }),
    ];
    assert_eq!(driver.told.len(), ALERTS, "each group is told once");
    counts.push(counted("render 1,000 notifications of one alert", || {
        for notification in &driver.told {
            assert!(body_of(notification).len() > 500);
        }
    }));
    let large = all_in_one(&driver.told);
    counts.push(counted("render a notification of 1,000 alerts", || {
        assert!(body_of(&large).len() > 500 * ALERTS);
    }));
    counts
}

/// What a piece of work takes.
pub fn counted(name: &str, work: impl FnOnce()) -> Count {
    let info = measure(work);
    Count {
        name: name.into(),
        allocations: info.count_total,
        bytes: info.bytes_total,
        kept_bytes: info.bytes_current,
    }
}

impl Driver {
    fn new(config: Arc<Config>) -> Self {
        Driver {
            engine: Engine::new(config, SETTINGS),
            // What the test itself keeps has room enough, so that it is not counted.
            effects: Vec::with_capacity(8 * ALERTS),
            alarms: BTreeMap::new(),
            delivered: Vec::with_capacity(SETTINGS.workers),
            told: Vec::with_capacity(ALERTS),
        }
    }

    fn post(&mut self, body: &[u8], at: Mono) {
        let alerts = posted_alerts(body, ParserMode::Fallback).expect("sound alerts");
        self.handle(Input::Alerts(alerts), at);
    }

    /// Rings what is due and answers each attempt with success, until nothing is left to do.
    fn flush(&mut self, at: Mono) {
        while let Some((alarm, due)) = self.due_at(at) {
            opt_out(|| {
                self.alarms.remove(&alarm);
            });
            self.handle(Input::Ring { alarm, at: due }, at);
        }
    }

    fn due_at(&self, at: Mono) -> Option<(AlarmId, Mono)> {
        let mut alarms = self.alarms.iter();
        let due = alarms.find(|(_, due)| **due <= at)?;
        Some((*due.0, *due.1))
    }

    fn handle(&mut self, input: Input, at: Mono) {
        self.handle_one(input, at);
        while let Some(attempt) = self.delivered.pop() {
            let verdict = Verdict::Delivered;
            self.handle_one(
                Input::Outcome(Outcome {
                    attempt,
                    verdict,
                    took: Duration::from_millis(1),
                }),
                at,
            );
        }
    }

    /// What the test keeps of the alarms is its own and not counted; the rest has room already.
    fn handle_one(&mut self, input: Input, at: Mono) {
        self.engine.handle(&mut self.effects, now(at), input);
        for effect in self.effects.drain(..) {
            match effect {
                Effect::Arm { alarm, at } => opt_out(|| {
                    self.alarms.insert(alarm, at);
                }),
                Effect::Disarm(alarm) => opt_out(|| {
                    self.alarms.remove(&alarm);
                }),
                Effect::Send(job) => {
                    self.delivered.push(job.attempt);
                    self.told.push(job.notification);
                }
                Effect::Refuse(alert) => panic!("refused: {}", alert.reason),
                // Notes and records are for threads that are not here.
                _ => {}
            }
        }
    }
}

fn now(mono: Mono) -> Now {
    let start: Wall = STARTS_AT.parse().expect("a time");
    Now {
        mono,
        wall: start + mono.since(FIRST),
    }
}

fn config() -> Arc<Config> {
    let parsed = config::parse("counted.yml", CONFIGURATION, ParserMode::Fallback);
    Arc::new(parsed.expect("a sound configuration").config)
}

/// The alerts as Prometheus posts them.
fn body(ends_at: &str) -> Vec<u8> {
    let alert = |number: usize| {
        format!(
            "{{\"labels\":{{\"alertname\":\"HostDiskWillFill\",\"cluster\":\"cluster-{:02}\",\
             \"instance\":\"host-{number:07}:9100\",\"job\":\"node\",\"service\":\"service-{number:07}\",\
             \"severity\":\"warning\"}},\"annotations\":{{\"description\":\"The disk of host-{number:07} \
             has filled evenly for an hour\",\"summary\":\"The disk of host-{number:07} is full soon\"}},\
             \"startsAt\":\"{STARTS_AT}\",\"endsAt\":\"{ends_at}\",\"generatorURL\":\
             \"http://prometheus.example:9090/graph?g0.expr=predict_linear&g0.tab=1\"}}",
            number % 20
        )
    };
    let alerts: Vec<String> = (0..ALERTS).map(alert).collect();
    format!("[{}]", alerts.join(",")).into_bytes()
}

fn all_in_one(told: &[Arc<Notification>]) -> Notification {
    let alerts = told
        .iter()
        .flat_map(|notification| notification.alerts.clone());
    Notification {
        alerts: alerts.collect(),
        ..(*told[0]).clone()
    }
}

fn body_of(notification: &Notification) -> Vec<u8> {
    render(&Standard {
        notification,
        external_url: "http://alertwheel.example:9093",
        route_labels: &Labels::default(),
        template_error: None,
    })
}
