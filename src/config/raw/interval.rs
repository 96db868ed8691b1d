//! Named time intervals as the file says them.
//!
//! Owns the keys of an interval and the grammar of their ranges (§9). Whether the names are unique
//! is looked at in `check/interval.rs`. Pure; runs on whichever thread loads the configuration.

use std::ops::RangeInclusive;

use jiff::tz::TimeZone;

use super::range::{day_of_month, minute_of_day, month, weekday, year};
use crate::config::fault::{Findings, shown};
use crate::config::field::{At, Fields, list, text};
use crate::config::node::{Kind, Node};
use crate::model::{TimeInterval, TimeOfDayRange};

/// A named list of intervals.
#[derive(Debug)]
pub struct RawNamedInterval {
    /// Its name; empty only if the whole entry is null.
    pub name: At<String>,
    /// Its parts that could be read.
    pub intervals: Vec<RawInterval>,
}

/// An interval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawInterval {
    /// What it means.
    pub interval: TimeInterval,
    /// The location as it is shown, if one was given.
    pub location: Option<String>,
}

/// One of the two lists of named intervals.
#[derive(Debug)]
pub struct RawIntervals {
    /// Those that could be read.
    pub named: Vec<RawNamedInterval>,
    /// Whether those are all.
    pub are_all: bool,
}

impl RawIntervals {
    /// Reads a list, the items of which faults call `what`.
    pub fn read(node: Option<&Node>, what: &str, findings: &mut Findings) -> Self {
        let items = match node {
            Some(node) => list(node, "a list of named intervals", findings),
            None => Some(&[][..]),
        };
        let has_list = items.is_some();
        let items = items.unwrap_or_default();
        let named: Vec<_> = items
            .iter()
            .filter_map(|item| read_named(item, what, findings))
            .collect();
        RawIntervals {
            are_all: has_list && named.len() == items.len(),
            named,
        }
    }
}

fn read_named(node: &Node, what: &str, findings: &mut Findings) -> Option<RawNamedInterval> {
    let fields = Fields::read(node, what, &[&["name", "time_intervals"]], findings)?;
    let name = match fields.get("name") {
        Some(name) => text(name, findings)?,
        None => "",
    };
    if name.is_empty() && node.kind != Kind::Null {
        let wrong = format!("missing name in {what}");
        findings.fault(node.place, wrong, "write name");
    }
    let parts = fields
        .get("time_intervals")
        .and_then(|node| list(node, "a list of intervals", findings));
    Some(RawNamedInterval {
        name: At {
            place: fields.get("name").map_or(node.place, |name| name.place),
            value: name.to_owned(),
        },
        intervals: parts
            .unwrap_or_default()
            .iter()
            .filter_map(|part| read_interval(part, findings))
            .collect(),
    })
}

const KEYS: &[&str] = &[
    "times",
    "weekdays",
    "days_of_month",
    "months",
    "years",
    "location",
];

fn read_interval(node: &Node, findings: &mut Findings) -> Option<RawInterval> {
    let fields = Fields::read(node, "a time interval", &[KEYS], findings)?;
    let location = fields
        .get("location")
        .filter(|node| node.kind != Kind::Null)
        .and_then(|node| read_location(node, findings));
    let (location, zone) = location.unzip();
    Some(RawInterval {
        interval: TimeInterval {
            times: read_times(fields.get("times"), findings),
            weekdays: read_ranges(fields.get("weekdays"), weekday, findings),
            days_of_month: read_ranges(fields.get("days_of_month"), day_of_month, findings),
            months: read_ranges(fields.get("months"), month, findings),
            years: read_ranges(fields.get("years"), year, findings),
            location: zone.unwrap_or(TimeZone::UTC),
        },
        location,
    })
}

/// The items under a key; a missing key and null restrict nothing, an empty list everything.
fn read_ranges<T>(
    node: Option<&Node>,
    read: fn(&str) -> Result<RangeInclusive<T>, String>,
    findings: &mut Findings,
) -> Option<Vec<RangeInclusive<T>>> {
    let node = node.filter(|node| node.kind != Kind::Null)?;
    let items = list(node, "a list of ranges", findings)?;
    let mut ranges = Vec::new();
    for item in items {
        let Some(text) = text(item, findings) else {
            continue;
        };
        match read(text) {
            Ok(range) => ranges.push(range),
            Err(wrong) => {
                let right = "write one such as those in a calendar, or first:last";
                findings.fault(item.place, wrong, right);
            }
        }
    }
    Some(ranges)
}

fn read_times(node: Option<&Node>, findings: &mut Findings) -> Option<Vec<TimeOfDayRange>> {
    let node = node.filter(|node| node.kind != Kind::Null)?;
    let items = list(node, "a list of times", findings)?.iter();
    Some(items.filter_map(|item| read_time(item, findings)).collect())
}

fn read_time(node: &Node, findings: &mut Findings) -> Option<TimeOfDayRange> {
    let keys: &[&str] = &["start_time", "end_time"];
    let fields = Fields::read(node, "a range of times", &[keys], findings)?;
    let mut given = |key| match fields.get(key) {
        Some(node) => text(node, findings),
        None => Some(""),
    };
    let (start, end) = (given("start_time")?, given("end_time")?);
    match time_range(start, end) {
        Ok(range) => Some(range),
        Err(wrong) => {
            let right = "write start_time and end_time such as 09:00 and 17:30";
            findings.fault(node.place, wrong, right);
            None
        }
    }
}

fn time_range(start: &str, end: &str) -> Result<TimeOfDayRange, String> {
    if start.is_empty() || end.is_empty() {
        return Err("both start and end times must be provided".into());
    }
    let (start_minute, end_minute) = (minute_of_day(start)?, minute_of_day(end)?);
    if start_minute >= end_minute {
        return Err("start time cannot be equal or greater than end time".into());
    }
    Ok(TimeOfDayRange {
        start_minute,
        end_minute,
    })
}

/// The location as it is shown, and its zone. Names are told apart by case, as in Go.
fn read_location(node: &Node, findings: &mut Findings) -> Option<(String, TimeZone)> {
    let name = text(node, findings)?;
    match name {
        "" | "UTC" => return Some(("UTC".into(), TimeZone::UTC)),
        "Local" => return Some((name.into(), TimeZone::system())),
        _ => {}
    }
    let zone = TimeZone::get(name).ok();
    let zone = zone.filter(|zone| zone.iana_name() == Some(name));
    if zone.is_none() {
        let wrong = format!("unknown time zone {}", shown(name));
        findings.fault(node.place, wrong, "write one such as Europe/Berlin");
    }
    Some((name.into(), zone?))
}
