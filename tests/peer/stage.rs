//! Plays scenarios: both daemons, each with its receivers, with one configuration for all scenarios.
//!
//! | act | effect on both daemons |
//! |---|---|
//! | `fire ALERTS` | posted in one request, without times |
//! | `fire ALERTS since 10m`, `until 1h`, `noted TEXT` | with a start that long ago, an end that far ahead, an annotation; negative spans are allowed |
//! | `resolve ALERTS` | posted with an end now |
//! | `silence NAME MATCHERS for 1h`, `... after 2s` | a silence for alerts of this scenario is created |
//! | `expire NAME` | that silence is expired |
//! | `receiver NAME answers 500`, `throttles 1`, `waits 3s`, `hangs`, `heals` | it behaves so from now on |
//! | `reload NAME` | the configuration of that name takes effect |
//! | `restart` | the daemons stop and start |
//! | `end` | later notifications do not count |
//!
//! ALERTS are alertnames followed by other labels, with commas between them; `host=1..20` stands
//! for twenty alerts.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use alertwheel::clock::Clock;
use alertwheel::model::{
    MatchOp, Matcher, Mono, Now, ParserMode, Status, Wall, format_rfc3339_nanos, parse_duration,
    parse_matchers,
};
use alertwheel::threads::{self, WORKER_STACK};
use crossbeam_channel::never;
use jiff::SignedDuration;
use serde_json::{Value, json};
use ureq::Agent;

use crate::composition::{LABEL, compose};
use crate::daemon::{CONFIGURATION, Daemon, Make};
use crate::hooks::{Behaviour, Hooks};
use crate::peers::Peers;
use crate::process::Folder;
use crate::scenario::Scenario;
use crate::timeline::Timeline;

/// Both daemons count as reachable under the same address, which stands in every webhook.
const EXTERNAL_URL: &str = "--web.external-url=http://dispatcher.test";

/// Between the starts of scenarios, so that not all of them act at the same instant.
const STAGGER: Duration = Duration::from_millis(70);

/// From when all daemons listen to the start of the first scenario, for what they still have to do.
const LEAD: Duration = Duration::from_secs(1);

/// A scenario with what both daemons told in it.
pub struct Played {
    /// The scenario.
    pub scenario: Scenario,
    /// What ours told.
    pub ours: Timeline,
    /// What the other one told.
    pub theirs: Timeline,
}

/// Both sides on the configuration of some scenarios.
pub struct Stage {
    clock: Clock,
    scenarios: Vec<Scenario>,
    sides: [Side; 2],
}

/// One daemon and its receivers.
struct Side {
    make: Make,
    peers: Peers,
    home: Folder,
    hooks: Hooks,
    /// `None` while it restarts.
    daemon: Mutex<Option<Daemon>>,
}

/// One scenario on the stage.
struct Play {
    stage: Arc<Stage>,
    scenario: Scenario,
    agent: Agent,
    silences: BTreeMap<String, [String; 2]>,
}

impl Stage {
    /// Starts both daemons on the configuration of these scenarios.
    pub fn set(peers: &Peers, scenarios: Vec<Scenario>) -> Stage {
        let clock = Clock::start();
        let side = |make| Side::start(make, peers, &scenarios, clock);
        Stage {
            clock,
            sides: [side(Make::Alertwheel), side(Make::Alertmanager)],
            scenarios,
        }
    }

    /// Plays all scenarios side by side and returns when the last has ended.
    pub fn play(self) -> Vec<Played> {
        let stage = Arc::new(self);
        let first = stage.clock.mono() + LEAD;
        let mut actors = Vec::new();
        for (scenario, turn) in stage.scenarios.iter().zip(0..) {
            let play = Play::new(&stage, scenario);
            let begins = first + STAGGER * turn;
            let actor = threads::spawn("actor", WORKER_STACK, move || play.run(begins));
            actors.push(actor.expect("the host has a thread to spare"));
        }
        let join = |actor: JoinHandle<Now>| actor.join().expect("a play that ends");
        let began: Vec<Now> = actors.into_iter().map(join).collect();
        let heard = stage.sides.each_ref().map(|side| side.hooks.heard());
        let all = stage.scenarios.iter().zip(began);
        all.map(|(scenario, began)| {
            let timelines = heard
                .each_ref()
                .map(|heard| Timeline::of(scenario, began, heard));
            let [ours, theirs] = timelines;
            Played {
                scenario: scenario.clone(),
                ours,
                theirs,
            }
        })
        .collect()
    }
}

