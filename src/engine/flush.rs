//! A group's flush, from the tick that is due to the last webhook told.
//!
//! PURE. Owns what happens at the times that `group.rs` waits for (§4.5, §5). The attempts
//! themselves are in `attempts.rs`. Runs on the dispatch thread.

use std::sync::Arc;
use std::time::Duration;

use super::Engine;
use super::attempts::BACKOFF_INITIAL;
use super::decide::{Seen, Terms, decide};
use super::group::{CarriedOver, Delivery, DeliveryState, Flush, Group, GroupId};
use super::groups::Groups;
use super::lanes::{DeliveryId, LaneId, Lanes, Place};
use super::ledger::{Content, LedgerKey, Told};
use super::messages::{
    Effect, Failure, FailureKind, FlushEnd, Note, Notification, Reason, Target, ToldAlert,
};
use super::mute::{Muting, time_muting};
use super::record::{GroupName, Record};
use super::route::RouteNode;
use crate::config::Webhook;
use crate::model::{Alert, Fingerprint, Labels, Mono, Now, Status, Wall, compare_for_notification};

/// The least time a flush has, however short the group interval (§4.5).
const FLUSH_TIME_MIN: Duration = Duration::from_secs(10);

/// How late a tick may be for the next one to stay on schedule. Beyond it the schedule moves, as
/// when a flush took longer than the interval.
pub const LATENESS_FORGIVEN: Duration = Duration::from_secs(1);

/// What a flush sees when it looks at its group: all alerts, sorted for people.
struct Look {
    sights: Vec<Sight>,
}

struct Sight {
    told: ToldAlert,
    is_suppressed: bool,
}

/// What one webhook is to see of a look.
struct View {
    alerts: Vec<ToldAlert>,
    content: Content,
}

impl Engine {
    /// Does for a group what its time has come for, and arms its alarm for what comes next. Calling
    /// it more often than needed changes nothing.
    pub(super) fn advance(&mut self, id: GroupId, now: Now, out: &mut Vec<Effect>) {
        self.settle_deliveries(id, now.mono, out);
        self.finish_ended_flush(id, out);
        if self.is_due(id, now.mono) {
            self.start_flush(id, now, out);
            self.finish_ended_flush(id, out);
        }
        self.arm(id, now, out);
    }

    /// Takes a group out, with all that waits for it.
    pub(super) fn remove_group(&mut self, id: GroupId, out: &mut Vec<Effect>) -> Option<Group> {
        let group = self.groups.remove(id)?;
        for delivery in group.flush.iter().flat_map(|flush| &flush.deliveries) {
            if let DeliveryState::Ready(place) = delivery.state {
                self.lanes.withdraw(delivery.lane, place);
            }
        }
        out.push(Effect::Disarm(Groups::alarm_of(id)));
        if group.recorded.is_some() {
            let name = self.name_of(&group);
            out.push(Effect::Record(Record::GroupRemoved(name)));
        }
        Some(group)
    }

