//! Tests from a posted alert to the webhook: grouping, the body, retries, and the options of a webhook.

use serde_json::{Value, json};

use crate::process::Setup;
use crate::receiver::{Answer, Receiver};
use crate::samples::{SOON, config, firing, over, told_soon, webhook};
use crate::time::{millis, now, wait_until};

#[test]
fn a_group_is_told_when_it_fires_and_when_it_is_over() {
    let receiver = Receiver::healthy();
    let daemon = Setup::with_config(&told_soon(&receiver)).start();
    let (a, b) = (firing("Disk", "a"), firing("Disk", "b"));
    daemon.post(&[a.clone(), b.clone(), firing("Load", "c")]);
    let mut told = [receiver.next().summary(), receiver.next().summary()];
    told.sort();
    assert_eq!(
        told,
        [
            "first notification: a=firing b=firing",
            "first notification: c=firing"
        ]
    );

    daemon.post(&[over(a)]);
    assert_eq!(
        receiver.next().summary(),
        "some alerts resolved: a=resolved b=firing"
    );
    daemon.post(&[over(b)]);
    assert_eq!(receiver.next().summary(), "all alerts resolved: b=resolved");
    receiver.expect_silence(millis(700));
}

#[test]
fn the_body_has_every_field_in_alertmanagers_form() {
    let receiver = Receiver::healthy();
    let setup = Setup::with_config(&told_soon(&receiver).replace("team", "team.a"));
    let daemon = setup
        .argument("--web.external-url=http://alerts.example/x/")
        .start();
    let reply = daemon.connect().post(
        "/x/api/v2/alerts",
        br#"[{"labels": {"alertname": "Disk", "host": "b", "empty": ""},
              "annotations": {"summary": "full", "seen": "<b>"},
              "startsAt": "2026-01-01T12:00:00.120+02:00",
              "endsAt": "2099-01-01T00:00:00Z",
              "generatorURL": "http://prometheus.example/graph?a=1&b=2"},
             {"labels": {"alertname": "Disk", "host": "a"},
              "annotations": {"summary": "full"},
              "startsAt": "2026-01-01T12:00:01Z"}]"#,
    );
    assert_eq!((reply.status, reply.text().as_str()), (200, ""));

    let webhook = receiver.next();
    let head = webhook.head.to_ascii_lowercase();
    assert!(head.starts_with("post /hook http/1.1\r\n"), "{head}");
    assert!(
        head.contains("\r\ncontent-type: application/json\r\n"),
        "{head}"
    );
    assert!(
        head.contains("\r\nuser-agent: alertmanager/0.33.1"),
        "{head}"
    );
    assert_eq!(webhook.bytes.last(), Some(&b'\n'));
    let mut body = webhook.body();
    for alert in body["alerts"].as_array_mut().expect("a list") {
        let fingerprint = alert["fingerprint"].take();
        let digits = fingerprint.as_str().expect("a text");
        assert!(
            digits.len() == 16 && u64::from_str_radix(digits, 16).is_ok(),
            "{digits}"
        );
    }
    assert_eq!(body, expected_body());
}

fn expected_body() -> Value {
    json!({
        "receiver": r"team\.a",
        "status": "firing",
        "alerts": [
            {
                "status": "firing",
                "labels": {"alertname": "Disk", "host": "a"},
                "annotations": {"summary": "full"},
                "startsAt": "2026-01-01T12:00:01Z",
                "endsAt": "0001-01-01T00:00:00Z",
                "generatorURL": "",
                "fingerprint": null,
            },
            {
                "status": "firing",
                "labels": {"alertname": "Disk", "host": "b"},
                "annotations": {"seen": "<b>", "summary": "full"},
                "startsAt": "2026-01-01T10:00:00.12Z",
                "endsAt": "0001-01-01T00:00:00Z",
                "generatorURL": "http://prometheus.example/graph?a=1&b=2",
                "fingerprint": null,
            },
        ],
        "notification_reason": "first notification",
        "groupLabels": {"alertname": "Disk"},
        "commonLabels": {"alertname": "Disk"},
        "commonAnnotations": {"summary": "full"},
        "externalURL": "http://alerts.example/x",
        "version": "4",
        "groupKey": "{}:{alertname=\"Disk\"}",
        "truncatedAlerts": 0,
    })
}

#[test]
fn the_address_in_a_file_is_read_anew_for_each_notification() {
    let (first, second) = (Receiver::healthy(), Receiver::healthy());
    let daemon = Setup::with_config(&config(SOON, &["{url_file: address}".into()]))
        .file("address", &format!("\n{}\n", first.url()))
        .start();
    let alert = firing("Disk", "a");
    daemon.post(std::slice::from_ref(&alert));
    assert_eq!(first.next().summary(), "first notification: a=firing");

    daemon.write("address", &second.url());
    daemon.post(&[over(alert)]);
    assert_eq!(second.next().summary(), "all alerts resolved: a=resolved");
    assert!(first.so_far().is_empty());
}

