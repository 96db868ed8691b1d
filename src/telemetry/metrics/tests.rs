//! The page as Prometheus reads it.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

/// Values by series, the series as it is written.
fn series(page: &str) -> BTreeMap<&str, f64> {
    let samples = page.lines().filter(|line| !line.starts_with('#'));
    let pairs: Vec<(&str, f64)> = samples
        .map(|line| {
            let (series, value) = line.rsplit_once(' ').expect("a series and its value");
            (series, value.parse().expect("a number"))
        })
        .collect();
    let all: BTreeMap<&str, f64> = pairs.iter().copied().collect();
    assert_eq!(all.len(), pairs.len(), "no series is written twice");
    all
}

fn page(metrics: &Metrics) -> String {
    metrics.encode(&Gauges::default(), &[], Wall::UNIX_EPOCH)
}

#[track_caller]
fn check(metrics: &Metrics, expected: &[(&str, f64)]) {
    let page = page(metrics);
    let all = series(&page);
    for (series, value) in expected {
        assert_eq!(all.get(series), Some(value), "{series} in:\n{page}");
    }
}

#[test]
fn every_family_that_alertmanager_and_we_promise_is_there_from_the_first_scrape() {
    let names = [
        "alertmanager_alerts{state=\"suppressed\"}",
        "alertmanager_alerts{state=\"unprocessed\"}",
        "alertmanager_alerts_invalid_total{version=\"v2\"}",
        "alertmanager_alerts_received_total{status=\"firing\",version=\"v2\"}",
        "alertmanager_alerts_received_total{status=\"resolved\",version=\"v2\"}",
        "alertmanager_cluster_enabled",
        "alertmanager_config_hash",
        "alertmanager_config_last_reload_success_timestamp_seconds",
        "alertmanager_config_last_reload_successful",
        "alertmanager_http_concurrency_limit_exceeded_total{method=\"get\"}",
        "alertmanager_http_requests_in_flight{method=\"get\"}",
        "alertmanager_notification_latency_seconds_count{integration=\"webhook\"}",
        "alertmanager_notification_requests_failed_total{integration=\"webhook\"}",
        "alertmanager_notification_requests_total{integration=\"webhook\"}",
        "alertmanager_notifications_total{integration=\"webhook\"}",
        "alertmanager_alerts_subscriber_channel_writes_total{subscriber=\"inhibitor\"}",
        "alertmanager_dispatcher_alert_processing_duration_seconds_count",
        "alertwheel_journal_bytes",
        "alertwheel_journal_files",
        "alertwheel_journal_records_written_total{kind=\"alertExtended\"}",
        "alertwheel_journal_written_bytes_total",
        "alertwheel_journal_writes_total",
        "alertwheel_journal_sync_duration_seconds_count",
        "alertwheel_journal_last_sync_timestamp_seconds",
        "alertwheel_journal_compaction_duration_seconds_count",
        "alertwheel_journal_compacted_bytes{size=\"after\"}",
        "alertwheel_journal_compactions_failed_total",
        "alertwheel_journal_trouble",
        "alertwheel_journal_unwritten_bytes",
        "alertwheel_journal_acknowledgements_failed_total",
        "alertwheel_journal_damaged_frames",
        "alertwheel_journal_torn_bytes",
        "alertwheel_journal_records_recovered{kind=\"silence\"}",
        "alertmanager_nflog_queries_total",
        "alertmanager_nflog_query_errors_total",
        "alertmanager_nflog_snapshot_size_bytes",
        "alertmanager_silences_gc_duration_seconds_count",
        "alertmanager_silences_maintenance_total",
        "alertmanager_silences_matcher_compile_errors_total{stage=\"load_snapshot\"}",
        "alertmanager_silences_query_silences_skipped_total",
        "alertwheel_clock_steps_total",
        "alertwheel_groups_reloaded_total{fate=\"kept\"}",
        "alertwheel_groups_reloaded_total{fate=\"moved\"}",
        "alertwheel_http_connections",
        "alertwheel_http_refused_total{reason=\"inboxFull\"}",
        "alertwheel_panics_total{thread=\"http\"}",
    ];
    check(&Metrics::new("1.2.3"), &names.map(|name| (name, 0.0)));
}

#[test]
fn every_reason_of_failure_and_of_refusal_is_there_at_zero() {
    let page = page(&Metrics::new("1.2.3"));
    let all = series(&page);
    for kind in FailureKind::ALL {
        let labels = format!("integration=\"webhook\",reason=\"{}\"", kind.as_str());
        let name = format!("alertmanager_notifications_failed_total{{{labels}}}");
        assert_eq!(all.get(name.as_str()), Some(&0.0), "{name}");
    }
    let of_refusals = (all.keys()).filter(|name| name.starts_with("alertwheel_http_refused_total"));
    assert_eq!(of_refusals.count(), Refusal::ALL.len());
}

