//! Silences: how they are created, changed and removed, and which alerts they silence.
//!
//! PURE. Owns all silences and, for each alert that was looked up, the silences that match it (§7). The ids
//! come from the engine's random generator. Runs on the dispatch thread.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::compiled_regexes::{CompiledRegexes, Unusable, uncompiled};
use super::messages::{SilenceChange, SilenceFault};
use super::random::Random;
use super::silence_size::stored_bytes;
use super::silence_states::{Advance, SilenceCounts, SilenceStates};
use super::step_budget::StepBudget;
use crate::model::{
    Alert, Fingerprint, FingerprintMap, HashKey, MatchOp, Matcher, PostedSilence, Silence,
    SilenceState, Wall, ZERO_TIME,
};

/// The limits of the number, size and lifetime of silences.
#[derive(Clone, Copy, Debug)]
pub struct SilenceLimits {
    /// Maximum number of silences, including expired ones; 0 is no limit.
    pub count: usize,
    /// Maximum bytes of one silence; 0 is no limit.
    pub bytes: usize,
    /// Maximum bytes of all silences together, including expired ones.
    pub text_bytes: usize,
    /// How long an expired silence is kept.
    pub retention: Duration,
}

/// A change of a silence, for the journal and the log.
#[derive(Clone, Debug)]
pub struct Changed {
    /// What was done.
    pub change: SilenceChange,
    /// The number of the silence. Numbers ascend in the order of creation.
    pub number: u64,
    /// The silence after the change.
    pub silence: Arc<Silence>,
}

/// All silences, and the look-ups that are remembered.
#[derive(Debug)]
pub struct Silences {
    limits: SilenceLimits,
    silences: SilenceStates,
    numbers: BTreeMap<Arc<str>, u64>,
    regexes: CompiledRegexes,
    next_number: u64,
    known: FingerprintMap<Known>,
    counts: SilenceLookups,
    /// Silences that [`Silences::look_up`] has tried for a look-up that is not counted yet.
    tried_ahead: u64,
}

/// Counts of the look-ups of silences.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SilenceLookups {
    /// The number of look-ups.
    pub all: u64,
    /// The number of silences whose matchers were tried.
    pub scanned: u64,
    /// The number of silences that did not have to be tried.
    pub skipped: u64,
}

/// The silences that match an alert, among those with a number below `looked_up_to`.
#[derive(Debug, Default)]
struct Known {
    looked_up_to: u64,
    matching: Vec<u64>,
}

impl Silences {
    /// No silence yet.
    pub fn new(limits: SilenceLimits, key: HashKey) -> Self {
        Silences {
            limits,
            silences: SilenceStates::new(key),
            numbers: BTreeMap::new(),
            regexes: CompiledRegexes::default(),
            next_number: 1,
            known: FingerprintMap::with_hasher(key),
            counts: SilenceLookups::default(),
            tried_ahead: 0,
        }
    }

    /// Creates a silence or changes one, and appends the changes. Returns the id of the silence. A change of
    /// the matchers or of the start expires the old silence and creates one with a new id (§7.2).
    pub fn set(
        &mut self,
        mut posted: PostedSilence,
        now: Wall,
        random: &mut Random,
        changes: &mut Vec<Changed>,
    ) -> Result<Arc<str>, SilenceFault> {
        if posted.starts_at == ZERO_TIME {
            posted.starts_at = now;
        }
        check(&posted)?;
        let old = match &posted.id {
            Some(id) => Some(self.get(id).cloned().ok_or(SilenceFault::NotFound)?),
            None => None,
        };
        if let Some(old) = old.as_ref().filter(|old| may_update(old, &posted, now)) {
            self.regexes.share(&mut posted.matchers);
            let silence = silence(Arc::clone(&old.id), posted, now);
            self.check_size(&silence, self.stored_bytes(old))?;
            return Ok(self.replace(silence, SilenceChange::Update, now, changes));
        }
        // Not an update: check everything before the old silence is expired.
        self.check_count()?;
        self.check_regexes(&posted.matchers, now)?;
        posted.starts_at = posted.starts_at.max(now);
        let mut silence = silence(random_uuid(random).into(), posted, now);
        self.check_size(&silence, 0)?;
        share(&mut self.regexes, &mut silence);
        if let Some(old) = old.filter(|old| old.state_at(now) != SilenceState::Expired) {
            self.end(&old, now, changes);
        }
        Ok(self.insert(silence, now, changes))
    }

