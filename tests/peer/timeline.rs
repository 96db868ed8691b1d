//! The notifications of one daemon in one scenario, normalised for comparison with the other's.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use alertwheel::model::{Now, Wall};
use serde_json::Value;

use crate::composition::LABEL;
use crate::hooks::{Behaviour, Heard};
use crate::scenario::Scenario;

/// How wide a timeline is printed beside another.
const COLUMN: usize = 78;

/// Everything told in a scenario, in the order of time.
#[derive(Clone, Debug, Default)]
pub struct Timeline {
    told: Vec<LogEntry>,
}

/// A webhook, or several attempts at the same one that all failed.
#[derive(Clone, Debug)]
struct LogEntry {
    /// From the start of the scenario.
    at: Duration,
    /// The webhook's name.
    webhook: String,
    /// The body without times and without the field that Alertmanager has had since 0.34 only.
    body: Value,
    /// Start and end of each alert in seconds from the start of the scenario.
    times: Vec<[Option<f64>; 2]>,
    behaviour: Behaviour,
}

/// The webhook's name and the group's key.
type Key = (String, String);

impl Timeline {
    /// What of all that was heard belongs to a scenario that began then.
    pub fn of(scenario: &Scenario, began: Now, heard: &[Heard]) -> Timeline {
        let folder = format!("/{}/", scenario.number);
        let mut timeline = Timeline::default();
        for heard in heard {
            let at = heard.at.since(began.mono);
            let Some(webhook) = heard.path.strip_prefix(&folder) else {
                continue;
            };
            if at <= scenario.length() {
                timeline.push(LogEntry::read(heard, at, webhook, began.wall));
            }
        }
        timeline
    }

    /// Whether nothing was told.
    pub fn is_empty(&self) -> bool {
        self.told.is_empty()
    }

    /// Whether both tell each group the same, at about the same times.
    pub fn is_like(&self, other: &Timeline, tolerance: Duration) -> bool {
        let (ours, theirs) = (self.groups(), other.groups());
        ours.len() == theirs.len()
            && ours.iter().zip(&theirs).all(|((a, ours), (b, theirs))| {
                a == b
                    && ours.len() == theirs.len()
                    && ours
                        .iter()
                        .zip(theirs)
                        .all(|(a, b)| a.is_like(b, tolerance))
            })
    }

    /// Whether it is what `text` says, at about those times.
    pub fn is_as_told(&self, text: &str, tolerance: Duration) -> bool {
        let mut left: Vec<&LogEntry> = self.told.iter().collect();
        let all_lines_are_told = text.lines().all(|line| {
            let (at, what) = line.split_once(' ').expect("a time and what is told");
            let at = Duration::from_secs_f64(at.parse().expect("seconds from the start"));
            let found = left.iter().position(|told| {
                told.at.abs_diff(at) <= tolerance && words(&told.what()) == words(what)
            });
            found.map(|index| left.remove(index)).is_some()
        });
        all_lines_are_told && left.is_empty()
    }

    /// Both group by group, ours on the left. Lines that differ are marked.
    pub fn beside(&self, other: &Timeline, tolerance: Duration) -> String {
        let (ours, theirs) = (self.groups(), other.groups());
        let mut keys: Vec<&Key> = ours.keys().chain(theirs.keys()).collect();
        keys.sort();
        keys.dedup();
        let mut text = String::new();
        for key in keys {
            writeln!(text, "  {} {}", key.0, key.1).expect("a string");
            let group =
                |side: &BTreeMap<Key, Vec<LogEntry>>| side.get(key).cloned().unwrap_or_default();
            let (ours, theirs) = (group(&ours), group(&theirs));
            for index in 0..ours.len().max(theirs.len()) {
                let (ours, theirs) = (ours.get(index), theirs.get(index));
                let is_like = match (ours, theirs) {
                    (Some(ours), Some(theirs)) => ours.is_like(theirs, tolerance),
                    _ => false,
                };
                let mark = if is_like { ' ' } else { '!' };
                let [left, right] =
                    [ours, theirs].map(|told| told.map_or(String::new(), LogEntry::line));
                writeln!(text, " {mark}  {left:COLUMN$} | {right}").expect("a string");
                if let (Some(ours), Some(theirs), false) = (ours, theirs, is_like) {
                    text.push_str(&ours.parts_that_differ(theirs, tolerance));
                }
            }
        }
        text
    }

    /// Attempts that are repeated until one succeeds count as one, for their pace is random.
    fn push(&mut self, told: LogEntry) {
        let is_retried = |behaviour| match behaviour {
            Behaviour::Status(status) => status >= 500,
            Behaviour::Throttle(_) | Behaviour::Hang => true,
            Behaviour::Wait(_) => false,
        };
        let mut same_webhook = self.told.iter().rev();
        let last = same_webhook
            .find(|last| last.webhook == told.webhook && last.group_key() == told.group_key());
        let is_again = last.is_some_and(|last| {
            is_retried(last.behaviour) && last.behaviour == told.behaviour && last.body == told.body
        });
        if !is_again {
            self.told.push(told);
        }
    }

