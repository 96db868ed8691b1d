//! The ticks of an idle group, computed from one recorded tick.
//!
//! PURE. Owns the grid: a group that was due once is due again every interval, until its schedule moves. So
//! its ticks need not be recorded, and the next run can compute them. Runs on the dispatch thread.

use std::time::Duration;

use crate::model::Wall;

/// How far a tick may lie from the grid. Two clocks are never read at exactly the same moment, and the wall
/// clock is slewed.
const TOLERANCE: Duration = Duration::from_millis(20);

/// Whether `due_at` follows from `recorded`: whether it lies whole intervals after it. The comparison is in
/// wall-clock time, because the next run has no other clock in common with this one. So even a small clock
/// step, which counts as no step elsewhere, leads to a new record.
pub fn follows(recorded: Wall, due_at: Wall, interval: Duration) -> bool {
    let tolerance = nanos(TOLERANCE);
    let passed = due_at.duration_since(recorded).as_nanos() + tolerance;
    let since_tick = passed.checked_rem_euclid(nanos(interval)).unwrap_or(passed);
    passed >= 0 && since_tick <= 2 * tolerance
}

/// The last tick up to `now` and the first tick after it, of a group that was recorded as due at `recorded`.
/// `recorded` must not be after `now`.
pub fn around(now: Wall, recorded: Wall, interval: Duration) -> (Wall, Wall) {
    let passed = now.duration_since(recorded).as_nanos();
    let since_tick = passed.checked_rem_euclid(nanos(interval)).unwrap_or(0);
    let since_tick = Duration::from_nanos_u128(since_tick.unsigned_abs());
    let last = now.checked_sub(since_tick).unwrap_or(now);
    (last, last.checked_add(interval).unwrap_or(Wall::MAX))
}

fn nanos(span: Duration) -> i128 {
    i128::try_from(span.as_nanos()).unwrap_or(i128::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn at(millisecond: i64) -> Wall {
        Wall::from_millisecond(millisecond).expect("a time near the epoch")
    }

    #[test]
    fn a_tick_follows_if_whole_intervals_lie_between() {
        for due_at in [0, 60_000, 120_000, 3_600_000] {
            assert!(follows(at(0), at(due_at), MINUTE), "{due_at}");
        }
        for due_at in [-60_000, 30_000, 59_000, 61_000, 3_601_000] {
            assert!(!follows(at(0), at(due_at), MINUTE), "{due_at}");
        }
    }

    #[test]
    fn readings_of_two_clocks_may_differ_a_little() {
        for difference in [-20, 20] {
            assert!(follows(at(0), at(60_000 + difference), MINUTE));
            assert!(follows(at(0), at(difference), MINUTE));
        }
        for difference in [-21, 21] {
            assert!(!follows(at(0), at(60_000 + difference), MINUTE));
        }
    }

    #[test]
    fn the_ticks_around_a_moment_are_an_interval_apart() {
        let around = |now, recorded| around(at(now), at(recorded), MINUTE);
        assert_eq!(around(0, 0), (at(0), at(60_000)));
        assert_eq!(around(59_999, 0), (at(0), at(60_000)));
        assert_eq!(around(60_000, 0), (at(60_000), at(120_000)));
        assert_eq!(around(3_725_500, 1000), (at(3_721_000), at(3_781_000)));
    }
}