    /// Arms the group's alarm unless it is armed for the right time already, and records the times
    /// of the group unless they are.
    pub(super) fn arm(&mut self, id: GroupId, now: Now, out: &mut Vec<Effect>) {
        self.record_group(id, now, out);
        let Some(group) = self.groups.get_mut(id) else {
            return;
        };
        let Some(at) = group.wakes_at() else { return };
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

    /// Puts deliveries whose wait is over into their lanes, and fails those whose flush is.
    fn settle_deliveries(&mut self, id: GroupId, now: Mono, out: &mut Vec<Effect>) {
        let Some(group) = self.groups.get_mut(id) else {
            return;
        };
        let Some(flush) = &mut group.flush else {
            return;
        };
        let is_over = now >= flush.deadline;
        for delivery in &mut flush.deliveries {
            match delivery.state {
                DeliveryState::Ready(place) if is_over => {
                    self.lanes.withdraw(delivery.lane, place);
                    group.carried_over.push(delivery.carry_over(Some(place)));
                }
                DeliveryState::BackingOff(_) if is_over => {
                    group.carried_over.push(delivery.carry_over(None));
                }
                DeliveryState::BackingOff(until) if until <= now => {
                    delivery.queue(id, &mut self.lanes, None);
                    continue;
                }
                _ => continue,
            }
            flush.has_failed = true;
            delivery.state = DeliveryState::Ended;
            out.push(Effect::Note(delivery.failed(FlushEnd::OutOfTime)));
        }
    }

    /// Ends a flush of which every delivery has ended: resolved alerts that everybody was told of
    /// leave, and a group without alerts goes.
    fn finish_ended_flush(&mut self, id: GroupId, out: &mut Vec<Effect>) {
        let Some(group) = self.groups.get_mut(id) else {
            return;
        };
        if !group.has_ended_flush() {
            return;
        }
        let flush = group.flush.take().expect("a flush that has ended");
        if !flush.has_failed {
            self.let_go(id, &flush.resolved, out);
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

    /// Takes out of a group what had ended when its flush looked, unless it was reported again.
    fn let_go(&mut self, id: GroupId, resolved: &[Arc<Alert>], out: &mut Vec<Effect>) {
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

    /// Looks at a group whose tick is due, and starts telling those who are to be told.
    fn start_flush(&mut self, id: GroupId, now: Now, out: &mut Vec<Effect>) {
        let group = self.groups.get_mut(id).expect("a group that is due");
        let node = self.tree.node(group.route);
        let Turn { tick, deadline } = group.take_turn(now, node.group_interval);
        let carried_over = std::mem::take(&mut group.carried_over);
        let time = time_muting(node, tick);
        let mut muting = Muting::new(&self.inhibitor, &mut self.silences, time.as_ref(), now.wall);
        let look = Look::at(group, &mut muting, now.wall);
        out.extend(muting.notes());
        if muting.reached_time(look.sights.len()) {
            group.muted_by = time.map_or_else(Box::default, |time| time.names.into());
        }
        let mut deliveries = Vec::with_capacity(node.receiver.webhooks.len());
        for (webhook_index, webhook) in node.receiver.webhooks.iter().enumerate() {
            let ledger_key = ledger_key(node, group, webhook_index);
            let inherited = self.inheritance.told(group, node, webhook_index);
            let told = self.ledger.get(&ledger_key).or(inherited.as_ref());
            let view = look.view_for(told, node);
            if view.alerts.is_empty() {
                continue;
            }
            let (was_there, terms) = (told.is_some(), terms(node, webhook));
            let reason = decide(told, view.seen(), terms, tick);
            self.ledger.count_lookup(was_there);
            out.push(Effect::Note(decided(group, node, webhook_index, reason)));
            let Some(reason) = reason else { continue };
            if let Some(told) = inherited {
                // What it owes must not be forgotten once there is an entry of our own.
                let told = self.ledger.adopt(ledger_key, told).clone();
                out.push(told_record(ledger_key, told));
                self.inheritance.forget(group, node, webhook_index, out);
            }
            out.push(Effect::Note(Note::NotificationStarted {
                receiver: Arc::clone(&node.receiver.name),
            }));
            if !webhook.send_resolved && view.content.firing.is_empty() {
                // Nothing to send, but what the webhook knows to fire has changed (§5.5).
                let told = self.ledger.record(ledger_key, &view.content, now.wall);
                out.push(told_record(ledger_key, told.clone()));
                continue;
            }
            let lane = self.lanes.lane_of(&webhook.endpoint);
            let (notification, content) = view.notification(group, node, webhook_index, reason);
            let mut delivery = Delivery::new(webhook, lane, notification, content, ledger_key);
            let carried = carried_over
                .iter()
                .find(|over| over.webhook_index == webhook_index);
            delivery.begin(id, &mut self.lanes, carried, now.mono);
            deliveries.push(delivery);
        }
        let resolved = look.into_resolved();
        group.flush = Some(Box::new(Flush {
            deadline,
            deliveries,
            resolved,
            has_failed: false,
        }));
    }

    /// Whether a flush at `tick` would have had something to tell to anybody.
    pub(super) fn would_tell(&mut self, id: GroupId, tick: Wall) -> bool {
        let group = self.groups.get(id).expect("a group that is looked at");
        let node = self.tree.node(group.route);
        let time = time_muting(node, tick);
        let mut muting = Muting::new(&self.inhibitor, &mut self.silences, time.as_ref(), tick);
        let look = Look::at(group, &mut muting, tick);
        let mut webhooks = node.receiver.webhooks.iter().enumerate();
        webhooks.any(|(webhook_index, webhook)| {
            let inherited = self.inheritance.told(group, node, webhook_index);
            let told = self.ledger.get(&ledger_key(node, group, webhook_index));
            let told = told.or(inherited.as_ref());
            let view = look.view_for(told, node).back_at(tick, told);
            !view.alerts.is_empty()
                && decide(told, view.seen(), terms(node, webhook), tick).is_some()
        })
    }
}

/// What a flush goes by.
struct Turn {
    /// Its nominal time.
    tick: Wall,
    /// When its time is over.
    deadline: Mono,
}

impl Group {
    /// Begins a flush: the one that is due, or one that a process before this one did not end.
    /// That one has what is left of its time, and does not move the next.
    fn take_turn(&mut self, now: Now, interval: Duration) -> Turn {
        if self.resumes_at.take().is_some() && self.due_at > now.mono {
            return Turn {
                tick: now.wall,
                deadline: self.due_at.max(now.mono + FLUSH_TIME_MIN),
            };
        }
        let tick = now.wall_at(self.due_at);
        self.due_at = next_tick(self.due_at, now.mono, interval);
        self.has_flushed = true;
        Turn {
            tick,
            deadline: now.mono + interval.max(FLUSH_TIME_MIN),
        }
    }
}

impl Delivery {
    fn new(
        webhook: &Arc<Webhook>,
        lane: LaneId,
        notification: Notification,
        content: Content,
        ledger_key: LedgerKey,
    ) -> Self {
        Delivery {
            state: DeliveryState::Ended,
            webhook: Arc::clone(webhook),
            lane,
            notification: Arc::new(notification),
            content: Arc::new(content),
            ledger_key,
            attempts: 0,
            backoff: BACKOFF_INITIAL,
            not_before: Mono::START,
            last_failure: None,
        }
    }

    /// Gets in line for a worker, where the delivery of the flush before stood if it still did.
    fn begin(&mut self, id: GroupId, lanes: &mut Lanes, before: Option<&CarriedOver>, now: Mono) {
        if let Some(before) = before {
            self.not_before = before.not_before;
            self.last_failure = before.last_failure.clone();
        }
        if self.not_before > now {
            self.state = DeliveryState::BackingOff(self.not_before);
        } else {
            self.queue(id, lanes, before.and_then(|before| before.place));
        }
    }

    /// Gets in line, at `place` if that was held before.
    pub(super) fn queue(&mut self, group: GroupId, lanes: &mut Lanes, place: Option<Place>) {
        let webhook_index = self.notification.webhook_index;
        let place = lanes.enqueue(
            self.lane,
            DeliveryId {
                group,
                webhook_index,
            },
            place,
        );
        self.state = DeliveryState::Ready(place);
    }

    fn carry_over(&self, place: Option<Place>) -> CarriedOver {
        let webhook_index = self.notification.webhook_index;
        CarriedOver {
            webhook_index,
            place,
            not_before: self.not_before,
            last_failure: self.last_failure.clone(),
        }
    }

    /// Whom it is for.
    pub(super) fn target(&self) -> Target {
        Target {
            receiver: Arc::clone(&self.notification.receiver),
            webhook_index: self.notification.webhook_index,
        }
    }

    /// What there is to say when no further attempt is made.
    pub(super) fn failed(&self, end: FlushEnd) -> Note {
        let out_of_time = || Failure {
            kind: FailureKind::ContextDeadlineExceeded,
            text: "no worker was free for this receiver in the time of the flush".into(),
        };
        Note::NotificationFailed {
            group_key: Arc::clone(&self.notification.group_key),
            target: self.target(),
            failure: self.last_failure.clone().unwrap_or_else(out_of_time),
            attempts: self.attempts,
            end,
        }
    }
}

impl Sight {
    fn labels(&self) -> &Labels {
        &self.told.alert.labels
    }
}

impl Look {
    /// The alerts of a group as they stand at `now`, after muting.
    fn at(group: &Group, muting: &mut Muting<'_>, now: Wall) -> Self {
        let sight = |alert: &Arc<Alert>| Sight {
            is_suppressed: muting.suppression(alert).is_some(),
            told: ToldAlert {
                alert: Arc::clone(alert),
                status: alert.status_at(now),
            },
        };
        let mut sights = Vec::with_capacity(group.members.len());
        sights.extend(group.members.iter().map(sight));
        sights.sort_by(|a, b| compare_for_notification(a.labels(), b.labels()));
        Look { sights }
    }

    /// What a webhook that was last told `told` is to see: what nothing mutes, and the ends it is
    /// owed even so.
    fn view_for(&self, told: Option<&Told>, node: &RouteNode) -> View {
        let is_owed = |sight: &Sight| {
            let print = sight.told.alert.fingerprint;
            sight.told.status == Status::Resolved
                && told.is_some_and(|told| told.owed.binary_search(&print).is_ok())
        };
        let is_seen =
            |sight: &&Sight| !sight.is_suppressed || (node.resolve_muted && is_owed(sight));
        // Many of these may wait for their receivers at a time, so they take no more than they need.
        let mut alerts = Vec::with_capacity(self.sights.len());
        let seen = self.sights.iter().filter(is_seen);
        alerts.extend(seen.map(|sight| sight.told.clone()));
        View::of(alerts, node.repeat_interval)
    }

    /// The alerts that had ended, muted or not: they leave once everybody was told what is owed.
    fn into_resolved(self) -> Vec<Arc<Alert>> {
        let told = self.sights.iter().map(|sight| &sight.told);
        told.filter(|told| told.status == Status::Resolved)
            .map(|told| Arc::clone(&told.alert))
            .collect()
    }
}

impl View {
    fn of(alerts: Vec<ToldAlert>, repeat_interval: Duration) -> Self {
        let content = Content {
            firing: fingerprints(&alerts, Status::Firing),
            resolved: fingerprints(&alerts, Status::Resolved),
            repeat_interval,
        };
        View { alerts, content }
    }

    /// The same at an earlier tick. How an alert stood then that was reported since, nobody knows:
    /// as the webhook was told, so that it is no reason to tell anything.
    fn back_at(mut self, tick: Wall, told: Option<&Told>) -> Self {
        let fired = |print| told.is_some_and(|told| told.firing.binary_search(&print).is_ok());
        self.alerts.retain_mut(|seen| {
            if seen.alert.updated_at.get() <= tick {
                return true;
            }
            seen.status = Status::Firing;
            fired(seen.alert.fingerprint)
        });
        View::of(self.alerts, self.content.repeat_interval)
    }

    fn seen(&self) -> Seen<'_> {
        Seen {
            firing: &self.content.firing,
            resolved: &self.content.resolved,
        }
    }

    /// What the webhook is told: without the resolved alerts if it does not want them, and only as
    /// many as it takes.
    fn notification(
        self,
        group: &Group,
        node: &RouteNode,
        webhook_index: usize,
        reason: Reason,
    ) -> (Notification, Content) {
        let webhook = &node.receiver.webhooks[webhook_index];
        let mut alerts = self.alerts;
        alerts.retain(|told| webhook.send_resolved || told.status == Status::Firing);
        let total = alerts.len();
        if webhook.max_alerts > 0 {
            alerts.truncate(usize::try_from(webhook.max_alerts).unwrap_or(usize::MAX));
        }
        let notification = Notification {
            receiver: Arc::clone(&node.receiver.name),
            webhook_index,
            reason,
            group_key: Arc::clone(&group.key),
            group_labels: group.labels.clone(),
            route_labels: Arc::clone(&node.labels),
            truncated_alerts: (total - alerts.len()) as u64,
            alerts,
        };
        (notification, self.content)
    }
}

fn fingerprints(alerts: &[ToldAlert], status: Status) -> Arc<[Fingerprint]> {
    let with_status = alerts.iter().filter(|told| told.status == status);
    let mut prints: Vec<Fingerprint> = with_status.map(|told| told.alert.fingerprint).collect();
    if prints.is_empty() {
        // Which takes no memory, and mostly nothing has resolved.
        return Arc::default();
    }
    prints.sort_unstable();
    prints.into()
}

fn terms(node: &RouteNode, webhook: &Webhook) -> Terms {
    Terms {
        send_resolved: webhook.send_resolved,
        repeat_interval: node.repeat_interval,
    }
}

/// The tick after one that was due at `due_at` and is served at `now`.
fn next_tick(due_at: Mono, now: Mono, interval: Duration) -> Mono {
    due_at.max(now - LATENESS_FORGIVEN) + interval
}

fn told_record(key: LedgerKey, told: Told) -> Effect {
    Effect::Record(Record::Told { key, told })
}

pub fn ledger_key(node: &RouteNode, group: &Group, webhook_index: usize) -> LedgerKey {
    LedgerKey {
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
