//! The vectors of Appendix C.

use super::*;

fn at(text: &str) -> Wall {
    text.parse().expect("a timestamp")
}

fn hours(start: u16, end: u16) -> Option<Vec<TimeOfDayRange>> {
    Some(vec![TimeOfDayRange {
        start_minute: start * 60,
        end_minute: end * 60,
    }])
}

fn days(begin: i8, end: i8) -> Option<Vec<RangeInclusive<i8>>> {
    Some(vec![begin..=end])
}

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).expect("a zone of the bundled database")
}

fn office_hours() -> TimeInterval {
    TimeInterval {
        times: hours(9, 17),
        weekdays: Some(vec![1..=5]),
        ..TimeInterval::default()
    }
}

fn check(interval: &TimeInterval, inside: &[&str], outside: &[&str]) {
    for time in inside {
        assert!(interval.contains(at(time)), "{time} is inside");
    }
    for time in outside {
        assert!(!interval.contains(at(time)), "{time} is outside");
    }
}

#[test]
fn an_interval_without_fields_always_holds_and_an_empty_field_never() {
    check(
        &TimeInterval::default(),
        &["2020-05-04T15:04:00Z", "1970-01-01T00:00:00Z"],
        &[],
    );
    let never = TimeInterval {
        weekdays: Some(Vec::new()),
        ..TimeInterval::default()
    };
    check(&never, &[], &["2020-05-04T15:04:00Z"]);
}

#[test]
fn office_hours_begin_with_their_first_minute_and_end_before_their_last() {
    check(
        &office_hours(),
        &[
            "2020-05-04T15:04:00Z",
            "2020-05-04T16:59:59Z",
            "2020-05-04T09:00:00Z",
        ],
        &[
            "2020-05-03T15:04:00Z",
            "2020-05-04T08:59:00Z",
            "2020-05-04T17:00:00Z",
        ],
    );
}

#[test]
fn negative_days_count_from_the_end_of_the_month() {
    let last_days = TimeInterval {
        days_of_month: days(-3, -1),
        ..TimeInterval::default()
    };
    check(
        &last_days,
        &[
            "2020-01-29T00:00:00Z",
            "2020-01-30T00:00:00Z",
            "2020-01-31T23:59:59Z",
            "2020-02-29T12:00:00Z",
        ],
        &["2020-01-27T00:00:00Z", "2020-07-01T00:00:00Z"],
    );
}

#[test]
fn days_are_clamped_to_the_month() {
    let june = TimeInterval {
        months: Some(vec![6..=6]),
        days_of_month: days(-31, 31),
        ..TimeInterval::default()
    };
    check(
        &june,
        &["2020-06-01T00:00:00Z", "2020-06-30T23:00:00Z"],
        &["2020-05-31T00:00:00Z", "2020-07-01T00:00:00Z"],
    );
    let late = TimeInterval {
        days_of_month: days(30, 31),
        ..TimeInterval::default()
    };
    check(
        &late,
        &["2020-01-30T00:00:00Z"],
        &["2020-02-28T00:00:00Z", "2020-02-29T00:00:00Z"],
    );
    let leap = TimeInterval {
        days_of_month: days(29, 31),
        ..TimeInterval::default()
    };
    check(&leap, &["2020-02-29T00:00:00Z"], &["2021-02-28T00:00:00Z"]);
    let whole = TimeInterval {
        days_of_month: days(1, -1),
        ..TimeInterval::default()
    };
    check(
        &whole,
        &["2020-02-01T00:00:00Z", "2020-02-29T00:00:00Z"],
        &[],
    );
}

#[test]
fn a_location_moves_every_field() {
    let sydney = TimeInterval {
        location: zone("Australia/Sydney"),
        ..office_hours()
    };
    check(
        &sydney,
        &["2021-04-06T13:00:00+10:00", "2021-10-31T22:00:00Z"],
        &["2021-04-06T13:00:00Z", "2021-10-31T21:00:00Z"],
    );
    let new_york = TimeInterval {
        days_of_month: days(-1, -1),
        location: zone("America/New_York"),
        ..TimeInterval::default()
    };
    check(
        &new_york,
        &["2021-03-31T12:00:00-04:00"],
        &["2021-03-30T12:00:00-04:00"],
    );
}

#[test]
fn all_fields_together() {
    let interval = TimeInterval {
        times: hours(9, 17),
        weekdays: Some(vec![1..=5, 0..=0]),
        months: Some(vec![1..=3]),
        days_of_month: days(-7, -1),
        years: Some(vec![2020..=2025, 2030..=2035]),
        location: TimeZone::UTC,
    };
    check(
        &interval,
        &[
            "2021-01-27T09:00:00Z",
            "2021-01-28T16:59:00Z",
            "2025-03-31T13:00:00Z",
        ],
        &[
            "2021-01-30T12:00:00Z",
            "2021-04-01T12:00:00Z",
            "2026-01-30T12:00:00Z",
        ],
    );
}
