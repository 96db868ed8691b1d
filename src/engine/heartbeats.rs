//! Heartbeats: what has stopped pinging becomes an alert, and the next ping resolves it.
//!
//! PURE. Owns when each heartbeat is overdue. Its alert is an alert with a key, like those of sources. Works in
//! monotonic time, so a wall clock that is set neither fires nor hides one. The housekeeping alarm wakes it.
//! Runs on the dispatch thread.
//!
//! ```text
//!              not pinged in time
//!  awaited ──────────────────────────► missing      (an alert fires)
//!     ▲ │  ◄──────────────────────────    │ ▲
//!     └─┘            a ping               └─┘ a ping that says "failed"
//!     a ping
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::intake::Intake;
use super::messages::{Effect, HeartbeatChange, Note};
use super::record::{AlertKey, IdInSource, Record};
use super::{Engine, ingest};
use crate::config::Heartbeat;
use crate::model::{Labels, Mono, Now, PostedAlert, Wall, format_duration};

/// The source of the alerts of heartbeats. No other source can have this name: it is no segment of a path.
const SOURCE: &str = "/heartbeat";

/// The annotation that says why the alert fires.
const REASON: &str = "reason";

/// All configured heartbeats.
#[derive(Debug, Default)]
pub struct Heartbeats {
    by_name: BTreeMap<Arc<str>, Awaited>,
}

/// A heartbeat and the time by which it has to be pinged.
#[derive(Debug)]
struct Awaited {
    heartbeat: Arc<Heartbeat>,
    due_at: DueAt,
}

/// When a heartbeat becomes overdue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DueAt {
    /// Never counted: it was just configured.
    New,
    /// At this time.
    At(Mono),
    /// It is overdue, and that has been reported.
    Past,
}

impl Heartbeats {
    /// The heartbeats of a configuration, all of them new.
    pub fn of(configured: &[Arc<Heartbeat>]) -> Self {
        let awaited = |heartbeat: &Arc<Heartbeat>| {
            let awaited = Awaited {
                heartbeat: Arc::clone(heartbeat),
                due_at: DueAt::New,
            };
            (Arc::clone(&heartbeat.name), awaited)
        };
        Heartbeats {
            by_name: configured.iter().map(awaited).collect(),
        }
    }

    /// When the next heartbeat becomes overdue.
    pub fn next_at(&self) -> Option<Mono> {
        let due = self
            .by_name
            .values()
            .filter_map(|awaited| match awaited.due_at {
                DueAt::At(at) => Some(at),
                DueAt::New | DueAt::Past => None,
            });
        due.min()
    }

    /// Each counted heartbeat, as records.
    pub fn records(&self, now: Now) -> impl Iterator<Item = Record> {
        self.by_name
            .iter()
            .filter_map(move |(name, awaited)| awaited.record(name, now))
    }

    /// The number of heartbeats.
    pub fn len(&self) -> usize {
        self.by_name.len()
    }

    /// The heartbeats that are overdue at `now` and not reported yet.
    fn overdue(&self, now: Mono) -> Vec<Arc<Heartbeat>> {
        let is_due = |awaited: &&Awaited| matches!(awaited.due_at, DueAt::At(at) if at <= now);
        let overdue = self.by_name.values().filter(is_due);
        overdue
            .map(|awaited| Arc::clone(&awaited.heartbeat))
            .collect()
    }
}

impl Awaited {
    /// What is recorded of it; nothing as long as it was never counted.
    fn record(&self, name: &Arc<str>, now: Now) -> Option<Record> {
        let counts_from = match self.due_at {
            DueAt::New => return None,
            DueAt::At(at) => {
                let due_at = now.wall_at(at);
                let pinged_at = due_at.checked_sub(self.heartbeat.period());
                Some(pinged_at.unwrap_or(Wall::MIN))
            }
            DueAt::Past => None,
        };
        let name = Arc::clone(name);
        Some(Record::Heartbeat { name, counts_from })
    }
}

impl Engine {
    /// Handles a ping. Answers whether a heartbeat of this name is configured.
    pub(super) fn beat(&mut self, name: &str, has_failed: bool, now: Now, out: &mut Vec<Effect>) {
        let awaited = self.heartbeats.by_name.get(name);
        let heartbeat = awaited.map(|awaited| Arc::clone(&awaited.heartbeat));
        out.push(Effect::BeatAnswer(heartbeat.is_some()));
        let Some(heartbeat) = heartbeat else {
            return;
        };
        let due_at = DueAt::At(now.mono + heartbeat.period());
        self.await_heartbeat(&heartbeat, due_at, now, out);
        if has_failed {
            let reason = "the job says that it has failed";
            self.fire_heartbeat(&heartbeat, reason, HeartbeatChange::Failed, now, out);
        } else {
            self.resolve_heartbeat(&heartbeat.name, HeartbeatChange::Back, now, out);
        }
    }

    /// Fires the alerts of the heartbeats that are overdue.
    pub(super) fn fire_overdue(&mut self, now: Now, out: &mut Vec<Effect>) {
        for heartbeat in self.heartbeats.overdue(now.mono) {
            let period = format_duration(heartbeat.period());
            let reason = format!("no ping for {period}");
            self.fire_heartbeat(&heartbeat, &reason, HeartbeatChange::Missing, now, out);
            self.await_heartbeat(&heartbeat, DueAt::Past, now, out);
        }
    }

