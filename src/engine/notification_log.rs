//! The notification log: what each webhook was last sent for each group, and when. It prevents duplicate
//! notifications.
//!
//! PURE. Owns the entries and their retention (§5.7). `decide.rs` decides from an entry whether to
//! notify. Runs on the dispatch thread.

use std::sync::Arc;
use std::time::Duration;

use super::ingest::later;
use super::record::LogMap;
use crate::model::{Fingerprint, HashKey, Wall};

/// The key of an entry: a group and a webhook.
///
/// Alertmanager's key is the text of the route's matchers, the group labels and the receiver. Two sibling
/// routes with equal matchers share that key, so the second never notifies. Here `route` distinguishes
/// them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogKey {
    /// Hash of the identity of the route.
    pub route: u64,
    /// Fingerprint of the group labels.
    pub group: Fingerprint,
    /// Hash of the receiver's name.
    pub receiver: u64,
    /// Position of the webhook in the receiver.
    pub webhook_index: u32,
}

/// The last notification that a webhook got about a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// When the webhook had answered.
    pub at: Wall,
    /// When the entry expires and may be removed.
    pub expires_at: Wall,
    /// The alerts that fired, sorted.
    pub firing: Arc<[Fingerprint]>,
    /// The alerts that had resolved, sorted.
    pub resolved: Arc<[Fingerprint]>,
    /// The alerts whose resolution the webhook is owed, sorted: this notification or an earlier one
    /// reported them as firing, and none has reported them as resolved yet. More than `firing` if alerts
    /// that were notified are muted now.
    pub owed: Arc<[Fingerprint]>,
}

/// The lifetime of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// When the webhook had answered.
    pub at: Wall,
    /// When the entry expires and may be removed.
    pub expires_at: Wall,
}

/// All entries, and counts of the look-ups for `/metrics`.
#[derive(Clone, Debug)]
pub struct NotificationLog {
    entries: LogMap<LogEntry>,
    retention: Duration,
    lookups: u64,
    misses: u64,
}

impl NotificationLog {
    /// An empty log that keeps entries for at most `retention`.
    pub fn new(retention: Duration, key: HashKey) -> Self {
        NotificationLog {
            entries: LogMap::with_hasher(key),
            retention,
            lookups: 0,
            misses: 0,
        }
    }

    /// The entry under `key`. An expired entry counts until it is collected, as in Alertmanager.
    pub fn get(&self, key: &LogKey) -> Option<&LogEntry> {
        self.entries.get(key)
    }

    /// Counts the look-up of a flush whose view was not empty, and a miss unless the entry `was_there`.
    pub fn count_lookup(&mut self, was_there: bool) {
        self.lookups += 1;
        self.misses += u64::from(!was_there);
    }

    /// The look-ups counted so far, and how many of them found no entry.
    pub fn lookups(&self) -> (u64, u64) {
        (self.lookups, self.misses)
    }

    /// Records a notification that was answered at `at`, in place of the entry before. Returns the new
    /// entry.
    pub fn record(&mut self, key: LogKey, content: &Content, at: Wall) -> &LogEntry {
        let Span { at, expires_at } = self.span(at, content.repeat_interval);
        let owed = self.owed_after(&key, content);
        let entry = LogEntry {
            at,
            expires_at,
            firing: Arc::clone(&content.firing),
            resolved: Arc::clone(&content.resolved),
            owed,
        };
        self.entries.entry(key).insert_entry(entry).into_mut()
    }

    /// The alerts owed after a notification: those owed before and those it reports as firing, without those
    /// it reports as resolved.
    fn owed_after(&self, key: &LogKey, content: &Content) -> Arc<[Fingerprint]> {
        let is_settled = |print: &Fingerprint| {
            content.firing.binary_search(print).is_ok()
                || content.resolved.binary_search(print).is_ok()
        };
        let before = self.entries.get(key).map_or(&[][..], |entry| &entry.owed);
        let mut left: Vec<Fingerprint> = before
            .iter()
            .copied()
            .filter(|print| !is_settled(print))
            .collect();
        if left.is_empty() {
            return Arc::clone(&content.firing);
        }
        left.extend_from_slice(&content.firing);
        left.sort_unstable();
        left.into()
    }

    /// Replaces all entries with those of a previous run.
    pub fn restore(&mut self, kept: LogMap<LogEntry>) {
        self.entries = kept;
    }

    /// Adds an entry made from Alertmanager's log, unless `key` has one. Returns the entry under `key`.
    pub fn take_over(&mut self, key: LogKey, entry: LogEntry) -> &LogEntry {
        self.entries.entry(key).or_insert(entry)
    }

    /// Adds `more` to the alerts owed under `key`, and returns the entry. A new entry has no firing alert,
    /// so the group is notified as a new one.
    pub fn add_owed(&mut self, key: LogKey, more: &[Fingerprint], span: Span) -> &LogEntry {
        let entry = self.entries.entry(key).or_insert_with(|| LogEntry {
            at: span.at,
            expires_at: span.expires_at,
            firing: Arc::new([]),
            resolved: Arc::new([]),
            owed: Arc::new([]),
        });
        let mut owed: Vec<Fingerprint> = entry.owed.iter().chain(more).copied().collect();
        owed.sort_unstable();
        owed.dedup();
        entry.owed = owed.into();
        entry
    }

    /// Marks that the last notification under `key` may or may not have arrived. Firing alerts will be
    /// notified again, and the resolutions of `members` are owed, because the notification may have named
    /// them. Returns the entry.
    pub fn mark_uncertain(
        &mut self,
        key: LogKey,
        members: &[Fingerprint],
        span: Span,
    ) -> &LogEntry {
        if let Some(entry) = self.entries.get_mut(&key) {
            entry.firing = Arc::new([]);
            entry.resolved = Arc::new([]);
        }
        self.add_owed(key, members, span)
    }

