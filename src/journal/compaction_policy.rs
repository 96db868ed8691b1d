//! When it is worth while to compact: how much of what lies on disk still counts.
//!
//! PURE. Owns an estimate that costs a few numbers, where the truth would cost a map of all keys: how
//! many alerts, groups and so on there are is known, and how long a record of each kind is on
//! average. It is held between what is certain: what was forgotten since the last snapshot counts no
//! more, and what was written since may count wholly or not at all. Runs on the journal thread.

use super::codec::Kind;
use super::record_counts::RecordCounts;
use crate::engine::Sizes;
use crate::limits;

/// Records of each kind that can be forgotten, and of the kind that forgets them.
const FORGETTING: [(Kind, Kind); 5] = [
    (Kind::Alert, Kind::AlertForgotten),
    (Kind::Group, Kind::GroupRemoved),
    (Kind::LogEntry, Kind::LogEntryForgotten),
    (Kind::Silence, Kind::SilenceForgotten),
    (Kind::AlertmanagerEntry, Kind::AlertmanagerEntryForgotten),
];

/// What the last snapshot weighs, and what was written since.
#[derive(Debug, Default)]
pub struct CompactionPolicy {
    base: RecordCounts,
    base_bytes: u64,
    since: RecordCounts,
    /// Of that, what was written since a compaction began.
    meanwhile: RecordCounts,
    sizes: Sizes,
}

impl CompactionPolicy {
    /// A snapshot of so many bytes holds all there is.
    pub fn replaced(&mut self, base: RecordCounts, base_bytes: u64) {
        *self = CompactionPolicy {
            base,
            base_bytes,
            sizes: self.sizes,
            ..CompactionPolicy::default()
        };
    }

    /// A compaction begins, of all that was written so far.
    pub fn begin_compaction(&mut self) {
        self.meanwhile = RecordCounts::default();
    }

    /// The compaction that was begun last has made this of it.
    pub fn compacted(&mut self, base: RecordCounts, base_bytes: u64) {
        let since = self.meanwhile;
        self.replaced(base, base_bytes);
        self.written(&since);
    }

    /// Notes what was written.
    pub fn written(&mut self, record_counts: &RecordCounts) {
        self.since.add(record_counts);
        self.meanwhile.add(record_counts);
    }

    /// Notes how much there is.
    pub fn set_sizes(&mut self, sizes: Sizes) {
        self.sizes = sizes;
    }

    /// Bytes that a snapshot would have now, as far as is known.
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

    /// The same, from how much there is.
    fn by_sizes(&self) -> u64 {
        let sizes = &self.sizes;
        let counts = [
            (Kind::Alert, sizes.alerts),
            // Times that were extended lie beside their alerts; not every alert has any.
            (Kind::AlertExtended, sizes.alerts),
            (Kind::Group, sizes.groups),
            (Kind::LogEntry, sizes.told),
            (Kind::Silence, sizes.silences),
        ];
        let bytes = counts.map(|(kind, count)| {
            let place = kind.index();
            let records = self.base.records[place] + self.since.records[place];
            let bytes = self.base.bytes[place] + self.since.bytes[place];
            share(bytes, (count as u64).min(records), records)
        });
        bytes.iter().sum()
    }

    /// Bytes of the records that go when those of a kind are forgotten.
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

    /// Whether files of so many bytes, the snapshot among them, should be made one. While that is
    /// done they lie beside what is made of them: two and a half times what counts, and what is
    /// written meanwhile.
    pub fn is_due(&self, bytes: u64) -> bool {
        let live = self.live();
        bytes > live + (live / 2).max(limits::COMPACTION_LEAST)
    }

    /// Bytes at which a segment is ended and another one begun: more the more there is, so that many
    /// alerts alone never make as many segments as call for a compaction.
    pub fn segment_bytes(&self) -> u64 {
        let written = self.base_bytes + self.since.bytes.iter().sum::<u64>();
        limits::SEGMENT_BYTES.max(written / 4)
    }
}

/// `part` of `whole` parts of `bytes`.
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
