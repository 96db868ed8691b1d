//! What must hold after every step, and what every receiver must have heard in the end.
//!
//! A checker complains by a panic that names the rule. `fuzz` shows for each that it complains when
//! a bug is planted.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use alertwheel::engine::{Reason, Target};
use alertwheel::model::{Fingerprint, Mono};

use crate::world::{Heard, SETTINGS, Seen, World};

/// What a receiver believes of one group, and since when.
#[derive(Debug)]
struct Belief {
    firing: BTreeSet<Fingerprint>,
    last_resolved: BTreeSet<Fingerprint>,
    told_at: Mono,
}

/// All checkers and what they remember.
#[derive(Debug, Default)]
pub struct Checkers {
    beliefs: BTreeMap<(Target, Arc<str>), Belief>,
    seen: usize,
    /// The shortest repeat interval that is ever configured.
    repeat_interval: Duration,
}

impl Checkers {
    /// Checkers for a world whose repeats come no sooner than this.
    pub fn new(repeat_interval: Duration) -> Self {
        Checkers {
            repeat_interval,
            ..Checkers::default()
        }
    }

    /// Looks at the world after a step.
    pub fn after_step(&mut self, world: &World) {
        nobody_sleeps(world);
        shares_are_kept(world);
        while let Some(sight) = world.sights.get(self.seen) {
            self.seen += 1;
            if let Seen::Webhook(heard) = &sight.what {
                self.hear(heard, sight.seen_at);
            }
        }
    }

    /// Each notification tells something new, or repeats after long enough.
    fn hear(&mut self, heard: &Heard, at: Mono) {
        let key = (heard.target.clone(), Arc::clone(&heard.group_key));
        let prints = |alerts: &[Arc<alertwheel::model::Alert>]| -> BTreeSet<Fingerprint> {
            alerts.iter().map(|alert| alert.fingerprint).collect()
        };
        let (firing, resolved) = (prints(&heard.firing), prints(&heard.resolved));
        let Some(belief) = self.beliefs.get_mut(&key) else {
            assert!(
                !firing.is_empty() && heard.reason == Reason::FirstNotification,
                "told without a reason: {key:?} first heard of {heard:?}"
            );
            self.beliefs.insert(
                key,
                Belief {
                    firing,
                    last_resolved: resolved,
                    told_at: at,
                },
            );
            return;
        };
        let is_news = !firing.is_subset(&belief.firing)
            || resolved.iter().any(|print| belief.firing.contains(print))
            || !resolved.is_subset(&belief.last_resolved);
        let is_repeat = heard.reason == Reason::RepeatElapsed
            && at.since(belief.told_at) >= self.repeat_interval;
        assert!(
            is_news || is_repeat,
            "told twice without a reason: {key:?} heard {heard:?} {:?} after {belief:?}",
            at.since(belief.told_at)
        );
        belief.firing.extend(&firing);
        belief.firing.retain(|print| !resolved.contains(print));
        belief.last_resolved = resolved;
        belief.told_at = at;
    }

    /// The delivery oracle: what each receiver believes to fire in each group is what does.
    /// To be asked when all receivers have been well for long enough.
    pub fn receivers_know(&self, actual: &BTreeMap<(Target, Arc<str>), BTreeSet<Fingerprint>>) {
        for (key, firing) in actual {
            let believed = self.beliefs.get(key).map(|belief| &belief.firing);
            assert_eq!(believed, Some(firing), "what fires was not told: {key:?}");
        }
        for (key, belief) in &self.beliefs {
            let is_over = belief.firing.is_empty() || actual.contains_key(key);
            assert!(
                is_over,
                "told firing and never resolved: {key:?} {:?}",
                belief.firing
            );
        }
    }
}

/// Whatever the engine waits for, a ring is on its way.
fn nobody_sleeps(world: &World) {
    for (alarm, at) in world.engine.awaited_alarms() {
        assert!(
            world.alarms.will_ring(alarm, at),
            "asleep for ever: {alarm:?} awaits {at}"
        );
    }
}

/// No endpoint holds more workers than its share, and all together no more than there are.
fn shares_are_kept(world: &World) {
    let mut by_endpoint = BTreeMap::new();
    for flight in world.network.flights() {
        *by_endpoint.entry(&flight.job.webhook.endpoint).or_insert(0) += 1;
    }
    let total: usize = by_endpoint.values().sum();
    assert!(total <= SETTINGS.workers, "{total} attempts out");
    for (endpoint, held) in by_endpoint {
        assert!(
            held <= SETTINGS.workers_per_endpoint,
            "{endpoint:?} holds {held} workers"
        );
    }
}
