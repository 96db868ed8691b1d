//! Tests of bodies against those of Alertmanager 0.33, one of which was recorded from it.

use std::sync::Arc;

use super::*;
use crate::engine::Reason;
use crate::model::{Alert, Wall};

type Pairs<'a> = &'a [(&'a str, &'a str)];

const EXTERNAL_URL: &str = "http://alerts.example:9093";

fn told(labels: Pairs<'_>, annotations: Pairs<'_>, status: Status) -> NotifiedAlert {
    let labels = Labels::from_pairs(labels.iter().copied());
    let at = |text: &str| text.parse::<Wall>().expect("a timestamp").into();
    let alert = Alert {
        fingerprint: labels.fingerprint(),
        labels,
        annotations: Labels::from_pairs(annotations.iter().copied()),
        starts_at: at("2026-01-01T00:00:00.1234567Z"),
        ends_at: at("2026-01-01T00:05:00Z"),
        updated_at: at("2026-01-01T00:00:01Z"),
        ends_by_timeout: false,
        generator_url: "http://prometheus/graph?a=1&b=2".into(),
    };
    NotifiedAlert {
        alert: Arc::new(alert),
        status,
    }
}

fn notification(alerts: Vec<NotifiedAlert>) -> Notification {
    Notification {
        receiver: "team.a".into(),
        webhook_index: 0,
        reason: Reason::FirstNotification,
        group_key: "{}:{alertname=\"HighLoad\"}".into(),
        group_labels: Labels::from_pairs([("alertname", "HighLoad")]),
        route_labels: Arc::default(),
        alerts,
        truncated_alerts: 0,
    }
}

fn rendered(notification: &Notification) -> String {
    let body = render(&Standard {
        notification,
        external_url: EXTERNAL_URL,
        route_labels: &Labels::default(),
        template_error: None,
    });
    String::from_utf8(body).expect("JSON is UTF-8")
}

fn field(notification: &Notification, name: &str) -> serde_json::Value {
    let body: serde_json::Value = serde_json::from_str(&rendered(notification)).expect("JSON");
    body[name].clone()
}

#[test]
fn a_body_equals_alertmanagers_byte_for_byte() {
    let mut notification = notification(vec![
        told(
            &[("alertname", "HighLoad"), ("instance", "a<1>")],
            &[("summary", "50 % & \"rising\"\n\u{2028}\u{8}\u{7f}\u{1}é")],
            Status::Firing,
        ),
        told(
            &[("alertname", "HighLoad"), ("instance", "b")],
            &[],
            Status::Resolved,
        ),
    ]);
    notification.truncated_alerts = 3;
    let expected = concat!(
        r#"{"receiver":"team\\.a","status":"firing","alerts":["#,
        r#"{"status":"firing","labels":{"alertname":"HighLoad","instance":"a\u003c1\u003e"},"#,
        r#""annotations":{"summary":"50 % \u0026 \"rising\"\n\u2028\b"#,
        "\u{7f}",
        r#"\u0001é"},"#,
        r#""startsAt":"2026-01-01T00:00:00.1234567Z","endsAt":"0001-01-01T00:00:00Z","#,
        r#""generatorURL":"http://prometheus/graph?a=1\u0026b=2","fingerprint":"1dfaa166070fd97b"},"#,
        r#"{"status":"resolved","labels":{"alertname":"HighLoad","instance":"b"},"annotations":{},"#,
        r#""startsAt":"2026-01-01T00:00:00.1234567Z","endsAt":"2026-01-01T00:05:00Z","#,
        r#""generatorURL":"http://prometheus/graph?a=1\u0026b=2","fingerprint":"99d5da85582ace63"}],"#,
        r#""notification_reason":"first notification","groupLabels":{"alertname":"HighLoad"},"#,
        r#""commonLabels":{"alertname":"HighLoad"},"commonAnnotations":{},"#,
        r#""externalURL":"http://alerts.example:9093","version":"4","#,
        r#""groupKey":"{}:{alertname=\"HighLoad\"}","truncatedAlerts":3}"#,
        "\n",
    );
    assert_eq!(rendered(&notification), expected);
}

#[test]
fn a_notification_is_resolved_once_nothing_in_it_fires() {
    let labels: Pairs<'_> = &[("alertname", "A")];
    let resolved = told(labels, &[], Status::Resolved);
    let firing = told(labels, &[], Status::Firing);
    assert_eq!(
        field(&notification(vec![resolved.clone()]), "status"),
        "resolved"
    );
    assert_eq!(
        field(&notification(vec![resolved, firing]), "status"),
        "firing"
    );
}

#[test]
fn common_pairs_are_those_of_the_first_alert_that_all_share() {
    let notification = notification(vec![
        told(
            &[("alertname", "A"), ("job", "x"), ("zone", "1")],
            &[("note", ""), ("runbook", "r")],
            Status::Firing,
        ),
        told(
            &[("alertname", "A"), ("job", "x"), ("zone", "2")],
            &[("runbook", "r"), ("summary", "s")],
            Status::Firing,
        ),
    ]);
    let labels = serde_json::json!({"alertname": "A", "job": "x"});
    assert_eq!(field(&notification, "commonLabels"), labels);
    let annotations = serde_json::json!({"note": "", "runbook": "r"});
    assert_eq!(field(&notification, "commonAnnotations"), annotations);
}

#[test]
fn names_with_special_characters_are_quoted_as_patterns() {
    assert_eq!(
        quote_for_regex(r"a.b+c*d?(e)|[f]{g}^$\-é"),
        r"a\.b\+c\*d\?\(e\)\|\[f\]\{g\}\^\$\\-é"
    );
}

#[test]
fn rendered_route_labels_and_the_fault_of_a_template_are_told() {
    let notification = notification(Vec::new());
    let body = render(&Standard {
        notification: &notification,
        external_url: EXTERNAL_URL,
        route_labels: &Labels::from_pairs([("team", "a")]),
        template_error: Some("it failed"),
    });
    let body = String::from_utf8(body).expect("JSON is UTF-8");
    assert!(body.contains(r#""routeLabels":{"team":"a"},"#), "{body}");
    assert!(
        body.ends_with(",\"templateError\":\"it failed\"}\n"),
        "{body}"
    );
}
