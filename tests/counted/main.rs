//! How much memory is asked for on the way of an alert: counted, so that a busy machine says the
//! same as an idle one, and a step backwards shows in the test of the change that made it.
//!
//! The counts of fixed inputs are held against `recorded.txt`. Both directions fail: a figure that
//! is better than recorded is to be recorded, or the next change may spend it unnoticed.
//! `UPDATE_COUNTS=1 cargo test --test counted` writes the file anew; read the diff.
//!
//! The counting allocator comes from a crate, because a global allocator cannot be written without
//! unsafe code. It counts by thread, and the engine, the parser and the payload run on the thread
//! that calls them. It is part of this test alone.
//!
//! - `course`: the work that is counted; `webhooks_in`: the same for webhooks in
//! - `records`: the file, and the comparison

mod course;
mod records;
mod webhooks_in;

use std::env;
use std::slice;

use records::{Count, faults, read, write};

#[test]
fn the_way_of_an_alert_takes_as_much_memory_as_recorded() {
    let counts = all();
    if env::var_os("UPDATE_COUNTS").is_some() {
        return write(&counts);
    }
    let faults = faults(&read(), &counts);
    assert!(
        faults.is_empty(),
        "\n{}\nIf that is meant, UPDATE_COUNTS=1 cargo test --test counted records it.\n",
        faults.join("\n")
    );
}

#[test]
fn a_count_outside_of_the_tolerance_is_told_in_either_direction() {
    let count = |allocations| Count {
        name: "work".into(),
        allocations,
        bytes: 10_000,
        kept_bytes: 10_000,
    };
    let recorded = [count(1000)];
    assert!(faults(&recorded, &[count(1000)]).is_empty());
    assert!(faults(&recorded, &[count(1019)]).is_empty());
    assert!(faults(&recorded, &[count(981)]).is_empty());
    let worse = faults(&recorded, &[count(1021)]);
    assert_eq!(
        worse,
        ["work: 1021 allocations, worse than the 1000 recorded"]
    );
    let better = faults(&recorded, &[count(979)]);
    assert_eq!(
        better,
        ["work: 979 allocations, better than the 1000 recorded: record it"]
    );
}

#[test]
fn work_that_is_recorded_and_not_counted_is_told() {
    let count = Count {
        name: "work".into(),
        allocations: 1,
        bytes: 1,
        kept_bytes: 1,
    };
    assert_eq!(
        faults(&[], slice::from_ref(&count)),
        ["work: not recorded yet"]
    );
    assert_eq!(
        faults(&[count], &[]),
        ["work: recorded and not counted any more"]
    );
}

#[test]
fn the_same_work_counts_the_same() {
    assert_eq!(all(), all());
}

fn all() -> Vec<Count> {
    [course::run(), webhooks_in::run()].concat()
}
