//! Applies a new configuration.
//!
//! PURE. Owns which state survives. A group whose route, group labels and receiver name are unchanged keeps
//! its timer and its deliveries, which go to the receiver's webhooks as they are now. The alerts of all other
//! groups are routed again. Attempts in flight are not interrupted, and their deliveries are recorded. Runs
//! on the dispatch thread.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::delivery::{Delivery, DeliveryState};
use super::group::{Group, GroupId};
use super::inhibit::{Inhibitor, Occurrence};
use super::messages::{Effect, Note, RouteChange, RouteChanged};
use super::queues::Queues;
use super::route::{RouteIndex, RouteNode, RouteTree};
use super::{Engine, ReloadPolicy};
use crate::config::{Config, Endpoint, Receiver, Webhook};
use crate::model::{Alert, Mono, Now};

impl Engine {
    /// Applies `config`.
    pub(super) fn reload(&mut self, config: Arc<Config>, now: Now, out: &mut Vec<Effect>) {
        let before = self.groups.len();
        let tree = RouteTree::new(&config);
        let kept = if self.has_same_effect(&config, &tree) {
            self.config = Arc::clone(&config);
            before
        } else {
            self.regroup(Arc::clone(&config), tree, now, out)
        };
        self.reload_heartbeats(&config.heartbeats, now, out);
        self.pings.configure(&config, now.mono);
        self.forget_unused_queues();
        out.push(Effect::Note(Note::Reloaded {
            kept,
            moved: before - kept,
        }));
    }

    /// Routes all alerts by `config`, whose tree is `tree`. Returns the number of groups that stay.
    fn regroup(
        &mut self,
        config: Arc<Config>,
        tree: RouteTree,
        now: Now,
        out: &mut Vec<Effect>,
    ) -> usize {
        // Which old routes continue, and their indices in the new tree.
        let renamed = match self.settings.reload {
            ReloadPolicy::KeepUnchanged => unchanged_routes(&self.tree, &tree),
            ReloadPolicy::RebuildAll => BTreeMap::new(),
        };
        self.tell_changes(&renamed, &tree, &config, out);
        // Remove the groups of all other routes while the old tree can still name them.
        let unrouted = self.remove_groups_of_gone_routes(|route| renamed.contains_key(&route), out);
        self.groups.rename_routes(|route| renamed[&route]);
        self.tree = tree;
        // The new rules start empty: show them every alert that is known.
        self.inhibitor = Inhibitor::new(&config.inhibit_rules, self.settings.hash_key);
        for stored in self.alerts.iter() {
            self.inhibitor.observe(&stored.alert, Occurrence::New);
        }
        self.config = config;
        // From here on the kept groups are adapted to the new tree.
        self.remove_misrouted_members(out);
        let kept = self.groups.len();
        self.redirect_deliveries(now.mono, out);
        self.bring_ticks_forward(now);
        // The log entries are handed over before alerts join their new groups, which flush by them.
        self.reassign_owed_resolved(out);
        self.route_anew(unrouted, now, out);
        kept
    }

    /// Whether `config` treats every alert as the current configuration does. Most reloads are like this, and
    /// anybody who may post may ask for one; all alerts need not be routed again for it.
    fn has_same_effect(&self, config: &Config, tree: &RouteTree) -> bool {
        self.settings.reload == ReloadPolicy::KeepUnchanged
            && self.tree.is_same_as(tree)
            && self.config.inhibit_rules == config.inhibit_rules
    }

