//! PURE. The brain: which alerts make which groups, when those are told, to whom, and why.
//!
//! Owns all state of the dispatcher. Time and randomness come in as values, everything it wants
//! done goes out as [`Effect`]s; there is no clock, thread, channel, file or log in here. With the
//! same inputs it yields the same effects, byte for byte. Runs on the dispatch thread, and in
//! `tests/sim` in virtual time.
//!
//! ```text
//!  Alerts ──► ingest ──► store ──► route ──► groups ─┐
//!  Ring ─────────────────────────────────────────────┤ due
//!                                                    ▼
//!                        ledger ◄──► decide ◄───── flush ──► lanes ──► attempts ──► Send
//!                           ▲                        ▲                    │
//!  Outcome ─────────────────┴────────────────────────┴────────────────────┘
//! ```

mod alert_limit;
mod attempts;
mod clock_step;
mod collect;
mod debts;
mod decide;
mod flush;
mod group;
mod groups;
mod index;
mod ingest;
mod inherit;
mod inhibit;
mod lanes;
mod ledger;
mod members;
mod messages;
mod mute;
mod query;
mod questions;
mod random;
mod record;
mod recording;
mod recover;
mod reload;
mod route;
mod sharing;
mod silence_size;
mod silences;
mod sketch;
mod store;
mod ticks;

pub use ledger::{LedgerKey, Told};
pub use messages::*;
pub use questions::*;
pub use record::{
    GroupName, GroupTimer, Inherited, InheritedKey, LedgerMap, Record, Recovered, RecoveredAlert,
    Sizes, Untold,
};

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use crate::config::Config;
use crate::model::{Alert, Labels, Mono, Now, PostedAlert, PostedSilence, Status};
use alert_limit::AlertLimit;
use attempts::Attempts;
use clock_step::StepWatch;
use collect::Collector;
use group::{Group, GroupId};
use groups::{COLLECT_ALARM, Groups};
use inherit::Inheritance;
use inhibit::Inhibitor;
use lanes::{Lanes, Shares};
use ledger::Ledger;
use members::Members;
use random::Random;
use recording::Report;
use route::{RouteIndex, RouteTree};
use sharing::Sharing;
use silences::{Changed, SilenceLimits, Silences};
use sketch::Sketch;
use store::{AlertStore, Stored};

/// What the flags say about the engine.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Attempts that may be out at a time.
    pub workers: usize,
    /// Attempts that may be out at a time to one endpoint.
    pub workers_per_endpoint: usize,
    /// Alerts kept at most, resolved ones included.
    pub alerts: usize,
    /// Alerts of one name that may count as firing; 0 is no limit.
    pub alerts_per_name: usize,
    /// How long after the start of the process nothing is told.
    pub start_delay: Duration,
    /// How long the ledger remembers at most.
    pub retention: Duration,
    /// How often resolved alerts are forgotten.
    pub alert_collect_interval: Duration,
    /// How often the ledger and the silences forget.
    pub ledger_collect_interval: Duration,
    /// Silences kept at most, expired ones included; 0 is no limit.
    pub silences: usize,
    /// Bytes of a silence; 0 is no limit.
    pub silence_bytes: usize,
    /// Whether a reload forms all groups anew, as in Alertmanager.
    pub reload: ReloadPolicy,
    /// Where the jitter of retries starts.
    pub seed: u64,
}

/// What a reload does to groups that it does not concern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReloadPolicy {
    /// They go on, with their timers and their sends.
    KeepUnchanged,
    /// They are formed anew.
    RebuildAll,
}

/// The state, and the one door to it.
#[derive(Debug)]
pub struct Engine {
    settings: Settings,
    config: Arc<Config>,
    tree: RouteTree,
    alerts: AlertStore,
    alert_limit: AlertLimit,
    sharing: Sharing,
    groups: Groups,
    ledger: Ledger,
    silences: Silences,
    inheritance: Inheritance,
    inhibitor: Inhibitor,
    lanes: Lanes,
    attempts: Attempts,
    collector: Collector,
    steps: StepWatch,
    random: Random,
}

