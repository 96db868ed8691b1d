//! The notes on alerts that had already resolved when they were first posted.

use std::time::Duration;

use super::*;
use crate::config;
use crate::engine::{Input, Settings};
use crate::model::{Mono, ParserMode};

const CONFIG: &str = "
route: {receiver: nobody}
receivers: [{name: nobody}]
";

struct Sender {
    engine: Engine,
    now: Now,
}

impl Sender {
    fn new() -> Self {
        let loaded = config::parse("test.yml", CONFIG, ParserMode::Fallback);
        let config = Arc::new(loaded.expect("a sound configuration").config);
        let now = Now {
            mono: Mono::START,
            wall: Wall::from_second(1_800_000_000).expect("a second of this century"),
        };
        let engine = Engine::new(config, settings());
        Sender { engine, now }
    }

    /// Posts alerts by name, each with the seconds until its end. Returns those noted as already resolved.
    fn post(&mut self, alerts: &[(&str, i64)]) -> Option<CameEnded> {
        let alerts = alerts.iter().map(|(name, seconds)| PostedAlert {
            labels: Labels::from_pairs([("alertname", *name)]).into(),
            starts_at: Some(self.now.wall - Duration::from_secs(7200)),
            ends_at: Some(later(self.now.wall, *seconds)),
            ..PostedAlert::default()
        });
        let mut out = Vec::new();
        let input = Input::Alerts(alerts.collect());
        self.engine.handle(&mut out, self.now, input);
        let mut said = out.into_iter().filter_map(|effect| match effect {
            Effect::Note(Note::CameEnded(came)) => Some(came),
            _ => None,
        });
        let came = said.next();
        assert_eq!(said.next(), None, "it is said once for a batch");
        came
    }
}

fn later(now: Wall, seconds: i64) -> Wall {
    Wall::from_second(now.as_second() + seconds).expect("a second of this century")
}

fn settings() -> Settings {
    Settings::of_a_small_daemon()
}

#[test]
fn alerts_that_had_ended_when_they_first_came_are_counted_and_the_first_is_named() {
    let mut sender = Sender::new();
    let came = sender.post(&[("fires", 60), ("Disk", -360), ("just", 0), ("fires on", 1)]);
    let expected = CameEnded {
        alerts: 2,
        alertname: "Disk".into(),
        ago: Duration::from_secs(360),
    };
    assert_eq!(came, Some(expected));
}

#[test]
fn the_end_of_an_alert_that_fired_is_nothing_to_speak_of() {
    let mut sender = Sender::new();
    assert_eq!(sender.post(&[("Disk", 60)]), None);
    assert_eq!(sender.post(&[("Disk", -1)]), None);
    assert_eq!(sender.post(&[("Disk", -1)]), None, "nor is its repetition");
}

#[test]
fn what_came_ended_is_known_from_then_on() {
    let mut sender = Sender::new();
    let twice = sender.post(&[("Disk", -360), ("Disk", -360)]);
    assert_eq!(twice.map(|came| came.alerts), Some(1));
    assert_eq!(sender.post(&[("Disk", -300)]), None);
}

#[test]
fn a_batch_past_the_bytes_of_all_alerts_is_refused_and_newer_reports_are_taken() {
    let mut sender = Sender::new();
    sender.engine.settings.alert_text_bytes = 2_000;
    let now = sender.now;
    let alert = |name: &str, bytes: usize| PostedAlert {
        labels: Labels::from_pairs([("alertname", name)]).into(),
        annotations: Labels::from_pairs([("summary", "x".repeat(bytes).as_str())]),
        ends_at: Some(later(now.wall, 60)),
        ..PostedAlert::default()
    };
    let mut refused = |alerts: Vec<PostedAlert>| {
        let mut out = Vec::new();
        sender.engine.handle(&mut out, now, Input::Alerts(alerts));
        out.into_iter().find_map(|effect| match effect {
            Effect::RefuseBatch(full) => Some(full),
            _ => None,
        })
    };
    let full = Some(Full::TextBytes(2_000));
    assert_eq!(refused(vec![alert("a", 900)]), None);
    assert_eq!(refused(vec![alert("b", 900), alert("c", 900)]), full);
    assert_eq!(refused(vec![alert("b", 900)]), None);
    assert_eq!(refused(vec![alert("c", 900)]), full);
    assert_eq!(refused(vec![alert("a", 800), alert("b", 950)]), None);
    assert_eq!(refused(vec![alert("a", 100), alert("c", 500)]), None);
}
