//! What a webhook costs beside the same alerts by API v2: the processor time of the whole daemon, printed. What the
//! reading allocates is held by `tests/counted`.

use serde_json::{Value, json};

use super::start;
use crate::client::Client;
use crate::process::{Daemon, take_turn};
use crate::receiver::Receiver;

/// Figures of an unoptimised build say nothing.
const ROUNDS: u32 = if cfg!(debug_assertions) { 100 } else { 4000 };

const SOURCES: &str = "
sources:
- {name: am, preset: alertmanager}
- name: six
  key: '{{ .id }}'
  status: '{{ if eq .state 1 }}resolved{{ else }}firing{{ end }}'
  labels: {alertname: '{{ .name }}', severity: '{{ toLower .severity }}'}
  annotations: {summary: '{{ .title }} on {{ .host.name }}'}
  starts_at: '{{ .time }}'
";

fn alert(alertname: &str, number: usize) -> Value {
    json!({
        "status": "firing",
        "labels": {"alertname": alertname, "cluster": "cluster-1", "instance": format!("host-{number}:9100"),
            "job": "node", "severity": "warning"},
        "annotations": {"summary": format!("The disk of host-{number} is full soon"),
            "description": format!("The disk of host-{number} has filled evenly for an hour")},
        "startsAt": "2026-01-01T00:00:00Z",
        "generatorURL": "http://prometheus.example:9090/graph?g0.expr=predict_linear&g0.tab=1",
        "fingerprint": "0123456789abcdef",
    })
}

/// The microseconds of the processor that one post takes the daemon.
fn cost(daemon: &Daemon, client: &mut Client, target: &str, body: &Value) -> f64 {
    let body = body.to_string();
    let mut post = || {
        let reply = client.post(target, body.as_bytes());
        assert_eq!(reply.status, 200, "{}", reply.text());
    };
    (0..ROUNDS / 10).for_each(|_| post());
    let before = daemon.vitals().processor_ns;
    (0..ROUNDS).for_each(|_| post());
    let spent = daemon.vitals().processor_ns - before;
    spent as f64 / 1000.0 / f64::from(ROUNDS)
}

#[test]
fn what_a_webhook_costs_is_printed() {
    let _turn = take_turn();
    let receiver = Receiver::healthy();
    let daemon = start(&receiver, SOURCES);
    let mut client = daemon.connect();
    let by_api: Vec<Value> = (0..20).map(|number| alert("ByApi", number)).collect();
    let by_webhook: Vec<Value> = (0..20).map(|number| alert("ByWebhook", number)).collect();
    let webhook = json!({"version": "4", "status": "firing", "receiver": "team", "groupKey": "{}:{}",
        "groupLabels": {}, "commonLabels": {}, "commonAnnotations": {}, "truncatedAlerts": 0,
        "externalURL": "http://am.example:9093", "alerts": by_webhook});
    let six = json!({"id": 7, "state": 0, "name": "DiskFull", "severity": "CRITICAL", "title": "It is full",
        "host": {"name": "web1"}, "time": "2026-01-01T00:00:00Z"});
    let api = cost(&daemon, &mut client, "/api/v2/alerts", &json!(by_api));
    let hook = cost(&daemon, &mut client, "/hooks/am", &webhook);
    let one = cost(&daemon, &mut client, "/hooks/six", &six);
    println!(
        "20 alerts: {api:.0} us by API v2, {hook:.0} us by webhook ({:.1} times); one by six templates: {one:.0} us",
        hook / api
    );
}
