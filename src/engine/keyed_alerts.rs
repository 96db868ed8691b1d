//! The keys under which sources report their alerts.
//!
//! PURE. Owns the index from a key to its alert, and how long each key holds its alert. Several keys may hold
//! one alert, if their labels are equal: it fires until the last of them ends. `reports.rs` decides what a
//! report changes. Runs on the dispatch thread.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::record::{AlertKey, KeyedAlert};
use crate::limits;
use crate::model::{Fingerprint, HashKey, Wall};

/// All keys.
#[derive(Debug)]
pub struct KeyedAlerts {
    by_key: HashMap<Arc<AlertKey>, Entry, HashKey>,
    /// The same keys by alert; of each alert, the first to end in front.
    by_alert: BTreeMap<Place, Arc<AlertKey>>,
    /// The bytes of the texts of all keys.
    text_bytes: usize,
    next_number: u64,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    held: KeyedAlert,
    /// Tells keys apart that hold an alert until the same time.
    number: u64,
}

/// The place of a key in the order of all keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    alert: Fingerprint,
    ends_at: Wall,
    number: u64,
}

impl Entry {
    fn place(&self) -> Place {
        Place {
            alert: self.held.alert,
            ends_at: self.held.ends_at,
            number: self.number,
        }
    }
}

impl KeyedAlerts {
    /// An index without keys.
    pub fn new(key: HashKey) -> Self {
        KeyedAlerts {
            by_key: HashMap::with_hasher(key),
            by_alert: BTreeMap::new(),
            text_bytes: 0,
            next_number: 0,
        }
    }

    /// Lets `key` hold an alert. Returns what it held before.
    pub fn set(&mut self, key: &Arc<AlertKey>, held: KeyedAlert) -> Option<KeyedAlert> {
        let before = self.forget(key);
        let number = self.next_number;
        self.next_number += 1;
        let entry = Entry { held, number };
        self.text_bytes += key.text_bytes();
        self.by_key.insert(Arc::clone(key), entry);
        self.by_alert.insert(entry.place(), Arc::clone(key));
        before
    }

    /// Removes `key`. Returns what it held.
    pub fn forget(&mut self, key: &AlertKey) -> Option<KeyedAlert> {
        let entry = self.by_key.remove(key)?;
        self.by_alert.remove(&entry.place());
        self.text_bytes -= key.text_bytes();
        Some(entry.held)
    }

    /// The keys that hold this alert, the first to end in front.
    pub fn keys_of(
        &self,
        alert: Fingerprint,
    ) -> impl DoubleEndedIterator<Item = (Wall, &Arc<AlertKey>)> {
        let at = |ends_at, number| Place {
            alert,
            ends_at,
            number,
        };
        let keys = self
            .by_alert
            .range(at(Wall::MIN, 0)..=at(Wall::MAX, u64::MAX));
        keys.map(|(place, key)| (place.ends_at, key))
    }

    /// Until when the last of its keys holds this alert; `None` if no key does.
    pub fn held_until(&self, alert: Fingerprint) -> Option<Wall> {
        self.keys_of(alert).next_back().map(|(ends_at, _)| ends_at)
    }

    /// The key to remove, because more than [`limits::KEYS_PER_ALERT`] keys hold this alert: the first to end.
    pub fn surplus_of(&self, alert: Fingerprint) -> Option<Arc<AlertKey>> {
        let count = self.keys_of(alert).take(limits::KEYS_PER_ALERT + 1).count();
        let first = self.keys_of(alert).next()?.1;
        (count > limits::KEYS_PER_ALERT).then(|| Arc::clone(first))
    }

    /// Removes the keys that `keeps` rejects, and returns them.
    pub fn retain(&mut self, keeps: impl Fn(&KeyedAlert) -> bool) -> Vec<Arc<AlertKey>> {
        let mut forgotten = Vec::new();
        self.by_key.retain(|key, entry| {
            let is_kept = keeps(&entry.held);
            if !is_kept {
                self.by_alert.remove(&entry.place());
                self.text_bytes -= key.text_bytes();
                forgotten.push(Arc::clone(key));
            }
            is_kept
        });
        self.by_key.shrink_to(2 * self.by_key.len());
        forgotten
    }

    /// Replaces the end of each key by what `moved` makes of it.
    pub fn shift(&mut self, moved: impl Fn(&KeyedAlert) -> Wall) {
        self.by_alert.clear();
        for (key, entry) in &mut self.by_key {
            entry.held.ends_at = moved(&entry.held);
            self.by_alert.insert(entry.place(), Arc::clone(key));
        }
    }

