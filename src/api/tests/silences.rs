//! Tests of posting, listing and expiring silences, and of their effect on the lists of alerts and groups.

use super::*;
use crate::engine::{GroupedAlert, Muted};
use crate::model::{Fingerprint, MatchOp, Matcher};

/// An end later than any test that reads the host's clock.
const FAR: &str = "2900-01-01T00:00:00Z";

/// A silence with its start and end in seconds from [`now`]. Its id ends in `number`.
fn silence(number: u32, begins: i64, ends: i64) -> Arc<Silence> {
    let from_now = |seconds: i64| {
        let second = now().as_second() + seconds;
        Wall::from_second(second).expect("a second near the test's")
    };
    let matcher = Matcher::new(MatchOp::Equal, "number", number.to_string());
    Arc::new(Silence {
        id: format!("00000000-0000-4000-8000-{number:012}").into(),
        matchers: [matcher.expect("a sound matcher")].into(),
        starts_at: from_now(begins),
        ends_at: from_now(ends),
        updated_at: now(),
        created_by: "me".to_owned(),
        comment: "why".to_owned(),
        annotations: Labels::default(),
    })
}

fn world(silences: &[Arc<Silence>]) -> World {
    World {
        silences: silences.to_vec(),
        ..World::default()
    }
}

/// The numbers of the silences in a list, in its order.
fn numbers(body: &str) -> Vec<u32> {
    let ids = body.split("{\"id\":\"").skip(1);
    ids.map(|rest| rest[24..36].parse().expect("an id of ours"))
        .collect()
}

fn post_silence(api: &Api, fields: &str) -> (u16, String) {
    let matchers = r#"[{"name":"a","value":"b","isRegex":false}]"#;
    let body = format!(
        r#"{{"matchers":{matchers},"createdBy":"","comment":"","startsAt":"2025-01-01","endsAt":"{FAR}"{fields}}}"#
    );
    let told = tell(api, post("/api/v2/silences", &body));
    (told.status, told.body)
}

#[test]
fn a_silence_that_is_in_is_answered_with_its_id() {
    let api = api(World::default());
    let (status, body) = post_silence(&api, "");
    assert_eq!(status, 200);
    assert_eq!(body, format!("{{\"silenceID\":\"{NEW_ID}\"}}\n"));
}

