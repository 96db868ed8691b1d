//! Stories: a text in, a timeline out.
//!
//! A story file has a title, then sections. `config:` holds the configuration, `config NAME:`
//! another one to reload, `when:` what happens at which time, `then:` the timeline that follows.
//!
//! | line under `when:` | what happens |
//! |---|---|
//! | `fire ALERT` | posted once, without times |
//! | `fire ALERT since 10m` | posted once, begun that long ago |
//! | `fire ALERT until 1h` | posted once, with an end that far ahead |
//! | `keep ALERT` | posted now and every minute, until resolved or dropped |
//! | `resolve ALERT` | posted with its end now |
//! | `drop ALERT` | no longer posted |
//! | `ping NAME`, `ping NAME failed` | a job pings its heartbeat, or says that it has failed |
//! | `report SOURCE/KEY ALERT`, or without `/KEY` | a source reports it as firing |
//! | `report SOURCE/KEY ALERT for 10m` | the same, for that long unless it is reported again |
//! | `resolved SOURCE/KEY`, `resolved SOURCE ALERT` | a source reports it as resolved |
//! | `receiver NAME fails`, `rejects`, `hangs`, `throttles 60s`, `heals` | it does from now on |
//! | `silence NAME MATCHERS for 1h` | somebody silences alerts |
//! | `expire NAME` | somebody ends that silence |
//! | `reload NAME` | the configuration of that name takes effect |
//! | `clock +1h` | somebody sets the wall clock |
//! | `crash for 5m` | the process ends; another starts that much later |
//! | `crash for 5m then NAME` | the same, and that has another configuration |
//! | `end` | the story ends |
//!
//! An ALERT is an alertname, followed by any other labels: `Disk host=a`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use alertwheel::config::Config;
use alertwheel::engine::{FlushEnd, Recovery};
use alertwheel::model::{
    Alert, Labels, Mono, ParserMode, PostedAlert, PostedSilence, ReportedChange, SourceReport,
    parse_duration, parse_matchers,
};
use jiff::SignedDuration;

use crate::alarms::AlarmFaults;
use crate::checkers::{Checkers, Rule};
use crate::network::Behaviour;
use crate::world::{Heard, Seen, SnapshotAlert, World, configuration};

/// How often a sender repeats what it keeps, as Prometheus does.
const REFRESH: Duration = Duration::from_secs(60);

/// A story as it stands in its file.
pub struct Story {
    configs: BTreeMap<String, Arc<Config>>,
    acts: Vec<(Mono, String)>,
    /// The timeline that the file expects.
    pub then: String,
    /// The file up to and including `then:`.
    pub head: String,
}

impl Story {
    /// Reads a file; a mistake in it fails the test.
    pub fn read(text: &str) -> Story {
        let mut story = Story {
            configs: BTreeMap::new(),
            acts: Vec::new(),
            then: String::new(),
            head: String::new(),
        };
        let mut sections: Vec<(&str, String)> = Vec::new();
        for line in text.lines() {
            match line
                .strip_suffix(':')
                .filter(|name| !name.starts_with([' ', '#']))
            {
                Some(name) => sections.push((name, String::new())),
                None => {
                    let Some((_, body)) = sections.last_mut() else {
                        continue;
                    };
                    body.push_str(line.strip_prefix("    ").unwrap_or(line));
                    body.push('\n');
                }
            }
        }
        for (name, body) in sections {
            match name {
                "when" => story.acts = body.lines().filter_map(act).collect(),
                "then" => story.then = body.trim().to_owned(),
                name => {
                    let name = name
                        .strip_prefix("config")
                        .expect("config, when or then")
                        .trim();
                    story.configs.insert(name.to_owned(), configuration(&body));
                }
            }
        }
        story.head = text
            .split_inclusive("\nthen:\n")
            .next()
            .unwrap_or(text)
            .to_owned();
        story
    }

