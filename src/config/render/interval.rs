//! Time intervals as they are shown.
//!
//! Owns the written form of their ranges (§9). Pure; runs on whichever thread loads the
//! configuration.

use std::ops::RangeInclusive;

use super::shown::{Keys, Shown};
use crate::config::raw::{RawInterval, RawIntervals, range_text, weekday_name};
use crate::model::TimeOfDayRange;

/// A list of named intervals.
pub fn shown_intervals(intervals: &RawIntervals) -> impl Iterator<Item = Shown> {
    intervals.named.iter().map(|named| {
        let mut keys = Keys::default();
        keys.text("name", &named.name.value);
        let parts = named.intervals.iter().map(shown_interval).collect();
        keys.put("time_intervals", Shown::List(parts));
        keys.shown()
    })
}

fn shown_interval(raw: &RawInterval) -> Shown {
    let interval = &raw.interval;
    let mut keys = Keys::default();
    keys.list("times", interval.times.iter().flatten().map(shown_time));
    let weekdays = ranges(interval.weekdays.as_ref(), |day| weekday_name(*day).into());
    put_short(&mut keys, "weekdays", weekdays);
    let days = ranges(interval.days_of_month.as_ref(), i8::to_string);
    put_short(&mut keys, "days_of_month", days);
    let months = ranges(interval.months.as_ref(), i64::to_string);
    put_short(&mut keys, "months", months);
    let years = ranges(interval.years.as_ref(), i64::to_string);
    put_short(&mut keys, "years", years);
    if let Some(location) = &raw.location {
        keys.put("location", Shown::Short(Box::new(Shown::text(location))));
    }
    keys.shown()
}

fn ranges<T>(
    ranges: Option<&Vec<RangeInclusive<T>>>,
    written: impl Fn(&T) -> String,
) -> Vec<Shown> {
    let ranges = ranges.into_iter().flatten();
    ranges
        .map(|range| range_text(&written(range.start()), &written(range.end())))
        .map(Shown::Text)
        .collect()
}

fn put_short(keys: &mut Keys, key: &str, items: Vec<Shown>) {
    if !items.is_empty() {
        keys.put(key, Shown::Short(Box::new(Shown::List(items))));
    }
}

fn shown_time(range: &TimeOfDayRange) -> Shown {
    let time = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
    let mut keys = Keys::default();
    keys.text("start_time", &time(range.start_minute));
    keys.text("end_time", &time(range.end_minute));
    keys.shown()
}
