//! Random worlds, each from a seed, with every fault there is; and the proof that the checkers see.
//!
//! A complaint names its seed. `ALERTWHEEL_SEEDS=1000 cargo test --test sim fuzz` looks further.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use alertwheel::config::Config;
use alertwheel::engine::Target;
use alertwheel::model::{
    Fingerprint, Labels, Mono, ParserMode, PostedAlert, PostedSilence, Wall, parse_matchers,
};
use jiff::SignedDuration;

use crate::alarms::AlarmFaults;
use crate::checkers::{Checkers, Rule};
use crate::crashes::assert_disk_holds_the_state;
use crate::disk::Disk;
use crate::heartbeats::{Jobs, NAMES};
use crate::network::Behaviour;
use crate::sources::Sources;
use crate::world::{Dice, Sabotage, World, configuration};

const DAY: Duration = Duration::from_secs(24 * 3600);
/// How often senders repeat what fires.
const REFRESH: Duration = Duration::from_secs(3 * 60);
const SEEDS_PER_TEST: u64 = 50;

const FAULTS: AlarmFaults = AlarmFaults {
    late: 0.1,
    lost: 0.05,
    stale: 0.1,
    doubled: 0.05,
    early: 0.05,
};

#[test]
fn no_checker_complains_over_the_first_quarter_of_the_seeds() {
    explore(0);
}

#[test]
fn no_checker_complains_over_the_second_quarter_of_the_seeds() {
    explore(1);
}

#[test]
fn no_checker_complains_over_the_third_quarter_of_the_seeds() {
    explore(2);
}

#[test]
fn no_checker_complains_over_the_last_quarter_of_the_seeds() {
    explore(3);
}

#[test]
fn dropped_alarms_are_noticed() {
    assert_noticed(Sabotage::DropArms, Rule::NobodySleeps);
}

#[test]
fn swallowed_rings_are_noticed() {
    assert_noticed(Sabotage::SwallowRings, Rule::NobodySleeps);
}

#[test]
fn workers_freed_too_soon_are_noticed() {
    assert_noticed(Sabotage::FreeWorkersTooSoon, Rule::SharesAreKept);
}

#[test]
fn repeated_deliveries_are_noticed() {
    assert_noticed(Sabotage::DeliveriesCountAsFailed, Rule::NothingIsToldTwice);
}

#[test]
fn healthy_receivers_that_wait_are_noticed() {
    assert_noticed(Sabotage::DeliveriesCountAsThrottled, Rule::HealthyStartSoon);
}

#[test]
fn failures_taken_for_deliveries_are_noticed() {
    assert_noticed(Sabotage::FailuresCountAsDelivered, Rule::ReceiversKnow);
}

#[test]
fn ends_that_never_arrive_are_noticed() {
    assert_noticed(Sabotage::LoseEnds, Rule::ReceiversKnow);
}

fn explore(quarter: u64) {
    let per_test = seeds().map_or(SEEDS_PER_TEST, |seeds| seeds.div_ceil(4));
    for seed in quarter * per_test..(quarter + 1) * per_test {
        if let Some(complaint) = complaint(seed, 4 * DAY, Sabotage::None, &Rule::ALL, false) {
            panic!("seed {seed}: {complaint}");
        }
    }
}

/// Some world of a few shows the planted bug to this rule.
fn assert_noticed(sabotage: Sabotage, rule: Rule) {
    let notices = |seed| complaint(seed, 2 * DAY, sabotage, &[rule], false).is_some();
    assert!((0..8).any(notices), "{rule:?} did not notice {sabotage:?}");
}

/// How many seeds to look at, if somebody asks for more or fewer.
pub fn seeds() -> Option<u64> {
    let text = std::env::var("ALERTWHEEL_SEEDS").ok()?;
    text.parse().ok()
}

/// What a checker says about the world of this seed, in which processes crash or do not.
pub fn complaint(
    seed: u64,
    length: Duration,
    sabotage: Sabotage,
    rules: &[Rule],
    crashes: bool,
) -> Option<String> {
    let run = AssertUnwindSafe(|| {
        let mut life = Life::new(seed, sabotage, rules);
        if crashes {
            life.world.disk = Some(Disk::default());
        }
        life.world.start();
        life.live(length);
    });
    let payload = catch_unwind(run).err()?;
    let text = payload.downcast_ref::<String>().cloned();
    text.or_else(|| {
        payload
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
    })
    .or_else(|| Some("a panic without words".into()))
}

/// What senders believe of an alert.
struct Sender {
    labels: Labels,
    team: &'static str,
    name: String,
    /// When it began, while it fires.
    firing_since: Option<Wall>,
}

