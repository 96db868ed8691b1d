//! Sections that are checked and then ignored with a warning: `tracing` and `event_recorder`.
//!
//! Owns their keys (§1.10). Pure; runs on whichever thread loads the configuration.

use super::http::{HEADER, TLS_CONFIG, key};
use super::record::{KeyKind, Record, Section, Value};
use crate::config::fault::{Findings, shown};
use crate::config::field::{Fields, list};
use crate::config::node::{Kind, Node};

static TRACING: Section = Section {
    what: "tracing",
    keys: &[
        key("client_type", KeyKind::Text),
        key("endpoint", KeyKind::Text),
        key("sampling_fraction", KeyKind::Number),
        key("insecure", KeyKind::Flag),
        key("tls_config", KeyKind::Section(&TLS_CONFIG)),
        key("headers", KeyKind::NamedSections(&HEADER)),
        key("compression", KeyKind::Text),
        key("timeout", KeyKind::Duration),
    ],
};

const RECORDER_OUTPUTS: &[&str] = &[
    "file_outputs",
    "webhook_outputs",
    "kafka_outputs",
    "stdout_outputs",
];

/// Reads `tracing`, which is shown although nothing is traced.
pub fn read_tracing(node: Option<&Node>, findings: &mut Findings) -> Option<Record> {
    let node = node.filter(|node| node.kind != Kind::Null)?;
    let mut tracing = Record::read(node, &TRACING, None, findings)?;
    findings.warn(node.place, "tracing is not built and ignored");
    let given = tracing.get("client_type");
    if given.is_none() {
        tracing.put("client_type", Value::Text("grpc".into()));
    }
    let client_type = tracing.text("client_type").unwrap_or_default();
    if !["http", "grpc"].contains(&client_type) {
        let wrong = format!(
            "expected tracing client type to be to be http or grpc, but got {}",
            shown(client_type)
        );
        let place = tracing.place_of("client_type");
        findings.fault(place, wrong, "write one of the two");
    }
    if tracing.text("endpoint").is_none() {
        let wrong = "tracing endpoint must be set";
        findings.fault(node.place, wrong, "write endpoint or remove tracing");
    }
    if let Some(compression) = tracing.text("compression").filter(|text| *text != "gzip") {
        let wrong = format!(
            "invalid compression type {} provided, valid options: gzip",
            shown(compression)
        );
        let place = tracing.place_of("compression");
        findings.fault(place, wrong, "write gzip or remove it");
    }
    Some(tracing)
}

/// Looks at `event_recorder`, of which Alertmanager takes no notice either unless a feature flag
/// asks for it.
pub fn read_event_recorder(node: Option<&Node>, findings: &mut Findings) {
    let Some(node) = node.filter(|node| !node.is_empty()) else {
        return;
    };
    let Some(fields) = Fields::read(node, "event_recorder", &[RECORDER_OUTPUTS], findings) else {
        return;
    };
    for key in RECORDER_OUTPUTS {
        if let Some(node) = fields.get(key) {
            list(node, "a list of outputs", findings);
        }
    }
    findings.warn(node.place, "event_recorder is not built and ignored");
}
