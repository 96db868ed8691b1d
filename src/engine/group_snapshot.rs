//! What a flush sees when it looks at its group, and what of that each webhook is to see.
//!
//! PURE. Owns muting as far as notifications are concerned (§5.2, §5.3), the order of the alerts in them
//! (§2.5), send_resolved and max_alerts. Decides nothing. Runs on the dispatch thread.

use std::sync::Arc;
use std::time::Duration;

use super::decide::Seen;
use super::group::Group;
use super::messages::{Notification, NotifiedAlert, Reason};
use super::mute::Muting;
use super::notification_log::{Content, LogEntry};
use super::route::RouteNode;
use crate::model::{Alert, Fingerprint, Labels, Status, Wall, compare_for_notification};

/// What a flush sees when it looks at its group: all alerts, sorted for people.
pub struct GroupSnapshot {
    alerts: Vec<SnapshotAlert>,
}

struct SnapshotAlert {
    told: NotifiedAlert,
    is_suppressed: bool,
}

/// What one webhook is to see of a look.
pub struct View {
    alerts: Vec<NotifiedAlert>,
    content: Content,
}

impl SnapshotAlert {
    fn labels(&self) -> &Labels {
        &self.told.alert.labels
    }
}

impl GroupSnapshot {
    /// The alerts of a group as they stand at `now`, after muting.
    pub fn at(group: &Group, muting: &mut Muting<'_>, now: Wall) -> Self {
        let alert = |alert: &Arc<Alert>| SnapshotAlert {
            is_suppressed: muting.suppression(alert).is_some(),
            told: NotifiedAlert {
                alert: Arc::clone(alert),
                status: alert.status_at(now),
            },
        };
        let mut alerts = Vec::with_capacity(group.members.len());
        alerts.extend(group.members.iter().map(alert));
        alerts.sort_by(|a, b| compare_for_notification(a.labels(), b.labels()));
        GroupSnapshot { alerts }
    }

    /// How many alerts there are.
    pub fn len(&self) -> usize {
        self.alerts.len()
    }

    /// What a webhook that was last told `told` is to see: what nothing mutes, and the ends it is
    /// owed even so.
    pub fn view_for(&self, told: Option<&LogEntry>, node: &RouteNode) -> View {
        let is_owed = |alert: &SnapshotAlert| {
            let print = alert.told.alert.fingerprint;
            alert.told.status == Status::Resolved
                && told.is_some_and(|told| told.owed.binary_search(&print).is_ok())
        };
        let is_seen =
            |alert: &&SnapshotAlert| !alert.is_suppressed || (node.resolve_muted && is_owed(alert));
        // Many of these may wait for their receivers at a time, so they take no more than they need.
        let mut alerts = Vec::with_capacity(self.alerts.len());
        let seen = self.alerts.iter().filter(is_seen);
        alerts.extend(seen.map(|alert| alert.told.clone()));
        View::of(alerts, node.repeat_interval)
    }

    /// The alerts that had ended, muted or not: they leave once everybody was told what is owed.
    pub fn into_resolved(self) -> Vec<Arc<Alert>> {
        let told = self.alerts.iter().map(|alert| &alert.told);
        told.filter(|told| told.status == Status::Resolved)
            .map(|told| Arc::clone(&told.alert))
            .collect()
    }
}

impl View {
    fn of(alerts: Vec<NotifiedAlert>, repeat_interval: Duration) -> Self {
        let content = Content {
            firing: fingerprints(&alerts, Status::Firing),
            resolved: fingerprints(&alerts, Status::Resolved),
            repeat_interval,
        };
        View { alerts, content }
    }

    /// The same at an earlier tick. How an alert stood then that was reported since, nobody knows:
    /// as the webhook was told, so that it is no reason to tell anything.
    pub fn back_at(mut self, tick: Wall, told: Option<&LogEntry>) -> Self {
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

    /// Whether there is nothing to see.
    pub fn is_empty(&self) -> bool {
        self.alerts.is_empty()
    }

    /// Whether all that is seen has ended.
    pub fn fires_nothing(&self) -> bool {
        self.content.firing.is_empty()
    }

    /// What the ledger keeps of it.
    pub fn content(&self) -> &Content {
        &self.content
    }

    /// What is decided by.
    pub fn seen(&self) -> Seen<'_> {
        Seen {
            firing: &self.content.firing,
            resolved: &self.content.resolved,
        }
    }

    /// What the webhook is told: without the resolved alerts if it does not want them, and only as
    /// many as it takes.
    pub fn notification(
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

fn fingerprints(alerts: &[NotifiedAlert], status: Status) -> Arc<[Fingerprint]> {
    let with_status = alerts.iter().filter(|told| told.status == status);
    let mut prints: Vec<Fingerprint> = with_status.map(|told| told.alert.fingerprint).collect();
    if prints.is_empty() {
        // Which takes no memory, and mostly nothing has resolved.
        return Arc::default();
    }
    prints.sort_unstable();
    prints.into()
}
