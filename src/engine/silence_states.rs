//! Silences by number, and the state of each: pending, active or expired.
//!
//! PURE. Owns the agenda of the next change of each state, so that the number of silences in each state is
//! kept up to date and never counted. Owns the index of the silences that have not expired: an expired one
//! costs memory until it is removed, and nothing else. Runs on the dispatch thread.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::compiled_regexes::uncompiled;
use super::index::MatcherIndex;
use super::ingest::later;
use super::silence_size::stored_bytes;
use crate::model::{HashKey, Labels, Silence, SilenceState, Wall};

/// All silences and their states.
#[derive(Debug)]
pub struct SilenceStates {
    /// The silences by number. Numbers ascend in the order of creation.
    silences: BTreeMap<u64, Kept>,
    /// When each silence that has not expired changes its state next.
    agenda: BTreeSet<(Wall, u64)>,
    /// The matchers of the silences that have not expired.
    index: MatcherIndex,
    counts: SilenceCounts,
    /// The bytes of all silences, as [`stored_bytes`] measures them.
    bytes: usize,
    /// The time of the latest change of state so far. Only a clock that was set back shows an earlier time.
    turned_at: Wall,
}

#[derive(Debug)]
struct Kept {
    silence: Arc<Silence>,
    state: SilenceState,
}

/// The number of silences in each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SilenceCounts {
    /// Silences in force.
    pub active: usize,
    /// Silences that have not started.
    pub pending: usize,
    /// Silences that have expired and are still kept.
    pub expired: usize,
}

/// The direction in which the wall clock went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advance {
    /// The clock went forward.
    Onward,
    /// The clock was set back. Expired silences can be active again, and remembered look-ups lack them.
    Backward,
}

impl SilenceStates {
    /// No silence.
    pub fn new(key: HashKey) -> Self {
        SilenceStates {
            silences: BTreeMap::new(),
            agenda: BTreeSet::new(),
            index: MatcherIndex::new(key),
            counts: SilenceCounts::default(),
            bytes: 0,
            turned_at: Wall::MIN,
        }
    }

    /// Stores a silence with its state at `now`. An older version with the same number is replaced; its
    /// matchers must be the same.
    pub fn put(&mut self, number: u64, silence: Arc<Silence>, now: Wall) {
        self.take_out(number);
        let state = silence.state_at(now);
        let silence = match state {
            SilenceState::Expired => without_regexes(silence),
            SilenceState::Pending | SilenceState::Active => silence,
        };
        self.silences.insert(number, Kept { silence, state });
        self.enter(number);
    }

    /// Updates the state of every silence whose next change is due by `now`.
    pub fn advance(&mut self, now: Wall) -> Advance {
        if now < self.turned_at {
            self.start_over(now);
            return Advance::Backward;
        }
        while let Some(&(at, number)) = self.agenda.first()
            && at <= now
        {
            self.turn(number, now);
        }
        Advance::Onward
    }

    /// Removes the silences that expired at least `retention` ago, and returns them with their numbers.
    pub fn forget(&mut self, now: Wall, retention: Duration) -> Vec<(u64, Arc<Silence>)> {
        let is_over = |kept: &Kept| later(kept.silence.ends_at, retention) <= now;
        let over = self.silences.iter().filter(|(_, kept)| is_over(kept));
        let over: Vec<u64> = over.map(|(number, _)| *number).collect();
        let taken = over.into_iter().filter_map(|number| {
            let silence = self.take_out(number)?;
            Some((number, silence))
        });
        taken.collect()
    }

    /// The numbers of the silences that have not expired and could match `labels`: ascending, from `from` on,
    /// at most `limit`.
    pub fn candidates(&self, labels: &Labels, from: u64, limit: usize) -> Vec<u64> {
        self.index.candidates(labels, from, limit)
    }

    /// The silence with this number.
    pub fn get(&self, number: u64) -> Option<&Arc<Silence>> {
        self.silences.get(&number).map(|kept| &kept.silence)
    }

    /// The silence with this number, unless it has expired.
    pub fn get_live(&self, number: u64) -> Option<&Arc<Silence>> {
        let kept = self.silences.get(&number)?;
        (kept.state != SilenceState::Expired).then_some(&kept.silence)
    }

    /// Whether all silences have expired.
    pub fn has_none_live(&self) -> bool {
        self.agenda.is_empty()
    }

    /// The silences with their numbers, ascending from `from` on.
    pub fn numbered_from(&self, from: u64) -> impl Iterator<Item = (u64, &Arc<Silence>)> {
        let kept = self.silences.range(from..);
        kept.map(|(number, kept)| (*number, &kept.silence))
    }

    /// The number of silences in each state.
    pub fn counts(&self) -> SilenceCounts {
        self.counts
    }

    /// The bytes of all silences, as [`stored_bytes`] measures them.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The number of silences, including expired ones.
    pub fn len(&self) -> usize {
        self.silences.len()
    }

    /// Whether there is no silence.
    pub fn is_empty(&self) -> bool {
        self.silences.is_empty()
    }

    fn turn(&mut self, number: u64, now: Wall) {
        let silence = self.take_out(number).expect("a silence on the agenda");
        self.put(number, silence, now);
    }

    fn start_over(&mut self, now: Wall) {
        self.turned_at = Wall::MIN;
        let numbers: Vec<u64> = self.silences.keys().copied().collect();
        for number in numbers {
            self.turn(number, now);
        }
    }

