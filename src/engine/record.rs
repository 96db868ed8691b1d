//! The records of the state: values that the journal writes and reads back.
//!
//! PURE. Owns the records that the engine emits for each change that must outlive the process, and the
//! state that a sequence of them describes. The journal owns how they are written. Made on the dispatch
//! thread; read back on main, before there is a dispatch thread.
//!
//! Every record has a key. Of several records with the same key, the last one holds:
//!
//! | key | records | holds until |
//! |---|---|---|
//! | an alert | `Alert`, then any number of `AlertExtended` | `AlertForgotten` |
//! | an alert in a group | `AlertLeft` | the alert is reported again or forgotten |
//! | a group | `Group` | `GroupRemoved` |
//! | a group and a webhook | `LogEntry` | `LogEntryForgotten` |
//! | a silence | `Silence` | `SilenceForgotten` |
//! | an entry from Alertmanager | `AlertmanagerEntry` | `AlertmanagerEntryForgotten` |
//! | the key of a source | `AlertKey` | `AlertKeyForgotten` |
//! | a heartbeat | `Heartbeat` | `HeartbeatForgotten` |

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::notification_log::{LogEntry, LogKey};
use crate::model::{Alert, Fingerprint, FingerprintMap, HashKey, Silence, Wall};

/// A change of the state. Each record can be applied without the ones before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// All that is known of an alert now.
    Alert(Arc<Alert>),
    /// A known alert was reported again, and only these times have changed. Most reports are like this.
    AlertExtended {
        /// The alert.
        fingerprint: Fingerprint,
        /// Its new end time.
        ends_at: Wall,
        /// When it was reported.
        updated_at: Wall,
    },
    /// The alert was removed; nothing refers to it any more.
    AlertForgotten(Fingerprint),
    /// The group is done with the alert: its resolution was notified as far as necessary.
    AlertLeft {
        /// The group that the alert left.
        group: GroupName,
        /// The alert.
        fingerprint: Fingerprint,
    },
    /// When the group is due, and which deliveries are unfinished.
    Group {
        /// The group.
        group: GroupName,
        /// Its times.
        timer: GroupTimer,
    },
    /// The group was removed.
    GroupRemoved(GroupName),
    /// A notification log entry was made or changed.
    LogEntry {
        /// The group and the webhook.
        key: LogKey,
        /// The whole entry.
        told: LogEntry,
    },
    /// A notification log entry was removed.
    LogEntryForgotten(LogKey),
    /// A silence was created or changed.
    Silence {
        /// The number of the silence. Numbers ascend in the order of creation.
        number: u64,
        /// The whole silence.
        silence: Arc<Silence>,
    },
    /// The silence with this number was removed.
    SilenceForgotten(u64),
    /// A notification log entry of an Alertmanager that ran here before.
    AlertmanagerEntry(Arc<AlertmanagerEntry>),
    /// An inherited entry was taken over by our notification log, or has expired.
    AlertmanagerEntryForgotten(AlertmanagerKey),
    /// The key of a source holds an alert.
    AlertKey {
        /// The key.
        key: Arc<AlertKey>,
        /// The alert, and how long the key holds it.
        held: KeyedAlert,
    },
    /// The key holds no alert any more.
    AlertKeyForgotten(Arc<AlertKey>),
    /// A heartbeat was pinged, or is overdue.
    Heartbeat {
        /// Its name.
        name: Arc<str>,
        /// When it was last pinged, or when its time began to count without a ping; `None` if it is overdue.
        counts_from: Option<Wall>,
    },
    /// The configuration has no heartbeat of this name any more.
    HeartbeatForgotten(Arc<str>),
}

/// Identifies an alert of a source for as long as it fires, even if its labels change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AlertKey {
    /// The name of the source.
    pub source: Arc<str>,
    /// Identifies the alert within the source.
    pub id: IdInSource,
}

