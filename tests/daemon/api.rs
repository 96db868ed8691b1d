//! Tests of the API over the network, and of the metrics that count its requests and refusals.

use std::time::Duration;

use serde_json::{Value, json};

use crate::client::{Client, get, post};
use crate::process::{Daemon, Setup};
use crate::receiver::Receiver;
use crate::samples::{firing, over, told_soon};
use crate::scrape::Scrape;
use crate::time::{wait_for, wait_until, wall};

const ALERTS: &str = "/api/v2/alerts";

/// The instances of the alerts in an answer, in its order.
fn instances(alerts: &Value) -> Vec<String> {
    let alerts = alerts.as_array().expect("a list");
    let instances = alerts
        .iter()
        .map(|alert| alert["labels"]["instance"].as_str());
    let mut instances: Vec<_> = instances
        .map(|text| text.unwrap_or("-").to_owned())
        .collect();
    instances.sort();
    instances
}

/// Alerts of a sender whose clock is behind: they began a quarter of an hour ago and seem to have ended
/// since.
fn from_behind(count: usize) -> Value {
    let ago = |minutes: u64| (wall() - Duration::from_secs(60 * minutes)).to_string();
    let alerts = (0..count).map(|number| {
        let mut alert = firing("Slow clock", &number.to_string());
        alert["startsAt"] = json!(ago(15));
        alert["endsAt"] = json!(ago(6));
        alert
    });
    alerts.collect()
}

#[test]
fn alerts_that_had_ended_when_they_first_came_are_counted_and_their_sender_is_named_once() {
    let receiver = Receiver::healthy();
    let daemon = Setup::with_config(&told_soon(&receiver)).start();
    for count in [1, 4] {
        let batch = from_behind(count).to_string();
        let reply = daemon.connect().post(ALERTS, batch.as_bytes());
        assert_eq!(reply.status, 200);
    }
    daemon.post(&[firing("Disk", "on time"), over(firing("Disk", "on time"))]);
    let counted = daemon.scrape().value("alertwheel_alerts_came_ended_total");
    assert_eq!(counted, 4.0, "the first of them came twice");
    let line = "sender=127.0.0.1 alerts=1 alertname=\"Slow clock\" ended_ago=6m";
    wait_until("it is logged", || daemon.log().contains(line));
    let ended = daemon.stop();
    assert_eq!(ended.log.matches("the sender's clock is behind").count(), 1);
}

#[test]
fn the_sound_alerts_of_a_batch_are_kept_and_the_others_named() {
    let receiver = Receiver::healthy();
    let daemon = Setup::with_config(&told_soon(&receiver)).start();
    let before = daemon.scrape();
    let batch = json!([
        {"labels": {"alertname": "Disk", "instance": "sound"}},
        {"labels": {"alertname": ""}},
        {"labels": {"alertname": "Disk", "instance": "backwards"},
         "startsAt": "2026-01-02T00:00:00Z", "endsAt": "2026-01-01T00:00:00Z"},
    ]);
    let reply = daemon.connect().post(ALERTS, batch.to_string().as_bytes());
    assert_eq!(reply.status, 400);
    let text = reply.json();
    let reasons: Vec<&str> = text.as_str().expect("a string").lines().collect();
    assert_eq!(
        reasons,
        [
            "at least one label pair required",
            "start time must be before end time"
        ]
    );
    assert_eq!(
        receiver.next().summary(),
        "first notification: sound=firing"
    );
    assert_eq!(instances(&daemon.get(ALERTS).json()), ["sound"]);

    let after = daemon.scrape();
    let grew = |name: &str| after.growth(name, &before);
    let received = "alertmanager_alerts_received_total{status=\"firing\",version=\"v2\"}";
    assert_eq!(grew(received), 2.0);
    assert_eq!(
        grew("alertmanager_alerts_invalid_total{version=\"v2\"}"),
        2.0
    );
    assert_eq!(
        grew("alertmanager_notifications_total{integration=\"webhook\"}"),
        1.0
    );
    assert_eq!(grew("alertmanager_alerts{state=\"active\"}"), 1.0);
    assert_eq!(grew("alertmanager_dispatcher_aggregation_groups"), 1.0);
    let posts = "alertmanager_http_request_duration_seconds_count\
                 {handler=\"/api/v2/alerts\",method=\"post\",code=\"400\"}";
    assert_eq!(grew(posts), 1.0);
}

