//! What the daemon uses: the configuration after every check, with inheritance resolved.
//!
//! Owns the types, never how they come about (`check.rs`). Immutable, shared behind `Arc`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::model::{Matcher, TimeInterval};
use crate::template::{Payload, TemplateFile, Templates};

mod http;

pub use http::{Authorization, Header, HttpConfig, OAuth2, Proxy, Secret, TlsConfig, TlsVersion};

/// A whole configuration that was found sound.
#[derive(Clone, Debug)]
pub struct Config {
    /// How long an alert without an end lives after its last report.
    pub resolve_timeout: Duration,
    /// The root of the routing tree. It has no matchers and takes every alert.
    pub route: Route,
    /// All receivers, in the order of the file, used or not.
    pub receivers: Vec<Arc<Receiver>>,
    /// Which alerts mute which, in the order of the file.
    pub inhibit_rules: Vec<InhibitRule>,
    /// The template files, in the order in which their globs name them.
    pub templates: Vec<TemplateFile>,
    /// The effective configuration as `GET /status` shows it, secrets masked (§1.12).
    pub original: String,
    /// The text the configuration was read from; its hash is a metric.
    pub source: String,
}

/// A node of the routing tree; everything inherited is filled in.
#[derive(Clone, Debug)]
pub struct Route {
    /// The receiver of alerts that end here.
    pub receiver: Arc<Receiver>,
    /// Which labels make a group.
    pub group_by: GroupBy,
    /// All must match for an alert to enter; sorted by name, value, operator.
    pub matchers: Vec<Matcher>,
    /// Whether siblings after this one are tried although this one matched.
    pub continues: bool,
    /// How long a new group waits for company.
    pub group_wait: Duration,
    /// How long after a flush the next one comes.
    pub group_interval: Duration,
    /// How long an unchanged notification stays unrepeated.
    pub repeat_interval: Duration,
    /// While one of these holds, nothing of the route is told. Not inherited.
    pub mute_time_intervals: Vec<Arc<NamedInterval>>,
    /// Unless one of these holds, nothing of the route is told. Not inherited.
    pub active_time_intervals: Vec<Arc<NamedInterval>>,
    /// Texts of the templates of its labels, those of its parents among them.
    pub labels: Arc<BTreeMap<String, String>>,
    /// Whether an alert that was told firing is told resolved although something mutes it by then.
    /// Inherited.
    pub resolve_muted: bool,
    /// The children, tried in order.
    pub routes: Vec<Route>,
}

/// A time interval under its name: it holds while one of its parts does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedInterval {
    /// The name.
    pub name: Arc<str>,
    /// The parts.
    pub intervals: Vec<TimeInterval>,
}

/// Alerts that `target` matches are muted while another that `source` matches fires with the same
/// values of the `equal` labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InhibitRule {
    /// The name, for people; may be empty.
    pub name: String,
    /// All must match the source.
    pub source: Vec<Matcher>,
    /// All must match the target.
    pub target: Vec<Matcher>,
    /// Labels that must have equal values; a missing one has the value "". Sorted.
    pub equal: Vec<String>,
}

/// Which labels of an alert make its group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupBy {
    /// All of them: each label set is a group of its own (`...`).
    All,
    /// These, as far as the alert has them; sorted.
    Names(Vec<String>),
}

impl GroupBy {
    /// Whether the label `name` is part of the group.
    pub fn contains(&self, name: &str) -> bool {
        match self {
            GroupBy::All => true,
            GroupBy::Names(names) => names.iter().any(|other| other == name),
        }
    }
}

/// A named list of integrations. Without any it swallows what it gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receiver {
    /// The name, unique in the file.
    pub name: Arc<str>,
    /// Labels for filters of the API; `name` is among them.
    pub labels: BTreeMap<String, String>,
    /// The webhooks, in the order of the file; the position is part of the ledger's key.
    pub webhooks: Vec<Arc<Webhook>>,
}

/// One webhook of a receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Where it goes.
    pub destination: Destination,
    /// Whether resolved alerts are sent.
    pub send_resolved: bool,
    /// How many alerts one notification may carry; 0 is no limit.
    pub max_alerts: u64,
    /// How long one attempt may take at most, if the file says so.
    pub timeout: Option<Duration>,
    /// Which receivers at the other end it shares the workers with.
    pub endpoint: Endpoint,
    /// How the other end is spoken to.
    pub http: Arc<HttpConfig>,
    /// What is sent in place of the standard body.
    pub payload: Option<Arc<Payload>>,
    /// The named templates of the configuration, for all that it renders.
    pub templates: Arc<Templates>,
}

/// Where a webhook goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// A fixed address, checked: http or https, with a host.
    Url(String),
    /// A template that yields the address.
    UrlTemplate(String),
    /// A file that holds the address; read at each attempt.
    UrlFile(PathBuf),
    /// The terminal that the daemon was started on. Only the built-in configuration has it.
    Terminal,
}

/// What the workers are shared out by: webhooks with equal endpoints wait for the same machine.
///
/// `scheme://host:port` of a fixed address, the path of the file that holds it, or [`Endpoint::TEMPLATE`]
/// and the place of the webhook in the configuration.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint(pub Arc<str>);

impl Endpoint {
    /// What the name of an endpoint begins with whose address is a template.
    pub const TEMPLATE: &str = "template:";

    /// Whether all that goes there goes to one host. What a template yields may be many.
    pub fn is_one_host(&self) -> bool {
        !self.0.starts_with(Self::TEMPLATE)
    }
}