#[test]
fn the_page_is_well_formed() {
    let metrics = Metrics::new("1.2.3");
    metrics.request_answered("/metrics", "get", 200, Duration::from_millis(1));
    let page = page(&metrics);
    assert!(page.ends_with('\n') && !page.contains("# EOF"));
    let mut kinds = BTreeMap::new();
    for line in page.lines() {
        if let Some((name, kind)) = (line.strip_prefix("# TYPE ")).and_then(|it| it.split_once(' '))
        {
            assert_eq!(kinds.insert(name, kind), None, "{name} is declared once");
            continue;
        }
        if line.starts_with('#') {
            continue;
        }
        let name = line.split(['{', ' ']).next().expect("a name");
        let is_declared = kinds.iter().any(|(family, kind)| {
            let suffixes: &[&str] = match *kind {
                "summary" => &["_sum", "_count"],
                "histogram" => &["_bucket", "_sum", "_count"],
                _ => &[""],
            };
            (suffixes.iter()).any(|suffix| name.strip_suffix(suffix) == Some(family))
        });
        assert!(is_declared, "{name} belongs to a family before it");
        assert!(!name.contains("_total_"), "{name}");
    }
    let help = page.lines().filter(|line| line.starts_with("# HELP "));
    assert_eq!(help.count(), kinds.len());
}

#[test]
fn the_build_is_named_as_dashboards_expect() {
    let page = page(&Metrics::new("1.2.3"));
    let build = (page.lines()).find(|line| line.starts_with("alertmanager_build_info{"));
    let build = build.expect("the build");
    assert!(build.contains("version=\"1.2.3\"") && build.ends_with("} 1"));
    for label in ["branch", "revision", "goversion", "goos", "goarch", "tags"] {
        assert!(build.contains(&format!("{label}=\"")), "{label} in {build}");
    }
}

#[test]
fn events_count_where_alertmanager_counts_them() {
    let metrics = Metrics::new("1.2.3");
    metrics.alerts_received(2, 0);
    metrics.alert_invalid();
    let team = Arc::from("team-x");
    metrics.notification_started(&team);
    metrics.attempt_made(&team, Duration::from_secs(3), false);
    metrics.attempt_made(&team, Duration::from_millis(500), true);
    metrics.notification_failed(&team, FailureKind::RateLimited);
    metrics.alerts_suppressed(Suppression::Silence, 3);
    metrics.alert_limited("a");
    metrics.groups_reloaded(7, 2);
    metrics.clock_stepped();
    check(
        &metrics,
        &[
            (
                "alertmanager_alerts_received_total{status=\"firing\",version=\"v2\"}",
                2.0,
            ),
            ("alertmanager_alerts_invalid_total{version=\"v2\"}", 1.0),
            (
                "alertmanager_notifications_suppressed_total{reason=\"silence\"}",
                3.0,
            ),
            ("alertmanager_alerts_limited_total", 1.0),
            (
                "alertmanager_notifications_total{integration=\"webhook\"}",
                1.0,
            ),
            (
                "alertmanager_notification_requests_total{integration=\"webhook\"}",
                2.0,
            ),
            (
                "alertmanager_notification_requests_failed_total{integration=\"webhook\"}",
                1.0,
            ),
            (
                "alertmanager_notification_latency_seconds_sum{integration=\"webhook\"}",
                3.5,
            ),
            (
                "alertmanager_notification_latency_seconds_bucket{integration=\"webhook\",le=\"1\"}",
                1.0,
            ),
            (
                "alertmanager_notification_latency_seconds_bucket{integration=\"webhook\",le=\"5\"}",
                2.0,
            ),
            (
                "alertmanager_notifications_failed_total{integration=\"webhook\",reason=\"rateLimited\"}",
                1.0,
            ),
            ("alertwheel_groups_reloaded_total{fate=\"kept\"}", 7.0),
            ("alertwheel_groups_reloaded_total{fate=\"moved\"}", 2.0),
            ("alertwheel_clock_steps_total", 1.0),
        ],
    );
}

#[test]
fn the_front_door_counts_requests_refusals_and_connections() {
    let metrics = Metrics::new("1.2.3");
    metrics.connections_changed(3);
    metrics.connections_changed(-1);
    metrics.reads_in_flight_changed(1);
    metrics.refused(Refusal::TooManyReads);
    metrics.panic_contained("send");
    metrics.request_answered("/api/v2/alerts", "post", 200, Duration::from_millis(20));
    let labels = "handler=\"/api/v2/alerts\",method=\"post\",code=\"200\"";
    let duration = "alertmanager_http_request_duration_seconds";
    check(
        &metrics,
        &[
            ("alertwheel_http_connections", 2.0),
            ("alertmanager_http_requests_in_flight{method=\"get\"}", 1.0),
            (
                "alertwheel_http_refused_total{reason=\"tooManyReads\"}",
                1.0,
            ),
            (
                "alertmanager_http_concurrency_limit_exceeded_total{method=\"get\"}",
                1.0,
            ),
            ("alertwheel_panics_total{thread=\"send\"}", 1.0),
            (&format!("{duration}_count{{{labels}}}"), 1.0),
            (&format!("{duration}_bucket{{{labels},le=\"0.01\"}}"), 0.0),
            (&format!("{duration}_bucket{{{labels},le=\"0.025\"}}"), 1.0),
            (&format!("{duration}_bucket{{{labels},le=\"+Inf\"}}"), 1.0),
        ],
    );
}