#[test]
fn alerts_and_groups_are_found_by_filters() {
    let receiver = Receiver::healthy();
    let daemon = Setup::with_config(&told_soon(&receiver)).start();
    let gone = firing("Disk", "gone");
    daemon.post(&[
        firing("Disk", "a"),
        firing("Disk", "b"),
        firing("Load", "c"),
        gone.clone(),
    ]);
    daemon.post(&[over(gone)]);
    let table: [(&str, &[&str]); 7] = [
        ("", &["a", "b", "c"]),
        ("?filter=alertname%3D%22Disk%22", &["a", "b"]),
        ("?filter=alertname=Disk&filter=instance!=a", &["b"]),
        ("?filter=instance=~%22a%7Cc%22", &["a", "c"]),
        ("?receiver=te.m", &["a", "b", "c"]),
        ("?receiver=te", &[]),
        ("?active=false", &[]),
    ];
    for (query, expected) in table {
        let alerts = daemon.get(&format!("{ALERTS}{query}")).json();
        assert_eq!(instances(&alerts), expected, "{query}");
    }
    let groups = daemon
        .get("/api/v2/alerts/groups?filter=alertname=Load")
        .json();
    assert_eq!(groups.as_array().map(Vec::len), Some(1));
    assert_eq!(groups[0]["labels"], json!({"alertname": "Load"}));
    assert_eq!(groups[0]["receiver"], json!({"name": "team"}));
    assert_eq!(instances(&groups[0]["alerts"]), ["c"]);
    assert_eq!(daemon.get("/api/v2/alerts?filter=%7B%7D%7B").status, 400);
}

#[test]
fn one_connection_serves_many_requests() {
    let daemon = Setup::bare().start();
    let mut client = daemon.connect();
    for number in 0..50 {
        let alert = firing("Disk", &number.to_string());
        assert_eq!(client.post_alerts(&[alert]).status, 200);
        let alerts = client.get(ALERTS).json();
        assert_eq!(alerts.as_array().map(Vec::len), Some(number + 1));
    }
    assert_eq!(daemon.scrape().value("alertwheel_http_connections"), 2.0);
}

#[test]
fn a_daemon_that_is_full_says_so_and_when_to_come_back() {
    let daemon = Setup::bare().argument("--alerts.max=10").start();
    let alerts: Vec<Value> = (0..10).map(|n| firing("Disk", &n.to_string())).collect();
    daemon.post(&alerts);
    let reply = daemon.connect().post_alerts(&[firing("Disk", "one-more")]);
    assert_eq!(reply.status, 503);
    assert_eq!(reply.header("retry-after"), Some("1"));
    assert!(reply.text().contains("10 alerts"), "{}", reply.text());
    daemon.post(&alerts[..3]);
    assert_eq!(daemon.get(ALERTS).json().as_array().map(Vec::len), Some(10));
    let scrape = daemon.scrape();
    assert_eq!(scrape.refused("alertLimit"), 1.0);
    assert_eq!(scrape.value("alertwheel_limit{name=\"alerts\"}"), 10.0);
}

/// Every reason for which this test can have something turned away. The two others, `busy` and
/// `inboxFull`, need a daemon that is stuck.
const REASONS: [&str; 9] = [
    "tooManyConnections",
    "badHead",
    "headTooLarge",
    "bodyTooLarge",
    "tooSlow",
    "readerTooSlow",
    "outOfBuffers",
    "alertLimit",
    "tooManyReads",
];

