//! The limit of alerts of one name (`--alerts.per-alertname-limit`, §4.2).
//!
//! PURE. Owns which alerts count against the limit of their name. An alert that counts is always admitted
//! again. A new one past the limit takes the place of one that has resolved, or is rejected. Runs on the
//! dispatch thread.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Alert, Fingerprint, FingerprintMap, HashKey, Wall};

/// The alerts that count, by name.
#[derive(Debug)]
pub struct AlertLimit {
    /// Maximum number of alerts of one name; 0 is no limit.
    per_name: usize,
    names: BTreeMap<Box<str>, Bucket>,
    key: HashKey,
}

/// The alerts of one name.
#[derive(Debug)]
struct Bucket {
    ends: FingerprintMap<Wall>,
    /// The same alerts by end time, the first to end in front.
    order: BTreeSet<(Wall, Fingerprint)>,
}

impl AlertLimit {
    /// A limit of this many alerts of one name; 0 is no limit.
    pub fn new(per_name: usize, key: HashKey) -> Self {
        AlertLimit {
            per_name,
            names: BTreeMap::new(),
            key,
        }
    }

    /// Whether the limit admits `alert` at `now`. An admitted alert counts from then on.
    pub fn admits(&mut self, alert: &Alert, now: Wall) -> bool {
        if self.per_name == 0 {
            return true;
        }
        let name = name_of(alert);
        if let Some(bucket) = self.names.get_mut(name) {
            return bucket.admits(alert, self.per_name, now);
        }
        let mut bucket = Bucket {
            ends: FingerprintMap::with_hasher(self.key),
            order: BTreeSet::new(),
        };
        bucket.put(alert);
        self.names.insert(name.into(), bucket);
        true
    }

    /// Removes the names whose alerts have all resolved.
    pub fn collect(&mut self, now: Wall) {
        self.names.retain(|_, bucket| {
            let last = bucket.order.last();
            last.is_some_and(|(ends_at, _)| *ends_at > now)
        });
    }
}

impl Bucket {
    fn admits(&mut self, alert: &Alert, limit: usize, now: Wall) -> bool {
        if !self.ends.contains_key(&alert.fingerprint) && self.ends.len() >= limit {
            let Some((ends_at, fingerprint)) = self.order.first().copied() else {
                return false;
            };
            if ends_at >= now {
                return false;
            }
            self.order.remove(&(ends_at, fingerprint));
            self.ends.remove(&fingerprint);
        }
        self.put(alert);
        true
    }

    fn put(&mut self, alert: &Alert) {
        let fingerprint = alert.fingerprint;
        if let Some(before) = self.ends.insert(fingerprint, alert.ends_at.get()) {
            self.order.remove(&(before, fingerprint));
        }
        self.order.insert((alert.ends_at.get(), fingerprint));
    }
}

/// The `alertname` that the limit applies to. Alerts without one share the empty name.
pub fn name_of(alert: &Alert) -> &str {
    alert.labels.get("alertname").unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Labels;

    const NOW: i64 = 1_000;

    fn at(second: i64) -> Wall {
        Wall::from_second(second).expect("a second near the epoch")
    }

    fn alert(name: &str, number: u32, ends_at: i64) -> Alert {
        let labels = Labels::from_pairs([("alertname", name), ("number", &number.to_string())]);
        Alert {
            fingerprint: labels.fingerprint(),
            labels,
            annotations: Labels::default(),
            starts_at: at(0).into(),
            ends_at: at(ends_at).into(),
            updated_at: at(0).into(),
            ends_by_timeout: false,
            generator_url: "".into(),
        }
    }

    /// Full with two alerts called `a`.
    fn full(ends: [i64; 2]) -> AlertLimit {
        let mut limit = AlertLimit::new(2, HashKey::seeded(1));
        for (number, ends_at) in (1..).zip(ends) {
            assert!(limit.admits(&alert("a", number, ends_at), at(NOW)));
        }
        limit
    }

    #[test]
    fn without_a_limit_nothing_is_counted() {
        let mut limit = AlertLimit::new(0, HashKey::seeded(1));
        assert!((0..100).all(|number| limit.admits(&alert("a", number, 2_000), at(NOW))));
        assert!(limit.names.is_empty());
    }

    #[test]
    fn a_new_alert_past_the_limit_of_its_name_is_left_out() {
        let mut limit = full([2_000, 2_000]);
        assert!(!limit.admits(&alert("a", 3, 2_000), at(NOW)));
        assert!(limit.admits(&alert("b", 3, 2_000), at(NOW)));
    }

    #[test]
    fn a_known_alert_is_always_let_in() {
        let mut limit = full([2_000, 2_000]);
        assert!(limit.admits(&alert("a", 1, 900), at(NOW)));
        assert!(limit.admits(&alert("a", 1, 3_000), at(NOW)));
        assert!(!limit.admits(&alert("a", 3, 3_000), at(NOW)));
    }

    #[test]
    fn what_has_ended_makes_room_for_one() {
        let mut limit = full([999, 2_000]);
        assert!(limit.admits(&alert("a", 3, 2_000), at(NOW)));
        assert!(!limit.admits(&alert("a", 4, 2_000), at(NOW)));
        assert!(!limit.admits(&alert("a", 1, 2_000), at(NOW)));
    }

    #[test]
    fn what_ends_just_now_makes_no_room_yet() {
        let mut limit = full([NOW, 2_000]);
        assert!(!limit.admits(&alert("a", 3, 2_000), at(NOW)));
    }

    #[test]
    fn names_are_forgotten_once_all_their_alerts_have_ended() {
        let mut limit = full([900, 1_100]);
        limit.collect(at(NOW));
        assert!(!limit.names.is_empty());
        limit.collect(at(1_100));
        assert!(limit.names.is_empty());
    }
}