impl Engine {
    /// An engine that knows no alert yet.
    pub fn new(config: Arc<Config>, settings: Settings) -> Self {
        let shares = Shares {
            workers: settings.workers,
            per_endpoint: settings.workers_per_endpoint,
        };
        Engine {
            inhibitor: Inhibitor::new(&config.inhibit_rules),
            tree: RouteTree::new(&config),
            config,
            alerts: AlertStore::default(),
            alert_limit: AlertLimit::new(settings.alerts_per_name),
            sharing: Sharing::default(),
            groups: Groups::default(),
            ledger: Ledger::new(settings.retention),
            silences: Silences::new(SilenceLimits {
                count: settings.silences,
                bytes: settings.silence_bytes,
                retention: settings.retention,
            }),
            inheritance: Inheritance::default(),
            lanes: Lanes::new(shares),
            attempts: Attempts::default(),
            collector: Collector::default(),
            steps: StepWatch::default(),
            random: Random::seeded(settings.seed),
            settings,
        }
    }

    /// Takes in what happened at `now`, and appends what is to be done about it to `out`.
    pub fn handle(&mut self, out: &mut Vec<Effect>, now: Now, input: Input) {
        self.notice_clock_step(now, out);
        match input {
            Input::Alerts(posted) => self.take_in(posted, now, out),
            Input::Ring { alarm, at } => self.ring(alarm, at, now, out),
            Input::Outcome(outcome) => self.settle_attempt(outcome, now, out),
            Input::SetSilence(posted) => self.set_silence(posted, now, out),
            Input::ExpireSilence(id) => self.expire_silence(&id, now, out),
            Input::Reload(config) => self.reload(config, now, out),
            Input::Recover(recovered) => self.recover(*recovered, now, out),
        }
        self.start_attempts(now, out);
        self.arm_collector(now.mono, out);
    }

    fn take_in(&mut self, posted: Vec<PostedAlert>, now: Now, out: &mut Vec<Effect>) {
        if !self.has_room_for(&posted) {
            return out.push(Effect::RefuseBatch {
                limit: self.settings.alerts,
            });
        }
        let fingerprints = posted.iter().map(|alert| alert.labels.fingerprint());
        // What comes back must count for something, or nothing is looked at.
        black_box(self.alerts.glance(fingerprints));
        let (mut firing, mut resolved, mut kept) = (0, 0, 0);
        let mut due_at_once = Vec::new();
        for alert in posted {
            match ingest::posted_status(&alert, now.wall) {
                Status::Firing => firing += 1,
                Status::Resolved => resolved += 1,
            }
            match ingest::admit(alert, now.wall, self.config.resolve_timeout) {
                Ok(alert) => kept += usize::from(self.keep(alert, now, &mut due_at_once, out)),
                Err(invalid) => out.push(Effect::Refuse(invalid)),
            }
        }
        out.push(Effect::Note(Note::Received {
            firing,
            resolved,
            kept,
        }));
        // Only now, so that the first notification of a group carries all of the batch.
        for id in due_at_once {
            self.advance(id, now, out);
        }
    }

    /// Whether all of a batch can be kept. Counts exactly only where it matters.
    fn has_room_for(&self, posted: &[PostedAlert]) -> bool {
        let room = self.settings.alerts.saturating_sub(self.alerts.len());
        let is_new = |alert: &&PostedAlert| !self.alerts.contains(alert.labels.fingerprint());
        posted.len() <= room || posted.iter().filter(is_new).count() <= room
    }

    /// Stores an alert and puts it into the group of each route that takes it, unless as many of its
    /// name fire as may.
    fn keep(
        &mut self,
        mut alert: Alert,
        now: Now,
        due: &mut Vec<GroupId>,
        out: &mut Vec<Effect>,
    ) -> bool {
        let (alert, routes, sketch, report) = match self.alerts.get(alert.fingerprint) {
            Some(old) => {
                let mut alert = ingest::merge(&old.alert, alert, now.wall);
                alert.share_texts_of(&old.alert);
                if !alert.generator_url.is_same_as(&old.alert.generator_url) {
                    self.sharing.share(&mut alert);
                }
                let report = Report::of(&old.alert, &alert);
                (alert, Arc::clone(&old.routes), old.sketch, report)
            }
            None => {
                self.sharing.share(&mut alert);
                let routes = self.tree.routes_of(&alert.labels);
                let sketch = Sketch::of(&alert.labels);
                (alert, routes, sketch, Report::New)
            }
        };
        if !self.alert_limit.admits(&alert, now.wall) {
            out.push(Effect::Note(Note::AlertLimited {
                alertname: alert_limit::name_of(&alert).into(),
            }));
            return false;
        }
        let alert = Arc::new(alert);
        out.push(Effect::Record(report.record(&alert)));
        self.inhibitor.observe(&alert, report.acquaintance());
        self.alerts.insert(Stored {
            alert: Arc::clone(&alert),
            routes: Arc::clone(&routes),
            sketch,
        });
        for &route in &routes.routes {
            self.join(route, &alert, now, due, out);
        }
        true
    }

