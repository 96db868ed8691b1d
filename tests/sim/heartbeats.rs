//! What the jobs of a random world know of their heartbeats, and that the engine agrees.
//!
//! Owns the belief of the jobs: since when each heartbeat is overdue, worked out without the engine. All of it
//! is in the time that passes, whatever the wall clock shows.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use alertwheel::config::Config;
use alertwheel::engine::{HeartbeatChange, Record};
use alertwheel::model::{Fingerprint, Mono};

use crate::world::{Dice, Seen, World};

/// How late an alarm may ring.
const LATE: Duration = Duration::from_secs(62);

/// The heartbeats of a world, the first of team a and the second of team b.
pub const NAMES: [&str; 2] = ["quick", "slow"];

/// One heartbeat.
#[derive(Debug)]
struct Job {
    name: &'static str,
    period: Duration,
    labels: Fingerprint,
    /// When it is overdue: at the earliest and at the latest. They differ only after a crash that nobody can
    /// place before or after that time.
    overdue: (Mono, Mono),
    /// Since when this is so.
    since: Mono,
    /// When it was seen to be missing.
    missing_at: Option<Mono>,
    /// Whether its last ping said so.
    has_failed: bool,
}

/// All heartbeats of a world.
#[derive(Debug)]
pub struct Jobs {
    jobs: Vec<Job>,
    seen: usize,
    crashed_at: Mono,
}

impl Jobs {
    /// Jobs that begin with the world.
    pub fn of(config: &Config) -> Self {
        let jobs = NAMES.map(|name| {
            let (period, labels) = in_configuration(config, name);
            let overdue = Mono::START + period;
            Job {
                name,
                period,
                labels,
                overdue: (overdue, overdue),
                since: Mono::START,
                missing_at: None,
                has_failed: false,
            }
        });
        Jobs {
            jobs: jobs.into(),
            seen: 0,
            crashed_at: Mono::START,
        }
    }

    /// One of the heartbeats, and whether its job says that it has failed.
    pub fn any_ping(dice: &mut Dice) -> (&'static str, bool) {
        (NAMES[dice.below(2) as usize], dice.happens(0.15))
    }

    /// A ping was answered.
    pub fn pinged(&mut self, name: &str, has_failed: bool, world: &World) {
        self.look(world);
        let now = world.now;
        let job = self.jobs.iter_mut().find(|job| job.name == name);
        let job = job.expect("one of them");
        let overdue = now + job.period;
        job.overdue = (overdue, overdue);
        (job.since, job.missing_at, job.has_failed) = (now, None, has_failed);
    }

    /// A configuration took effect, now or when the next process starts.
    pub fn reloaded(&mut self, config: &Config, now: Mono) {
        for job in &mut self.jobs {
            let (period, _) = in_configuration(config, job.name);
            let moved = |at: Mono| at + period - job.period;
            // What fires already goes on, however long the new period is.
            let first = if job.overdue.0 <= now {
                job.overdue.0
            } else {
                moved(job.overdue.0)
            };
            job.overdue = (first, moved(job.overdue.1));
            (job.period, job.since) = (period, now);
        }
    }

    /// What fires for certain, as the jobs know.
    pub fn firing(&self, now: Mono) -> impl Iterator<Item = (&'static str, Fingerprint)> {
        let fires = move |job: &&Job| job.must_fire(now);
        self.jobs
            .iter()
            .filter(fires)
            .map(|job| (job.name, job.labels))
    }

    /// An overdue heartbeat fires once and in time, and no other fires.
    pub fn assert_overdue_fire_once_and_in_time(&mut self, world: &World) {
        self.look(world);
        let known = known(world);
        for job in &self.jobs {
            let fires = known.contains(&job.labels);
            assert!(
                fires || !job.must_fire(world.now),
                "an overdue heartbeat does not fire at {:?}: {job:?}",
                world.now
            );
            assert!(
                !fires || job.may_fire(world.now),
                "a heartbeat fires at {:?} that is not overdue: {job:?}",
                world.now
            );
        }
    }

    /// Notes what has happened since the last look.
    fn look(&mut self, world: &World) {
        while let Some(seen) = world.alerts.get(self.seen) {
            self.seen += 1;
            match &seen.what {
                Seen::Crashed { uncounted, .. } => self.crashed(seen.seen_at, *uncounted),
                Seen::Recovered(_) => self.restarted(seen.seen_at),
                Seen::Heartbeat {
                    heartbeat,
                    change: HeartbeatChange::Missing,
                } => self.missing(heartbeat, seen.seen_at),
                _ => {}
            }
        }
    }

    fn missing(&mut self, name: &Arc<str>, at: Mono) {
        let job = self.jobs.iter_mut().find(|job| *job.name == **name);
        let job = job.expect("one of them");
        assert!(
            job.missing_at.is_none(),
            "an overdue heartbeat fires twice, at {at:?}: {job:?}"
        );
        assert!(
            job.overdue.0 <= at && at <= job.overdue.1.max(job.since) + LATE,
            "a heartbeat is missing at the wrong time, at {at:?}: {job:?}"
        );
        job.missing_at = Some(at);
    }

    /// A process ended, and the next one does not count some of the time.
    fn crashed(&mut self, at: Mono, uncounted: Duration) {
        self.crashed_at = at;
        for job in &mut self.jobs {
            job.overdue = (job.overdue.0 + uncounted, job.overdue.1 + uncounted);
        }
    }

    /// Another process runs.
    fn restarted(&mut self, now: Mono) {
        for job in &mut self.jobs {
            // What was seen just as the process ended may be written or not.
            let is_written = job.missing_at.is_some_and(|at| at < self.crashed_at);
            if is_written || job.overdue.1 > now {
                continue;
            }
            job.missing_at = None;
            job.overdue = (job.overdue.0, now + job.period);
            job.since = now;
        }
    }
}

impl Job {
    fn must_fire(&self, now: Mono) -> bool {
        self.has_failed || now > self.overdue.1.max(self.since) + LATE
    }

    fn may_fire(&self, now: Mono) -> bool {
        self.has_failed || now >= self.overdue.0 || self.missing_at.is_some()
    }
}

fn in_configuration(config: &Config, name: &str) -> (Duration, Fingerprint) {
    let found = config.heartbeats.iter().find(|it| *it.name == *name);
    let found = found.expect("a heartbeat of all configurations");
    (found.period(), found.labels.fingerprint())
}

/// The alerts of heartbeats that fire as the engine knows them.
fn known(world: &World) -> BTreeSet<Fingerprint> {
    let now = world.clocks();
    let records = world.engine.records(now).into_iter();
    let firing = records.filter_map(|record| match record {
        Record::Alert(alert) => (alert.labels.get("heartbeat").is_some()
            && !alert.is_resolved_at(now.wall))
        .then_some(alert.fingerprint),
        _ => None,
    });
    firing.collect()
}
