//! The reading of webhooks in: the body of an Alertmanager beside the same alerts by API v2, and a small body with six
//! templates.

use std::hint::black_box;
use std::sync::Arc;

use alertwheel::api::posted_alerts;
use alertwheel::config::{self, SourceEntry};
use alertwheel::model::{ParserMode, Wall};
use alertwheel::source::Posted;

use crate::course::counted;
use crate::records::Count;

const ALERTS: usize = 20;

const CONFIGURATION: &str = "
route: {receiver: team}
receivers: [{name: team}]
sources:
- {name: am, preset: alertmanager}
- name: six
  key: '{{ .id }}'
  status: '{{ if eq .state 1 }}resolved{{ else }}firing{{ end }}'
  labels:
    alertname: '{{ .name }}'
    severity: '{{ toLower .severity }}'
  annotations:
    summary: '{{ .title }} on {{ .host.name }}'
  starts_at: '{{ .time }}'
";

const SIX: &str = r#"{"id": 7, "state": 0, "name": "DiskFull", "severity": "CRITICAL", "title": "The disk is full",
    "host": {"name": "web1"}, "time": "2026-01-01T00:00:00Z"}"#;

/// The bodies and their readers.
struct Work {
    sources: Vec<Arc<SourceEntry>>,
    webhook: Vec<u8>,
    posted: Vec<u8>,
}

/// Does all of it and says what each part took.
pub fn run() -> Vec<Count> {
    let work = Work::new();
    // The first reading fills what is made once.
    work.read(0, &work.webhook);
    work.read(1, SIX.as_bytes());
    vec![
        counted("parse 20 alerts of API v2", || work.parse()),
        counted("read the webhook of an Alertmanager with 20 alerts", || {
            work.read(0, &work.webhook);
        }),
        counted("read a body with six templates", || {
            work.read(1, SIX.as_bytes());
        }),
    ]
}

impl Work {
    fn new() -> Self {
        let loaded = config::parse("counted.yml", CONFIGURATION, ParserMode::Fallback);
        Work {
            sources: loaded.expect("it is sound").config.sources,
            webhook: format!(
                "{{\"version\":\"4\",\"groupKey\":\"{{}}:{{}}\",\"truncatedAlerts\":0,\"status\":\"firing\",\
                 \"receiver\":\"team\",\"groupLabels\":{{}},\"commonLabels\":{{}},\"commonAnnotations\":{{}},\
                 \"externalURL\":\"http://am.example:9093\",\"alerts\":[{}]}}",
                alerts("\"status\":\"firing\",\"fingerprint\":\"0123456789abcdef\",")
            )
            .into_bytes(),
            posted: format!("[{}]", alerts("")).into_bytes(),
        }
    }

    fn read(&self, source: usize, body: &[u8]) {
        let posted = Posted {
            query: "",
            headers: &[],
            body,
        };
        let read = self.sources[source].source.read(&posted, Wall::UNIX_EPOCH);
        let read = read.expect("it can be used");
        assert!(
            read.refused.is_empty() && read.faults.is_empty(),
            "{read:?}"
        );
        black_box(read);
    }

    fn parse(&self) {
        black_box(posted_alerts(&self.posted, ParserMode::Fallback).expect("sound alerts"));
    }
}

/// The alerts, each with `more` fields.
fn alerts(more: &str) -> String {
    let alert = |number: usize| {
        format!(
            "{{{more}\"labels\":{{\"alertname\":\"HostDiskWillFill\",\"cluster\":\"cluster-1\",\
             \"instance\":\"host-{number:07}:9100\",\"job\":\"node\",\"severity\":\"warning\"}},\
             \"annotations\":{{\"description\":\"The disk of host-{number:07} has filled evenly for an hour\",\
             \"summary\":\"The disk of host-{number:07} is full soon\"}},\
             \"startsAt\":\"2026-01-01T00:00:00Z\",\"endsAt\":\"0001-01-01T00:00:00Z\",\
             \"generatorURL\":\"http://prometheus.example:9090/graph?g0.expr=predict_linear&g0.tab=1\"}}"
        )
    };
    let alerts: Vec<String> = (0..ALERTS).map(alert).collect();
    alerts.join(",")
}
