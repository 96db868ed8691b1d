//! Tests of the metrics of both daemons after the same input: ours have the names, types, labels and values
//! of Alertmanager's, except for the differences that `metrics.txt` lists with reasons.

use std::collections::{BTreeMap, BTreeSet};

use alertwheel::clock::Clock;
use serde_json::{Value, json};

use crate::client::Request;
use crate::hooks::{Behaviour, Hooks};
use crate::pair::Pair;
use crate::peers::Peers;
use crate::scrape::{Family, Labels, Scrape};
use crate::wait;

const DIFFERENCES: &str = include_str!("metrics.txt");

/// Families of Alertmanager that must be compared whole, at least.
const ENOUGH: usize = 30;

const FEATURES: &str = "--enable-feature=alert-names-in-metrics,group-key-in-metrics,\
                        receiver-name-in-metrics";

/// One line of the list of differences.
struct Difference {
    kind: Kind,
    /// A family, or with a star at its end all that begin so.
    family: String,
    /// Of a series: the labels in which it differs.
    labels: Labels,
}

/// How something may differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Alertmanager has the family, and we have not.
    LeftOut,
    /// Series with these labels are on one side only.
    Series,
    /// The values depend on the moment, or count different insides.
    Values,
}

impl Difference {
    fn is_about(&self, kind: Kind, family: &str) -> bool {
        let is_named = match self.family.strip_suffix('*') {
            Some(start) => family.starts_with(start),
            None => self.family == family,
        };
        self.kind == kind && is_named
    }
}

/// The list: a reason in lines that begin with `#`, then lines such as `values NAME`. Every block
/// has a reason.
fn differences() -> Vec<Difference> {
    let mut all = Vec::new();
    for block in DIFFERENCES.split("\n\n") {
        assert!(block.starts_with("# "), "no reason is given for\n{block}");
        for line in block.lines().filter(|line| !line.starts_with('#')) {
            let mut words = line.split_whitespace();
            let kind = match words.next() {
                Some("left-out") => Kind::LeftOut,
                Some("series") => Kind::Series,
                Some("values") => Kind::Values,
                other => panic!("{other:?} is no kind of difference"),
            };
            let family = words.next().expect("the name of a family").to_owned();
            let labels = words.map(|pair| {
                let (name, value) = pair.split_once('=').expect("a label and its value");
                (name.to_owned(), value.to_owned())
            });
            all.push(Difference {
                kind,
                family,
                labels: labels.collect(),
            });
        }
    }
    all
}

