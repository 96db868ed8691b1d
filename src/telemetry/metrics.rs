//! All metrics, under Alertmanager's names where they exist (§11), otherwise as `alertwheel_*`.
//!
//! Owns the registry and the mapping from events to metrics. Holds no state that decisions depend on.
//! Any thread calls the methods. They never block for long: they add to atomic numbers, behind locks that
//! are held for a lookup or for the encoding of one family. The number of series is bounded: every label
//! value is from a list known here, or `other`. Where a feature puts names from outside into labels, a
//! bounded number of names have series of their own and the rest share one series.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use prometheus_client::encoding::prometheus_text;
use prometheus_client::metrics::gauge;
use prometheus_client::registry::Registry;

use crate::engine::{FailureKind, Gauges, GroupView, Suppression};
use crate::model::{Status, Wall};

mod delivery;
mod families;
mod groups;
mod inner;
mod journal;
mod page;
mod process;
mod sources;
mod summary;

use families::{Families, Request};
pub use inner::Store;
pub use journal::{JournalFamilies, KINDS as KINDS_OF_RECORDS, RECORD_KINDS, RecordCounts};
pub use sources::{SourceCounts, SourceFamilies, SourceRefusal};

/// The media type of the page of [`Metrics::encode`]. Alertmanager answers with it whatever is asked for.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8; escaping=underscores";

/// Which names from outside are used as labels: the choices of `--enable-feature`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Labelling {
    /// Notifications are counted by receiver.
    pub receiver_names: Names,
    /// Alerts left out because of their number are counted by name.
    pub alert_names: Names,
    /// Alerts are counted by group.
    pub group_keys: Names,
}

/// Whether names are used as a label.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Names {
    /// Each name has series of its own.
    InLabels,
    /// All names share one series.
    #[default]
    LeftOut,
}

/// The value of the label `handler` for requests that no endpoint has answered.
pub const NO_HANDLER: &str = "other";

const METHODS: [&str; 7] = ["delete", "get", "head", "options", "patch", "post", "put"];

/// Kinds of threads that catch panics: the values of the label `thread`.
const THREADS: [&str; 3] = ["conn", "http", "send"];

/// All metrics of the process.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    families: Families,
    labelling: Labelling,
    /// Held while a page is encoded, so that gauges set for one page do not appear in another.
    page: Mutex<()>,
}

/// Why the HTTP server refused a connection or a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refusal {
    /// The maximum number of connections is open, and none of them was idle.
    TooManyConnections,
    /// The request line, a header or the number of headers is past the limit, or not HTTP.
    BadHead,
    /// The head is larger than the limit.
    HeadTooLarge,
    /// The body is larger than the limit.
    BodyTooLarge,
    /// The head or the body did not arrive in time.
    TooSlow,
    /// The peer did not read its response in time.
    ReaderTooSlow,
    /// The memory for request bodies is used up.
    OutOfBuffers,
    /// The maximum number of requests is being handled.
    Busy,
    /// The handling took longer than `--web.timeout` allows.
    TimedOut,
    /// The dispatcher's inbox is full.
    InboxFull,
    /// The requested change could not be written to disk.
    NotStored,
    /// The daemon holds the maximum number of alerts.
    AlertLimit,
    /// The maximum number of GETs is running.
    TooManyReads,
    /// The TLS handshake failed.
    Handshake,
    /// The password was missing or wrong.
    Unauthorized,
    /// The rate limit is used up.
    RateLimited,
    /// The request came from a page of another site, or for a host name that is not the daemon's.
    Foreign,
}

impl Refusal {
    /// Every reason, so that metrics can be created at zero.
    pub const ALL: [Refusal; 17] = [
        Refusal::TooManyConnections,
        Refusal::BadHead,
        Refusal::HeadTooLarge,
        Refusal::BodyTooLarge,
        Refusal::TooSlow,
        Refusal::ReaderTooSlow,
        Refusal::OutOfBuffers,
        Refusal::Busy,
        Refusal::TimedOut,
        Refusal::InboxFull,
        Refusal::NotStored,
        Refusal::AlertLimit,
        Refusal::TooManyReads,
        Refusal::Handshake,
        Refusal::Unauthorized,
        Refusal::RateLimited,
        Refusal::Foreign,
    ];

    /// The value of the label `reason`.
    pub fn as_str(self) -> &'static str {
        match self {
            Refusal::TooManyConnections => "tooManyConnections",
            Refusal::BadHead => "badHead",
            Refusal::HeadTooLarge => "headTooLarge",
            Refusal::BodyTooLarge => "bodyTooLarge",
            Refusal::TooSlow => "tooSlow",
            Refusal::ReaderTooSlow => "readerTooSlow",
            Refusal::OutOfBuffers => "outOfBuffers",
            Refusal::Busy => "busy",
            Refusal::TimedOut => "timedOut",
            Refusal::InboxFull => "inboxFull",
            Refusal::NotStored => "notKept",
            Refusal::AlertLimit => "alertLimit",
            Refusal::TooManyReads => "tooManyReads",
            Refusal::Handshake => "handshake",
            Refusal::Unauthorized => "unauthorized",
            Refusal::RateLimited => "rateLimited",
            Refusal::Foreign => "foreign",
        }
    }
}