/// How the senders of a world give times.
#[derive(Clone, Copy)]
enum Times {
    /// Start and end, as Prometheus does.
    Explicit,
    /// None: the end is our timeout.
    LeftToUs,
}

struct Life {
    world: World,
    checkers: Checkers,
    dice: Dice,
    senders: Vec<Sender>,
    times: Times,
    next_refresh: Mono,
    silences: Vec<String>,
    sources: Sources,
    jobs: Jobs,
}

/// The teams, each with a receiver.
pub const TEAMS: [&str; 3] = ["a", "b", "c"];

impl Life {
    fn new(seed: u64, sabotage: Sabotage, rules: &[Rule]) -> Self {
        let mut dice = Dice::seeded(seed + 1_000_000);
        let config = any_configuration(&mut dice);
        let jobs = Jobs::of(&config);
        let mut world = World::new(config, seed, FAULTS);
        world.sabotage = sabotage;
        let times = if dice.happens(0.5) {
            Times::Explicit
        } else {
            Times::LeftToUs
        };
        let mut senders = Vec::new();
        for team in TEAMS {
            for number in 0..6 {
                senders.push(sender(team, number));
            }
        }
        let checkers = Checkers::of(rules, Duration::from_secs(30 * 60));
        Life {
            world,
            checkers,
            dice,
            senders,
            times,
            next_refresh: Mono::START + REFRESH,
            silences: Vec::new(),
            sources: Sources::default(),
            jobs,
        }
    }

    fn live(mut self, length: Duration) {
        let end = Mono::START + length;
        while self.world.now < end {
            let pause = self.dice.up_to(Duration::from_secs(40 * 60));
            if self.world.disk.is_some() && self.dice.happens(0.5) {
                self.plan_a_crash();
            }
            self.run_until(self.world.now + pause);
            self.something_happens();
            if self.world.disk.is_some() && self.world.sabotage == Sabotage::None {
                assert_disk_holds_the_state(&self.world);
            }
        }
        self.calm_down();
        self.checkers.receivers_know(&self.actual());
    }

    /// The process will end among the next few hundred effects, and another will start later.
    fn plan_a_crash(&mut self) {
        let effects = self.dice.below(300);
        let downtime = match self.dice.below(4) {
            0 => Duration::ZERO,
            1 => self.dice.up_to(Duration::from_secs(10)),
            2 => self.dice.up_to(Duration::from_secs(10 * 60)),
            _ => self.dice.up_to(Duration::from_secs(3 * 3600)),
        };
        self.world.plan_crash(effects, downtime);
    }

    fn something_happens(&mut self) {
        match self.dice.below(28) {
            25..=27 => self.some_job_pings(),
            20..=23 => self.sources_report(),
            24 => self.a_sender_posts_what_a_source_holds(),
            0..=8 => self.toggle_some_alerts(),
            9..=12 => self.some_receiver_changes(),
            13..=15 => {
                let config = any_configuration(&mut self.dice);
                self.jobs.reloaded(&config, self.world.now);
                self.world.reload(config);
                self.look();
            }
            16 => self.set_the_clock(),
            17 => self.somebody_silences(),
            _ => self.network_heals(),
        }
    }

    fn sources_report(&mut self) {
        let reports = Sources::some_reports(&mut self.dice);
        // Who gets no answer tries again.
        let refused = loop {
            if let Some(refused) = self.world.report(reports.clone()) {
                break refused;
            }
        };
        assert!(
            refused.is_empty(),
            "a sound report was refused: {refused:?}"
        );
        self.sources.reported(reports, &self.world);
        if self.checkers.checks(Rule::ResolvesEndTheirOwn) {
            self.sources.assert_resolves_end_their_own(&self.world);
        }
        self.look();
    }

    fn some_job_pings(&mut self) {
        let (name, has_failed) = Jobs::any_ping(&mut self.dice);
        self.ping(name, has_failed);
    }

    fn ping(&mut self, name: &str, has_failed: bool) {
        // Who gets no answer tries again.
        while self.world.beat(name, has_failed).is_none() {}
        self.jobs.pinged(name, has_failed, &self.world);
        self.look();
    }

    fn a_sender_posts_what_a_source_holds(&mut self) {
        if let Some(posted) = self.sources.also_posted(&mut self.dice) {
            while !self.post(vec![posted.clone()]) {}
        }
    }

