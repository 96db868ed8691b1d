//! A chain of real programs: Alertmanager posts its webhook to a source of ours, and a Prometheus posts to our API
//! beside it. Both are grouped, silenced and told by our daemon.

use std::collections::BTreeMap;

use alertwheel::clock::Clock;
use serde_json::{Value, json};

use crate::client::Request;
use crate::daemon::{Daemon, Make};
use crate::peers::Peers;
use crate::prometheus::{Lamps, Prometheus};
use crate::receiver::Receiver;
use crate::wait;

const ROUTE: &str =
    "route: {receiver: desk, group_by: [alertname], group_wait: 1s, group_interval: 1s}";

/// A daemon of this make that tells `url`, with more sections.
fn start(make: Make, peers: &Peers, url: &str, sections: &str) -> Daemon {
    let configuration = format!(
        "global: {{resolve_timeout: 3s}}\n{ROUTE}\n\
         receivers:\n- name: desk\n  webhook_configs: [{{url: '{url}', send_resolved: true}}]\n{sections}"
    );
    Daemon::start(make, peers, &configuration, &[])
}

fn post(daemon: &Daemon, target: &str, body: &Value) {
    let answer = Request::post(target, body).send(daemon.address());
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    assert_eq!(answer.status, 200, "{target}: {text}");
}

fn alert(alertname: &str, instance: &str) -> Value {
    let labels = json!({"alertname": alertname, "instance": instance, "severity": "page"});
    json!({"labels": labels, "annotations": {"summary": format!("{alertname} of {instance}")}})
}

/// The instances that a group tells, each with its status.
type Told = BTreeMap<String, String>;

/// The groups of the next webhooks, until all of these groups were told with this status.
fn told(receiver: &Receiver, alertnames: &[&str], status: &str) -> BTreeMap<String, Told> {
    let mut groups = BTreeMap::new();
    while alertnames.iter().any(|name| !groups.contains_key(*name)) {
        let webhook: Value = serde_json::from_str(&receiver.next()).expect("a webhook is JSON");
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let alerts = webhook["alerts"].as_array().expect("a list").iter();
        let label = |alert: &Value| {
            let labels = &alert["labels"];
            text(labels.get("lamp").unwrap_or(&labels["instance"]))
        };
        let told = alerts.map(|alert| (label(alert), text(&alert["status"])));
        if webhook["status"] == status {
            groups.insert(text(&webhook["groupLabels"]["alertname"]), told.collect());
        }
    }
    groups
}

fn of(pairs: &[(&str, &str)]) -> Told {
    let owned = pairs
        .iter()
        .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()));
    owned.collect()
}

#[test]
fn alerts_of_a_real_alertmanager_and_of_a_prometheus_meet_in_our_daemon() {
    let test = "alerts_of_a_real_alertmanager_and_of_a_prometheus_meet_in_our_daemon";
    let Some(peers) = Peers::find(test) else {
        return;
    };
    let receiver = Receiver::start();
    let source = "sources: [{name: am, preset: alertmanager}]\n";
    let ours = start(Make::Alertwheel, &peers, &receiver.url(), source);
    let hook = format!("http://{}/hooks/am", ours.address());
    let theirs = start(Make::Alertmanager, &peers, &hook, "");
    let lamps = Lamps::start();
    let prometheus = Prometheus::start(&peers, &lamps, &[&ours]);

    let now = Clock::start().wall();
    let an_hour = std::time::Duration::from_secs(3600);
    let silence = json!({
        "matchers": [{"name": "instance", "value": "web2", "isRegex": false}],
        "startsAt": now.to_string(), "endsAt": (now + an_hour).to_string(),
        "createdBy": "a test", "comment": "web2 is being repaired",
    });
    post(&ours, "/api/v2/silences", &silence);
    lamps.switch_on();
    let mut alerts = [
        alert("HighLoad", "web1"),
        alert("HighLoad", "web2"),
        alert("HighLoad", "web3"),
        alert("DiskFull", "web1"),
    ];
    for alert in &mut alerts {
        alert["endsAt"] = json!((now + an_hour).to_string());
    }
    post(&theirs, "/api/v2/alerts", &json!(alerts));

    let firing = told(&receiver, &["HighLoad", "DiskFull", "LampIsOn"], "firing");
    let two = of(&[("web1", "firing"), ("web3", "firing")]);
    assert_eq!(firing["HighLoad"], two, "grouped, and web2 is silenced");
    assert_eq!(firing["DiskFull"], of(&[("web1", "firing")]));
    assert_eq!(firing["LampIsOn"], of(&[("a", "firing"), ("b", "firing")]));

    lamps.switch_off();
    for alert in &mut alerts[..3] {
        alert["endsAt"] = json!(Clock::start().wall().to_string());
    }
    post(&theirs, "/api/v2/alerts", &json!(&alerts[..3]));
    let resolved = told(&receiver, &["HighLoad", "LampIsOn"], "resolved");
    let two = of(&[("web1", "resolved"), ("web3", "resolved")]);
    assert_eq!(resolved["HighLoad"], two);

    // What Alertmanager has told once and does not repeat goes on past the resolve_timeout.
    let requests = "alertwheel_source_requests_total{job=\"alertwheel\",source=\"am\"}";
    wait::until("the requests of the source in Prometheus", || {
        (prometheus.value_of(requests)? >= 2.0).then_some(())
    });
    let answer = Request::get("/api/v2/alerts?filter=alertname=DiskFull").send(ours.address());
    let kept: Value = serde_json::from_slice(&answer.body).expect("JSON");
    assert_eq!(kept[0]["status"]["state"], "active", "{kept}");
    assert_eq!(kept[0]["annotations"]["summary"], "DiskFull of web1");
    assert_eq!(theirs.stop().code(), Some(0));
    assert_eq!(ours.stop().code(), Some(0));
}
