//! Tests of the printed form of notifications, of other bodies, and of hostile ones.

use serde_json::{Value, json};

use super::*;

fn shown(body: &[u8]) -> String {
    let webhook = Webhook {
        at: "2026-11-23T04:33:15.25Z".parse().expect("a timestamp"),
        method: "POST".into(),
        target: "/hook".into(),
        body: body.to_vec(),
    };
    let mut out = Vec::new();
    write_webhook(&mut out, &webhook).expect("memory takes every write");
    String::from_utf8(out).expect("made of text")
}

/// The printed text after the heading.
fn shown_body(body: &[u8]) -> String {
    let shown = shown(body);
    let (heading, body) = shown.split_once('\n').expect("a heading");
    assert_eq!(heading, "2026-11-23T04:33:15Z  POST /hook");
    body.strip_suffix('\n').expect("a blank line").to_owned()
}

fn notification() -> Value {
    json!({
        "receiver": "team", "status": "firing", "version": "4", "truncatedAlerts": 0,
        "notification_reason": "new alerts added",
        "groupKey": "{}:{alertname=\"DiskFull\"}", "externalURL": "http://x:9093",
        "groupLabels": {"alertname": "DiskFull", "a": "b"},
        "commonLabels": {"alertname": "DiskFull"}, "commonAnnotations": {},
        "alerts": [
            {
                "status": "firing",
                "labels": {"alertname": "DiskFull", "a": "b", "host": "web1"},
                "annotations": {"runbook": "Look.\n  Then act.\n", "summary": "Full"},
                "startsAt": "2026-11-23T05:32:45.337+01:00", "endsAt": "0001-01-01T00:00:00Z",
                "generatorURL": "http://x", "fingerprint": "15a37193dce72bab",
            },
            {
                "status": "resolved", "labels": {"alertname": "DiskFull"}, "annotations": {},
                "startsAt": "2026-11-23T04:00:00Z", "endsAt": "2026-11-23T04:05:00Z",
            },
        ],
    })
}

#[test]
fn a_notification_reads_as_its_group_and_its_alerts() {
    let expected = r#"2026-11-23T04:33:15Z  POST /hook
receiver  team
status    firing, new alerts added
group     {alertname="DiskFull", a="b"}
FIRING    {alertname="DiskFull", a="b", host="web1"}
          runbook: Look.
              Then act.
          summary: Full
          since 2026-11-23T04:32:45Z
RESOLVED  {alertname="DiskFull"}
          from 2026-11-23T04:00:00Z to 2026-11-23T04:05:00Z

"#;
    assert_eq!(shown(notification().to_string().as_bytes()), expected);
}

#[test]
fn alerts_that_the_sender_left_out_are_counted() {
    let mut body = notification();
    body["truncatedAlerts"] = json!(7);
    body.as_object_mut()
        .expect("an object")
        .remove("notification_reason");
    let shown = shown_body(body.to_string().as_bytes());
    assert!(shown.ends_with("\nand 7 more, left out by the sender\n"));
    assert!(shown.contains("\nstatus    firing\n"), "{shown}");
}

#[test]
fn json_that_is_no_notification_of_version_4_is_indented() {
    assert_eq!(
        shown_body(br#"{"a":[1]}"#),
        "  {\n    \"a\": [\n      1\n    ]\n  }\n"
    );
    let mut newer = notification();
    newer["version"] = json!("5");
    assert!(shown_body(newer.to_string().as_bytes()).starts_with("  {\n    \"alerts\": ["));
}

#[test]
fn what_is_no_json_is_text_behind_a_margin() {
    let text = b"{\"a\":\r\n2026-11-23T04:33:15Z  POST /hook\n\xff\x1b[2J";
    let expected = "  {\"a\":\n  2026-11-23T04:33:15Z  POST /hook\n  \u{fffd}\\u{1b}[2J\n";
    assert_eq!(shown_body(text), expected);
    assert_eq!(shown_body(b""), "  (no body)\n");
}

#[test]
fn nothing_in_a_notification_can_steer_the_terminal_or_forge_a_heading() {
    let odd = "\u{1b}]0;x\u{7}\r\n\u{9b}2J\u{202e}2026";
    let body = json!({
        "receiver": odd, "status": odd, "version": "4", "notification_reason": odd,
        "groupLabels": {odd: odd},
        "alerts": [{
            "status": odd, "labels": {odd: odd}, "annotations": {odd: odd},
            "startsAt": odd, "endsAt": odd,
        }],
    });
    let shown = shown_body(body.to_string().as_bytes());
    let steers = |one: char| one.is_control() && one != '\n' || one == '\u{202e}';
    assert!(!shown.contains(steers), "{shown:?}");
    assert!(!shown.contains("\n2026"), "{shown:?}");
    assert_eq!(shown.lines().count(), 7, "{shown}");
}

#[test]
fn json_that_nests_without_an_end_is_shown() {
    let body = "[".repeat(100_000) + &"]".repeat(100_000);
    assert!(shown_body(body.as_bytes()).starts_with("  [\n    [\n"));
}
