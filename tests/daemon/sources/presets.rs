//! Every preset: what its sender posts fires, survives a kill, resolves by the sender's own rule, and each is told
//! exactly once.

use std::collections::BTreeMap;

use alertwheel::source::{Fixture, Preset};

use super::{request, start, told_alert};
use crate::process::Daemon;
use crate::receiver::Receiver;
use crate::time::{millis, wait_until};

/// Presets whose messages are signed by a key that only their sender has. What they make of a message is tried
/// with a copy that asks for no signature; signed messages are tested beside the check of the signature.
const SIGNED: [&str; 1] = ["sns-cloudwatch"];

/// The fixtures of all presets.
fn fixtures(outcome: &str) -> Vec<(&'static Preset, &'static Fixture)> {
    let presets = Preset::ALL.iter();
    let each = presets.flat_map(|preset| preset.fixtures.iter().map(move |it| (preset, it)));
    each.filter(|(_, fixture)| fixture.outcome() == outcome)
        .collect()
}

/// The name of the source that takes a fixture: one for what fires and what ends it.
fn source_of(preset: &Preset, fixture: &Fixture) -> String {
    let pair = fixture.name.trim_start_matches(fixture.outcome());
    format!("{}{pair}", preset.name)
}

/// A source of a preset. The label tells apart alerts that several sources have.
fn source(preset: &Preset, name: &str) -> String {
    format!(
        "- {{name: '{name}', preset: {}, ttl: 1h, labels: {{pair: '{name}'}}}}\n",
        preset.name
    )
}

/// The same with the lines of a signed preset, but for its protocol.
fn unsigned_source(preset: &Preset, name: &str) -> String {
    let mut text = format!("- name: '{name}'\n  ttl: 1h\n");
    for line in preset.text.lines() {
        if line.starts_with("protocol:") {
            continue;
        }
        text += &format!("  {line}\n");
        if line == "labels:" {
            text += &format!("    pair: '{name}'\n");
        }
    }
    text
}

/// A source for each pair of fixtures.
fn sections(of: impl Fn(&Preset, &str) -> String) -> String {
    let mut sources = BTreeMap::new();
    for preset in Preset::ALL {
        for fixture in preset.fixtures {
            let name = source_of(preset, fixture);
            let text = of(preset, &name);
            sources.insert(name, text);
        }
    }
    format!("sources:\n{}", sources.into_values().collect::<String>())
}

/// Sends a fixture as it stands. Returns how many alerts fire and have resolved, as the sender is told.
fn send(daemon: &Daemon, preset: &Preset, fixture: &Fixture) -> (u64, u64) {
    let text = fixture.text.lines().find(|line| !line.starts_with('#'));
    let method = text
        .and_then(|line| line.split(' ').next())
        .expect("a method");
    let sent = fixture.request();
    let mut target = format!("/hooks/{}", source_of(preset, fixture));
    if !sent.query.is_empty() {
        target = format!("{target}?{}", sent.query);
    }
    let bytes = request(method, &target, &sent.headers, sent.body.as_bytes());
    let reply = daemon.connect().ask(&bytes).expect("an answer");
    let place = format!("{}/{}", preset.name, fixture.name);
    assert!(
        matches!(reply.status, 200 | 202),
        "{place}: {}",
        reply.text()
    );
    let path = format!(
        "/api/alertwheel/v1/sources/{}/bodies",
        source_of(preset, fixture)
    );
    let body = &daemon.get(&path).json()[0];
    assert_eq!(
        body["refused"].as_array().map(Vec::len),
        Some(0),
        "{place}: {body}"
    );
    assert_eq!(
        body["faults"].as_array().map(Vec::len),
        None,
        "{place}: {body}"
    );
    let count = |name: &str| body[name].as_u64().expect("a count");
    (count("alerts"), count("resolved"))
}

/// The pair and the name of each of the next alerts told, which must have this status.
fn told(receiver: &Receiver, count: u64, status: &str) -> Vec<(String, String)> {
    let text = |value: &serde_json::Value| value.as_str().unwrap_or("-").to_owned();
    let mut told: Vec<_> = (0..count)
        .map(|_| {
            let alert = told_alert(receiver);
            assert_eq!(alert["status"], status, "{alert}");
            (text(&alert["labels"]["pair"]), text(&alert["fingerprint"]))
        })
        .collect();
    told.sort();
    told
}

#[test]
fn what_every_preset_fires_survives_a_kill_and_resolves_and_is_told_once() {
    let receiver = Receiver::healthy();
    let sections = sections(|preset, name| match SIGNED.contains(&preset.name) {
        true => unsigned_source(preset, name),
        false => source(preset, name),
    });
    let daemon = start(&receiver, &sections);
    let mut fired = 0;
    for (preset, fixture) in fixtures("firing") {
        let (alerts, resolved) = send(&daemon, preset, fixture);
        assert!(
            alerts > 0 && resolved == 0,
            "{}/{}",
            preset.name,
            fixture.name
        );
        fired += alerts;
    }
    let told_firing = told(&receiver, fired, "firing");
    wait_until("what was told is written", || {
        let written = "alertwheel_journal_records_written_total{kind=\"logEntry\"}";
        daemon.scrape().value(written) >= fired as f64
    });

    let daemon = daemon.kill().start();
    for (preset, fixture) in fixtures("test") {
        let counts = send(&daemon, preset, fixture);
        assert_eq!(
            counts,
            (0, 0),
            "{}/{} makes no alert",
            preset.name,
            fixture.name
        );
    }
    let mut resolved = 0;
    for (preset, fixture) in fixtures("resolved") {
        let (alerts, ended) = send(&daemon, preset, fixture);
        assert!(alerts == 0 && ended > 0, "{}/{}", preset.name, fixture.name);
        resolved += ended;
    }
    let told_resolved = told(&receiver, resolved, "resolved");
    receiver.expect_silence(millis(700));
    for alert in &told_resolved {
        assert!(told_firing.contains(alert), "{alert:?} was told firing");
    }
    let before = told_resolved.len();
    let mut once = told_resolved;
    once.dedup();
    assert_eq!(once.len(), before, "each is told once");
    assert!(
        fired >= 20 && resolved >= 15,
        "{fired} fired, {resolved} resolved"
    );
}

#[test]
fn a_signed_preset_takes_nothing_in_that_is_not_signed() {
    let receiver = Receiver::healthy();
    let daemon = start(&receiver, &sections(source));
    let mut tried = 0;
    let presets = Preset::ALL.iter();
    for preset in presets.filter(|preset| SIGNED.contains(&preset.name)) {
        for fixture in preset.fixtures {
            let target = format!("/hooks/{}", source_of(preset, fixture));
            let reply = super::post(&daemon, &target, fixture.request().body.as_bytes());
            // 503 is where the certificate cannot be fetched.
            assert!(matches!(reply.status, 400 | 403 | 503), "{}", reply.text());
            tried += 1;
        }
    }
    assert!(tried > 0);
    receiver.expect_silence(millis(300));
}