    fn somebody_silences(&mut self) {
        let matchers = match self.dice.below(3) {
            0 => format!("team={}", self.any_team()),
            1 => "alertname=Alert0".to_owned(),
            _ => "host=~\"host[135]\"".to_owned(),
        };
        let now = self.world.clocks().wall;
        let span = self.dice.up_to(Duration::from_secs(3 * 3600));
        let posted = PostedSilence {
            id: None,
            matchers: parse_matchers(&matchers, ParserMode::Fallback)
                .expect("matchers")
                .value,
            starts_at: now,
            ends_at: now.checked_add(span).expect("a time on the calendar"),
            created_by: "fuzz".into(),
            comment: String::new(),
            annotations: Labels::default(),
            fault: None,
        };
        let Some(answer) = self.world.set_silence(posted) else {
            return;
        };
        self.silences
            .push(answer.expect("a sound silence").to_string());
    }

    /// Every fault ends; then there is time for everything that is owed.
    fn calm_down(&mut self) {
        for id in std::mem::take(&mut self.silences) {
            // One that was forgotten meanwhile is over as well.
            while self.world.expire_silence(id.clone()).is_none() {}
        }
        self.world.heal_network();
        self.world.alarms.heal();
        self.world.cancel_crash();
        NAMES.into_iter().for_each(|name| self.ping(name, false));
        self.run_until(self.world.now + DAY / 8);
    }

    fn toggle_some_alerts(&mut self) {
        for _ in 0..=self.dice.below(5) {
            let index = self.dice.below(self.senders.len() as u64) as usize;
            let now = self.world.clocks().wall;
            let sender = &mut self.senders[index];
            match sender.firing_since.take() {
                None => sender.firing_since = Some(now),
                // Half of them fall silent, the others say that it is over.
                Some(since) if self.dice.happens(0.5) => {
                    let posted = PostedAlert {
                        labels: sender.labels.clone().into(),
                        starts_at: Some(since.min(now)),
                        ends_at: Some(now),
                        ..PostedAlert::default()
                    };
                    // Who gets no answer tries again.
                    while !self.post(vec![posted.clone()]) {}
                }
                Some(_) => {}
            }
        }
        self.post_all();
    }

    fn some_receiver_changes(&mut self) {
        let receiver = format!("team-{}", self.any_team());
        let behaviour = match self.dice.below(11) {
            0 => Behaviour::Failing,
            1 => Behaviour::Rejecting,
            2 => Behaviour::Throttling(self.dice.up_to(Duration::from_secs(3600))),
            3 => Behaviour::Hanging,
            4 => Behaviour::Flaky(0.3),
            5 => Behaviour::Slow(self.dice.up_to(Duration::from_secs(20))),
            6 => Behaviour::Waking,
            7 => Behaviour::Quota(
                1 + self.dice.below(20) as usize,
                Duration::from_secs(1 + self.dice.below(60)),
            ),
            8 => Behaviour::Away,
            9 => Behaviour::HasAHole,
            _ => Behaviour::Healthy,
        };
        self.world.set_behaviour(&receiver, behaviour);
    }

    fn network_heals(&mut self) {
        let receiver = format!("team-{}", self.any_team());
        self.world.set_behaviour(&receiver, Behaviour::Healthy);
    }

