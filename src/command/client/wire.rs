//! The JSON of API v2 as a client reads and writes it.
//!
//! Owns the shapes, with their fields in the order in which Alertmanager's own client prints them. A field
//! that an answer lacks is an error where the command line needs it. Runs on main.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::dates::Date;
use crate::model::MatchOp;
use crate::model::Matcher as Condition;

/// Names and values of labels or annotations.
pub type Texts = BTreeMap<String, String>;

/// An alert in an answer.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Alert {
    #[serde(default)]
    pub annotations: Texts,
    pub ends_at: Date,
    pub fingerprint: String,
    pub receivers: Vec<Receiver>,
    pub starts_at: Date,
    pub status: AlertStatus,
    pub updated_at: Date,
    #[serde(
        default,
        rename = "generatorURL",
        skip_serializing_if = "String::is_empty"
    )]
    pub generator_url: String,
    pub labels: Texts,
}

/// The state of an alert, and what mutes it.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AlertStatus {
    #[serde(default)]
    pub inhibited_by: Vec<String>,
    #[serde(default)]
    pub muted_by: Vec<String>,
    #[serde(default)]
    pub silenced_by: Vec<String>,
    pub state: String,
}

/// A receiver.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Receiver {
    pub name: String,
}

/// An alert in a request.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PostableAlert {
    pub annotations: Texts,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub starts_at: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<Date>,
    #[serde(rename = "generatorURL", skip_serializing_if = "String::is_empty")]
    pub generator_url: String,
    pub labels: Texts,
}

/// A silence in an answer.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Silence {
    pub id: String,
    pub status: SilenceStatus,
    pub updated_at: Date,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: Texts,
    pub comment: String,
    pub created_by: String,
    pub ends_at: Date,
    pub matchers: Vec<Matcher>,
    pub starts_at: Date,
}

/// The state of a silence.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct SilenceStatus {
    pub state: String,
}

/// A silence in a request or in a file. What is missing is sent as null, for the daemon to refuse.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PostableSilence {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub annotations: Option<Texts>,
    pub comment: Option<String>,
    pub created_by: Option<String>,
    pub ends_at: Option<Date>,
    pub matchers: Option<Vec<Matcher>>,
    pub starts_at: Option<Date>,
}

/// A matcher of a silence.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Matcher {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_equal: Option<bool>,
    pub is_regex: Option<bool>,
    pub name: Option<String>,
    pub value: Option<String>,
}

/// The id of a silence that was set.
#[derive(Clone, Debug, Deserialize)]
pub struct SilenceId {
    #[serde(rename = "silenceID")]
    pub id: String,
}

/// The status of a daemon.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    pub cluster: Cluster,
    pub config: Config,
    pub uptime: Date,
    pub version_info: Version,
}

/// The cluster of a daemon.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Cluster {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    #[serde(default)]
    pub peers: Vec<Peer>,
    pub status: String,
}

/// A member of a cluster.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Peer {
    pub address: String,
    pub name: String,
}

/// The configuration of a daemon.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Config {
    pub original: String,
}

/// The build of a daemon.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Version {
    pub branch: String,
    pub build_date: String,
    pub build_user: String,
    pub go_version: String,
    pub revision: String,
    pub version: String,
}

impl Matcher {
    /// `name="value"`.
    pub fn text(&self) -> String {
        let op = match (
            self.is_equal.unwrap_or(true),
            self.is_regex.unwrap_or_default(),
        ) {
            (true, false) => MatchOp::Equal,
            (false, false) => MatchOp::NotEqual,
            (true, true) => MatchOp::Regex,
            (false, true) => MatchOp::NotRegex,
        };
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        Condition::kept(op, text(&self.name), text(&self.value)).to_string()
    }
}

impl From<&Condition> for Matcher {
    fn from(matcher: &Condition) -> Self {
        Matcher {
            is_equal: Some(matches!(matcher.op(), MatchOp::Equal | MatchOp::Regex)),
            is_regex: Some(matches!(matcher.op(), MatchOp::Regex | MatchOp::NotRegex)),
            name: Some(matcher.name().to_owned()),
            value: Some(matcher.value().to_owned()),
        }
    }
}

impl From<Silence> for PostableSilence {
    fn from(silence: Silence) -> Self {
        PostableSilence {
            id: Some(silence.id),
            annotations: Some(silence.annotations),
            comment: Some(silence.comment),
            created_by: Some(silence.created_by),
            ends_at: Some(silence.ends_at),
            matchers: Some(silence.matchers),
            starts_at: Some(silence.starts_at),
        }
    }
}
