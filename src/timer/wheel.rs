//! PURE. A hierarchical timer wheel: millions of alarms, each armed, moved, cancelled and rung in constant
//! time.
//!
//! Owns which alarms are armed and for when. Never reads a clock and never waits; `mod.rs` does both, on
//! the timer thread.
//!
//! Time is cut into ticks of a millisecond; an alarm rings at the first tick that is not before the
//! time it was armed for, so never early and less than a millisecond late. A tick is a number in
//! base 64, and each digit of it is a level of the wheel:
//!
//! ```text
//!  level 2            level 1            level 0
//!  64 slots, 4 s      64 slots, 64 ms    64 slots, 1 ms
//!  [ · · · C · · ] ─► [ · B · · · · ] ─► [ · · A · · · ] ─► rings
//! ```
//!
//! `stands` is the tick up to which the wheel has turned. An alarm's level is that of the highest digit in
//! which its tick differs from `stands`; its slot in that level is its own digit. Three things follow:
//! - All slots before `stands` are empty.
//! - Every alarm of a level is due before every alarm of the level above.
//! - The first occupied slot of the lowest occupied level is the next to turn to, so the wheel skips empty
//!   ticks.
//!
//! When `stands` reaches a slot of a higher level, the alarms of that slot cascade to lower levels.
//!
//! The place of an alarm follows from its time and `stands`, so it is not stored: a node takes 16 bytes,
//! and a million alarms take 16 MB.

use crate::engine::AlarmId;
use crate::model::Mono;

const NANOS_PER_TICK: u64 = 1_000_000;

/// Bits of a digit: one bitmap word says which of a level's slots are occupied.
const DIGIT_BITS: u32 = 6;

const SLOTS: usize = 1 << DIGIT_BITS;

/// The largest tick a [`Mono`] can name has 45 bits, so eight digits reach any time there is.
const LEVELS: usize = 8;

const _: () = assert!(u64::MAX.div_ceil(NANOS_PER_TICK) >> (DIGIT_BITS * LEVELS as u32) == 0);

/// In `next` of a node: not armed. In a slot: empty.
const NONE: u32 = u32::MAX;

/// The armed alarms, by id and by time.
#[derive(Debug)]
pub struct Wheel {
    /// The tick up to which the wheel has turned. No armed alarm has an earlier tick, except one that was
    /// armed late.
    stands: u64,
    levels: [Level; LEVELS],
    /// Indexed by alarm; grows to the largest id seen.
    nodes: Vec<Node>,
    armed: usize,
    /// Insertions and slots visited, which stand for the time that operations take.
    #[cfg(test)]
    work: u64,
}

/// One digit of time.
#[derive(Clone, Copy, Debug)]
struct Level {
    /// Bit `n` is set while slot `n` holds an alarm.
    occupied: u64,
    /// The first alarm of each slot's circular list.
    heads: [u32; SLOTS],
}

/// An alarm, linked into the circular list of its slot while it is armed.
#[derive(Clone, Copy, Debug)]
struct Node {
    at: Mono,
    next: u32,
    previous: u32,
}

const _: () = assert!(size_of::<Node>() == 16);

/// A slot of a level.
#[derive(Clone, Copy, Debug)]
struct Place {
    level: usize,
    slot: usize,
}

impl Wheel {
    /// An empty wheel that has turned up to `now`.
    pub fn new(now: Mono) -> Self {
        let empty = Level {
            occupied: 0,
            heads: [NONE; SLOTS],
        };
        Wheel {
            stands: last_tick_by(now),
            levels: [empty; LEVELS],
            nodes: Vec::new(),
            armed: 0,
            #[cfg(test)]
            work: 0,
        }
    }

    /// The number of armed alarms.
    pub fn len(&self) -> usize {
        self.armed
    }

    /// Whether no alarm is armed.
    pub fn is_empty(&self) -> bool {
        self.armed == 0
    }

    /// Arms `id` for `at`, instead of the time it was armed for before, if any. A time that the wheel has
    /// already turned past counts as the present. [`Mono`] saturates at its maximum, so an alarm within a
    /// millisecond of the maximum never rings.
    pub fn arm(&mut self, id: AlarmId, at: Mono) {
        assert!(id.0 < NONE, "alarm ids are dense, and the last is reserved");
        self.disarm(id);
        let index = id.0 as usize;
        if index >= self.nodes.len() {
            self.nodes.resize(index + 1, Node::UNARMED);
        }
        self.nodes[index].at = at;
        self.link(id.0);
        self.armed += 1;
    }

    /// Disarms `id`, if it is armed.
    pub fn disarm(&mut self, id: AlarmId) {
        let is_armed = (self.nodes.get(id.0 as usize)).is_some_and(|node| node.next != NONE);
        if is_armed {
            self.unlink(id.0);
            self.armed -= 1;
        }
    }

