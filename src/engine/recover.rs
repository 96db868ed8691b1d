//! The state comes back as an earlier process left it.
//!
//! PURE. Owns what follows from the time that has passed in between, and from a configuration that
//! may have changed: groups go on with what was left of their wait or interval, what was due
//! meanwhile is told at a pace, what was under way goes on, and alerts of routes that are no more
//! are routed anew. Runs on the dispatch thread, before anything else does there.

use std::collections::BTreeMap;
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
use super::record::{GroupName, GroupTimer, Record, Recovered, RecoveredAlert, Unsent};
use super::route::{RouteIndex, RouteSet};
use super::ticks;
use crate::model::{Alert, Fingerprint, Labels, Mono, Now, Wall};

/// The time between the flushes of two groups that fell due while nothing ran, so that receivers
/// see a thousand of them a second and not all at once.
const OVERDUE_PACE: Duration = Duration::from_millis(1);

/// The time in which nothing ran, as far as is known.
#[derive(Clone, Copy, Debug)]
struct Outage {
    /// The last sign of life before it.
    alive_at: Wall,
    /// This process's start.
    ended_at: Now,
}

/// Gives each group that fell due its moment.
#[derive(Debug)]
struct Pace {
    next: Mono,
    given: usize,
}

/// What became of the groups that were written down.
#[derive(Debug, Default)]
struct Tally {
    overdue: usize,
    resumed: usize,
}

impl Engine {
    /// Takes up what an earlier process knew.
    pub(super) fn recover(&mut self, recovered: Recovered, now: Now, out: &mut Vec<Effect>) {
        let (recovered, clock_moved) = in_terms_of_this_clock(recovered, now.wall);
        // Files of an Alertmanager carry no such time; what they held has to be written anew.
        let is_new_here = recovered.written_at.is_none();
        let alive_at = recovered.written_at.unwrap_or(now.wall);
        self.silences.restore(recovered.silences, alive_at);
        self.notification_log.restore(recovered.notification_log);
        self.alertmanager_log = AlertmanagerLog::of(recovered.inherited);
        let mut members = Vec::new();
        for (_, alert) in recovered.alerts {
            members.push(self.restore_alert(alert, now.wall));
        }
        let mut timers = recovered.groups;
        let outage = Outage {
            alive_at,
            ended_at: now,
        };
        let tally = self.restore_groups(&members, &mut timers, outage, out);
        let gone = timers.len();
        let removed = timers.into_keys().map(Record::GroupRemoved);
        out.extend(removed.map(Effect::Record));
        self.route_the_rest(&members, now, out);
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
        // It was let in once; this only makes it count.
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

    /// Makes the groups whose times were written down. Takes out of `timers` those that it made.
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

    /// A group with its first member. When it is due follows.
    fn restored_group(&self, route: RouteIndex, alert: &Arc<Alert>, now: Now) -> Group {
        let node = self.tree.node(route);
        let labels = alert.labels.select(|name| node.group_by.contains(name));
        self.new_group(route, labels, alert, now, false)
    }

    /// Sets the groups to what was left of their times; those that fell due first come first.
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
            let longest = node.group_wait.max(node.group_interval);
            group.has_flushed = timer.has_flushed;
            carried_over(&timer, now).for_each(|over| group.carry_over(over));
            let left = next.map(|next| next.duration_since(now.wall));
            let left = left.and_then(|left| Duration::try_from(left).ok());
            group.recorded = Some(Recorded {
                due_at: timer.due_at,
                ..group.to_record(now)
            });
            group.due_at = match left {
                None | Some(Duration::ZERO) => pace.next_moment(),
                Some(left) if knows_nothing => {
                    *new_to.entry(group.route).or_default() += 1;
                    (now.mono + left.min(node.group_wait)).max(start)
                }
                Some(left) => (now.mono + left.min(longest)).max(start),
            };
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

    /// Whether a webhook was told nothing of what fires in a group that has been told of, and is not about
    /// to be: another receiver was told, or the webhook is new.
    fn somebody_knows_nothing(&mut self, id: GroupId, unsent: &[Unsent], now: Now) -> bool {
        let group = self.groups.get(id).expect("a group just made");
        let node = self.tree.node(group.route);
        let is_untold = |index| unsent.iter().any(|it| it.webhook_index as usize == index);
        let knows_nothing = |webhook_index| {
            let told = self
                .notification_log
                .get(&log_key(node, group, webhook_index));
            told.is_none()
                && !is_untold(webhook_index)
                && self
                    .alertmanager_log
                    .told(group, node, webhook_index)
                    .is_none()
        };
        (0..node.receiver.webhooks.len()).any(knows_nothing) && self.would_notify(id, now.wall)
    }

    /// When a group goes on whose last record said this; `None` if it should have told something while
    /// nothing ran, and so is to do that at once. Of ticks with nothing to tell there are no records.
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
        // What is left of a flush that was cut short is told at once anyway.
        let is_missed =
            timer.unsent.is_empty() && outage.may_hide(last) && self.would_notify(id, last);
        (!is_missed).then_some(next)
    }

    /// What was on its way when the process ended may have arrived, or not.
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
            let told = self
                .notification_log
                .mark_uncertain(key, &members, span)
                .clone();
            out.push(Effect::Record(Record::LogEntry { key, told }));
        }
    }

    /// Routes what fires and is in none of the groups that it belongs to, and what has ended where
    /// somebody was told that it fires and is not there any more; then sets everything going.
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

/// An alert that came back, and the groups it may belong to.
struct Member {
    alert: Arc<Alert>,
    routes: Arc<RouteSet>,
    left: Vec<GroupName>,
}

impl Outage {
    /// Whether a tick that was due then may have fallen into it. One that is long past when there is a
    /// sign of life was served.
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

/// The deliveries that had not ended. A receiver that asked for time still gets it.
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