impl Side {
    fn start(make: Make, peers: &Peers, scenarios: &[Scenario], clock: Clock) -> Side {
        let hooks = Hooks::start(clock);
        let home = Folder::create("home");
        home.write(CONFIGURATION, &compose(scenarios, "", hooks.port()));
        let side = Side {
            make,
            peers: peers.clone(),
            home,
            hooks,
            daemon: Mutex::default(),
        };
        side.start_daemon();
        side
    }

    fn start_daemon(&self) {
        let flags: &[&str] = match self.make {
            Make::Alertwheel => &[EXTERNAL_URL, "--no-reload.keep-timers"],
            Make::Alertmanager => &[EXTERNAL_URL],
        };
        let daemon = Daemon::start_at(self.make, &self.peers, &self.home, flags);
        *self.daemon.lock().expect("no holder panics") = Some(daemon);
    }

    fn stop_daemon(&self) {
        let daemon = self.daemon.lock().expect("no holder panics").take();
        let ended = daemon.expect("a daemon that runs").stop();
        assert!(ended.success(), "{:?} ended with {ended}", self.make);
    }

    fn url(&self, path: &str) -> String {
        let daemon = self.daemon.lock().expect("no holder panics");
        let address = daemon.as_ref().expect("a daemon that runs").address();
        format!("http://{address}{path}")
    }
}

impl Play {
    fn new(stage: &Arc<Stage>, scenario: &Scenario) -> Play {
        Play {
            stage: Arc::clone(stage),
            scenario: scenario.clone(),
            agent: Agent::new_with_config(
                Agent::config_builder().http_status_as_error(false).build(),
            ),
            silences: BTreeMap::new(),
        }
    }

    /// Does everything at its time and returns the time of the start.
    fn run(mut self, begins: Mono) -> Now {
        self.wait_until(begins);
        let began = self.stage.clock.now();
        let acts = std::mem::take(&mut self.scenario.acts);
        for (at, act) in &acts {
            self.wait_until(began.mono + *at);
            self.act(act);
        }
        began
    }

    fn wait_until(&self, time: Mono) {
        let wait = time.since(self.stage.clock.mono());
        // Nothing is ever sent here, so this is a wait with an end.
        let _ = never::<()>().recv_timeout(wait);
    }

    fn act(&mut self, line: &str) {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        match verb {
            "fire" => self.post_alerts(rest, Status::Firing),
            "resolve" => self.post_alerts(rest, Status::Resolved),
            "silence" => self.silence(rest),
            "expire" => self.expire(rest),
            "receiver" => self.receiver(rest),
            "reload" => self.reload(rest),
            "restart" => self.restart(),
            "end" => {}
            _ => panic!("no act: {line}"),
        }
    }

    fn post_alerts(&self, text: &str, status: Status) {
        let now = self.stage.clock.wall();
        let number = self.scenario.number;
        let alerts: Vec<Value> = text
            .split(',')
            .flat_map(alerts_of_range)
            .map(|text| alert(&text, number, now, status))
            .collect();
        let body = Value::from(alerts).to_string();
        for side in &self.stage.sides {
            self.post(&side.url("/api/v2/alerts"), &body);
        }
    }

    /// `NAME MATCHERS for SPAN [after SPAN]`
    fn silence(&mut self, text: &str) {
        let (name, rest) = text.split_once(' ').expect("a name and matchers");
        let (matchers, spans) = rest.rsplit_once(" for ").expect("matchers and a span");
        let (lasts, after) = spans.split_once(" after ").unwrap_or((spans, "0s"));
        let starts_at = moved(self.stage.clock.wall(), after);
        let parsed = parse_matchers(matchers, ParserMode::Fallback).expect("matchers");
        let mut matchers: Vec<Value> = parsed.value.iter().map(matcher).collect();
        let number = self.scenario.number.to_string();
        let here = Matcher::new(MatchOp::Equal, LABEL, number).expect("a sound matcher");
        matchers.push(matcher(&here));
        let body = json!({
            "matchers": matchers,
            "startsAt": format_rfc3339_nanos(starts_at),
            "endsAt": format_rfc3339_nanos(moved(starts_at, lasts)),
            "createdBy": "scenario",
            "comment": name,
        });
        let ids = self.stage.sides.each_ref().map(|side| {
            let answer = self.post(&side.url("/api/v2/silences"), &body.to_string());
            let answer: Value = serde_json::from_str(&answer).expect("an answer in JSON");
            answer["silenceID"].as_str().expect("an id").to_owned()
        });
        self.silences.insert(name.to_owned(), ids);
    }