    /// When to call [`Wheel::pop_due`] next; `None` while no alarm is armed. This is the tick of the first
    /// alarm, or an earlier tick at which alarms cascade. So it is never later than the first alarm's tick,
    /// and a call at that time makes progress. While an alarm is due, it is not in the future.
    pub fn next_at(&self) -> Option<Mono> {
        let (_, tick) = self.next_slot()?;
        Some(Mono::from_nanos(tick.saturating_mul(NANOS_PER_TICK)))
    }

    /// Turns the wheel to `now`, and appends up to `limit` due alarms to `rung`, each with the time it was
    /// armed for. Ticks come in order; the alarms of one tick come in no particular order. Alarms beyond
    /// the limit stay armed for the next call.
    pub fn pop_due(&mut self, now: Mono, limit: usize, rung: &mut Vec<(AlarmId, Mono)>) {
        let now = last_tick_by(now);
        let full = rung.len().saturating_add(limit);
        while rung.len() < full {
            let Some((place, tick)) = self.next_slot().filter(|(_, tick)| *tick <= now) else {
                // No occupied slot begins by `now`, so the wheel turns to `now` at once.
                self.stands = self.stands.max(now);
                return;
            };
            self.count_work();
            self.stands = self.stands.max(tick);
            if place.level == 0 {
                self.ring_first(place, rung);
            } else {
                self.cascade(place);
            }
        }
    }

    /// The next slot to turn to, and the tick at which it begins.
    fn next_slot(&self) -> Option<(Place, u64)> {
        let level = self.levels.iter().position(|level| level.occupied != 0)?;
        let slot = self.levels[level].occupied.trailing_zeros();
        let shift = DIGIT_BITS * level as u32;
        let higher_digits = self.stands >> shift >> DIGIT_BITS << DIGIT_BITS;
        let place = Place {
            level,
            slot: slot as usize,
        };
        Some((place, (higher_digits | u64::from(slot)) << shift))
    }

    fn ring_first(&mut self, place: Place, rung: &mut Vec<(AlarmId, Mono)>) {
        let first = self.levels[place.level].heads[place.slot];
        rung.push((AlarmId(first), self.nodes[first as usize].at));
        self.unlink(first);
        self.armed -= 1;
    }

    /// Moves the alarms of a slot, which the wheel has just reached, to the levels below.
    fn cascade(&mut self, from: Place) {
        let level = &mut self.levels[from.level];
        let first = level.heads[from.slot];
        level.heads[from.slot] = NONE;
        level.occupied &= !(1 << from.slot);
        let mut index = first;
        loop {
            let next = self.nodes[index as usize].next;
            self.link(index);
            if next == first {
                return;
            }
            index = next;
        }
    }

    /// The place of an alarm for `at`. It stays the same until the wheel turns to that slot, so
    /// [`Wheel::unlink`] finds the alarm again.
    fn place_of(&self, at: Mono) -> Place {
        let tick = first_tick_from(at).max(self.stands);
        let highest_difference = (tick ^ self.stands).checked_ilog2().unwrap_or(0);
        let level = highest_difference / DIGIT_BITS;
        let digit = (tick >> (DIGIT_BITS * level)) % SLOTS as u64;
        Place {
            level: level as usize,
            slot: digit as usize,
        }
    }

    /// Puts a node at the end of the list of its slot, so that late alarms cannot keep others back.
    fn link(&mut self, index: u32) {
        self.count_work();
        let place = self.place_of(self.nodes[index as usize].at);
        let level = &mut self.levels[place.level];
        let head = level.heads[place.slot];
        if head == NONE {
            level.heads[place.slot] = index;
            level.occupied |= 1 << place.slot;
            self.join(index, index);
            return;
        }
        let last = self.nodes[head as usize].previous;
        self.join(last, index);
        self.join(index, head);
    }

    /// Takes an armed node out of the list of its slot.
    fn unlink(&mut self, index: u32) {
        let Node { at, next, previous } = self.nodes[index as usize];
        let place = self.place_of(at);
        let level = &mut self.levels[place.level];
        if next == index {
            level.heads[place.slot] = NONE;
            level.occupied &= !(1 << place.slot);
        } else if level.heads[place.slot] == index {
            level.heads[place.slot] = next;
        }
        self.join(previous, next);
        self.nodes[index as usize] = Node::UNARMED;
    }

    fn join(&mut self, before: u32, after: u32) {
        self.nodes[before as usize].next = after;
        self.nodes[after as usize].previous = before;
    }

    fn count_work(&mut self) {
        #[cfg(test)]
        {
            self.work += 1;
        }
    }
}

impl Node {
    const UNARMED: Node = Node {
        at: Mono::START,
        next: NONE,
        previous: NONE,
    };
}

/// The tick at which an alarm for `at` rings: rounded up.
fn first_tick_from(at: Mono) -> u64 {
    at.as_nanos().div_ceil(NANOS_PER_TICK)
}

/// The last tick that has begun at `now`: rounded down.
fn last_tick_by(now: Mono) -> u64 {
    now.as_nanos() / NANOS_PER_TICK
}

#[cfg(test)]
mod tests;
