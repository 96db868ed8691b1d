//! Tests of webhooks in: from a request to reports for the dispatcher and an answer for the sender.

use serde_json::{Value, json};

use super::*;
use crate::api::hooks::sns::tests::{made_up_keys, signed_body};
use crate::config;
use crate::model::ReportedChange;

/// A source of each kind that these tests need.
const SOURCES: &str = r#"
route: {receiver: default}
receivers: [{name: default}]
sources:
- name: app
  each: /items
  drop: '{{ eq .kind "test" }}'
  key: '{{ .id }}'
  status: '{{ .state }}'
  labels: {alertname: '{{ .name }}'}
- name: guarded
  labels: {alertname: '{{ .name }}'}
  auth: {bearer: open sesame}
- name: signed
  labels: {alertname: '{{ .name }}'}
  auth: {hmac: {scheme: standard-webhooks, secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw, tolerance: 100y}}
- name: pager
  protocol: pagerduty
  drop: '{{ eq .event_action "acknowledge" }}'
  key: '{{ .dedup_key }}'
  status: '{{ if eq .event_action "resolve" }}resolved{{ end }}'
  labels: {alertname: '{{ .payload.summary }}'}
  auth: {routing_key: R016}
- name: netdata
  protocol: netdata-cloud
  labels: {alertname: '{{ .alert }}'}
  auth: {challenge_secret: hush}
- name: events
  protocol: cloudevents
  labels: {alertname: '{{ .type }}'}
- name: sns
  protocol: sns
  labels: {alertname: '{{ (fromJson .Message).AlarmName }}'}
  auth: {sns: {topics: ['arn:aws:sns:us-west-2:1:alarms']}}
- type: simple
"#;

/// An API with these sources, and what they report.
fn api_of(world: World, text: &str) -> (Api, Incoming<Vec<SourceReport>>) {
    let (told, reports) = bounded(16);
    let world = World {
        reports: Some(told),
        ..world
    };
    let settings = settings();
    let loaded = config::parse("test.yml", text, ParserMode::Fallback).expect("it is sound");
    settings.sources.replace(&loaded.config.sources);
    let settings = Settings {
        signing_keys: made_up_keys(),
        ..settings
    };
    (api_with(world, settings), reports)
}

fn sources() -> (Api, Incoming<Vec<SourceReport>>) {
    api_of(World::default(), SOURCES)
}

fn with_header(mut request: Request, name: &str, value: &str) -> Request {
    request.headers.push((name.to_owned(), value.to_owned()));
    request
}

/// What was reported, one line a report.
fn lines(reports: &Incoming<Vec<SourceReport>>) -> Vec<String> {
    let all = reports.try_iter().flatten();
    let line = |report: SourceReport| {
        let key = report.key.as_deref().unwrap_or("-").to_owned();
        match report.change {
            ReportedChange::Firing { alert, ttl } => {
                let ttl = ttl.map_or(String::new(), |ttl| format!(" for {ttl:?}"));
                format!("{key} fires {:?}{ttl}", *alert.labels)
            }
            ReportedChange::Resolved { labels, .. } => format!("{key} resolves {:?}", *labels),
        }
    };
    all.map(line).collect()
}

fn json_of(told: &LogEntry) -> Value {
    serde_json::from_str(&told.body).expect("the answer is JSON")
}

