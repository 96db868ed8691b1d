//! When it is worth while to compact: how much of what lies on disk still counts.
//!
//! PURE. Owns an estimate that costs a few numbers, where the truth would cost a map of all keys.
//! It errs on the low side: what was added since the last snapshot counts for nothing, what was
//! forgotten counts against the snapshot. Runs on the journal thread.

use super::codec::Kind;
use crate::limits;
use crate::telemetry::metrics::{RECORD_KINDS, RecordCounts};

/// Records of each kind that can be forgotten, and of the kind that forgets them.
const FORGETTING: [(Kind, Kind); 5] = [
    (Kind::Alert, Kind::AlertForgotten),
    (Kind::Group, Kind::GroupRemoved),
    (Kind::Told, Kind::ToldForgotten),
    (Kind::Silence, Kind::SilenceForgotten),
    (Kind::Inherited, Kind::InheritedForgotten),
];

/// Records and their bytes in a file, by kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many.
    pub records: RecordCounts,
    /// How long they are together.
    pub bytes: [u64; RECORD_KINDS],
}

impl Tally {
    /// Counts a record of this kind and length.
    pub fn count(&mut self, kind: Kind, bytes: usize) {
        self.records[kind.index()] += 1;
        self.bytes[kind.index()] += bytes as u64;
    }
}

/// What the last snapshot weighs, and how much of that is gone.
#[derive(Debug, Default)]
pub struct Weight {
    base: Tally,
    base_bytes: u64,
    forgotten: RecordCounts,
    /// Of those, what was forgotten since a compaction began.
    meanwhile: RecordCounts,
}

impl Weight {
    /// The weight of a snapshot of so many bytes that was just made.
    pub fn of(base: Tally, base_bytes: u64) -> Self {
        Weight {
            base,
            base_bytes,
            ..Weight::default()
        }
    }

    /// A compaction begins, of all that was written so far.
    pub fn begin_compaction(&mut self) {
        self.meanwhile = [0; RECORD_KINDS];
    }

    /// The compaction that was begun last has made this of it.
    pub fn compacted(&mut self, base: Tally, base_bytes: u64) {
        let forgotten = self.meanwhile;
        *self = Weight {
            forgotten,
            meanwhile: forgotten,
            ..Weight::of(base, base_bytes)
        };
    }

    /// Notes what was written since.
    pub fn written(&mut self, records: &RecordCounts) {
        for place in FORGETTING.map(|(_, forgets)| forgets.index()) {
            self.forgotten[place] += records[place];
            self.meanwhile[place] += records[place];
        }
    }

    /// Bytes that a snapshot would have now, at least as far as is known.
    pub fn live(&self) -> u64 {
        let gone = FORGETTING.map(|(kind, forgets)| {
            let known = self.base.records[kind.index()];
            let gone = self.forgotten[forgets.index()].min(known);
            share(self.bytes_with(kind), gone, known)
        });
        self.base_bytes.saturating_sub(gone.iter().sum())
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

    /// Bytes at which a segment is ended and another one begun.
    pub fn segment_bytes(&self) -> u64 {
        limits::SEGMENT_BYTES.max(self.base_bytes / 4)
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

    /// A thousand alerts of 3000 bytes, extended once each, and ten silences of 100.
    fn weight() -> Weight {
        let mut base = Tally::default();
        for _ in 0..1000 {
            base.count(Kind::Alert, 3000);
            base.count(Kind::AlertExtended, 200);
        }
        for _ in 0..10 {
            base.count(Kind::Silence, 100);
        }
        let bytes = base.bytes.iter().sum();
        Weight::of(base, bytes)
    }

    fn counts(kind: Kind, count: u64) -> RecordCounts {
        let mut counts = [0; RECORD_KINDS];
        counts[kind.index()] = count;
        counts
    }

    #[test]
    fn compaction_is_due_once_segments_hold_half_as_much_as_the_snapshot() {
        let mut weight = weight();
        weight.written(&counts(Kind::AlertExtended, 1_000_000));
        let base = weight.live();
        assert_eq!(base, 3_201_000);
        assert!(!weight.is_due(base + base / 2));
        assert!(weight.is_due(base + base / 2 + 1));
    }

    #[test]
    fn small_journals_are_left_alone_until_it_is_worth_while() {
        let weight = Weight::default();
        assert!(!weight.is_due(limits::COMPACTION_LEAST));
        assert!(weight.is_due(limits::COMPACTION_LEAST + 1));
    }

    #[test]
    fn what_is_forgotten_makes_it_due_sooner() {
        let mut weight = weight();
        let base = weight.live();
        assert!(!weight.is_due(base));
        weight.written(&counts(Kind::AlertForgotten, 500));
        assert_eq!(weight.live(), base - 1_600_000);
        assert!(weight.is_due(base));
    }

    #[test]
    fn what_is_forgotten_during_a_compaction_counts_against_what_it_makes() {
        let mut weight = weight();
        weight.written(&counts(Kind::AlertForgotten, 500));
        weight.begin_compaction();
        weight.written(&counts(Kind::AlertForgotten, 250));
        let mut base = Tally::default();
        for _ in 0..500 {
            base.count(Kind::Alert, 3200);
        }
        weight.compacted(base, 1_600_000);
        assert_eq!(weight.live(), 800_000);
    }

    #[test]
    fn more_cannot_be_forgotten_than_there_was() {
        let mut weight = weight();
        weight.written(&counts(Kind::AlertForgotten, 5000));
        weight.written(&counts(Kind::SilenceForgotten, 5000));
        assert_eq!(weight.live(), 0);
    }
}
