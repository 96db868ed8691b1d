//! Answers in slices: what a slice costs, and what an answer contains if the state changes between slices.

use std::time::Duration;

use super::*;
use crate::config;
use crate::engine::{Effect, Gauges, Input, Lookups, Settings};
use crate::limits;
use crate::model::{Labels, MatchOp, Matcher, Mono, ParserMode, PostedAlert, PostedSilence};

const CONFIG: &str = r#"
route:
  receiver: team
  group_by: [alertname]
  routes: [{matchers: ['host=~".*7"'], receiver: sevens, continue: true}, {}]
receivers: [{name: team}, {name: sevens}]
"#;

struct Bench {
    engine: Engine,
    now: Now,
}

impl Bench {
    fn new() -> Self {
        let loaded = config::parse("reading.yml", CONFIG, ParserMode::Fallback);
        let config = Arc::new(loaded.expect("a sound configuration").config);
        let settings = Settings {
            alerts: 1_000_000,
            ..Settings::of_a_small_daemon()
        };
        let now = Now {
            mono: Mono::START,
            wall: Wall::from_second(1_800_000_000).expect("a second of this century"),
        };
        let engine = Engine::new(config, settings);
        Bench { engine, now }
    }

    fn handle(&mut self, input: Input) {
        self.engine.handle(&mut Vec::new(), self.now, input);
    }

    fn post(&mut self, numbers: std::ops::Range<u32>) {
        let alert = |number: u32| {
            let (name, host) = (format!("Alert{}", number % 7), number.to_string());
            PostedAlert {
                labels: Labels::from_pairs([("alertname", &name), ("host", &host)]).into(),
                ..PostedAlert::default()
            }
        };
        self.handle(Input::Alerts(numbers.map(alert).collect()));
    }

    fn silence(&mut self, host: &str) {
        let matcher = Matcher::new(MatchOp::Regex, "host", host).expect("a sound matcher");
        self.handle(Input::SetSilence(PostedSilence {
            id: None,
            matchers: vec![matcher],
            starts_at: self.now.wall,
            ends_at: self.now.wall + Duration::from_secs(3600),
            created_by: String::new(),
            comment: String::new(),
            annotations: Labels::default(),
            fault: None,
        }));
    }

    /// Answers a query in slices of this many steps, and calls `in_between` after each. Returns the answer
    /// and the number of slices.
    fn ask_in_slices<R: Reading>(
        &mut self,
        mut reading: R,
        steps: usize,
        mut in_between: impl FnMut(&mut Bench),
    ) -> (R::Answer, usize) {
        for slices in 1.. {
            let slice = StepBudget::new(steps);
            if let Some(answered) = self.engine.go_on(&mut reading, self.now, slice) {
                return (answered.answer, slices);
            }
            in_between(self);
        }
        unreachable!("each slice takes a step")
    }

    /// Answers a query in one piece and in slices, and checks that `told` gives the same for both.
    fn compare<R: Reading, T: PartialEq + fmt::Debug>(
        &mut self,
        begin: impl Fn(&Engine) -> R,
        told: impl Fn(R::Answer) -> T,
    ) {
        let whole = begin(&self.engine);
        let (whole, slices) = self.ask_in_slices(whole, usize::MAX, |_| {});
        let whole = told(whole);
        assert_eq!(slices, 1);
        for steps in [1, 7, 100_000] {
            let reading = begin(&self.engine);
            let (answer, _) = self.ask_in_slices(reading, steps, |_| {});
            assert_eq!(told(answer), whole, "by {steps}");
        }
    }

    /// Answers a query in slices of a hundred steps. Returns the number of slices.
    fn slices<R: Reading>(&mut self, begin: impl Fn(&Engine) -> R) -> usize {
        let reading = begin(&self.engine);
        self.ask_in_slices(reading, 100, |_| {}).1
    }

    /// Answers a query in small slices, and posts new alerts after each.
    fn ask_while_alerts_come<R: Reading>(&mut self, begin: impl Fn(&Engine) -> R) -> R::Answer {
        let mut next = 1000;
        let reading = begin(&self.engine);
        let in_between = |bench: &mut Bench| {
            bench.post(next..next + 30);
            next += 30;
        };
        self.ask_in_slices(reading, 20, in_between).0
    }

    fn tried(&self) -> u64 {
        self.engine.silences.lookups().scanned
    }
}

/// The items of a list as sorted texts, so that their order does not matter.
fn lines<T: fmt::Debug>(list: Vec<T>) -> Vec<String> {
    let mut lines: Vec<String> = list.iter().map(|item| format!("{item:?}")).collect();
    lines.sort_unstable();
    lines
}

