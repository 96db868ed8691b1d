//! PURE. The engine decides which alerts form which groups, and when and why each webhook is notified.
//!
//! Owns all state of the dispatcher. Time and randomness come in as values, and every action goes out
//! as an [`Effect`]. The engine has no clock, thread, channel, file or log. The same inputs yield the
//! same effects, byte for byte. Runs on the dispatch thread, and in `tests/sim` in virtual time.
//!
//! ```text
//!  Alerts ──► ingest ──► store ──► route ──► groups ─┐
//!  Reports ─► keyed alerts ─┘                        │
//!  Ring ─────────────────────────────────────────────┤ due
//!                                                    ▼
//!              notification log ◄──► decide ◄───── flush ──► queues ──► attempts ──► Send
//!                           ▲                        ▲                    │
//!  Outcome ─────────────────┴────────────────────────┴────────────────────┘
//! ```

mod alert_limit;
mod alert_store;
mod alertmanager_log;
mod attempts;
mod check;
mod clock_step;
mod collect;
mod compiled_regexes;
mod decide;
mod delivery;
mod endpoint;
mod flush;
mod group;
mod group_snapshot;
mod groups;
mod heartbeats;
mod index;
mod ingest;
mod inhibit;
mod intake;
mod interner;
mod keyed_alerts;
mod label_signature;
mod members;
mod messages;
mod mute;
mod notes;
mod notification_log;
mod orphaned_resolved;
mod pings;
mod query;
mod questions;
mod queues;
mod random;
mod reading;
mod record;
mod recording;
mod recover;
mod reload;
mod reports;
mod route;
mod silence_size;
mod silence_states;
mod silences;
mod step_budget;
mod ticks;

pub use compiled_regexes::Unusable;
pub use messages::*;
pub use notification_log::{LogEntry, LogKey};
pub use questions::*;
pub use reading::{AlertReading, GaugeReading, GroupReading, Reading, SilenceReading};
pub use record::{
    AlertKey, AlertmanagerEntry, AlertmanagerKey, GroupName, GroupTimer, IdInSource, KeyedAlert,
    LogMap, Record, Recovered, RecoveredAlert, Sizes, Unsent,
};
pub use route::destinations;
pub use step_budget::StepBudget;

use std::sync::Arc;
use std::time::Duration;

use crate::config::Config;
use crate::limits;
use crate::model::{HashKey, Mono, Now, PostedSilence};
use alert_limit::AlertLimit;
use alert_store::AlertStore;
use alertmanager_log::AlertmanagerLog;
use attempts::Attempts;
use clock_step::StepWatch;
use collect::Collector;
use groups::{COLLECT_ALARM, Groups};
use heartbeats::Heartbeats;
use inhibit::Inhibitor;
use interner::Interner;
use keyed_alerts::KeyedAlerts;
use notification_log::NotificationLog;
use pings::Pings;
use queues::{Queues, Shares};
use random::Random;
use route::RouteTree;
use silences::{Changed, SilenceLimits, Silences};

/// The settings of the engine that come from command-line flags.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Maximum number of attempts in flight at a time, beside one for each endpoint.
    pub workers: usize,
    /// Maximum number of attempts in flight at a time to one endpoint.
    pub workers_per_endpoint: usize,
    /// The longest pause that a receiver can ask for.
    pub max_retry_after: Duration,
    /// Maximum number of alerts kept, including resolved ones.
    pub alerts: usize,
    /// Maximum total bytes of text of all alerts kept.
    pub alert_text_bytes: usize,
    /// Maximum number of firing alerts of one name; 0 is no limit.
    pub alerts_per_name: usize,
    /// How long after the start of the process no notification is sent.
    pub start_delay: Duration,
    /// Maximum lifetime of a notification log entry, and how long an expired silence is kept.
    pub retention: Duration,
    /// How often resolved alerts are removed.
    pub alert_collect_interval: Duration,
    /// How often expired notification log entries and silences are removed.
    pub notification_log_collect_interval: Duration,
    /// Maximum number of silences kept, including expired ones; 0 is no limit.
    pub silences: usize,
    /// Maximum bytes of one silence; 0 is no limit.
    pub silence_bytes: usize,
    /// Whether a reload rebuilds all groups, as in Alertmanager.
    pub reload: ReloadPolicy,
    /// Seeds the generator of retry jitter and silence ids.
    pub seed: u64,
    /// The key that maps hash with. It is independent of the seed, which the ids of silences reveal.
    pub hash_key: HashKey,
}

#[cfg(test)]
impl Settings {
    /// The settings of a small daemon, for tests that do not depend on them.
    pub(crate) fn of_a_small_daemon() -> Self {
        Settings {
            workers: 1,
            workers_per_endpoint: 1,
            max_retry_after: Duration::from_secs(300),
            alerts: 100,
            alert_text_bytes: usize::MAX,
            alerts_per_name: 0,
            start_delay: Duration::ZERO,
            retention: Duration::from_secs(3600),
            alert_collect_interval: Duration::from_secs(1800),
            notification_log_collect_interval: Duration::from_secs(900),
            silences: 0,
            silence_bytes: 0,
            reload: ReloadPolicy::KeepUnchanged,
            seed: 1,
            hash_key: HashKey::seeded(1),
        }
    }
}

