//! Sources report alerts by key and by labels, and those fire and end as they say.

use super::*;
use crate::config;
use crate::engine::groups::COLLECT_ALARM;
use crate::engine::{Input, Note, Settings};
use crate::model::{Labels, Mono, ParserMode};

const CONFIG: &str = "
global: {resolve_timeout: 5m}
route: {receiver: nobody}
receivers: [{name: nobody}]
";

const MINUTE: Duration = Duration::from_secs(60);

/// Sources, an engine, and the time that they share.
struct Bench {
    engine: Engine,
    now: Now,
    refused: Vec<String>,
    full: Option<Full>,
}

impl Bench {
    fn new() -> Self {
        Bench::with(Settings::of_a_small_daemon())
    }

    fn with(settings: Settings) -> Self {
        let loaded = config::parse("test.yml", CONFIG, ParserMode::Fallback);
        let config = Arc::new(loaded.expect("a sound configuration").config);
        let now = Now {
            mono: Mono::START,
            wall: Wall::from_second(1_800_000_000).expect("a second of this century"),
        };
        Bench {
            engine: Engine::new(config, settings),
            now,
            refused: Vec::new(),
            full: None,
        }
    }

    fn pass(&mut self, span: Duration) {
        self.now.mono = self.now.mono + span;
        self.now.wall += span;
    }

    fn handle(&mut self, input: Input) {
        let mut out = Vec::new();
        self.engine.handle(&mut out, self.now, input);
        (self.refused, self.full) = (Vec::new(), None);
        for effect in out {
            match effect {
                Effect::Refuse(invalid) => self.refused.push(invalid.reason),
                Effect::RefuseBatch(full) => self.full = Some(full),
                _ => {}
            }
        }
    }

    fn report(&mut self, report: SourceReport) {
        self.handle(Input::Reports(vec![report]));
    }

    fn fire(&mut self, key: &str, name: &str) {
        self.report(firing("kuma", Some(key), name, None));
    }

    fn resolve(&mut self, key: &str) {
        self.report(resolved("kuma", Some(key), ""));
    }

    fn post(&mut self, name: &str, ends_at: Option<Wall>) {
        let alert = PostedAlert {
            ends_at,
            ..posted(name)
        };
        self.handle(Input::Alerts(vec![alert]));
    }

    /// The names of the alerts that fire, in order.
    fn firing(&self) -> Vec<&str> {
        let alerts = self.engine.alerts.iter().map(|stored| &stored.alert);
        let firing = alerts.filter(|alert| !alert.is_resolved_at(self.now.wall));
        let mut names: Vec<&str> = firing
            .map(|alert| alert.labels.get("alertname").expect("a name"))
            .collect();
        names.sort_unstable();
        names
    }

    fn alert(&self, name: &str) -> &Alert {
        let labels = posted(name).labels;
        let stored = self.engine.alerts.get(labels.fingerprint());
        &stored.expect("a known alert").alert
    }

    fn keys(&self) -> usize {
        self.engine.keyed_alerts.len()
    }
}

fn posted(name: &str) -> PostedAlert {
    PostedAlert {
        labels: Labels::from_pairs([("alertname", name)]).into(),
        ..PostedAlert::default()
    }
}

fn firing(source: &str, key: Option<&str>, name: &str, ttl: Option<Duration>) -> SourceReport {
    let alert = posted(name);
    SourceReport {
        source: source.into(),
        key: key.map(Into::into),
        change: ReportedChange::Firing { alert, ttl },
    }
}

fn resolved(source: &str, key: Option<&str>, name: &str) -> SourceReport {
    SourceReport {
        source: source.into(),
        key: key.map(Into::into),
        change: ReportedChange::Resolved {
            labels: posted(name).labels,
            ended_at: None,
        },
    }
}