    /// Expires a silence. Expiring an expired silence is not an error and changes nothing (§7.3).
    pub fn expire(
        &mut self,
        id: &str,
        now: Wall,
        changes: &mut Vec<Changed>,
    ) -> Result<Arc<str>, SilenceFault> {
        let silence = self.get(id).cloned().ok_or(SilenceFault::NotFound)?;
        if silence.state_at(now) != SilenceState::Expired {
            self.end(&silence, now, changes);
        }
        Ok(Arc::clone(&silence.id))
    }

    /// Updates the states of all silences that begin or end by `now`.
    pub fn advance(&mut self, now: Wall) {
        let expired = self.silences.counts().expired;
        // After a step backward, expired silences can be active again: remembered look-ups lack them.
        if self.silences.advance(now) == Advance::Backward {
            self.known.clear();
        }
        if self.silences.counts().expired != expired {
            self.regexes.note_dropped();
        }
    }

    /// The ids of the active silences that match `alert`, sorted.
    pub fn silencing(&mut self, alert: &Alert, now: Wall) -> Vec<Arc<str>> {
        self.counts.all += 1;
        if self.silences.has_none_live() {
            self.counts.skipped += self.silences.len() as u64;
            return Vec::new();
        }
        let ahead = std::mem::take(&mut self.tried_ahead);
        let tried = ahead + self.learn(alert, &mut StepBudget::without_end());
        self.counts.skipped += (self.silences.len() as u64).saturating_sub(tried);
        let known = self.known.get(&alert.fingerprint);
        let matching = known.into_iter().flat_map(|known| &known.matching);
        let matching = matching.filter_map(|number| self.silences.get_live(*number));
        let active = matching.filter(|silence| silence.state_at(now) == SilenceState::Active);
        let mut ids: Vec<Arc<str>> = active.map(|silence| Arc::clone(&silence.id)).collect();
        ids.sort_unstable();
        ids
    }

    /// Tries silences against `alert` within the step budget, and remembers the matches and the position, so
    /// that a later call can continue. Returns how many silences were tried.
    fn learn(&mut self, alert: &Alert, steps: &mut StepBudget) -> u64 {
        let known = self.known.entry(alert.fingerprint).or_default();
        if known.looked_up_to == self.next_number {
            return 0;
        }
        let silences = &self.silences;
        known
            .matching
            .retain(|number| silences.get_live(*number).is_some());
        let mut tried = 0;
        let candidates = silences.candidates(&alert.labels, known.looked_up_to, steps.left());
        for number in candidates {
            if steps.are_used_up() {
                self.counts.scanned += tried;
                return tried;
            }
            let silence = silences.get(number).expect("an indexed silence");
            tried += 1;
            if self.regexes.all_match(silence, &alert.labels, steps) {
                known.matching.push(number);
            }
            known.looked_up_to = number + 1;
        }
        if !steps.are_used_up() {
            known.looked_up_to = self.next_number;
        }
        self.counts.scanned += tried;
        tried
    }

    /// Looks up which silences match `alert` within the step budget, and returns whether the look-up is
    /// complete. A complete look-up is remembered and costs no step. Each call with a step left makes
    /// progress.
    pub fn look_up(&mut self, alert: &Alert, steps: &mut StepBudget) -> bool {
        if self.silences.has_none_live() {
            return true;
        }
        self.tried_ahead += self.learn(alert, steps);
        let known = self.known.get(&alert.fingerprint);
        known.is_some_and(|known| known.looked_up_to == self.next_number)
    }

    /// Forgets the look-up of an alert that was removed.
    pub fn forget_alert(&mut self, fingerprint: Fingerprint) {
        self.known.remove(&fingerprint);
    }

    /// Removes the silences that expired longer ago than the retention, and returns their numbers.
    pub fn collect(&mut self, now: Wall) -> Vec<u64> {
        let over = self.silences.forget(now, self.limits.retention);
        for (_, silence) in &over {
            self.numbers.remove(&silence.id);
        }
        self.advance(now);
        self.regexes.note_dropped();
        over.into_iter().map(|(number, _)| number).collect()
    }

