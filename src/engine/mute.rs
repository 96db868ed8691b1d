//! What is left out of a notification, and by what.
//!
//! PURE. Owns the order of the muting stages (§5.1): inhibition, active time intervals, mute time
//! intervals, silences. Runs on the dispatch thread.

use std::sync::Arc;

use super::inhibit::Inhibitor;
use super::messages::{Effect, Note, Suppression};
use super::questions::Muted;
use super::route::RouteNode;
use super::silences::Silences;
use crate::config::NamedInterval;
use crate::model::{Alert, Wall};

/// Whether time intervals mute all of a route, and which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeMuting {
    /// Which of the two kinds.
    pub by: Suppression,
    /// The names of the intervals.
    pub names: Vec<Arc<str>>,
}

/// The stages of one flush. Each counts what reaches it and goes no further.
pub struct Muting<'a> {
    inhibitor: &'a Inhibitor,
    silences: &'a mut Silences,
    time: Option<&'a TimeMuting>,
    now: Wall,
    counts: [usize; 3],
}

impl<'a> Muting<'a> {
    /// The stages at `now`, for a route that `time` mutes if given.
    pub fn new(
        inhibitor: &'a Inhibitor,
        silences: &'a mut Silences,
        time: Option<&'a TimeMuting>,
        now: Wall,
    ) -> Self {
        Muting {
            inhibitor,
            silences,
            time,
            now,
            counts: [0; 3],
        }
    }

    /// What keeps `alert` out, if anything does.
    pub fn suppression(&mut self, alert: &Alert) -> Option<Suppression> {
        let (by, stage) = if self.inhibitor.inhibiting(&alert.labels, self.now).is_some() {
            (Suppression::Inhibition, 0)
        } else if let Some(time) = self.time {
            (time.by, 1)
        } else if !self.silences.silencing(alert, self.now).is_empty() {
            (Suppression::Silence, 2)
        } else {
            return None;
        };
        self.counts[stage] += 1;
        Some(by)
    }

    /// Whether a stage after inhibition was reached: only then is the group marked as muted.
    pub fn reached_time(&self, alerts: usize) -> bool {
        self.counts[0] < alerts
    }

    /// What there is to say about what was left out.
    pub fn notes(&self) -> impl Iterator<Item = Effect> + use<> {
        let time = self
            .time
            .map_or(Suppression::MuteTimeInterval, |time| time.by);
        let stages = [Suppression::Inhibition, time, Suppression::Silence];
        let counted = stages
            .into_iter()
            .zip(self.counts)
            .filter(|(_, alerts)| *alerts > 0);
        counted.map(|(by, alerts)| Effect::Note(Note::Suppressed { by, alerts }))
    }
}

/// What the time intervals of a route say about `tick` (§5.3). Where none of the active intervals
/// holds all their names are given, of the mute intervals those that hold, once for each part.
pub fn time_muting(node: &RouteNode, tick: Wall) -> Option<TimeMuting> {
    let active = &node.active_time_intervals;
    if !active.is_empty()
        && !active
            .iter()
            .any(|interval| parts_holding(interval, tick) > 0)
    {
        let names = active
            .iter()
            .map(|interval| Arc::clone(&interval.name))
            .collect();
        return Some(TimeMuting {
            by: Suppression::ActiveTimeInterval,
            names,
        });
    }
    let mute = node.mute_time_intervals.iter();
    let names: Vec<Arc<str>> = mute
        .flat_map(|interval| {
            let parts = parts_holding(interval, tick);
            std::iter::repeat_n(Arc::clone(&interval.name), parts)
        })
        .collect();
    (!names.is_empty()).then_some(TimeMuting {
        by: Suppression::MuteTimeInterval,
        names,
    })
}

fn parts_holding(interval: &NamedInterval, time: Wall) -> usize {
    interval
        .intervals
        .iter()
        .filter(|part| part.contains(time))
        .count()
}

/// What mutes `alert` at `now`, apart from time intervals.
pub fn muted(
    silences: &mut Silences,
    inhibitor: &Inhibitor,
    alert: &Alert,
    now: Wall,
) -> Option<Arc<Muted>> {
    let silenced_by = silences.silencing(alert, now);
    let inhibited_by: Vec<_> = inhibitor
        .inhibiting(&alert.labels, now)
        .into_iter()
        .collect();
    if silenced_by.is_empty() && inhibited_by.is_empty() {
        return None;
    }
    Some(Arc::new(Muted {
        silenced_by,
        inhibited_by,
    }))
}
