//! The compaction policy: decides when to compact, by an estimate of the live bytes on disk.
//!
//! PURE. Owns the estimate: the number of alerts, groups and so on, times the average size of a record of
//! each kind. The exact number would need a map of all keys. The estimate is clamped between two bounds.
//! The lower bound is the last snapshot without the records that were forgotten since; the upper bound adds
//! everything that was written since. Runs on the journal thread.

use super::codec::Kind;
use super::record_counts::RecordCounts;
use crate::engine::Sizes;
use crate::limits;

/// Pairs of a kind of record and the kind that deletes it.
const FORGETTING: [(Kind, Kind); 7] = [
    (Kind::Alert, Kind::AlertForgotten),
    (Kind::Group, Kind::GroupRemoved),
    (Kind::LogEntry, Kind::LogEntryForgotten),
    (Kind::Silence, Kind::SilenceForgotten),
    (Kind::AlertmanagerEntry, Kind::AlertmanagerEntryForgotten),
    (Kind::AlertKey, Kind::AlertKeyForgotten),
    (Kind::Heartbeat, Kind::HeartbeatForgotten),
];

/// The record counts of the last snapshot, and of what was written since.
#[derive(Debug, Default)]
pub struct CompactionPolicy {
    base: RecordCounts,
    base_bytes: u64,
    since: RecordCounts,
    /// The part of `since` that was written after the last compaction began.
    meanwhile: RecordCounts,
    sizes: Sizes,
}

impl CompactionPolicy {
    /// Notes a snapshot of `base_bytes` bytes that replaces all files.
    pub fn replaced(&mut self, base: RecordCounts, base_bytes: u64) {
        *self = CompactionPolicy {
            base,
            base_bytes,
            sizes: self.sizes,
            ..CompactionPolicy::default()
        };
    }

    /// Notes that a compaction of all closed files begins.
    pub fn begin_compaction(&mut self) {
        self.meanwhile = RecordCounts::default();
    }

    /// Notes the snapshot of the compaction that began last.
    pub fn compacted(&mut self, base: RecordCounts, base_bytes: u64) {
        let since = self.meanwhile;
        self.replaced(base, base_bytes);
        self.written(&since);
    }

    /// Notes records that were written.
    pub fn written(&mut self, record_counts: &RecordCounts) {
        self.since.add(record_counts);
        self.meanwhile.add(record_counts);
    }

    /// Notes how many alerts, groups and so on the engine holds.
    pub fn set_sizes(&mut self, sizes: Sizes) {
        self.sizes = sizes;
    }

    /// The estimated size of a snapshot of the current state, in bytes.
    pub fn live(&self) -> u64 {
        let gone = FORGETTING.map(|(kind, forgets)| {
            let known = self.base.records[kind.index()];
            let gone = self.since.records[forgets.index()].min(known);
            share(self.bytes_with(kind), gone, known)
        });
        let least = self.base_bytes.saturating_sub(gone.iter().sum());
        let most = least + self.since.bytes.iter().sum::<u64>();
        self.by_sizes().clamp(least, most)
    }

    /// The estimate from counts and average record sizes, before it is clamped.
    fn by_sizes(&self) -> u64 {
        let sizes = &self.sizes;
        let counts = [
            (Kind::Alert, sizes.alerts),
            // At most one extension of its times for each alert.
            (Kind::AlertExtended, sizes.alerts),
            (Kind::Group, sizes.groups),
            (Kind::LogEntry, sizes.told),
            (Kind::Silence, sizes.silences),
            (Kind::AlertKey, sizes.keys),
            (Kind::Heartbeat, sizes.heartbeats),
        ];
        let bytes = counts.map(|(kind, count)| {
            let place = kind.index();
            let records = self.base.records[place] + self.since.records[place];
            let bytes = self.base.bytes[place] + self.since.bytes[place];
            share(bytes, (count as u64).min(records), records)
        });
        bytes.iter().sum()
    }

    /// The bytes of all records in the snapshot that go when the records of a kind are forgotten.
    fn bytes_with(&self, kind: Kind) -> u64 {
        let bytes = |kind: Kind| self.base.bytes[kind.index()];
        match kind {
            Kind::Alert => [kind, Kind::AlertExtended, Kind::AlertLeft]
                .map(bytes)
                .iter()
                .sum(),
            kind => bytes(kind),
        }
    }

    /// Whether files of `bytes` bytes in total, the snapshot included, should be compacted: at one and a half
    /// times the live bytes. During the compaction, old and new files together take two and a half times
    /// the live bytes, plus what is written in the meantime.
    pub fn is_due(&self, bytes: u64) -> bool {
        let live = self.live();
        bytes > live + (live / 2).max(limits::COMPACTION_LEAST)
    }