    /// Gives back the memory that look-ups of forgotten alerts took.
    pub fn shrink(&mut self) {
        self.known.shrink_to(2 * self.known.len());
    }

    /// Restores the silences of the previous run. Their states start as of `alive_at`, the last time that run
    /// wrote down: silences that had expired by then cannot have muted anything since.
    pub fn restore(&mut self, kept: BTreeMap<u64, Arc<Silence>>, alive_at: Wall) {
        for (number, mut silence) in kept {
            if let Some(silence) = Arc::get_mut(&mut silence) {
                share(&mut self.regexes, silence);
            }
            self.numbers.insert(Arc::clone(&silence.id), number);
            self.silences.put(number, silence, alive_at);
            self.next_number = self.next_number.max(number + 1);
        }
    }

    /// Takes the regexes of kept silences that were found not to compile since the last call.
    pub fn take_unusable(&mut self) -> Vec<Unusable> {
        self.regexes.take_unusable()
    }

    /// The silences with their numbers, in ascending order from this number on.
    pub fn numbered_from(&self, from: u64) -> impl Iterator<Item = (u64, &Arc<Silence>)> {
        self.silences.numbered_from(from)
    }

    /// How many silences are active, pending and expired.
    pub fn silence_states(&self) -> SilenceCounts {
        self.silences.counts()
    }

    /// The counts of look-ups since the start.
    pub fn lookups(&self) -> SilenceLookups {
        self.counts
    }

    /// Counts a listing of this many silences: as one look-up that tries each of them.
    pub fn count_listing(&mut self, listed: usize) {
        self.counts.all += 1;
        self.counts.scanned += listed as u64;
    }

    /// The number of silences, including expired ones.
    pub fn len(&self) -> usize {
        self.silences.len()
    }

    /// Whether there is no silence.
    pub fn is_empty(&self) -> bool {
        self.silences.is_empty()
    }

    fn get(&self, id: &str) -> Option<&Arc<Silence>> {
        self.silences.get(*self.numbers.get(id)?)
    }

    fn check_count(&self) -> Result<(), SilenceFault> {
        let (count, limit) = (self.silences.len(), self.limits.count);
        if limit == 0 || count < limit {
            return Ok(());
        }
        Err(SilenceFault::Refused(format!(
            "exceeded maximum number of silences: {count} (limit: {limit})"
        )))
    }

    /// Checks that the compiled regexes fit within the limit, beside those of all silences that have not
    /// expired.
    fn check_regexes(&mut self, matchers: &[Matcher], now: Wall) -> Result<(), SilenceFault> {
        if self.regexes.have_room_for(matchers) {
            return Ok(());
        }
        self.advance(now);
        if self.regexes.have_room_for(matchers) {
            return Ok(());
        }
        let (bytes, limit) = (self.regexes.bytes(), self.regexes.limit());
        Err(SilenceFault::Refused(format!(
            "exceeded maximum size of the compiled regular expressions of all silences: {bytes} bytes \
             (limit: {limit} bytes)"
        )))
    }

    /// Checks that a silence is within the size limits, both by itself and together with the others. It
    /// replaces one of `replaced` bytes.
    fn check_size(&self, silence: &Silence, replaced: usize) -> Result<(), SilenceFault> {
        let (bytes, limit) = (self.stored_bytes(silence), self.limits.bytes);
        let others = self.silences.bytes().saturating_sub(replaced);
        let (all, all_limit) = (others + bytes, self.limits.text_bytes);
        if all > all_limit {
            return Err(SilenceFault::Refused(format!(
                "exceeded maximum size of all silences, expired ones included: {all} bytes (limit: \
                 {all_limit} bytes)"
            )));
        }
        if limit == 0 || bytes <= limit {
            return Ok(());
        }
        Err(SilenceFault::Refused(format!(
            "silence exceeded maximum size: {bytes} bytes (limit: {limit} bytes)"
        )))
    }

    fn stored_bytes(&self, silence: &Silence) -> usize {
        stored_bytes(silence, self.limits.retention)
    }

