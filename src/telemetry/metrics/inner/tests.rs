//! Counts of the inner life on the page.

use std::time::Duration;

use super::*;
use crate::engine::Lookups;
use crate::model::Wall;
use crate::telemetry::metrics::{Labelling, Metrics};

#[track_caller]
fn check(page: &str, expected: &[&str]) {
    for line in expected {
        assert!(page.lines().any(|it| it == *line), "{line} in:\n{page}");
    }
}

fn page(metrics: &Metrics, lookups: Lookups) -> String {
    let gauges = Gauges {
        lookups,
        ..Gauges::default()
    };
    metrics.encode(&gauges, &[], Wall::UNIX_EPOCH)
}

#[test]
fn what_the_engine_looked_up_is_counted_and_never_counted_back() {
    let metrics = Metrics::new("1.2.3");
    let lookups = Lookups {
        notification_log: 7,
        notification_log_misses: 2,
        silences: 5,
        silences_scanned: 3,
        silences_skipped: 1,
    };
    let expected = [
        "alertmanager_nflog_queries_total 7",
        "alertmanager_nflog_query_errors_total 2",
        "alertmanager_silences_queries_total 5",
        "alertmanager_silences_query_silences_scanned_total 3",
        "alertmanager_silences_query_silences_skipped_total 1",
    ];
    check(&page(&metrics, lookups), &expected);
    check(&page(&metrics, Lookups::default()), &expected);
}

#[test]
fn a_batch_counts_its_alerts_and_its_time_once() {
    let metrics = Metrics::new("1.2.3");
    metrics.alerts_kept(3, Duration::from_millis(500));
    metrics.alerts_kept(0, Duration::from_millis(500));
    check(
        &page(&metrics, Lookups::default()),
        &[
            "# TYPE alertmanager_dispatcher_alert_processing_duration_seconds summary",
            "alertmanager_dispatcher_alert_processing_duration_seconds_sum 0.5",
            "alertmanager_dispatcher_alert_processing_duration_seconds_count 3",
            "alertmanager_alerts_subscriber_channel_writes_total{subscriber=\"dispatcher\"} 3",
            "alertmanager_alerts_subscriber_channel_writes_total{subscriber=\"inhibitor\"} 3",
        ],
    );
}

#[test]
fn stores_tell_of_housekeeping_and_of_snapshots_each_for_itself() {
    let metrics = Metrics::new("1.2.3");
    metrics.tidied(Duration::from_millis(250));
    metrics.snapshot_taken(Store::Nflog, Duration::from_secs(2), 1000);
    metrics.snapshot_failed(Store::Silences);
    metrics.silence_unreadable();
    check(
        &page(&metrics, Lookups::default()),
        &[
            "alertmanager_nflog_maintenance_total 1",
            "alertmanager_nflog_gc_duration_seconds_sum 0.25",
            "alertmanager_nflog_snapshot_duration_seconds_sum 2.0",
            "alertmanager_nflog_snapshot_size_bytes 1000",
            "alertmanager_nflog_maintenance_errors_total 0",
            "alertmanager_silences_maintenance_total 1",
            "alertmanager_silences_snapshot_duration_seconds_count 0",
            "alertmanager_silences_maintenance_errors_total 1",
            "alertmanager_silences_matcher_compile_errors_total{stage=\"load_snapshot\"} 1",
        ],
    );
}

#[test]
fn names_of_alerts_past_the_bound_count_as_one() {
    let labelling = Labelling {
        alert_names: Names::InLabels,
        ..Labelling::default()
    };
    let metrics = Metrics::labelled("1.2.3", labelling);
    for number in 0..limits::ALERT_NAME_SERIES + 5 {
        metrics.alert_limited(&format!("a{number}"));
    }
    metrics.alert_limited("a0");
    let page = page(&metrics, Lookups::default());
    let series = page.matches("alertmanager_alerts_limited_total{").count();
    assert_eq!(series, limits::ALERT_NAME_SERIES + 1);
    check(
        &page,
        &[
            "alertmanager_alerts_limited_total{alertname=\"a0\"} 2",
            "alertmanager_alerts_limited_total{alertname=\"__other__\"} 5",
        ],
    );
}
