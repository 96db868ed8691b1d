//! Muting: which alerts are left out of a notification, and why.
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

/// The time intervals that mute a whole route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeMuting {
    /// Whether active or mute time intervals mute it.
    pub by: Suppression,
    /// The names of the intervals.
    pub names: Vec<Arc<str>>,
}

/// The muting stages of one flush. Each stage counts the alerts that it mutes.
pub struct Muting<'a> {
    inhibitor: &'a Inhibitor,
    silences: &'a mut Silences,
    time: Option<&'a TimeMuting>,
    now: Wall,
    counts: [usize; 3],
}

impl<'a> Muting<'a> {
    /// The stages at `now`. `time` is given if time intervals mute the route.
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

    /// The stage that mutes `alert`; `None` if none does.
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

    /// Whether an alert reached the stage after inhibition. Only then is the group marked as muted.
    pub fn reached_time(&self, alerts: usize) -> bool {
        self.counts[0] < alerts
    }

    /// The notes on the alerts that were left out.
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

/// Whether the time intervals of a route mute it at `tick` (§5.3). If none of the active intervals holds, the
/// names are those of all active intervals. Otherwise they are those of the mute intervals that hold, once
/// for each part that does.
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

/// The silences and inhibitions that mute `alert` at `now`. Time intervals are not considered.
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