    fn expire(&self, name: &str) {
        for (side, id) in self.stage.sides.iter().zip(&self.silences[name]) {
            let url = side.url(&format!("/api/v2/silence/{id}"));
            let answer = self.agent.delete(url).call().expect("an answer");
            assert_eq!(answer.status(), 200, "{:?}", side.make);
        }
    }

    fn receiver(&self, text: &str) {
        let (name, does) = text.split_once(' ').expect("a name and what it does");
        let behaviour = match does.split_once(' ').unwrap_or((does, "")) {
            ("heals", _) => Behaviour::Status(200),
            ("answers", status) => Behaviour::Status(status.parse().expect("a status")),
            ("throttles", wait) => Behaviour::Throttle(wait.parse().expect("seconds")),
            ("hangs", _) => Behaviour::Hang,
            ("waits", wait) => Behaviour::Wait(parse_duration(wait).expect("a span")),
            _ => panic!("no behaviour: {does}"),
        };
        for side in &self.stage.sides {
            let path = format!("/{}/{name}", self.scenario.number);
            side.hooks.behave(path, behaviour);
        }
    }

    fn reload(&self, variant: &str) {
        let stage = &self.stage;
        for side in &stage.sides {
            let text = compose(&stage.scenarios, variant, side.hooks.port());
            side.home.write(CONFIGURATION, &text);
            self.post(&side.url("/-/reload"), "");
        }
    }

    fn restart(&self) {
        for side in &self.stage.sides {
            side.stop_daemon();
            side.start_daemon();
        }
    }

    fn post(&self, url: &str, body: &str) -> String {
        let request = self.agent.post(url).content_type("application/json");
        let mut answer = request.send(body).expect("an answer");
        let text = answer
            .body_mut()
            .read_to_string()
            .expect("an answer in text");
        let title = &self.scenario.title;
        assert_eq!(answer.status(), 200, "{title}: {url}: {text}");
        text
    }
}

/// `Disk host=1..3` stands for `Disk host=1`, `Disk host=2` and `Disk host=3`.
fn alerts_of_range(text: &str) -> Vec<String> {
    let range = text.split_whitespace().find_map(|word| {
        let (label, range) = word.split_once('=')?;
        let (first, last) = range.split_once("..")?;
        let ends: [u32; 2] = [first.parse().ok()?, last.parse().ok()?];
        Some((word, label, ends))
    });
    let Some((word, label, [first, last])) = range else {
        return vec![text.to_owned()];
    };
    let each = |number| text.replace(word, &format!("{label}={number}"));
    (first..=last).map(each).collect()
}

/// `NAME label=value ... [since SPAN] [until SPAN] [noted TEXT]`
fn alert(text: &str, number: usize, now: Wall, status: Status) -> Value {
    let mut words = text.split_whitespace();
    let mut alert = json!({"labels": {"alertname": words.next().expect("an alertname")}});
    alert["labels"][LABEL] = number.to_string().into();
    if status == Status::Resolved {
        alert["endsAt"] = format_rfc3339_nanos(now).into();
    }
    while let Some(word) = words.next() {
        let mut next = || words.next().expect("a word after it");
        match word {
            "since" => alert["startsAt"] = format_rfc3339_nanos(before(now, next())).into(),
            "until" => alert["endsAt"] = format_rfc3339_nanos(moved(now, next())).into(),
            "noted" => alert["annotations"]["summary"] = next().into(),
            label => {
                let (name, value) = label.split_once('=').expect("label=value");
                alert["labels"][name] = value.into();
            }
        }
    }
    alert
}

fn matcher(matcher: &Matcher) -> Value {
    json!({
        "name": matcher.name(),
        "value": matcher.value(),
        "isRegex": matches!(matcher.op(), MatchOp::Regex | MatchOp::NotRegex),
        "isEqual": matches!(matcher.op(), MatchOp::Equal | MatchOp::Regex),
    })
}

/// `time` moved by a span with or without a sign.
fn moved(time: Wall, span: &str) -> Wall {
    time.checked_add(signed(span))
        .expect("a time on the calendar")
}

fn before(time: Wall, span: &str) -> Wall {
    time.checked_sub(signed(span))
        .expect("a time on the calendar")
}

fn signed(text: &str) -> SignedDuration {
    let magnitude = parse_duration(text.trim_start_matches('-')).expect("a span");
    let magnitude = SignedDuration::try_from(magnitude).expect("a short span");
    if text.starts_with('-') {
        -magnitude
    } else {
        magnitude
    }
}
