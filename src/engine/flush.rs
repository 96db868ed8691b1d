//! A group's flush, from the tick that is due to the last delivery.
//!
//! PURE. Owns what happens at the times that `group.rs` waits for (§4.5, §5). The attempts
//! themselves are in `attempts.rs`. Runs on the dispatch thread.

use std::sync::Arc;
use std::time::Duration;

use super::Engine;
use super::decide::{Terms, decide};
use super::delivery::{CarriedOver, Delivery, DeliveryState, StillOut};
use super::group::{Flush, Group, GroupId};
use super::group_snapshot::GroupSnapshot;
use super::groups::Groups;
use super::messages::{Effect, FlushEnd, Note, Reason, Target};
use super::mute::{Muting, time_muting};
use super::notification_log::{LogEntry, LogKey};
use super::queues::Queues;
use super::record::{GroupName, Record};
use super::route::RouteNode;
use super::step_budget::StepBudget;
use crate::config::Webhook;
use crate::limits;
use crate::model::{Alert, Mono, Now, Wall};

/// The minimum time between the start of a flush and its deadline, however short the group interval
/// (§4.5).
const FLUSH_TIME_MIN: Duration = Duration::from_secs(10);

/// How late a tick may be served for the next one to stay on schedule. Beyond it the schedule moves, for
/// example when a flush took longer than the interval.
pub const LATENESS_FORGIVEN: Duration = Duration::from_secs(1);

impl Engine {
    /// Runs every step of a group that is due, and arms its alarm for the next one. Calling it more often
    /// than needed changes nothing.
    pub(super) fn advance(&mut self, id: GroupId, now: Now, out: &mut Vec<Effect>) {
        self.settle_deliveries(id, now.mono, out);
        self.finish_ended_flush(id, out);
        if self.is_due(id, now.mono) && self.look_up_silences_of(id) {
            self.start_flush(id, now, out);
            // A flush with no delivery has ended already.
            self.finish_ended_flush(id, out);
        }
        self.arm(id, now, out);
    }

    /// Removes a group, with its waiting deliveries and its alarm.
    pub(super) fn remove_group(&mut self, id: GroupId, out: &mut Vec<Effect>) -> Option<Group> {
        let group = self.groups.remove(id)?;
        for delivery in group.flush.iter().flat_map(|flush| &flush.deliveries) {
            delivery.leave_queue(&mut self.queues);
        }
        out.push(Effect::Disarm(Groups::alarm_of(id)));
        if group.recorded.is_some() {
            let name = self.name_of(&group);
            out.push(Effect::Record(Record::GroupRemoved(name)));
        }
        Some(group)
    }

    /// Arms the group's alarm unless it is already armed for the right time, and records the group's
    /// times unless they are already recorded.
    pub(super) fn arm(&mut self, id: GroupId, now: Now, out: &mut Vec<Effect>) {
        self.record_group(id, now, out);
        let Some(group) = self.groups.get_mut(id) else {
            return;
        };
        let at = group.wakes_at();
        if group.armed_for != Some(at) {
            group.armed_for = Some(at);
            out.push(Effect::Arm {
                alarm: Groups::alarm_of(id),
                at,
            });
        }
    }

    fn is_due(&self, id: GroupId, now: Mono) -> bool {
        self.groups
            .get(id)
            .is_some_and(|group| group.flush.is_none() && group.looks_at() <= now)
    }

    /// Looks up which silences match the alerts of a group, within the step budget of one turn. Returns
    /// whether the look-up is complete. If it is not, the group stays due: its alarm is armed for a time
    /// that is past, rings at once, and the look-up continues.
    fn look_up_silences_of(&mut self, id: GroupId) -> bool {
        let group = self.groups.get(id).expect("a group that is due");
        let mut steps = StepBudget::new(limits::STEPS_OF_A_FLUSH);
        let mut members = group.members.iter();
        members.all(|alert| self.silences.look_up(alert, &mut steps))
    }

