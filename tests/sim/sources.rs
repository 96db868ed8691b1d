//! What the sources of a random world have reported, and that the engine agrees.
//!
//! Owns the belief of the sources: which alerts fire, worked out without the engine. Nobody posts these alerts
//! again, so whatever else happens, each fires until its last key is resolved or its ttl is over.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use alertwheel::engine::Record;
use alertwheel::model::{
    Fingerprint, Labels, Mono, PostedAlert, ReportedChange, SourceReport, Wall,
};

use crate::fuzz::TEAMS;
use crate::world::{Dice, Seen, World};

/// The label that only alerts of sources have.
const MARK: (&str, &str) = ("kind", "reported");

/// The longest ttl; short enough that all is over before receivers are asked what they know.
const LONGEST_TTL: Duration = Duration::from_secs(3600);

/// An alert that a source holds.
#[derive(Clone, Debug)]
pub struct Held {
    pub labels: Labels,
    pub team: &'static str,
    pub name: String,
    /// When its ttl is over; `None` if it has none.
    ends_at: Option<Mono>,
}

/// A source and the key there or, of an alert without a key, its labels.
type Key = (&'static str, String);

/// What the sources believe.
#[derive(Debug, Default)]
pub struct Sources {
    held: BTreeMap<Key, Held>,
    seen: usize,
}

impl Sources {
    /// Some reports that sources make at a time.
    pub fn some_reports(dice: &mut Dice) -> Vec<SourceReport> {
        (0..=dice.below(4)).map(|_| any_report(dice)).collect()
    }

    /// Notes that these reports were taken in.
    pub fn reported(&mut self, reports: Vec<SourceReport>, world: &World) {
        self.look(world);
        let now = world.now;
        for report in reports {
            let source = name_of(&report.source);
            match report.change {
                ReportedChange::Firing { alert, ttl } => {
                    let labels = alert.labels.into_parts().0;
                    let key = report.key.map_or_else(|| labels.to_string(), String::from);
                    let team = labels.get("team").expect("a team");
                    let held = Held {
                        team: TEAMS
                            .into_iter()
                            .find(|known| *known == team)
                            .expect("one of them"),
                        name: labels.get("alertname").expect("a name").to_owned(),
                        labels,
                        ends_at: ttl.map(|ttl| now + ttl),
                    };
                    self.held.insert((source, key), held);
                }
                ReportedChange::Resolved { labels, .. } => {
                    let key = report.key.map_or_else(|| labels.to_string(), String::from);
                    self.held.remove(&(source, key));
                }
            }
        }
    }

    /// What fires for the sources.
    pub fn firing(&self, now: Mono) -> impl Iterator<Item = &Held> {
        let fires = move |held: &&Held| held.ends_at.is_none_or(|ends_at| ends_at > now);
        self.held.values().filter(fires)
    }

    /// An alert of these that a sender of the API posts as well, without an end: one that fires until its source
    /// resolves it.
    pub fn also_posted(&self, dice: &mut Dice) -> Option<PostedAlert> {
        let endless: Vec<&Held> = self
            .held
            .values()
            .filter(|held| held.ends_at.is_none())
            .collect();
        let held = endless.get(dice.below(endless.len() as u64) as usize)?;
        Some(PostedAlert {
            labels: held.labels.clone().into(),
            ..PostedAlert::default()
        })
    }

    /// Just after a report: what fires is what the sources believe, so each resolve has ended exactly the alerts
    /// of its key.
    pub fn assert_resolves_end_their_own(&self, world: &World) {
        let (known, believed) = (known(world), self.prints(world.now));
        assert!(
            known == believed,
            "a report began or ended other alerts than its own: {known:?} fire, {believed:?} should"
        );
    }

    /// At any time: what the sources believe to fire does.
    pub fn assert_no_timeout_ends_them(&mut self, world: &World) {
        self.look(world);
        let (known, believed) = (known(world), self.prints(world.now));
        let ended: Vec<_> = believed.difference(&known).collect();
        assert!(
            ended.is_empty(),
            "alerts of sources ended that nobody resolved: {ended:?} of {self:?}"
        );
    }

    /// Notes how much time processes have not counted.
    fn look(&mut self, world: &World) {
        for seen in &world.alerts[self.seen..] {
            if let Seen::Crashed { uncounted, .. } = seen.what {
                let ends = self
                    .held
                    .values_mut()
                    .filter_map(|held| held.ends_at.as_mut());
                ends.for_each(|ends_at| *ends_at = *ends_at + uncounted);
            }
        }
        self.seen = world.alerts.len();
    }

    fn prints(&self, now: Mono) -> BTreeSet<Fingerprint> {
        self.firing(now)
            .map(|held| held.labels.fingerprint())
            .collect()
    }
}

/// The alerts of sources that fire as the engine knows them.
fn known(world: &World) -> BTreeSet<Fingerprint> {
    let now = world.clocks();
    let records = world.engine.records(now).into_iter();
    let firing = records.filter_map(|record| match record {
        Record::Alert(alert) => (alert.labels.get(MARK.0) == Some(MARK.1)
            && !alert.is_resolved_at(now.wall))
        .then_some(alert.fingerprint),
        _ => None,
    });
    firing.collect()
}

/// A source whose alerts end by a ttl, one that resolves them by key, and one whose alerts have no key.
const SOURCES: [&str; 3] = ["proxmox", "kuma", "grafana"];

fn name_of(source: &Arc<str>) -> &'static str {
    let known = SOURCES.into_iter().find(|known| **known == **source);
    known.expect("one of them")
}

fn any_report(dice: &mut Dice) -> SourceReport {
    let source = SOURCES[dice.below(3) as usize];
    let number = dice.below(6);
    let severity = ["warning", "critical"][dice.below(2) as usize];
    let labels = Labels::from_pairs([
        ("alertname", &*format!("Reported{}", number % 2)),
        ("team", TEAMS[number as usize % TEAMS.len()]),
        ("severity", severity),
        MARK,
    ]);
    let has_key = source != "grafana";
    let change = if dice.happens(0.6) {
        ReportedChange::Firing {
            alert: PostedAlert {
                labels: labels.into(),
                ..PostedAlert::default()
            },
            ttl: (source == "proxmox").then(|| dice.up_to(LONGEST_TTL)),
        }
    } else {
        ReportedChange::Resolved {
            // Whoever has a key need not know the labels.
            labels: if has_key { Labels::default() } else { labels }.into(),
            ended_at: dice.happens(0.2).then_some(Wall::UNIX_EPOCH),
        }
    };
    SourceReport {
        source: source.into(),
        // Sources of the same number have equal labels.
        key: has_key.then(|| number.to_string().into()),
        change,
    }
}
