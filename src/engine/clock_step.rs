//! Steps of the wall clock: adjusts the state when the host's clock is set.
//!
//! PURE. Owns the rule that a clock step neither resolves nor revives an alert, and repeats no
//! notification. Small hosts boot in 1970 and jump when they first learn the time. Senders on the same host
//! jump with them; senders elsewhere had the right time all along. Runs on the dispatch thread.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;

use super::Engine;
use super::inhibit::Occurrence;
use super::messages::{Effect, Note};
use super::record::{KeyedAlert, Recovered};
use crate::model::{Alert, Fingerprint, FingerprintMap, Now, Wall};

/// The minimum difference between the progress of the wall clock and of the monotonic clock that counts as a
/// step. A smaller difference is drift or slewing.
const STEP_MIN: Duration = Duration::from_secs(2);

/// A clock that shows an earlier time has not been set: this program did not exist then. Small hosts show
/// such a time from boot until they learn the right one.
const CLOCK_UNSET_BEFORE: Wall = Wall::constant(1_767_225_600, 0);

/// Compares the progress of the two clocks.
#[derive(Debug, Default)]
pub struct StepWatch {
    last: Option<Now>,
}

impl StepWatch {
    /// By how much the wall clock was moved since the last call; `None` if it was not.
    fn step(&mut self, now: Now) -> Option<SignedDuration> {
        let last = self.last.replace(now)?;
        let step = now.wall.duration_since(last.wall_at(now.mono));
        (step.unsigned_abs() >= STEP_MIN).then_some(step)
    }
}

impl Engine {
    /// Shifts all stored times if the wall clock was set, and records the whole state anew, because earlier
    /// records use the old clock. [`Engine::handle`] calls this for each input. It also has to be called
    /// before a query, or firing alerts would look resolved.
    pub fn notice_clock_step(&mut self, now: Now, out: &mut Vec<Effect>) {
        let Some(step) = self.steps.step(now) else {
            return;
        };
        let shifted = |time: Wall| time.checked_add(step).unwrap_or(time);
        self.notification_log.shift(shifted);
        let before = latest_ends(self.keyed_alerts.iter().map(|(_, held)| held));
        let moved_key = |held: &KeyedAlert| held.moved(now.wall, step);
        self.keyed_alerts.shift(moved_key);
        let after = latest_ends(self.keyed_alerts.iter().map(|(_, held)| held));
        let held = Held { before, after };
        let moved = |alert: &Alert| moved(alert, &held, now.wall, step);
        // Store and groups share their alerts: a moved alert must be shared again, to keep the memory small.
        let mut replaced = FingerprintMap::with_hasher(self.settings.hash_key);
        for stored in self.alerts.iter_mut() {
            if let Some(moved) = moved(&stored.alert) {
                let old = std::mem::replace(&mut stored.alert, Arc::new(moved));
                replaced.insert(old.fingerprint, (old, Arc::clone(&stored.alert)));
            }
        }
        for member in self
            .groups
            .iter_mut()
            .flat_map(|(_, group)| group.members.iter_mut())
        {
            match replaced.get(&member.fingerprint) {
                Some((old, new)) if Arc::ptr_eq(old, member) => *member = Arc::clone(new),
                _ => {
                    if let Some(moved) = moved(member) {
                        *member = Arc::new(moved);
                    }
                }
            }
        }
        for stored in self.alerts.iter() {
            self.inhibitor.observe(&stored.alert, Occurrence::Known);
        }
        self.record_anew(now, out);
        out.push(Effect::Note(Note::ClockStepped {
            seconds: step.as_secs_f64(),
        }));
    }
}

/// The latest ends of the keys of each alert, before and after a step.
#[derive(Debug, Default)]
struct Held {
    before: BTreeMap<Fingerprint, Wall>,
    after: BTreeMap<Fingerprint, Wall>,
}

