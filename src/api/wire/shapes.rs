//! What answers look like: one small serialisable shape for each object of the API.
//!
//! Owns the order and the names of fields as Alertmanager writes them (§10.4, Appendix E). Shapes
//! borrow from a snapshot and live for one write. Pure; runs on the http threads.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::config::Receiver;
use crate::engine::Muted;
use crate::model::{Alert, Fingerprint, Labels, Wall};
use crate::version::BuildInfo;

/// The state of the cluster, which is at most ourselves.
#[derive(Clone, Copy, Debug)]
pub struct ClusterShape<'a> {
    /// Our own name and address; without them clustering is off.
    pub own: Option<(&'a str, &'a str)>,
}

/// `GET /status`.
#[derive(Clone, Copy, Debug)]
pub struct StatusShape<'a> {
    /// The cluster.
    pub cluster: ClusterShape<'a>,
    /// The configuration in force, secrets masked.
    pub config: &'a str,
    /// Since when the daemon runs.
    pub started_at: Wall,
    /// What this build calls itself.
    pub build: BuildInfo,
}

/// One alert and what mutes it.
#[derive(Clone, Copy, Debug)]
pub struct AlertShape<'a> {
    /// The alert.
    pub alert: &'a Alert,
    /// The silences and alerts that mute it, if any do.
    pub muted: Option<&'a Muted>,
    /// The time intervals that mute its group.
    pub muted_by: &'a [Arc<str>],
}

/// Appends one alert with the names of its receivers.
pub fn push_alert<'a>(
    out: &mut Vec<u8>,
    shape: AlertShape<'_>,
    receivers: impl Iterator<Item = &'a str> + Clone,
) {
    let alert = shape.alert;
    push(
        out,
        &AlertObject {
            annotations: LabelObject(&alert.annotations),
            ends_at: Millis(alert.ends_at),
            fingerprint: Displayed(alert.fingerprint),
            receivers: List(receivers.map(|name| Named { name })),
            starts_at: Millis(alert.starts_at),
            status: AlertStatus::of(&shape),
            updated_at: Millis(alert.updated_at),
            generator_url: &alert.generator_url,
            labels: LabelObject(&alert.labels),
        },
    );
}

/// Appends what stands before the alerts of a group.
pub fn push_group_start(out: &mut Vec<u8>) {
    out.extend_from_slice(br#"{"alerts":["#);
}

/// Appends what stands behind the alerts of a group.
pub fn push_group_end(
    out: &mut Vec<u8>,
    labels: &Labels,
    receiver: &str,
    route_labels: &BTreeMap<String, String>,
) {
    out.extend_from_slice(br#"],"labels":"#);
    push(out, &LabelObject(labels));
    out.extend_from_slice(br#","receiver":"#);
    push(out, &Named { name: receiver });
    out.extend_from_slice(br#","routeLabels":"#);
    push(out, route_labels);
    out.push(b'}');
}

/// The body of `GET /receivers`.
pub fn receivers_list<'a>(receivers: impl Iterator<Item = &'a Receiver> + Clone) -> Vec<u8> {
    let shapes = receivers.map(|receiver| ReceiverObject {
        labels: &receiver.labels,
        name: &receiver.name,
    });
    line(&List(shapes))
}

/// The body of `GET /status`.
pub fn status_object(shape: &StatusShape<'_>) -> Vec<u8> {
    let build = &shape.build;
    let own = shape.cluster.own;
    line(&StatusObject {
        cluster: ClusterObject {
            name: own.map(|(name, _)| name),
            peers: List(
                own.into_iter()
                    .map(|(name, address)| Peer { address, name }),
            ),
            status: if own.is_some() { "ready" } else { "disabled" },
        },
        config: ConfigObject {
            original: shape.config,
        },
        uptime: Millis(shape.started_at),
        version_info: VersionObject {
            branch: build.branch,
            build_date: build.build_date,
            build_user: build.build_user,
            go_version: build.go_version,
            revision: build.revision,
            version: build.version,
        },
    })
}

/// The framework's shape of an error.
pub fn error_object(code: u16, message: &str) -> Vec<u8> {
    let mut out = Vec::new();
    push(&mut out, &ErrorObject { code, message });
    out
}

/// The handlers' shape of an error.
pub fn error_string(text: &str) -> Vec<u8> {
    line(text)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AlertObject<'a, R: Serialize> {
    annotations: LabelObject<'a>,
    ends_at: Millis,
    fingerprint: Displayed<Fingerprint>,
    receivers: R,
    starts_at: Millis,
    status: AlertStatus<'a>,
    updated_at: Millis,
    #[serde(rename = "generatorURL", skip_serializing_if = "str::is_empty")]
    generator_url: &'a str,
    labels: LabelObject<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AlertStatus<'a> {
    inhibited_by: Texts<'a, Fingerprint>,
    muted_by: Texts<'a, Arc<str>>,
    silenced_by: Texts<'a, Arc<str>>,
    state: &'static str,
}

impl<'a> AlertStatus<'a> {
    fn of(shape: &AlertShape<'a>) -> Self {
        let (silenced_by, inhibited_by) = match shape.muted {
            Some(muted) => (&*muted.silenced_by, &*muted.inhibited_by),
            None => (&[][..], &[][..]),
        };
        let is_suppressed = shape.muted.is_some() || !shape.muted_by.is_empty();
        AlertStatus {
            inhibited_by: Texts(inhibited_by),
            muted_by: Texts(shape.muted_by),
            silenced_by: Texts(silenced_by),
            state: if is_suppressed {
                "suppressed"
            } else {
                "active"
            },
        }
    }
}

#[derive(Serialize)]
struct Named<'a> {
    name: &'a str,
}

#[derive(Serialize)]
struct ReceiverObject<'a> {
    labels: &'a BTreeMap<String, String>,
    name: &'a str,
}

#[derive(Serialize)]
struct Peer<'a> {
    address: &'a str,
    name: &'a str,
}