    /// The size at which a segment is full. It grows with the state, so that a large state alone never
    /// reaches the number of segments ([`limits::SEGMENTS`]) that calls for a compaction.
    pub fn segment_bytes(&self) -> u64 {
        let written = self.base_bytes + self.since.bytes.iter().sum::<u64>();
        limits::SEGMENT_BYTES.max(written / 4)
    }
}

/// `bytes * part / whole`, rounded down; 0 if `whole` is 0.
fn share(bytes: u64, part: u64, whole: u64) -> u64 {
    let product = u128::from(bytes) * u128::from(part);
    let share = product.checked_div(u128::from(whole)).unwrap_or(0);
    u64::try_from(share).unwrap_or(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many records of a kind, of `bytes` each.
    fn records(kind: Kind, count: u64, bytes: u64) -> RecordCounts {
        let mut record_counts = RecordCounts::default();
        record_counts.records[kind.index()] = count;
        record_counts.bytes[kind.index()] = count * bytes;
        record_counts
    }

    fn alerts(alerts: usize) -> Sizes {
        Sizes {
            alerts,
            ..Sizes::default()
        }
    }

    /// A snapshot of a thousand alerts of 3000 bytes.
    fn weight() -> CompactionPolicy {
        let mut weight = CompactionPolicy::default();
        weight.replaced(records(Kind::Alert, 1000, 3000), 3_000_000);
        weight.set_sizes(alerts(1000));
        weight
    }

    #[test]
    fn what_is_written_anew_makes_a_compaction_due_once_it_is_half_as_much() {
        let mut weight = weight();
        for _ in 0..10 {
            weight.written(&records(Kind::Alert, 100, 3000));
        }
        assert_eq!(weight.live(), 3_000_000);
        assert!(!weight.is_due(4_500_000));
        assert!(weight.is_due(4_500_001));
    }

    #[test]
    fn what_is_new_counts_and_there_is_nothing_to_compact() {
        let mut weight = weight();
        weight.written(&records(Kind::Alert, 9000, 3000));
        weight.set_sizes(alerts(10_000));
        assert_eq!(weight.live(), 30_000_000);
        assert!(!weight.is_due(30_000_000));
    }

    #[test]
    fn times_that_are_extended_again_and_again_count_once_an_alert() {
        let mut weight = weight();
        weight.written(&records(Kind::AlertExtended, 100_000, 20));
        assert_eq!(weight.live(), 3_020_000);
    }

    #[test]
    fn small_journals_are_left_alone_until_it_is_worth_while() {
        let weight = CompactionPolicy::default();
        assert!(!weight.is_due(limits::COMPACTION_LEAST));
        assert!(weight.is_due(limits::COMPACTION_LEAST + 1));
    }

    #[test]
    fn the_first_alerts_of_many_never_make_as_many_segments_as_are_compacted() {
        let mut weight = CompactionPolicy::default();
        let (mut segments, mut segment, mut all) = (1, 0, 0);
        // A terabyte, a batch of Prometheus at a time, and then more of it at a time.
        while all < 1 << 40 {
            let batch = (all / 1000).max(20_000);
            if segment >= weight.segment_bytes() {
                (segments, segment) = (segments + 1, 0);
            }
            weight.written(&records(Kind::Alert, 1, batch));
            segment += batch;
            all += batch;
        }
        assert!(segments < limits::SEGMENTS, "{segments} segments");
    }

    #[test]
    fn what_is_forgotten_makes_it_due_sooner() {
        let mut weight = weight();
        weight.written(&records(Kind::AlertForgotten, 500, 10));
        weight.set_sizes(alerts(500));
        assert_eq!(weight.live(), 1_500_000);
        assert!(weight.is_due(3_005_000));
    }

    #[test]
    fn what_is_forgotten_during_a_compaction_counts_against_what_it_makes() {
        let mut weight = weight();
        weight.written(&records(Kind::AlertForgotten, 500, 10));
        weight.begin_compaction();
        weight.written(&records(Kind::AlertForgotten, 250, 10));
        weight.set_sizes(alerts(250));
        weight.compacted(records(Kind::Alert, 500, 3000), 1_500_000);
        assert_eq!(weight.live(), 750_000);
    }

    #[test]
    fn a_compaction_that_could_drop_nothing_is_not_due_again_at_once() {
        let mut weight = weight();
        // Members of groups count, though they are no longer among the alerts.
        weight.set_sizes(alerts(10));
        assert_eq!(weight.live(), 3_000_000);
        assert!(!weight.is_due(3_000_100));
    }

    #[test]
    fn more_cannot_be_forgotten_than_there_was() {
        let mut weight = weight();
        weight.written(&records(Kind::AlertForgotten, 5000, 0));
        weight.written(&records(Kind::SilenceForgotten, 5000, 0));
        assert_eq!(weight.live(), 0);
    }
}
