//! Answers queries in slices, so that other work gets its turn between two slices.
//!
//! PURE. Owns the queries and the progress of their answers. A slice ends when its step budget is used up.
//! An item that exists from the query to the end of the answer is in the answer. An item that appears or
//! disappears between two slices may or may not be. Each alert is shown as it was in its slice. Runs on the
//! dispatch thread.
//!
//! Alerts are scattered over memory, so the next few are prefetched together: here, and in `api/v2` before
//! they are written. Measured with 100,000 alerts: without prefetching, reading all alerts takes 62 % more
//! CPU, and reading all groups 23 % more.

use std::fmt;
use std::hint::black_box;
use std::mem;
use std::sync::Arc;

use super::Engine;
use super::alert_store::Stored;
use super::group::{Group, GroupId};
use super::label_signature::LabelSignature;
use super::mute::muted;
use super::questions::{AlertView, Answered, Gauges, GroupView, GroupedAlert};
use super::step_budget::StepBudget;
use crate::model::{Alert, Fingerprint, Matcher, Now, Silence, Wall};

/// The number of alerts prefetched together.
const PREFETCHED_AT_ONCE: usize = 64;

/// The number of groups whose alerts are prefetched together; usually some hundred alerts.
const GROUPS_PREFETCHED_AT_ONCE: u32 = 16;

/// A query that is being answered, with the type of its answer. A query changes no visible state; the
/// look-ups of muting that it makes are remembered.
pub trait Reading: fmt::Debug + Send + 'static {
    /// The complete answer: a snapshot that another thread can filter and serialise.
    type Answer: fmt::Debug + Send + Sync;

    /// Continues within the step budget. Returns the answer, once, when it is complete.
    fn go_on(
        &mut self,
        engine: &mut Engine,
        at: Wall,
        steps: &mut StepBudget,
    ) -> Option<Self::Answer>;
}

/// The query for alerts with their receivers, in no particular order.
#[derive(Debug)]
pub struct AlertReading {
    walk: Walk,
    views: Vec<AlertView>,
}

/// The query for all groups with their alerts, in no particular order.
#[derive(Debug)]
pub struct GroupReading {
    walk: GroupWalk,
    views: Vec<GroupView>,
}

/// The query for all silences, in the order of their creation.
#[derive(Debug, Default)]
pub struct SilenceReading {
    next: u64,
    found: Vec<Arc<Silence>>,
}

/// The query for the gauges of `/metrics`.
#[derive(Debug)]
pub struct GaugeReading {
    walk: Walk,
    /// The numbers of unresolved alerts that are not muted, that are muted, and that no flush has processed
    /// yet.
    counts: [usize; 3],
}

/// A walk through the alerts that existed when it began.
#[derive(Debug)]
struct Walk {
    alerts: Vec<Fingerprint>,
    next: usize,
}

/// A walk through all groups.
#[derive(Debug, Default)]
struct GroupWalk {
    slot: u32,
    /// The group at that slot, with the alerts read so far.
    begun: Option<(GroupId, GroupView)>,
}

impl Reading for AlertReading {
    type Answer = Vec<AlertView>;

    fn go_on(
        &mut self,
        engine: &mut Engine,
        at: Wall,
        steps: &mut StepBudget,
    ) -> Option<Self::Answer> {
        let is_done = engine.view_alerts(&mut self.walk, &mut self.views, at, steps);
        is_done.then(|| mem::take(&mut self.views))
    }
}

impl Reading for GroupReading {
    type Answer = Vec<GroupView>;

    fn go_on(
        &mut self,
        engine: &mut Engine,
        at: Wall,
        steps: &mut StepBudget,
    ) -> Option<Self::Answer> {
        let is_done = engine.view_groups(&mut self.walk, &mut self.views, at, steps);
        is_done.then(|| mem::take(&mut self.views))
    }
}

impl Reading for SilenceReading {
    type Answer = Vec<Arc<Silence>>;

    fn go_on(
        &mut self,
        engine: &mut Engine,
        _: Wall,
        steps: &mut StepBudget,
    ) -> Option<Self::Answer> {
        let is_done = engine.list_silences(&mut self.next, &mut self.found, steps);
        is_done.then(|| mem::take(&mut self.found))
    }
}