    /// Queues the deliveries whose backoff has elapsed. At the deadline of their flush, hands the
    /// unfinished ones over to the next flush instead.
    fn settle_deliveries(&mut self, id: GroupId, now: Mono, out: &mut Vec<Effect>) {
        let Some(group) = self.groups.get_mut(id) else {
            return;
        };
        let Some(flush) = &mut group.flush else {
            return;
        };
        if now < flush.deadline {
            for delivery in &mut flush.deliveries {
                if matches!(delivery.state, DeliveryState::BackingOff(until) if until <= now) {
                    delivery.queue(id, &mut self.queues, None, now);
                }
            }
            return;
        }
        // The deadline has passed: every unfinished delivery ends here and leaves its trace in `unfinished`.
        flush.has_failed |= !flush.held.is_empty();
        flush.held.clear();
        for delivery in &mut flush.deliveries {
            if delivery.state == DeliveryState::Ended {
                continue;
            }
            let left = group.unfinished.get_or_insert_default();
            match delivery.state {
                DeliveryState::Ended => {}
                DeliveryState::InFlight(attempt) => left.still_out.push(StillOut {
                    webhook_index: delivery.notification.webhook_index,
                    attempt,
                }),
                DeliveryState::Ready(_) | DeliveryState::BackingOff(_) => {
                    out.extend(delivery.replaced(&self.queues).map(Effect::Note));
                    left.carried_over.push(delivery.carry_over());
                    delivery.leave_queue(&mut self.queues);
                }
            }
            flush.has_failed = true;
            delivery.state = DeliveryState::Ended;
        }
    }

    /// Ends a flush whose deliveries have all ended. Resolved alerts leave the group, unless a delivery
    /// failed or was left unfinished. A group without alerts is removed.
    fn finish_ended_flush(&mut self, id: GroupId, out: &mut Vec<Effect>) {
        let Some(group) = self.groups.get_mut(id) else {
            return;
        };
        if !group.has_ended_flush() {
            return;
        }
        let flush = group.flush.take().expect("a flush that has ended");
        if !flush.has_failed {
            self.remove_resolved(id, &flush.resolved, out);
        }
        if self
            .groups
            .get(id)
            .is_some_and(|group| group.members.is_empty())
        {
            let group = self
                .remove_group(id, out)
                .expect("the group just looked at");
            out.push(Effect::Note(Note::GroupRemoved {
                group_key: group.key,
            }));
        }
    }

    /// Removes from a group the alerts that had resolved at its flush, unless they were reported again
    /// since.
    fn remove_resolved(&mut self, id: GroupId, resolved: &[Arc<Alert>], out: &mut Vec<Effect>) {
        for told in resolved {
            let group = self
                .groups
                .get_mut(id)
                .expect("a group whose flush has ended");
            let member = group.members.get(told.fingerprint);
            if !member.is_some_and(|member| Arc::ptr_eq(member, told)) {
                continue;
            }
            group.members.remove(told.fingerprint);
            let left = Record::AlertLeft {
                group: GroupName {
                    route: self.tree.node(group.route).identity_hash,
                    labels: group.fingerprint,
                },
                fingerprint: told.fingerprint,
            };
            out.push(Effect::Record(left));
            if !self.alerts.contains(told.fingerprint) {
                let routes = self.tree.routes_of(&told.labels);
                self.record_if_forgotten(told, &routes, out);
            }
        }
    }

    /// Starts the flush of a group whose tick is due: takes a snapshot of the group, and starts a delivery
    /// for each webhook that has to be notified.
    fn start_flush(&mut self, id: GroupId, now: Now, out: &mut Vec<Effect>) {
        let group = self.groups.get_mut(id).expect("a group that is due");
        let node = self.tree.node(group.route);
        let webhooks = node.receiver.webhooks.len();
        // Move the schedule first: the deadline of this flush is the next tick.
        let Turn { tick, deadline } = group.take_turn(now, node.group_interval);
        // What the previous flush left: deliveries to continue, and attempts that are still in flight.
        let carried_over = group.take_carried_over();
        let still_out = group.still_out().iter();
        let still_out: Vec<usize> = still_out.map(|out| out.webhook_index).collect();
        // All webhooks decide from one snapshot. Muting is applied and counted here, once.
        let look = self.look_at(id, tick, now.wall, out);
        let mut deliveries = Vec::with_capacity(webhooks);
        let mut held = Vec::new();
        for webhook_index in 0..webhooks {
            // Never two attempts to a webhook for one group: hold it until the older attempt has ended.
            if still_out.contains(&webhook_index) {
                held.push(webhook_index);
                continue;
            }
            let is_its = |over: &&CarriedOver| over.webhook_index == webhook_index;
            let carried = carried_over.iter().find(is_its);
            let told = self.begin_notifying((id, webhook_index), &look, carried, tick, now, out);
            deliveries.extend(told);
        }
        let group = self.groups.get_mut(id).expect("a group that is due");
        group.flush = Some(Box::new(Flush {
            deadline,
            deliveries,
            held,
            resolved: look.into_resolved(),
            has_failed: false,
        }));
    }

