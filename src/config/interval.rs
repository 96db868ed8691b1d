//! Named time intervals: names are unique, and every reference resolves (§1.9).
//!
//! Owns their keys, the form in which their ranges are shown, and the checked type that the daemon uses.
//! Pure; runs on the thread that loads the configuration.

use std::collections::BTreeMap;
use std::fmt;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::sync::Arc;

use jiff::tz::TimeZone;

use super::fault::{Findings, nearest, shown};
use super::field::At;
use super::range::{day_of_month, minute_of_day, month, range_text, weekday, weekday_name, year};
use super::record::{Record, Value};
use super::table::Kind::{EachParsed, Parsed, Sections, Text};
use super::table::{Key, Section, Shows, key};
use crate::model::{TimeInterval, TimeOfDayRange};

/// A named list of intervals.
pub static TIME_INTERVAL: Section = Section {
    what: "time interval",
    keys: NAMED_KEYS,
};

/// A named list of intervals in the deprecated list.
pub static MUTE_TIME_INTERVAL: Section = Section {
    what: "mute time interval",
    keys: NAMED_KEYS,
};

const NAMED_KEYS: &[Key] = &[
    key("name", Text).or("").always(),
    key("time_intervals", Sections("a list of intervals", &PART))
        .or("[]")
        .always(),
];

static PART: Section = Section {
    what: "a time interval",
    keys: &[
        key("times", Sections("a list of times", &TIMES)),
        key(
            "weekdays",
            EachParsed(RANGES, |text| {
                written(weekday(text), |day| weekday_name(*day))
            }),
        )
        .shown(Shows::Short),
        key(
            "days_of_month",
            EachParsed(RANGES, |text| written(day_of_month(text), |day| *day)),
        )
        .shown(Shows::Short),
        key(
            "months",
            EachParsed(RANGES, |text| written(month(text), |month| *month)),
        )
        .shown(Shows::Short),
        key(
            "years",
            EachParsed(RANGES, |text| written(year(text), |year| *year)),
        )
        .shown(Shows::Short),
        key("location", Parsed(location)).shown(Shows::Short),
    ],
};

static TIMES: Section = Section {
    what: "a range of times",
    keys: &[key("start_time", Text), key("end_time", Text)],
};

const RANGES: &str = "a list of ranges";

/// A range as it is shown.
fn written<T, N: PartialEq + Display>(
    range: Result<RangeInclusive<T>, String>,
    name: impl Fn(&T) -> N,
) -> Result<String, (String, &'static str)> {
    let right = "write one such as those in a calendar, or first:last";
    let range = range.map_err(|wrong| (wrong, right))?;
    Ok(range_text(&name(range.start()), &name(range.end())))
}

/// A location as it is shown.
fn location(name: &str) -> Result<String, (String, &'static str)> {
    match zone(name) {
        Some(_) if name.is_empty() => Ok("UTC".into()),
        Some(_) => Ok(name.into()),
        None => {
            let wrong = format!("unknown time zone {}", shown(name));
            Err((wrong, "write one such as Europe/Berlin"))
        }
    }
}

/// The time zone of a location. Names are case-sensitive, as in Go.
fn zone(name: &str) -> Option<TimeZone> {
    match name {
        "" | "UTC" => Some(TimeZone::UTC),
        "Local" => Some(TimeZone::system()),
        _ => {
            let zone = TimeZone::get(name).ok();
            zone.filter(|zone| zone.iana_name() == Some(name))
        }
    }
}

/// A time interval with its name: it is active while one of its parts is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedInterval {
    /// The name.
    pub name: Arc<str>,
    /// The parts.
    pub intervals: Vec<TimeInterval>,
}

/// The intervals of a file by name.
#[derive(Debug)]
pub struct Intervals {
    by_name: BTreeMap<String, Arc<NamedInterval>>,
    /// Whether all intervals of the file have a readable name.
    are_all: bool,
}