impl Reading for GaugeReading {
    type Answer = Gauges;

    fn go_on(
        &mut self,
        engine: &mut Engine,
        at: Wall,
        steps: &mut StepBudget,
    ) -> Option<Self::Answer> {
        let is_done = engine.count_alerts(&mut self.walk, &mut self.counts, at, steps);
        is_done.then(|| engine.gauges(self.counts))
    }
}

impl Engine {
    /// Begins a query for alerts. The answer contains every alert that satisfies the matchers, and may
    /// contain others: their label signatures exclude most of them, and the caller has to filter the rest.
    pub fn read_alerts(&self, matchers: &[Matcher]) -> AlertReading {
        let alerts = self
            .alerts
            .candidates(LabelSignature::demanded_by(matchers));
        let walk = Walk::through(alerts.collect());
        let views = Vec::with_capacity(walk.alerts.len());
        AlertReading { walk, views }
    }

    /// Begins a query for all groups.
    pub fn read_groups(&self) -> GroupReading {
        GroupReading {
            walk: GroupWalk::default(),
            views: Vec::with_capacity(self.groups.len()),
        }
    }

    /// Begins to read numbers for `/metrics`.
    pub fn read_gauges(&self) -> GaugeReading {
        let alerts = self.alerts.candidates(LabelSignature::default());
        GaugeReading {
            walk: Walk::through(alerts.collect()),
            counts: [0; 3],
        }
    }

    /// Continues a query within the step budget. Returns the answer, once, when it is complete.
    pub fn go_on<R: Reading>(
        &mut self,
        reading: &mut R,
        now: Now,
        mut steps: StepBudget,
    ) -> Option<Answered<R::Answer>> {
        self.silences.advance(now.wall);
        let at = now.wall;
        let answer = reading.go_on(self, at, &mut steps)?;
        Some(Answered { at, answer })
    }

    fn view_alerts(
        &mut self,
        walk: &mut Walk,
        views: &mut Vec<AlertView>,
        now: Wall,
        steps: &mut StepBudget,
    ) -> bool {
        while let Some(print) = self.next_of(walk) {
            if let Some(stored) = self.alerts.get(print) {
                if !self.silences.look_up(&stored.alert, steps) {
                    return false;
                }
                views.push(AlertView {
                    alert: Arc::clone(&stored.alert),
                    receivers: Arc::clone(&stored.routes.receivers),
                    muted: muted(&mut self.silences, &self.inhibitor, &stored.alert, now),
                });
            }
            walk.next += 1;
            steps.take(1);
            if steps.are_used_up() {
                break;
            }
        }
        walk.is_at_its_end()
    }

    fn count_alerts(
        &mut self,
        walk: &mut Walk,
        counts: &mut [usize; 3],
        now: Wall,
        steps: &mut StepBudget,
    ) -> bool {
        while let Some(print) = self.next_of(walk) {
            let stored = self.alerts.get(print);
            if let Some(stored) = stored.filter(|stored| !stored.alert.is_resolved_at(now)) {
                let state = if self.is_waiting(stored) {
                    2
                } else if self.silences.look_up(&stored.alert, steps) {
                    let partial = muted(&mut self.silences, &self.inhibitor, &stored.alert, now);
                    usize::from(partial.is_some())
                } else {
                    return false;
                };
                counts[state] += 1;
            }
            walk.next += 1;
            steps.take(1);
            if steps.are_used_up() {
                break;
            }
        }
        walk.is_at_its_end()
    }

    /// Whether no group of the alert has had its first flush.
    fn is_waiting(&self, stored: &Stored) -> bool {
        let group = |&route: &_| {
            self.groups
                .get(self.find_group(route, &stored.alert.labels)?)
        };
        let mut groups = stored.routes.routes.iter().filter_map(group);
        groups.all(|group| !group.has_flushed)
    }