    /// Notifies a webhook that was held because an attempt of an earlier flush was in flight. Decides from
    /// the state of the group at `now`.
    pub(super) fn notify_held(
        &mut self,
        id: GroupId,
        webhook_index: usize,
        carried: Option<CarriedOver>,
        now: Now,
        out: &mut Vec<Effect>,
    ) {
        // The notes are dropped: the flush counted the muted alerts when it began.
        let look = self.look_at(id, now.wall, now.wall, &mut Vec::new());
        let (webhook, tick) = ((id, webhook_index), now.wall);
        let delivery = self.begin_notifying(webhook, &look, carried.as_ref(), tick, now, out);
        let group = self.groups.get_mut(id).expect("a group that was looked at");
        let flush = group.flush.as_mut().expect("the flush that it was held in");
        flush.deliveries.extend(delivery);
    }

    /// Takes a snapshot of a group: its alerts with their status at `now`, muted by inhibition, by silences
    /// and by the time intervals that hold at `tick`.
    fn look_at(
        &mut self,
        id: GroupId,
        tick: Wall,
        now: Wall,
        out: &mut Vec<Effect>,
    ) -> GroupSnapshot {
        let group = self.groups.get_mut(id).expect("a group that is looked at");
        let node = self.tree.node(group.route);
        let time = time_muting(node, tick);
        let mut muting = Muting::new(&self.inhibitor, &mut self.silences, time.as_ref(), now);
        let look = GroupSnapshot::at(group, &mut muting, now);
        out.extend(muting.notes());
        if muting.reached_time(look.len()) {
            group.muted_by = time.map_or_else(Box::default, |time| time.names.into());
        }
        look
    }

    /// Decides from a snapshot whether a webhook is notified, and if so begins its delivery. Returns
    /// `None` if there is nothing to send.
    fn begin_notifying(
        &mut self,
        (id, webhook_index): (GroupId, usize),
        look: &GroupSnapshot,
        carried: Option<&CarriedOver>,
        tick: Wall,
        now: Now,
        out: &mut Vec<Effect>,
    ) -> Option<Delivery> {
        let group = self.groups.get(id).expect("a group that was looked at");
        let node = self.tree.node(group.route);
        let webhook = &node.receiver.webhooks[webhook_index];
        let log_key = log_key(node, group, webhook_index);
        // Our own entry takes precedence over one inherited from an Alertmanager.
        let inherited = self.alertmanager_log.told(group, node, webhook_index);
        let entry = self.notification_log.get(&log_key).or(inherited.as_ref());
        let view = look.view_for(entry, node);
        if view.is_empty() {
            return None;
        }
        let (was_there, terms) = (entry.is_some(), terms(node, webhook));
        let reason = decide(entry, view.seen(), terms, tick);
        self.notification_log.count_lookup(was_there);
        out.push(Effect::Note(decided(group, node, webhook_index, reason)));
        let Some(reason) = reason else {
            // Nothing is due any more, so a delivery carried over from the last flush ends unsent.
            let never_notified = carried.map(|over| never_notified(group, node, over));
            out.extend(never_notified.map(Effect::Note));
            return None;
        };
        if let Some(entry) = inherited {
            // Copy the inherited entry before our own replaces it, or its owed resolutions would be lost.
            let entry = self.notification_log.take_over(log_key, entry).clone();
            out.push(log_record(log_key, entry));
            self.alertmanager_log
                .forget(group, node, webhook_index, out);
        }
        out.push(Effect::Note(Note::NotificationStarted {
            receiver: Arc::clone(&node.receiver.name),
        }));
        if !webhook.send_resolved && view.fires_nothing() {
            // There is nothing to send, but the log must note that these alerts no longer fire (§5.5).
            let entry = self
                .notification_log
                .record(log_key, view.content(), now.wall);
            out.push(log_record(log_key, entry.clone()));
            return None;
        }
        let queue = self.queues.queue_of(&webhook.endpoint);
        let (notification, content) = view.notification(group, node, webhook_index, reason);
        let mut delivery = Delivery::new(webhook, queue, notification, content, log_key);
        delivery.begin(id, &mut self.queues, carried, now.mono);
        Some(delivery)
    }

