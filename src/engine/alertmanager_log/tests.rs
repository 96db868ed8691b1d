//! Notifications after a switch from Alertmanager, as its alerts come back one by one.

use std::time::Duration;

use super::*;
use crate::config::{self, Config};
use crate::engine::{Effect, Engine, Input, Note, Reason, Recovered, Settings};
use crate::model::{HashKey, Labels, Mono, Now, ParserMode, PostedAlert};

const CONFIG: &str = r#"
route: {receiver: team, group_by: [alertname], group_wait: 30s, group_interval: 5m, repeat_interval: 4h}
receivers: [{name: team, webhook_configs: [{url: "http://team/"}]}]
"#;

/// An engine that inherits a log entry of 15 minutes ago, in which an Alertmanager had notified `firing`.
struct Swap {
    engine: Engine,
    now: Now,
}

impl Swap {
    fn after(firing: &[&str]) -> Self {
        let loaded = config::parse("swap.yml", CONFIG, ParserMode::Fallback);
        let config: Arc<Config> = Arc::new(loaded.expect("a sound configuration").config);
        let mut swap = Swap {
            engine: Engine::new(config, settings()),
            now: Now {
                mono: Mono::START,
                wall: Wall::from_second(1_800_000_000).expect("a second of this century"),
            },
        };
        let hash = |host: &&str| alertmanager_hash(&labels(host));
        let key = AlertmanagerKey {
            group_key: r#"{}:{alertname="Disk"}"#.into(),
            receiver: "team".into(),
            webhook_index: 0,
        };
        let entry = AlertmanagerEntry {
            key: key.clone(),
            at: swap.now.wall - Duration::from_secs(900),
            expires_at: swap.now.wall + Duration::from_secs(8 * 3600),
            firing: firing.iter().map(hash).collect(),
            resolved: [].into(),
        };
        let recovered = Recovered {
            inherited: [(key, Arc::new(entry))].into(),
            ..Recovered::empty(HashKey::seeded(1))
        };
        swap.handle(Input::Recover(Box::new(recovered)));
        swap
    }

    fn handle(&mut self, input: Input) -> Vec<Effect> {
        let mut out = Vec::new();
        self.engine.handle(&mut out, self.now, input);
        out
    }

    fn post(&mut self, host: &str, ends_in: i64) {
        let posted = PostedAlert {
            labels: labels(host).into(),
            starts_at: Some(self.now.wall - Duration::from_secs(7200)),
            ends_at: Some(self.now.wall + jiff::SignedDuration::from_secs(ends_in)),
            ..PostedAlert::default()
        };
        self.handle(Input::Alerts(vec![posted]));
    }

    /// Advances the clock and flushes the group. Returns the reason of its notification.
    fn reason_after(&mut self, seconds: u64) -> Option<Reason> {
        let span = Duration::from_secs(seconds);
        self.now = Now {
            mono: self.now.mono + span,
            wall: self.now.wall + span,
        };
        let mut effects = Vec::new();
        for (alarm, at) in self.engine.awaited_alarms() {
            effects.extend(self.handle(Input::Ring { alarm, at }));
        }
        let reason = |effect: Effect| match effect {
            Effect::Note(Note::Decided { reason, .. }) => reason,
            _ => None,
        };
        effects.into_iter().find_map(reason)
    }
}

fn labels(host: &str) -> Labels {
    Labels::from_pairs([("alertname", "Disk"), ("host", host)])
}

fn settings() -> Settings {
    Settings {
        retention: Duration::from_secs(120 * 3600),
        ..Settings::of_a_small_daemon()
    }
}

#[test]
fn what_an_alertmanager_has_told_is_not_told_again_whenever_it_is_posted() {
    let mut swap = Swap::after(&["a", "b"]);
    swap.post("a", 3000);
    assert_eq!(swap.reason_after(1), None);
    swap.post("b", 3000);
    assert_eq!(swap.reason_after(300), None, "b came later");
}

#[test]
fn an_alert_that_it_has_not_told_is_told() {
    let mut swap = Swap::after(&["a"]);
    swap.post("a", 3000);
    swap.post("b", 3000);
    assert_eq!(swap.reason_after(300), Some(Reason::NewAlerts));
}

#[test]
fn the_end_of_what_it_has_told_is_told() {
    let mut swap = Swap::after(&["a"]);
    swap.post("a", 60);
    assert_eq!(swap.reason_after(1), None);
    assert_eq!(swap.reason_after(300), Some(Reason::AllResolved));
}

#[test]
fn it_repeats_when_alertmanager_would() {
    let mut swap = Swap::after(&["a"]);
    swap.post("a", 30_000);
    let ticks_until_due = (4 * 3600 - 900) / 300;
    for _ in 0..ticks_until_due {
        assert_eq!(swap.reason_after(300), None);
    }
    assert_eq!(swap.reason_after(300), Some(Reason::RepeatElapsed));
}

#[test]
fn what_is_taken_over_is_recorded_in_our_own_words() {
    let mut swap = Swap::after(&["a"]);
    swap.post("a", 60);
    swap.reason_after(1);
    let before = swap.engine.records(swap.now);
    let is_from_alertmanager = |record: &Record| matches!(record, Record::AlertmanagerEntry(_));
    assert!(before.iter().any(is_from_alertmanager));
    swap.reason_after(300);
    let after = swap.engine.records(swap.now);
    let is_owed = |record: &Record| match record {
        Record::LogEntry { told, .. } => !told.owed.is_empty(),
        _ => false,
    };
    assert!(after.iter().any(is_owed) && !after.iter().any(is_from_alertmanager));
}