/// The use of a template that failed. A failed template of a URL counts as a failed attempt instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TemplateUse {
    /// A body; the standard body was sent instead.
    Payload,
    /// A route label, which was left out.
    RouteLabel,
}

impl TemplateUse {
    /// Every use, so that metrics can be created at zero.
    pub const ALL: [TemplateUse; 2] = [TemplateUse::Payload, TemplateUse::RouteLabel];

    /// The value of the label `use`.
    pub fn as_str(self) -> &'static str {
        match self {
            TemplateUse::Payload => "payload",
            TemplateUse::RouteLabel => "routeLabel",
        }
    }
}

impl Metrics {
    /// All metrics, at zero. `version` is the daemon's own.
    pub fn new(version: &str) -> Self {
        Metrics::labelled(version, Labelling::default())
    }

    /// All metrics, at zero, with the names in labels that `labelling` chooses.
    pub fn labelled(version: &str, labelling: Labelling) -> Self {
        let mut registry = Registry::default();
        let families = Families::register(&mut registry, version, labelling);
        registry.register_collector(Box::new(process::Process));
        Metrics {
            registry,
            families,
            labelling,
            page: Mutex::default(),
        }
    }

    /// Whether a page needs the groups. Counting them is expensive, so only a feature flag asks for it.
    pub fn needs_groups(&self) -> bool {
        self.labelling.group_keys == Names::InLabels
    }

    /// Alerts were posted.
    pub fn alerts_received(&self, firing: usize, resolved: usize) {
        for (status, count) in [(Status::Firing, firing), (Status::Resolved, resolved)] {
            let labels = families::received(status);
            self.families
                .alerts_received
                .get_or_create(&labels)
                .inc_by(count as u64);
        }
    }

    /// An alert was refused.
    pub fn alert_invalid(&self) {
        self.families.alerts_invalid.inc();
    }

    /// Alerts had already ended when they were first received.
    pub fn alerts_came_ended(&self, alerts: usize) {
        self.families.alerts_came_ended.inc_by(alerts as u64);
    }

    /// Alerts were posted, firing and resolved ones. `kept` of them were kept; taking them in lasted `took`.
    pub fn alerts_taken_in(&self, [firing, resolved]: [usize; 2], kept: usize, took: Duration) {
        self.alerts_received(firing, resolved);
        self.alerts_kept(kept, took);
    }

    /// Alerts were put into their groups and passed to the inhibition rules, which lasted `took`.
    pub fn alerts_kept(&self, alerts: usize, took: Duration) {
        self.families.inner.alerts_kept(alerts, took);
    }

    /// An alert was dropped, because the maximum number of alerts with this name is firing.
    pub fn alert_limited(&self, name: &str) {
        self.families.inner.alert_limited(name);
    }

    /// Old silences and old entries of the notification log were removed, which lasted `took`.
    pub fn tidied(&self, took: Duration) {
        self.families.inner.tidied(took);
    }

    /// A snapshot of `store` with this size was written, which lasted `took`.
    pub fn snapshot_taken(&self, store: Store, took: Duration, bytes: u64) {
        self.families.inner.snapshot_taken(store, took, bytes);
    }

    /// A snapshot of `store` could not be written.
    pub fn snapshot_failed(&self, store: Store) {
        self.families.inner.snapshot_failed(store);
    }

    /// A silence read from the journal has a matcher that no longer compiles.
    pub fn silence_unreadable(&self) {
        self.families.inner.silence_unreadable();
    }

    /// Sets the maximum number of firing alerts per name; 0 is no limit.
    pub fn set_alert_limit(&self, limit: usize) {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.families.alert_limit.set(limit);
    }

    /// Alerts were left out of a notification.
    pub fn alerts_suppressed(&self, by: Suppression, alerts: usize) {
        self.families.delivery.suppressed(by, alerts);
    }

    /// The send stage ran for a webhook of this receiver.
    pub fn notification_started(&self, receiver: &Arc<str>) {
        self.families.delivery.started(receiver);
    }

    /// A flush did not deliver a webhook of this receiver.
    pub fn notification_failed(&self, receiver: &Arc<str>, kind: FailureKind) {
        self.families.delivery.failed(receiver, kind);
    }

    /// A delivery waited this long for a worker.
    pub fn delivery_waited(&self, span: Duration) {
        self.families.delivery.waited(span);
    }

    /// An attempt was made; `delivered` says how it ended.
    pub fn attempt_made(&self, receiver: &Arc<str>, took: Duration, delivered: bool) {
        let delivery = &self.families.delivery;
        delivery.attempted(receiver, took, delivered);
    }

    /// A configuration with these receivers was applied.
    pub fn receivers_loaded(&self, receivers: impl Iterator<Item = Arc<str>>) {
        self.families.delivery.begin_anew(receivers);
    }

