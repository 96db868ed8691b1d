//! The serialisable shapes of answers, one for each object of the API.
//!
//! Owns the order and the names of fields, which are Alertmanager's (§10.4, Appendix E). Shapes borrow from
//! a snapshot and live for one write. Pure; runs on the connections' threads.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use crate::config::Receiver;
use crate::model::{Labels, Wall};
use crate::version::BuildInfo;

/// The state of the cluster, which has at most one peer, this daemon.
#[derive(Clone, Copy, Debug)]
pub struct ClusterShape<'a> {
    /// The name and address of this daemon; `None` if clustering is off.
    pub own: Option<(&'a str, &'a str)>,
}

/// The contents of `GET /status`.
#[derive(Clone, Copy, Debug)]
pub struct StatusShape<'a> {
    /// The name and address of the cluster's peer, if any.
    pub cluster: ClusterShape<'a>,
    /// The configuration in force, secrets masked.
    pub config: &'a str,
    /// When the daemon started.
    pub started_at: Wall,
    /// The version and build facts.
    pub build: BuildInfo,
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

/// A time, truncated to milliseconds.
pub(super) struct Millis(pub Wall);

impl Serialize for Millis {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&format_args!("{:.3}", self.0))
    }
}

/// The items of an iterator, as a JSON array.
pub(super) struct List<I>(pub I);

impl<I: Iterator<Item: Serialize> + Clone> Serialize for List<I> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.0.clone())
    }
}

/// A whole answer: the JSON of `value` and a newline, as Go writes it.
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
