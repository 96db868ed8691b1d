//! Queries that are answered at once: the configuration, the alarms, and the numbers for `/metrics`.
//!
//! PURE. Owns nothing; reads the engine. Longer queries are in `reading.rs`. Runs on the dispatch thread.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Engine;
use super::group::{Group, GroupId};
use super::groups::Groups;
use super::messages::AlarmId;
use super::questions::{Gauges, Lookups};
use crate::config::Config;
use crate::model::Mono;

impl Engine {
    /// The configuration in force.
    pub fn config(&self) -> &Arc<Config> {
        &self.config
    }

    /// Every alarm that the engine depends on, with the latest time at which it has to ring.
    pub fn awaited_alarms(&self) -> Vec<(AlarmId, Mono)> {
        let awaited = |(id, group): (GroupId, &Group)| (Groups::alarm_of(id), group.wakes_at());
        self.groups.iter().map(awaited).collect()
    }

    /// All gauges; `alerts` are the three counts that the query in `reading.rs` has made.
    pub(super) fn gauges(&self, alerts: [usize; 3]) -> Gauges {
        let [active_alerts, suppressed_alerts, unprocessed_alerts] = alerts;
        let silences = self.silences.silence_states();
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
            notification_log_entries: self.notification_log.len(),
            waiting_deliveries: self.queues.waiting(),
            endpoints_down: self.queues.down(),
            attempts_in_flight: self.attempts_in_flight(),
            receivers: used.len(),
            webhooks: used.values().sum(),
            lookups: self.lookups(),
        }
    }

    fn lookups(&self) -> Lookups {
        let (notification_log, notification_log_misses) = self.notification_log.lookups();
        let silences = self.silences.lookups();
        Lookups {
            notification_log,
            notification_log_misses,
            silences: silences.all,
            silences_scanned: silences.scanned,
            silences_skipped: silences.skipped,
        }
    }
}
