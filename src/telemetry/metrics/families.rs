//! The metric families of `/metrics`, in its order.
//!
//! Owns names, help texts, labels and buckets. Creates every series that can be known beforehand at zero,
//! so that rates and alerts on them work from the first scrape. The encoder appends `_total` to the names
//! of counters, so they lack it here. Any thread.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::TypedMetric;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Metric, Registry};

use super::delivery::DeliveryFamilies;
use super::groups::AlertFamily;
use super::inner::InnerFamilies;
use super::journal::JournalFamilies;
use super::sources::SourceFamilies;
use super::{Labelling, Real, Refusal, THREADS};
use crate::engine::Gauges;
use crate::limits;
use crate::model::{SilenceState, Status};

/// Labels with fixed names and values from fixed lists.
pub type Labels<const N: usize> = [(&'static str, &'static str); N];

/// Groups that a reload kept.
pub const KEPT: Labels<1> = [("fate", "kept")];

/// Groups that a reload formed again.
pub const MOVED: Labels<1> = [("fate", "moved")];

const VERSION: (&str, &str) = ("version", "v2");
const GET: Labels<1> = [("method", "get")];

const SILENCE_STATES: [SilenceState; 3] = [
    SilenceState::Active,
    SilenceState::Pending,
    SilenceState::Expired,
];

/// Upper bounds in seconds: the defaults of Prometheus's own library.
const REQUEST_BUCKETS: [f64; 11] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

/// Upper bounds in bytes, the same as Alertmanager's.
const SIZE_BUCKETS: [f64; 7] = [1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8];

/// The labels of an answered request.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Request {
    /// The route pattern.
    pub handler: &'static str,
    /// In lower case.
    pub method: &'static str,
    /// The status code of the response.
    pub code: u16,
}

/// Handles on the registered families.
#[derive(Debug)]
pub struct Families {
    pub alerts_received: Family<Labels<2>, Counter>,
    pub alerts_invalid: Counter,
    pub alerts_came_ended: Counter,
    pub alerts: AlertFamily,
    pub inner: InnerFamilies,
    pub alert_limit: Gauge,
    pub delivery: DeliveryFamilies,
    pub config: ConfigFamilies,
    pub http: HttpFamilies,
    pub engine: EngineFamilies,
    pub journal: JournalFamilies,
    pub sources: SourceFamilies,
    pub panics: Family<Labels<1>, Counter>,
    pub clock_steps: Counter,
    pub groups_reloaded: Family<Labels<1>, Counter>,
    pub limits: Family<Labels<1>, Real>,
}

/// The metrics of the HTTP server.
#[derive(Debug)]
pub struct HttpFamilies {
    pub request_duration: Family<Request, Histogram, fn() -> Histogram>,
    pub page_size: Family<Labels<2>, Histogram, fn() -> Histogram>,
    pub reads_in_flight: Gauge,
    pub reads_refused: Counter,
    pub refused: Family<Labels<1>, Counter>,
    pub connections: Gauge,
}

/// The metrics of the configuration.
#[derive(Debug)]
pub struct ConfigFamilies {
    pub hash: Gauge,
    pub last_load_successful: Gauge,
    pub loaded_at_seconds: Real,
    pub is_last_good: Gauge,
}

/// The gauges and counts that the engine reports at each scrape.
#[derive(Debug)]
pub struct EngineFamilies {
    silences: [Gauge; 3],
    silences_kept: Gauge,
    inhibition_rules: Gauge,
    stored_alerts: Gauge,
    groups: Gauge,
    notification_log_entries: Gauge,
    waiting_deliveries: Gauge,
    attempts_in_flight: Gauge,
    endpoints_down: Gauge,
    receivers: Gauge,
    integrations: Gauge,
}

/// The labels of an alert that was posted.
pub fn received(status: Status) -> Labels<2> {
    [("status", status.as_str()), VERSION]
}

