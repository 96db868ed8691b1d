//! Worlds whose process ends at any moment and starts again later.
//!
//! A complaint names its seed. `ALERTWHEEL_SEEDS=10000 cargo test --test sim crashes` looks further.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use alertwheel::engine::{Engine, GroupName, Input, Record, Recovered};
use alertwheel::model::{Fingerprint, HashKey, Wall};

use crate::checkers::Rule;
use crate::fuzz::{complaint, seeds};
use crate::world::{SETTINGS, Sabotage, World};

const DAY: Duration = Duration::from_secs(24 * 3600);
const SEEDS_PER_TEST: u64 = 500;

/// How far a group's tick may move at a restart.
const CLOSE: Duration = Duration::from_millis(100);

/// The longest group_wait of all worlds.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// How soon all groups are told that are told at once.
const AT_ONCE: Duration = Duration::from_secs(1);

#[test]
fn crashes_between_any_two_effects_lose_nothing_over_the_first_half_of_the_seeds() {
    explore(0);
}

#[test]
fn crashes_between_any_two_effects_lose_nothing_over_the_second_half_of_the_seeds() {
    explore(1);
}

#[test]
fn records_that_are_lost_are_noticed() {
    let notices = |seed| complaint(seed, DAY, Sabotage::LoseRecords, &Rule::ALL, true).is_some();
    assert!((0..8).any(notices), "nobody noticed that records are lost");
}

fn explore(half: u64) {
    let per_test = seeds().map_or(SEEDS_PER_TEST, |seeds| seeds.div_ceil(2));
    for seed in half * per_test..(half + 1) * per_test {
        if let Some(complaint) = complaint(seed, DAY, Sabotage::None, &Rule::ALL, true) {
            panic!("seed {seed}: {complaint}");
        }
    }
}

/// What is on disk is what the engine knows: no change went unrecorded.
pub fn assert_disk_holds_the_state(world: &World) {
    let now = world.clocks();
    let mut known = Recovered::empty(HashKey::seeded(1));
    for record in world.engine.records(now) {
        known.apply(record);
    }
    let kept = world.disk.as_ref().expect("a world with a disk").read();
    assert_eq!(known.silences, kept.silences, "silences known and kept");
    assert_groups_go_on(world, &known, &kept);
    assert_eq!(known.keys, kept.keys, "keys known and kept");
    assert_eq!(
        known.heartbeats, kept.heartbeats,
        "heartbeats known and kept"
    );
    assert_eq!(known.inherited, kept.inherited, "inherited known and kept");
    assert_eq!(
        known.notification_log, kept.notification_log,
        "notification log known and kept"
    );
    let prints = |state: &Recovered| state.alerts.keys().copied().collect::<BTreeSet<_>>();
    assert_eq!(prints(&known), prints(&kept), "alerts known and kept");
    for (print, alert) in &known.alerts {
        let on_disk = &kept.alerts[print];
        assert_eq!(alert.alert, on_disk.alert, "an alert known and kept");
        let left = |left: &[GroupName]| left.iter().copied().collect::<BTreeSet<_>>();
        let (known, kept) = (left(&alert.left), left(&on_disk.left));
        assert!(
            known.is_subset(&kept),
            "{print} has left {known:?}, on disk {kept:?}"
        );
    }
}

/// A process that started now would go on with each group where this one is: at the same time, or
/// at once where a reload has just brought news that nothing on disk tells from news of before.
fn assert_groups_go_on(world: &World, known: &Recovered, kept: &Recovered) {
    let now = world.clocks();
    if kept
        .written_at
        .is_some_and(|at| !uncounted(at, now.wall).is_zero())
    {
        // The next process would take this clock for one that was just set.
        return;
    }
    let beside_due_at = |state: &Recovered| {
        let mut groups = state.groups.clone();
        for timer in groups.values_mut() {
            timer.due_at = now.wall;
            // What a receiver asked for does not matter once that time has passed.
            let unsent = timer.unsent.iter_mut();
            unsent.for_each(|it| it.not_before = it.not_before.filter(|at| *at > now.wall));
        }
        groups
    };
    assert_eq!(
        beside_due_at(known),
        beside_due_at(kept),
        "groups known and kept"
    );
    let mut next = Engine::new(Arc::clone(&world.config), SETTINGS);
    next.handle(&mut Vec::new(), now, Input::Recover(Box::new(kept.clone())));
    for record in next.records(now) {
        let Record::Group { group, timer } = record else {
            continue;
        };
        // One that recovery made is told at once. One whose tick is just due may have ticked or not.
        let before = known.groups.get(&group);
        let Some(before) = before.filter(|it| it.due_at > now.wall_at(now.mono + CLOSE)) else {
            continue;
        };
        let apart = timer.due_at.duration_since(before.due_at).unsigned_abs();
        // The first of those is told already, the others wait for their turn.
        let is_told = !timer.unsent.is_empty();
        let is_at_once = is_told || timer.due_at <= now.wall_at(now.mono + AT_ONCE);
        // Whoever was told nothing is told after the wait, as of a new group.
        let is_sooner = timer.due_at <= now.wall_at(now.mono + LONGEST_WAIT);
        assert!(
            apart <= CLOSE || is_at_once || (is_sooner && timer.due_at < before.due_at),
            "{group:?} was due at {}, and in the next process is at {}; recorded {:?}",
            before.due_at,
            timer.due_at,
            kept.groups[&group]
        );
    }
}

/// The time since something was written last that the next process takes for a clock that was set: that of a
/// host which did not know the time yet.
pub fn uncounted(written_at: Wall, starts_at: Wall) -> Duration {
    let unset_before: Wall = "2026-01-01T00:00:00Z".parse().expect("a timestamp");
    if written_at < unset_before && starts_at >= unset_before {
        starts_at.duration_since(written_at).unsigned_abs()
    } else {
        Duration::ZERO
    }
}

/// Every second record about what was told.
pub fn is_lost(record: &Record) -> bool {
    match record {
        Record::LogEntry { key, .. } => key.group.0.is_multiple_of(2),
        Record::Alert(alert) => Fingerprint(alert.fingerprint.0 % 2) == Fingerprint(0),
        _ => false,
    }
}