    /// All keys and what they hold. Their order is arbitrary, but the same in every run with the same inputs.
    pub fn iter(&self) -> impl Iterator<Item = (&Arc<AlertKey>, &KeyedAlert)> {
        self.by_key.iter().map(|(key, entry)| (key, &entry.held))
    }

    /// Whether the key holds an alert.
    pub fn contains(&self, key: &AlertKey) -> bool {
        self.by_key.contains_key(key)
    }

    /// The number of keys.
    pub fn len(&self) -> usize {
        self.by_key.len()
    }

    /// The bytes of the texts of all keys.
    pub fn text_bytes(&self) -> usize {
        self.text_bytes
    }

    /// Checks that both orders have the same keys, that the bytes are counted, and that `is_known` accepts each
    /// alert. Returns the first disagreement.
    pub fn check(&self, is_known: impl Fn(Fingerprint) -> bool) -> Result<(), String> {
        let mut bytes = 0;
        for (key, entry) in &self.by_key {
            bytes += key.text_bytes();
            if self.by_alert.get(&entry.place()) != Some(key) {
                return Err(format!("{key:?} does not hold its alert"));
            }
            if !is_known(entry.held.alert) {
                return Err(format!("{key:?} holds an alert that is gone"));
            }
        }
        let (keys, holders) = (self.by_key.len(), self.by_alert.len());
        if keys != holders || bytes != self.text_bytes {
            let counted = self.text_bytes;
            return Err(format!(
                "{keys} keys, {holders} hold alerts; {bytes} bytes of {counted}"
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::IdInSource;

    const A: Fingerprint = Fingerprint(1);
    const B: Fingerprint = Fingerprint(2);

    fn key(text: &str) -> Arc<AlertKey> {
        Arc::new(AlertKey {
            source: "kuma".into(),
            id: IdInSource::Key(text.into()),
        })
    }

    fn held(alert: Fingerprint, second: i64) -> KeyedAlert {
        KeyedAlert {
            alert,
            ends_at: Wall::from_second(second).expect("a second near the epoch"),
            ends_by_ttl: true,
        }
    }

    fn index() -> KeyedAlerts {
        KeyedAlerts::new(HashKey::seeded(1))
    }

    fn until(index: &KeyedAlerts, alert: Fingerprint) -> Option<i64> {
        index.held_until(alert).map(Wall::as_second)
    }

    #[test]
    fn an_alert_is_held_until_its_last_key_ends() {
        let mut index = index();
        assert_eq!(index.set(&key("1"), held(A, 20)), None);
        index.set(&key("2"), held(A, 10));
        assert_eq!(until(&index, A), Some(20));
        assert_eq!(index.forget(&key("1")), Some(held(A, 20)));
        assert_eq!(until(&index, A), Some(10));
        assert_eq!(index.forget(&key("1")), None);
        index.forget(&key("2"));
        assert_eq!(until(&index, A), None);
        assert_eq!((index.len(), index.text_bytes()), (0, 0));
    }

    #[test]
    fn a_key_that_moves_on_holds_its_old_alert_no_longer() {
        let mut index = index();
        index.set(&key("1"), held(A, 20));
        assert_eq!(index.set(&key("1"), held(B, 20)), Some(held(A, 20)));
        assert_eq!((until(&index, A), until(&index, B)), (None, Some(20)));
        assert_eq!(index.text_bytes(), 1);
        assert_eq!(index.check(|alert| alert == B), Ok(()));
        let gone = index.check(|alert| alert == A).expect_err("B is gone");
        assert!(gone.ends_with("holds an alert that is gone"), "{gone}");
    }

    #[test]
    fn of_too_many_keys_of_one_alert_the_first_to_end_is_surplus() {
        let mut index = index();
        for number in 0..limits::KEYS_PER_ALERT {
            let second = 100 + i64::try_from(number).expect("a small number");
            index.set(&key(&number.to_string()), held(A, second));
            assert_eq!(index.surplus_of(A), None);
        }
        index.set(&key("early"), held(A, 7));
        assert_eq!(index.surplus_of(A), Some(key("early")));
        assert_eq!(index.surplus_of(B), None);
    }

    #[test]
    fn shifted_and_retained_keys_stay_in_both_orders() {
        let mut index = index();
        index.set(&key("1"), held(A, 20));
        index.set(&key("2"), held(B, 30));
        index.shift(|held| held.ends_at + std::time::Duration::from_secs(100));
        assert_eq!((until(&index, A), until(&index, B)), (Some(120), Some(130)));
        assert_eq!(index.retain(|held| held.alert == B), [key("1")]);
        assert_eq!((until(&index, A), until(&index, B)), (None, Some(130)));
        assert_eq!(index.check(|_| true), Ok(()));
    }
}
