//! Stories of sources.

mod presets;
mod reading;
mod simple;
mod snippets;

use std::sync::Arc;

use super::*;
use crate::config::{self, SourceEntry};
use crate::model::{Labels, PostedAlert};

/// When the stories are told.
fn now() -> Wall {
    "2026-11-29T12:00:00Z".parse().expect("a timestamp")
}

/// The source of these lines of a configuration, with the name `s`.
fn source(lines: &str) -> Arc<SourceEntry> {
    let lines: String = lines.lines().map(|line| format!("  {line}\n")).collect();
    let text =
        format!("route: {{receiver: r}}\nreceivers: [{{name: r}}]\nsources:\n- name: s\n{lines}");
    let loaded = config::parse("a.yml", &text, ParserMode::default());
    let loaded = loaded.unwrap_or_else(|faults| panic!("{faults}"));
    loaded.config.sources[0].clone()
}

/// What the source `s` of these lines makes of a body.
fn read(lines: &str, content_type: &str, body: &str) -> Result<Yield, String> {
    let headers = [("content-type".to_owned(), content_type.to_owned())];
    let posted = Posted {
        query: "",
        headers: &headers,
        body: body.as_bytes(),
    };
    source(lines).source.read(&posted, now())
}

/// The alerts that fire.
fn firing(read: &Yield) -> Vec<&PostedAlert> {
    let alerts = read
        .reports
        .iter()
        .filter_map(|report| match &report.change {
            ReportedChange::Firing { alert, .. } => Some(alert),
            ReportedChange::Resolved { .. } => None,
        });
    alerts.collect()
}

/// The labels of alerts that fire, and the key or labels of those that have resolved.
fn shown(read: &Yield) -> String {
    let mut lines = Vec::new();
    for report in &read.reports {
        let key = report.key.as_deref().unwrap_or("-");
        lines.push(match &report.change {
            ReportedChange::Firing { alert, .. } => format!("firing {key} {}", *alert.labels),
            ReportedChange::Resolved { labels, .. } => format!("resolved {key} {}", **labels),
        });
    }
    for refused in &read.refused {
        lines.push(format!("refused {} {}", refused.index, refused.reason));
    }
    if read.dropped > 0 {
        lines.push(format!("dropped {}", read.dropped));
    }
    lines.join("\n")
}

fn annotations(read: &Yield) -> Labels {
    firing(read)[0].annotations.clone()
}
