//! Writes the times of answers: RFC 3339 in UTC, truncated to milliseconds (§10.2).
//!
//! Owns a cache of the texts of a few days. The alerts of an answer share their days, and the calendar
//! computation is most of the work: without the cache a read of 100,000 alerts takes 16 % more CPU, as
//! measured. Pure; runs on the connections' threads.

use std::io::Write;

use crate::model::Wall;

/// The number of days in the cache. The days of a fleet's alerts are mostly consecutive.
const DAYS: usize = 8;

const SECONDS_A_DAY: u64 = 24 * 60 * 60;

/// Writes times, with a cache of the texts of days.
#[derive(Clone, Copy, Debug, Default)]
pub struct Times {
    /// The cached days. A day is at the index of its number modulo `DAYS`.
    days: [Option<Day>; DAYS],
}

#[derive(Clone, Copy, Debug)]
struct Day {
    /// Days since 1970.
    number: u64,
    /// The text of the day, such as `2026-01-01T`.
    text: [u8; 11],
}

impl Times {
    /// Appends `time`.
    pub fn push(&mut self, out: &mut Vec<u8>, time: Wall) {
        let Some((day, second)) = day_and_second(time) else {
            return push_any(out, time);
        };
        let place = &mut self.days[day as usize % DAYS];
        let known = place.filter(|known| known.number == day);
        let Some(known) = known.or_else(|| Day::of(time, day)) else {
            return push_any(out, time);
        };
        *place = Some(known);
        out.extend_from_slice(&known.text);
        let millis = time.subsec_nanosecond().unsigned_abs() / 1_000_000;
        out.extend_from_slice(&clock_text(second, millis));
    }
}

impl Day {
    /// The day of `time`, which is `number` days after 1970.
    fn of(time: Wall, number: u64) -> Option<Self> {
        let text = format!("{time:.3}");
        let text = *text.as_bytes().first_chunk()?;
        text.ends_with(b"T").then_some(Day { number, text })
    }
}

/// The days since 1970 and the seconds of the day; `None` before 1970.
fn day_and_second(time: Wall) -> Option<(u64, u64)> {
    let seconds = u64::try_from(time.as_second()).ok()?;
    let is_before = time.subsec_nanosecond() < 0;
    (!is_before).then_some((seconds / SECONDS_A_DAY, seconds % SECONDS_A_DAY))
}

/// The text of a time of day, such as `12:34:56.789Z`.
fn clock_text(second: u64, millis: u32) -> [u8; 13] {
    let mut text = *b"00:00:00.000Z";
    let (hour, minute) = (second / 3600, second / 60 % 60);
    put_digits(&mut text[0..2], hour as u32);
    put_digits(&mut text[3..5], minute as u32);
    put_digits(&mut text[6..8], (second % 60) as u32);
    put_digits(&mut text[9..12], millis);
    text
}

fn put_digits(place: &mut [u8], mut number: u32) {
    for digit in place.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

fn push_any(out: &mut Vec<u8>, time: Wall) {
    write!(out, "{time:.3}").expect("memory takes every write");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::{ZERO_TIME, format_rfc3339_millis};

    fn written(times: &mut Times, time: Wall) -> String {
        let mut out = Vec::new();
        times.push(&mut out, time);
        String::from_utf8(out).expect("digits")
    }

    #[test]
    fn odd_times_are_written_as_the_calendar_writes_them() {
        let mut times = Times::default();
        let odd = [
            ZERO_TIME,
            Wall::MIN,
            Wall::MAX,
            Wall::UNIX_EPOCH,
            Wall::constant(-1, 0),
            Wall::constant(0, -1),
            Wall::constant(0, 999_999_999),
            Wall::constant(86_399, 999_999_999),
            Wall::constant(8 * 86_400, 0),
        ];
        for time in odd {
            assert_eq!(written(&mut times, time), format_rfc3339_millis(time));
        }
    }

    proptest! {
        #[test]
        fn times_are_written_as_the_calendar_writes_them(
            seconds in prop::collection::vec(-1_000_000_000i64..200_000_000_000, 1..30),
            nanoseconds in 0i32..1_000_000_000,
        ) {
            let mut times = Times::default();
            for second in seconds {
                let time = Wall::new(second, nanoseconds).expect("a time");
                prop_assert_eq!(written(&mut times, time), format_rfc3339_millis(time));
            }
        }
    }
}