    /// Emits a note for each route whose groups are dissolved: why, how many groups, and how many unfinished
    /// deliveries.
    fn tell_changes(
        &self,
        renamed: &BTreeMap<RouteIndex, RouteIndex>,
        tree: &RouteTree,
        config: &Config,
        out: &mut Vec<Effect>,
    ) {
        let mut left_behind: BTreeMap<RouteIndex, (usize, usize)> = BTreeMap::new();
        for (_, group) in self.groups.iter() {
            if !renamed.contains_key(&group.route) {
                let (groups, unsent) = left_behind.entry(group.route).or_default();
                *groups += 1;
                *unsent += group.unsent().count();
            }
        }
        for (route, (groups, unsent)) in left_behind {
            let node = self.tree.node(route);
            let is_it = |receiver: &Arc<Receiver>| receiver.name == node.receiver.name;
            out.push(Effect::Note(Note::RouteChanged(RouteChanged {
                route: Arc::clone(&node.key),
                receiver: Arc::clone(&node.receiver.name),
                receiver_is_gone: !config.receivers.iter().any(is_it),
                change: change_of(node, tree),
                groups,
                unsent,
            })));
        }
    }

    /// Removes the groups of the routes that `goes_on` rejects, and returns them.
    fn remove_groups_of_gone_routes(
        &mut self,
        goes_on: impl Fn(RouteIndex) -> bool,
        out: &mut Vec<Effect>,
    ) -> Vec<Group> {
        let ended = self
            .groups
            .iter()
            .filter(|(_, group)| !goes_on(group.route));
        let ended: Vec<GroupId> = ended.map(|(id, _)| id).collect();
        let mut dissolved = Vec::with_capacity(ended.len());
        for id in ended {
            let group = self.remove_group(id, out).expect("a group just listed");
            for delivery in group.flush.iter().flat_map(|flush| &flush.deliveries) {
                // Only a delivery that has failed before is reported: its failure may have been logged.
                let has_ended = delivery.state == DeliveryState::Ended;
                if !has_ended && delivery.last_failure.is_some() {
                    out.push(Effect::Note(delivery.ended_by_reload()));
                }
            }
            dissolved.push(group);
        }
        dissolved
    }

    /// Removes from the kept groups the alerts that their routes no longer match. Another route in front can
    /// match them now.
    fn remove_misrouted_members(&mut self, out: &mut Vec<Effect>) {
        let ids: Vec<GroupId> = self.groups.iter().map(|(id, _)| id).collect();
        for id in ids {
            let group = self.groups.get_mut(id).expect("a group just listed");
            let route = group.route;
            let tree = &mut self.tree;
            group
                .members
                .retain(|alert| tree.routes_of(&alert.labels).routes.contains(&route));
            if group.members.is_empty() && !group.has_attempt_in_flight() {
                let group = self.remove_group(id, out).expect("a group just looked at");
                out.push(Effect::Note(Note::GroupRemoved {
                    group_key: group.key,
                }));
            }
        }
    }

    /// Redirects unfinished deliveries to the webhooks of the new configuration, so that the next attempt
    /// goes to a corrected address.
    fn redirect_deliveries(&mut self, now: Mono, out: &mut Vec<Effect>) {
        for (id, group) in self.groups.iter_mut() {
            let webhooks = &self.tree.node(group.route).receiver.webhooks;
            let Some(flush) = &mut group.flush else {
                continue;
            };
            flush.held.retain(|held| *held < webhooks.len());
            for delivery in &mut flush.deliveries {
                match webhooks.get(delivery.notification.webhook_index) {
                    Some(webhook) if *webhook == delivery.webhook => {}
                    Some(webhook) => delivery.redirect(id, webhook, &mut self.queues, now),
                    None => out.extend(delivery.abandon(&mut self.queues).map(Effect::Note)),
                }
            }
        }
    }

    /// Brings the next ticks forward where `group_wait` or `group_interval` became shorter.
    fn bring_ticks_forward(&mut self, now: Now) {
        for (_, group) in self.groups.iter_mut() {
            let node = self.tree.node(group.route);
            let wait = if group.has_flushed {
                node.group_interval
            } else {
                node.group_wait
            };
            let start = Mono::START + self.settings.start_delay;
            group.due_at = group.due_at.min(now.mono + wait).max(start);
        }
    }

