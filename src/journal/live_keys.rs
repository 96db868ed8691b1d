//! Finds the records of a journal that still count, for a compaction.
//!
//! PURE. Owns the ordinal of the last record of each key: some twenty bytes a key, far less than the state
//! itself. Knows no file. Runs on the compaction's thread.

use std::collections::HashMap;

use super::codec::{Key, Kind};
use crate::engine::{GroupName, LogMap};
use crate::model::{FingerprintMap, HashKey};

type Map<K> = HashMap<K, u32, HashKey>;

/// The journal has more records than a `u32` can number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMany;

/// The last record of each key.
#[derive(Debug)]
pub struct LiveKeys {
    alerts: FingerprintMap<Place>,
    groups: Map<GroupName>,
    notification_log: LogMap<u32>,
    silences: Map<u64>,
    inherited: Map<Box<[u8]>>,
    alert_keys: Map<Box<[u8]>>,
    heartbeats: Map<Box<str>>,
    noted: u32,
}

/// The ordinals of an alert's last records. Ordinals begin with 1; 0 is none.
#[derive(Clone, Copy, Debug)]
struct Place {
    full: u32,
    extended: u32,
}

impl LiveKeys {
    /// No records yet, in maps that hash with `key`.
    pub fn empty(key: HashKey) -> Self {
        LiveKeys {
            alerts: FingerprintMap::with_hasher(key),
            groups: Map::with_hasher(key),
            notification_log: LogMap::with_hasher(key),
            silences: Map::with_hasher(key),
            inherited: Map::with_hasher(key),
            alert_keys: Map::with_hasher(key),
            heartbeats: Map::with_hasher(key),
            noted: 0,
        }
    }

    /// Notes the next record, in the order of the journal.
    pub fn note(&mut self, kind: Kind, key: Key<'_>) -> Result<(), TooMany> {
        self.noted = self.noted.checked_add(1).ok_or(TooMany)?;
        let ordinal = self.noted;
        match key {
            Key::Alert(alert) => match kind {
                Kind::AlertForgotten => drop(self.alerts.remove(&alert)),
                Kind::AlertExtended => {
                    if let Some(place) = self.alerts.get_mut(&alert) {
                        place.extended = ordinal;
                    }
                }
                _ => {
                    let place = Place {
                        full: ordinal,
                        extended: 0,
                    };
                    self.alerts.insert(alert, place);
                }
            },
            // Whether it counts follows from the ordinals of its alert's records.
            Key::Left(..) => {}
            Key::Group(group) => set(&mut self.groups, group, ordinal, kind == Kind::Group),
            Key::NotificationLog(entry) => set(
                &mut self.notification_log,
                entry,
                ordinal,
                kind == Kind::LogEntry,
            ),
            Key::Silence(number) => {
                set(&mut self.silences, number, ordinal, kind == Kind::Silence);
            }
            Key::AlertmanagerEntry(entry) => {
                let counts = kind == Kind::AlertmanagerEntry;
                set(&mut self.inherited, entry.into(), ordinal, counts);
            }
            Key::AlertKey(key) => {
                let counts = kind == Kind::AlertKey;
                set(&mut self.alert_keys, key.into(), ordinal, counts);
            }
            Key::Heartbeat(name) => {
                let counts = kind == Kind::Heartbeat;
                set(&mut self.heartbeats, name.into(), ordinal, counts);
            }
        }
        Ok(())
    }

    /// Whether the record with this ordinal, counted from 1, still counts once all are noted.
    pub fn counts(&self, ordinal: u32, key: Key<'_>) -> bool {
        let is_last = |last: Option<&u32>| last == Some(&ordinal);
        match key {
            Key::Alert(alert) => self
                .alerts
                .get(&alert)
                .is_some_and(|place| place.full == ordinal || place.extended == ordinal),
            Key::Left(alert, _) => self
                .alerts
                .get(&alert)
                .is_some_and(|place| place.full < ordinal && place.extended < ordinal),
            Key::Group(group) => is_last(self.groups.get(&group)),
            Key::NotificationLog(entry) => is_last(self.notification_log.get(&entry)),
            Key::Silence(number) => is_last(self.silences.get(&number)),
            Key::AlertmanagerEntry(entry) => is_last(self.inherited.get(entry)),
            Key::AlertKey(key) => is_last(self.alert_keys.get(key)),
            Key::Heartbeat(name) => is_last(self.heartbeats.get(name)),
        }
    }
}

