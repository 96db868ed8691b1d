//! Metrics about internals, under Alertmanager's names for its own internals (§11).
//!
//! Owns these families. Where the internals differ, a family counts the nearest equivalent here: for
//! example the removal of old entries counts as maintenance of the notification log. Errors that cannot
//! happen here stay at zero, so that a ratio of errors is zero and not absent. Metrics without a
//! counterpart are left out; `tests/peer/metrics.txt` lists them. Any thread.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;

use super::Names;
use super::families::{Labels, Page};
use super::summary::Summary;
use crate::engine::Gauges;
use crate::limits;

/// The label value of all names without series of their own.
const OTHER_NAMES: &str = "__other__";

/// Alertmanager's two stores on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    /// The notification log.
    Nflog,
    /// The silences.
    Silences,
}

/// Handles on the registered families.
#[derive(Debug)]
pub struct InnerFamilies {
    handed: Family<Labels<1>, Counter>,
    processing: Summary,
    limited: Limited,
    nflog: StoreFamilies,
    silences: StoreFamilies,
    nflog_misses: Counter,
    silences_scanned: Counter,
    silences_skipped: Counter,
    silences_indexed: Gauge,
    unreadable: Family<Labels<1>, Counter>,
}

/// The metrics that both stores have.
#[derive(Debug)]
struct StoreFamilies {
    queries: Counter,
    gc: Summary,
    maintenance: Counter,
    maintenance_errors: Counter,
    snapshot: Summary,
    snapshot_bytes: Gauge,
}