    /// Plays the story and returns its timeline.
    pub fn play(&self) -> String {
        let first = self.configs.get("").expect("a story has a config");
        let mut stage = Stage {
            world: World::new(Arc::clone(first), 1, AlarmFaults::default()).with_disk(),
            kept: BTreeMap::new(),
            silences: BTreeMap::new(),
            // The timeline says what is told; whether it may be is not for a checker to guess.
            checkers: Checkers::of(&[Rule::NobodySleeps, Rule::SharesAreKept], Duration::ZERO),
        };
        stage.world.start();
        for (at, line) in &self.acts {
            stage.run_until(*at);
            stage.act(line, &self.configs);
        }
        stage.world.alerts.sort_by_key(|alert| alert.at);
        render(&stage.world.alerts)
    }
}

struct Stage {
    world: World,
    kept: BTreeMap<String, (PostedAlert, Mono)>,
    silences: BTreeMap<String, Arc<str>>,
    checkers: Checkers,
}

impl Stage {
    fn run_until(&mut self, end: Mono) {
        loop {
            let next = self
                .kept
                .values()
                .map(|(_, due)| *due)
                .min()
                .filter(|due| *due < end);
            let until = next.unwrap_or(end);
            let checkers = &mut self.checkers;
            self.world
                .run_until(until, &mut |world| checkers.after_step(world));
            if next.is_none() {
                return;
            }
            self.refresh();
        }
    }

    fn refresh(&mut self) {
        let now = self.world.now;
        let mut due = Vec::new();
        for (posted, next) in self.kept.values_mut().filter(|(_, next)| *next <= now) {
            due.push(posted.clone());
            *next = *next + REFRESH;
        }
        self.world.post(due);
    }

    fn act(&mut self, line: &str, configs: &BTreeMap<String, Arc<Config>>) {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        match verb {
            "fire" => {
                let posted = self.posted(rest);
                self.post(posted);
            }
            "keep" => {
                let posted = self.posted(rest);
                let next = self.world.now + REFRESH;
                self.kept
                    .insert(posted.labels.to_string(), (posted.clone(), next));
                self.post(posted);
            }
            "resolve" => {
                let mut posted = self.posted(rest);
                self.kept.remove(&posted.labels.to_string());
                posted.ends_at = Some(self.world.clocks().wall);
                self.post(posted);
            }
            "report" => self.report(rest),
            "resolved" => self.resolved(rest),
            "ping" => {
                let (name, has_failed) = match rest.strip_suffix(" failed") {
                    Some(name) => (name, true),
                    None => (rest, false),
                };
                self.world.beat(name, has_failed).expect("no process ends");
            }
            "drop" => drop(self.kept.remove(&self.posted(rest).labels.to_string())),
            "receiver" => self.receiver(rest),
            "silence" => self.silence(rest),
            "expire" => {
                let id = self.silences[rest].to_string();
                self.world
                    .expire_silence(id)
                    .expect("no process ends")
                    .expect("a silence that was made");
            }
            "reload" => self.world.reload(Arc::clone(&configs[rest])),
            "clock" => self.world.step_wall_clock(signed(rest)),
            "crash" => self.crash(rest, configs),
            "end" => {}
            _ => panic!("no act: {line}"),
        }
        let checkers = &mut self.checkers;
        self.world
            .run_until(self.world.now, &mut |world| checkers.after_step(world));
    }

    /// `for SPAN [then NAME]`
    fn crash(&mut self, text: &str, configs: &BTreeMap<String, Arc<Config>>) {
        let (span, config) = match text.split_once(" then ") {
            Some((span, name)) => (span, Some(Arc::clone(&configs[name]))),
            None => (text, None),
        };
        let span = span.strip_prefix("for ").expect("for SPAN");
        self.world
            .crash_now(parse_duration(span).expect("a span"), config);
    }