#[test]
fn what_a_receiver_fails_to_take_is_sent_again() {
    let receiver = Receiver::scripted(|number| match number {
        0 => Answer::Status(500),
        1 => Answer::HangUp,
        _ => Answer::Yes,
    });
    let daemon = Setup::with_config(&told_soon(&receiver)).start();
    let posted_at = now();
    daemon.post(&[firing("Disk", "a")]);
    let attempts = [receiver.next(), receiver.next(), receiver.next()];
    for attempt in &attempts {
        assert_eq!(attempt.bytes, attempts[0].bytes);
    }
    // After group_wait, 500 ms give or take a half, then half as much more. However late they are seen,
    // none is made before its time.
    let [_, second, third] = attempts.map(|attempt| attempt.at.since(posted_at));
    assert!(
        second >= millis(50 + 250) && third >= millis(50 + 250 + 375),
        "{second:?}, {third:?}"
    );
    receiver.expect_silence(millis(700));
    let scrape = daemon.scrape();
    let made = "alertmanager_notification_requests_total{integration=\"webhook\"}";
    let failed = "alertmanager_notification_requests_failed_total{integration=\"webhook\"}";
    assert_eq!((scrape.value(made), scrape.value(failed)), (3.0, 2.0));
}

#[test]
fn a_receiver_that_throttles_is_left_alone_for_as_long_as_it_asks() {
    let receiver = Receiver::scripted(|number| match number {
        0 => Answer::Throttled(1),
        _ => Answer::Yes,
    });
    let daemon = Setup::with_config(&told_soon(&receiver)).start();
    daemon.post(&[firing("Disk", "a")]);
    let (refused, taken) = (receiver.next(), receiver.next());
    let waited = taken.at.since(refused.at);
    assert!(waited >= millis(1000), "{waited:?}");
    assert_eq!(taken.summary(), "first notification: a=firing");
    receiver.expect_silence(millis(700));
}

#[test]
fn the_end_is_not_told_where_nobody_wants_to_hear_it() {
    let receiver = Receiver::healthy();
    let webhooks = [webhook(&receiver, ", send_resolved: false")];
    let daemon = Setup::with_config(&config(SOON, &webhooks)).start();
    let (a, b) = (firing("Disk", "a"), firing("Disk", "b"));
    daemon.post(&[a.clone(), b.clone()]);
    let summary = receiver.next().summary();
    assert_eq!(summary, "first notification: a=firing b=firing");
    daemon.post(&[over(a), over(b)]);
    receiver.expect_silence(millis(1200));
    wait_until("the group is gone", || {
        daemon.get("/api/v2/alerts/groups").json() == json!([])
    });
}

#[test]
fn no_more_alerts_are_told_at_once_than_allowed() {
    let receiver = Receiver::healthy();
    let webhooks = [webhook(&receiver, ", max_alerts: 2")];
    let daemon = Setup::with_config(&config(SOON, &webhooks)).start();
    let alerts: Vec<Value> = ["a", "b", "c", "d", "e"]
        .map(|host| firing("Disk", host))
        .into();
    daemon.post(&alerts);
    let webhook = receiver.next();
    assert_eq!(webhook.summary(), "first notification: a=firing b=firing");
    assert_eq!(webhook.body()["truncatedAlerts"], 3);
}

#[test]
fn a_webhook_that_fails_does_not_concern_the_other() {
    let good = Receiver::healthy();
    let bad = Receiver::scripted(|number| match number {
        0 => Answer::Status(400),
        _ => Answer::Yes,
    });
    let webhooks = [webhook(&bad, ""), webhook(&good, "")];
    let daemon = Setup::with_config(&config(SOON, &webhooks)).start();
    let posted_at = now();
    daemon.post(&[firing("Disk", "a")]);
    assert_eq!(good.next().summary(), "first notification: a=firing");
    bad.next();
    // A 400 is final for the flush, so the next tick tells it again.
    let again = bad.next();
    assert!(again.at.since(posted_at) >= millis(550), "at the next tick");
    assert_eq!(again.summary(), "first notification: a=firing");
    good.expect_silence(millis(700));
    assert!(bad.so_far().is_empty());
    let failed =
        "alertmanager_notifications_failed_total{integration=\"webhook\",reason=\"clientError\"}";
    assert_eq!(daemon.scrape().value(failed), 1.0);
}

#[test]
fn a_webhook_is_sent_by_its_own_method() {
    let receiver = Receiver::scripted(|number| match number {
        0 => Answer::HangUp,
        _ => Answer::Yes,
    });
    let webhooks = [webhook(&receiver, ", method: PUT")];
    let daemon = Setup::with_config(&config(SOON, &webhooks)).start();
    daemon.post(&[firing("Disk", "a")]);
    for webhook in [receiver.next(), receiver.next()] {
        assert!(
            webhook.head.starts_with("PUT /hook HTTP/1.1\r\n"),
            "{}",
            webhook.head
        );
        assert_eq!(webhook.summary(), "first notification: a=firing");
    }
    let said = |line: &str| {
        line.contains("Notify attempt failed") && line.contains("Put ") && !line.contains("Post ")
    };
    wait_until("it is logged", || daemon.log().lines().any(said));
}

#[test]
fn a_webhooks_own_timeout_ends_an_attempt() {
    let receiver = Receiver::scripted(|number| match number {
        0 => Answer::Never,
        _ => Answer::Yes,
    });
    let webhooks = [webhook(&receiver, ", timeout: 300ms")];
    let daemon = Setup::with_config(&config(SOON, &webhooks)).start();
    let posted_at = now();
    daemon.post(&[firing("Disk", "a")]);
    let (_, second) = (receiver.next(), receiver.next());
    let waited = second.at.since(posted_at);
    assert!(waited >= millis(50 + 300), "{waited:?}");
    let said = |line: &str| line.contains("Notify attempt failed") && line.contains("300ms");
    wait_until("it is logged", || daemon.log().lines().any(said));
}
