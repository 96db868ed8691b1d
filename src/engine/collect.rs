//! Housekeeping: removes resolved alerts, expired notification log entries and silences, and wakes the
//! engine for heartbeats that become overdue, for pings, and for endpoints that wait for a time.
//!
//! PURE. Owns the one alarm that belongs to no group. The alarm is armed only while there is something to
//! remove, to miss or to serve, so that an idle daemon sleeps. Runs on the dispatch thread.

use std::collections::BTreeSet;

use super::Engine;
use super::alert_store::Stored;
use super::groups::COLLECT_ALARM;
use super::messages::{Effect, Note};
use super::record::Record;
use crate::limits;
use crate::model::{Fingerprint, Mono, Now, Wall};

/// The times of the next collections, and of the alarm.
#[derive(Debug, Default)]
pub struct Collector {
    alerts_at: Option<Mono>,
    notification_log_at: Option<Mono>,
    armed_for: Option<Mono>,
}

#[cfg(test)]
impl Collector {
    /// When the alarm rings.
    pub fn armed_for(&self) -> Option<Mono> {
        self.armed_for
    }
}

impl Engine {
    /// Handles a ring of the housekeeping alarm: runs the collections that are due.
    pub(super) fn collect_ring(&mut self, at: Mono, now: Now, out: &mut Vec<Effect>) {
        if self.collector.armed_for != Some(at) {
            return;
        }
        self.collector.armed_for = None;
        if self
            .collector
            .alerts_at
            .take_if(|due| *due <= now.mono)
            .is_some()
        {
            self.collect_alerts(now, out);
        }
        if self
            .collector
            .notification_log_at
            .take_if(|due| *due <= now.mono)
            .is_some()
        {
            self.collect_notification_log(now.wall, out);
            self.collect_silences(now.wall, out);
            out.push(Effect::Note(Note::Tidied));
        }
    }

    /// Removes resolved alerts: as many as one turn can remove. If there are more, the alarm rings again at
    /// once, and what came meanwhile is handled first.
    fn collect_alerts(&mut self, now: Now, out: &mut Vec<Effect>) {
        let forgotten = self.alerts.collect(now.wall, limits::ALERTS_AT_ONCE);
        let count = forgotten.len();
        for Stored { alert, routes, .. } in &forgotten {
            self.silences.forget_alert(alert.fingerprint);
            self.inhibitor.forget_alert(alert.fingerprint);
            self.record_if_forgotten(alert, routes, out);
        }
        drop(forgotten);
        out.push(Effect::Note(Note::Collected { alerts: count }));
        if count == limits::ALERTS_AT_ONCE {
            self.collector.alerts_at = Some(now.mono);
            return;
        }
        self.alert_limit.collect(now.wall);
        self.collect_keys(now.wall, out);
        self.interner.collect();
        self.tree.forget_unused_sets();
        self.alerts.shrink();
        self.silences.shrink();
    }

    fn collect_notification_log(&mut self, now: Wall, out: &mut Vec<Effect>) {
        let alive: BTreeSet<(u64, Fingerprint)> = self
            .groups
            .iter()
            .map(|(_, group)| (self.tree.node(group.route).identity_hash, group.fingerprint))
            .collect();
        let forgotten = self
            .notification_log
            .collect(now, |key| alive.contains(&(key.route, key.group)));
        let forgotten = forgotten.into_iter().map(Record::LogEntryForgotten);
        out.extend(forgotten.map(Effect::Record));
        self.alertmanager_log.collect(now, out);
    }

    fn collect_silences(&mut self, now: Wall, out: &mut Vec<Effect>) {
        let forgotten = self.silences.collect(now).into_iter();
        out.extend(forgotten.map(|number| Effect::Record(Record::SilenceForgotten(number))));
    }

    fn has_something_to_forget(&self) -> bool {
        !(self.notification_log.is_empty()
            && self.silences.is_empty()
            && self.alertmanager_log.is_empty())
    }

    /// Arms the housekeeping alarm for the next collection, heartbeat or endpoint, if there is one.
    pub(super) fn arm_collector(&mut self, now: Mono, out: &mut Vec<Effect>) {
        let has_something_to_forget = self.has_something_to_forget();
        let collector = &mut self.collector;
        if collector.alerts_at.is_none() && !self.alerts.is_empty() {
            collector.alerts_at = Some(now + self.settings.alert_collect_interval);
        }
        if collector.notification_log_at.is_none() && has_something_to_forget {
            collector.notification_log_at =
                Some(now + self.settings.notification_log_collect_interval);
        }
        let wakes = [
            collector.alerts_at,
            collector.notification_log_at,
            self.heartbeats.next_at(),
            self.pings.next_at(),
            self.queues.next_look_at(now),
        ];
        let next = wakes.into_iter().flatten().min();
        if let Some(at) = next.filter(|_| next != collector.armed_for) {
            collector.armed_for = Some(at);
            out.push(Effect::Arm {
                alarm: COLLECT_ALARM,
                at,
            });
        }
    }
}

#[cfg(test)]
mod tests;