    /// Begins to count for the heartbeats that were just configured.
    pub(super) fn count_new_heartbeats(&mut self, now: Now, out: &mut Vec<Effect>) {
        for (name, awaited) in &mut self.heartbeats.by_name {
            if awaited.due_at == DueAt::New {
                awaited.due_at = DueAt::At(now.mono + awaited.heartbeat.period());
                out.extend(awaited.record(name, now).map(Effect::Record));
            }
        }
    }

    /// Applies the heartbeats of a new configuration. Those that stay keep their state, with the new period;
    /// the alerts of those that are gone resolve.
    pub(super) fn reload_heartbeats(
        &mut self,
        configured: &[Arc<Heartbeat>],
        now: Now,
        out: &mut Vec<Effect>,
    ) {
        let mut before = std::mem::replace(&mut self.heartbeats, Heartbeats::of(configured));
        for (name, awaited) in &mut self.heartbeats.by_name {
            let Some(before) = before.by_name.remove(name) else {
                continue;
            };
            awaited.due_at = match before.due_at {
                // Counted from the last ping.
                DueAt::At(at) => {
                    DueAt::At(at + awaited.heartbeat.period() - before.heartbeat.period())
                }
                other => other,
            };
        }
        for name in before.by_name.into_keys() {
            self.forget_heartbeat(name, now, out);
        }
        self.count_new_heartbeats(now, out);
    }

    /// Restores the recorded heartbeats. A time that passed while this process was not running says nothing
    /// about the job, whose pings had nowhere to go: it has a whole period from now.
    pub(super) fn restore_heartbeats(
        &mut self,
        recorded: BTreeMap<Arc<str>, Option<Wall>>,
        alive_at: Wall,
        now: Now,
        out: &mut Vec<Effect>,
    ) {
        for (name, counts_from) in recorded {
            let Some(awaited) = self.heartbeats.by_name.get_mut(&name) else {
                self.forget_heartbeat(name, now, out);
                continue;
            };
            let period = awaited.heartbeat.period();
            let due_at = counts_from.map(|from| ingest::later(from, period));
            awaited.due_at = match due_at {
                None => DueAt::Past,
                // It was overdue before the previous run ended, but that did not report it any more.
                Some(due_at) if due_at <= alive_at => DueAt::At(now.mono),
                Some(due_at) => {
                    let left = Duration::try_from(due_at.duration_since(now.wall)).ok();
                    let left = left.filter(|left| !left.is_zero());
                    DueAt::At(now.mono + left.unwrap_or(period).min(period))
                }
            };
            out.extend(awaited.record(&name, now).map(Effect::Record));
        }
    }

    fn await_heartbeat(
        &mut self,
        heartbeat: &Heartbeat,
        due_at: DueAt,
        now: Now,
        out: &mut Vec<Effect>,
    ) {
        if let Some(awaited) = self.heartbeats.by_name.get_mut(&heartbeat.name) {
            awaited.due_at = due_at;
            let record = awaited.record(&heartbeat.name, now);
            out.extend(record.map(Effect::Record));
        }
    }

    fn fire_heartbeat(
        &mut self,
        heartbeat: &Heartbeat,
        reason: &str,
        change: HeartbeatChange,
        now: Now,
        out: &mut Vec<Effect>,
    ) {
        let own = heartbeat.annotations.iter();
        let posted = PostedAlert {
            labels: heartbeat.labels.clone().into(),
            annotations: Labels::from_pairs([(REASON, reason)].into_iter().chain(own)),
            ..PostedAlert::default()
        };
        let key = Arc::new(key_of(&heartbeat.name));
        let mut intake = Intake::default();
        let held = self.hold(&key, posted, None, now, &mut intake, out);
        held.expect("an alert that begins now and has no fault is valid");
        self.flush_due(intake.into_due(), now, out);
        note(&heartbeat.name, change, out);
    }

    /// Resolves the alert of a heartbeat, if it fires.
    fn resolve_heartbeat(
        &mut self,
        name: &Arc<str>,
        change: HeartbeatChange,
        now: Now,
        out: &mut Vec<Effect>,
    ) {
        let key = key_of(name);
        if self.keyed_alerts.contains(&key) {
            let mut intake = Intake::default();
            self.resolve_key(&key, now.wall, now, &mut intake, out);
            self.flush_due(intake.into_due(), now, out);
            note(name, change, out);
        }
    }

    fn forget_heartbeat(&mut self, name: Arc<str>, now: Now, out: &mut Vec<Effect>) {
        self.resolve_heartbeat(&name, HeartbeatChange::Removed, now, out);
        out.push(Effect::Record(Record::HeartbeatForgotten(name)));
    }
}

fn note(name: &Arc<str>, change: HeartbeatChange, out: &mut Vec<Effect>) {
    let heartbeat = Arc::clone(name);
    out.push(Effect::Note(Note::HeartbeatChanged { heartbeat, change }));
}

fn key_of(name: &Arc<str>) -> AlertKey {
    AlertKey {
        source: SOURCE.into(),
        id: IdInSource::Key((&**name).into()),
    }
}

#[cfg(test)]
mod tests;
