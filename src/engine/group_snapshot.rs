//! The snapshot of a group that its flush works from, and the part of it that each webhook gets.
//!
//! PURE. Owns how muting applies to notifications (§5.2, §5.3), the order of the alerts in them (§2.5),
//! `send_resolved` and `max_alerts`. Never decides whether to notify: `decide.rs` does. Runs on the
//! dispatch thread.

use std::sync::Arc;
use std::time::Duration;

use super::decide::Seen;
use super::group::Group;
use super::messages::{Notification, NotifiedAlert, Reason};
use super::mute::Muting;
use super::notification_log::{Content, LogEntry};
use super::route::RouteNode;
use crate::model::{Alert, Fingerprint, Labels, Status, Wall, compare_for_notification};

/// All alerts of a group at its flush, muted ones included, in the order of notifications.
pub struct GroupSnapshot {
    alerts: Vec<SnapshotAlert>,
}

struct SnapshotAlert {
    told: NotifiedAlert,
    is_suppressed: bool,
}

/// The part of a snapshot that one webhook gets.
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
    /// Takes a snapshot of a group: the status of each alert at `now`, and whether `muting` mutes it.
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

    /// The number of alerts, muted ones included.
    pub fn len(&self) -> usize {
        self.alerts.len()
    }

    /// The alerts for a webhook whose notification log entry is `last`: all that are not muted, and, where
    /// the route has `resolve_muted`, the muted ones whose resolution the webhook is still owed.
    pub fn view_for(&self, last: Option<&LogEntry>, node: &RouteNode) -> View {
        let is_owed = |alert: &SnapshotAlert| {
            let print = alert.told.alert.fingerprint;
            alert.told.status == Status::Resolved
                && last.is_some_and(|last| last.owed.binary_search(&print).is_ok())
        };
        let is_seen =
            |alert: &&SnapshotAlert| !alert.is_suppressed || (node.resolve_muted && is_owed(alert));
        // Many views can wait for their receivers at a time, so none allocates more than it needs.
        let mut alerts = Vec::with_capacity(self.alerts.len());
        let seen = self.alerts.iter().filter(is_seen);
        alerts.extend(seen.map(|alert| alert.told.clone()));
        View::of(alerts, node.repeat_interval)
    }

    /// The alerts that had resolved, muted or not. They leave the group once its flush has succeeded.
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

    /// The view as of an earlier tick. The status of an alert that was reported since that tick is unknown.
    /// It is assumed to be what the log entry `last` says, so that it is no reason to notify.
    pub fn back_at(mut self, tick: Wall, last: Option<&LogEntry>) -> Self {
        let fired = |print| last.is_some_and(|last| last.firing.binary_search(&print).is_ok());
        self.alerts.retain_mut(|seen| {
            if seen.alert.updated_at.get() <= tick {
                return true;
            }
            seen.status = Status::Firing;
            fired(seen.alert.fingerprint)
        });
        View::of(self.alerts, self.content.repeat_interval)
    }

    /// Whether the view has no alert.
    pub fn is_empty(&self) -> bool {
        self.alerts.is_empty()
    }

    /// Whether no alert of the view fires.
    pub fn fires_nothing(&self) -> bool {
        self.content.firing.is_empty()
    }

    /// The content that the notification log records.
    pub fn content(&self) -> &Content {
        &self.content
    }

    /// The fingerprints that the decision depends on.
    pub fn seen(&self) -> Seen<'_> {
        Seen {
            firing: &self.content.firing,
            resolved: &self.content.resolved,
        }
    }

    /// The notification for the webhook, and the content for the log. The notification omits resolved alerts
    /// if `send_resolved` is off, and is cut to `max_alerts`; the content covers all alerts of the view.
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
        // The shared empty slice allocates nothing, and most views have no resolved alert.
        return Arc::default();
    }
    prints.sort_unstable();
    prints.into()
}
