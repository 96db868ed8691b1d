//! Recurring time intervals: office hours, weekends, the last day of a month.
//!
//! Owns the type of an interval, and the test whether a point in time lies in it (§9). Reading an interval
//! from a configuration is up to `config`. Pure; runs on the calling thread.

use std::ops::RangeInclusive;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::Wall;

/// A conjunction of fields, each of which is a disjunction. A missing field excludes nothing, an empty field
/// excludes everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeInterval {
    /// Times of day.
    pub times: Option<Vec<TimeOfDayRange>>,
    /// Days of the week; Sunday is 0.
    pub weekdays: Option<Vec<RangeInclusive<u8>>>,
    /// Days of the month, from 1; negative ones count from the end, -1 being the last.
    pub days_of_month: Option<Vec<RangeInclusive<i8>>>,
    /// Months, January being 1.
    pub months: Option<Vec<RangeInclusive<i64>>>,
    /// Years.
    pub years: Option<Vec<RangeInclusive<i64>>>,
    /// The time zone of all fields.
    pub location: TimeZone,
}

/// A half-open range of minutes of the day. 24:00 is minute 1440.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeOfDayRange {
    /// The first minute.
    pub start_minute: u16,
    /// The minute after the last.
    pub end_minute: u16,
}

impl Default for TimeInterval {
    /// An interval that is always active.
    fn default() -> Self {
        TimeInterval {
            times: None,
            weekdays: None,
            days_of_month: None,
            months: None,
            years: None,
            location: TimeZone::UTC,
        }
    }
}

impl TimeInterval {
    /// Whether `time` lies in the interval.
    pub fn contains(&self, time: Wall) -> bool {
        let local = self.location.to_datetime(time);
        let minute =
            u16::from(local.hour().unsigned_abs()) * 60 + u16::from(local.minute().unsigned_abs());
        let weekday = local.weekday().to_sunday_zero_offset().unsigned_abs();
        let holds_at =
            |range: &TimeOfDayRange| (range.start_minute..range.end_minute).contains(&minute);
        any(self.times.as_deref(), holds_at)
            && any(self.days_of_month.as_deref(), |range| {
                is_day_within(range, local)
            })
            && any(self.months.as_deref(), |range| {
                range.contains(&i64::from(local.month()))
            })
            && any(self.weekdays.as_deref(), |range| range.contains(&weekday))
            && any(self.years.as_deref(), |range| {
                range.contains(&i64::from(local.year()))
            })
    }
}

fn any<T>(field: Option<&[T]>, holds: impl Fn(&T) -> bool) -> bool {
    field.is_none_or(|ranges| ranges.iter().any(holds))
}

/// Whether the day lies in the range. A range that begins past the end of the month contains none of its
/// days; otherwise both ends are clamped to the month.
fn is_day_within(range: &RangeInclusive<i8>, local: DateTime) -> bool {
    let length = local.days_in_month();
    let from_start = |day: i8| if day < 0 { length + day + 1 } else { day };
    let (begin, end) = (from_start(*range.start()), from_start(*range.end()));
    begin <= length && (begin.max(1)..=end.clamp(1, length)).contains(&local.day())
}

#[cfg(test)]
mod tests;
