//! The sections that are checked and then ignored with a warning: `tracing` and `event_recorder`.
//!
//! Owns their keys (§1.10). Pure; runs on the thread that loads the configuration.

use super::fault::{Findings, shown};
use super::http::check::check_tls;
use super::http::{HEADER, TLS_CONFIG};
use super::record::{Record, Value};
use super::table::Kind::{self, Bool, Duration, Ignored, NamedSections, Number, Text};
use super::table::{Section, key};

/// The section `tracing`: the destination of traces.
pub static TRACING: Section = Section {
    what: "tracing",
    keys: &[
        key("client_type", Text),
        key("endpoint", Text),
        key("sampling_fraction", Number),
        key("insecure", Bool),
        key("tls_config", Kind::Section(&TLS_CONFIG)).always(),
        key("headers", NamedSections(&HEADER)).always(),
        key("compression", Text),
        key("timeout", Duration),
    ],
};

/// The section `event_recorder`: the destination of recorded events. Alertmanager also ignores it without
/// a feature flag.
pub static EVENT_RECORDER: Section = Section {
    what: "event_recorder",
    keys: &[
        key("file_outputs", Ignored("a list of outputs")),
        key("webhook_outputs", Ignored("a list of outputs")),
        key("kafka_outputs", Ignored("a list of outputs")),
        key("stdout_outputs", Ignored("a list of outputs")),
    ],
};

/// Checks both sections.
pub fn check_ignored(file: &mut Record, findings: &mut Findings) {
    if let Some(tracing) = file.record_mut("tracing") {
        check_tracing(tracing, findings);
    }
    if file
        .record("event_recorder")
        .is_some_and(|recorder| !recorder.is_empty())
    {
        let place = file.place_of("event_recorder");
        findings.warn(place, "event_recorder is not built and ignored");
    }
}

/// Checks `tracing`, which `GET /status` shows although nothing is traced.
fn check_tracing(tracing: &mut Record, findings: &mut Findings) {
    findings.warn(tracing.place, "tracing is not built and ignored");
    if let Some(tls) = tracing.record("tls_config") {
        check_tls(tls, findings);
    }
    if tracing.get("client_type").is_none() {
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
        findings.fault(tracing.place, wrong, "write endpoint or remove tracing");
    }
    if let Some(compression) = tracing.text("compression").filter(|text| *text != "gzip") {
        let wrong = format!(
            "invalid compression type {} provided, valid options: gzip",
            shown(compression)
        );
        let place = tracing.place_of("compression");
        findings.fault(place, wrong, "write gzip or remove it");
    }
}