    fn end(&mut self, silence: &Silence, now: Wall, changes: &mut Vec<Changed>) {
        let is_pending = silence.state_at(now) == SilenceState::Pending;
        let ended = Silence {
            starts_at: if is_pending { now } else { silence.starts_at },
            ends_at: now,
            updated_at: now,
            matchers: uncompiled(&silence.matchers),
            ..silence.clone()
        };
        self.regexes.note_dropped();
        self.replace(ended, SilenceChange::Expire, now, changes);
    }

    fn insert(&mut self, silence: Silence, now: Wall, changes: &mut Vec<Changed>) -> Arc<str> {
        let number = self.next_number;
        self.next_number += 1;
        self.numbers.insert(Arc::clone(&silence.id), number);
        self.put((number, silence), SilenceChange::Create, now, changes)
    }

    /// Replaces a silence by a newer state of it. The matchers must be the same.
    fn replace(
        &mut self,
        silence: Silence,
        change: SilenceChange,
        now: Wall,
        changes: &mut Vec<Changed>,
    ) -> Arc<str> {
        let number = self.numbers[&silence.id];
        self.put((number, silence), change, now, changes)
    }

    fn put(
        &mut self,
        (number, silence): (u64, Silence),
        change: SilenceChange,
        now: Wall,
        changes: &mut Vec<Changed>,
    ) -> Arc<str> {
        let silence = Arc::new(silence);
        self.silences.put(number, Arc::clone(&silence), now);
        let id = Arc::clone(&silence.id);
        changes.push(Changed {
            change,
            number,
            silence,
        });
        id
    }
}

/// Lets a silence share compiled regexes with others, if nothing else refers to its matchers yet.
fn share(regexes: &mut CompiledRegexes, silence: &mut Silence) {
    if let Some(matchers) = Arc::get_mut(&mut silence.matchers) {
        regexes.share(matchers);
    }
}

fn silence(id: Arc<str>, posted: PostedSilence, now: Wall) -> Silence {
    Silence {
        id,
        matchers: posted.matchers.into(),
        starts_at: posted.starts_at,
        ends_at: posted.ends_at,
        updated_at: now,
        created_by: posted.created_by,
        comment: posted.comment,
        annotations: posted.annotations,
    }
}

/// Whether a posted change updates the silence and keeps its id (§7.2 step 4).
fn may_update(old: &Silence, posted: &PostedSilence, now: Wall) -> bool {
    if *old.matchers != *posted.matchers {
        return false;
    }
    match old.state_at(now) {
        SilenceState::Active => {
            old.starts_at.as_second() == posted.starts_at.as_second() && posted.ends_at >= now
        }
        SilenceState::Pending => posted.starts_at >= now,
        SilenceState::Expired => false,
    }
}

/// Checks the rules of §7.4 in their order.
fn check(posted: &PostedSilence) -> Result<(), SilenceFault> {
    let refuse = |why: &str| Err(SilenceFault::Refused(format!("invalid silence: {why}")));
    if let Some(fault) = &posted.fault {
        return refuse(fault);
    }
    if posted.matchers.is_empty() {
        return refuse("at least one matcher set required");
    }
    if posted.matchers.iter().all(accepts_empty) {
        return refuse("matcher set 0: at least one matcher must not match the empty string");
    }
    if posted.ends_at < posted.starts_at {
        return refuse("end time must not be before start time");
    }
    Ok(())
}

/// Whether a matcher accepts the empty value (§7.4). A negative matcher never counts as doing so. A regex
/// does if any part of the empty text matches it.
fn accepts_empty(matcher: &Matcher) -> bool {
    match matcher.op() {
        MatchOp::Equal => matcher.value().is_empty(),
        MatchOp::Regex => matcher.matches_value(""),
        MatchOp::NotEqual | MatchOp::NotRegex => false,
    }
}

/// A version 4 UUID.
fn random_uuid(random: &mut Random) -> String {
    let (high, low) = (random.next_u64(), random.next_u64());
    let high = (high & !0xf000) | 0x4000;
    let low = (low & !(0b11 << 62)) | (0b10 << 62);
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xffff,
        low >> 48,
        low & 0xffff_ffff_ffff
    )
}

#[cfg(test)]
mod tests;
