//! Records each change of the state that must outlive the process.
//!
//! PURE. Owns the comparison that keeps records few. An alert that is merely reported again costs a record
//! of a few bytes. A group is recorded only when a change does not follow from its last record. The next
//! tick, one interval after the last, does follow, so an idle group costs nothing. Runs on the dispatch
//! thread.

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
    /// Records a group unless its last record still describes it.
    pub(super) fn record_group(&mut self, id: GroupId, now: Now, out: &mut Vec<Effect>) {
        let Some(group) = self.groups.get_mut(id) else {
            return;
        };
        let node = self.tree.node(group.route);
        let recorded = group.to_record(now);
        // The last record still holds if the due time is whole intervals later and all else is equal.
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

    /// Records the whole state, because no earlier record holds any more.
    pub(super) fn record_anew(&mut self, now: Now, out: &mut Vec<Effect>) {
        for (_, group) in self.groups.iter_mut() {
            group.recorded = Some(group.to_record(now));
        }
        out.extend(self.records(now).into_iter().map(Effect::Record));
    }

    /// The name of the group in records.
    pub(super) fn name_of(&self, group: &Group) -> GroupName {
        GroupName {
            route: self.tree.node(group.route).identity_hash,
            labels: group.fingerprint,
        }
    }

    /// Records that an alert can be forgotten, if neither the store nor a group of its `routes` holds it.
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

    /// Whether the alert is a member of its group of `route`.
    pub(super) fn is_member(&self, route: RouteIndex, alert: &Alert) -> bool {
        let group = self.find_group(route, &alert.labels);
        group
            .and_then(|id| self.groups.get(id))
            .is_some_and(|group| group.members.contains(alert.fingerprint))
    }

    /// How many items of each numerous kind there are.
    pub fn sizes(&self) -> Sizes {
        Sizes {
            alerts: self.alerts.len(),
            groups: self.groups.len(),
            told: self.notification_log.len(),
            silences: self.silences.len(),
            keys: self.keyed_alerts.len(),
            heartbeats: self.heartbeats.len(),
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
            // Members that the store has collected are in no record above.
            let gone = group
                .members
                .iter()
                .filter(|member| !self.alerts.contains(member.fingerprint));
            records.extend(gone.map(|member| Record::Alert(Arc::clone(member))));
            let timer = group.timer(now);
            let group = self.name_of(group);
            records.push(Record::Group { group, timer });
        }
        let entries = self.notification_log.iter();
        records.extend(entries.map(|(&key, entry)| Record::LogEntry {
            key,
            told: entry.clone(),
        }));
        let silences = self.silences.numbered_from(0);
        records.extend(silences.map(|(number, silence)| Record::Silence {
            number,
            silence: Arc::clone(silence),
        }));
        let inherited = self.alertmanager_log.iter().cloned();
        records.extend(inherited.map(Record::AlertmanagerEntry));
        let keys = self.keyed_alerts.iter();
        records.extend(keys.map(|(key, &held)| Record::AlertKey {
            key: Arc::clone(key),
            held,
        }));
        records.extend(self.heartbeats.records(now));
        records
    }

    /// Records, for each of `alerts`, the groups of its routes that it is no member of. Without these records
    /// the groups would take the alert up after a restart.
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

    /// Appends a [`Record::AlertLeft`] for each group that the alert's routes lead to and that does not hold
    /// it.
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
    /// What a record made now would say of the group, in digest.
    pub(super) fn to_record(&self, now: Now) -> Recorded {
        Recorded {
            due_at: now.wall_at(self.due_at),
            rest: self.beside_due_at().digest(),
        }
    }

    /// All that is recorded of the group except when it is due.
    fn beside_due_at(&self) -> BesideDueAt<impl Iterator<Item = (usize, Mono)>> {
        BesideDueAt {
            has_flushed: self.has_flushed,
            unsent: self.unsent(),
        }
    }

    fn timer(&self, now: Now) -> GroupTimer {
        self.beside_due_at().timer(self.due_at, now)
    }

    /// The webhooks whose delivery is unfinished, each with the earliest time for its next attempt: in the
    /// flush under way, carried over from the last one, or with an attempt still in flight.
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

/// All that is recorded of a group except when it is due. Both the record and the digest are made from these
/// parts, so no recorded part can change without a new record.
struct BesideDueAt<U> {
    has_flushed: bool,
    /// The webhooks whose delivery is unfinished, and the earliest time for its next attempt.
    unsent: U,
}

impl<U: Iterator<Item = (usize, Mono)>> BesideDueAt<U> {
    /// A hash of all parts.
    fn digest(self) -> u64 {
        // Destructured by name, so that a new part does not compile until it is hashed here.
        let BesideDueAt {
            has_flushed,
            unsent,
        } = self;
        let mut digest = Fnv1a::new();
        has_flushed.hash(&mut digest);
        unsent.for_each(|webhook| webhook.hash(&mut digest));
        digest.finish()
    }

    /// The timer to record, with this due time.
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

/// How a report changes what is known of its alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Report {
    /// The alert was not known.
    New,
    /// Only the times of the report and of the end have changed, as in most reports.
    Extended,
    /// Another part has changed too.
    Changed,
}

impl Report {
    /// Compares `alert` with what was `known` of it.
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

    /// The shortest record of the change.
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

    /// Whether the alert was known before the report.
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