#[test]
fn an_alert_fires_until_its_source_resolves_its_key() {
    let mut bench = Bench::new();
    bench.fire("7", "down");
    bench.pass(365 * 24 * 60 * MINUTE);
    assert_eq!(bench.firing(), ["down"]);
    bench.resolve("8");
    assert_eq!(bench.firing(), ["down"], "another key");
    bench.report(resolved("gatus", Some("7"), ""));
    assert_eq!(bench.firing(), ["down"], "another source");
    bench.resolve("7");
    assert!(bench.firing().is_empty());
    assert_eq!(bench.keys(), 0);
}

#[test]
fn replaced_labels_end_the_old_alert_at_once() {
    let mut bench = Bench::new();
    bench.fire("7", "warning");
    bench.pass(MINUTE);
    bench.fire("7", "critical");
    assert_eq!(bench.firing(), ["critical"]);
    assert_eq!(bench.alert("warning").ends_at.get(), bench.now.wall);
    bench.resolve("7");
    assert!(bench.firing().is_empty());
}

#[test]
fn two_keys_with_equal_labels_hold_their_alert_until_the_last_one_ends() {
    let mut bench = Bench::new();
    bench.fire("1", "down");
    bench.fire("2", "down");
    bench.report(firing("gatus", None, "down", None));
    bench.resolve("1");
    bench.resolve("1");
    assert_eq!(bench.firing(), ["down"]);
    bench.report(resolved("gatus", None, "down"));
    assert_eq!(bench.firing(), ["down"]);
    bench.resolve("2");
    assert!(bench.firing().is_empty());
}

#[test]
fn of_two_keys_the_ttl_of_the_one_ends_nothing_while_the_other_holds() {
    let mut bench = Bench::new();
    bench.fire("1", "down");
    bench.report(firing("kuma", Some("2"), "down", Some(10 * MINUTE)));
    bench.pass(MINUTE);
    assert_eq!(bench.alert("down").ends_at.get(), Wall::MAX);
    bench.resolve("1");
    let left = bench.alert("down").ends_at.get();
    assert_eq!(left.duration_since(bench.now.wall).as_secs(), 9 * 60);
    bench.pass(9 * MINUTE);
    assert!(bench.firing().is_empty());
}

#[test]
fn a_ttl_counts_from_the_last_report() {
    let mut bench = Bench::new();
    let report = || firing("proxmox", None, "backup failed", Some(10 * MINUTE));
    bench.report(report());
    bench.pass(9 * MINUTE);
    bench.report(report());
    bench.pass(9 * MINUTE);
    assert_eq!(bench.firing(), ["backup failed"]);
    let began = bench.alert("backup failed").starts_at.get();
    assert_eq!(bench.now.wall.duration_since(began).as_secs(), 18 * 60);
    bench.pass(MINUTE);
    assert!(bench.firing().is_empty());
}

#[test]
fn without_a_key_the_labels_say_what_ends() {
    let mut bench = Bench::new();
    bench.report(firing("grafana", None, "down", None));
    bench.report(firing("grafana", None, "slow", None));
    bench.report(resolved("grafana", None, "slow"));
    assert_eq!(bench.firing(), ["down"]);
    bench.fire("7", "down");
    bench.report(resolved("grafana", None, "down"));
    assert_eq!(
        bench.firing(),
        ["down"],
        "the key of another source holds it"
    );
    bench.report(resolved("kuma", None, "down"));
    assert!(bench.firing().is_empty(), "its own key does not");
}

#[test]
fn no_resolve_timeout_ends_the_alert_of_a_source() {
    let mut bench = Bench::new();
    bench.fire("7", "down");
    bench.report(firing("kuma", Some("8"), "slow", Some(60 * MINUTE)));
    for _ in 0..3 {
        bench.post("down", None);
        bench.post("slow", None);
        bench.pass(MINUTE);
    }
    bench.pass(30 * MINUTE);
    assert_eq!(bench.firing(), ["down", "slow"]);
    assert!(!bench.alert("down").ends_by_timeout);
    bench.pass(30 * MINUTE);
    assert_eq!(bench.firing(), ["down"]);
}

