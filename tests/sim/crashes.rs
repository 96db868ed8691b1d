//! Worlds whose process ends at any moment and starts again later.
//!
//! A complaint names its seed. `ALERTWHEEL_SEEDS=10000 cargo test --test sim crashes` looks further.

use std::collections::BTreeSet;
use std::time::Duration;

use alertwheel::engine::{GroupName, Record, Recovered};
use alertwheel::model::Fingerprint;

use crate::checkers::Rule;
use crate::fuzz::{complaint, seeds};
use crate::world::{Sabotage, World};

const DAY: Duration = Duration::from_secs(24 * 3600);
const SEEDS_PER_TEST: u64 = 500;

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
    let mut known = Recovered::default();
    for record in world.engine.records(now) {
        known.apply(record);
    }
    let kept = world.disk.as_ref().expect("a world with a disk").read();
    assert_eq!(known.silences, kept.silences, "silences known and kept");
    let times = |state: &Recovered| {
        let mut groups = state.groups.clone();
        let untold = groups.values_mut().flat_map(|timer| &mut timer.untold);
        // What a receiver asked for does not matter once that time has passed.
        untold.for_each(|untold| untold.not_before = untold.not_before.filter(|at| *at > now.wall));
        groups
    };
    assert_eq!(times(&known), times(&kept), "groups known and kept");
    assert_eq!(known.inherited, kept.inherited, "inherited known and kept");
    assert_eq!(known.ledger, kept.ledger, "ledger known and kept");
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

/// Every second record about what was told.
pub fn is_lost(record: &Record) -> bool {
    match record {
        Record::Told { key, .. } => key.group.0.is_multiple_of(2),
        Record::Alert(alert) => Fingerprint(alert.fingerprint.0 % 2) == Fingerprint(0),
        _ => false,
    }
}