fn configuration(port: u16) -> String {
    format!(
        "
route:
  receiver: good
  group_by: [alertname, host]
  group_wait: 100ms
  group_interval: 1h
  repeat_interval: 4h
  routes:
  - receiver: bad
    matchers: [team=\"bad\"]
  - matchers: [alertname=\"Patient\"]
    group_wait: 1h
receivers:
- name: good
  webhook_configs: [{{url: 'http://127.0.0.1:{port}/good'}}]
- name: bad
  webhook_configs: [{{url: 'http://127.0.0.1:{port}/bad'}}]
inhibit_rules:
- source_matchers: [alertname=\"Source\"]
  target_matchers: [alertname=\"Target\"]
"
    )
}

fn alert(labels: &Value, ends_at: &str) -> Value {
    json!({"labels": labels, "startsAt": "2025-01-01T00:00:00Z", "endsAt": ends_at})
}

/// One thing that is done to each side.
struct Step {
    request: Request,
    /// What both answer.
    status: u16,
    /// How many alerts reach the dispatcher by it.
    alerts: u32,
}

/// Everything that is done to each side, in this order.
///
/// Alertmanager routes alerts on several threads, and two that make the same group at once can lose it. Hence
/// each alert has a group of its own, but for one that comes in a request of its own.
fn steps() -> Vec<Step> {
    let [later, over] = ["2099-01-01T00:00:00Z", "2025-02-01T00:00:00Z"];
    let step = |status, request| Step {
        request,
        status,
        alerts: 0,
    };
    let silence = |name: &str, from: &str| {
        let body = json!({
            "matchers": [{"name": "alertname", "value": name, "isRegex": false}],
            "startsAt": from, "endsAt": later, "createdBy": "me", "comment": "so",
        });
        step(200, Request::post("/api/v2/silences", &body))
    };
    let post = |alerts: u32, bodies: &[Value]| Step {
        alerts,
        ..step(200, Request::post("/api/v2/alerts", &json!(bodies)))
    };
    let named = |name: &str| alert(&json!({"alertname": name}), later);
    let disk = |host: &str| alert(&json!({"alertname": "Disk", "host": host}), later);
    // It begins now, so that its group waits.
    let begins_now = |name: &str| json!({"labels": {"alertname": name}});
    let reload = Request {
        method: "POST".to_owned(),
        ..Request::get("/-/reload")
    };
    let no_silence = "/api/v2/silence/6a8c6b1e-0000-4000-8000-000000000000";
    vec![
        step(200, reload),
        silence("Quiet", "2025-01-01T00:00:00Z"),
        silence("Later", "2098-01-01T00:00:00Z"),
        step(
            422,
            Request::post("/api/v2/silences", &json!({"matchers": []})),
        ),
        post(1, &[named("Source")]),
        // Alertmanager's inhibitor learns of the source on a thread of its own; a flush at once can be
        // ahead of it.
        post(2, &[begins_now("Target"), begins_now("Patient")]),
        post(3, &[named("Quiet"), disk("a"), disk("b")]),
        // One more than may fire under this name.
        post(0, &[disk("c")]),
        post(
            1,
            &[alert(&json!({"alertname": "Source", "rack": "gone"}), over)],
        ),
        post(
            1,
            &[alert(&json!({"alertname": "Down", "team": "bad"}), later)],
        ),
        step(
            400,
            Request::post("/api/v2/alerts", &json!([alert(&json!({}), later)])),
        ),
        step(200, Request::get("/api/v2/alerts")),
        step(200, Request::get("/api/v2/silences")),
        step(200, Request::get("/-/ready")),
        step(410, Request::get("/api/v1/alerts")),
        step(404, Request::get(no_silence)),
    ]
}

/// What each daemon counts once everything has been done to it and settled: ours, then theirs.
fn scrape_both(peers: &Peers, flags: &[&str]) -> [Scrape; 2] {
    let hooks = Hooks::start(Clock::start());
    hooks.behave("/bad".into(), Behaviour::Status(400));
    let flags = [&["--alerts.per-alertname-limit=2"], flags].concat();
    let pair = Pair::start(peers, &configuration(hooks.port()), &flags);
    [&pair.ours, &pair.theirs].map(|daemon| {
        let mut alerts = 0;
        for step in steps() {
            let answer = step.request.send(daemon.address());
            assert_eq!(
                answer.status,
                step.status,
                "{} {}: {}",
                step.request.method,
                step.request.target,
                answer.text()
            );
            alerts += step.alerts;
            wait::until("the dispatcher to have the alerts", || {
                let count = "alertmanager_dispatcher_alert_processing_duration_seconds_count";
                let routed = scrape(daemon.address()).sum(count, &[]);
                (routed >= f64::from(alerts)).then_some(())
            });
        }
        wait::until("all flushes", || {
            let scrape = scrape(daemon.address());
            let failed = scrape.sum("alertmanager_notifications_failed_total", &[]);
            let sent = scrape.sum("alertmanager_notification_requests_total", &[]);
            let waits = scrape.sum("alertmanager_alerts", &[("state", "unprocessed")]);
            (failed == 1.0 && sent == 4.0 && waits == 1.0).then_some(())
        });
        scrape(daemon.address())
    })
}

fn scrape(address: std::net::SocketAddr) -> Scrape {
    let answer = Request::get("/metrics").send(address);
    assert_eq!(answer.status, 200);
    Scrape::read(&answer.text())
}

/// A family as far as it is to be compared: without the series that may be on one side only, bucket
/// counts and sums, which are times and sizes, and with zero for values that may differ.
fn comparable(
    name: &str,
    family: &Family,
    differences: &[Difference],
) -> BTreeMap<(String, Labels), f64> {
    let is_left_out = |labels: &Labels| {
        let about = |it: &&Difference| it.is_about(Kind::Series, name);
        let mut relevant = differences.iter().filter(about);
        relevant.any(|it| {
            it.labels
                .iter()
                .all(|(name, value)| labels.get(name) == Some(value))
        })
    };
    let may_differ = differences.iter().any(|it| it.is_about(Kind::Values, name));
    let is_measure = |sample: &str| sample.ends_with("_bucket") || sample.ends_with("_sum");
    let samples = family.samples.iter();
    samples
        .filter(|((_, labels), _)| !is_left_out(labels))
        .map(|(key, value)| {
            let is_open = may_differ || family.kind != "counter" && is_measure(&key.0);
            (key.clone(), if is_open { 0.0 } else { *value })
        })
        .collect()
}

/// What differs and may not.
fn faults(ours: &Scrape, theirs: &Scrape, differences: &[Difference]) -> Vec<String> {
    let mut faults = Vec::new();
    let is_allowed = |name: &str| {
        differences
            .iter()
            .any(|it| it.is_about(Kind::LeftOut, name))
    };
    for (name, family) in &theirs.0 {
        let Some(our_family) = ours.0.get(name) else {
            if !is_allowed(name) {
                faults.push(format!("{name} is missing"));
            }
            continue;
        };
        if our_family.kind != family.kind {
            faults.push(format!(
                "{name} is a {}, not a {}",
                our_family.kind, family.kind
            ));
        }
        let [ours, theirs] = [our_family, family].map(|it| comparable(name, it, differences));
        let keys: BTreeSet<_> = ours.keys().chain(theirs.keys()).collect();
        for key in keys {
            let values = [&ours, &theirs].map(|side| side.get(key));
            if values[0] != values[1] {
                faults.push(format!(
                    "{key:?}: ours {:?}, theirs {:?}",
                    values[0], values[1]
                ));
            }
        }
    }
    let ours_alone = ours.0.keys().filter(|name| !theirs.0.contains_key(*name));
    let unknown = ours_alone.filter(|name| name.starts_with("alertmanager_"));
    faults.extend(unknown.map(|name| format!("{name} is no metric of Alertmanager")));
    faults
}

fn compare(test: &str, flags: &[&str]) -> Option<[Scrape; 2]> {
    let peers = Peers::find(test)?;
    let [ours, theirs] = scrape_both(&peers, flags);
    let found = faults(&ours, &theirs, &differences());
    assert!(
        found.is_empty(),
        "{} faults:\n{}",
        found.len(),
        found.join("\n")
    );
    Some([ours, theirs])
}

#[test]
fn both_count_the_same_under_the_same_names() {
    let test = "both_count_the_same_under_the_same_names";
    let Some([ours, theirs]) = compare(test, &[]) else {
        return;
    };
    let differences = differences();
    let is_whole = |name: &&String| {
        let is_open = |it: &Difference| it.is_about(Kind::Values, name);
        ours.0.contains_key(*name) && !differences.iter().any(is_open)
    };
    let whole = theirs.0.keys().filter(is_whole).count();
    assert!(
        whole >= ENOUGH,
        "only {whole} families are compared with their values"
    );
}

#[test]
fn features_put_the_same_names_into_labels() {
    let test = "features_put_the_same_names_into_labels";
    let Some([ours, _]) = compare(test, &[FEATURES]) else {
        return;
    };
    let limited = "alertmanager_alerts_limited_total";
    assert_eq!(ours.sum(limited, &[("alertname", "Disk")]), 1.0);
    let names = ours.0["alertmanager_alerts"].label_names();
    assert_eq!(names, BTreeSet::from([vec!["group_key", "state"]]));
}

#[test]
fn every_difference_is_one() {
    let Some(peers) = Peers::find("every_difference_is_one") else {
        return;
    };
    // In a cluster, so that those metrics are there as well.
    let flags = ["--cluster.listen-address=127.0.0.1:0"];
    let pair = Pair::start(&peers, &configuration(1), &flags);
    let [ours, theirs] = [&pair.ours, &pair.theirs].map(|daemon| {
        for step in steps() {
            step.request.send(daemon.address());
        }
        scrape(daemon.address())
    });
    for difference in differences() {
        let is_about = |name: &&String| difference.is_about(difference.kind, name);
        let named: Vec<&String> = theirs.0.keys().filter(is_about).collect();
        let name = &difference.family;
        assert!(!named.is_empty(), "Alertmanager has no {name}");
        if difference.kind == Kind::LeftOut {
            let kept = named.iter().find(|name| ours.0.contains_key(**name));
            assert_eq!(kept, None, "{name} is not left out");
        }
    }
}