    fn groups(&self) -> BTreeMap<Key, Vec<LogEntry>> {
        let mut groups: BTreeMap<Key, Vec<LogEntry>> = BTreeMap::new();
        for told in &self.told {
            let key = (told.webhook.clone(), told.group_key().to_owned());
            groups.entry(key).or_default().push(told.clone());
        }
        groups
    }
}

impl LogEntry {
    fn read(heard: &Heard, at: Duration, webhook: &str, began: Wall) -> LogEntry {
        let mut body: Value = serde_json::from_str(&heard.body).expect("a webhook is JSON");
        let object = body.as_object_mut().expect("a webhook is an object");
        let mut times = Vec::new();
        let alerts = object["alerts"].as_array_mut().expect("a list of alerts");
        for alert in alerts {
            let alert = alert.as_object_mut().expect("an alert is an object");
            times.push(["startsAt", "endsAt"].map(|name| {
                let time = alert.remove(name).expect("each alert has both times");
                seconds_from(began, time.as_str().expect("times are text"))
            }));
        }
        LogEntry {
            at,
            webhook: webhook.to_owned(),
            body,
            times,
            behaviour: heard.behaviour,
        }
    }

    fn group_key(&self) -> &str {
        self.body["groupKey"].as_str().expect("a group has a key")
    }

    fn is_like(&self, other: &LogEntry, tolerance: Duration) -> bool {
        self.at.abs_diff(other.at) <= tolerance
            && self.body == other.body
            && self.behaviour == other.behaviour
            && self.has_times_like(other, tolerance)
    }

    fn has_times_like(&self, other: &LogEntry, tolerance: Duration) -> bool {
        let mut pairs = self.times.iter().zip(&other.times);
        pairs.all(|(ours, theirs)| are_near(ours, theirs, tolerance))
    }

    fn parts_that_differ(&self, other: &LogEntry, tolerance: Duration) -> String {
        let mut text = String::new();
        let fields = self.body.as_object().expect("a webhook is an object");
        for (name, value) in fields {
            if other.body[name] != *value {
                writeln!(
                    text,
                    "      {name}: {value}\n      not {}",
                    other.body[name]
                )
                .expect("a string");
            }
        }
        let times = self.times.iter().zip(&other.times);
        for (ours, theirs) in times.filter(|(ours, theirs)| !are_near(ours, theirs, tolerance)) {
            writeln!(text, "      times {ours:.1?}\n      not {theirs:.1?}").expect("a string");
        }
        text
    }

    fn line(&self) -> String {
        format!("{:5.1}  {}", self.at.as_secs_f64(), self.what())
    }

    /// All but the time.
    fn what(&self) -> String {
        let reason = self.body["notification_reason"].as_str().unwrap_or("-");
        let mut line = format!("{}  {reason}", self.webhook);
        for status in ["firing", "resolved"] {
            let alerts = self.body["alerts"].as_array().expect("a list of alerts");
            let with_status = alerts.iter().filter(|alert| alert["status"] == status);
            let names: Vec<String> = with_status.map(short_name).collect();
            if !names.is_empty() {
                write!(line, "  {status}: {}", shortened(&names)).expect("a string");
            }
        }
        if let Some(more @ 1..) = self.body["truncatedAlerts"].as_u64() {
            write!(line, "  and {more} more").expect("a string");
        }
        match self.behaviour {
            Behaviour::Status(200) => {}
            Behaviour::Status(status) => write!(line, "  ({status})").expect("a string"),
            Behaviour::Throttle(_) => line.push_str("  (429)"),
            Behaviour::Wait(_) => line.push_str("  (waits)"),
            Behaviour::Hang => line.push_str("  (hangs)"),
        }
        line
    }
}

fn are_near(ours: &[Option<f64>; 2], theirs: &[Option<f64>; 2], tolerance: Duration) -> bool {
    ours.iter().zip(theirs).all(|pair| match pair {
        (Some(ours), Some(theirs)) => (ours - theirs).abs() <= tolerance.as_secs_f64(),
        (ours, theirs) => ours == theirs,
    })
}

fn short_name(alert: &Value) -> String {
    let labels = alert["labels"].as_object().expect("labels are an object");
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let mut name = labels.get("alertname").map_or(String::new(), text);
    for (label, value) in labels {
        if label != "alertname" && label != LABEL {
            write!(name, " {label}={}", text(value)).expect("a string");
        }
    }
    name
}

fn shortened(names: &[String]) -> String {
    const SHOWN: usize = 5;
    let shown = names[..names.len().min(SHOWN)].join(", ");
    if names.len() > SHOWN {
        format!("{shown}, ... ({})", names.len())
    } else {
        shown
    }
}

fn words(text: &str) -> Vec<&str> {
    text.split_whitespace().collect()
}

/// `None` for the time that means that there is none.
fn seconds_from(began: Wall, text: &str) -> Option<f64> {
    if text == "0001-01-01T00:00:00Z" {
        return None;
    }
    let time: Wall = text.parse().expect("daemons write RFC 3339");
    Some(began.duration_until(time).as_secs_f64())
}
