//! The wheel against a sorted map, and what its operations cost.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::clock::Clock;

const MILLISECOND: Duration = Duration::from_millis(1);
const DAY: Duration = Duration::from_secs(24 * 3600);
const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

fn millis(count: u64) -> Mono {
    Mono::from_nanos(count * NANOS_PER_TICK)
}

fn pop_all(wheel: &mut Wheel, now: Mono) -> Vec<(AlarmId, Mono)> {
    let mut rung = Vec::new();
    wheel.pop_due(now, usize::MAX, &mut rung);
    rung
}

#[test]
fn an_alarm_rings_at_the_first_millisecond_that_is_not_before_its_time() {
    let at = Mono::from_nanos(5_000_001);
    let mut wheel = Wheel::new(Mono::START);
    wheel.arm(AlarmId(7), at);
    assert_eq!(wheel.next_at(), Some(millis(6)));
    assert_eq!(pop_all(&mut wheel, Mono::from_nanos(5_999_999)), []);
    assert_eq!(pop_all(&mut wheel, millis(6)), [(AlarmId(7), at)]);
    assert_eq!((wheel.len(), wheel.next_at()), (0, None));
}

#[test]
fn an_alarm_armed_for_the_past_is_due_at_once() {
    let mut wheel = Wheel::new(millis(1000));
    wheel.arm(AlarmId(0), millis(3));
    assert!(wheel.next_at() <= Some(millis(1000)));
    assert_eq!(
        pop_all(&mut wheel, millis(1000)),
        [(AlarmId(0), millis(3))],
        "with the time it was armed for, not the present"
    );
}

#[test]
fn an_alarm_that_is_armed_again_rings_only_at_its_new_time() {
    let mut wheel = Wheel::new(Mono::START);
    wheel.arm(AlarmId(1), millis(10));
    wheel.arm(AlarmId(1), millis(5_000_000));
    assert_eq!(wheel.len(), 1);
    assert_eq!(pop_all(&mut wheel, millis(4_999_999)), []);
    wheel.arm(AlarmId(1), millis(5_000_500));
    assert_eq!(pop_all(&mut wheel, millis(5_000_499)), []);
    assert_eq!(pop_all(&mut wheel, millis(5_000_500)).len(), 1);
}

#[test]
fn a_disarmed_alarm_does_not_ring_and_disarming_an_unknown_one_does_no_harm() {
    let mut wheel = Wheel::new(Mono::START);
    wheel.arm(AlarmId(1), millis(10));
    wheel.disarm(AlarmId(1));
    wheel.disarm(AlarmId(1));
    wheel.disarm(AlarmId(99));
    assert!(wheel.is_empty());
    assert_eq!(pop_all(&mut wheel, millis(20)), []);
}

#[test]
fn the_limit_leaves_the_rest_due_and_late_alarms_wait_behind_it() {
    let mut wheel = Wheel::new(Mono::START);
    for id in 0..5 {
        wheel.arm(AlarmId(id), millis(10));
    }
    let mut rung = Vec::new();
    wheel.pop_due(millis(50), 2, &mut rung);
    wheel.arm(AlarmId(9), millis(1));
    wheel.pop_due(millis(50), 3, &mut rung);
    let ids: Vec<u32> = rung.iter().map(|(id, _)| id.0).collect();
    assert_eq!(ids, [0, 1, 2, 3, 4]);
    assert!(wheel.next_at() <= Some(millis(50)));
    assert_eq!(pop_all(&mut wheel, millis(50)), [(AlarmId(9), millis(1))]);
}

#[test]
fn an_alarm_centuries_away_costs_no_more_than_one_cascade_a_level() {
    let at = Mono::START + YEAR * 500 + Duration::from_nanos(1);
    let mut wheel = Wheel::new(Mono::START);
    wheel.arm(AlarmId(0), at);
    let mut wakes = 0;
    let mut now = Mono::START;
    while let Some(next) = wheel.next_at() {
        assert!(next > now || wakes == 0, "each wake makes progress");
        now = next;
        wakes += 1;
        pop_all(&mut wheel, now);
    }
    assert!(wakes <= LEVELS, "{wakes} wakes");
    assert!(now >= at && now.since(at) < MILLISECOND);
}