fn set<K: Eq + std::hash::Hash>(map: &mut Map<K>, key: K, ordinal: u32, counts: bool) {
    if counts {
        map.insert(key, ordinal);
    } else {
        map.remove(&key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Fingerprint;

    const NONE: [u32; 0] = [];

    const GROUP: GroupName = GroupName {
        route: 1,
        labels: Fingerprint(2),
    };

    /// The ordinals that count, of records that all have to do with one alert or one group.
    fn counting(kinds: &[Kind]) -> Vec<u32> {
        let key = |kind: Kind| match kind {
            Kind::AlertLeft => Key::Left(Fingerprint(7), GROUP),
            Kind::Group | Kind::GroupRemoved => Key::Group(GROUP),
            Kind::Silence | Kind::SilenceForgotten => Key::Silence(3),
            Kind::Heartbeat | Kind::HeartbeatForgotten => Key::Heartbeat("backup"),
            Kind::AlertKey | Kind::AlertKeyForgotten => Key::AlertKey(b"key"),
            Kind::AlertmanagerEntry | Kind::AlertmanagerEntryForgotten => {
                Key::AlertmanagerEntry(b"entry")
            }
            _ => Key::Alert(Fingerprint(7)),
        };
        let mut live_keys = LiveKeys::empty(HashKey::seeded(1));
        for kind in kinds {
            live_keys.note(*kind, key(*kind)).expect("few records");
        }
        let counted = (1..)
            .zip(kinds)
            .filter(|(ordinal, kind)| live_keys.counts(*ordinal, key(**kind)));
        counted.map(|(ordinal, _)| ordinal).collect()
    }

    #[test]
    fn of_an_alert_the_last_full_report_counts_and_the_last_extension_after_it() {
        use Kind::{Alert, AlertExtended, AlertForgotten};
        assert_eq!(counting(&[Alert, AlertExtended, AlertExtended]), [1, 3]);
        assert_eq!(counting(&[Alert, AlertExtended, Alert]), [3]);
        assert_eq!(counting(&[Alert, AlertExtended, AlertForgotten]), NONE);
        assert_eq!(counting(&[AlertExtended, Alert, AlertExtended]), [2, 3]);
        assert_eq!(counting(&[Alert, AlertForgotten, AlertExtended]), NONE);
    }

    #[test]
    fn that_an_alert_has_left_counts_until_it_is_reported_again() {
        use Kind::{Alert, AlertExtended, AlertForgotten, AlertLeft};
        assert_eq!(counting(&[Alert, AlertLeft]), [1, 2]);
        assert_eq!(counting(&[Alert, AlertLeft, AlertExtended]), [1, 3]);
        assert_eq!(counting(&[Alert, AlertExtended, AlertLeft]), [1, 2, 3]);
        assert_eq!(counting(&[Alert, AlertLeft, AlertForgotten]), NONE);
        assert_eq!(counting(&[AlertLeft, Alert]), [2]);
    }

    #[test]
    fn of_everything_else_the_last_record_counts_until_it_is_forgotten() {
        use Kind::{
            AlertKey, AlertKeyForgotten, AlertmanagerEntry, AlertmanagerEntryForgotten, Group,
            GroupRemoved, Heartbeat, HeartbeatForgotten, Silence, SilenceForgotten,
        };
        assert_eq!(counting(&[Group, Group]), [2]);
        assert_eq!(counting(&[Group, GroupRemoved]), NONE);
        assert_eq!(counting(&[Group, GroupRemoved, Group]), [3]);
        assert_eq!(counting(&[Silence, Silence, SilenceForgotten]), NONE);
        assert_eq!(counting(&[AlertKey, AlertKey, AlertKeyForgotten]), NONE);
        assert_eq!(counting(&[AlertKey, AlertKeyForgotten, AlertKey]), [3]);
        assert_eq!(counting(&[Heartbeat, Heartbeat, Heartbeat]), [3]);
        assert_eq!(counting(&[Heartbeat, HeartbeatForgotten]), NONE);
        assert_eq!(
            counting(&[
                AlertmanagerEntry,
                AlertmanagerEntryForgotten,
                AlertmanagerEntry
            ]),
            [3]
        );
    }
}
