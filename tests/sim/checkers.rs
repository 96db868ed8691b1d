//! What must hold after every step, and what every receiver must have heard in the end.
//!
//! A checker complains by a panic that names the rule. `fuzz` shows for each that it complains when
//! a bug is planted.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use alertwheel::engine::{Reason, Target};
use alertwheel::model::{Alert, Fingerprint, Mono};

use crate::world::{Heard, SETTINGS, Seen, World};

/// Attempts that an endpoint which swallows requests gets beside those that it holds.
const PROBES: usize = 4;

/// How soon a delivery to a receiver that is well starts; there are a dozen at a time, of ten
/// milliseconds each.
const STARTS_WITHIN: Duration = Duration::from_secs(1);

/// What a receiver believes of one group, and since when.
#[derive(Debug, Default)]
struct Belief {
    firing: BTreeSet<Fingerprint>,
    /// What fired in the last notification; less than `firing` where something mutes alerts.
    last_firing: BTreeSet<Fingerprint>,
    last_resolved: BTreeSet<Fingerprint>,
    told_at: Mono,
    /// Whether the process ended before it could record the last notification; then it comes again.
    is_unrecorded: bool,
    /// How many crashes there had been then.
    crashes: usize,
}

/// The rules that are checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Whatever the engine waits for, a ring is on its way.
    NobodySleeps,
    /// No endpoint holds more workers than its share, and all together no more than there are beside
    /// one for each endpoint.
    SharesAreKept,
    /// Each notification tells something new, or repeats after long enough.
    NothingIsToldTwice,
    /// What is due for a receiver that is well starts soon, however the others fare.
    HealthyStartSoon,
    /// A report of a source ends exactly the alerts of its key.
    ResolvesEndTheirOwn,
    /// An alert of a source ends by its source or its ttl, and by nothing else.
    NoTimeoutEndsReports,
    /// An overdue heartbeat fires once and within its grace, and no other fires.
    OverdueFireOnce,
    /// The delivery oracle: what each receiver believes to fire in each group is what does.
    ReceiversKnow,
}

impl Rule {
    /// All of them.
    pub const ALL: [Rule; 8] = [
        Rule::NobodySleeps,
        Rule::SharesAreKept,
        Rule::NothingIsToldTwice,
        Rule::HealthyStartSoon,
        Rule::ResolvesEndTheirOwn,
        Rule::NoTimeoutEndsReports,
        Rule::OverdueFireOnce,
        Rule::ReceiversKnow,
    ];
}

/// All checkers and what they remember.
#[derive(Debug, Default)]
pub struct Checkers {
    rules: Vec<Rule>,
    beliefs: BTreeMap<(Target, Arc<str>), Belief>,
    seen: usize,
    crashes: usize,
    /// Groups of which nobody knows what arrived of the delivery that was due at that crash.
    doubtful: BTreeMap<Fingerprint, usize>,
    /// The shortest repeat interval that is ever configured.
    repeat_interval: Duration,
}

impl Checkers {
    /// Checkers of these rules, for a world whose repeats come no sooner than this.
    pub fn of(rules: &[Rule], repeat_interval: Duration) -> Self {
        Checkers {
            rules: rules.to_vec(),
            repeat_interval,
            ..Checkers::default()
        }
    }

    /// Whether this rule is checked.
    pub fn checks(&self, rule: Rule) -> bool {
        self.rules.contains(&rule)
    }

    /// Looks at the world after a step.
    pub fn after_step(&mut self, world: &World) {
        if self.checks(Rule::NobodySleeps) {
            nobody_sleeps(world);
        }
        if self.checks(Rule::SharesAreKept) {
            shares_are_kept(world);
        }
        while let Some(alert) = world.alerts.get(self.seen) {
            self.seen += 1;
            match &alert.what {
                Seen::Webhook(heard) => self.hear(heard, alert.seen_at),
                Seen::Started { target, waited } if self.checks(Rule::HealthyStartSoon) => {
                    starts_soon(world, target, *waited);
                }
                Seen::Crashed { unsent, .. } => {
                    self.crashes += 1;
                    let crash = self.crashes;
                    self.doubtful
                        .extend(unsent.iter().map(|group| (*group, crash)));
                }
                _ => {}
            }
        }
    }