impl Intervals {
    /// Checks the intervals of both lists of a file, the deprecated list first.
    pub fn check(file: &Record, findings: &mut Findings) -> Self {
        let mut intervals = Intervals {
            by_name: BTreeMap::new(),
            are_all: true,
        };
        for list in ["mute_time_intervals", "time_intervals"] {
            intervals.are_all &= file.has_all(list);
            for named in file.records(list) {
                intervals.add(named, findings);
            }
        }
        intervals
    }

    /// Adds an interval. Only a null entry has no name.
    fn add(&mut self, named: &Record, findings: &mut Findings) {
        let parts = named.records("time_intervals").iter();
        let intervals = parts.map(|part| check_part(part, findings)).collect();
        if named.is_broken("name") {
            self.are_all = false;
            return;
        }
        let what = named.section.what;
        let name = named.text("name").unwrap_or_default();
        if name.is_empty() && !named.is_null {
            let wrong = format!("missing name in {what}");
            findings.fault(named.place, wrong, "write name");
        }
        if self.by_name.contains_key(name) {
            let wrong = format!("{what} \"{}\" is not unique", shown(name));
            findings.fault(named.place_of("name"), wrong, "give it a name of its own");
        }
        let interval = NamedInterval {
            name: name.into(),
            intervals,
        };
        self.by_name.insert(name.to_owned(), Arc::new(interval));
    }

    /// The intervals with these names, for a route. Unknown names are faults.
    pub fn find(&self, names: &[At<String>], findings: &mut Findings) -> Vec<Arc<NamedInterval>> {
        let found = names.iter().filter_map(|name| {
            let interval = self.by_name.get(&name.value).cloned();
            if interval.is_none() && self.are_all {
                self.refuse(name, findings);
            }
            interval
        });
        found.collect()
    }

    fn refuse(&self, name: &At<String>, findings: &mut Findings) {
        let wrong = format!(
            "undefined time interval \"{}\" used in route",
            shown(&name.value)
        );
        let known = self.by_name.keys().map(String::as_str);
        let right = fmt::from_fn(|out| match nearest(&name.value, known.clone()) {
            Some(nearest) => write!(out, "did you mean \"{nearest}\"?"),
            None => out.write_str("add it to time_intervals or use one that is there"),
        });
        findings.fault(name.place, wrong, right);
    }
}

/// The meaning of a part. A missing key excludes nothing, an empty list excludes everything.
fn check_part(part: &Record, findings: &mut Findings) -> TimeInterval {
    let times = part.get("times").map(|_| {
        let times = part.records("times").iter();
        times
            .filter_map(|time| check_time(time, findings))
            .collect()
    });
    TimeInterval {
        times,
        weekdays: ranges(part, "weekdays", weekday),
        days_of_month: ranges(part, "days_of_month", day_of_month),
        months: ranges(part, "months", month),
        years: ranges(part, "years", year),
        location: zone(part.text("location").unwrap_or_default()).unwrap_or(TimeZone::UTC),
    }
}

/// The ranges of a list. Invalid ranges were refused while the table was read.
fn ranges<T>(
    part: &Record,
    name: &str,
    read: fn(&str) -> Result<RangeInclusive<T>, String>,
) -> Option<Vec<RangeInclusive<T>>> {
    match part.get(name)? {
        Value::Texts(texts) => Some(texts.iter().filter_map(|at| read(&at.value).ok()).collect()),
        _ => None,
    }
}

fn check_time(time: &Record, findings: &mut Findings) -> Option<TimeOfDayRange> {
    if time.is_broken("start_time") || time.is_broken("end_time") {
        return None;
    }
    time_range(time.text("start_time"), time.text("end_time"))
        .map_err(|wrong| {
            let right = "write start_time and end_time such as 09:00 and 17:30";
            findings.fault(time.place, wrong, right);
        })
        .ok()
}

fn time_range(start: Option<&str>, end: Option<&str>) -> Result<TimeOfDayRange, String> {
    let (Some(start), Some(end)) = (start, end) else {
        return Err("both start and end times must be provided".into());
    };
    let (start_minute, end_minute) = (minute_of_day(start)?, minute_of_day(end)?);
    if start_minute >= end_minute {
        return Err("start time cannot be equal or greater than end time".into());
    }
    Ok(TimeOfDayRange {
        start_minute,
        end_minute,
    })
}
