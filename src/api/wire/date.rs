//! Parses the dates that senders write.
//!
//! Owns the forms that Alertmanager's `strfmt` accepts (§10.2), over jiff's calendar. Pure; runs on the
//! connections' threads.

use jiff::civil::{Date, Time};
use jiff::tz::Offset;

use crate::model::{Wall, ZERO_TIME};

/// The most characters of a malformed date that an error shows.
const SHOWN: usize = 40;

/// Parses a date. Go's zero time is `None`; the empty text is the start of 1970.
///
/// A time without an offset is UTC. A time past the last representable one, the end of the year 9999, becomes
/// that last one.
pub fn parse_date(text: &str) -> Result<Option<Wall>, String> {
    if text.is_empty() {
        return Ok(Some(Wall::UNIX_EPOCH));
    }
    match read_date_time(text.as_bytes()) {
        Some(time) => Ok(Some(time).filter(|time| *time != ZERO_TIME)),
        None => {
            let shown: String = text.chars().take(SHOWN).collect();
            Err(format!(
                "{shown:?} is no time, such as 2026-01-02T15:04:05Z"
            ))
        }
    }
}

/// The unread rest of the text. Each step removes something from the front or fails.
struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    fn skip(&mut self, byte: u8) -> Option<()> {
        self.0 = self.0.strip_prefix(&[byte])?;
        Some(())
    }

    fn number(&mut self, digits: usize) -> Option<i16> {
        let (number, rest) = self.0.split_at_checked(digits)?;
        let value = number.iter().try_fold(0i16, |value, digit| {
            let digit = digit.is_ascii_digit().then(|| i16::from(digit - b'0'))?;
            Some(value * 10 + digit)
        })?;
        self.0 = rest;
        Some(value)
    }

    fn small_number(&mut self, digits: usize) -> Option<i8> {
        self.number(digits)
            .and_then(|value| i8::try_from(value).ok())
    }

    fn is_at_end(&self) -> bool {
        self.0.is_empty()
    }
}

/// A fraction of a second: its value, and the number of its digits.
#[derive(Default)]
struct Fraction {
    nanoseconds: i32,
    digits: usize,
}

fn read_date_time(text: &[u8]) -> Option<Wall> {
    let mut rest = Cursor(text);
    let date = read_date(&mut rest)?;
    if rest.is_at_end() {
        return to_wall(date, Time::midnight(), 0);
    }
    let is_strict = rest.skip(b'T').is_some();
    if !is_strict {
        rest.skip(b' ')?;
        while rest.skip(b' ').is_some() {}
    }
    let hour = rest.small_number(2).or_else(|| rest.small_number(1))?;
    rest.skip(b':')?;
    let minute = rest.small_number(2)?;
    if is_strict && matches!(rest.0, b"" | b"Z") {
        return to_wall(date, Time::new(hour, minute, 0, 0).ok()?, 0);
    }
    rest.skip(b':')?;
    let second = rest.small_number(2)?;
    let fraction = read_fraction(&mut rest)?;
    let time = Time::new(hour, minute, second, fraction.nanoseconds).ok()?;
    if rest.is_at_end() {
        return to_wall(date, time, 0);
    }
    let offset_seconds =
        read_offset(&mut rest, &fraction).filter(|_| is_strict && rest.is_at_end())?;
    to_wall(date, time, offset_seconds)
}

fn read_date(rest: &mut Cursor<'_>) -> Option<Date> {
    let year = rest.number(4)?;
    rest.skip(b'-')?;
    let month = rest.small_number(2)?;
    rest.skip(b'-')?;
    let day = rest.small_number(2)?;
    Date::new(year, month, day).ok()
}

/// Parses an optional fraction; digits after the ninth are dropped.
fn read_fraction(rest: &mut Cursor<'_>) -> Option<Fraction> {
    if rest.skip(b'.').or_else(|| rest.skip(b',')).is_none() {
        return Some(Fraction::default());
    }
    let digits = rest
        .0
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    if digits == 0 {
        return None;
    }
    let (written, tail) = rest.0.split_at(digits);
    rest.0 = tail;
    let padded = written.iter().chain(std::iter::repeat(&b'0')).take(9);
    let nanoseconds = padded.fold(0, |sum, digit| sum * 10 + i32::from(digit - b'0'));
    Some(Fraction {
        nanoseconds,
        digits,
    })
}

/// Parses `Z` or an offset. An offset without a colon is valid only after a fraction of three or six digits.
fn read_offset(rest: &mut Cursor<'_>, fraction: &Fraction) -> Option<i32> {
    if rest.skip(b'Z').is_some() {
        return Some(0);
    }
    let sign = if rest.skip(b'+').is_some() {
        1
    } else {
        rest.skip(b'-')?;
        -1
    };
    let hours = rest.number(2).filter(|hours| *hours <= 24)?;
    if rest.skip(b':').is_none() && !matches!(fraction.digits, 3 | 6) {
        return None;
    }
    let minutes = rest.number(2).filter(|minutes| *minutes <= 60)?;
    Some(sign * (i32::from(hours) * 3600 + i32::from(minutes) * 60))
}

fn to_wall(date: Date, time: Time, offset_seconds: i32) -> Option<Wall> {
    let offset = Offset::from_seconds(offset_seconds).ok()?;
    // A time of the years 0 to 9999 can only exceed the upper end, by less than a day.
    Some(
        offset
            .to_timestamp(date.to_datetime(time))
            .unwrap_or(Wall::MAX),
    )
}

#[cfg(test)]
mod tests;
