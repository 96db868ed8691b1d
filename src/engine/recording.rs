//! What of the state must outlive the process, as records of each change.
//!
//! PURE. Owns the comparison that keeps records few: an alert that is only reported again costs one
//! of a few bytes, and a group is recorded only when something about it has changed that does not
//! follow from its last record. That its next tick is an interval after the last one does follow, so
//! a group with nothing to tell costs nothing. Runs on the dispatch thread.

use std::hash::Hash as _;
use std::sync::Arc;

use super::Engine;
use super::alert_store::Stored;
use super::delivery::DeliveryState;
use super::group::{Group, GroupId, Recorded};
use super::inhibit::Occurrence;
use super::messages::Effect;
use super::record::{GroupName, GroupTimer, Record, Sizes, Unsent};
use super::route::{RouteIndex, RouteSet};
use super::ticks;
use crate::model::{Alert, Fnv1a, Mono, Now};

impl Engine {
    /// Records a group's times if they are not those that were recorded last.
    pub(super) fn record_group(&mut self, id: GroupId, now: Now, out: &mut Vec<Effect>) {
        let Some(group) = self.groups.get_mut(id) else {
            return;
        };
        let node = self.tree.node(group.route);
        let recorded = group.to_record(now);
        if let Some(before) = group.recorded
            && before.rest == recorded.rest
            && ticks::follows(before.due_at, recorded.due_at, node.group_interval)
        {
            return;
        }
        group.recorded = Some(recorded);
        let group = &*group;
        let timer = group.timer(now);
        let group = GroupName {
            route: self.tree.node(group.route).identity_hash,
            labels: group.fingerprint,
        };
        out.push(Effect::Record(Record::Group { group, timer }));
    }

    /// Records the whole state, of which everything that was recorded before is no longer true.
    pub(super) fn record_anew(&mut self, now: Now, out: &mut Vec<Effect>) {
        for (_, group) in self.groups.iter_mut() {
            group.recorded = Some(group.to_record(now));
        }
        out.extend(self.records(now).into_iter().map(Effect::Record));
    }

    /// What the group is called in records.
    pub(super) fn name_of(&self, group: &Group) -> GroupName {
        GroupName {
            route: self.tree.node(group.route).identity_hash,
            labels: group.fingerprint,
        }
    }

    /// Records that an alert which `routes` take can be forgotten, if nothing holds it any more.
    pub(super) fn record_if_forgotten(
        &self,
        alert: &Alert,
        routes: &RouteSet,
        out: &mut Vec<Effect>,
    ) {
        let is_held = |&route: &_| self.is_member(route, alert);
        if !self.alerts.contains(alert.fingerprint) && !routes.routes.iter().any(is_held) {
            let forgotten = Record::AlertForgotten(alert.fingerprint);
            out.push(Effect::Record(forgotten));
        }
    }

    /// Whether the group of `route` that the alert belongs to holds it.
    pub(super) fn is_member(&self, route: RouteIndex, alert: &Alert) -> bool {
        let group = self.find_group(route, &alert.labels);
        group
            .and_then(|id| self.groups.get(id))
            .is_some_and(|group| group.members.contains(alert.fingerprint))
    }

    /// How much there is of what is recorded.
    pub fn sizes(&self) -> Sizes {
        Sizes {
            alerts: self.alerts.len(),
            groups: self.groups.len(),
            told: self.notification_log.len(),
            silences: self.silences.len(),
        }
    }

    /// The whole state, as records.
    pub fn records(&self, now: Now) -> Vec<Record> {
        let mut records = Vec::with_capacity(self.alerts.len() + 2 * self.groups.len());
        for stored in self.alerts.iter() {
            records.push(Record::Alert(Arc::clone(&stored.alert)));
            self.record_groups_left(stored, &mut records);
        }
        for (_, group) in self.groups.iter() {
            let gone = group
                .members
                .iter()
                .filter(|member| !self.alerts.contains(member.fingerprint));
            records.extend(gone.map(|member| Record::Alert(Arc::clone(member))));
            let timer = group.timer(now);
            let group = self.name_of(group);
            records.push(Record::Group { group, timer });
        }
        let told = self.notification_log.iter();
        records.extend(told.map(|(&key, told)| Record::LogEntry {
            key,
            told: told.clone(),
        }));
        let silences = self.silences.numbered_from(0);
        records.extend(silences.map(|(number, silence)| Record::Silence {
            number,
            silence: Arc::clone(silence),
        }));
        let inherited = self.alertmanager_log.iter().cloned();
        records.extend(inherited.map(Record::AlertmanagerEntry));
        records
    }

    /// Records for alerts which groups of their routes do not hold them, so that those groups do not
    /// take them up after a restart.
    pub(super) fn record_left_alone<'a>(
        &self,
        alerts: impl Iterator<Item = &'a Stored>,
        out: &mut Vec<Effect>,
    ) {
        let mut records = Vec::new();
        for stored in alerts {
            self.record_groups_left(stored, &mut records);
        }
        out.extend(records.into_iter().map(Effect::Record));
    }

    /// Appends the groups that are done with an alert although its routes lead there.
    fn record_groups_left(&self, stored: &Stored, records: &mut Vec<Record>) {
        let fingerprint = stored.alert.fingerprint;
        for &route in &stored.routes.routes {
            if !self.is_member(route, &stored.alert) {
                let group = self.name_in(route, &stored.alert.labels);
                records.push(Record::AlertLeft { group, fingerprint });
            }
        }
    }
}