#[derive(Serialize)]
struct ClusterObject<'a, P: Serialize> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    peers: P,
    status: &'static str,
}

#[derive(Serialize)]
struct ConfigObject<'a> {
    original: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct VersionObject<'a> {
    branch: &'a str,
    build_date: &'a str,
    build_user: &'a str,
    go_version: &'a str,
    revision: &'a str,
    version: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StatusObject<'a, P: Serialize> {
    cluster: ClusterObject<'a, P>,
    config: ConfigObject<'a>,
    uptime: Millis,
    version_info: VersionObject<'a>,
}

#[derive(Serialize)]
struct ErrorObject<'a> {
    code: u16,
    message: &'a str,
}

/// A label set as an object.
pub(super) struct LabelObject<'a>(pub &'a Labels);

impl Serialize for LabelObject<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.0.iter())
    }
}

/// A time with milliseconds, cut.
pub(super) struct Millis(pub Wall);

impl Serialize for Millis {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&format_args!("{:.3}", self.0))
    }
}

/// A value as it prints.
struct Displayed<T>(T);

impl<T: fmt::Display> Serialize for Displayed<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&self.0)
    }
}

/// Values as they print, as an array.
struct Texts<'a, T>(&'a [T]);

impl<T: fmt::Display> Serialize for Texts<'_, T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.0.iter().map(Displayed))
    }
}

/// Whatever an iterator yields, as an array.
pub(super) struct List<I>(pub I);

impl<I: Iterator<Item: Serialize> + Clone> Serialize for List<I> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.0.clone())
    }
}

/// A whole answer: as Go writes them, with a newline behind it.
pub(super) fn line<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    let mut out = Vec::new();
    push(&mut out, value);
    out.push(b'\n');
    out
}

/// Appends a value as JSON.
pub(super) fn push<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) {
    serde_json::to_writer(out, value).expect("memory takes every write and all keys are strings");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).expect("JSON is UTF-8")
    }

    fn unmuted(alert: &Alert) -> AlertShape<'_> {
        AlertShape {
            alert,
            muted: None,
            muted_by: &[],
        }
    }

    #[test]
    fn an_alert_looks_as_alertmanager_writes_it() {
        let at = |text: &str| text.parse::<Wall>().expect("a timestamp");
        let labels = Labels::from_pairs([("alertname", "test")]);
        let alert = Alert {
            fingerprint: labels.fingerprint(),
            labels,
            annotations: Labels::from_pairs([("summary", "<x> \"y\"")]),
            starts_at: at("2026-01-01T00:00:00Z"),
            ends_at: at("2026-01-01T00:05:00Z"),
            updated_at: at("2026-01-01T00:00:00.001999Z"),
            ends_by_timeout: true,
            generator_url: "http://prom/graph".into(),
        };
        assert_eq!(
            text(|out| push_alert(out, unmuted(&alert), ["default"].into_iter())),
            concat!(
                r#"{"annotations":{"summary":"<x> \"y\""},"endsAt":"2026-01-01T00:05:00.000Z","#,
                r#""fingerprint":"1f56cb8f931d1bd4","receivers":[{"name":"default"}],"#,
                r#""startsAt":"2026-01-01T00:00:00.000Z","#,
                r#""status":{"inhibitedBy":[],"mutedBy":[],"silencedBy":[],"state":"active"},"#,
                r#""updatedAt":"2026-01-01T00:00:00.001Z","#,
                r#""generatorURL":"http://prom/graph","labels":{"alertname":"test"}}"#,
            )
        );
        let without_link = Alert {
            generator_url: "".into(),
            ..alert.clone()
        };
        let written = text(|out| push_alert(out, unmuted(&without_link), [].into_iter()));
        assert!(!written.contains("generatorURL"));
    }

    #[test]
    fn a_group_closes_with_its_labels_and_receiver() {
        let labels = Labels::from_pairs([("job", "j")]);
        let group = text(|out| {
            push_group_start(out);
            let route_labels = BTreeMap::from([("team".to_owned(), "x".to_owned())]);
            push_group_end(out, &labels, "default", &route_labels);
        });
        assert_eq!(
            group,
            r#"{"alerts":[],"labels":{"job":"j"},"receiver":{"name":"default"},"routeLabels":{"team":"x"}}"#
        );
    }
}
