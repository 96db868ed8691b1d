//! The two kinds of time, as values.
//!
//! Owns the types of time and their text forms. Never reads a clock: `clock.rs` does, and passes a [`Now`].

use std::fmt;
use std::ops::{Add, Sub};
use std::time::Duration;

use jiff::Timestamp;

/// Wall-clock time, with nanoseconds. Jumps whenever the host's clock is set.
pub type Wall = Timestamp;

/// Go's zero time: the first second of the year 1. In the API it means "no time".
pub const ZERO_TIME: Wall = Timestamp::constant(-62_135_596_800, 0);

/// A [`Wall`] in twelve bytes instead of sixteen, for values that exist in hundreds of thousands. With the
/// three times of an alert, the alert fits into the next smaller size class of the allocator, which saves
/// 3 of the 94 MiB that 200,000 alerts take.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CompactWall {
    // The two halves of the seconds, because a whole i64 would be aligned to eight bytes. In this order the
    // derived comparison is that of the whole number.
    high: i32,
    low: u32,
    nanosecond: i32,
}

impl CompactWall {
    /// The time.
    pub fn get(self) -> Wall {
        let second = i64::from(self.high) << u32::BITS | i64::from(self.low);
        Wall::new(second, self.nanosecond).expect("it came from a time")
    }
}

impl From<Wall> for CompactWall {
    fn from(wall: Wall) -> Self {
        let second = wall.as_second();
        let low = second & i64::from(u32::MAX);
        CompactWall {
            high: i32::try_from(second >> u32::BITS).expect("half of the bits"),
            low: u32::try_from(low).expect("the other half"),
            nanosecond: wall.subsec_nanosecond(),
        }
    }
}

impl fmt::Debug for CompactWall {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.get(), out)
    }
}

/// A point on the monotonic clock: nanoseconds since the process started. Never goes back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mono(u64);

impl Mono {
    /// The instant the clock started.
    pub const START: Mono = Mono(0);

    /// The point `nanoseconds` after the start.
    pub const fn from_nanos(nanoseconds: u64) -> Self {
        Mono(nanoseconds)
    }

    /// Nanoseconds since the start.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// The time from `earlier` to this point; zero if `earlier` is later.
    pub fn since(self, earlier: Mono) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Mono {
    type Output = Mono;

    fn add(self, span: Duration) -> Mono {
        let nanoseconds = u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
        Mono(self.0.saturating_add(nanoseconds))
    }
}

impl Sub<Duration> for Mono {
    type Output = Mono;

    fn sub(self, span: Duration) -> Mono {
        let nanoseconds = u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
        Mono(self.0.saturating_sub(nanoseconds))
    }
}

impl fmt::Display for Mono {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:?}", Duration::from_nanos(self.0))
    }
}

/// One reading of both clocks. Intervals use `mono`; end times of alerts and the notification log use `wall`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Time since the process started.
    pub mono: Mono,
    /// Time of day.
    pub wall: Wall,
}

impl Now {
    /// The wall time at `mono`, if the wall clock had run evenly.
    pub fn wall_at(&self, mono: Mono) -> Wall {
        let result = if mono >= self.mono {
            self.wall.checked_add(mono.since(self.mono))
        } else {
            self.wall.checked_sub(self.mono.since(mono))
        };
        result.unwrap_or(self.wall)
    }
}

/// RFC 3339 in UTC with milliseconds, truncated: the form in the API's responses (§10.2).
pub fn format_rfc3339_millis(time: Wall) -> String {
    format!("{time:.3}")
}

/// RFC 3339 in UTC with as many digits of the fraction as necessary: the form in webhooks (§6.2).
pub fn format_rfc3339_nanos(time: Wall) -> String {
    time.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Wall {
        text.parse().expect("a timestamp")
    }

    #[test]
    fn the_zero_time_prints_as_go_prints_it() {
        assert_eq!(format_rfc3339_nanos(ZERO_TIME), "0001-01-01T00:00:00Z");
        assert_eq!(format_rfc3339_millis(ZERO_TIME), "0001-01-01T00:00:00.000Z");
    }

    #[test]
    fn the_api_cuts_to_milliseconds_and_webhooks_keep_what_there_is() {
        let time = at("2026-01-01T00:00:00.123999789Z");
        assert_eq!(format_rfc3339_millis(time), "2026-01-01T00:00:00.123Z");
        assert_eq!(format_rfc3339_nanos(time), "2026-01-01T00:00:00.123999789Z");
        assert_eq!(
            format_rfc3339_nanos(at("2026-01-01T02:00:00.5+02:00")),
            "2026-01-01T00:00:00.5Z"
        );
    }

    #[test]
    fn a_monotonic_time_maps_onto_the_wall_clock_in_both_directions() {
        let now = Now {
            mono: Mono::from_nanos(5_000_000_000),
            wall: at("2026-01-01T00:00:05Z"),
        };
        assert_eq!(now.wall_at(Mono::START), at("2026-01-01T00:00:00Z"));
        assert_eq!(
            now.wall_at(now.mono + Duration::from_secs(1)),
            at("2026-01-01T00:00:06Z")
        );
    }
}
