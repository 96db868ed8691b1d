//! Reads the scenarios in `scenarios/*.txt`: their configuration, and their events with the times.
//!
//! A file has a title and then scenarios, each under a line `= what it is about`, with sections:
//!
//! | section | what it holds |
//! |---|---|
//! | `route` | the scenario's route, in YAML's flow style without the braces; its receiver is `$team` |
//! | `receivers` | a receiver per line, in the same style; the default is `$team` with `http://team/` |
//! | `inhibit_rules` | a rule per line, in the same style |
//! | `global` | global settings, in the same style; gives the scenario its own daemons |
//! | `tolerance` | how far apart the same notification of both daemons may be, if not [`TOLERANCE`] |
//! | `silent` | the reason why no notification is sent |
//! | `differs` | the line of the design's list of differences that makes the daemons differ |
//! | `ours`, `theirs` | for such a scenario, the notifications of each daemon |
//! | `when` | the events: seconds from the start, and an act |
//!
//! A section named `route NAME`, and so on, replaces `route` once `NAME` is reloaded.
//! `$` in a name and `HERE` as a matcher separate scenarios that share a configuration. All routes
//! inherit a group wait of 1 s, a group interval of 3 s and a repeat interval of 1 h. The acts are
//! in `stage`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use alertwheel::model::parse_duration;

/// How far apart two daemons may tell the same: less than an interval, and enough for a busy host.
const TOLERANCE: Duration = Duration::from_millis(1200);

/// One scenario.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Its number, from 1. Names in the configuration and hosts of receivers contain it.
    pub number: usize,
    /// What it is about.
    pub title: String,
    /// What happens, each with the time from the start.
    pub acts: Vec<(Duration, String)>,
    sections: BTreeMap<String, String>,
}

/// What each daemon is expected to tell where they differ on purpose.
#[derive(Clone, Debug)]
pub struct Difference<'a> {
    /// Our timeline, as printed.
    pub ours: &'a str,
    /// The other one.
    pub theirs: &'a str,
}

/// All scenarios of all files, numbered.
pub fn all() -> Vec<Scenario> {
    let mut scenarios: Vec<Scenario> = files().iter().flat_map(|file| read(file)).collect();
    for (index, scenario) in scenarios.iter_mut().enumerate() {
        scenario.number = index + 1;
    }
    scenarios
}

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peer/scenarios");
    let entries = fs::read_dir(folder).expect("the folder of scenarios");
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    files
}

fn read(file: &Path) -> Vec<Scenario> {
    let text = fs::read_to_string(file).expect("a readable file of scenarios");
    let mut parts = text.split("\n= ");
    // The title of the file.
    parts.next();
    parts.map(Scenario::read).collect()
}

impl Scenario {
    fn read(text: &str) -> Scenario {
        let (title, body) = text.split_once('\n').expect("a title and what happens");
        let mut sections: Vec<(String, String)> = Vec::new();
        for line in body.lines() {
            if line.starts_with(' ') {
                let (_, section) = sections.last_mut().expect("a section before its lines");
                section.push_str(line.trim());
                section.push('\n');
            } else if let Some((name, rest)) = line.split_once(':') {
                sections.push((name.to_owned(), rest.trim().to_owned()));
            }
        }
        let sections: BTreeMap<String, String> = sections.into_iter().collect();
        let when = sections.get("when").expect("something happens");
        Scenario {
            number: 0,
            title: title.to_owned(),
            acts: when
                .lines()
                .filter(|line| !line.is_empty())
                .map(act)
                .collect(),
            sections,
        }
    }

    /// What keeps its names apart from those of others.
    pub fn prefix(&self) -> String {
        format!("s{}-", self.number)
    }

    /// A section of the configuration `variant`, which is empty until a reload.
    pub fn section(&self, name: &str, variant: &str) -> Option<&str> {
        let changed = self.sections.get(&format!("{name} {variant}"));
        changed
            .or_else(|| self.sections.get(name))
            .map(|text| text.trim())
    }

    /// Whether it needs daemons of its own.
    pub fn is_alone(&self) -> bool {
        let acts_on_daemon = |act: &str| act.starts_with("reload") || act.starts_with("restart");
        self.sections.contains_key("global") || self.acts.iter().any(|(_, act)| acts_on_daemon(act))
    }

    /// Whether nobody is to be told anything.
    pub fn is_silent(&self) -> bool {
        self.sections.contains_key("silent")
    }

    /// How far apart the daemons may tell the same.
    pub fn tolerance(&self) -> Duration {
        let own = self.sections.get("tolerance");
        own.map_or(TOLERANCE, |text| {
            parse_duration(text).expect("a span of tolerance")
        })
    }

    /// When it ends, from its start.
    pub fn length(&self) -> Duration {
        let (end, _) = self.acts.last().expect("something happens");
        *end
    }

    /// What each daemon tells, if they differ on purpose.
    pub fn difference(&self) -> Option<Difference<'_>> {
        self.sections.get("differs")?;
        let told = |name| self.section(name, "").expect("both timelines");
        Some(Difference {
            ours: told("ours"),
            theirs: told("theirs"),
        })
    }
}

fn act(line: &str) -> (Duration, String) {
    let (time, act) = line.split_once(' ').expect("a time and an act");
    let seconds: f64 = time.parse().expect("seconds from the start");
    (Duration::from_secs_f64(seconds), act.trim().to_owned())
}