/// Sees that `reason` was counted `count` times since `before`, and no other.
fn assert_counted(before: &Scrape, after: &Scrape, reason: &str, count: f64) {
    for other in REASONS {
        let expected = if other == reason { count } else { 0.0 };
        let counted = after.refused(other) - before.refused(other);
        assert_eq!(counted, expected, "{other}, when {reason} was due");
    }
}

/// Sends something that is refused, and sees it answered and counted.
fn assert_refused(daemon: &Daemon, request: &[u8], status: u16, reason: &str) {
    let before = daemon.scrape();
    let mut client = daemon.connect();
    let reply = client.ask(request).expect("an answer");
    assert_eq!(reply.status, status, "{reason}: {}", reply.text());
    assert!(client.is_closed());
    assert_eq!(
        reply.header("retry-after").is_some(),
        status == 503,
        "{reason}"
    );
    assert_counted(&before, &daemon.scrape(), reason, 1.0);
}

#[test]
fn every_request_that_is_turned_away_is_counted_by_its_reason() {
    let daemon = Setup::bare()
        .arguments(&[
            "--web.max-body-bytes=300000",
            "--web.max-buffered-bytes=200000",
        ])
        .start();
    let long_header = [
        b"GET / HTTP/1.1\r\nHost: localhost\r\nA: ".as_slice(),
        &[b'a'; 33_000],
    ]
    .concat();
    let cases: [(&[u8], u16, &str); 7] = [
        (b"GET /\r\n\r\n", 400, "badHead"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "badHead"),
        (
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
            400,
            "badHead",
        ),
        (
            &get(&format!("/{}", "a".repeat(31_000))),
            414,
            "headTooLarge",
        ),
        (&long_header, 431, "headTooLarge"),
        (
            b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 300001\r\n\r\n",
            413,
            "bodyTooLarge",
        ),
        (&post(ALERTS, &[b' '; 250_000]), 503, "outOfBuffers"),
    ];
    for (request, status, reason) in cases {
        assert_refused(&daemon, request, status, reason);
    }
}

#[test]
fn a_request_that_does_not_come_to_an_end_is_turned_away_and_counted() {
    let daemon = Setup::bare()
        .arguments(&["--web.header-timeout=500ms", "--web.body-timeout=500ms"])
        .start();
    for half in [
        &b"GET / HTTP/1.1\r\nHo"[..],
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nabc",
    ] {
        assert_refused(&daemon, half, 408, "tooSlow");
    }
}

#[test]
fn a_connection_without_room_is_told_and_counted() {
    let daemon = Setup::bare().argument("--web.max-connections=2").start();
    let mut busy = [daemon.connect(), daemon.connect()];
    let head =
        b"POST /api/v2/alerts HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
                 Content-Length: 2\r\nExpect: 100-continue\r\n\r\n";
    for client in &mut busy {
        let invitation = client.ask(head).expect("the body is asked for");
        assert_eq!(invitation.status, 100);
    }
    let mut third = daemon.connect();
    let refused = third.reply().expect("an answer without a question");
    assert_eq!(refused.status, 503);
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert!(third.is_closed());
    for client in &mut busy {
        assert_eq!(client.ask(b"[]").expect("it was served on").status, 200);
    }
    assert_eq!(daemon.scrape().refused("tooManyConnections"), 1.0);
}