fn latest_ends<'k>(keys: impl Iterator<Item = &'k KeyedAlert>) -> BTreeMap<Fingerprint, Wall> {
    let mut latest = BTreeMap::new();
    for held in keys {
        let end = latest.entry(held.alert).or_insert(held.ends_at);
        *end = held.ends_at.max(*end);
    }
    latest
}

impl KeyedAlert {
    /// The end of the key, moved by `step`.
    fn moved(&self, now: Wall, step: SignedDuration) -> Wall {
        moved_end(self.ends_at, self.ends_by_ttl, now, step).unwrap_or(self.ends_at)
    }
}

/// The alert with its end time moved by `step`, or `None` if the end time stays. The alert stays firing or
/// resolved, as it was. An alert that ends with its last key moves with that key.
fn moved(alert: &Alert, held: &Held, now: Wall, step: SignedDuration) -> Option<Alert> {
    let ends_at = alert.ends_at.get();
    let [before, after] = [&held.before, &held.after].map(|ends| ends.get(&alert.fingerprint));
    let ends_at = match (before, after) {
        (Some(before), Some(after)) if *before == ends_at => *after,
        (_, after) => {
            let moved = moved_end(ends_at, alert.ends_by_timeout, now, step);
            moved.max(after.copied().filter(|after| *after > ends_at))?
        }
    };
    let ends_at = ends_at.into();
    Some(Alert {
        ends_at,
        starts_at: alert.starts_at.min(ends_at),
        ..alert.clone()
    })
}

/// An end time moved by `step`, or `None` if it stays. `is_ours` says whether it was computed with our clock.
///
/// Our own always moves. One that the sender set stays if the clock went forward without reaching it: the
/// sender's clock may have been right. What has no end keeps none.
fn moved_end(ends_at: Wall, is_ours: bool, now: Wall, step: SignedDuration) -> Option<Wall> {
    let before = now.checked_sub(step).unwrap_or(now);
    let is_crossed = (ends_at <= before) != (ends_at <= now);
    let moves = is_ours || is_crossed || step.is_negative();
    let moved = ends_at.checked_add(step).ok();
    moved.filter(|_| moves && ends_at != Wall::MAX)
}

/// Moves the times of a recovered state to the clock of this run, if its clock and that of the previous run
/// cannot both be right. Returns the state, and whether it was moved.
///
/// The clock counts as set in two cases: it is behind the last time written down, or it was unset when that
/// time was written and is set now. In both cases no time counts as passed between the runs.
pub fn in_terms_of_this_clock(mut recovered: Recovered, now: Wall) -> (Recovered, bool) {
    let Some(written_at) = recovered.written_at else {
        return (recovered, false);
    };
    let step = now.duration_since(written_at);
    let is_behind = step.is_negative() && step.unsigned_abs() >= STEP_MIN;
    let was_unset = written_at < CLOCK_UNSET_BEFORE && now >= CLOCK_UNSET_BEFORE;
    if is_behind || was_unset {
        shift(&mut recovered, now, step);
        return (recovered, true);
    }
    (recovered, false)
}