impl Group {
    /// What a record of the group says now.
    pub(super) fn to_record(&self, now: Now) -> Recorded {
        Recorded {
            due_at: now.wall_at(self.due_at),
            rest: self.beside_due_at().digest(),
        }
    }

    /// What is recorded of the group beside when it is due.
    fn beside_due_at(&self) -> BesideDueAt<impl Iterator<Item = (usize, Mono)>> {
        BesideDueAt {
            has_flushed: self.has_flushed,
            unsent: self.unsent(),
        }
    }

    fn timer(&self, now: Now) -> GroupTimer {
        self.beside_due_at().timer(self.due_at, now)
    }

    /// The webhooks that are still to be told in the flush under way, or that were to be in one that
    /// is over or cut short; and the earliest time for that.
    pub(super) fn unsent(&self) -> impl Iterator<Item = (usize, Mono)> {
        let deliveries = self.flush.iter().flat_map(|flush| &flush.deliveries);
        let unsent = deliveries.filter(|delivery| delivery.state != DeliveryState::Ended);
        let told_next = self.carried_over().iter();
        let told_next = told_next.filter(|over| self.flush.is_none() && !over.is_given_up);
        let still_out = self.still_out().iter();
        unsent
            .map(|delivery| (delivery.notification.webhook_index, delivery.not_before))
            .chain(told_next.map(|over| (over.webhook_index, over.not_before)))
            .chain(still_out.map(|attempt| (attempt.webhook_index, Mono::START)))
    }
}

/// What is recorded of a group, but for when it is due. The record is made of this alone, and each part of
/// it is in the digest: so nothing that is recorded can change without a new record.
struct BesideDueAt<U> {
    has_flushed: bool,
    /// The webhooks that are still to be told, and the earliest time for that.
    unsent: U,
}

impl<U: Iterator<Item = (usize, Mono)>> BesideDueAt<U> {
    /// A number that changes when any of it does.
    fn digest(self) -> u64 {
        // All parts by name, so that a new one does not compile before it is here.
        let BesideDueAt {
            has_flushed,
            unsent,
        } = self;
        let mut digest = Fnv1a::new();
        has_flushed.hash(&mut digest);
        unsent.for_each(|webhook| webhook.hash(&mut digest));
        digest.finish()
    }

    /// The record of it.
    fn timer(self, due_at: Mono, now: Now) -> GroupTimer {
        let BesideDueAt {
            has_flushed,
            unsent,
        } = self;
        let unsent = unsent.map(|(index, not_before)| Unsent {
            webhook_index: u32::try_from(index).expect("a configuration of bounded size"),
            not_before: (not_before > now.mono).then(|| now.wall_at(not_before)),
        });
        GroupTimer {
            due_at: now.wall_at(due_at),
            has_flushed,
            unsent: unsent.collect(),
        }
    }
}

/// What a report says beside what was known of its alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Report {
    /// There was no such alert.
    New,
    /// The alert goes on; most reports say so.
    Extended,
    /// Something else about it has changed.
    Changed,
}

impl Report {
    /// What `alert` says beside what was `known`.
    pub fn of(known: &Alert, alert: &Alert) -> Self {
        let is_extension = known.starts_at == alert.starts_at
            && known.ends_by_timeout == alert.ends_by_timeout
            && known.generator_url == alert.generator_url
            && known.annotations == alert.annotations;
        if is_extension {
            Report::Extended
        } else {
            Report::Changed
        }
    }

    /// The record of it, as short as may be.
    pub fn record(self, alert: &Arc<Alert>) -> Record {
        match self {
            Report::Extended => Record::AlertExtended {
                fingerprint: alert.fingerprint,
                ends_at: alert.ends_at.get(),
                updated_at: alert.updated_at.get(),
            },
            Report::New | Report::Changed => Record::Alert(Arc::clone(alert)),
        }
    }

    /// Whether the alert was seen before.
    pub fn occurrence(self) -> Occurrence {
        match self {
            Report::New => Occurrence::New,
            Report::Extended | Report::Changed => Occurrence::Known,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_recorded_of_a_group_is_in_the_digest() {
        let of = |has_flushed, unsent: &[(usize, u64)]| {
            let later = |&(webhook, seconds)| {
                let wait = std::time::Duration::from_secs(seconds);
                (webhook, Mono::START + wait)
            };
            let unsent = unsent.iter().map(later).collect::<Vec<_>>().into_iter();
            BesideDueAt {
                has_flushed,
                unsent,
            }
        };
        let now = Now {
            mono: Mono::START,
            wall: crate::model::Wall::UNIX_EPOCH,
        };
        let all = || {
            [
                of(false, &[]),
                of(true, &[]),
                of(true, &[(0, 0)]),
                of(true, &[(1, 0)]),
                of(true, &[(1, 1)]),
                of(true, &[(1, 2)]),
                of(true, &[(1, 2), (0, 0)]),
            ]
        };
        let digests = all().map(BesideDueAt::digest);
        let timers = all().map(|one| one.timer(Mono::START, now));
        for (first, digest) in timers.iter().zip(digests) {
            for (second, other) in timers.iter().zip(digests) {
                assert_eq!(first == second, digest == other, "{first:?} {second:?}");
            }
        }
    }
}
