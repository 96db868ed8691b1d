//! Restores the state of the previous run.
//!
//! PURE. Owns what follows from the time in which no process ran, and from a configuration that may have
//! changed. Groups continue with the rest of their wait or interval. Flushes that fell due in the meantime
//! run at [`OVERDUE_PACE`], and interrupted flushes resume. Alerts whose routes no longer exist are routed
//! again. Runs on the dispatch thread, as its first input.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::Engine;
use super::alert_store::Stored;
use super::alertmanager_log::AlertmanagerLog;
use super::clock_step::in_terms_of_this_clock;
use super::delivery::CarriedOver;
use super::flush::{LATENESS_FORGIVEN, log_key};
use super::group::{Group, GroupId, Recorded};
use super::inhibit::Occurrence;
use super::label_signature::LabelSignature;
use super::messages::{Effect, Note, Recovery};
use super::record::{
    AlertKey, GroupName, GroupTimer, KeyedAlert, Record, Recovered, RecoveredAlert, Unsent,
};
use super::route::{RouteIndex, RouteSet};
use super::ticks;
use crate::model::{Alert, Fingerprint, Labels, Mono, Now, Wall};

/// The time between the flushes of two groups that fell due during the outage. Receivers get at most a
/// thousand of them a second, instead of all at once.
const OVERDUE_PACE: Duration = Duration::from_millis(1);

/// The time in which no process ran, as far as the journal shows.
#[derive(Clone, Copy, Debug)]
struct Outage {
    /// The last time that the previous run wrote down.
    alive_at: Wall,
    /// The start of this run.
    ended_at: Now,
}

/// Spaces out the flushes of groups that fell due, [`OVERDUE_PACE`] apart.
#[derive(Debug)]
struct Pace {
    next: Mono,
    given: usize,
}

/// How many of the restored groups were overdue and how many resume a flush.
#[derive(Debug, Default)]
struct Tally {
    overdue: usize,
    resumed: usize,
}

impl Engine {
    /// Restores the state that the previous run recorded.
    pub(super) fn recover(&mut self, recovered: Recovered, now: Now, out: &mut Vec<Effect>) {
        let (recovered, clock_moved) = in_terms_of_this_clock(recovered, now.wall);
        // State read from an Alertmanager's files has no such time. The journal does not hold it yet, so all
        // of it is recorded below.
        let is_new_here = recovered.written_at.is_none();
        let alive_at = recovered.written_at.unwrap_or(now.wall);
        // Silences and the log come first: the timers of groups depend on what is muted and was notified.
        self.silences.restore(recovered.silences, alive_at);
        self.notification_log.restore(recovered.notification_log);
        self.alertmanager_log = AlertmanagerLog::of(recovered.inherited);
        let mut members = Vec::new();
        for (_, alert) in recovered.alerts {
            members.push(self.restore_alert(alert, now.wall));
        }
        self.restore_keys(recovered.keys, out);
        let mut timers = recovered.groups;
        let outage = Outage {
            alive_at,
            ended_at: now,
        };
        let tally = self.restore_groups(&members, &mut timers, outage, out);
        // Timers that are left belong to no group: their route is gone, or all their alerts are.
        let gone = timers.len();
        let removed = timers.into_keys().map(Record::GroupRemoved);
        out.extend(removed.map(Effect::Record));
        self.route_the_rest(&members, now, out);
        self.restore_heartbeats(recovered.heartbeats, alive_at, now, out);
        // Records of another clock or another program no longer hold.
        if clock_moved || is_new_here {
            self.record_anew(now, out);
        }
        out.push(Effect::Note(Note::Recovered(Recovery {
            alerts: self.alerts.len(),
            groups: self.groups.len(),
            silences: self.silences.len(),
            overdue: tally.overdue,
            resumed: tally.resumed,
            gone,
        })));
    }

    fn restore_alert(&mut self, recovered: RecoveredAlert, now: Wall) -> Member {
        let RecoveredAlert { mut alert, left } = recovered;
        if let Some(alert) = Arc::get_mut(&mut alert) {
            self.interner.share(alert);
        }
        // The alert was admitted before the restart, so the result is ignored: this only counts it.
        self.alert_limit.admits(&alert, now);
        self.inhibitor.observe(&alert, Occurrence::New);
        let routes = self.tree.routes_of(&alert.labels);
        self.alerts.insert(Stored {
            alert: Arc::clone(&alert),
            routes: Arc::clone(&routes),
            signature: LabelSignature::of(&alert.labels),
        });
        Member {
            alert,
            routes,
            left,
        }
    }

    /// Restores the keys of sources. A key whose alert is gone, or ends before it, is forgotten: damage to the
    /// journal can leave such keys.
    fn restore_keys(&mut self, keys: BTreeMap<Arc<AlertKey>, KeyedAlert>, out: &mut Vec<Effect>) {
        let mut sources: BTreeSet<Arc<str>> = BTreeSet::new();
        for (key, held) in keys {
            let alert = self.alerts.get(held.alert).map(|stored| &stored.alert);
            if alert.is_none_or(|alert| alert.ends_at.get() < held.ends_at) {
                out.push(Effect::Record(Record::AlertKeyForgotten(key)));
                continue;
            }
            // All keys of a source share its name.
            if !sources.contains(&key.source) {
                sources.insert(Arc::clone(&key.source));
            }
            let source = sources.get(&key.source).expect("a name just inserted");
            let key = AlertKey {
                source: Arc::clone(source),
                id: key.id.clone(),
            };
            self.keyed_alerts.set(&Arc::new(key), held);
        }
    }

