//! Alerts by group.

use std::sync::Arc;

use super::*;
use crate::config::Receiver;
use crate::engine::{GroupedAlert, Muted};
use crate::model::{Alert, Labels};
use crate::telemetry::metrics::{Labelling, Metrics};

/// A group with one alert that something mutes, one that nothing does and one that is over.
fn group(key: &str, has_flushed: bool) -> GroupView {
    let alert = |name: &str, ends_at: &str, muted: Option<Muted>| {
        let labels = Labels::from_pairs([("alertname", name)]);
        let ends_at: Wall = ends_at.parse().expect("a timestamp");
        GroupedAlert {
            alert: Arc::new(Alert {
                fingerprint: labels.fingerprint(),
                labels,
                annotations: Labels::default(),
                starts_at: Wall::UNIX_EPOCH.into(),
                ends_at: ends_at.into(),
                updated_at: Wall::UNIX_EPOCH.into(),
                ends_by_timeout: false,
                generator_url: "".into(),
            }),
            muted: muted.map(Arc::new),
        }
    };
    GroupView {
        key: key.into(),
        has_flushed,
        labels: Labels::default(),
        receiver: Arc::new(Receiver {
            name: "team".into(),
            labels: BTreeMap::new(),
            webhooks: Vec::new(),
        }),
        alerts: vec![
            alert("a", "2026-01-02T00:00:00Z", None),
            alert("b", "2026-01-02T00:00:00Z", Some(Muted::default())),
            alert("c", "2025-12-31T00:00:00Z", None),
        ],
        muted_by: Vec::new(),
        route_labels: Arc::default(),
    }
}

fn noon() -> Wall {
    "2026-01-01T12:00:00Z".parse().expect("a timestamp")
}

fn page(groups: &[GroupView]) -> String {
    let labelling = Labelling {
        group_keys: Names::InLabels,
        ..Labelling::default()
    };
    let metrics = Metrics::labelled("1.2.3", labelling);
    assert!(metrics.needs_groups() && !Metrics::new("1.2.3").needs_groups());
    // A group that is gone by the next scrape.
    metrics.encode(&Gauges::default(), &[group("{}:{old}", true)], noon());
    metrics.encode(&Gauges::default(), groups, noon())
}

fn series(page: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = page
        .lines()
        .filter(|line| line.starts_with("alertmanager_alerts{"))
        .collect();
    lines.sort_unstable();
    lines
}

#[test]
fn each_group_counts_its_alerts_by_state() {
    let page = page(&[group("{}:{new=\"1\"}", false), group("{}:{}", true)]);
    let new = "alertmanager_alerts{group_key=\"{}:{new=\\\"1\\\"}\",state=";
    let old = "alertmanager_alerts{group_key=\"{}:{}\",state=";
    let expected = [
        format!("{new}\"active\"}} 0"),
        format!("{new}\"suppressed\"}} 0"),
        format!("{new}\"unprocessed\"}} 2"),
        format!("{old}\"active\"}} 1"),
        format!("{old}\"suppressed\"}} 1"),
        format!("{old}\"unprocessed\"}} 0"),
    ];
    assert_eq!(series(&page), expected);
}

#[test]
fn groups_past_the_bound_count_as_one_and_no_alert_is_lost() {
    let groups: Vec<GroupView> = (0..limits::GROUP_SERIES + 3)
        .map(|number| group(&format!("{{}}:{{n=\"{number:06}\"}}"), true))
        .collect();
    let page = page(&groups);
    assert_eq!(series(&page).len(), 3 * (limits::GROUP_SERIES + 1));
    for state in ["active", "suppressed"] {
        let others = format!("alertmanager_alerts{{group_key=\"other\",state=\"{state}\"}} 3");
        assert!(page.contains(&others), "{others}");
    }
}