    fn any_team(&mut self) -> &'static str {
        TEAMS[self.dice.below(TEAMS.len() as u64) as usize]
    }

    /// Senders on the same host jump too, and remember how long their alerts have fired.
    fn set_the_clock(&mut self) {
        // A clock that is set just when the process ends cannot be told from years without one.
        self.world.cancel_crash();
        let hours = [1, -1, 24, -24, 24 * 365 * 20, -24 * 365 * 5][self.dice.below(6) as usize];
        let step = SignedDuration::from_hours(hours);
        self.world.step_wall_clock(step);
        for sender in &mut self.senders {
            let moved = |since: Wall| since.checked_add(step).expect("a time on the calendar");
            sender.firing_since = sender.firing_since.map(moved);
        }
        self.post_all();
    }

    fn run_until(&mut self, end: Mono) {
        while self.next_refresh < end {
            let next = self.next_refresh;
            self.advance_to(next);
            self.post_all();
            self.next_refresh = next + REFRESH;
        }
        self.advance_to(end);
    }

    fn advance_to(&mut self, at: Mono) {
        let checkers = &mut self.checkers;
        self.world
            .run_until(at, &mut |world| checkers.after_step(world));
        self.look();
    }

    fn post_all(&mut self) {
        let now = self.world.clocks().wall;
        let times = self.times;
        let firing = self.senders.iter().filter_map(|sender| {
            let since = sender.firing_since?;
            let (starts_at, ends_at) = match times {
                Times::Explicit => (Some(since.min(now)), now.checked_add(4 * REFRESH).ok()),
                Times::LeftToUs => (None, None),
            };
            let labels = sender.labels.clone();
            Some(PostedAlert {
                labels: labels.into(),
                starts_at,
                ends_at,
                ..PostedAlert::default()
            })
        });
        let firing = firing.collect();
        self.post(firing);
    }

    /// Whether the post was answered.
    fn post(&mut self, alerts: Vec<PostedAlert>) -> bool {
        let refused = self.world.post(alerts);
        self.look();
        let Some(refused) = refused else { return false };
        assert!(refused.is_empty(), "a sound alert was refused: {refused:?}");
        true
    }

    fn look(&mut self) {
        self.checkers.after_step(&self.world);
        if self.checkers.checks(Rule::NoTimeoutEndsReports) {
            self.sources.assert_no_timeout_ends_them(&self.world);
        }
        if self.checkers.checks(Rule::OverdueFireOnce) {
            self.jobs.assert_overdue_fire_once_and_in_time(&self.world);
        }
    }

    /// What fires, by webhook and group, worked out without the engine.
    fn actual(&self) -> BTreeMap<(Target, Arc<str>), BTreeSet<Fingerprint>> {
        let mut actual: BTreeMap<_, BTreeSet<Fingerprint>> = BTreeMap::new();
        let senders = self
            .senders
            .iter()
            .filter(|sender| sender.firing_since.is_some());
        let senders = senders.map(|sender| (sender.team, &sender.name, &sender.labels));
        let reported = self.sources.firing(self.world.now);
        let reported = reported.map(|held| (held.team, &held.name, &held.labels));
        let reported = senders.chain(reported);
        let reported =
            reported.map(|(team, name, labels)| (team, name.as_str(), labels.fingerprint()));
        let missing = self.jobs.firing(self.world.now).map(|(name, labels)| {
            let team = if name == NAMES[0] { "a" } else { "b" };
            (team, "HeartbeatMissing", labels)
        });
        for (team, name, labels) in reported.chain(missing) {
            let group: Arc<str> =
                format!("{{}}/{{team=\"{team}\"}}:{{alertname=\"{name}\"}}").into();
            for webhook_index in 0..webhooks_of(team) {
                let target = Target {
                    receiver: format!("team-{team}").into(),
                    webhook_index,
                };
                let group = Arc::clone(&group);
                actual.entry((target, group)).or_default().insert(labels);
            }
        }
        actual
    }
}

fn sender(team: &'static str, number: u64) -> Sender {
    let name = format!("Alert{}", number / 3);
    let host = format!("host{number}");
    let labels = Labels::from_pairs([
        ("alertname", name.as_str()),
        ("team", team),
        ("host", &host),
    ]);
    Sender {
        labels,
        team,
        name,
        firing_since: None,
    }
}

/// Team b has two webhooks.
fn webhooks_of(team: &str) -> usize {
    if team == "b" { 2 } else { 1 }
}

/// The same routes for the teams in all of them; times, neighbours and webhooks differ.
fn any_configuration(dice: &mut Dice) -> Arc<Config> {
    let mut pick = |from: &[&str]| from[dice.below(from.len() as u64) as usize].to_owned();
    let (wait, interval) = (
        pick(&["0s", "10s", "30s", "5m"]),
        pick(&["30s", "1m", "5m", "15m"]),
    );
    let repeat = pick(&["30m", "4h", "3h59m", "12h"]);
    let neighbour = pick(&[
        "",
        "- matchers: [neighbour=\"x\"]",
        "- matchers: [neighbour=\"y\"]",
    ]);
    let slow = pick(&["1h", "2h"]);
    let timeout = pick(&["0s", "10s", "1m"]);
    let port = pick(&["80", "8080"]);
    configuration(&format!(
        r#"
heartbeats:
  - {{name: quick, every: 40m, grace: 5m, labels: {{team: a}}}}
  - {{name: slow, every: {slow}, grace: 10m, labels: {{team: b}}}}
route:
  receiver: nobody
  group_by: [alertname]
  group_wait: {wait}
  group_interval: {interval}
  repeat_interval: {repeat}
  routes:
    {neighbour}
    - {{matchers: [team="a"], receiver: team-a}}
    - {{matchers: [team="b"], receiver: team-b}}
    - {{matchers: [team="c"], receiver: team-c, group_interval: 1m}}
receivers:
  - name: nobody
  - name: team-a
    webhook_configs: [{{url: "http://a:{port}/", timeout: {timeout}}}]
  - name: team-b
    webhook_configs: [{{url: "http://b:{port}/1"}}, {{url: "http://b:{port}/2", timeout: {timeout}}}]
  - name: team-c
    webhook_configs: [{{url: "http://c/", heartbeat: 1m}}]
"#
    ))
}
