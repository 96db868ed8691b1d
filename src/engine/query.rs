//! Answers to questions: snapshots that other threads may take their time over.
//!
//! PURE. Owns nothing; reads the engine. Cloning an `Arc` for each alert is all the work the
//! dispatcher has with it. Runs on the dispatch thread.

use std::collections::{BTreeMap, BTreeSet};
use std::iter;
use std::sync::Arc;

use super::Engine;
use super::foresight::{FORESEEN_AT_ONCE, in_sight};
use super::group::{Group, GroupId};
use super::groups::Groups;
use super::messages::AlarmId;
use super::mute::muted;
use super::questions::{
    AlertView, Answer, Answered, Gauges, GroupView, GroupedAlert, Lookups, Query,
};
use super::sketch::Sketch;
use crate::model::{Alert, Fingerprint, Matcher, Mono, Now, Wall};

/// Groups whose alerts are looked at together: as a rule that makes some hundred alerts.
const GROUPS_IN_SIGHT: usize = 16;

impl Engine {
    /// Answers `query` as of `now`. Changes nothing that can be seen; what was found out about muting
    /// is remembered.
    pub fn query(&mut self, now: Now, query: Query) -> Answered {
        self.silences.advance(now.wall);
        let answer = match query {
            Query::Alerts(matchers) => Answer::Alerts(self.alert_views(&matchers, now.wall)),
            Query::Groups => Answer::Groups(self.group_views(now.wall)),
            Query::Silences => Answer::Silences(self.silences.list()),
            Query::Config => Answer::Config(Arc::clone(&self.config)),
            Query::Gauges => Answer::Gauges(self.gauges(now.wall)),
        };
        Answered {
            at: now.wall,
            answer,
        }
    }

    /// Every alarm that has to ring for the engine to go on, and when at the latest.
    pub fn awaited_alarms(&self) -> Vec<(AlarmId, Mono)> {
        let awaited = |(id, group): (GroupId, &Group)| (Groups::alarm_of(id), group.wakes_at());
        self.groups.iter().map(awaited).collect()
    }

    fn alert_views(&mut self, matchers: &[Matcher], now: Wall) -> Vec<AlertView> {
        let demanded = Sketch::demanded_by(matchers);
        let mut views: Vec<AlertView> = Vec::new();
        if demanded == Sketch::default() {
            views.reserve_exact(self.alerts.len());
        }
        in_sight(
            self.alerts.candidates(demanded),
            FORESEEN_AT_ONCE,
            |stored| iter::once(&stored.alert),
            |stored| {
                views.push(AlertView {
                    alert: Arc::clone(&stored.alert),
                    receivers: Arc::clone(&stored.routes.receivers),
                    muted: muted(&mut self.silences, &self.inhibitor, &stored.alert, now),
                });
            },
        );
        views
    }

    fn group_views(&mut self, now: Wall) -> Vec<GroupView> {
        let mut grouped = |alert: &Arc<Alert>| GroupedAlert {
            alert: Arc::clone(alert),
            muted: muted(&mut self.silences, &self.inhibitor, alert, now),
        };
        let mut views: Vec<GroupView> = Vec::with_capacity(self.groups.len());
        in_sight(
            self.groups.iter(),
            GROUPS_IN_SIGHT,
            |(_, group)| group.members.iter().take(FORESEEN_AT_ONCE),
            |(_, group)| {
                let node = self.tree.node(group.route);
                views.push(GroupView {
                    key: Arc::clone(&group.key),
                    has_flushed: group.has_flushed,
                    labels: group.labels.clone(),
                    receiver: Arc::clone(&node.receiver),
                    alerts: group.members.iter().map(&mut grouped).collect(),
                    muted_by: group.muted_by.to_vec(),
                    route_labels: Arc::clone(&node.labels),
                });
            },
        );
        views
    }

    fn gauges(&mut self, now: Wall) -> Gauges {
        let [active_alerts, suppressed_alerts, unprocessed_alerts] = self.count_alerts(now);
        let silences = self.silences.standing();
        let used: BTreeMap<_, _> = self
            .tree
            .nodes()
            .map(|(_, node)| (&node.receiver.name, node.receiver.webhooks.len()))
            .collect();
        Gauges {
            active_alerts,
            suppressed_alerts,
            unprocessed_alerts,
            active_silences: silences.active,
            pending_silences: silences.pending,
            expired_silences: silences.expired,
            inhibition_rules: self.inhibitor.rules(),
            stored_alerts: self.alerts.len(),
            groups: self.groups.len(),
            ledger_entries: self.ledger.len(),
            waiting_deliveries: self.queues.waiting(),
            endpoints_down: self.queues.down(),
            attempts_in_flight: self.attempts_in_flight(),
            receivers: used.len(),
            webhooks: used.values().sum(),
            lookups: self.lookups(),
        }
    }

    fn lookups(&self) -> Lookups {
        let (ledger, ledger_misses) = self.ledger.lookups();
        let silences = self.silences.lookups();
        Lookups {
            ledger,
            ledger_misses,
            silences: silences.all,
            silences_scanned: silences.scanned,
            silences_skipped: silences.skipped,
        }
    }

    /// Unresolved alerts that nothing mutes, those that something does, and those that no flush has
    /// looked at.
    fn count_alerts(&mut self, now: Wall) -> [usize; 3] {
        let unprocessed = self.unprocessed();
        let mut counts = [0; 3];
        in_sight(
            self.alerts.iter().map(|stored| &stored.alert),
            FORESEEN_AT_ONCE,
            |alert| iter::once(*alert),
            |alert| {
                if alert.is_resolved_at(now) {
                    return;
                }
                let state = if unprocessed.contains(&alert.fingerprint) {
                    2
                } else {
                    let what = muted(&mut self.silences, &self.inhibitor, alert, now);
                    usize::from(what.is_some())
                };
                counts[state] += 1;
            },
        );
        counts
    }

    /// Alerts all of whose groups are still waiting for their first flush.
    fn unprocessed(&self) -> BTreeSet<Fingerprint> {
        let of_groups = |have_flushed: bool| {
            let groups = self.groups.iter().map(|(_, group)| group);
            let groups = groups.filter(move |group| group.has_flushed == have_flushed);
            groups.flat_map(|group| group.members.fingerprints())
        };
        let mut waiting: BTreeSet<Fingerprint> = of_groups(false).collect();
        if !waiting.is_empty() {
            for fingerprint in of_groups(true) {
                waiting.remove(&fingerprint);
            }
        }
        waiting
    }
}
