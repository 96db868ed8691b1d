//! Answers in slices: what a slice costs, and what is in an answer that others got in between.

use std::time::Duration;

use super::*;
use crate::config;
use crate::engine::{Effect, Gauges, Input, Settings};
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

    /// Answers in slices of so many steps, and lets something happen after each. Also says how many
    /// slices it took.
    fn ask_in_slices(
        &mut self,
        query: Query,
        steps: usize,
        mut in_between: impl FnMut(&mut Bench),
    ) -> (Answer, usize) {
        let mut reading = self.engine.begin(query);
        for slices in 1.. {
            match self.engine.go_on(reading, self.now, Steps::new(steps)) {
                Progress::Done(answered) => return (answered.answer, slices),
                Progress::Unfinished(rest) => reading = rest,
            }
            in_between(self);
        }
        unreachable!("each slice takes a step")
    }

    fn tried(&self) -> u64 {
        self.engine.silences.lookups().scanned
    }
}

/// The answer as text without what depends on the order.
fn told(answer: Answer) -> Vec<String> {
    let mut lines: Vec<String> = match answer {
        Answer::Alerts(views) => views.iter().map(|view| format!("{view:?}")).collect(),
        Answer::Groups(views) => views.iter().map(|view| format!("{view:?}")).collect(),
        Answer::Silences(silences) => silences.iter().map(|it| format!("{it:?}")).collect(),
        Answer::Gauges(gauges) => {
            let lookups = Default::default();
            vec![format!("{:?}", Gauges { lookups, ..gauges })]
        }
        Answer::Config(_) => Vec::new(),
    };
    lines.sort_unstable();
    lines
}

#[test]
fn an_answer_in_slices_is_the_answer_in_one_piece() {
    let mut bench = Bench::new();
    bench.post(0..500);
    bench.silence(".*3");
    bench.silence("1.*");
    for query in [
        Query::Alerts(Vec::new()),
        Query::Groups,
        Query::Silences,
        Query::Gauges,
    ] {
        let whole = bench.engine.query(bench.now, query.clone()).answer;
        for steps in [1, 7, 100_000] {
            let (answer, _) = bench.ask_in_slices(query.clone(), steps, |_| {});
            assert_eq!(told(answer), told(whole.clone()), "{query:?} by {steps}");
        }
    }
}

#[test]
fn a_slice_looks_at_no_more_alerts_than_it_has_steps() {
    let mut bench = Bench::new();
    bench.post(0..1000);
    for query in [Query::Alerts(Vec::new()), Query::Groups, Query::Gauges] {
        let (_, slices) = bench.ask_in_slices(query.clone(), 100, |_| {});
        assert!(slices >= 10, "{query:?} took {slices} slices");
    }
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
    let (_, slices) = bench.ask_in_slices(Query::Alerts(Vec::new()), 50, |bench| {
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
    for query in [Query::Alerts(Vec::new()), Query::Groups] {
        let mut next = 1000;
        let (answer, _) = bench.ask_in_slices(query, 20, |bench| {
            bench.post(next..next + 30);
            next += 30;
        });
        let hosts: Vec<String> = match answer {
            Answer::Alerts(views) => views.iter().map(|view| host(&view.alert)).collect(),
            Answer::Groups(views) => {
                let by_team = views.iter().filter(|view| &*view.receiver.name == "team");
                let grouped = by_team.flat_map(|view| &view.alerts);
                grouped.map(|grouped| host(&grouped.alert)).collect()
            }
            other => panic!("{other:?}"),
        };
        for number in 0..300 {
            let times = hosts.iter().filter(|host| **host == number.to_string());
            assert_eq!(times.count(), 1, "{number}");
        }
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
    let (_, slices) = bench.ask_in_slices(Query::Alerts(Vec::new()), limits::STEPS_AT_ONCE, |_| ());
    assert!(slices > 3, "each of them is more than a slice: {slices}");
}