/// Identifies an alert within its source.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IdInSource {
    /// The key that the source gives it.
    Key(Box<str>),
    /// The labels that it has, because the source gives it no key.
    Labels(Fingerprint),
}

impl AlertKey {
    /// The number of bytes in its texts. The name of the source is not counted: all its keys share it.
    pub fn text_bytes(&self) -> usize {
        match &self.id {
            IdInSource::Key(key) => key.len(),
            IdInSource::Labels(_) => 0,
        }
    }
}

/// The alert that a key holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyedAlert {
    /// The alert.
    pub alert: Fingerprint,
    /// Until when the key holds it; [`Wall::MAX`] until it is resolved.
    pub ends_at: Wall,
    /// Whether `ends_at` comes from the source's `ttl`, and so from our clock.
    pub ends_by_ttl: bool,
}

/// Names a group across restarts and reloads, by the identity of its route and its group labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupName {
    /// Hash of the identity of the route.
    pub route: u64,
    /// Fingerprint of the group labels.
    pub labels: Fingerprint,
}

/// The times of a group. They are in wall-clock time, because a monotonic clock does not outlive the process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupTimer {
    /// When its next flush is due.
    pub due_at: Wall,
    /// Whether its first flush has begun.
    pub has_flushed: bool,
    /// The deliveries of the flush under way that have not ended; empty if no flush is.
    pub unsent: Vec<Unsent>,
}

/// A delivery that was due or under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsent {
    /// Position of the webhook in the receiver.
    pub webhook_index: u32,
    /// The earliest time for an attempt, if the receiver asked for one.
    pub not_before: Option<Wall>,
}

/// An entry of Alertmanager's notification log (§5.7). It names alerts by Alertmanager's own hashes, so it
/// can be translated only when the group holds its alerts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertmanagerEntry {
    /// The group and the webhook.
    pub key: AlertmanagerKey,
    /// When the webhook had answered.
    pub at: Wall,
    /// When the entry expires and may be removed.
    pub expires_at: Wall,
    /// Alertmanager's hashes of the alerts that fired.
    pub firing: Arc<[u64]>,
    /// Alertmanager's hashes of the alerts that had resolved.
    pub resolved: Arc<[u64]>,
}

/// The key of an entry in Alertmanager's notification log: a group and a webhook.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AlertmanagerKey {
    /// The text of the group's key.
    pub group_key: Arc<str>,
    /// The receiver's name.
    pub receiver: Arc<str>,
    /// Position of the webhook among the receiver's webhooks.
    pub webhook_index: u32,
}

/// A map by notification log key. Its iteration order depends only on its hash key and its history.
pub type LogMap<V> = HashMap<LogKey, V, HashKey>;

/// The state that a sequence of records describes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// The alerts.
    pub alerts: FingerprintMap<RecoveredAlert>,
    /// The groups. Their members follow from the alerts.
    pub groups: BTreeMap<GroupName, GroupTimer>,
    /// The entries of the notification log.
    pub notification_log: LogMap<LogEntry>,
    /// The silences by number.
    pub silences: BTreeMap<u64, Arc<Silence>>,
    /// The notification log entries inherited from an Alertmanager.
    pub inherited: BTreeMap<AlertmanagerKey, Arc<AlertmanagerEntry>>,
    /// The alerts that the keys of sources hold.
    pub keys: BTreeMap<Arc<AlertKey>, KeyedAlert>,
    /// The time that each heartbeat counts from; `None` if it is overdue.
    pub heartbeats: BTreeMap<Arc<str>, Option<Wall>>,
    /// The last reading of the wall clock that was written down; `None` in state read from an Alertmanager.
    pub written_at: Option<Wall>,
}

/// An alert and the groups that it has left since it was last reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecoveredAlert {
    /// The alert.
    pub alert: Arc<Alert>,
    /// The groups that are done with it. It is a member of all other groups that its routes lead to.
    pub left: Vec<GroupName>,
}

