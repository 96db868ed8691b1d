//! What the state is made of, as values that can be written down and read back.
//!
//! PURE. Owns the records that the engine gives out whenever something changes that must outlive
//! the process, and what a list of them amounts to. How they are written is the journal's business.
//! Made on the dispatch thread; read back on main, before there is a dispatch thread.
//!
//! Every record has a key, and of records with one key the last one holds:
//!
//! | key | records | holds until |
//! |---|---|---|
//! | an alert | `Alert`, then any number of `AlertExtended` | `AlertForgotten` |
//! | an alert in a group | `AlertLeft` | the alert is reported again or forgotten |
//! | a group | `Group` | `GroupRemoved` |
//! | a group and a webhook | `LogEntry` | `LogEntryForgotten` |
//! | a silence | `Silence` | `SilenceForgotten` |
//! | an entry from Alertmanager | `AlertmanagerEntry` | `AlertmanagerEntryForgotten` |

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::notification_log::{LogEntry, LogKey};
use crate::model::{Alert, Fingerprint, FingerprintMap, HashKey, Silence, Wall};

/// A change of the state, complete in itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// This is what is known of the alert now.
    Alert(Arc<Alert>),
    /// The alert was reported again, and nothing but these times has changed. Most reports are.
    AlertExtended {
        /// Which alert.
        fingerprint: Fingerprint,
        /// When it ends now.
        ends_at: Wall,
        /// When it was reported.
        updated_at: Wall,
    },
    /// Nothing needs the alert any more.
    AlertForgotten(Fingerprint),
    /// The alert's end was told as far as it had to be, and it is no longer in the group.
    AlertLeft {
        /// The group that it left.
        group: GroupName,
        /// The alert.
        fingerprint: Fingerprint,
    },
    /// When the group is due, and what of its flush is still to be told.
    Group {
        /// Which group.
        group: GroupName,
        /// Its times.
        timer: GroupTimer,
    },
    /// The group is gone.
    GroupRemoved(GroupName),
    /// A webhook was told about a group.
    LogEntry {
        /// The group and the webhook.
        key: LogKey,
        /// What it was told.
        told: LogEntry,
    },
    /// What a webhook was told is forgotten.
    LogEntryForgotten(LogKey),
    /// This is how the silence stands now.
    Silence {
        /// Its place in the order in which silences were made.
        number: u64,
        /// The silence.
        silence: Arc<Silence>,
    },
    /// The silence with this number is forgotten.
    SilenceForgotten(u64),
    /// An Alertmanager that ran here before had told a webhook this.
    AlertmanagerEntry(Arc<AlertmanagerEntry>),
    /// The entry was taken over by the ledger, or its time is over.
    AlertmanagerEntryForgotten(AlertmanagerKey),
}

/// Names a group across restarts and reloads: the identity of its route and the labels that make it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupName {
    /// Hash of the identity of the route.
    pub route: u64,
    /// Fingerprint of the group labels.
    pub labels: Fingerprint,
}

/// The times of a group, by the wall clock, which outlives the process.
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

/// An entry of Alertmanager's notification log (§5.7). It names alerts by hashes of its own, so it
/// can be understood only once the group's alerts are there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertmanagerEntry {
    /// Whose entry it is.
    pub key: AlertmanagerKey,
    /// When the webhook had answered.
    pub at: Wall,
    /// When the entry may be forgotten.
    pub expires_at: Wall,
    /// Alertmanager's hashes of the alerts that fired.
    pub firing: Arc<[u64]>,
    /// Alertmanager's hashes of the alerts that had resolved.
    pub resolved: Arc<[u64]>,
}

/// Whose entry it is in Alertmanager's notification log.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AlertmanagerKey {
    /// The text of the group's key.
    pub group_key: Arc<str>,
    /// The receiver's name.
    pub receiver: Arc<str>,
    /// Position of the webhook among the receiver's webhooks.
    pub webhook_index: u32,
}

/// A map of the ledger's keys, with an order of iteration that depends on its key and its history alone.
pub type LogMap<V> = HashMap<LogKey, V, HashKey>;

/// What all records so far amount to: the state as it was when the last of them was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// The alerts.
    pub alerts: FingerprintMap<RecoveredAlert>,
    /// The groups. Their members follow from the alerts.
    pub groups: BTreeMap<GroupName, GroupTimer>,
    /// What webhooks were told.
    pub notification_log: LogMap<LogEntry>,
    /// The silences by number.
    pub silences: BTreeMap<u64, Arc<Silence>>,
    /// What an Alertmanager had told.
    pub inherited: BTreeMap<AlertmanagerKey, Arc<AlertmanagerEntry>>,
    /// The wall clock's last reading that was written down.
    pub written_at: Option<Wall>,
}

/// An alert and the groups that it has left since it was last reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecoveredAlert {
    /// The alert.
    pub alert: Arc<Alert>,
    /// The groups that are done with it; of others that its routes say, it is a member.
    pub left: Vec<GroupName>,
}

/// How much there is of what is kept, as far as it may be much.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    /// Alerts.
    pub alerts: usize,
    /// Groups.
    pub groups: usize,
    /// Entries of the ledger.
    pub told: usize,
    /// Silences.
    pub silences: usize,
}

impl Recovered {
    /// Nothing, in maps that hash with this key.
    pub fn empty(key: HashKey) -> Self {
        Recovered {
            alerts: FingerprintMap::with_hasher(key),
            groups: BTreeMap::new(),
            notification_log: LogMap::with_hasher(key),
            silences: BTreeMap::new(),
            inherited: BTreeMap::new(),
            written_at: None,
        }
    }

    /// How much there is in it.
    pub fn sizes(&self) -> Sizes {
        Sizes {
            alerts: self.alerts.len(),
            groups: self.groups.len(),
            told: self.notification_log.len(),
            silences: self.silences.len(),
        }
    }

    /// Takes the next record in. One about something unknown, as damage may leave behind, changes
    /// nothing.
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

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.alerts.is_empty()
            && self.groups.is_empty()
            && self.notification_log.is_empty()
            && self.silences.is_empty()
            && self.inherited.is_empty()
    }
}
