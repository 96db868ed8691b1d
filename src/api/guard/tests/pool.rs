//! Lines that are lost, and what comes after.

use super::*;

const PATIENCE: Duration = Duration::from_secs(20);

fn take(pool: &Pool) -> Lease<'_> {
    pool.take(PATIENCE).expect("a line")
}

fn close(pool: &Pool, mender: Mender) {
    let clock = Clock::start();
    pool.close(mender, clock, clock.mono() + PATIENCE);
}

#[test]
fn a_line_that_is_given_back_is_taken_again() {
    let (pool, mender) = Pool::open().expect("it opens");
    for _ in 0..3 * HTTP_LINES {
        take(&pool).give_back();
        assert_eq!(pool.free_lines(), HTTP_LINES);
    }
    close(&pool, mender);
    assert_eq!(pool.free_lines(), 0, "none is left open");
}

#[test]
fn a_line_that_was_left_in_the_middle_is_replaced() {
    let (pool, mender) = Pool::open().expect("it opens");
    for _ in 0..3 * HTTP_LINES {
        drop(take(&pool));
    }
    let all: Vec<_> = (0..HTTP_LINES).map(|_| take(&pool)).collect();
    assert_eq!(all.len(), HTTP_LINES);
    drop(all);
    close(&pool, mender);
}

#[test]
fn who_finds_no_line_is_told_after_the_wait() {
    let (pool, mender) = Pool::open().expect("it opens");
    let held: Vec<_> = (0..HTTP_LINES).map(|_| take(&pool)).collect();
    assert!(pool.take(Duration::from_millis(20)).is_none());
    drop(held);
    close(&pool, mender);
}

#[test]
fn a_line_given_back_after_the_end_wakes_nobody() {
    let (pool, mender) = Pool::open().expect("it opens");
    let late = take(&pool);
    close(&pool, mender);
    late.give_back();
    drop(take(&pool));
}
