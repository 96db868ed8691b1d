//! Dates as senders write them.
//!
//! Owns the forms that Alertmanager's `strfmt` takes (§10.2), over jiff's calendar. Pure; runs on the
//! connections' threads.

use jiff::civil::{Date, Time};
use jiff::tz::Offset;

use crate::model::{Wall, ZERO_TIME};

/// Characters of a wrong date that are shown.
const SHOWN: usize = 40;

/// Reads a date. The zero time of Go means that there is none; the empty text means 1970.
///
/// Without an offset a time is UTC. Times past the last that can be said are taken for that one,
/// which is the end of the year 9999.
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

/// What is left of the text to read. Each step takes something off the front or fails.
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

/// A fraction of a second: its value, and how many digits it was written with.
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

/// Reads a fraction if there is one; more than nine digits are cut.
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

/// Reads `Z` or an offset. One without a colon is known only behind three or six digits.
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
    // The years 0 to 9999 can only lie past the upper end, by less than a day.
    Some(
        offset
            .to_timestamp(date.to_datetime(time))
            .unwrap_or(Wall::MAX),
    )
}

#[cfg(test)]
mod tests;