impl Families {
    /// Registers every family.
    pub fn register(registry: &mut Registry, version: &str, labelling: Labelling) -> Self {
        register_constants(registry, version);
        let mut page = Page(registry);
        Families {
            alerts_received: page.family(
                "alertmanager_alerts_received",
                "Alerts that were posted, before they were checked",
                [Status::Firing, Status::Resolved].map(received),
            ),
            alerts_invalid: page.one(
                "alertmanager_alerts_invalid",
                "Alerts that were posted and refused",
                [VERSION],
            ),
            alerts_came_ended: page.put(
                "alertwheel_alerts_came_ended",
                "Alerts that had already ended when they first came, so that no notification is sent",
                Counter::default(),
            ),
            alerts: AlertFamily::register(&mut page, labelling.group_keys),
            inner: InnerFamilies::register(&mut page, labelling.alert_names),
            alert_limit: page.put(
                "alertmanager_alerts_per_alert_limit",
                "How many alerts of one name may fire; 0 is no limit",
                Gauge::default(),
            ),
            delivery: DeliveryFamilies::register(&mut page, labelling.receiver_names),
            config: ConfigFamilies::register(&mut page),
            http: HttpFamilies::register(&mut page),
            engine: EngineFamilies::register(&mut page),
            journal: JournalFamilies::register(&mut page),
            sources: SourceFamilies::register(&mut page),
            panics: page.family(
                "alertwheel_panics",
                "Panics caught, by kind of thread",
                THREADS.map(|thread| [("thread", thread)]),
            ),
            clock_steps: page.put(
                "alertwheel_clock_steps",
                "Jumps of the host's wall clock",
                Counter::default(),
            ),
            groups_reloaded: page.family(
                "alertwheel_groups_reloaded",
                "Groups at a reload, by fate: kept, or formed again",
                [KEPT, MOVED],
            ),
            limits: page.limits(),
        }
    }
}

impl HttpFamilies {
    fn register(page: &mut Page) -> Self {
        HttpFamilies {
            request_duration: page.put(
                "alertmanager_http_request_duration_seconds",
                "Time it took to answer HTTP requests",
                Family::new_with_constructor(|| Histogram::new(REQUEST_BUCKETS)),
            ),
            page_size: page.put(
                "alertmanager_http_response_size_bytes",
                "Size of the answers of pages beside the API",
                Family::new_with_constructor(|| Histogram::new(SIZE_BUCKETS)),
            ),
            reads_in_flight: page.one(
                "alertmanager_http_requests_in_flight",
                "GET requests under way",
                GET,
            ),
            reads_refused: page.one(
                "alertmanager_http_concurrency_limit_exceeded",
                "GET requests refused because too many were under way",
                GET,
            ),
            refused: page.family(
                "alertwheel_http_refused",
                "Connections and requests refused, by reason",
                Refusal::ALL.map(|refusal| [("reason", refusal.as_str())]),
            ),
            connections: page.put(
                "alertwheel_http_connections",
                "Open connections of the HTTP server",
                Gauge::default(),
            ),
        }
    }
}

impl ConfigFamilies {
    fn register(page: &mut Page) -> Self {
        ConfigFamilies {
            hash: page.put(
                "alertmanager_config_hash",
                "Hash of the configuration file in force",
                Gauge::default(),
            ),
            last_load_successful: page.put(
                "alertmanager_config_last_reload_successful",
                "Whether the last attempt to load the configuration succeeded",
                Gauge::default(),
            ),
            loaded_at_seconds: page.put(
                "alertmanager_config_last_reload_success_timestamp_seconds",
                "When a configuration was last loaded",
                Real::default(),
            ),
            is_last_good: page.put(
                "alertwheel_config_last_good",
                "1 while the last good configuration is in force because the file was wrong at the start, else 0",
                Gauge::default(),
            ),
        }
    }
}

impl EngineFamilies {
    fn register(page: &mut Page) -> Self {
        let states = SILENCE_STATES.map(|state| [("state", state.as_str())]);
        let silences: Family<Labels<1>, Gauge> =
            page.family("alertmanager_silences", "Silences by state", states);
        let mut gauge = |name, help| page.put(name, help, Gauge::default());
        EngineFamilies {
            silences: states.map(|state| silences.get_or_create_owned(&state)),
            silences_kept: gauge(
                "alertmanager_silences_state_size",
                "Silences kept, expired ones included",
            ),
            inhibition_rules: gauge("alertmanager_inhibition_rules", "Inhibition rules in force"),
            stored_alerts: gauge(
                "alertwheel_stored_alerts",
                "Alerts kept, resolved ones included",
            ),
            groups: gauge(
                "alertmanager_dispatcher_aggregation_groups",
                "Aggregation groups alive",
            ),
            notification_log_entries: gauge(
                "alertwheel_notification_log_entries",
                "Entries in the notification log",
            ),
            waiting_deliveries: gauge(
                "alertwheel_deliveries_waiting",
                "Deliveries that wait for a worker",
            ),
            attempts_in_flight: gauge(
                "alertwheel_attempts_in_flight",
                "Delivery attempts in flight",
            ),
            endpoints_down: gauge(
                "alertwheel_endpoints_down",
                "Failing endpoints, which get one request at a time",
            ),
            receivers: gauge("alertmanager_receivers", "Receivers that a route uses"),
            integrations: gauge(
                "alertmanager_integrations",
                "Integrations of the receivers that a route uses",
            ),
        }
    }