#[test]
fn what_the_engine_and_the_api_refuse_are_strings() {
    let api = api(World::default());
    let table = [
        (r#","id":"nope""#, 404, "silence not found"),
        (
            r#","matchers":[{"name":"","value":"","isRegex":false}]"#,
            400,
            r#"invalid silence: invalid label matcher 0 in set 0: invalid label name \"\""#,
        ),
        (
            r#","startsAt":"2900-01-01""#,
            400,
            "Failed to create silence: start time must be before end time",
        ),
        (
            r#","endsAt":"2025-01-02""#,
            400,
            "Failed to create silence: end time can't be in the past",
        ),
    ];
    for (fields, status, text) in table {
        let expected = (status, format!("\"{text}\"\n"));
        assert_eq!(post_silence(&api, fields), expected, "{fields}");
    }
}

#[test]
fn what_the_schema_refuses_is_told_by_the_framework() {
    let api = api(World::default());
    let told = tell(&api, post("/api/v2/silences", "{"));
    let expected = r#"{"code":400,"message":"parsing silence body from \"\" failed, because EOF while parsing an object at line 1 column 1"}"#;
    assert_eq!((told.status, told.body.as_str()), (400, expected));
    let told = tell(&api, post("/api/v2/silences", "{}"));
    let expected = r#"{"code":602,"message":"comment in body is required"}"#;
    assert_eq!((told.status, told.body.as_str()), (422, expected));
}

#[test]
fn silences_come_by_state_and_by_what_happens_next() {
    let silences = [
        silence(1, -90, -60),
        silence(2, 60, 90),
        silence(3, -60, 60),
        silence(4, -90, -30),
        silence(5, 30, 90),
        silence(6, -60, 30),
        // The end itself counts as over here, though not in muting.
        silence(7, -60, 0),
    ];
    let api = api(world(&silences));
    let table: [(&str, &[u32]); 7] = [
        ("", &[6, 3, 5, 2, 7, 4, 1]),
        ("?active=false", &[5, 2, 7, 4, 1]),
        ("?pending=false&expired=false", &[6, 3]),
        ("?active=0&pending=0&expired=0", &[]),
        ("?filter=number%3D5", &[5]),
        ("?filter=number%3D~%225%22", &[]),
        ("?filter=number%3D5&filter=number%3D2", &[]),
    ];
    for (query, expected) in table {
        let told = get(&api, &format!("/api/v2/silences{query}"));
        assert_eq!(numbers(&told.body), expected, "{query}");
    }
    let told = get(&api, "/api/v2/silences?filter=x");
    assert_eq!(
        (told.status, told.body.as_str()),
        (400, "\"bad matcher format: x\"\n")
    );
}

#[test]
fn one_silence_is_shown_and_ended_by_its_id() {
    let silence = silence(1, -60, 60);
    let api = api(world(std::slice::from_ref(&silence)));
    let known = format!("/api/v2/silence/{}", silence.id);
    let told = get(&api, &known);
    assert_eq!(told.status, 200);
    assert!(told.body.starts_with(&format!(
        "{{\"id\":\"{}\",\"status\":{{\"state\":\"active\"}}",
        silence.id
    )));
    let told = tell(&api, request("DELETE", &known));
    assert_eq!((told.status, told.body.as_str()), (200, ""));
    for method in ["GET", "DELETE"] {
        let told = tell(&api, request(method, &format!("/api/v2/silence/{NEW_ID}")));
        assert_eq!((told.status, told.body.as_str()), (404, ""), "{method}");
        assert_eq!(told.header("Content-Type"), None);
        let told = tell(&api, request(method, "/api/v2/silence/x%22y"));
        let expected =
            r#"{"code":601,"message":"silenceID in path must be of type uuid: \"x\\\"y\""}"#;
        assert_eq!(
            (told.status, told.body.as_str()),
            (422, expected),
            "{method}"
        );
    }
}

/// Four alerts: what mutes each is its label `id`.
fn muted_alerts() -> [(Arc<Alert>, Option<Arc<Muted>>); 4] {
    let mute = |silences: &[&str], alerts: &[u64]| {
        Some(Arc::new(Muted {
            silenced_by: silences.iter().map(|id| (*id).into()).collect(),
            inhibited_by: alerts.iter().copied().map(Fingerprint).collect(),
        }))
    };
    [
        (alert(&[("id", "nothing")]), None),
        (alert(&[("id", "silence")]), mute(&["s1", "s2"], &[])),
        (alert(&[("id", "alert")]), mute(&[], &[15])),
        (alert(&[("id", "both")]), mute(&["s1"], &[15])),
    ]
}

fn muted_world() -> World {
    let alerts = muted_alerts();
    let groups = [("muted", vec!["weekends".into()]), ("open", Vec::new())];
    World {
        alerts: alerts
            .iter()
            .map(|(alert, muted)| AlertView {
                muted: muted.clone(),
                ..view(Arc::clone(alert), &["default"])
            })
            .collect(),
        groups: groups
            .into_iter()
            .map(|(name, muted_by)| GroupView {
                key: "{}:{}".into(),
                has_flushed: true,
                labels: Labels::from_pairs([("group", name)]),
                receiver: receiver(name),
                alerts: alerts
                    .iter()
                    .map(|(alert, muted)| GroupedAlert {
                        alert: Arc::clone(alert),
                        muted: muted.clone(),
                    })
                    .collect(),
                muted_by,
                route_labels: Arc::default(),
            })
            .collect(),
        ..World::default()
    }
}

/// The statuses in a list by the label `id` of their alerts.
fn statuses(body: &str) -> BTreeMap<String, String> {
    let parts = body.split("\"status\":").skip(1);
    parts
        .map(|part| {
            let (status, rest) = part.split_once(",\"updatedAt\"").expect("a status");
            let (_, id) = rest.split_once("\"id\":\"").expect("an id");
            let id = id.split('"').next().expect("the end of the id");
            (id.to_owned(), status.to_owned())
        })
        .collect()
}

#[test]
fn what_mutes_an_alert_is_in_its_status() {
    let told = get(&api(muted_world()), "/api/v2/alerts");
    let statuses = statuses(&told.body);
    let table = [
        (
            "nothing",
            r#"{"inhibitedBy":[],"mutedBy":[],"silencedBy":[],"state":"active"}"#,
        ),
        (
            "silence",
            r#"{"inhibitedBy":[],"mutedBy":[],"silencedBy":["s1","s2"],"state":"suppressed"}"#,
        ),
        (
            "alert",
            r#"{"inhibitedBy":["000000000000000f"],"mutedBy":[],"silencedBy":[],"state":"suppressed"}"#,
        ),
    ];
    for (id, status) in table {
        assert_eq!(statuses[id], status);
    }
}

#[test]
fn alerts_are_chosen_by_what_mutes_them() {
    let api = api(muted_world());
    let table: [(&str, &[&str]); 6] = [
        ("active=false", &["alert", "both", "silence"]),
        ("silenced=false", &["alert", "nothing"]),
        ("inhibited=false", &["nothing", "silence"]),
        ("silenced=false&inhibited=false", &["nothing"]),
        ("active=false&silenced=false", &["alert"]),
        (
            "muted=false&unprocessed=false",
            &["alert", "both", "nothing", "silence"],
        ),
    ];
    for (query, expected) in table {
        let told = get(&api, &format!("/api/v2/alerts?{query}"));
        let found = statuses(&told.body);
        assert_eq!(found.keys().collect::<Vec<_>>(), expected, "{query}");
    }
}

#[test]
fn alerts_of_a_group_that_time_mutes_are_suppressed() {
    let api = api(muted_world());
    let told = get(&api, "/api/v2/alerts/groups?receiver=muted");
    let expected =
        r#"{"inhibitedBy":[],"mutedBy":["weekends"],"silencedBy":[],"state":"suppressed"}"#;
    assert_eq!(statuses(&told.body)["nothing"], expected);
    let told = get(&api, "/api/v2/alerts/groups?receiver=open&active=false");
    assert_eq!(statuses(&told.body).len(), 3);
}

#[test]
fn muted_groups_that_are_not_shown_are_still_receivers_of_their_alerts() {
    let told = get(&api(muted_world()), "/api/v2/alerts/groups?muted=false");
    assert_eq!(told.body.matches("\"alerts\":").count(), 1);
    let receivers = r#""receivers":[{"name":"muted"},{"name":"open"}]"#;
    assert_eq!(told.body.matches(receivers).count(), 4);
}
