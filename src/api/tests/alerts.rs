//! Tests of posting alerts, and of listing alerts, groups and receivers.

use super::*;
use crate::engine::GroupedAlert;

/// The labels `id` of the alerts in an answer, in their order.
fn ids(body: &str) -> Vec<&str> {
    body.split("\"id\":\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap_or(""))
        .collect()
}

fn group(labels: &[(&str, &str)], receiver_name: &str, alerts: &[&Arc<Alert>]) -> GroupView {
    GroupView {
        key: "{}:{}".into(),
        has_flushed: true,
        labels: Labels::from_pairs(labels.iter().copied()),
        receiver: receiver(receiver_name),
        alerts: alerts.iter().map(|alert| grouped(alert)).collect(),
        muted_by: Vec::new(),
        route_labels: Arc::default(),
    }
}

fn grouped(alert: &Arc<Alert>) -> GroupedAlert {
    GroupedAlert {
        alert: Arc::clone(alert),
        muted: None,
    }
}

#[test]
fn a_batch_that_is_in_gets_an_empty_answer() {
    let api = api(World::default());
    for body in [r#"[{"labels":{"a":"b"}}]"#, "[]", "null"] {
        let told = tell(&api, post_alerts(body));
        assert_eq!((told.status, told.body.as_str()), (200, ""), "{body}");
        assert_eq!(told.header("Content-Type"), None);
    }
}

#[test]
fn every_invalid_alert_of_a_batch_is_told_in_one_string() {
    let told = tell(
        &api(World::default()),
        post_alerts(r#"[{"labels":{}},{"labels":{"a":"b"}},{"labels":{"":"x"}}]"#),
    );
    assert_eq!(told.status, 400);
    assert_eq!(
        told.body,
        "\"at least one label pair required\\ninvalid label set: invalid name \\\"\\\"\"\n"
    );
}

#[test]
fn a_malformed_batch_is_told_by_the_framework() {
    let told = tell(&api(World::default()), post_alerts("[{"));
    assert_eq!(told.status, 400);
    assert_eq!(
        told.body,
        r#"{"code":400,"message":"parsing alerts body from \"\" failed, because EOF while parsing an object at line 1 column 2"}"#
    );
}

#[test]
fn alerts_come_by_fingerprint_with_their_receivers_in_route_order() {
    let one = alert(&[("alertname", "A"), ("f", "1"), ("foo", "bar")]);
    let two = alert(&[("alertname", "A"), ("f", "1")]);
    let api = api(World {
        alerts: vec![view(one, &["x", "default", "x"]), view(two, &["default"])],
        ..World::default()
    });
    let told = get(&api, "/api/v2/alerts");
    let expected = concat!(
        r#"[{"annotations":{},"endsAt":"2026-01-01T00:05:00.000Z","fingerprint":"3890ff521d100e30","#,
        r#""receivers":[{"name":"default"}],"startsAt":"2026-01-01T00:00:00.000Z","#,
        r#""status":{"inhibitedBy":[],"mutedBy":[],"silencedBy":[],"state":"active"},"#,
        r#""updatedAt":"2026-01-01T00:00:00.000Z","labels":{"alertname":"A","f":"1"}},"#,
        r#"{"annotations":{},"endsAt":"2026-01-01T00:05:00.000Z","fingerprint":"be3c5432723b450f","#,
        r#""receivers":[{"name":"x"},{"name":"default"},{"name":"x"}],"#,
        r#""startsAt":"2026-01-01T00:00:00.000Z","#,
        r#""status":{"inhibitedBy":[],"mutedBy":[],"silencedBy":[],"state":"active"},"#,
        r#""updatedAt":"2026-01-01T00:00:00.000Z","labels":{"alertname":"A","f":"1","foo":"bar"}}]"#,
        "\n"
    );
    assert_eq!(told.body, expected);
    assert!(!told.was_streamed);
}

#[test]
fn nothing_is_an_empty_array() {
    let api = api(World::default());
    for target in [
        "/api/v2/alerts",
        "/api/v2/alerts/groups",
        "/api/v2/receivers",
    ] {
        assert_eq!(get(&api, target).body, "[]\n", "{target}");
    }
}

#[test]
fn filters_leave_alerts_out() {
    let api = api(World {
        alerts: vec![
            view(alert(&[("id", "1"), ("team", "x")]), &["default"]),
            view(alert(&[("id", "2")]), &["team-x"]),
        ],
        ..World::default()
    });
    let table: [(&str, &[&str]); 9] = [
        ("filter=team%3D%22x%22", &["1"]),
        ("filter=team%3D%22%22", &["2"]),
        ("filter=id%3D~%221%7C2%22&filter=team!%3Dx", &["2"]),
        ("receiver=team-.*", &["2"]),
        ("receiver=team", &[]),
        ("receiver_matchers=name%3Ddefault", &["1"]),
        ("active=false", &[]),
        (
            "silenced=false&inhibited=0&unprocessed=no&muted=off",
            &["2", "1"],
        ),
        ("filter=%zz", &["2", "1"]),
    ];
    for (query, expected) in table {
        let told = get(&api, &format!("/api/v2/alerts?{query}"));
        let mut found = ids(&told.body);
        let mut expected = expected.to_vec();
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected, "{query}");
    }
    let told = get(&api, "/api/v2/alerts?filter=foo");
    assert_eq!(
        (told.status, told.body.as_str()),
        (400, "\"bad matcher format: foo\"\n")
    );
}

#[test]
fn an_alert_is_hidden_once_its_end_has_passed() {
    let ending = |id: &str, ends_at: Wall| {
        let alert = alert(&[("id", id)]);
        view(
            Arc::new(Alert {
                ends_at: ends_at.into(),
                ..(*alert).clone()
            }),
            &["default"],
        )
    };
    let api = api(World {
        alerts: vec![
            ending("ended", now() - Duration::from_nanos(1)),
            ending("ending", now()),
        ],
        ..World::default()
    });
    assert_eq!(ids(&get(&api, "/api/v2/alerts").body), ["ending"]);
}

#[test]
fn a_long_list_is_streamed_and_whole() {
    let alerts: Vec<AlertView> = (0..1000)
        .map(|id| view(alert(&[("id", &id.to_string())]), &["default"]))
        .collect();
    let groups = vec![group(
        &[],
        "default",
        &alerts.iter().map(|view| &view.alert).collect::<Vec<_>>(),
    )];
    let api = api(World {
        alerts,
        groups,
        ..World::default()
    });
    for target in ["/api/v2/alerts", "/api/v2/alerts/groups"] {
        let told = get(&api, target);
        assert!(told.was_streamed, "{target}");
        assert_eq!(ids(&told.body).len(), 1000, "{target}");
        let parsed: serde_json::Value = serde_json::from_str(&told.body).expect("JSON");
        assert!(parsed.is_array());
    }
}

#[test]
fn groups_come_by_labels_then_receiver_and_list_all_receivers_of_an_alert() {
    let one = alert(&[("alertname", "A"), ("id", "1")]);
    let two = alert(&[("alertname", "A"), ("id", "2"), ("job", "j")]);
    let api = api(World {
        groups: vec![
            group(&[("alertname", "A")], "x", &[&one]),
            group(&[("alertname", "A")], "default", &[&one, &two]),
            group(&[], "x", &[&one]),
        ],
        ..World::default()
    });
    let told = get(&api, "/api/v2/alerts/groups");
    assert_eq!(ids(&told.body), ["1", "2", "1", "1"]);
    let receivers = r#""receivers":[{"name":"default"},{"name":"x"},{"name":"x"}]"#;
    assert_eq!(told.body.matches(receivers).count(), 3);
    let ends: Vec<&str> = told
        .body
        .split("],\"labels\":")
        .skip(1)
        .map(|rest| rest.split_once("}}").map_or(rest, |(end, _)| end))
        .collect();
    assert_eq!(
        ends,
        [
            r#"{},"receiver":{"name":"x""#,
            r#"{"alertname":"A"},"receiver":{"name":"default""#,
            r#"{"alertname":"A"},"receiver":{"name":"x""#,
        ]
    );
}

#[test]
fn receivers_of_hidden_groups_are_not_listed_and_empty_groups_are_not_shown() {
    let one = alert(&[("id", "1")]);
    let two = alert(&[("id", "2")]);
    let api = api(World {
        groups: vec![
            group(&[], "default", &[&one]),
            group(&[], "x", &[&one]),
            group(&[("a", "b")], "x", &[&two]),
        ],
        ..World::default()
    });
    let told = get(&api, "/api/v2/alerts/groups?receiver=x&filter=id%3D1");
    assert_eq!(ids(&told.body), ["1"]);
    assert!(told.body.contains(r#""receivers":[{"name":"x"}]"#));
    assert_eq!(told.body.matches("\"alerts\":").count(), 1);
    for query in [
        "active=false",
        "receiver=other",
        "receiver_matchers=name%3Dother",
    ] {
        let told = get(&api, &format!("/api/v2/alerts/groups?{query}"));
        assert_eq!(told.body, "[]\n", "{query}");
    }
}

#[test]
fn receivers_come_in_the_order_of_the_configuration() {
    let api = api(World {
        receivers: vec![receiver("team-x"), receiver("default")],
        ..World::default()
    });
    let team = r#"{"labels":{"name":"team-x"},"name":"team-x"}"#;
    let default = r#"{"labels":{"name":"default"},"name":"default"}"#;
    let told = get(&api, "/api/v2/receivers");
    assert_eq!(told.body, format!("[{team},{default}]\n"));
    let told = get(&api, "/api/v2/receivers?receiver_matchers=name%3Ddefault");
    assert_eq!(told.body, format!("[{default}]\n"));
    let told = get(&api, "/api/v2/receivers?receiver_matchers=owner");
    assert_eq!(told.status, 400);
    assert_eq!(
        told.body,
        "\"failed to parse receiver_matchers param: bad matcher format: owner\"\n"
    );
}
