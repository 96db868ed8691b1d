//! Answers to questions: snapshots that other threads may take their time over.
//!
//! PURE. Owns nothing; reads the engine. Cloning an `Arc` for each alert is all the work the
//! dispatcher has with it. Runs on the dispatch thread.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Engine;
use super::group::{Group, GroupId};
use super::groups::Groups;
use super::messages::{AlarmId, AlertView, Answer, Answered, Gauges, GroupView, Query};
use super::store::Stored;
use crate::model::{Mono, Now, Wall};

impl Engine {
    /// Answers `query` as of `now`; changes nothing.
    pub fn query(&self, now: Now, query: Query) -> Answered {
        let answer = match query {
            Query::Alerts => Answer::Alerts(self.alert_views()),
            Query::Groups => Answer::Groups(self.group_views()),
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

    fn alert_views(&self) -> Vec<AlertView> {
        let view = |stored: &Stored| AlertView {
            alert: Arc::clone(&stored.alert),
            receivers: Arc::clone(&stored.routes.receivers),
        };
        self.alerts.iter().map(view).collect()
    }

    fn group_views(&self) -> Vec<GroupView> {
        let view = |group: &Group| GroupView {
            labels: group.labels.clone(),
            receiver: Arc::clone(&self.tree.node(group.route).receiver),
            alerts: group.members.values().cloned().collect(),
        };
        self.groups.iter().map(|(_, group)| view(group)).collect()
    }

    fn gauges(&self, now: Wall) -> Gauges {
        let is_active = |stored: &&Stored| !stored.alert.is_resolved_at(now);
        let used: BTreeMap<_, _> = self
            .tree
            .nodes()
            .map(|(_, node)| (&node.receiver.name, node.receiver.webhooks.len()))
            .collect();
        Gauges {
            active_alerts: self.alerts.iter().filter(is_active).count(),
            stored_alerts: self.alerts.len(),
            groups: self.groups.len(),
            ledger_entries: self.ledger.len(),
            waiting_deliveries: self.lanes.waiting(),
            attempts_in_flight: self.attempts_in_flight(),
            receivers: used.len(),
            webhooks: used.values().sum(),
        }
    }
}