    /// Copies the engine's numbers.
    pub fn set(&self, gauges: &Gauges) {
        let [active, pending, expired] = &self.silences;
        let silences = gauges.active_silences + gauges.pending_silences + gauges.expired_silences;
        let pairs = [
            (active, gauges.active_silences),
            (pending, gauges.pending_silences),
            (expired, gauges.expired_silences),
            (&self.silences_kept, silences),
            (&self.inhibition_rules, gauges.inhibition_rules),
            (&self.stored_alerts, gauges.stored_alerts),
            (&self.groups, gauges.groups),
            (
                &self.notification_log_entries,
                gauges.notification_log_entries,
            ),
            (&self.waiting_deliveries, gauges.waiting_deliveries),
            (&self.attempts_in_flight, gauges.attempts_in_flight),
            (&self.endpoints_down, gauges.endpoints_down),
            (&self.receivers, gauges.receivers),
            (&self.integrations, gauges.webhooks),
        ];
        for (gauge, count) in pairs {
            gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
        }
    }
}

/// The registry, with the helpers that register families.
pub struct Page<'a>(&'a mut Registry);

impl Page<'_> {
    /// Registers a metric of any type.
    pub fn put<M: Metric + Clone>(&mut self, name: &str, help: &str, metric: M) -> M {
        self.0.register(name, help, metric.clone());
        metric
    }

    /// Registers a family and creates these series.
    pub fn family<const N: usize, M>(
        &mut self,
        name: &str,
        help: &str,
        series: impl IntoIterator<Item = Labels<N>>,
    ) -> Family<Labels<N>, M>
    where
        M: Metric + TypedMetric + Default + Clone,
    {
        let family: Family<Labels<N>, M> = self.put(name, help, Family::default());
        for labels in series {
            drop(family.get_or_create(&labels));
        }
        family
    }

    /// Registers a family with a single series, whose labels exist only for compatibility with Alertmanager.
    pub fn one<const N: usize, M>(&mut self, name: &str, help: &str, labels: Labels<N>) -> M
    where
        M: Metric + TypedMetric + Default + Clone,
    {
        let family: Family<Labels<N>, M> = self.family(name, help, [labels]);
        family.get_or_create_owned(&labels)
    }

    fn limits(&mut self) -> Family<Labels<1>, Real> {
        let bounds = limits();
        let family: Family<Labels<1>, Real> = self.family(
            "alertwheel_limit",
            "Limits of this process; times in seconds",
            bounds.map(|(name, _)| [("name", name)]),
        );
        for (name, bound) in bounds {
            family.get_or_create(&[("name", name)]).set(bound);
        }
        family
    }
}

/// The limits of `limits.rs` by name.
fn limits() -> [(&'static str, f64); 20] {
    [
        ("inbox", limits::INBOX as f64),
        ("events", limits::EVENTS as f64),
        ("timer_commands", limits::TIMER_COMMANDS as f64),
        ("rings_per_event", limits::RINGS_PER_EVENT as f64),
        ("batches", limits::BATCHES as f64),
        ("unwritten_records", limits::UNWRITTEN_RECORDS as f64),
        ("unwritten_bytes", limits::UNWRITTEN_BYTES as f64),
        ("workers", limits::WORKERS as f64),
        ("workers_per_endpoint", limits::WORKERS_PER_ENDPOINT as f64),
        ("alerts", limits::ALERTS as f64),
        ("alert_text_bytes", limits::ALERT_TEXT_BYTES as f64),
        ("silence_text_bytes", limits::SILENCE_TEXT_BYTES as f64),
        ("requests_handled", limits::REQUESTS_HANDLED as f64),
        ("regex_bytes", limits::REGEX_BYTES as f64),
        ("regex_steps", limits::REGEX_STEPS as f64),
        ("request_regex_bytes", limits::REQUEST_REGEX_BYTES as f64),
        ("silence_regex_bytes", limits::SILENCE_REGEX_BYTES as f64),
        ("silences_regex_bytes", limits::SILENCES_REGEX_BYTES as f64),
        ("senders_warned", limits::SENDERS_WARNED as f64),
        ("drain_seconds", limits::DRAIN.as_secs_f64()),
    ]
}

/// Registers the metrics that never change while the process runs.
fn register_constants(registry: &mut Registry, version: &str) {
    let goarch = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    let build = [
        ("branch", ""),
        ("goarch", goarch),
        ("goos", std::env::consts::OS),
        ("goversion", ""),
        ("revision", ""),
        ("tags", ""),
        ("version", version),
    ];
    registry.register(
        "alertmanager_build",
        "The build of this process; goversion is empty because it is not written in Go",
        Info::new(build.map(|(name, value)| (name, value.to_owned()))),
    );
    registry.register(
        "alertmanager_cluster_enabled",
        "Whether this is one of a cluster",
        Gauge::<i64>::default(),
    );
}