#[test]
fn strangers_cannot_make_up_series() {
    let metrics = Metrics::new("1.2.3");
    let names =
        |page: &str| -> BTreeSet<String> { series(page).into_keys().map(Into::into).collect() };
    metrics.request_answered(NO_HANDLER, "BREW", 404, Duration::ZERO);
    metrics.panic_contained("stranger");
    let before = names(&page(&metrics));
    for stranger in 0..1000 {
        let name = format!("stranger{stranger}");
        metrics.request_answered(NO_HANDLER, &name, 404, Duration::ZERO);
        metrics.panic_contained(&name);
    }
    assert_eq!(names(&page(&metrics)), before);
}

#[test]
fn a_load_that_fails_keeps_what_is_known_of_the_one_in_force() {
    let metrics = Metrics::new("1.2.3");
    let at: Wall = "2026-01-01T00:00:00.5Z".parse().expect("a timestamp");
    // MD5 of the text begins with 90 01 50 98 3c d2.
    let in_force = [
        (
            "alertmanager_config_hash",
            f64::from(0xd23c_u32) * 2f64.powi(32) + f64::from(0x9850_0190_u32),
        ),
        (
            "alertmanager_config_last_reload_success_timestamp_seconds",
            1_767_225_600.5,
        ),
    ];
    metrics.config_loaded(Some("abc"), at);
    check(&metrics, &in_force);
    check(
        &metrics,
        &[("alertmanager_config_last_reload_successful", 1.0)],
    );
    metrics.config_loaded(None, at + Duration::from_secs(60));
    check(&metrics, &in_force);
    check(
        &metrics,
        &[("alertmanager_config_last_reload_successful", 0.0)],
    );
}

#[test]
fn the_numbers_of_the_engine_and_its_limits_are_visible() {
    let metrics = Metrics::new("1.2.3");
    metrics.limit_set("alerts", 5000.0);
    let gauges = Gauges {
        active_alerts: 1,
        stored_alerts: 2,
        groups: 3,
        notification_log_entries: 4,
        waiting_deliveries: 5,
        attempts_in_flight: 6,
        receivers: 7,
        webhooks: 8,
        ..Gauges::default()
    };
    let page = metrics.encode(&gauges, &[], Wall::UNIX_EPOCH);
    let all = series(&page);
    for (name, value) in [
        ("alertmanager_alerts{state=\"active\"}", 1.0),
        ("alertwheel_stored_alerts", 2.0),
        ("alertmanager_dispatcher_aggregation_groups", 3.0),
        ("alertwheel_notification_log_entries", 4.0),
        ("alertwheel_deliveries_waiting", 5.0),
        ("alertwheel_attempts_in_flight", 6.0),
        ("alertmanager_receivers", 7.0),
        ("alertmanager_integrations", 8.0),
        ("alertwheel_limit{name=\"alerts\"}", 5000.0),
        (
            "alertwheel_limit{name=\"inbox\"}",
            crate::limits::INBOX as f64,
        ),
    ] {
        assert_eq!(all.get(name), Some(&value), "{name}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn the_process_tells_its_memory_files_and_start() {
    let page = page(&Metrics::new("1.2.3"));
    let all = series(&page);
    assert!(all["process_resident_memory_bytes"] > 100_000.0);
    assert!(all["process_open_fds"] >= 3.0);
    assert!(all["process_max_fds"] >= all["process_open_fds"]);
    assert!(all["process_start_time_seconds"] > 0.0);
    assert!(all["process_cpu_seconds_total"] >= 0.0);
}

#[test]
fn notifications_are_counted_by_receiver_if_that_is_wished() {
    let labelling = Labelling {
        receiver_names: Names::InLabels,
        ..Labelling::default()
    };
    let metrics = Metrics::labelled("1.2.3", labelling);
    let [old, new] = ["old", "new"].map(Arc::<str>::from);
    metrics.receivers_loaded([Arc::clone(&old)].into_iter());
    metrics.notification_started(&old);
    let series = |receiver| {
        format!(
            "alertmanager_notifications_total{{integration=\"webhook\",receiver_name=\"{receiver}\"}}"
        )
    };
    check(&metrics, &[(&series("old"), 1.0)]);
    metrics.receivers_loaded([old, new].into_iter());
    check(&metrics, &[(&series("old"), 0.0), (&series("new"), 0.0)]);
}