    /// Whether a flush at `tick` would have notified at least one webhook.
    pub(super) fn would_notify(&mut self, id: GroupId, tick: Wall) -> bool {
        let group = self.groups.get(id).expect("a group that is looked at");
        let node = self.tree.node(group.route);
        let time = time_muting(node, tick);
        let mut muting = Muting::new(&self.inhibitor, &mut self.silences, time.as_ref(), tick);
        let look = GroupSnapshot::at(group, &mut muting, tick);
        let mut webhooks = node.receiver.webhooks.iter().enumerate();
        webhooks.any(|(webhook_index, webhook)| {
            let inherited = self.alertmanager_log.told(group, node, webhook_index);
            let entry = self
                .notification_log
                .get(&log_key(node, group, webhook_index));
            let entry = entry.or(inherited.as_ref());
            let view = look.view_for(entry, node).back_at(tick, entry);
            !view.is_empty() && decide(entry, view.seen(), terms(node, webhook), tick).is_some()
        })
    }
}

/// The times of a flush.
struct Turn {
    /// The nominal time of the flush.
    tick: Wall,
    /// When the flush ends at the latest: at the next tick, or after [`FLUSH_TIME_MIN`] if that is later.
    deadline: Mono,
}

impl Group {
    /// Begins a flush, and returns its times. A flush that is due moves the next tick; a resumed one, which
    /// a previous run did not finish, does not.
    fn take_turn(&mut self, now: Now, interval: Duration) -> Turn {
        let is_resumed = self.resumes_at.take().is_some() && self.due_at > now.mono;
        let tick = if is_resumed {
            now.wall
        } else {
            let tick = now.wall_at(self.due_at);
            self.due_at = next_tick(self.due_at, now.mono, interval);
            self.has_flushed = true;
            tick
        };
        let deadline = self.due_at.max(now.mono + FLUSH_TIME_MIN);
        Turn { tick, deadline }
    }
}

impl Delivery {
    /// The note on a delivery that its flush leaves unfinished at the deadline. A delivery that only waited
    /// has not failed and has none. One whose endpoint is down has failed, even without an attempt, but it
    /// is not logged again: the endpoint was.
    fn replaced(&mut self, queues: &Queues) -> Option<Note> {
        let of_endpoint = queues.is_down_with(self.queue);
        let own = self.last_failure.as_ref().filter(|_| self.attempts > 0);
        let failure = own.or(of_endpoint)?.clone();
        let is_news = !queues.is_probed(self.queue);
        self.is_failure_said |= is_news;
        Some(self.failed(failure, FlushEnd::OutOfTime, is_news))
    }
}

fn terms(node: &RouteNode, webhook: &Webhook) -> Terms {
    Terms {
        send_resolved: webhook.send_resolved,
        repeat_interval: node.repeat_interval,
    }
}

/// The tick that follows one due at `due_at` and served at `now`.
fn next_tick(due_at: Mono, now: Mono, interval: Duration) -> Mono {
    due_at.max(now - LATENESS_FORGIVEN) + interval
}

fn log_record(key: LogKey, entry: LogEntry) -> Effect {
    Effect::Record(Record::LogEntry { key, told: entry })
}

/// The key of the notification log entry of a group and the webhook at this position.
pub fn log_key(node: &RouteNode, group: &Group, webhook_index: usize) -> LogKey {
    LogKey {
        route: node.identity_hash,
        group: group.fingerprint,
        receiver: node.receiver_hash,
        webhook_index: u32::try_from(webhook_index).expect("a configuration of bounded size"),
    }
}

fn decided(group: &Group, node: &RouteNode, webhook_index: usize, reason: Option<Reason>) -> Note {
    let target = Target {
        receiver: Arc::clone(&node.receiver.name),
        webhook_index,
    };
    Note::Decided {
        group_key: Arc::clone(&group.key),
        target,
        reason,
    }
}

/// The note on a carried-over delivery that ends unsent, because nothing is due for its webhook any more.
fn never_notified(group: &Group, node: &RouteNode, over: &CarriedOver) -> Note {
    Note::NeverNotified {
        group_key: Arc::clone(&group.key),
        target: Target {
            receiver: Arc::clone(&node.receiver.name),
            webhook_index: over.webhook_index,
        },
        notification: over.notification.clone(),
    }
}