    fn post(&mut self, posted: PostedAlert) {
        let refused = self.world.post(vec![posted]).expect("no process ends");
        assert!(refused.is_empty(), "refused: {refused:?}");
    }

    /// `SOURCE[/KEY] ALERT [for SPAN]`
    fn report(&mut self, text: &str) {
        let (from, text) = text.split_once(' ').expect("a source and an alert");
        let (text, ttl) = match text.split_once(" for ") {
            Some((text, span)) => (text, Some(parse_duration(span).expect("a span"))),
            None => (text, None),
        };
        let alert = self.posted(text);
        self.report_change(from, ReportedChange::Firing { alert, ttl });
    }

    /// `SOURCE/KEY` or `SOURCE ALERT`
    fn resolved(&mut self, text: &str) {
        let (from, labels) = match text.split_once(' ') {
            Some((from, alert)) => (from, self.posted(alert).labels),
            None => (text, Labels::default().into()),
        };
        let ended_at = None;
        self.report_change(from, ReportedChange::Resolved { labels, ended_at });
    }

    fn report_change(&mut self, from: &str, change: ReportedChange) {
        let (source, key) = match from.split_once('/') {
            Some((source, key)) => (source, Some(key.into())),
            None => (from, None),
        };
        let report = SourceReport {
            source: source.into(),
            key,
            change,
        };
        let refused = self.world.report(vec![report]).expect("no process ends");
        assert!(refused.is_empty(), "refused: {refused:?}");
    }

    /// `NAME label=value ... [since SPAN] [until SPAN]`
    fn posted(&self, text: &str) -> PostedAlert {
        let now = self.world.clocks().wall;
        let mut words = text.split_whitespace();
        let mut labels = vec![("alertname", words.next().expect("an alertname"))];
        let mut posted = PostedAlert::default();
        while let Some(word) = words.next() {
            let mut span = || parse_duration(words.next().expect("a span")).expect("a span");
            match word {
                "since" => posted.starts_at = now.checked_sub(span()).ok(),
                "until" => posted.ends_at = now.checked_add(span()).ok(),
                label => labels.push(label.split_once('=').expect("label=value")),
            }
        }
        posted.labels = Labels::from_pairs(labels).into();
        posted
    }

    /// `NAME MATCHERS for SPAN`
    fn silence(&mut self, text: &str) {
        let (name, rest) = text.split_once(' ').expect("a name and matchers");
        let (matchers, span) = rest.rsplit_once(" for ").expect("matchers and a span");
        let now = self.world.clocks().wall;
        let span = parse_duration(span).expect("a span");
        let posted = PostedSilence {
            id: None,
            matchers: parse_matchers(matchers, ParserMode::Fallback)
                .expect("matchers")
                .value,
            starts_at: now,
            ends_at: now.checked_add(span).expect("a time on the calendar"),
            created_by: "story".into(),
            comment: name.into(),
            annotations: Labels::default(),
            fault: None,
        };
        let answer = self.world.set_silence(posted).expect("no process ends");
        let id = answer.expect("a sound silence");
        self.silences.insert(name.to_owned(), id);
    }

    fn receiver(&mut self, text: &str) {
        let (name, does) = text.split_once(' ').expect("a name and what it does");
        let behaviour = match does.split_once(' ').unwrap_or((does, "")) {
            ("heals", _) => Behaviour::Healthy,
            ("fails", _) => Behaviour::Failing,
            ("rejects", _) => Behaviour::Rejecting,
            ("hangs", _) => Behaviour::Hanging,
            ("throttles", wait) => Behaviour::Throttling(parse_duration(wait).expect("a span")),
            _ => panic!("no behaviour: {does}"),
        };
        self.world.set_behaviour(name, behaviour);
    }
}

fn act(line: &str) -> Option<(Mono, String)> {
    let line = line.split('#').next()?.trim();
    let (time, act) = line.split_once(char::is_whitespace)?;
    Some((Mono::START + clock_time(time), act.trim().to_owned()))
}