    /// Restores the groups that have both a recorded timer and a member. Removes their timers from `timers`.
    fn restore_groups(
        &mut self,
        members: &[Member],
        timers: &mut BTreeMap<GroupName, GroupTimer>,
        outage: Outage,
        out: &mut Vec<Effect>,
    ) -> Tally {
        let mut made: Vec<(GroupId, GroupTimer)> = Vec::new();
        for member in members {
            for &route in &member.routes.routes {
                let name = self.name_in(route, &member.alert.labels);
                if member.left.contains(&name) {
                    continue;
                }
                if let Some(id) = self.groups.find(route, name.labels) {
                    let group = self.groups.get_mut(id).expect("an indexed group is alive");
                    group.members.insert(Arc::clone(&member.alert));
                } else if let Some(timer) = timers.remove(&name) {
                    let group = self.restored_group(route, &member.alert, outage.ended_at);
                    made.push((self.groups.insert(group), timer));
                }
            }
        }
        self.set_timers(made, outage, out)
    }

    /// A restored group with its first member. [`Engine::set_timers`] sets when it is due.
    fn restored_group(&self, route: RouteIndex, alert: &Arc<Alert>, now: Now) -> Group {
        let node = self.tree.node(route);
        let labels = alert.labels.select(|name| node.group_by.contains(name));
        self.new_group(route, labels, alert, now, false)
    }

    /// Sets when the restored groups are due: after the rest of their wait or interval, or, if they fell due
    /// during the outage, one by one at [`OVERDUE_PACE`], the longest overdue first.
    fn set_timers(
        &mut self,
        mut made: Vec<(GroupId, GroupTimer)>,
        outage: Outage,
        out: &mut Vec<Effect>,
    ) -> Tally {
        let now = outage.ended_at;
        let mut tally = Tally::default();
        made.sort_by_key(|(id, timer)| (timer.due_at, *id));
        let mut pace = Pace {
            next: self.not_before_start(now.mono),
            given: 0,
        };
        let start = Mono::START + self.settings.start_delay;
        let mut new_to: BTreeMap<RouteIndex, usize> = BTreeMap::new();
        for (id, timer) in made {
            let next = self.next_time(id, &timer, outage);
            let knows_nothing =
                timer.has_flushed && self.somebody_knows_nothing(id, &timer.unsent, now);
            let group = self.groups.get_mut(id).expect("a group just made");
            let node = self.tree.node(group.route);
            // The configuration may have shortened the intervals since the timer was recorded.
            let longest = node.group_wait.max(node.group_interval);
            group.has_flushed = timer.has_flushed;
            carried_over(&timer, now).for_each(|over| group.carry_over(over));
            let left = next.map(|next| next.duration_since(now.wall));
            let left = left.and_then(|left| Duration::try_from(left).ok());
            // Note what the journal says of the group, so that only a change is recorded.
            group.recorded = Some(Recorded {
                due_at: timer.due_at,
                ..group.to_record(now)
            });
            group.due_at = match left {
                // Overdue.
                None | Some(Duration::ZERO) => pace.next_moment(),
                // A webhook that was never notified waits at most `group_wait`, as for a new group.
                Some(left) if knows_nothing => {
                    *new_to.entry(group.route).or_default() += 1;
                    (now.mono + left.min(node.group_wait)).max(start)
                }
                Some(left) => (now.mono + left.min(longest)).max(start),
            };
            // An interrupted flush resumes now, and leaves the next tick where it is.
            if !timer.unsent.is_empty() && group.due_at > pace.next {
                tally.resumed += 1;
                group.resumes_at = Some(pace.next_moment());
            }
            self.doubt_what_was_on_its_way(id, &timer.unsent, now.wall, out);
        }
        tally.overdue = pace.given - tally.resumed;
        for (route, groups) in new_to {
            let node = self.tree.node(route);
            out.push(Effect::Note(Note::ReceiverIsNew {
                route: Arc::clone(&node.key),
                receiver: Arc::clone(&node.receiver.name),
                groups,
            }));
        }
        tally
    }

    /// Whether a webhook of the group has neither a notification log entry nor an unfinished delivery, while
    /// a flush now would notify. The receiver of the route was replaced then, or the webhook is new.
    fn somebody_knows_nothing(&mut self, id: GroupId, unsent: &[Unsent], now: Now) -> bool {
        let group = self.groups.get(id).expect("a group just made");
        let node = self.tree.node(group.route);
        let is_untold = |index| unsent.iter().any(|it| it.webhook_index as usize == index);
        let knows_nothing = |webhook_index| {
            let entry = self
                .notification_log
                .get(&log_key(node, group, webhook_index));
            entry.is_none()
                && !is_untold(webhook_index)
                && self
                    .alertmanager_log
                    .told(group, node, webhook_index)
                    .is_none()
        };
        (0..node.receiver.webhooks.len()).any(knows_nothing) && self.would_notify(id, now.wall)
    }