    /// Removes the alerts owed under `key` that `keep` rejects. Returns the entry, or `None` if there is
    /// none.
    pub fn remove_owed(
        &mut self,
        key: LogKey,
        keep: impl Fn(Fingerprint) -> bool,
    ) -> Option<&LogEntry> {
        let entry = self.entries.get_mut(&key)?;
        let owed = entry.owed.iter().copied();
        entry.owed = owed.filter(|print| keep(*print)).collect();
        Some(entry)
    }

    /// The lifetime of an entry made at `at`: two repeat intervals, but no longer than the retention.
    pub fn span(&self, at: Wall, repeat_interval: Duration) -> Span {
        let twice = repeat_interval.saturating_mul(2);
        Span {
            at,
            expires_at: later(at, twice.min(self.retention)),
        }
    }

    /// All entries.
    pub fn iter(&self) -> impl Iterator<Item = (&LogKey, &LogEntry)> {
        self.entries.iter()
    }

    /// Removes the expired entries, and returns their keys. Keeps an entry that `is_needed` by a live group:
    /// however long its receiver has been down, the receiver must still get the resolution.
    pub fn collect(&mut self, now: Wall, is_needed: impl Fn(&LogKey) -> bool) -> Vec<LogKey> {
        let mut forgotten = Vec::new();
        self.entries.retain(|key, entry| {
            let stays = entry.expires_at > now || is_needed(key);
            if !stays {
                forgotten.push(*key);
            }
            stays
        });
        self.entries.shrink_to(2 * self.entries.len());
        forgotten
    }

    /// Shifts all times after a step of the wall clock, so that intervals keep their length.
    pub fn shift(&mut self, shifted: impl Fn(Wall) -> Wall) {
        for entry in self.entries.values_mut() {
            entry.at = shifted(entry.at);
            entry.expires_at = shifted(entry.expires_at);
        }
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether the log has no entry.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// The part of a notification that the log records. Shared by the attempts to deliver it.
#[derive(Clone, Debug)]
pub struct Content {
    /// The alerts that fire, sorted.
    pub firing: Arc<[Fingerprint]>,
    /// The alerts that have resolved, sorted.
    pub resolved: Arc<[Fingerprint]>,
    /// The repeat interval of the route; the lifetime of the entry follows from it.
    pub repeat_interval: Duration,
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn key(route: u64) -> LogKey {
        LogKey {
            route,
            group: Fingerprint(1),
            receiver: 2,
            webhook_index: 0,
        }
    }

    fn content(repeat_interval: Duration) -> Content {
        Content {
            firing: [Fingerprint(1)].into(),
            resolved: [].into(),
            repeat_interval,
        }
    }

    #[test]
    fn an_entry_lives_for_two_repeats_or_the_retention() {
        let start = Wall::UNIX_EPOCH;
        let mut notification_log = NotificationLog::new(10 * HOUR, HashKey::seeded(1));
        notification_log.record(key(1), &content(HOUR), start);
        notification_log.record(key(2), &content(8 * HOUR), start);
        notification_log.collect(later(start, 2 * HOUR), |_| false);
        assert!(notification_log.get(&key(1)).is_none() && notification_log.get(&key(2)).is_some());
        notification_log.collect(later(start, 10 * HOUR), |_| false);
        assert!(notification_log.is_empty());
    }

    #[test]
    fn an_entry_of_a_live_group_outlives_its_time() {
        let mut notification_log = NotificationLog::new(10 * HOUR, HashKey::seeded(1));
        notification_log.record(key(1), &content(HOUR), Wall::UNIX_EPOCH);
        notification_log.record(key(2), &content(HOUR), Wall::UNIX_EPOCH);
        notification_log.collect(later(Wall::UNIX_EPOCH, 3 * HOUR), |key| key.route == 2);
        assert!(notification_log.get(&key(1)).is_none() && notification_log.get(&key(2)).is_some());
    }

    #[test]
    fn what_was_told_firing_is_owed_until_it_is_told_resolved() {
        let mut notification_log = NotificationLog::new(10 * HOUR, HashKey::seeded(1));
        let prints = |numbers: &[u64]| {
            numbers
                .iter()
                .copied()
                .map(Fingerprint)
                .collect::<Arc<[_]>>()
        };
        let mut tell = |firing: &[u64], resolved: &[u64]| {
            let (firing, resolved) = (prints(firing), prints(resolved));
            let content = Content {
                firing,
                resolved,
                repeat_interval: HOUR,
            };
            notification_log.record(key(1), &content, Wall::UNIX_EPOCH);
            notification_log
                .get(&key(1))
                .expect("the entry just made")
                .owed
                .to_vec()
        };
        assert_eq!(tell(&[1, 2], &[]), *prints(&[1, 2]));
        assert_eq!(tell(&[2], &[]), *prints(&[1, 2]), "1 is silenced");
        assert_eq!(tell(&[2, 3], &[1]), *prints(&[2, 3]));
        assert_eq!(tell(&[], &[2, 3]), []);
    }

    #[test]
    fn a_shift_moves_both_times() {
        let mut notification_log = NotificationLog::new(10 * HOUR, HashKey::seeded(1));
        notification_log.record(key(1), &content(HOUR), Wall::UNIX_EPOCH);
        notification_log.shift(|time| later(time, HOUR));
        let entry = notification_log.get(&key(1)).expect("the entry just made");
        assert_eq!(entry.at, later(Wall::UNIX_EPOCH, HOUR));
        assert_eq!(entry.expires_at, later(Wall::UNIX_EPOCH, 3 * HOUR));
    }
}