    /// The next alert of a walk, after prefetching those that follow it.
    fn next_of(&self, walk: &Walk) -> Option<Fingerprint> {
        let next = *walk.alerts.get(walk.next)?;
        if walk.next.is_multiple_of(PREFETCHED_AT_ONCE) {
            let ahead = walk.alerts[walk.next..].iter().take(PREFETCHED_AT_ONCE);
            let found: Vec<&Arc<Alert>> = ahead
                .filter_map(|print| Some(&self.alerts.get(*print)?.alert))
                .collect();
            prefetch(found.into_iter());
        }
        Some(next)
    }

    fn view_groups(
        &mut self,
        walk: &mut GroupWalk,
        views: &mut Vec<GroupView>,
        now: Wall,
        steps: &mut StepBudget,
    ) -> bool {
        while walk.slot < self.groups.slots() {
            if walk.slot.is_multiple_of(GROUPS_PREFETCHED_AT_ONCE) && walk.begun.is_none() {
                let ahead = (walk.slot..).take(GROUPS_PREFETCHED_AT_ONCE as usize);
                let ahead = ahead.filter_map(|slot| self.groups.at(slot));
                prefetch(
                    ahead.flat_map(|(_, group)| group.members.iter().take(PREFETCHED_AT_ONCE)),
                );
            }
            if !self.view_group(walk, now, steps) {
                return false;
            }
            views.extend(walk.begun.take().map(|(_, view)| view));
            walk.slot += 1;
            steps.take(1);
            if steps.are_used_up() {
                break;
            }
        }
        walk.slot >= self.groups.slots()
    }

    /// Reads the group at the slot of the walk. Returns whether all its alerts have been read.
    fn view_group(&mut self, walk: &mut GroupWalk, now: Wall, steps: &mut StepBudget) -> bool {
        let Some((id, group)) = self.groups.at(walk.slot) else {
            // A group begun in an earlier slice has been removed since.
            walk.begun = None;
            return true;
        };
        let begun = walk.begun.take_if(|(begun, _)| *begun == id);
        let mut view = begun.map_or_else(|| self.begin_view(group), |(_, view)| view);
        // Continue after the last fingerprint read: members can join and leave between slices.
        let last = view.alerts.last().map(|grouped| grouped.alert.fingerprint);
        let mut is_done = true;
        for alert in group.members.after(last) {
            is_done = !steps.are_used_up() && self.silences.look_up(alert, steps);
            if !is_done {
                break;
            }
            view.alerts.push(GroupedAlert {
                alert: Arc::clone(alert),
                muted: muted(&mut self.silences, &self.inhibitor, alert, now),
            });
            steps.take(1);
        }
        walk.begun = Some((id, view));
        is_done
    }

    fn begin_view(&self, group: &Group) -> GroupView {
        let node = self.tree.node(group.route);
        GroupView {
            key: Arc::clone(&group.key),
            has_flushed: group.has_flushed,
            labels: group.labels.clone(),
            receiver: Arc::clone(&node.receiver),
            alerts: Vec::with_capacity(group.members.len()),
            muted_by: group.muted_by.to_vec(),
            route_labels: Arc::clone(&node.labels),
        }
    }

    fn list_silences(
        &mut self,
        next: &mut u64,
        found: &mut Vec<Arc<Silence>>,
        steps: &mut StepBudget,
    ) -> bool {
        let before = found.len();
        for (number, silence) in self.silences.numbered_from(*next).take(steps.left()) {
            found.push(Arc::clone(silence));
            *next = number + 1;
        }
        steps.take(found.len() - before);
        let is_done = !steps.are_used_up();
        if is_done {
            self.silences.count_listing(found.len());
        }
        is_done
    }
}

/// Prefetches alerts that are about to be cloned, by reading them. A clone writes to the reference count, and
/// writes wait for memory one after the other, while reads overlap.
fn prefetch<'a>(alerts: impl Iterator<Item = &'a Arc<Alert>>) {
    // An alert spans two cache lines: its first words are in one, its times in the other.
    for alert in alerts {
        black_box((Arc::strong_count(alert), alert.fingerprint, alert.ends_at));
    }
}

impl Walk {
    fn through(alerts: Vec<Fingerprint>) -> Self {
        Walk { alerts, next: 0 }
    }

    fn is_at_its_end(&self) -> bool {
        self.next >= self.alerts.len()
    }
}

#[cfg(test)]
mod tests;
