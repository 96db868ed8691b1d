//! A timer that can be told to be late, to ring without need, and to lose a ring and repeat it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use alertwheel::engine::AlarmId;
use alertwheel::model::Mono;

use crate::world::Dice;

/// How often which fault happens; 0 is never, 1 is always.
#[derive(Clone, Copy, Debug, Default)]
pub struct AlarmFaults {
    /// A ring comes up to two seconds after its time.
    pub late: f64,
    /// A ring is lost; it is repeated within a minute.
    pub lost: f64,
    /// A ring that was moved or cancelled comes all the same.
    pub stale: f64,
    /// A ring comes twice.
    pub doubled: f64,
    /// An alarm rings too early, and again at its time.
    pub early: f64,
}

/// A ring on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ring {
    /// When it comes.
    pub comes_at: Mono,
    /// Which alarm.
    pub alarm: AlarmId,
    /// What that was armed for.
    pub armed_for: Mono,
}

/// All alarms.
#[derive(Debug, Default)]
pub struct TimerSender {
    faults: AlarmFaults,
    rings: BTreeSet<Ring>,
    by_alarm: BTreeMap<AlarmId, Vec<Ring>>,
}

impl TimerSender {
    /// A timer with these faults.
    pub fn new(faults: AlarmFaults) -> Self {
        TimerSender {
            faults,
            ..TimerSender::default()
        }
    }

    /// From now on without any fault.
    pub fn heal(&mut self) {
        self.faults = AlarmFaults::default();
    }

    /// Arms an alarm, or moves it.
    pub fn arm(&mut self, alarm: AlarmId, at: Mono, now: Mono, dice: &mut Dice) {
        self.disarm(alarm, dice);
        let ring = Ring {
            comes_at: self.delayed(at.max(now), dice),
            alarm,
            armed_for: at,
        };
        self.send(ring);
        if dice.happens(self.faults.doubled) {
            self.send(Ring {
                comes_at: ring.comes_at + dice.up_to(SECOND),
                ..ring
            });
        }
        if dice.happens(self.faults.early) {
            self.send(Ring {
                comes_at: now + dice.up_to(at.since(now)),
                ..ring
            });
        }
    }

    /// Cancels an alarm; a ring may be on its way all the same.
    pub fn disarm(&mut self, alarm: AlarmId, dice: &mut Dice) {
        for ring in self.by_alarm.remove(&alarm).unwrap_or_default() {
            self.rings.remove(&ring);
            if dice.happens(self.faults.stale) {
                self.send(ring);
            }
        }
    }

    /// The process that armed them is no more.
    pub fn drop_all(&mut self) {
        self.rings.clear();
        self.by_alarm.clear();
    }

    /// When the next ring comes.
    pub fn next_at(&self) -> Option<Mono> {
        self.rings.first().map(|ring| ring.comes_at)
    }

    /// The next ring, if it comes by `now`.
    pub fn pop_due(&mut self, now: Mono) -> Option<Ring> {
        let ring = *self.rings.first().filter(|ring| ring.comes_at <= now)?;
        self.rings.remove(&ring);
        if let Some(rings) = self.by_alarm.get_mut(&ring.alarm) {
            rings.retain(|other| *other != ring);
        }
        Some(ring)
    }

    /// Whether a ring that the engine will heed is on its way.
    pub fn will_ring(&self, alarm: AlarmId, armed_for: Mono) -> bool {
        let rings = self.by_alarm.get(&alarm);
        rings.is_some_and(|rings| rings.iter().any(|ring| ring.armed_for == armed_for))
    }

    fn send(&mut self, ring: Ring) {
        if self.rings.insert(ring) {
            self.by_alarm.entry(ring.alarm).or_default().push(ring);
        }
    }

    fn delayed(&self, at: Mono, dice: &mut Dice) -> Mono {
        if dice.happens(self.faults.lost) {
            return at + dice.up_to(60 * SECOND);
        }
        if dice.happens(self.faults.late) {
            return at + dice.up_to(2 * SECOND);
        }
        at
    }
}

const SECOND: Duration = Duration::from_secs(1);