/// The number of items of each kind that can be numerous.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    /// The number of alerts.
    pub alerts: usize,
    /// The number of groups.
    pub groups: usize,
    /// The number of notification log entries.
    pub told: usize,
    /// The number of silences.
    pub silences: usize,
    /// The number of keys of sources.
    pub keys: usize,
    /// The number of heartbeats.
    pub heartbeats: usize,
}

impl Recovered {
    /// An empty state, with maps that hash with this key.
    pub fn empty(key: HashKey) -> Self {
        Recovered {
            alerts: FingerprintMap::with_hasher(key),
            groups: BTreeMap::new(),
            notification_log: LogMap::with_hasher(key),
            silences: BTreeMap::new(),
            inherited: BTreeMap::new(),
            keys: BTreeMap::new(),
            heartbeats: BTreeMap::new(),
            written_at: None,
        }
    }

    /// How many items of each numerous kind the state has.
    pub fn sizes(&self) -> Sizes {
        Sizes {
            alerts: self.alerts.len(),
            groups: self.groups.len(),
            told: self.notification_log.len(),
            silences: self.silences.len(),
            keys: self.keys.len(),
            heartbeats: self.heartbeats.len(),
        }
    }

    /// Applies the next record. A record about an unknown item changes nothing; damage to the journal can
    /// leave such records.
    pub fn apply(&mut self, record: Record) {
        match record {
            Record::Alert(alert) => {
                let left = Vec::new();
                let fingerprint = alert.fingerprint;
                self.alerts
                    .insert(fingerprint, RecoveredAlert { alert, left });
            }
            Record::AlertExtended {
                fingerprint,
                ends_at,
                updated_at,
            } => self.extend(fingerprint, ends_at, updated_at),
            Record::AlertForgotten(fingerprint) => {
                self.alerts.remove(&fingerprint);
            }
            Record::AlertLeft { group, fingerprint } => {
                if let Some(known) = self.alerts.get_mut(&fingerprint) {
                    known.left.push(group);
                }
            }
            Record::Group { group, timer } => {
                self.groups.insert(group, timer);
            }
            Record::GroupRemoved(group) => {
                self.groups.remove(&group);
            }
            Record::LogEntry { key, told } => {
                self.notification_log.insert(key, told);
            }
            Record::LogEntryForgotten(key) => {
                self.notification_log.remove(&key);
            }
            Record::Silence { number, silence } => {
                self.silences.insert(number, silence);
            }
            Record::SilenceForgotten(number) => {
                self.silences.remove(&number);
            }
            Record::AlertmanagerEntry(entry) => {
                self.inherited.insert(entry.key.clone(), entry);
            }
            Record::AlertmanagerEntryForgotten(key) => {
                self.inherited.remove(&key);
            }
            Record::AlertKey { key, held } => {
                self.keys.insert(key, held);
            }
            Record::AlertKeyForgotten(key) => {
                self.keys.remove(&key);
            }
            Record::Heartbeat { name, counts_from } => {
                self.heartbeats.insert(name, counts_from);
            }
            Record::HeartbeatForgotten(name) => {
                self.heartbeats.remove(&name);
            }
        }
    }

    fn extend(&mut self, fingerprint: Fingerprint, ends_at: Wall, updated_at: Wall) {
        let Some(known) = self.alerts.get_mut(&fingerprint) else {
            return;
        };
        let alert = Arc::make_mut(&mut known.alert);
        alert.ends_at = ends_at.into();
        alert.updated_at = updated_at.into();
        known.left.clear();
    }

    /// Whether the state is empty.
    pub fn is_empty(&self) -> bool {
        self.alerts.is_empty()
            && self.groups.is_empty()
            && self.notification_log.is_empty()
            && self.silences.is_empty()
            && self.inherited.is_empty()
            && self.keys.is_empty()
            && self.heartbeats.is_empty()
    }
}