    /// Puts an alert into its group of `route`, which is made if it is not there.
    fn join(
        &mut self,
        route: RouteIndex,
        alert: &Arc<Alert>,
        now: Now,
        due: &mut Vec<GroupId>,
        out: &mut Vec<Effect>,
    ) {
        let labels = self.name_in(route, alert).labels;
        if let Some(id) = self.groups.find(route, labels) {
            let group = self.groups.get_mut(id).expect("an indexed group is alive");
            group.members.insert(Arc::clone(alert));
            return;
        }
        let node = self.tree.node(route);
        let labels = alert.labels.select(|name| node.group_by.contains(name));
        let waited = ingest::later(alert.starts_at, node.group_wait) < now.wall;
        let group = self.new_group(route, labels, alert, now, waited);
        out.push(Effect::Note(Note::GroupCreated {
            group_key: Arc::clone(&group.key),
            immediately: waited,
        }));
        let is_due = group.due_at <= now.mono;
        let id = self.groups.insert(group);
        if is_due {
            due.push(id);
        } else {
            self.arm(id, now, out);
        }
    }

    fn new_group(
        &self,
        route: RouteIndex,
        labels: Labels,
        first: &Arc<Alert>,
        now: Now,
        has_waited: bool,
    ) -> Group {
        let node = self.tree.node(route);
        Group {
            route,
            key: format!("{}:{labels}", node.key).into(),
            fingerprint: labels.fingerprint(),
            labels,
            members: Members::of(Arc::clone(first)),
            due_at: self.not_before_start(if has_waited {
                now.mono
            } else {
                now.mono + node.group_wait
            }),
            armed_for: None,
            has_flushed: false,
            flush: None,
            muted_by: Vec::new(),
            carried_over: Vec::new(),
            resumes_at: None,
            recorded: None,
        }
    }

    /// `due_at`, or the end of the start delay if that comes later (§4.3).
    fn not_before_start(&self, due_at: Mono) -> Mono {
        due_at.max(Mono::START + self.settings.start_delay)
    }

    /// An alarm rang. Only the ring of the live alarm counts; whether it rang too early shows by
    /// itself, because everything waits for a time and the alarm is armed again.
    fn ring(&mut self, alarm: AlarmId, at: Mono, now: Now, out: &mut Vec<Effect>) {
        if alarm == COLLECT_ALARM {
            return self.collect_ring(at, now, out);
        }
        let Some(id) = self.groups.of_alarm(alarm) else {
            return;
        };
        let group = self.groups.get_mut(id).expect("an alarm's group is alive");
        if group.armed_for == Some(at) {
            group.armed_for = None;
            self.advance(id, now, out);
        }
    }

    fn set_silence(&mut self, posted: PostedSilence, now: Now, out: &mut Vec<Effect>) {
        let mut changes = Vec::new();
        let answer = self
            .silences
            .set(posted, now.wall, &mut self.random, &mut changes);
        answer_silence(answer, changes, out);
    }

    fn expire_silence(&mut self, id: &str, now: Now, out: &mut Vec<Effect>) {
        let mut changes = Vec::new();
        let answer = self.silences.expire(id, now.wall, &mut changes);
        answer_silence(answer, changes, out);
    }
}

fn answer_silence(
    answer: Result<Arc<str>, SilenceFault>,
    changes: Vec<Changed>,
    out: &mut Vec<Effect>,
) {
    for Changed {
        change,
        number,
        silence,
    } in changes
    {
        out.push(Effect::Record(Record::Silence {
            number,
            silence: Arc::clone(&silence),
        }));
        out.push(Effect::Note(Note::SilenceChanged { change, silence }));
    }
    out.push(Effect::SilenceAnswer(answer));
}