    /// Puts every firing alert, and every alert of a removed group, into the groups that the new tree gives
    /// it; `unrouted` are the removed groups. A group that already holds the alert does not change. Other
    /// resolved alerts do not move: their resolutions were notified, and would be notified again.
    fn route_anew(&mut self, unrouted: Vec<Group>, now: Now, out: &mut Vec<Effect>) {
        let mut alerts: BTreeMap<_, Arc<Alert>> = BTreeMap::new();
        for group in unrouted {
            let members = group.members.iter();
            alerts.extend(members.map(|alert| (alert.fingerprint, Arc::clone(alert))));
        }
        let mut over = Vec::new();
        for stored in self.alerts.iter_mut() {
            stored.routes = self.tree.routes_of(&stored.alert.labels);
            if !stored.alert.is_resolved_at(now.wall) {
                alerts.insert(stored.alert.fingerprint, Arc::clone(&stored.alert));
            } else if !alerts.contains_key(&stored.alert.fingerprint) {
                over.push(stored.clone());
            }
        }
        self.record_left_alone(over.iter(), out);
        let mut due = Vec::new();
        for alert in alerts.values() {
            for &route in &self.tree.routes_of(&alert.labels).routes {
                self.join(route, alert, now, &mut due, out);
            }
        }
        let all: Vec<GroupId> = self.groups.iter().map(|(id, _)| id).collect();
        for id in all {
            self.advance(id, now, out);
        }
    }

    fn forget_unused_queues(&mut self) {
        let webhooks = self
            .config
            .receivers
            .iter()
            .flat_map(|receiver| &receiver.webhooks);
        let endpoints: Vec<Endpoint> = webhooks.map(|webhook| webhook.endpoint.clone()).collect();
        self.queues
            .forget_unused(|endpoint| endpoints.contains(endpoint));
    }
}

impl Delivery {
    /// Continues the delivery to `webhook`. An attempt in flight stays with its worker.
    fn redirect(&mut self, id: GroupId, webhook: &Arc<Webhook>, queues: &mut Queues, now: Mono) {
        let was_ready = self.leave_queue(queues);
        self.webhook = Arc::clone(webhook);
        self.queue = queues.queue_of(&webhook.endpoint);
        if was_ready {
            self.queue(id, queues, None, now);
        }
    }

    /// Ends the delivery because its webhook no longer exists. Returns a note, unless it has ended already or
    /// is in flight.
    fn abandon(&mut self, queues: &mut Queues) -> Option<Note> {
        self.leave_queue(queues);
        match self.state {
            DeliveryState::Ended | DeliveryState::InFlight(_) => None,
            DeliveryState::Ready(_) | DeliveryState::BackingOff(_) => {
                self.state = DeliveryState::Ended;
                Some(self.ended_by_reload())
            }
        }
    }
}

/// Why the groups of the route `before` do not continue in the new `tree`.
fn change_of(before: &RouteNode, tree: &RouteTree) -> RouteChange {
    let after = tree
        .nodes()
        .find(|(_, node)| node.identity == before.identity);
    match after {
        None => RouteChange::Gone,
        Some((_, after)) if after.receiver.name != before.receiver.name => {
            RouteChange::LedElsewhere
        }
        Some((_, after)) if after.group_by != before.group_by => RouteChange::GroupedOtherwise,
        Some(_) => RouteChange::AllFormedAnew,
    }
}

/// The routes of `old` whose groups can continue in `new`, with their indices there. Such a route has the
/// same matchers from the root down, the same grouping, and a receiver of the same name.
fn unchanged_routes(old: &RouteTree, new: &RouteTree) -> BTreeMap<RouteIndex, RouteIndex> {
    let by_identity: BTreeMap<_, _> = new
        .nodes()
        .map(|(index, node)| (&node.identity, (index, node)))
        .collect();
    let unchanged = old.nodes().filter_map(|(old_index, before)| {
        let (new_index, after) = by_identity.get(&before.identity)?;
        let same = before.group_by == after.group_by && before.receiver.name == after.receiver.name;
        same.then_some((old_index, *new_index))
    });
    unchanged.collect()
}
