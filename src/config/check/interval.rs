//! Named time intervals: each name once, and all that is named is there (§1.9).
//!
//! Owns those two rules. Pure; runs on whichever thread loads the configuration.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::config::NamedInterval;
use crate::config::fault::{Findings, nearest, shown};
use crate::config::field::At;
use crate::config::raw::{RawConfig, RawNamedInterval};

/// The intervals of a file by name.
#[derive(Debug)]
pub struct Intervals {
    by_name: BTreeMap<String, Arc<NamedInterval>>,
    /// Whether no interval was too broken to have a name.
    are_all: bool,
}

impl Intervals {
    /// Those of both lists of a file. The deprecated list comes first.
    pub fn of(raw: &RawConfig, findings: &mut Findings) -> Self {
        let mut intervals = Intervals {
            by_name: BTreeMap::new(),
            are_all: raw.mute_time_intervals.are_all && raw.time_intervals.are_all,
        };
        for interval in &raw.mute_time_intervals.named {
            intervals.add(interval, "mute time interval", findings);
        }
        for interval in &raw.time_intervals.named {
            intervals.add(interval, "time interval", findings);
        }
        intervals
    }

    fn add(&mut self, raw: &RawNamedInterval, what: &str, findings: &mut Findings) {
        let name = &raw.name.value;
        if self.by_name.contains_key(name) {
            let wrong = format!("{what} \"{}\" is not unique", shown(name));
            findings.fault(raw.name.place, wrong, "give it a name of its own");
        }
        let parts = raw.intervals.iter().map(|part| part.interval.clone());
        let interval = NamedInterval {
            name: name.as_str().into(),
            intervals: parts.collect(),
        };
        self.by_name.insert(name.clone(), Arc::new(interval));
    }

    /// What a route means by `names`. Names that nothing has are faults.
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