    fn hear(&mut self, heard: &Heard, at: Mono) {
        let key = (heard.target.clone(), Arc::clone(&heard.group_key));
        let (firing, resolved) = (fingerprints(&heard.firing), fingerprints(&heard.resolved));
        // Who is not told of ends, or not of all alerts, cannot know what is told twice.
        let hears_all = heard.send_resolved && heard.truncated == 0;
        if self.checks(Rule::NothingIsToldTwice) && hears_all {
            self.assert_news(&key, heard, at);
        }
        let belief = self.beliefs.entry(key).or_default();
        belief.firing.extend(&firing);
        belief.firing.retain(|print| !resolved.contains(print));
        belief.last_firing = firing;
        belief.last_resolved = resolved;
        belief.told_at = at;
        belief.crashes = self.crashes;
        belief.is_unrecorded = !heard.is_recorded;
    }

    fn assert_news(&self, key: &(Target, Arc<str>), heard: &Heard, at: Mono) {
        let (firing, resolved) = (fingerprints(&heard.firing), fingerprints(&heard.resolved));
        let doubted_at = self.doubtful.get(&heard.group_labels).copied();
        let heard_at = self.beliefs.get(key).map_or(0, |belief| belief.crashes);
        if doubted_at.is_some_and(|crash| crash > heard_at) {
            return;
        }
        let Some(belief) = self.beliefs.get(key) else {
            assert!(
                !firing.is_empty() && heard.reason == Reason::FirstNotification,
                "told without a reason: {key:?} first heard of {heard:?}"
            );
            return;
        };
        if belief.is_unrecorded {
            return;
        }
        let is_news = !firing.is_subset(&belief.last_firing)
            || resolved.iter().any(|print| belief.firing.contains(print))
            || !resolved.is_subset(&belief.last_resolved)
            // What still fires is muted, and Alertmanager takes the rest for all there is.
            || (firing.is_empty() && !belief.last_firing.is_empty());
        let since = at.since(belief.told_at);
        let is_repeat = heard.reason == Reason::RepeatElapsed && since >= self.repeat_interval;
        assert!(
            is_news || is_repeat,
            "told twice without a reason: {key:?} heard {heard:?} {since:?} after {belief:?}"
        );
    }

    /// To be asked when all receivers have been well for long enough.
    pub fn receivers_know(&self, actual: &BTreeMap<(Target, Arc<str>), BTreeSet<Fingerprint>>) {
        if !self.checks(Rule::ReceiversKnow) {
            return;
        }
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

fn fingerprints(alerts: &[Arc<Alert>]) -> BTreeSet<Fingerprint> {
    alerts.iter().map(|alert| alert.fingerprint).collect()
}

fn nobody_sleeps(world: &World) {
    for (alarm, at) in world.engine.awaited_alarms() {
        assert!(
            world.alarms.will_ring(alarm, at),
            "asleep for ever: {alarm:?} awaits {at}"
        );
    }
}

/// A receiver that has been well for half an hour owes nothing to what it did before.
fn starts_soon(world: &World, target: &Target, waited: Duration) {
    let since = world.now - Duration::from_secs(30 * 60);
    if since == Mono::START || !world.network.has_been_well(&target.receiver, since) {
        return;
    }
    assert!(
        waited <= STARTS_WITHIN,
        "a receiver that is well waited {waited:?}: {target:?}"
    );
}

fn shares_are_kept(world: &World) {
    let mut by_endpoint = BTreeMap::new();
    for flight in world.network.flights() {
        *by_endpoint.entry(&flight.job.webhook.endpoint).or_insert(0) += 1;
    }
    let total: usize = by_endpoint.values().sum();
    let most = SETTINGS.workers + by_endpoint.len();
    assert!(total <= most, "{total} attempts out");
    for (endpoint, held) in by_endpoint {
        assert!(
            held <= SETTINGS.workers_per_endpoint + PROBES,
            "{endpoint:?} holds {held} workers"
        );
    }
}