#[test]
fn the_end_of_time_can_be_armed_and_moved_away_from() {
    let mut wheel = Wheel::new(Mono::START);
    wheel.arm(AlarmId(0), Mono::from_nanos(u64::MAX));
    assert_eq!(pop_all(&mut wheel, Mono::START + YEAR * 580), []);
    wheel.arm(AlarmId(0), Mono::START);
    assert_eq!(pop_all(&mut wheel, Mono::START + YEAR * 580).len(), 1);
}

/// Something done to the wheel and to its model alike.
#[derive(Clone, Debug)]
enum Step {
    Arm { id: u32, ahead: Duration },
    ArmInThePast { id: u32, behind: Duration },
    Disarm { id: u32 },
    Advance { by: Duration, limit: usize },
}

/// Spans of every magnitude, so that every level is met, and edges of slots often.
fn span() -> impl Strategy<Value = Duration> {
    prop_oneof![
        (0..3_000_000u64).prop_map(Duration::from_nanos),
        (0..200u64).prop_map(Duration::from_millis),
        (0..600_000u64).prop_map(Duration::from_millis),
        (0u32..44, 0..3u64).prop_map(|(bits, more)| Duration::from_millis((1 << bits) / 2 + more)),
        (0..400u32).prop_map(|days| DAY * days),
        (0..5u32).prop_map(|years| YEAR * years),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let id = 0..40u32;
    let limit = prop_oneof![3 => Just(usize::MAX), 2 => 0..8usize];
    prop_oneof![
        6 => (id.clone(), span()).prop_map(|(id, ahead)| Step::Arm { id, ahead }),
        1 => (id.clone(), span()).prop_map(|(id, behind)| Step::ArmInThePast { id, behind }),
        2 => id.prop_map(|id| Step::Disarm { id }),
        4 => (span(), limit).prop_map(|(by, limit)| Step::Advance { by, limit }),
    ]
}

/// A simple model of what the wheel must do.
#[derive(Debug, Default)]
struct Model {
    now: Mono,
    /// The tick up to which alarms were taken. An alarm armed for an earlier tick counts as this one.
    stands: u64,
    /// Alarms by the tick at which they ring.
    queue: BTreeSet<(u64, u32)>,
    armed: BTreeMap<u32, (u64, Mono)>,
}

impl Model {
    fn arm(&mut self, id: u32, at: Mono) {
        self.disarm(id);
        let tick = at.as_nanos().div_ceil(NANOS_PER_TICK).max(self.stands);
        self.queue.insert((tick, id));
        self.armed.insert(id, (tick, at));
    }

    fn disarm(&mut self, id: u32) {
        if let Some((tick, _)) = self.armed.remove(&id) {
            self.queue.remove(&(tick, id));
        }
    }

    /// Checks the alarms that the wheel gave out for the present time, and removes them from the model.
    fn check_rung(&mut self, rung: &[(AlarmId, Mono)], limit: usize) {
        let now = self.now.as_nanos() / NANOS_PER_TICK;
        let due = self.queue.range(..=(now, u32::MAX)).map(|(tick, _)| *tick);
        let expected: Vec<u64> = due.take(limit).collect();
        let ticks: Vec<u64> = (rung.iter().map(|(id, _)| self.armed[&id.0].0)).collect();
        assert_eq!(
            ticks, expected,
            "all that is due, up to the limit, in order"
        );
        for (id, at) in rung {
            assert_eq!(self.armed[&id.0].1, *at, "the time it was armed for");
            assert!(*at <= self.now, "never early");
            self.disarm(id.0);
        }
        let stopped_at = ticks.last().copied().unwrap_or(self.stands);
        self.stands = if rung.len() < limit { now } else { stopped_at };
    }

    fn check_view(&self, wheel: &Wheel) {
        assert_eq!(wheel.len(), self.armed.len());
        let first = self.queue.first().map(|(tick, _)| *tick);
        let next = wheel.next_at().map(|at| at.as_nanos() / NANOS_PER_TICK);
        assert_eq!(next.is_some(), first.is_some());
        assert!(next <= first, "waking at {next:?} misses {first:?}");
        assert!(
            next >= first.map(|_| self.stands),
            "waking before the present"
        );
    }
}

fn run(steps: Vec<Step>) {
    let mut model = Model::default();
    let mut wheel = Wheel::new(model.now);
    for step in steps {
        match step {
            Step::Arm { id, ahead } => {
                wheel.arm(AlarmId(id), model.now + ahead);
                model.arm(id, model.now + ahead);
            }
            Step::ArmInThePast { id, behind } => {
                wheel.arm(AlarmId(id), model.now - behind);
                model.arm(id, model.now - behind);
            }
            Step::Disarm { id } => {
                wheel.disarm(AlarmId(id));
                model.disarm(id);
            }
            Step::Advance { by, limit } => {
                model.now = model.now + by;
                let mut rung = Vec::new();
                wheel.pop_due(model.now, limit, &mut rung);
                model.check_rung(&rung, limit);
            }
        }
        model.check_view(&wheel);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_wheel_does_what_a_sorted_map_does(steps in prop::collection::vec(step(), 1..120)) {
        run(steps);
    }

    #[test]
    fn whoever_wakes_only_when_told_rings_each_alarm_in_its_millisecond(
        spans in prop::collection::vec(span(), 1..60),
    ) {
        let mut wheel = Wheel::new(Mono::START);
        for (id, ahead) in (0..).zip(&spans) {
            wheel.arm(AlarmId(id), Mono::START + *ahead);
        }
        let (mut rung_in_all, mut wakes) = (0, 0);
        while let Some(now) = wheel.next_at() {
            wakes += 1;
            for (_, at) in pop_all(&mut wheel, now) {
                prop_assert!(now >= at && now.since(at) < MILLISECOND);
                rung_in_all += 1;
            }
        }
        prop_assert_eq!(rung_in_all, spans.len());
        prop_assert!(wakes <= LEVELS * spans.len(), "at most one wake a level and alarm");
    }
}

/// Insertions and slot visits an alarm costs, by operation.
#[derive(Debug)]
struct Cost {
    arm: f64,
    again: f64,
    pop: f64,
}

/// Arms alarms over five minutes, moves each, and lets all ring in the timer's batches.
fn measure(count: u32) -> Cost {
    let spread = |id: u32, salt: u64| {
        let scattered = (u64::from(id) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15 ^ salt);
        Mono::from_nanos(scattered % 300_000_000_000)
    };
    let clock = Clock::start();
    let mut wheel = Wheel::new(Mono::START);
    let phase = |name: &str, wheel: &mut Wheel, body: &dyn Fn(&mut Wheel)| {
        let (began, work) = (clock.mono(), wheel.work);
        body(wheel);
        let nanoseconds = clock.mono().since(began).as_nanos();
        let each = nanoseconds / u128::from(count);
        println!("{count} alarms: {name} {each} ns each");
        (wheel.work - work) as f64 / f64::from(count)
    };
    let arm = phase("arm", &mut wheel, &|wheel| {
        (0..count).for_each(|id| wheel.arm(AlarmId(id), spread(id, 0)));
    });
    let again = phase("move", &mut wheel, &|wheel| {
        (0..count).for_each(|id| wheel.arm(AlarmId(id), spread(id, 0x5555)));
    });
    let pop = phase("pop", &mut wheel, &|wheel| {
        let mut batch = Vec::new();
        while let Some(now) = wheel.next_at() {
            batch.clear();
            wheel.pop_due(now, 512, &mut batch);
        }
    });
    assert!(wheel.is_empty());
    Cost { arm, again, pop }
}

#[test]
fn a_million_alarms_cost_no_more_work_each_than_ten_thousand() {
    let few = measure(10_000);
    let many = measure(1_000_000);
    println!("work each: {few:?}, {many:?}");
    assert_eq!((many.arm, many.again), (1.0, 1.0), "one insertion each");
    assert!(
        many.pop <= few.pop,
        "slots are shared, so crowds are cheaper"
    );
    assert!(
        many.pop <= 5.0,
        "four cascades from five minutes, and the ring"
    );
}
