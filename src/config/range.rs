//! Days, months, years and times of day as texts (§9).
//!
//! Owns their grammar and Alertmanager's error messages about them. Pure; runs on the thread that loads the
//! configuration.

use std::fmt::Display;
use std::ops::RangeInclusive;

use super::fault::shown;

const WEEKDAYS: [&str; 7] = [
    "sunday",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
];

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// A day of the week or a range of them; Sunday is 0.
pub fn weekday(text: &str) -> Result<RangeInclusive<u8>, String> {
    let (start, end) = ends(text, |name| {
        let number = (0..).zip(WEEKDAYS).find(|(_, known)| *known == name);
        let number = number.map(|(number, _)| number);
        number.ok_or_else(|| format!("{} is not a valid weekday", shown(name)))
    })?;
    if start > end {
        return Err("start day cannot be before end day".into());
    }
    Ok(start..=end)
}

/// The name of a day of the week in the shown configuration.
pub fn weekday_name(number: u8) -> &'static str {
    WEEKDAYS[usize::from(number) % WEEKDAYS.len()]
}

/// A day of the month or a range of them; negative ones count from the end.
pub fn day_of_month(text: &str) -> Result<RangeInclusive<i8>, String> {
    let (start, end) = ends(text, number)?;
    for day in [start, end] {
        if day == 0 || !(-31..=31).contains(&day) {
            return Err(format!(
                "{day} is not a valid day of the month: out of range"
            ));
        }
    }
    if start < 0 && end > 0 {
        return Err("end day must be negative if start day is negative".into());
    }
    // To compare them, days from the end are counted as if the month had 28 days.
    let from_start = |day: i64| if day < 0 { 28 + day } else { day };
    if from_start(start) > from_start(end) {
        return Err(format!("end day {end} is always before start day {start}"));
    }
    let small = |day| i8::try_from(day).map_err(|_| format!("{day} is not a day of the month"));
    Ok(small(start)?..=small(end)?)
}

/// A month, by name or number, or a range of them.
pub fn month(text: &str) -> Result<RangeInclusive<i64>, String> {
    let (start, end) = ends(text, |name| {
        let known = (1..).zip(MONTHS).find(|(_, known)| *known == name);
        let number = known.map(|(number, _)| number);
        let number = number.or_else(|| name.parse().ok());
        number.ok_or_else(|| format!("{} is not a valid month", shown(name)))
    })?;
    let written = |number: i64| match usize::try_from(number - 1) {
        Ok(index) if index < MONTHS.len() => MONTHS[index].to_owned(),
        _ => number.to_string(),
    };
    if start > end {
        let (start, end) = (written(start), written(end));
        return Err(format!("end month {end} is before start month {start}"));
    }
    Ok(start..=end)
}

/// A year or a range of them.
pub fn year(text: &str) -> Result<RangeInclusive<i64>, String> {
    let (start, end) = ends(text, number)?;
    if start > end {
        return Err(format!("end year {end} is before start year {start}"));
    }
    Ok(start..=end)
}

/// A range in the shown configuration: one value if both ends are equal.
pub fn range_text<T: PartialEq + Display>(start: &T, end: &T) -> String {
    if start == end {
        start.to_string()
    } else {
        format!("{start}:{end}")
    }
}

/// `HH:MM` up to 24:00 as minutes since midnight.
pub fn minute_of_day(text: &str) -> Result<u16, String> {
    let invalid = || format!("couldn't parse timestamp {}, invalid format", shown(text));
    let (hour, minute) = text.split_once(':').ok_or_else(invalid)?;
    let two_digits = |part: &str| {
        let is_short = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        part.parse::<u16>().ok().filter(|_| is_short)
    };
    match (two_digits(hour), two_digits(minute)) {
        (Some(24), Some(0)) => Ok(24 * 60),
        (Some(hour @ 0..=23), Some(minute @ 0..=59)) => Ok(hour * 60 + minute),
        _ => Err(invalid()),
    }
}

/// Both ends of a range; equal if only one value is given. Case does not matter.
fn ends<T: Copy>(text: &str, read: impl Fn(&str) -> Result<T, String>) -> Result<(T, T), String> {
    let lower = text.to_lowercase();
    let parts: Vec<&str> = lower.split(':').collect();
    match parts.as_slice() {
        [start, end] => Ok((read(start)?, read(end)?)),
        [both] => read(both).map(|value| (value, value)),
        _ => Err(format!(
            "couldn't parse range {}, invalid format",
            shown(&lower)
        )),
    }
}

/// A whole number; the error message is Go's.
fn number(text: &str) -> Result<i64, String> {
    use std::num::IntErrorKind::{NegOverflow, PosOverflow};
    text.parse().map_err(|error: std::num::ParseIntError| {
        let why = match error.kind() {
            PosOverflow | NegOverflow => "value out of range",
            _ => "invalid syntax",
        };
        format!("strconv.Atoi: parsing \"{}\": {why}", shown(text))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_by_name_and_number() {
        assert_eq!(weekday("Monday"), Ok(1..=1));
        assert_eq!(weekday("monday:friday"), Ok(1..=5));
        assert_eq!(month("may:12"), Ok(5..=12));
        assert_eq!(year("2024:2026"), Ok(2024..=2026));
        assert_eq!(day_of_month("-3:-1"), Ok(-3..=-1));
        assert_eq!(day_of_month("1:-1"), Ok(RangeInclusive::new(1, -1)));
    }

    #[test]
    fn wrong_ranges_are_told_in_alertmanagers_words() {
        let told = [
            (weekday("1").err(), "1 is not a valid weekday"),
            (
                weekday("friday:monday").err(),
                "start day cannot be before end day",
            ),
            (
                day_of_month("0").err(),
                "0 is not a valid day of the month: out of range",
            ),
            (
                day_of_month("-1:3").err(),
                "end day must be negative if start day is negative",
            ),
            (
                day_of_month("30:-1").err(),
                "end day -1 is always before start day 30",
            ),
            (month("13x").err(), "13x is not a valid month"),
            (
                month("12:1").err(),
                "end month january is before start month december",
            ),
            (
                year("2026:2024").err(),
                "end year 2024 is before start year 2026",
            ),
            (
                year("x").err(),
                "strconv.Atoi: parsing \"x\": invalid syntax",
            ),
            (
                year("1:2:3").err(),
                "couldn't parse range 1:2:3, invalid format",
            ),
        ];
        for (wrong, words) in told {
            assert_eq!(wrong.as_deref(), Some(words));
        }
    }

    #[test]
    fn times_of_day_have_four_digits() {
        assert_eq!(minute_of_day("00:00"), Ok(0));
        assert_eq!(minute_of_day("23:59"), Ok(1439));
        assert_eq!(minute_of_day("24:00"), Ok(1440));
        for wrong in ["9:00", "24:01", "12:60", "12", "12:00:00", "+1:00", ""] {
            assert!(minute_of_day(wrong).is_err(), "{wrong}");
        }
    }
}
