//! Heartbeats: jobs that ping the daemon, and how long they may stay silent.
//!
//! Owns their keys, and the checked type that the daemon uses. Pure; runs on the thread that loads the
//! configuration.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::fault::{Findings, shown};
use super::record::Record;
use super::table::Kind::{self, NamedTexts, Text};
use super::table::{Section, key};
use crate::model::Labels;

/// The section of a heartbeat.
pub static HEARTBEAT: Section = Section {
    what: "a heartbeat",
    keys: &[
        key("name", Text),
        key("every", Kind::Duration),
        key("grace", Kind::Duration).or("0s"),
        key("labels", Kind::Labels),
        key(
            "annotations",
            NamedTexts("a map of annotation names and texts"),
        ),
    ],
};

/// A heartbeat: it is overdue, and so an alert, if it was not pinged for `every` and `grace` together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    /// The name, the last segment of its path.
    pub name: Arc<str>,
    /// How often it is pinged.
    pub every: Duration,
    /// How much longer it may take.
    pub grace: Duration,
    /// The labels of its alert, with `alertname` and `heartbeat`.
    pub labels: Labels,
    /// The annotations of its alert.
    pub annotations: Labels,
}

impl Heartbeat {
    /// How long after a ping it is overdue.
    pub fn period(&self) -> Duration {
        self.every.saturating_add(self.grace)
    }

    /// Checks the heartbeats of a file.
    pub fn check_all(file: &Record, findings: &mut Findings) -> Vec<Arc<Heartbeat>> {
        let mut by_name: BTreeMap<Arc<str>, Arc<Heartbeat>> = BTreeMap::new();
        for record in file.records("heartbeats") {
            let Some(heartbeat) = Heartbeat::check(record, findings) else {
                continue;
            };
            let name = Arc::clone(&heartbeat.name);
            if by_name.contains_key(&name) {
                let wrong = format!("heartbeat \"{}\" is not unique", shown(&name));
                findings.fault(record.place_of("name"), wrong, "give it a name of its own");
            }
            by_name.insert(name, Arc::new(heartbeat));
        }
        by_name.into_values().collect()
    }

    fn check(record: &Record, findings: &mut Findings) -> Option<Heartbeat> {
        let name = check_name(record, findings);
        let every = check_every(record, findings);
        let (name, every) = (name?, every?);
        let own = record.named("labels").iter();
        let own = own.map(|(name, value)| (name.as_str(), value.value.as_str()));
        // The last pair of a name wins, and an empty value is no label.
        let labels = [("alertname", "HeartbeatMissing"), ("heartbeat", name)];
        let labels: BTreeMap<&str, &str> = labels.into_iter().chain(own).collect();
        let labels = labels.into_iter().filter(|(_, value)| !value.is_empty());
        let annotations = record.named("annotations").iter();
        let annotations = annotations.map(|(name, text)| (name.as_str(), text.value.as_str()));
        Some(Heartbeat {
            name: name.into(),
            every,
            grace: record
                .duration("grace")
                .map_or(Duration::ZERO, |(grace, _)| grace),
            labels: Labels::from_pairs(labels),
            annotations: Labels::from_pairs(annotations),
        })
    }
}

fn check_name<'r>(record: &'r Record, findings: &mut Findings) -> Option<&'r str> {
    if record.is_broken("name") {
        return None;
    }
    let Some(name) = record.text("name") else {
        findings.fault(record.place, "missing name in heartbeat", "write name");
        return None;
    };
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    if !name.bytes().all(fits) {
        let wrong = format!("heartbeat name \"{}\" does not fit into a URL", shown(name));
        let right = "write letters, digits, _, - and .";
        findings.fault(record.place_of("name"), wrong, right);
        return None;
    }
    Some(name)
}

fn check_every(record: &Record, findings: &mut Findings) -> Option<Duration> {
    if record.is_broken("every") {
        return None;
    }
    let every = record.duration("every").map(|(every, _)| every);
    if every.is_none_or(|every| every.is_zero()) {
        let wrong = "heartbeat without every, or with every 0s";
        let right = "write how often it is pinged, such as every: 1h";
        findings.fault(record.place_of("every"), wrong, right);
        return None;
    }
    every
}