    /// A template failed, and its notification was sent without it.
    pub fn template_failed(&self, part: TemplateUse) {
        let labels = [("use", part.as_str())];
        let failed = &self.families.delivery.templates_failed;
        failed.get_or_create(&labels).inc();
    }

    /// The HTTP server refused a connection or a request.
    pub fn refused(&self, refusal: Refusal) {
        let labels = [("reason", refusal.as_str())];
        self.families.http.refused.get_or_create(&labels).inc();
        if refusal == Refusal::TooManyReads {
            self.families.http.reads_refused.inc();
        }
    }

    /// A page outside the API was answered with this number of bytes. `handler` is the pattern of an endpoint
    /// or [`NO_HANDLER`], `method` is in lower case.
    pub fn page_answered(&self, handler: &'static str, method: &str, bytes: usize) {
        let method = one_of(&METHODS, method);
        let sizes = &self.families.http.page_size;
        let size = sizes.get_or_create(&[("handler", handler), ("method", method)]);
        size.observe(bytes as f64);
    }

    /// A request was answered. `handler` is the pattern of an endpoint or [`NO_HANDLER`], `method` is in lower
    /// case. Patterns are static texts, so clients cannot create series.
    pub fn request_answered(&self, handler: &'static str, method: &str, code: u16, took: Duration) {
        let request = Request {
            handler,
            method: one_of(&METHODS, method),
            code,
        };
        let duration = self.families.http.request_duration.get_or_create(&request);
        duration.observe(took.as_secs_f64());
    }

    /// The number of open connections changed by `change`.
    pub fn connections_changed(&self, change: i64) {
        self.families.http.connections.inc_by(change);
    }

    /// The number of GET requests in flight changed by `change`.
    pub fn reads_in_flight_changed(&self, change: i64) {
        self.families.http.reads_in_flight.inc_by(change);
    }

    /// Loading a configuration succeeded or failed. `source` is its text; `None` means that it failed.
    pub fn config_loaded(&self, source: Option<&str>, at: Wall) {
        let config = &self.families.config;
        config.last_load_successful.set(source.is_some().into());
        if let Some(source) = source {
            config.hash.set(config_hash(source));
            (config.loaded_at_seconds).set(at.as_duration().as_secs_f64());
        }
    }

    /// A configuration is in force: the last good one (`true`), or that of the file.
    pub fn config_fell_back(&self, is_last_good: bool) {
        self.families.config.is_last_good.set(is_last_good.into());
    }

    /// A flag set a limit that differs from its constant in `limits.rs`. `name` is the name of the constant
    /// in lower case; times are in seconds.
    pub fn limit_set(&self, name: &'static str, bound: f64) {
        let limit = self.families.limits.get_or_create(&[("name", name)]);
        limit.set(bound);
    }

    /// A thread of this kind (`http`, `send`, `conn`) caught a panic.
    pub fn panic_contained(&self, thread: &str) {
        let labels = [("thread", one_of(&THREADS, thread))];
        self.families.panics.get_or_create(&labels).inc();
    }

    /// The wall clock jumped.
    pub fn clock_stepped(&self) {
        self.families.clock_steps.inc();
    }

    /// A reload kept and moved groups.
    pub fn groups_reloaded(&self, kept: usize, moved: usize) {
        for (fate, groups) in [(families::KEPT, kept), (families::MOVED, moved)] {
            let counter = self.families.groups_reloaded.get_or_create(&fate);
            counter.inc_by(groups as u64);
        }
    }

    /// The metrics of the journal.
    pub fn journal(&self) -> &JournalFamilies {
        &self.families.journal
    }

    /// The metrics of sources of webhooks.
    pub fn sources(&self) -> &SourceFamilies {
        &self.families.sources
    }

    /// The page of `/metrics`, of the type [`CONTENT_TYPE`]. `groups` is the state at `at`, and empty unless
    /// [the page needs the groups](Metrics::needs_groups).
    pub fn encode(&self, gauges: &Gauges, groups: &[GroupView], at: Wall) -> String {
        // A thread that panicked with this lock left only gauges behind, which are set again here.
        let _page = self.page.lock().unwrap_or_else(PoisonError::into_inner);
        self.families.engine.set(gauges);
        self.families.inner.set(gauges);
        self.families.alerts.set(gauges, groups, at);
        let mut page = String::new();
        let encoded = prometheus_text::encode(&mut page, &self.registry);
        encoded.expect("a String takes whatever is written to it");
        page::with_summaries(&page)
    }
}

/// A gauge with a fractional value.
type Real = gauge::Gauge<f64, AtomicU64>;

/// `value` if it is in `known`, otherwise `other`, so that clients cannot create series.
fn one_of(known: &[&'static str], value: &str) -> &'static str {
    let found = known.iter().find(|known| **known == value);
    found.copied().unwrap_or("other")
}

/// The first six bytes of the text's MD5, little-endian (§1.12): a number that fits into a float.
fn config_hash(source: &str) -> i64 {
    let digest = md5::compute(source);
    let [a, b, c, d, e, f, ..] = digest.0;
    i64::from_le_bytes([a, b, c, d, e, f, 0, 0])
}

#[cfg(test)]
mod tests;