#[test]
fn readers_that_stall_keep_only_their_like_waiting() {
    let daemon = Setup::bare().argument("--web.get-concurrency=2").start();
    for batch in large_alerts(150).chunks(50) {
        daemon.post(batch);
    }
    let before = daemon.scrape();
    let lazy = [begin_to_read(&daemon), begin_to_read(&daemon)];
    let mut other = daemon.connect();
    let reply = other.get(ALERTS);
    assert_eq!(reply.status, 503);
    assert_eq!(reply.header("retry-after"), Some("1"));
    assert_eq!(
        reply.text(),
        "Limit of concurrent GET requests reached (2), try again later.\n\n"
    );
    assert_eq!(other.get("/-/ready").status, 200, "short answers go on");
    let after = daemon.scrape();
    assert!(after.refused("tooManyReads") > before.refused("tooManyReads"));
    let exceeded = "alertmanager_http_concurrency_limit_exceeded_total{method=\"get\"}";
    assert_eq!(after.value(exceeded), after.refused("tooManyReads"));
    drop(lazy);
    let all = wait_for("their places are free", || {
        let reply = other.get(ALERTS);
        (reply.status == 200).then(|| reply.json())
    });
    assert_eq!(all.as_array().map(Vec::len), Some(150));
}

#[test]
fn readers_that_are_too_slow_are_cut() {
    let daemon = Setup::bare().argument("--web.write-timeout=1s").start();
    for batch in large_alerts(150).chunks(50) {
        daemon.post(batch);
    }
    let before = daemon.scrape();
    let lazy = [begin_to_read(&daemon), begin_to_read(&daemon)];
    wait_until("both are cut", || {
        let after = daemon.scrape();
        after.refused("readerTooSlow") - before.refused("readerTooSlow") == 2.0
    });
    for mut client in lazy {
        assert!(client.is_closed());
    }
}

/// Alerts whose list is far larger than the buffers of a connection.
fn large_alerts(count: usize) -> Vec<Value> {
    let note = "x".repeat(100_000);
    let alerts = (0..count).map(|number| {
        let mut alert = firing("Disk", &number.to_string());
        alert["annotations"] = json!({"note": note});
        alert
    });
    alerts.collect()
}

/// Asks for all alerts, sees the answer begin, and reads nothing of it.
fn begin_to_read(daemon: &Daemon) -> Client {
    // A read counts until its last byte is out, so the one before may still be in the way.
    wait_for("the answer begins", || {
        let mut client = daemon.connect();
        client.send(&get(ALERTS)).expect("it is open");
        let mut start = [0; 12];
        client.stream().peek(&mut start).expect("an answer");
        (start == *b"HTTP/1.1 200").then_some(client)
    })
}

#[test]
fn the_metrics_end_up_where_the_traffic_left_them() {
    let receiver = Receiver::healthy();
    let daemon = Setup::with_config(&told_soon(&receiver)).start();
    let before = daemon.scrape();
    let alert = firing("Disk", "a");
    daemon.post(std::slice::from_ref(&alert));
    receiver.next();
    daemon.post(&[over(alert)]);
    receiver.next();
    let gone = |scrape: &Scrape| scrape.value("alertmanager_dispatcher_aggregation_groups") == 0.0;
    wait_until("the group is gone", || gone(&daemon.scrape()));
    let after = daemon.scrape();
    let grew = |name: &str| after.growth(name, &before);
    assert_eq!(
        grew("alertmanager_alerts_received_total{status=\"firing\",version=\"v2\"}"),
        1.0
    );
    assert_eq!(
        grew("alertmanager_alerts_received_total{status=\"resolved\",version=\"v2\"}"),
        1.0
    );
    assert_eq!(
        grew("alertmanager_notification_requests_total{integration=\"webhook\"}"),
        2.0
    );
    let latency = "alertmanager_notification_latency_seconds_count{integration=\"webhook\"}";
    assert_eq!(grew(latency), 2.0);
    assert_eq!(after.value("alertwheel_attempts_in_flight"), 0.0);
    assert_eq!(after.value("alertwheel_deliveries_waiting"), 0.0);
    assert_eq!(after.value("alertmanager_alerts{state=\"active\"}"), 0.0);
    assert_eq!(after.value("alertwheel_stored_alerts"), 1.0);
    let resident = before.value("process_resident_memory_bytes");
    assert!(resident > 1e6, "the process looks at itself: {resident}");
}
