//! The uplink of the host is gone for an hour, and comes back.
//!
//! `ALERTWHEEL_SEEDS=300 cargo test --release --test sim outages` plays as many with five thousand groups
//! each; without it a few are played with fewer.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use alertwheel::model::{Labels, Mono, PostedAlert};

use crate::alarms::AlarmFaults;
use crate::checkers::{Checkers, Rule};
use crate::fuzz::seeds;
use crate::network::Behaviour;
use crate::world::{Dice, Heard, Seen, World, configuration};

const CONFIG: &str = r#"
route: {receiver: team, group_by: [alertname], group_wait: 10s, group_interval: 5m, repeat_interval: 12h}
receivers: [{name: team, webhook_configs: [{url: "http://team/"}]}]
"#;

/// How often senders repeat what fires.
const REFRESH: Duration = Duration::from_secs(60);
const OUTAGE: Duration = Duration::from_secs(3600);

/// A probe comes this soon: at most five seconds and half of that as jitter, and three that the one before
/// may take to find nobody.
const NEXT_PROBE: Duration = Duration::from_secs(11);

/// An outage, and the alerts that senders report.
struct Outage {
    world: World,
    checkers: Checkers,
    firing: Vec<bool>,
    dice: Dice,
    next_refresh: Mono,
}

impl Outage {
    fn new(seed: u64, groups: usize) -> Self {
        let world = World::new(configuration(CONFIG), seed, AlarmFaults::default()).with_disk();
        let rules = [
            Rule::NobodySleeps,
            Rule::SharesAreKept,
            Rule::NothingIsToldTwice,
        ];
        Outage {
            world,
            checkers: Checkers::of(&rules, Duration::from_secs(12 * 3600)),
            firing: vec![true; groups],
            dice: Dice::seeded(seed),
            next_refresh: Mono::START,
        }
    }

    fn run_for(&mut self, span: Duration) {
        let end = self.world.now + span;
        while self.next_refresh <= end {
            self.advance_to(self.next_refresh);
            self.report();
            self.next_refresh = self.next_refresh.max(self.world.now) + REFRESH;
        }
        self.advance_to(end);
    }

    fn advance_to(&mut self, at: Mono) {
        // Looking at all groups after each step would take longer than everything else together.
        self.world.run_until(at, &mut |_| {});
        self.checkers.after_step(&self.world);
    }

    /// Senders report what fires, and whose process hears nothing of it tries again.
    fn report(&mut self) {
        let firing = self.firing.iter().enumerate().filter(|(_, fires)| **fires);
        let alerts: Vec<PostedAlert> = firing.map(|(number, _)| alert(number)).collect();
        while self.world.post(alerts.clone()).is_none() {}
    }

    /// Some begin and some end.
    fn change_some(&mut self) {
        for _ in 0..self.firing.len() / 10 {
            let number = self.dice.below(self.firing.len() as u64) as usize;
            self.firing[number] = !self.firing[number];
            if !self.firing[number] {
                let ended = PostedAlert {
                    ends_at: Some(self.world.clocks().wall),
                    ..alert(number)
                };
                while self.world.post(vec![ended.clone()]).is_none() {}
            }
        }
        self.report();
    }

    /// What was heard since a time, in order.
    fn heard_since(&self, since: Mono) -> Vec<(Mono, &Heard)> {
        let alerts = self.world.alerts.iter();
        let heard = alerts.filter_map(|alert| match &alert.what {
            Seen::Webhook(heard) if alert.seen_at >= since => Some((alert.seen_at, heard)),
            _ => None,
        });
        heard.collect()
    }
}

fn alert(number: usize) -> PostedAlert {
    let name = format!("Alert{number}");
    PostedAlert {
        labels: Labels::from_pairs([("alertname", name.as_str())]).into(),
        ..PostedAlert::default()
    }
}

/// Plays an outage, in which processes crash or do not; returns how many groups were told after it.
fn play(seed: u64, groups: usize, crashes: bool) -> usize {
    let mut outage = Outage::new(seed, groups);
    outage.run_for(Duration::from_secs(20 * 60));
    outage.world.set_behaviour("team", Behaviour::Away);
    let lasts = OUTAGE + outage.dice.up_to(Duration::from_secs(300));
    let back_at = outage.world.now + lasts;
    while outage.world.now + Duration::from_secs(700) < back_at {
        if crashes {
            let effects = outage.dice.below(3 * groups as u64);
            let downtime = outage.dice.up_to(Duration::from_secs(60));
            outage.world.plan_crash(effects, downtime);
        }
        let pause = outage.dice.up_to(Duration::from_secs(300));
        outage.run_for(pause);
        outage.change_some();
    }
    outage.world.cancel_crash();
    // The last changes are older than a tick of each group when the uplink is back.
    outage.run_for(back_at.since(outage.world.now));
    outage.world.heal_network();
    let since = outage.world.now;
    let told = told_once_each(&mut outage, since, crashes);
    assert!(told > groups / 20, "seed {seed}: {told} groups had changed");
    told
}

/// Each group that has something new is told its newest state once, the first within a second of the
/// probe that succeeds.
fn told_once_each(outage: &mut Outage, since: Mono, crashes: bool) -> usize {
    outage.run_for(Duration::from_secs(4 * 60));
    let mut told: BTreeMap<Arc<str>, usize> = BTreeMap::new();
    let heard = outage.heard_since(since);
    let (probe_at, _) = *heard.first().expect("something has changed");
    assert!(
        probe_at.since(since) <= NEXT_PROBE,
        "the first was told {:?} after the uplink was back",
        probe_at.since(since)
    );
    if let Some((second_at, _)) = heard.get(1) {
        assert!(second_at.since(probe_at) <= Duration::from_secs(1));
    }
    for (_, heard) in heard {
        let times = told.entry(Arc::clone(&heard.group_key)).or_default();
        *times += 1;
        // Of what was on its way as a process ended nobody knows whether it had arrived.
        assert!(*times == 1 || crashes, "told twice: {heard:?}");
        let name = heard.group_key.trim_end_matches("\"}");
        let number = name.rsplit("Alert").next().map(str::parse::<usize>);
        let number = number.expect("a name").expect("a number");
        assert_eq!(
            heard.firing.is_empty(),
            !outage.firing[number],
            "not the newest state: {heard:?}"
        );
    }
    told.len()
}

#[test]
fn after_an_hour_without_uplink_each_group_is_told_its_newest_state_once() {
    let (count, groups) = seeds().map_or((4, 500), |seeds| (seeds, 5000));
    for seed in 0..count {
        play(seed, groups, false);
    }
}

#[test]
fn nor_does_a_crash_meanwhile_lose_a_state_or_tell_one_twice() {
    let (count, groups) = seeds().map_or((12, 100), |seeds| (seeds, 5000));
    for seed in 0..count {
        play(seed, groups, true);
    }
}
