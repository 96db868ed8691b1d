//! Answers to questions: snapshots that other threads may take their time over.
//!
//! PURE. Owns nothing; reads the engine. Cloning an `Arc` for each alert is all the work the
//! dispatcher has with it. Runs on the dispatch thread.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Engine;
use super::group::{Group, GroupId};
use super::groups::Groups;
use super::messages::AlarmId;
use super::questions::{
    AlertView, Answer, Answered, Gauges, GroupView, GroupedAlert, Lookups, Query,
};
use super::sketch::Sketch;
use super::store::Stored;
use crate::model::{Alert, Fingerprint, Matcher, Mono, Now, SilenceState, Wall};

impl Engine {
    /// Answers `query` as of `now`. Changes nothing that can be seen; what was found out about muting
    /// is remembered.
    pub fn query(&mut self, now: Now, query: Query) -> Answered {
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

    /// Every alarm that has to ring for the engine to go on, and when at the latest. What is not
    /// here waits for the outcome of an attempt.
    pub fn awaited_alarms(&self) -> Vec<(AlarmId, Mono)> {
        let awaited =
            |(id, group): (GroupId, &Group)| Some((Groups::alarm_of(id), group.wakes_at()?));
        self.groups.iter().filter_map(awaited).collect()
    }

    /// Takes hold of the alerts before it asks what mutes them: with little else to do in between,
    /// the waits for their memory overlap in part.
    fn alert_views(&mut self, matchers: &[Matcher], now: Wall) -> Vec<AlertView> {
        let demanded = Sketch::demanded_by(matchers);
        let mut views: Vec<AlertView> = Vec::new();
        if demanded == Sketch::default() {
            views.reserve_exact(self.alerts.len());
        }
        let bare = |stored: &Stored| AlertView {
            alert: Arc::clone(&stored.alert),
            receivers: Arc::clone(&stored.routes.receivers),
            muted: None,
        };
        views.extend(self.alerts.candidates(demanded).map(bare));
        for view in &mut views {
            view.muted = self.muted(&view.alert, now);
        }
        views
    }

    fn group_views(&mut self, now: Wall) -> Vec<GroupView> {
        let bare = |group: &Group| {
            let node = self.tree.node(group.route);
            GroupView {
                key: Arc::clone(&group.key),
                has_flushed: group.has_flushed,
                labels: group.labels.clone(),
                receiver: Arc::clone(&node.receiver),
                alerts: group.members.iter().map(not_yet_asked).collect(),
                muted_by: group.muted_by.to_vec(),
                route_labels: Arc::clone(&node.labels),
            }
        };
        let mut views: Vec<GroupView> = self.groups.iter().map(|(_, group)| bare(group)).collect();
        for grouped in views.iter_mut().flat_map(|view| &mut view.alerts) {
            grouped.muted = self.muted(&grouped.alert, now);
        }
        views
    }

    fn gauges(&mut self, now: Wall) -> Gauges {
        let [active_alerts, suppressed_alerts, unprocessed_alerts] = self.count_alerts(now);
        let in_state = |wanted: SilenceState| {
            self.silences
                .iter()
                .filter(|silence| silence.state_at(now) == wanted)
                .count()
        };
        let used: BTreeMap<_, _> = self
            .tree
            .nodes()
            .map(|(_, node)| (&node.receiver.name, node.receiver.webhooks.len()))
            .collect();
        Gauges {
            active_alerts,
            suppressed_alerts,
            unprocessed_alerts,
            active_silences: in_state(SilenceState::Active),
            pending_silences: in_state(SilenceState::Pending),
            expired_silences: in_state(SilenceState::Expired),
            inhibition_rules: self.inhibitor.rules(),
            stored_alerts: self.alerts.len(),
            groups: self.groups.len(),
            ledger_entries: self.ledger.len(),
            waiting_deliveries: self.lanes.waiting(),
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
        let firing = self
            .alerts
            .iter()
            .filter(|stored| !stored.alert.is_resolved_at(now));
        let firing: Vec<Arc<Alert>> = firing.map(|stored| Arc::clone(&stored.alert)).collect();
        let mut counts = [0; 3];
        for alert in firing {
            let state = if unprocessed.contains(&alert.fingerprint) {
                2
            } else {
                usize::from(self.muted(&alert, now).is_some())
            };
            counts[state] += 1;
        }
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

fn not_yet_asked(alert: &Arc<Alert>) -> GroupedAlert {
    GroupedAlert {
        alert: Arc::clone(alert),
        muted: None,
    }
}