#[test]
fn a_resolve_over_the_api_ends_the_alert_and_its_keys() {
    let mut bench = Bench::new();
    bench.fire("7", "down");
    bench.pass(MINUTE);
    bench.post("down", Some(bench.now.wall));
    assert!(bench.firing().is_empty());
    assert_eq!(bench.keys(), 0);
    bench.pass(MINUTE);
    bench.post("down", None);
    bench.pass(5 * MINUTE);
    assert!(
        bench.firing().is_empty(),
        "it ends by the timeout of the API"
    );
}

#[test]
fn keys_are_forgotten_when_their_alert_is_collected() {
    let mut bench = Bench::new();
    bench.fire("1", "down");
    bench.report(firing("kuma", Some("2"), "slow", Some(MINUTE)));
    bench.pass(60 * MINUTE);
    let at = Mono::START + bench.engine.settings.alert_collect_interval;
    let alarm = COLLECT_ALARM;
    assert_eq!(bench.keys(), 2);
    bench.handle(Input::Ring { alarm, at });
    assert_eq!(bench.keys(), 1);
    assert_eq!(bench.firing(), ["down"]);
}

#[test]
fn keys_past_the_limits_refuse_the_batch() {
    let mut bench = Bench::with(Settings {
        alerts: 3,
        alert_text_bytes: 1000,
        ..Settings::of_a_small_daemon()
    });
    for key in ["1", "2", "3"] {
        bench.fire(key, "down");
    }
    bench.fire("4", "down");
    assert_eq!(bench.full, Some(Full::Alerts(3)));
    bench.fire("3", "slow");
    assert_eq!(bench.full, None, "a known key moves on");
    bench.resolve("3");
    bench.fire(&"x".repeat(1000), "down");
    assert_eq!(bench.full, Some(Full::TextBytes(1000)));
    bench.fire("4", "down");
    assert_eq!((bench.full, bench.keys()), (None, 3));
}

#[test]
fn an_alert_past_the_limit_of_its_name_leaves_no_key_and_ends_nothing() {
    let mut bench = Bench::with(Settings {
        alerts_per_name: 1,
        ..Settings::of_a_small_daemon()
    });
    bench.fire("1", "down");
    bench.fire("2", "slow");
    let labels = Labels::from_pairs([("alertname", "down"), ("host", "b")]);
    let alert = PostedAlert {
        labels: labels.into(),
        ..PostedAlert::default()
    };
    for key in ["2", "3"] {
        let change = ReportedChange::Firing {
            alert: alert.clone(),
            ttl: None,
        };
        bench.report(SourceReport {
            change,
            ..firing("kuma", Some(key), "", None)
        });
    }
    assert_eq!(bench.firing(), ["down", "slow"]);
    assert_eq!(bench.keys(), 2);
}

#[test]
fn an_invalid_report_is_refused_and_the_others_are_taken() {
    let mut bench = Bench::new();
    let alert = PostedAlert {
        fault: Some("at least one label pair required".into()),
        ..posted("odd")
    };
    let change = ReportedChange::Firing { alert, ttl: None };
    let odd = SourceReport {
        change,
        ..firing("kuma", Some("1"), "", None)
    };
    let good = firing("kuma", Some("2"), "down", None);
    let mut out = Vec::new();
    let input = Input::Reports(vec![odd, good, resolved("kuma", Some("3"), "")]);
    bench.engine.handle(&mut out, bench.now, input);
    let refused = out.iter().filter_map(|effect| match effect {
        Effect::Refuse(invalid) => Some(invalid.reason.as_str()),
        _ => None,
    });
    assert_eq!(
        refused.collect::<Vec<_>>(),
        ["at least one label pair required"]
    );
    assert!(out.iter().any(|effect| matches!(
        effect,
        Effect::Note(Note::Received {
            firing: 2,
            resolved: 1,
            kept: 1
        })
    )));
    assert_eq!(bench.firing(), ["down"]);
    assert_eq!(bench.keys(), 1);
}
