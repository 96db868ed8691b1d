//! Collections of many alerts: what one turn removes, and when the rest follows.

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::config;
use crate::engine::{AlarmId, Input, Settings};
use crate::model::{Labels, ParserMode, PostedAlert};

const CONFIG: &str = "
route: {receiver: nobody, group_wait: 1h}
receivers: [{name: nobody}]
";

const INTERVAL: Duration = Duration::from_secs(60);

struct House {
    engine: Engine,
    now: Now,
    collect_at: Option<Mono>,
}

impl House {
    /// An engine with so many alerts that resolve after a second, and one that goes on.
    fn with(resolving: usize) -> Self {
        let loaded = config::parse("test.yml", CONFIG, ParserMode::Fallback);
        let config = Arc::new(loaded.expect("a sound configuration").config);
        let settings = Settings {
            alerts: resolving + 1,
            alert_collect_interval: INTERVAL,
            ..Settings::of_a_small_daemon()
        };
        let now = Now {
            mono: Mono::START,
            wall: Wall::from_second(1_800_000_000).expect("a second of this century"),
        };
        let mut house = House {
            engine: Engine::new(config, settings),
            now,
            collect_at: None,
        };
        let alert = |number: usize, span: u64| PostedAlert {
            labels: Labels::from_pairs([("alertname", number.to_string())]).into(),
            starts_at: Some(now.wall),
            ends_at: Some(now.wall + Duration::from_secs(span)),
            ..PostedAlert::default()
        };
        let resolving = (0..resolving).map(|number| alert(number, 1));
        let alerts = resolving.chain([alert(usize::MAX, 1 << 30)]).collect();
        house.handle(Input::Alerts(alerts));
        house
    }

    /// Handles an input, and returns how many alerts a collection removed in it.
    fn handle(&mut self, input: Input) -> Option<usize> {
        let mut out = Vec::new();
        self.engine.handle(&mut out, self.now, input);
        let mut removed = None;
        for effect in out {
            match effect {
                Effect::Arm { alarm, at } if alarm == COLLECT_ALARM => self.collect_at = Some(at),
                Effect::Note(Note::Collected { alerts }) => removed = Some(alerts),
                _ => {}
            }
        }
        removed
    }

    fn ring(&mut self, alarm: AlarmId) -> usize {
        let at = self.collect_at.take().expect("the alarm is armed");
        let wait = at.since(self.now.mono);
        self.now.mono = at;
        self.now.wall += wait;
        self.handle(Input::Ring { alarm, at })
            .expect("a ring collects")
    }
}

#[test]
fn alerts_that_resolve_together_are_removed_over_several_turns_without_a_wait() {
    let most = limits::ALERTS_AT_ONCE;
    let mut house = House::with(2 * most + 7);
    let mut removed = vec![house.ring(COLLECT_ALARM)];
    let began = house.now.mono;
    while house.collect_at == Some(began) {
        removed.push(house.ring(COLLECT_ALARM));
    }
    assert_eq!(removed, [most, most, 7]);
    assert_eq!(house.engine.alerts.len(), 1, "the one that fires");
    assert_eq!(house.collect_at, Some(began + INTERVAL), "the next one");
}