    /// When the next flush of a group with this recorded timer is due. `None` if the group missed a
    /// notification during the outage, and so has to flush at once. Ticks with nothing to notify leave no
    /// record, so the timer may lie many intervals back.
    fn next_time(&mut self, id: GroupId, timer: &GroupTimer, outage: Outage) -> Option<Wall> {
        let now = outage.ended_at.wall;
        if timer.due_at > now {
            return Some(timer.due_at);
        }
        if !timer.has_flushed {
            return None;
        }
        let group = self.groups.get(id).expect("a group just made");
        let interval = self.tree.node(group.route).group_interval;
        let (last, next) = ticks::around(now, timer.due_at, interval);
        // An interrupted flush resumes at once anyway, so its group has missed nothing.
        let is_missed =
            timer.unsent.is_empty() && outage.may_hide(last) && self.would_notify(id, last);
        (!is_missed).then_some(next)
    }

    /// Marks the log entries of unfinished deliveries as uncertain: their notifications may or may not have
    /// arrived before the previous run ended.
    fn doubt_what_was_on_its_way(
        &mut self,
        id: GroupId,
        unsent: &[Unsent],
        now: Wall,
        out: &mut Vec<Effect>,
    ) {
        let group = self.groups.get(id).expect("a group just made");
        let node = self.tree.node(group.route);
        let members: Vec<Fingerprint> = group.members.fingerprints().collect();
        let span = self.notification_log.span(now, node.repeat_interval);
        for unsent in unsent {
            let key = log_key(node, group, unsent.webhook_index as usize);
            let entry = self
                .notification_log
                .mark_uncertain(key, &members, span)
                .clone();
            out.push(Effect::Record(Record::LogEntry { key, told: entry }));
        }
    }

    /// Routes the alerts that are not members of a group they belong to: those that fire, and those whose
    /// resolution a webhook is owed by a group that no longer exists. Records for the others that the group
    /// is done with them. Then starts all groups.
    fn route_the_rest(&mut self, members: &[Member], now: Now, out: &mut Vec<Effect>) {
        let owed = self.reassign_owed_resolved(out);
        let mut due = Vec::new();
        for member in members {
            let is_owed = owed.contains(&member.alert.fingerprint);
            let is_to_join = is_owed || !member.alert.is_resolved_at(now.wall);
            for &route in &member.routes.routes {
                let group = self.name_in(route, &member.alert.labels);
                if member.left.contains(&group) || self.is_member(route, &member.alert) {
                    continue;
                }
                if is_to_join {
                    self.join(route, &member.alert, now, &mut due, out);
                } else {
                    let fingerprint = member.alert.fingerprint;
                    let left = Record::AlertLeft { group, fingerprint };
                    out.push(Effect::Record(left));
                }
            }
        }
        let all: Vec<GroupId> = self.groups.iter().map(|(id, _)| id).collect();
        for id in all {
            self.advance(id, now, out);
        }
    }

    /// The group of `route` that an alert with these labels belongs to.
    pub(super) fn name_in(&self, route: RouteIndex, labels: &Labels) -> GroupName {
        let node = self.tree.node(route);
        let in_group = |name: &str| node.group_by.contains(name);
        GroupName {
            route: node.identity_hash,
            labels: labels.fingerprint_of_selected(in_group),
        }
    }
}

/// A restored alert, its routes, and the groups that it has left.
struct Member {
    alert: Arc<Alert>,
    routes: Arc<RouteSet>,
    left: Vec<GroupName>,
}

impl Outage {
    /// Whether a tick due at `tick` may have been missed in the outage. A tick was served if the previous run
    /// was still alive [`LATENESS_FORGIVEN`] after it.
    fn may_hide(self, tick: Wall) -> bool {
        let served_by = tick.checked_add(LATENESS_FORGIVEN).unwrap_or(tick);
        self.alive_at < served_by
    }
}

impl Pace {
    fn next_moment(&mut self) -> Mono {
        let moment = self.next;
        self.next = moment + OVERDUE_PACE;
        self.given += 1;
        moment
    }
}

/// The deliveries of the previous run that had not ended. A pause that a receiver asked for continues.
fn carried_over(timer: &GroupTimer, now: Now) -> impl Iterator<Item = CarriedOver> {
    let not_before = move |at: Wall| {
        let left = Duration::try_from(at.duration_since(now.wall)).ok();
        left.map(|left| now.mono + left)
    };
    let carried = move |unsent: &Unsent| CarriedOver {
        webhook_index: unsent.webhook_index as usize,
        place: None,
        not_before: unsent.not_before.and_then(not_before).unwrap_or_default(),
        last_failure: None,
        is_failure_said: false,
        notification: None,
        is_given_up: false,
    };
    timer.unsent.iter().map(carried)
}