#[test]
fn a_body_becomes_reports_and_the_answer_counts_them() {
    let (api, reports) = sources();
    let body = r#"{"items": [
        {"id": 1, "name": "DiskFull", "state": "firing", "kind": "a"},
        {"id": 2, "name": "", "state": "firing", "kind": "a"},
        {"id": 3, "name": "Old", "state": "ok", "kind": "a"},
        {"id": 4, "name": "Ping", "state": "firing", "kind": "test"},
        {"id": 5, "name": "Odd", "state": "perhaps", "kind": "a"}]}"#;
    // The type says nothing: what counts is the path.
    let request = with_header(request("POST", "/hooks/app"), "content-type", "text/plain");
    let told = tell(
        &api,
        Request {
            body: body.into(),
            ..request
        },
    );
    assert_eq!(told.status, 200, "{}", told.body);
    let answer = json_of(&told);
    assert_eq!(
        (&answer["alerts"], &answer["resolved"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(answer["dropped"], 1);
    let refused: Vec<&str> = answer["refused"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    assert_eq!(refused.len(), 2, "{refused:?}");
    assert!(refused[0].starts_with("element 1: "), "{refused:?}");
    assert!(refused[1].starts_with("element 4: the status is \"perhaps\""));
    assert_eq!(
        lines(&reports),
        ["1 fires {alertname=\"DiskFull\"}", "3 resolves {}"]
    );
}

#[test]
fn a_body_of_which_nothing_can_be_used_is_refused_with_the_reason() {
    let (api, reports) = sources();
    let table = [
        ("{\"items\": 1}", 400, "no list"),
        ("{", 400, "JSON"),
        ("", 400, "neither a body nor a query"),
        (
            "{\"items\": [{\"id\": 1, \"state\": \"perhaps\", \"kind\": \"\"}]}",
            422,
            "perhaps",
        ),
    ];
    for (body, status, why) in table {
        let told = tell(&api, post("/hooks/app", body));
        assert_eq!(told.status, status, "{body}: {}", told.body);
        let error = json_of(&told)["error"].as_str().map(str::to_owned);
        assert!(
            error.is_some_and(|error| error.contains(why)),
            "{}",
            told.body
        );
    }
    assert!(lines(&reports).is_empty());
    let told = tell(&api, post("/hooks/nobody", "{}"));
    assert_eq!(
        (told.status, &*told.body),
        (404, "{\"error\":\"no source is called \\\"nobody\\\"\"}\n")
    );
    let told = tell(&api, request("PATCH", "/hooks/app"));
    assert_eq!(
        (told.status, told.header("Allow")),
        (405, Some("GET, OPTIONS, POST, PUT"))
    );
    assert_eq!(
        tell(&api, post("/hooks/simple", "{}")).status,
        404,
        "it takes no webhooks"
    );
}

#[test]
fn a_sender_hears_of_a_limit_and_when_to_come_again() {
    let world = World {
        alert_limit: Some(7),
        ..World::default()
    };
    let (api, _reports) = api_of(world, SOURCES);
    let told = tell(&api, post("/alert/DiskFull", ""));
    assert_eq!((told.status, told.header("Retry-After")), (503, Some("1")));
    assert!(told.body.contains("7 alerts"), "{}", told.body);
    let metrics = get(&api, "/metrics").body;
    let refused = "alertwheel_source_refused_total{source=\"simple\",reason=\"unavailable\"} 1";
    assert!(metrics.contains(refused), "{metrics}");
}

#[test]
fn a_sender_that_proves_nothing_gets_401_without_a_hint_and_leaves_no_body() {
    let (api, reports) = sources();
    let body = r#"{"name": "DiskFull"}"#;
    let wrong = [
        post("/hooks/guarded", body),
        with_header(post("/hooks/guarded", body), "authorization", "Bearer open"),
        post("/hooks/guarded?token=open+sesame", body),
    ];
    for request in wrong {
        let told = tell(&api, request);
        assert_eq!(
            (told.status, &*told.body),
            (401, "{\"error\":\"unauthorized\"}\n")
        );
        assert_eq!(told.header("WWW-Authenticate"), None);
    }
    assert_eq!(
        get(&api, "/api/alertwheel/v1/sources/guarded/bodies").body,
        "[]\n"
    );
    let right = with_header(
        post("/hooks/guarded", body),
        "authorization",
        "Bearer open sesame",
    );
    assert_eq!(tell(&api, right).status, 200);
    assert_eq!(lines(&reports).len(), 1);
    let bodies = get(&api, "/api/alertwheel/v1/sources/guarded/bodies").body;
    assert!(
        bodies.contains("DiskFull") && !bodies.contains("sesame"),
        "{bodies}"
    );
    let metrics = get(&api, "/metrics").body;
    for expected in [
        "alertwheel_source_refused_total{source=\"guarded\",reason=\"unauthorized\"} 3",
        "alertwheel_source_requests_total{source=\"guarded\"} 4",
        "alertwheel_http_refused_total{reason=\"unauthorized\"} 3",
    ] {
        assert!(metrics.contains(expected), "{expected}: {metrics}");
    }
}

#[test]
fn a_signed_message_is_taken_in_once() {
    let (api, reports) = sources();
    let request = || {
        let request = post("/hooks/signed", r#"{"test": 2432232314}"#);
        let request = with_header(request, "webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek");
        let request = with_header(request, "webhook-timestamp", "1614265330");
        let signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        with_header(request, "webhook-signature", signature)
    };
    // The body has no name, so that the source's labels are empty and the element is refused.
    assert_eq!(tell(&api, request()).status, 422);
    assert_eq!(
        tell(&api, request()).status,
        422,
        "what was not taken in may come again"
    );
    let named = SOURCES.replace("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw, tolerance: 100y}}", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw, tolerance: 100y}}\n  annotations: {test: '{{ .test }}'}").replace("- name: signed\n  labels: {alertname: '{{ .name }}'}", "- name: signed\n  labels: {alertname: signed}");
    let loaded = config::parse("test.yml", &named, ParserMode::Fallback).expect("it is sound");
    api.settings.sources.replace(&loaded.config.sources);
    assert_eq!(tell(&api, request()).status, 200);
    api.settings.sources.replace(&loaded.config.sources);
    let told = tell(&api, request());
    assert_eq!(told.status, 409, "a reload forgets no id: {}", told.body);
    assert_eq!(lines(&reports).len(), 1);
}

#[test]
fn pagerdutys_clients_get_pagerdutys_answers() {
    let (api, reports) = sources();
    let send = |event: Value| {
        let told = tell(&api, post("/hooks/pager", &event.to_string()));
        (told.status, told.body)
    };
    let accepted = |key: &str| {
        let body =
            format!(r#"{{"status":"success","message":"Event processed","dedup_key":"{key}"}}"#);
        (202, body)
    };
    let event = json!({"routing_key": "R016", "event_action": "trigger", "dedup_key": "k1",
        "payload": {"summary": "DiskFull"}});
    assert_eq!(send(event.clone()), accepted("k1"));
    let mut acknowledged = event.clone();
    acknowledged["event_action"] = "acknowledge".into();
    assert_eq!(send(acknowledged), accepted("k1"));
    let resolve = json!({"routing_key": "R016", "event_action": "resolve", "dedup_key": "k1"});
    assert_eq!(send(resolve), accepted("k1"));
    let mut stranger = event.clone();
    stranger["routing_key"] = "R017".into();
    assert_eq!(send(stranger).0, 401);
    let (status, body) = send(json!({"routing_key": "R016", "event_action": "trigger"}));
    assert_eq!(status, 400);
    assert!(
        body.starts_with(r#"{"status":"invalid event","message":"#),
        "{body}"
    );
    assert_eq!(
        lines(&reports),
        ["k1 fires {alertname=\"DiskFull\"}", "k1 resolves {}"]
    );
}

#[test]
fn netdata_cloud_is_answered_its_challenge() {
    let (api, _reports) = sources();
    let told = get(&api, "/hooks/netdata?crc_token=abc");
    // HMAC-SHA256 of the token.
    let expected = "{\"response_token\":\"sha256=UmUQbJ7v4QC0SmGNHP805/sdzbvRIn57nvinWo2JchU=\"}\n";
    assert_eq!((told.status, told.body.as_str()), (200, expected));
    assert_eq!(
        get(&api, "/hooks/app?crc_token=abc").status,
        400,
        "it is another protocol's"
    );
}

#[test]
fn cloudevents_may_ask_before_they_post() {
    let (api, _reports) = sources();
    let ask = |path: &str| {
        let origin = "webhook-request-origin";
        tell(
            &api,
            with_header(request("OPTIONS", path), origin, "events.example"),
        )
    };
    let told = ask("/hooks/events");
    assert_eq!(
        (told.status, told.header("WebHook-Allowed-Origin")),
        (200, Some("events.example"))
    );
    assert_eq!(told.header("WebHook-Allowed-Rate"), Some("*"));
    let told = ask("/hooks/app");
    assert_eq!(
        (told.status, told.header("WebHook-Allowed-Origin")),
        (200, None)
    );
}

#[test]
fn a_subscription_of_sns_waits_for_a_person() {
    let (api, reports) = sources();
    let topic = "arn:aws:sns:us-west-2:1:alarms";
    let confirm = || {
        tell(
            &api,
            request("POST", "/api/alertwheel/v1/sources/sns/confirm"),
        )
    };
    assert_eq!(confirm().status, 404, "nothing waits yet");
    let wish = signed_body(
        "SubscriptionConfirmation",
        topic,
        "You have chosen to subscribe",
    );
    assert_eq!(tell(&api, post("/hooks/sns", &wish)).status, 200);
    let shown = json_of(&get(&api, "/api/alertwheel/v1/sources"));
    let shown = shown.as_array().expect("a list").iter();
    let waiting: Vec<&Value> = shown
        .filter_map(|source| source["confirmations"].get(0))
        .collect();
    assert_eq!(waiting[0]["topic"], topic);
    let url = waiting[0]["url"].as_str().expect("a URL");
    assert!(
        url.starts_with("https://sns.us-west-2.amazonaws.com/"),
        "{url}"
    );
    let told = confirm();
    assert_eq!(
        (told.status, json_of(&told)),
        (200, json!({"confirmed": [topic]}))
    );
    assert_eq!(confirm().status, 404, "nothing waits any more");

    let alarm = signed_body("Notification", topic, r#"{"AlarmName": "cpu"}"#);
    assert_eq!(tell(&api, post("/hooks/sns", &alarm)).status, 200);
    let forged = alarm.replace("cpu", "xpu");
    assert_eq!(tell(&api, post("/hooks/sns", &forged)).status, 403);
    let other = signed_body("Notification", "arn:aws:sns:us-west-2:6:alarms", "{}");
    assert_eq!(
        tell(&api, post("/hooks/sns", &other)).status,
        403,
        "another topic"
    );
    assert_eq!(tell(&api, post("/hooks/sns", "{}")).status, 400);
    assert_eq!(lines(&reports), ["- fires {alertname=\"cpu\"}"]);
}

#[test]
fn an_alert_takes_one_line() {
    let (api, reports) = sources();
    let form = |target: &str, body: &str| {
        let form = "application/x-www-form-urlencoded";
        let request = with_header(request("POST", target), "content-type", form);
        tell(
            &api,
            Request {
                body: body.into(),
                ..request
            },
        )
        .status
    };
    assert_eq!(
        form("/alert/DiskFull?host=web1&severity=page&for=10m", ""),
        200
    );
    assert_eq!(
        form("/alert/DiskFull", "host=web2&key=k&summary=It+is+full"),
        200
    );
    assert_eq!(form("/alert/DiskFull?host=web3", "the disk is full"), 200);
    assert_eq!(
        tell(&api, post("/alert/DiskFull", r#"{"host": "web4"}"#)).status,
        200
    );
    assert_eq!(form("/resolve/DiskFull?key=k", ""), 200);
    assert_eq!(
        tell(&api, request("DELETE", "/alert/DiskFull?host=web1")).status,
        200
    );
    assert_eq!(form("/alert/DiskFull?for=soon", ""), 422);
    assert_eq!(
        lines(&reports),
        [
            "- fires {alertname=\"DiskFull\", host=\"web1\", severity=\"page\"} for 600s",
            "k fires {alertname=\"DiskFull\", host=\"web2\"}",
            "- fires {alertname=\"DiskFull\", host=\"web3\"}",
            "- fires {alertname=\"DiskFull\", host=\"web4\"}",
            "k resolves {alertname=\"DiskFull\"}",
            "- resolves {alertname=\"DiskFull\", host=\"web1\"}",
        ]
    );
}

#[test]
fn alerts_in_one_line_are_off_without_a_simple_source() {
    let (api, _reports) = api_of(
        World::default(),
        "route: {receiver: a}\nreceivers: [{name: a}]\n",
    );
    for (method, path) in [
        ("POST", "/alert/a"),
        ("DELETE", "/alert/a"),
        ("POST", "/resolve/a"),
    ] {
        let told = tell(&api, request(method, path));
        assert_eq!(told.status, 404, "{method} {path}");
        assert!(told.body.contains("type simple"), "{}", told.body);
    }
}

#[test]
fn a_heartbeat_is_pinged_by_any_method() {
    let (api, _reports) = sources();
    for method in ["GET", "POST", "PUT"] {
        for path in ["/heartbeat/backup", "/heartbeat/backup/fail"] {
            let told = tell(&api, request(method, path));
            assert_eq!((told.status, &*told.body), (200, "OK\n"), "{method} {path}");
        }
    }
    assert_eq!(get(&api, "/heartbeat/nobody").status, 404);
    assert_eq!(
        tell(&api, request("DELETE", "/heartbeat/backup")).status,
        405
    );
}

#[test]
fn a_page_of_another_site_brings_nothing_by_a_get_either() {
    let api = api_with(
        World::default(),
        Settings {
            origins: Origins::new(Pages::Own, "http://box:9093", []),
            ..settings()
        },
    );
    let evil = |path: &str| {
        let request = with_header(request("GET", path), "host", "box:9093");
        with_header(request, "origin", "http://evil.example")
    };
    assert_eq!(tell(&api, evil("/heartbeat/backup")).status, 403);
    assert_eq!(tell(&api, evil("/hooks/app?name=x")).status, 403);
    let told = tell(&api, evil("/api/alertwheel/v1/sources"));
    assert_eq!(
        (told.status, told.header("Access-Control-Allow-Origin")),
        (200, None)
    );
}

#[test]
fn the_last_bodies_show_what_became_of_them() {
    let (api, _reports) = sources();
    let good = r#"{"items": [{"id": 7, "name": "DiskFull", "state": "firing", "kind": ""}]}"#;
    tell(&api, post("/hooks/app?page=1", good));
    tell(&api, post("/hooks/app", "{"));
    let bodies = json_of(&get(&api, "/api/alertwheel/v1/sources/app/bodies"));
    let newest = &bodies[0];
    assert_eq!(
        (&newest["status"], &newest["body"]),
        (&json!(400), &json!("{"))
    );
    assert!(
        newest["error"]
            .as_str()
            .is_some_and(|error| error.contains("JSON"))
    );
    let oldest = &bodies[1];
    assert_eq!(
        (&oldest["query"], &oldest["body"]),
        (&json!("page=1"), &json!(good))
    );
    assert_eq!(oldest["alerts"], 1);
    let report = json!({"status": "firing", "key": "7", "labels": {"alertname": "DiskFull"}});
    assert_eq!(oldest["reports"], json!([report]));

    let sources = json_of(&get(&api, "/api/alertwheel/v1/sources"));
    let app = &sources[0];
    assert_eq!(
        (&app["name"], &app["path"]),
        (&json!("app"), &json!("/hooks/app"))
    );
    assert_eq!(
        (&app["requests"], &app["alerts"], &app["refused"]),
        (&json!(2), &json!(1), &json!(1))
    );
    assert!(
        app["fault"]["text"]
            .as_str()
            .is_some_and(|text| text.contains("JSON"))
    );
    assert_eq!(
        get(&api, "/api/alertwheel/v1/sources/nobody/bodies").status,
        404
    );
}

#[test]
fn sources_come_and_go_with_a_reload() {
    let (api, _reports) = sources();
    tell(&api, post("/alert/DiskFull", ""));
    let only = "route: {receiver: a}\nreceivers: [{name: a}]\nsources: [{type: simple}]\n";
    let loaded = config::parse("test.yml", only, ParserMode::Fallback).expect("it is sound");
    api.settings.sources.replace(&loaded.config.sources);
    assert_eq!(tell(&api, post("/hooks/app", "{}")).status, 404);
    let sources = json_of(&get(&api, "/api/alertwheel/v1/sources"));
    let names: Vec<&Value> = sources
        .as_array()
        .expect("a list")
        .iter()
        .map(|source| &source["name"])
        .collect();
    assert_eq!(names, ["simple"]);
    assert_eq!(sources[0]["requests"], 1, "what is known of it stays");
    let metrics = get(&api, "/metrics").body;
    assert!(!metrics.contains("source=\"app\"") && metrics.contains("source=\"simple\""));
}
