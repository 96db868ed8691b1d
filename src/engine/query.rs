//! Answers to questions in one piece, and the numbers for `/metrics`.
//!
//! PURE. Owns nothing; reads the engine. How an answer comes about is in `reading.rs`. Runs on the
//! dispatch thread.

use std::collections::BTreeMap;

use super::Engine;
use super::group::{Group, GroupId};
use super::groups::Groups;
use super::messages::AlarmId;
use super::questions::{Answered, Gauges, Lookups, Query};
use super::reading::Progress;
use super::steps::Steps;
use crate::model::{Mono, Now};

impl Engine {
    /// Answers `query` in one piece as of `now`. Changes nothing that can be seen; what was found out about muting
    /// is remembered.
    pub fn query(&mut self, now: Now, query: Query) -> Answered {
        let reading = self.begin(query);
        match self.go_on(reading, now, Steps::without_end()) {
            Progress::Done(answered) => answered,
            Progress::Unfinished(_) => unreachable!("steps without end last to the end"),
        }
    }

    /// Every alarm that has to ring for the engine to go on, and when at the latest.
    pub fn awaited_alarms(&self) -> Vec<(AlarmId, Mono)> {
        let awaited = |(id, group): (GroupId, &Group)| (Groups::alarm_of(id), group.wakes_at());
        self.groups.iter().map(awaited).collect()
    }

    /// All numbers, with those of the alerts as counted.
    pub(super) fn gauges(&self, alerts: [usize; 3]) -> Gauges {
        let [active_alerts, suppressed_alerts, unprocessed_alerts] = alerts;
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
}