/// `HH:MM:SS`, hours past 24 allowed.
fn clock_time(text: &str) -> Duration {
    let parts: Vec<u64> = text
        .split(':')
        .map(|part| part.parse().expect("HH:MM:SS"))
        .collect();
    let [hours, minutes, seconds] = parts[..] else {
        panic!("HH:MM:SS, not {text}")
    };
    Duration::from_secs(3600 * hours + 60 * minutes + seconds)
}

fn signed(text: &str) -> SignedDuration {
    let magnitude = parse_duration(text.trim_start_matches(['+', '-'])).expect("a span");
    let magnitude = SignedDuration::try_from(magnitude).expect("a short span");
    if text.starts_with('-') {
        -magnitude
    } else {
        magnitude
    }
}

fn render(alerts: &[SnapshotAlert]) -> String {
    let mut timeline = String::new();
    for alert in alerts {
        let line = match &alert.what {
            Seen::Started { .. } => continue,
            Seen::Webhook(heard) => webhook_line(heard),
            Seen::Pinged(target) => format!("ping     {}", target.receiver),
            Seen::Failed {
                target,
                attempt,
                why,
            } => {
                format!("failed   {}  attempt {attempt}: {why}", target.receiver)
            }
            Seen::GaveUp {
                target,
                attempts,
                end,
            } => {
                let why = match end {
                    FlushEnd::Unrecoverable => "it will not help",
                    FlushEnd::OutOfTime => "the flush is over",
                    FlushEnd::Reloaded => "reloaded",
                };
                format!("gave up  {}  attempts: {attempts}, {why}", target.receiver)
            }
            Seen::Reloaded { kept, moved } => {
                format!("reload   groups kept: {kept}, moved: {moved}")
            }
            Seen::ClockStepped { seconds } => format!("clock    set by {seconds:+} s"),
            Seen::Crashed { .. } => "crash".to_owned(),
            Seen::Recovered(recovery) => recovery_line(recovery),
            Seen::Heartbeat { heartbeat, change } => {
                format!("heartbeat  {heartbeat}  {change:?}").to_lowercase()
            }
        };
        writeln!(timeline, "{}  {}", time_of_day(alert.at), line.trim_end()).expect("a string");
    }
    timeline.trim().to_owned()
}

fn recovery_line(recovery: &Recovery) -> String {
    format!(
        "start    alerts: {}, groups: {}, silences: {}, overdue: {}, resumed: {}",
        recovery.alerts, recovery.groups, recovery.silences, recovery.overdue, recovery.resumed
    )
}

fn webhook_line(heard: &Heard) -> String {
    let mut line = format!(
        "webhook  {}  {}",
        heard.target.receiver,
        heard.reason.as_str()
    );
    for (what, alerts) in [("firing", &heard.firing), ("resolved", &heard.resolved)] {
        if !alerts.is_empty() {
            let names: Vec<String> = alerts.iter().map(|alert| short_name(alert)).collect();
            write!(line, "  {what}: {}", names.join(", ")).expect("a string");
        }
    }
    if heard.truncated > 0 {
        write!(line, "  and {} more", heard.truncated).expect("a string");
    }
    line
}

fn short_name(alert: &Alert) -> String {
    let others = alert.labels.iter().filter(|(name, _)| *name != "alertname");
    let mut name = alert.labels.get("alertname").unwrap_or_default().to_owned();
    for (label, value) in others {
        write!(name, " {label}={value}").expect("a string");
    }
    name
}

fn time_of_day(at: Mono) -> String {
    let millis = at.since(Mono::START).as_millis();
    let (seconds, millis) = (millis / 1000, millis % 1000);
    let clock = format!(
        "{:02}:{:02}:{:02}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    );
    if millis == 0 {
        clock
    } else {
        format!("{clock}.{millis:03}")
    }
}