    /// Adds a silence that was just stored to counts, agenda and index.
    fn enter(&mut self, number: u64) {
        let Kept { silence, state } = &self.silences[&number];
        *self.counts.of(*state) += 1;
        self.bytes += bytes_of(silence);
        self.turned_at = self.turned_at.max(stands_since(silence, *state));
        if let Some(at) = turns_at(silence, *state) {
            self.agenda.insert((at, number));
            self.index.insert(number, &silence.matchers);
        }
    }

    fn take_out(&mut self, number: u64) -> Option<Arc<Silence>> {
        let Kept { silence, state } = self.silences.remove(&number)?;
        *self.counts.of(state) -= 1;
        self.bytes -= bytes_of(&silence);
        if let Some(at) = turns_at(&silence, state) {
            self.agenda.remove(&(at, number));
            self.index.remove(number, &silence.matchers);
        }
        Some(silence)
    }
}

impl SilenceCounts {
    fn of(&mut self, state: SilenceState) -> &mut usize {
        match state {
            SilenceState::Active => &mut self.active,
            SilenceState::Pending => &mut self.pending,
            SilenceState::Expired => &mut self.expired,
        }
    }
}

/// An expired silence without its compiled regexes.
fn without_regexes(silence: Arc<Silence>) -> Arc<Silence> {
    if silence.matchers.iter().all(|it| it.compiled_bytes() == 0) {
        return silence;
    }
    Arc::new(Silence {
        matchers: uncompiled(&silence.matchers),
        ..(*silence).clone()
    })
}

/// The bytes of a silence. The retention is taken as zero, because it is no part of the silence.
fn bytes_of(silence: &Silence) -> usize {
    stored_bytes(silence, Duration::ZERO)
}

/// When a silence leaves this state; `None` if it has expired.
fn turns_at(silence: &Silence, state: SilenceState) -> Option<Wall> {
    match state {
        SilenceState::Pending => Some(silence.starts_at),
        SilenceState::Active => Some(past(silence.ends_at)),
        SilenceState::Expired => None,
    }
}

/// Since when a silence has been in this state.
fn stands_since(silence: &Silence, state: SilenceState) -> Wall {
    match state {
        SilenceState::Pending => Wall::MIN,
        SilenceState::Active => silence.starts_at,
        SilenceState::Expired => past(silence.ends_at),
    }
}

/// The first moment after `end`, because a silence is still active at its end (§7.1).
fn past(end: Wall) -> Wall {
    later(end, Duration::from_nanos(1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::{MatchOp, Matcher};

    fn at(second: i64) -> Wall {
        Wall::from_second(second).expect("a second near the epoch")
    }

    fn silence(starts_at: i64, ends_at: i64) -> Arc<Silence> {
        let matcher = Matcher::new(MatchOp::Regex, "host", "web.*").expect("a sound matcher");
        Arc::new(Silence {
            id: "some-id".into(),
            matchers: [matcher].into(),
            starts_at: at(starts_at),
            ends_at: at(ends_at),
            updated_at: at(0),
            created_by: String::new(),
            comment: String::new(),
            annotations: Labels::default(),
        })
    }

    fn host() -> Labels {
        Labels::from_pairs([("host", "web-1")])
    }

    #[test]
    fn of_twenty_thousand_expired_silences_none_is_looked_at() {
        let mut silence_states = SilenceStates::new(HashKey::seeded(1));
        for number in 1..=20_000 {
            silence_states.put(number, silence(0, 10), at(5));
        }
        silence_states.put(20_001, silence(0, 1_000), at(5));
        assert_eq!(
            silence_states.candidates(&host(), 0, usize::MAX).len(),
            20_001
        );
        assert_eq!(silence_states.advance(at(11)), Advance::Onward);
        assert_eq!(silence_states.candidates(&host(), 0, usize::MAX), [20_001]);
        assert_eq!(
            (silence_states.len(), silence_states.counts().expired),
            (20_001, 20_000)
        );
        assert!(silence_states.get_live(1).is_none() && silence_states.get(1).is_some());
    }

    proptest! {
        /// Silences are put, changed and forgotten while the clock goes on, and is set back at times.
        #[test]
        fn what_is_kept_is_what_counting_would_find(
            steps in prop::collection::vec((0_u64..8, 0_i64..60, 0_i64..30, 0_u8..6), 1..60),
        ) {
            let mut silence_states = SilenceStates::new(HashKey::seeded(1));
            let mut now = 0;
            for (number, starts_at, length, step) in steps {
                match step {
                    0 => now -= starts_at,
                    1 => drop(silence_states.forget(at(now), Duration::from_secs(5))),
                    2 | 3 => now += length,
                    _ => silence_states.put(number, silence(starts_at, starts_at + length), at(now)),
                }
                silence_states.advance(at(now));
                let states: Vec<(u64, SilenceState)> = silence_states
                    .numbered_from(0)
                    .map(|(number, silence)| (number, silence.state_at(at(now))))
                    .collect();
                let count = |wanted| states.iter().filter(|(_, state)| *state == wanted).count();
                prop_assert_eq!(silence_states.counts(), SilenceCounts {
                    active: count(SilenceState::Active),
                    pending: count(SilenceState::Pending),
                    expired: count(SilenceState::Expired),
                });
                let live = states.iter().filter(|(_, state)| *state != SilenceState::Expired);
                let live: Vec<u64> = live.map(|(number, _)| *number).collect();
                prop_assert_eq!(silence_states.candidates(&host(), 0, usize::MAX), live.clone());
                prop_assert_eq!(silence_states.has_none_live(), live.is_empty());
            }
        }
    }
}