/// Alerts dropped because the maximum number of alerts with their name is firing.
#[derive(Debug)]
enum Limited {
    /// One count for all names.
    All(Counter),
    /// Counts by name; the set bounds the number of series.
    ByName(
        Family<[(&'static str, String); 1], Counter>,
        Mutex<BTreeSet<String>>,
    ),
}

const SUBSCRIBERS: [&str; 2] = ["dispatcher", "inhibitor"];

const STAGES: [&str; 2] = ["index", "load_snapshot"];

impl InnerFamilies {
    /// Registers every family, with the series that are known beforehand at zero.
    pub fn register(page: &mut Page, alert_names: Names) -> Self {
        let mut zero = |name, help| page.put(name, help, Counter::default());
        let silences_scanned = zero(
            "alertmanager_silences_query_silences_scanned",
            "Silences that were tried or listed in look-ups",
        );
        let silences_skipped = zero(
            "alertmanager_silences_query_silences_skipped",
            "Silences that needed no trying in look-ups",
        );
        let nflog_misses = zero(
            "alertmanager_nflog_query_errors",
            "Look-ups of what a receiver was told that found nothing",
        );
        zero(
            "alertmanager_silences_query_errors",
            "Look-ups of silences that failed, which none does",
        );
        zero(
            "alertmanager_silences_gc_errors",
            "Times that forgetting old silences failed, which it does not",
        );
        InnerFamilies {
            handed: page.family(
                "alertmanager_alerts_subscriber_channel_writes",
                "Alerts handed to the groups and to the inhibition rules",
                SUBSCRIBERS.map(|subscriber| [("subscriber", subscriber)]),
            ),
            processing: page.put(
                "alertmanager_dispatcher_alert_processing_duration_seconds",
                "Time it took to take alerts in, counted by alert",
                Summary::default(),
            ),
            limited: Limited::register(page, alert_names),
            nflog: StoreFamilies::register(page, "nflog", "what receivers were told"),
            silences: StoreFamilies::register(page, "silences", "silences"),
            nflog_misses,
            silences_scanned,
            silences_skipped,
            silences_indexed: page.put(
                "alertmanager_silences_matcher_index_size",
                "Silences whose matchers are compiled and indexed",
                Gauge::default(),
            ),
            unreadable: page.family(
                "alertmanager_silences_matcher_compile_errors",
                "Matchers of kept silences that did not compile",
                STAGES.map(|stage| [("stage", stage)]),
            ),
        }
    }

    /// Copies the engine's numbers.
    pub fn set(&self, gauges: &Gauges) {
        let lookups = &gauges.lookups;
        for (counter, count) in [
            (&self.nflog.queries, lookups.notification_log),
            (&self.nflog_misses, lookups.notification_log_misses),
            (&self.silences.queries, lookups.silences),
            (&self.silences_scanned, lookups.silences_scanned),
            (&self.silences_skipped, lookups.silences_skipped),
        ] {
            // Scrapes can overtake one another, but a counter must not decrease.
            counter.inner().fetch_max(count, Ordering::Relaxed);
        }
        let kept = gauges.active_silences + gauges.pending_silences + gauges.expired_silences;
        let kept = i64::try_from(kept).unwrap_or(i64::MAX);
        self.silences_indexed.set(kept);
    }

    /// Alerts were put into their groups and passed to the inhibition rules.
    pub fn alerts_kept(&self, alerts: usize, took: Duration) {
        for subscriber in SUBSCRIBERS {
            let handed = self.handed.get_or_create(&[("subscriber", subscriber)]);
            handed.inc_by(alerts as u64);
        }
        if alerts > 0 {
            self.processing.observe_all(took, alerts);
        }
    }

    /// An alert of this name was dropped.
    pub fn alert_limited(&self, name: &str) {
        self.limited.count(name);
    }

    /// Old entries of both stores were removed. One pass does both, so both get the same time.
    pub fn tidied(&self, took: Duration) {
        for store in [&self.nflog, &self.silences] {
            store.maintenance.inc();
            store.gc.observe(took);
        }
    }

    /// A snapshot was written.
    pub fn snapshot_taken(&self, store: Store, took: Duration, bytes: u64) {
        let store = self.store(store);
        store.snapshot.observe(took);
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        store.snapshot_bytes.set(bytes);
    }

    /// A snapshot could not be written.
    pub fn snapshot_failed(&self, store: Store) {
        self.store(store).maintenance_errors.inc();
    }

    /// A silence read from the journal has a matcher that no longer compiles.
    pub fn silence_unreadable(&self) {
        let labels = [("stage", "load_snapshot")];
        self.unreadable.get_or_create(&labels).inc();
    }

    fn store(&self, store: Store) -> &StoreFamilies {
        match store {
            Store::Nflog => &self.nflog,
            Store::Silences => &self.silences,
        }
    }
}

impl StoreFamilies {
    fn register(page: &mut Page, store: &str, what: &str) -> Self {
        let name = |rest: &str| format!("alertmanager_{store}_{rest}");
        let mut counter = |rest, help: String| page.put(&name(rest), &help, Counter::default());
        let queries = counter("queries", format!("Look-ups of {what}"));
        let maintenance = counter(
            "maintenance",
            format!("Times that old {what} were forgotten"),
        );
        let maintenance_errors = counter(
            "maintenance_errors",
            format!("Times that {what} could not be written down"),
        );
        let mut summary = |rest, help: String| page.put(&name(rest), &help, Summary::default());
        let gc = summary(
            "gc_duration_seconds",
            format!("Time it took to forget old {what}, with all that is forgotten at once"),
        );
        let snapshot = summary(
            "snapshot_duration_seconds",
            format!("Time it took to write {what} down whole"),
        );
        StoreFamilies {
            queries,
            gc,
            maintenance,
            maintenance_errors,
            snapshot,
            snapshot_bytes: page.put(
                &name("snapshot_size_bytes"),
                &format!("Size of {what} when they were last written down whole"),
                Gauge::default(),
            ),
        }
    }
}

impl Limited {
    fn register(page: &mut Page, names: Names) -> Self {
        let (name, help) = (
            "alertmanager_alerts_limited",
            "Alerts left out because as many of their name fire as may",
        );
        match names {
            Names::LeftOut => Limited::All(page.put(name, help, Counter::default())),
            Names::InLabels => {
                Limited::ByName(page.put(name, help, Family::default()), Mutex::default())
            }
        }
    }

    fn count(&self, name: &str) {
        match self {
            Limited::All(counter) => drop(counter.inc()),
            Limited::ByName(family, known) => {
                let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
                let has_room = known.len() < limits::ALERT_NAME_SERIES;
                let is_known = known.contains(name) || has_room && known.insert(name.to_owned());
                let shown = if is_known { name } else { OTHER_NAMES };
                let labels = [("alertname", shown.to_owned())];
                family.get_or_create(&labels).inc();
            }
        }
    }
}

#[cfg(test)]
mod tests;