fn all_alerts(engine: &Engine) -> AlertReading {
    engine.read_alerts(&[])
}

#[test]
fn an_answer_in_slices_is_the_answer_in_one_piece() {
    let mut bench = Bench::new();
    bench.post(0..500);
    bench.silence(".*3");
    bench.silence("1.*");
    bench.compare(all_alerts, lines);
    bench.compare(Engine::read_groups, lines);
    bench.compare(|_| SilenceReading::default(), lines);
    // Each query counts look-ups, so the counts differ.
    let lookups = Lookups::default();
    bench.compare(Engine::read_gauges, |gauges| Gauges { lookups, ..gauges });
}

#[test]
fn a_slice_looks_at_no_more_alerts_than_it_has_steps() {
    let mut bench = Bench::new();
    bench.post(0..1000);
    let slices = [
        bench.slices(all_alerts),
        bench.slices(Engine::read_groups),
        bench.slices(Engine::read_gauges),
    ];
    assert!(slices.iter().all(|slices| *slices >= 10), "{slices:?}");
}

#[test]
fn silences_are_tried_for_an_alert_over_as_many_slices_as_it_takes() {
    let mut bench = Bench::new();
    bench.post(0..2);
    for number in 0..1000 {
        bench.silence(&format!(".*{number}"));
    }
    let mut before = bench.tried();
    let begun_at = before;
    let reading = all_alerts(&bench.engine);
    let (_, slices) = bench.ask_in_slices(reading, 50, |bench| {
        let tried = bench.tried();
        assert!(tried - before <= 50, "{} in one slice", tried - before);
        before = tried;
    });
    assert_eq!(bench.tried() - begun_at, 2000, "each once");
    assert!(slices >= 40, "{slices}");
}

#[test]
fn what_stays_is_told_once_whatever_comes_and_goes_in_between() {
    let mut bench = Bench::new();
    bench.post(0..300);
    let alerts = bench.ask_while_alerts_come(all_alerts);
    check_first(alerts.iter().map(|view| host(&view.alert)));
    let groups = bench.ask_while_alerts_come(Engine::read_groups);
    let by_team = groups.iter().filter(|view| &*view.receiver.name == "team");
    let grouped = by_team.flat_map(|view| &view.alerts);
    check_first(grouped.map(|grouped| host(&grouped.alert)));
}

/// Checks that each alert that existed from the start is in the answer exactly once.
fn check_first(hosts: impl Iterator<Item = String>) {
    let hosts: Vec<String> = hosts.collect();
    for number in 0..300 {
        let times = hosts.iter().filter(|host| **host == number.to_string());
        assert_eq!(times.count(), 1, "{number}");
    }
}

fn host(alert: &Alert) -> String {
    alert.labels.get("host").expect("a host").to_owned()
}

#[test]
fn a_flush_of_many_alerts_beside_many_silences_takes_several_turns() {
    let mut bench = Bench::new();
    bench.post(0..2_100);
    for number in 0..60 {
        bench.silence(&format!(".*x{number}.*"));
    }
    bench.now.mono = bench.now.mono + Duration::from_secs(30);
    bench.now.wall += Duration::from_secs(30);
    let (alarm, at) = bench.engine.awaited_alarms()[0];
    let mut turns = 0;
    let mut tried = bench.tried();
    loop {
        let mut effects = Vec::new();
        let ring = Input::Ring { alarm, at };
        bench.engine.handle(&mut effects, bench.now, ring);
        turns += 1;
        let step = bench.tried() - tried;
        tried += step;
        assert!(
            step <= limits::STEPS_OF_A_FLUSH as u64,
            "{step} in turn {turns}"
        );
        let is_armed = |effect: &Effect| matches!(effect, Effect::Arm { alarm: other, at: other_at } if *other == alarm && *other_at == at);
        if !effects.iter().any(is_armed) {
            break;
        }
    }
    assert_eq!((turns, tried), (3, 300 * 60));
}

#[test]
fn a_dear_regex_takes_the_steps_that_it_costs() {
    let mut bench = Bench::new();
    bench.post(0..2);
    for number in 0..3 {
        bench.silence(&format!(".*(a|b){{{}}}y", 900 + number));
    }
    let labels = [("alertname", "Large"), ("host", &*"ab".repeat(500))];
    let large = PostedAlert {
        labels: Labels::from_pairs(labels).into(),
        ..PostedAlert::default()
    };
    bench.handle(Input::Alerts(vec![large]));
    let reading = all_alerts(&bench.engine);
    let (_, slices) = bench.ask_in_slices(reading, limits::STEPS_AT_ONCE, |_| ());
    assert!(slices > 3, "each of them is more than a slice: {slices}");
}