/// What a reload does to groups whose route, grouping and receiver it leaves unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReloadPolicy {
    /// The groups keep their timers and pending deliveries.
    KeepUnchanged,
    /// The groups are rebuilt.
    RebuildAll,
}

/// The state of the dispatcher. Inputs change it only through [`Engine::handle`].
#[derive(Debug)]
pub struct Engine {
    settings: Settings,
    config: Arc<Config>,
    tree: RouteTree,
    alerts: AlertStore,
    keyed_alerts: KeyedAlerts,
    heartbeats: Heartbeats,
    alert_limit: AlertLimit,
    interner: Interner,
    groups: Groups,
    notification_log: NotificationLog,
    silences: Silences,
    alertmanager_log: AlertmanagerLog,
    inhibitor: Inhibitor,
    queues: Queues,
    attempts: Attempts,
    pings: Pings,
    collector: Collector,
    steps: StepWatch,
    random: Random,
    /// Inputs so far, counted in builds that run the checks of `check.rs`.
    inputs: u64,
}

impl Engine {
    /// An engine without alerts, groups or silences.
    pub fn new(config: Arc<Config>, settings: Settings) -> Self {
        let key = settings.hash_key;
        let shares = Shares {
            workers: settings.workers,
            per_endpoint: settings.workers_per_endpoint,
        };
        Engine {
            inhibitor: Inhibitor::new(&config.inhibit_rules, key),
            heartbeats: Heartbeats::of(&config.heartbeats),
            tree: RouteTree::new(&config),
            config,
            alerts: AlertStore::new(key),
            keyed_alerts: KeyedAlerts::new(key),
            alert_limit: AlertLimit::new(settings.alerts_per_name, key),
            interner: Interner::new(key),
            groups: Groups::new(key),
            notification_log: NotificationLog::new(settings.retention, key),
            silences: Silences::new(
                SilenceLimits {
                    count: settings.silences,
                    bytes: settings.silence_bytes,
                    text_bytes: limits::SILENCE_TEXT_BYTES,
                    retention: settings.retention,
                },
                key,
            ),
            alertmanager_log: AlertmanagerLog::default(),
            queues: Queues::new(shares),
            attempts: Attempts::default(),
            pings: Pings::default(),
            collector: Collector::default(),
            steps: StepWatch::default(),
            random: Random::seeded(settings.seed),
            inputs: 0,
            settings,
        }
    }

    /// Handles an input that happened at `now`, and appends the resulting effects to `out`.
    pub fn handle(&mut self, out: &mut Vec<Effect>, now: Now, input: Input) {
        self.notice_clock_step(now, out);
        self.silences.advance(now.wall);
        match input {
            Input::Alerts(posted) => self.take_in(posted, now, out),
            Input::Reports(reports) => self.take_in_reports(reports, now, out),
            Input::Ring { alarm, at } => self.ring(alarm, at, now, out),
            Input::Outcome(outcome) => self.settle_attempt(outcome, now, out),
            Input::SetSilence(posted) => self.set_silence(posted, now, out),
            Input::ExpireSilence(id) => self.expire_silence(&id, now, out),
            Input::Beat {
                heartbeat,
                has_failed,
            } => self.beat(&heartbeat, has_failed, now, out),
            Input::Start => self.start(now, out),
            Input::Reload(config) => self.reload(config, now, out),
            Input::Recover(recovered) => self.recover(*recovered, now, out),
        }
        // Whatever the input was: a late alarm makes no heartbeat later than the next input.
        self.fire_overdue(now, out);
        self.start_attempts(now, out);
        self.send_pings(now, out);
        self.note_long_waits(now.mono, out);
        self.arm_collector(now.mono, out);
        let unusable = self.silences.take_unusable().into_iter();
        out.extend(unusable.map(|found| Effect::Note(Note::SilenceUnusable(found))));
        if cfg!(debug_assertions) {
            self.check();
        }
    }

    /// `due_at`, or the end of the start delay if that comes later (§4.3).
    fn not_before_start(&self, due_at: Mono) -> Mono {
        due_at.max(Mono::START + self.settings.start_delay)
    }

    /// Handles an alarm that rang. A ring for a time that the alarm is no longer armed for is ignored.
    /// A ring that comes too early does no harm: every step checks its own time, and the alarm is armed
    /// again.
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

    /// Begins what goes by the time since the start of the process.
    fn start(&mut self, now: Now, out: &mut Vec<Effect>) {
        self.count_new_heartbeats(now, out);
        self.pings.configure(&self.config, now.mono);
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