fn shift(recovered: &mut Recovered, now: Wall, step: SignedDuration) {
    let shifted = |time: Wall| time.checked_add(step).unwrap_or(time);
    recovered.written_at = Some(now);
    let before = latest_ends(recovered.keys.values());
    for held in recovered.keys.values_mut() {
        held.ends_at = held.moved(now, step);
    }
    let after = latest_ends(recovered.keys.values());
    let held = Held { before, after };
    for known in recovered.alerts.values_mut() {
        if let Some(alert) = moved(&known.alert, &held, now, step) {
            known.alert = Arc::new(alert);
        }
    }
    for entry in recovered.notification_log.values_mut() {
        entry.at = shifted(entry.at);
        entry.expires_at = shifted(entry.expires_at);
    }
    for counts_from in recovered.heartbeats.values_mut() {
        *counts_from = counts_from.map(shifted);
    }
    for timer in recovered.groups.values_mut() {
        timer.due_at = shifted(timer.due_at);
        for unsent in &mut timer.unsent {
            unsent.not_before = unsent.not_before.map(shifted);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Labels, Mono};

    fn at(second: i64) -> Wall {
        Wall::from_second(second).expect("a second near the epoch")
    }

    fn alert(ends_at: i64, ends_by_timeout: bool) -> Alert {
        Alert {
            fingerprint: Labels::default().fingerprint(),
            labels: Labels::default(),
            annotations: Labels::default(),
            starts_at: at(0).into(),
            ends_at: at(ends_at).into(),
            updated_at: at(0).into(),
            ends_by_timeout,
            generator_url: "".into(),
        }
    }

    /// Where the end of an alert lies after the clock went from second 1000 by `step`.
    fn end_after(alert: &Alert, step: i64) -> i64 {
        let step = SignedDuration::from_secs(step);
        let now = at(1000) + step;
        let moved = moved(alert, &Held::default(), now, step);
        moved.as_ref().unwrap_or(alert).ends_at.get().as_second()
    }

    #[test]
    fn a_step_is_told_from_drift() {
        let mut watch = StepWatch::default();
        let mut see = |mono: u64, wall: i64| {
            watch.step(Now {
                mono: Mono::from_nanos(mono * 1_000_000_000),
                wall: at(wall),
            })
        };
        assert_eq!(see(10, 100), None);
        assert_eq!(see(20, 111), None, "one second of drift");
        assert_eq!(see(30, 5121), Some(SignedDuration::from_secs(5000)));
        assert_eq!(see(40, 131), Some(SignedDuration::from_secs(-5000)));
        assert_eq!(see(50, 141), None);
    }

    #[test]
    fn a_jump_forward_resolves_nobody() {
        assert_eq!(
            end_after(&alert(1300, true), 5000),
            6300,
            "our timeout keeps what it had left"
        );
        assert_eq!(
            end_after(&alert(1300, false), 5000),
            6300,
            "the sender jumped with us"
        );
        assert_eq!(
            end_after(&alert(9000, false), 5000),
            9000,
            "the sender had the right time"
        );
        assert_eq!(end_after(&alert(900, false), 5000), 900, "over is over");
    }

    #[test]
    fn what_has_no_end_keeps_none_and_a_ttl_keeps_what_it_had_left() {
        let end = |ends_at, ends_by_ttl, step| {
            let held = KeyedAlert {
                alert: Fingerprint(1),
                ends_at,
                ends_by_ttl,
            };
            let step = SignedDuration::from_secs(step);
            held.moved(at(1000) + step, step)
        };
        for step in [5000, -500] {
            assert_eq!(end(Wall::MAX, false, step), Wall::MAX);
            assert_eq!(end(at(9000), true, step), at(9000 + step));
        }
        assert_eq!(end(at(9000), false, 5000), at(9000), "the source said so");
    }

    #[test]
    fn an_alert_moves_with_the_key_that_holds_it_longest() {
        let print = alert(9000, false).fingerprint;
        let held = Held {
            before: [(print, at(9000))].into(),
            after: [(print, at(14_000))].into(),
        };
        let step = SignedDuration::from_secs(5000);
        let end = |ends_at| {
            let alert = alert(ends_at, false);
            let moved = moved(&alert, &held, at(6000), step);
            moved.as_ref().unwrap_or(&alert).ends_at.get()
        };
        assert_eq!(end(9000), at(14_000));
        assert_eq!(end(9500), at(14_000), "the key holds it longer now");
        assert_eq!(end(15_000), at(15_000), "a sender of the API said so");
    }

    #[test]
    fn a_jump_back_revives_nobody_and_makes_nobody_immortal() {
        assert_eq!(end_after(&alert(900, false), -500), 400);
        assert_eq!(end_after(&alert(1300, false), -500), 800);
        assert_eq!(end_after(&alert(1300, true), -500), 800);
    }
}
