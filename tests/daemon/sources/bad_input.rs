//! Bodies that cannot be used: each is refused with the reason, the good elements of a list are kept, and the
//! daemon goes on as before.

use std::io::Write as _;

use alertwheel::source::Preset;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::{post, request, start, told_alert};
use crate::process::{Daemon, Setup};
use crate::random::Choices;
use crate::receiver::Receiver;
use crate::samples::{config, webhook};
use crate::time::millis;

const SOURCES: &str = r#"
sources:
- name: app
  strict: true
  each: /items
  labels: {alertname: '{{ .name }}'}
  labels_from: [/labels]
  starts_at: '{{ .at }}'
- name: looping
  labels: {alertname: Loop}
  annotations: {text: '{{ range $a := .list }}{{ range $b := $.list }}{{ range $c := $.list }}x{{ end }}{{ end }}{{ end }}'}
- {name: any, preset: generic}
"#;

/// One after the other, what is wrong with `{"items": [...]}`, and what the sender must read about it.
const ELEMENTS: [(&str, &str); 4] = [
    (r#"{"at": ""}"#, "name"),
    (r#"{"name": "a", "at": "yesterday"}"#, "yesterday"),
    (r#"{"name": "", "at": ""}"#, "none of the fields"),
    ("7", "name"),
];

#[test]
fn good_elements_of_a_list_are_kept_and_the_others_named() {
    let receiver = Receiver::healthy();
    let daemon = start(&receiver, SOURCES);
    let bad: Vec<&str> = ELEMENTS.iter().map(|(element, _)| *element).collect();
    let body = format!(
        r#"{{"items": [{}, {{"name": "Good", "at": ""}}]}}"#,
        bad.join(", ")
    );
    let reply = post(&daemon, "/hooks/app", body.as_bytes());
    assert_eq!(reply.status, 200, "{}", reply.text());
    let answer = reply.json();
    assert_eq!(answer["alerts"], 1);
    for (index, (element, why)) in ELEMENTS.iter().enumerate() {
        let refused = answer["refused"][index].as_str().unwrap_or_default();
        let begin = format!("element {index}: ");
        assert!(
            refused.starts_with(&begin) && refused.contains(why),
            "{element}: {refused}"
        );
    }
    assert_eq!(told_alert(&receiver)["labels"]["alertname"], "Good");
    receiver.expect_silence(millis(300));
    let refused = "alertwheel_source_refused_total{source=\"app\",reason=\"element\"}";
    assert_eq!(daemon.scrape().value(refused), ELEMENTS.len() as f64);
}

#[test]
fn a_body_of_which_nothing_can_be_used_is_refused_and_nothing_is_left_half_done() {
    let receiver = Receiver::healthy();
    let daemon = start(&receiver, SOURCES);
    let long_list = format!(r#"{{"items": [{}]}}"#, vec!["{}"; 100_000].join(","));
    let deep = "[".repeat(100_000);
    let large = vec![b'x'; 17 << 20];
    let table: [(&str, &[u8], u16); 9] = [
        ("/hooks/nobody", b"{}", 404),
        ("/hooks/app", b"", 400),
        ("/hooks/app", b"{", 400),
        ("/hooks/app", b"\xff\xfe\xfd", 400),
        ("/hooks/app", b"[1, 2]", 400),
        (
            "/hooks/app",
            br#"{"items": [{"name": "a", "at": "yesterday"}]}"#,
            422,
        ),
        ("/hooks/app", long_list.as_bytes(), 400),
        ("/hooks/app", deep.as_bytes(), 400),
        ("/hooks/app", &large, 413),
    ];
    for (target, body, status) in table {
        let reply = post(&daemon, target, body);
        let shown = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
        assert_eq!(reply.status, status, "{shown}: {}", reply.text());
        assert!(!reply.text().is_empty(), "{shown}: without a reason");
    }
    receiver.expect_silence(millis(300));
    assert_eq!(daemon.get("/api/v2/alerts").text(), "[]\n");
    let reply = post(&daemon, "/hooks/any", br#"{"name": "Good"}"#);
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(told_alert(&receiver)["labels"]["alertname"], "Good");
}

/// A body in gzip.
fn packed(body: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    packer.write_all(body).expect("memory");
    packer.finish().expect("memory")
}

#[test]
fn a_body_in_gzip_is_read_and_a_bomb_is_refused() {
    let receiver = Receiver::healthy();
    let daemon = start(&receiver, SOURCES);
    let send = |body: &[u8]| {
        let gzip = [("Content-Encoding".to_owned(), "gzip".to_owned())];
        let request = request("POST", "/hooks/any", &gzip, body);
        daemon.connect().ask(&request).expect("an answer").status
    };
    assert_eq!(send(&packed(br#"{"name": "Packed"}"#)), 200);
    assert_eq!(told_alert(&receiver)["labels"]["alertname"], "Packed");
    assert_eq!(send(&packed(&vec![b' '; 64 << 20])), 413);
    assert_eq!(send(&packed(b"{}")[..20]), 400);
}

#[test]
fn an_alert_whose_template_loops_fires_all_the_same_and_names_the_fault() {
    let receiver = Receiver::healthy();
    let daemon = start(&receiver, SOURCES);
    let body = format!(r#"{{"list": [{}]}}"#, vec!["1"; 1000].join(","));
    let reply = post(&daemon, "/hooks/looping", body.as_bytes());
    assert_eq!(
        (reply.status, &reply.json()["alerts"]),
        (200, &1.into()),
        "{}",
        reply.text()
    );
    let alert = told_alert(&receiver);
    assert_eq!(alert["labels"]["alertname"], "Loop");
    let annotations = alert["annotations"].to_string();
    assert!(annotations.contains("steps"), "{annotations}");
    assert!(
        daemon.log().contains("Requests of a source cannot be used"),
        "{}",
        daemon.log()
    );
}

/// A text with a few bytes changed, left out, doubled, or cut off.
fn mutated(text: &str, choices: &mut Choices) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    for _ in 0..=choices.below(4) {
        if bytes.is_empty() {
            break;
        }
        let at = choices.below(bytes.len());
        match choices.below(5) {
            0 => bytes[at] = u8::try_from(choices.below(256)).expect("a byte"),
            1 => drop(bytes.remove(at)),
            2 => bytes.truncate(at),
            3 => {
                let end = (at + 1 + choices.below(40)).min(bytes.len());
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
            _ => {
                let odd = [
                    "null", "[]", "{}", "\"", "-1", "1e999", "\\ud800", "{{", "\u{0}",
                ];
                let odd = odd[choices.below(odd.len())].bytes();
                bytes.splice(at..at, odd);
            }
        }
    }
    bytes
}

/// Sends one mutated body to each preset, so many times. Nothing may be answered by a fault of the daemon.
fn send_mutated(daemon: &Daemon, rounds: usize, choices: &mut Choices) -> usize {
    let mut sent = 0;
    let mut client = daemon.connect();
    for _ in 0..rounds {
        for preset in Preset::ALL {
            let fixture = &preset.fixtures[choices.below(preset.fixtures.len())];
            let body = mutated(&fixture.request().body, choices);
            let target = format!("/hooks/{}", preset.name);
            let headers = fixture.request().headers;
            let bytes = request("POST", &target, &headers, &body);
            let reply = client
                .ask(&bytes)
                .expect("an answer on the same connection");
            // What Amazon's certificate would be needed for cannot be checked here.
            let is_unchecked = preset.name.starts_with("sns") && reply.status == 503;
            let shown = String::from_utf8_lossy(&body).into_owned();
            assert!(
                reply.status < 500 || is_unchecked,
                "{}: {shown}",
                reply.text()
            );
            sent += 1;
        }
    }
    sent
}

#[test]
fn mutated_bodies_of_every_preset_are_answered_without_a_fault_and_memory_stays_flat() {
    let receiver = Receiver::healthy();
    let presets = Preset::ALL.iter();
    let sources: String = presets
        .map(|preset| format!("- {{name: {0}, preset: {0}, ttl: 1s}}\n", preset.name))
        .collect();
    let text = config("group_wait: 1h", &[webhook(&receiver, "")]);
    let daemon = Setup::with_config(&format!("{text}sources:\n{sources}")).start();
    let mut choices = Choices::seeded(15);
    send_mutated(&daemon, 40, &mut choices);
    let before = daemon.vitals().own_kib;
    let sent = send_mutated(&daemon, 40, &mut choices);
    let after = daemon.vitals().own_kib;
    println!("{sent} mutated bodies: from {before} to {after} KiB of its own");
    assert_eq!(
        daemon
            .scrape()
            .value("alertwheel_panics_total{thread=\"http\"}"),
        0.0
    );
    let grown = after.saturating_sub(before);
    assert!(
        grown < 8 << 10,
        "memory grew by {grown} KiB with {sent} bodies"
    );
}
