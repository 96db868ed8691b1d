//! The engine between a timer, a network and two clocks, all held in one hand.
//!
//! Time jumps from one event to the next, so that weeks take milliseconds.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use alertwheel::config::{self, Config};
use alertwheel::engine::{
    Effect, Engine, Failure, FailureKind, FlushEnd, HeartbeatChange, Input, Note, Outcome, Reason,
    Record, Recovery, ReloadPolicy, Settings, SilenceFault, Target, Verdict,
};
use alertwheel::model::{
    Alert, Fingerprint, HashKey, Mono, Now, ParserMode, PostedAlert, PostedSilence, SourceReport,
    Status, Wall,
};
use jiff::SignedDuration;

use crate::alarms::{AlarmFaults, Ring, TimerSender};
use crate::crashes::{is_lost, uncounted};
pub use crate::dice::Dice;
use crate::disk::Disk;
use crate::network::{Behaviour, Flight, Network};

/// The engine's settings in all simulations: small pools show more than large ones.
pub const SETTINGS: Settings = Settings {
    workers: 4,
    workers_per_endpoint: 2,
    max_retry_after: Duration::from_secs(300),
    alerts: 100_000,
    retention: Duration::from_secs(120 * 3600),
    alert_collect_interval: Duration::from_secs(30 * 60),
    notification_log_collect_interval: Duration::from_secs(15 * 60),
    silences: 0,
    silence_bytes: 0,
    alert_text_bytes: usize::MAX,
    alerts_per_name: 0,
    start_delay: Duration::ZERO,
    reload: ReloadPolicy::KeepUnchanged,
    seed: 1,
    hash_key: HashKey::seeded(1),
};

/// The same, for a world in which chance goes by this seed.
fn settings_of(seed: u64) -> Settings {
    Settings {
        seed,
        hash_key: HashKey::seeded(seed),
        ..SETTINGS
    }
}

/// More steps than this at one moment mean that the engine goes round in circles.
const STEPS_AT_ONCE: usize = 10_000;

/// What the world saw happen, in order.
#[derive(Debug)]
pub struct SnapshotAlert {
    /// When; for an attempt, when it began.
    pub at: Mono,
    /// When it was known.
    pub seen_at: Mono,
    /// What.
    pub what: Seen,
}

/// The things a checker or a reader cares for.
#[derive(Debug)]
pub enum Seen {
    /// A receiver accepted a notification.
    Webhook(Heard),
    /// A receiver got a ping.
    Pinged(Target),
    /// An attempt began.
    Started { target: Target, waited: Duration },
    /// An attempt failed.
    Failed {
        target: Target,
        attempt: u32,
        why: String,
    },
    /// A delivery was given up for its flush.
    GaveUp {
        target: Target,
        attempts: u32,
        end: FlushEnd,
    },
    /// A configuration took effect.
    Reloaded { kept: usize, moved: usize },
    /// The wall clock was set.
    ClockStepped { seconds: f64 },
    /// The process ended; deliveries of groups with these labels were unfinished. The next counts no `uncounted`.
    Crashed {
        unsent: BTreeSet<Fingerprint>,
        uncounted: Duration,
    },
    /// Another has taken up its state.
    Recovered(Recovery),
    /// The alert of a heartbeat began to fire, has changed or was resolved.
    Heartbeat {
        heartbeat: Arc<str>,
        change: HeartbeatChange,
    },
}

/// A notification as its receiver got it.
#[derive(Clone, Debug)]
pub struct Heard {
    pub target: Target,
    pub group_key: Arc<str>,
    pub group_labels: Fingerprint,
    pub reason: Reason,
    pub firing: Vec<Arc<Alert>>,
    pub resolved: Vec<Arc<Alert>>,
    pub truncated: u64,
    pub send_resolved: bool,
    /// Whether the process lived to write down that it was heard.
    pub is_recorded: bool,
}

/// A bug planted between the engine and the world, to see that a checker finds it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sabotage {
    #[default]
    None,
    /// One `Arm` in fifty never reaches the timer.
    DropArms,
    /// Failed attempts are reported as delivered.
    FailuresCountAsDelivered,
    /// One delivery in ten is reported as failed.
    DeliveriesCountAsFailed,
    /// Receivers never get a notification that all is over, and it counts as delivered.
    LoseEnds,
    /// Attempts are reported as failed when they begin, and go on.
    FreeWorkersTooSoon,
    /// One ring in twenty is swallowed and never repeated.
    SwallowRings,
    /// Some records never reach the disk.
    LoseRecords,
    /// One delivery in twenty is reported as refused, by a receiver that asks for five minutes.
    DeliveriesCountAsThrottled,
}

/// The whole of a simulation.
pub struct World {
    pub engine: Engine,
    pub now: Mono,
    pub alarms: TimerSender,
    pub network: Network,
    pub alerts: Vec<SnapshotAlert>,
    pub sabotage: Sabotage,
    pub dice: Dice,
    wall_at_start: Wall,
    effects: Vec<Effect>,
    /// Outcomes that sabotage has made up.
    premature: Vec<Outcome>,
    /// Where the state is kept, if it is.
    pub disk: Option<Disk>,
    crash: Option<Crash>,
    /// What holds.
    pub config: Arc<Config>,
    /// How long the delivery that starts next has waited.
    waited: Duration,
    /// The answer to the last change of a silence.
    silence_answer: Option<Result<Arc<str>, SilenceFault>>,
}

/// How the process will end.
#[derive(Clone, Copy, Debug)]
struct Crash {
    /// After so many effects more.
    effects: u64,
    /// How long no process runs then.
    downtime: Duration,
}

impl World {
    /// A world in which nothing has happened yet.
    pub fn new(config: Arc<Config>, seed: u64, faults: AlarmFaults) -> Self {
        World {
            engine: Engine::new(Arc::clone(&config), settings_of(seed)),
            disk: None,
            crash: None,
            config,
            now: Mono::START,
            alarms: TimerSender::new(faults),
            network: Network::default(),
            alerts: Vec::new(),
            sabotage: Sabotage::None,
            dice: Dice::seeded(seed),
            wall_at_start: "2026-01-01T00:00:00Z".parse().expect("a timestamp"),
            effects: Vec::new(),
            premature: Vec::new(),
            waited: Duration::ZERO,
            silence_answer: None,
        }
    }

    /// The same whose state is kept on a disk.
    #[must_use]
    pub fn with_disk(self) -> Self {
        World {
            disk: Some(Disk::default()),
            ..self
        }
    }

    /// The process starts.
    pub fn start(&mut self) {
        self.handle(Input::Start);
    }

    /// A job pings its heartbeat; returns nothing if the process ended before it could answer.
    pub fn beat(&mut self, heartbeat: &str, has_failed: bool) -> Option<()> {
        let heartbeat = heartbeat.to_owned();
        let ping = Input::Beat {
            heartbeat,
            has_failed,
        };
        self.handle(ping).map(drop)
    }

    /// Both clocks.
    pub fn clocks(&self) -> Now {
        let since_start = self.now.since(Mono::START);
        let wall = self
            .wall_at_start
            .checked_add(since_start)
            .expect("a time we live to see");
        Now {
            mono: self.now,
            wall,
        }
    }

    /// Somebody sets the wall clock.
    pub fn step_wall_clock(&mut self, by: SignedDuration) {
        self.wall_at_start = self
            .wall_at_start
            .checked_add(by)
            .expect("a time on the calendar");
    }

    /// A sender posts alerts; returns what was refused, or nothing if the process ended before it
    /// could answer.
    pub fn post(&mut self, alerts: Vec<PostedAlert>) -> Option<Vec<String>> {
        self.handle(Input::Alerts(alerts))
    }

    /// Sources report; returns what was refused, or nothing if the process ended before it could answer.
    pub fn report(&mut self, reports: Vec<SourceReport>) -> Option<Vec<String>> {
        self.handle(Input::Reports(reports))
    }

    /// Somebody makes or changes a silence; hears nothing if the process ends before it can answer.
    pub fn set_silence(&mut self, posted: PostedSilence) -> Option<Result<Arc<str>, SilenceFault>> {
        self.handle(Input::SetSilence(posted))?;
        self.silence_answer.take()
    }

    /// Somebody ends a silence; hears nothing if the process ends before it can answer.
    pub fn expire_silence(&mut self, id: String) -> Option<Result<Arc<str>, SilenceFault>> {
        self.handle(Input::ExpireSilence(id))?;
        self.silence_answer.take()
    }

    /// A configuration takes effect, now or when the next process starts.
    pub fn reload(&mut self, config: Arc<Config>) {
        self.config = Arc::clone(&config);
        self.handle(Input::Reload(config));
    }

    /// The process will end after so many effects more, and another will start after `downtime`.
    pub fn plan_crash(&mut self, effects: u64, downtime: Duration) {
        self.crash = Some(Crash { effects, downtime });
    }

    /// The process ends now, and another starts after `downtime`, with another configuration if one
    /// is given.
    pub fn crash_now(&mut self, downtime: Duration, config: Option<Arc<Config>>) {
        self.config = config.unwrap_or_else(|| Arc::clone(&self.config));
        self.plan_crash(0, downtime);
        self.crash(Vec::new());
    }

    /// The process will not end after all.
    pub fn cancel_crash(&mut self) {
        self.crash = None;
    }

    /// Makes a receiver, or with `name/index` one webhook of it, behave like this from now on.
    pub fn set_behaviour(&mut self, receiver: &str, behaviour: Behaviour) {
        self.network.set_behaviour(receiver, behaviour, self.now);
    }

    /// All receivers answer from now on.
    pub fn heal_network(&mut self) {
        self.network.heal(self.now);
    }

    /// The next event of timer or network.
    pub fn next_at(&self) -> Option<Mono> {
        [self.alarms.next_at(), self.network.next_at()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Lets everything happen that happens by `end`, with a look of `checker` after each step.
    pub fn run_until(&mut self, end: Mono, checker: &mut dyn FnMut(&World)) {
        let mut steps_now = 0;
        while let Some(next) = self.next_at().filter(|next| *next <= end) {
            steps_now = if next > self.now { 0 } else { steps_now + 1 };
            assert!(
                steps_now < STEPS_AT_ONCE,
                "time stands still: the engine asks for ring after ring"
            );
            self.now = self.now.max(next);
            self.step();
            checker(self);
        }
        self.now = self.now.max(end);
    }

    fn step(&mut self) {
        if let Some(flight) = self.network.pop_ended(self.now) {
            self.land(flight);
        } else if let Some(Ring {
            alarm, armed_for, ..
        }) = self.alarms.pop_due(self.now)
        {
            if self.sabotage == Sabotage::SwallowRings && self.dice.happens(0.05) {
                return;
            }
            self.handle(Input::Ring {
                alarm,
                at: armed_for,
            });
        }
    }

    fn land(&mut self, flight: Flight) {
        let mut outcome = flight.outcome(self.now);
        let heard = self.hear(&flight);
        let is_end = heard.firing.is_empty();
        let is_lost = self.sabotage == Sabotage::LoseEnds && is_end;
        let is_ping = heard.reason == Reason::Heartbeat;
        let is_heard = outcome.verdict == Verdict::Delivered && !is_lost && !is_ping;
        let place = self.alerts.len();
        if is_heard {
            self.see(flight.started_at, Seen::Webhook(heard));
        } else if is_ping && outcome.verdict == Verdict::Delivered {
            self.see(flight.started_at, Seen::Pinged(target_of(&flight)));
        }
        match self.sabotage {
            Sabotage::FailuresCountAsDelivered => outcome.verdict = Verdict::Delivered,
            Sabotage::DeliveriesCountAsFailed if self.dice.happens(0.1) => {
                outcome.verdict = sabotaged(None);
            }
            Sabotage::DeliveriesCountAsThrottled if self.dice.happens(0.05) => {
                outcome.verdict = sabotaged(Some(SETTINGS.max_retry_after));
            }
            _ => {}
        }
        let is_recorded = self.handle(Input::Outcome(outcome)).is_some();
        if let Some(SnapshotAlert {
            what: Seen::Webhook(heard),
            ..
        }) = self.alerts.get_mut(place).filter(|_| is_heard)
        {
            heard.is_recorded = is_recorded;
        }
    }

    fn hear(&self, flight: &Flight) -> Heard {
        let notification = &flight.job.notification;
        let with = |status: Status| {
            let told = notification
                .alerts
                .iter()
                .filter(|told| told.status == status);
            told.map(|told| Arc::clone(&told.alert)).collect()
        };
        Heard {
            target: target_of(flight),
            group_key: Arc::clone(&notification.group_key),
            group_labels: notification.group_labels.fingerprint(),
            reason: notification.reason,
            firing: with(Status::Firing),
            resolved: with(Status::Resolved),
            truncated: notification.truncated_alerts,
            send_resolved: flight.job.webhook.send_resolved,
            is_recorded: true,
        }
    }

    /// What the engine refuses of an input; nothing if the process ended with it.
    fn handle(&mut self, input: Input) -> Option<Vec<String>> {
        let now = self.clocks();
        let mut effects = std::mem::take(&mut self.effects);
        self.engine.handle(&mut effects, now, input);
        let (mut refused, mut records) = (Vec::new(), Vec::new());
        for effect in effects.drain(..) {
            if self.ends_now() {
                self.crash(records);
                return None;
            }
            self.carry(effect, &mut refused, &mut records);
        }
        self.effects = effects;
        if let Some(disk) = &mut self.disk {
            disk.write(records, now.wall);
        }
        while let Some(outcome) = self.premature.pop() {
            self.handle(Input::Outcome(outcome));
        }
        Some(refused)
    }

    /// Whether the process ends before the next effect.
    fn ends_now(&mut self) -> bool {
        let Some(crash) = &mut self.crash else {
            return false;
        };
        let is_over = crash.effects == 0;
        crash.effects = crash.effects.saturating_sub(1);
        is_over
    }

    /// The process ends while it writes `records`, and the next one starts after a while. What was
    /// on its way to receivers may arrive all the same, but nobody records that.
    fn crash(&mut self, records: Vec<Record>) {
        let crash = self.crash.take().expect("a planned crash");
        let now = self.clocks();
        let disk = self
            .disk
            .as_mut()
            .expect("only a world with a disk crashes");
        disk.tear(records, now.wall, &mut self.dice);
        self.silence_answer = None;
        self.premature.clear();
        for flight in self.network.drop_all() {
            let is_ping = flight.job.notification.reason == Reason::Heartbeat;
            if flight.verdict == Verdict::Delivered && !is_ping && self.dice.happens(0.5) {
                let heard = Heard {
                    is_recorded: false,
                    ..self.hear(&flight)
                };
                self.see(flight.started_at, Seen::Webhook(heard));
            }
        }
        self.alarms.drop_all();
        let recovered = self.disk.as_ref().expect("the disk from before").read();
        let unsent = recovered.groups.iter();
        let unsent = unsent.filter(|(_, timer)| !timer.unsent.is_empty());
        let unsent = unsent.map(|(group, _)| group.labels).collect();
        let written_at = recovered.written_at.unwrap_or(now.wall);
        let uncounted = uncounted(written_at, now.wall + crash.downtime);
        self.see(self.now, Seen::Crashed { unsent, uncounted });
        self.now = self.now + crash.downtime;
        let seed = self.dice.bits();
        self.engine = Engine::new(Arc::clone(&self.config), settings_of(seed));
        self.handle(Input::Recover(Box::new(recovered)));
        self.handle(Input::Start);
    }

    fn carry(&mut self, effect: Effect, refused: &mut Vec<String>, records: &mut Vec<Record>) {
        match effect {
            Effect::Arm { alarm, at } => {
                let is_dropped = self.sabotage == Sabotage::DropArms && self.dice.happens(0.02);
                if !is_dropped {
                    self.alarms.arm(alarm, at, self.now, &mut self.dice);
                }
            }
            Effect::Disarm(alarm) => self.alarms.disarm(alarm, &mut self.dice),
            Effect::Send(job) => {
                if self.sabotage == Sabotage::FreeWorkersTooSoon {
                    self.premature.push(Outcome {
                        attempt: job.attempt,
                        verdict: sabotaged(None),
                        took: Duration::ZERO,
                    });
                }
                let target = Target {
                    receiver: Arc::clone(&job.notification.receiver),
                    webhook_index: job.notification.webhook_index,
                };
                let waited = self.waited;
                if job.notification.reason != Reason::Heartbeat {
                    self.see(self.now, Seen::Started { target, waited });
                }
                self.network.start(job, self.now, &mut self.dice);
            }
            Effect::Refuse(invalid) => refused.push(invalid.reason),
            Effect::RefuseBatch(full) => refused.push(format!("at the limit of {full}")),
            Effect::SilenceAnswer(answer) => self.silence_answer = Some(answer),
            Effect::BeatAnswer(is_known) => assert!(is_known, "worlds ping what is configured"),
            Effect::Record(record) => {
                if self.sabotage != Sabotage::LoseRecords || !is_lost(&record) {
                    records.push(record);
                }
            }
            Effect::Note(note) => self.note(note),
        }
    }

    fn note(&mut self, note: Note) {
        let what = match note {
            Note::AttemptStarted { waited } => {
                self.waited = waited;
                return;
            }
            Note::AttemptFailed {
                target,
                attempts,
                failure,
                ..
            } => Seen::Failed {
                target,
                attempt: attempts,
                why: failure.text,
            },
            Note::NotificationFailed {
                target,
                attempts,
                end,
                ..
            } => Seen::GaveUp {
                target,
                attempts,
                end,
            },
            Note::Reloaded { kept, moved } => Seen::Reloaded { kept, moved },
            Note::ClockStepped { seconds } => Seen::ClockStepped { seconds },
            Note::Recovered(recovery) => Seen::Recovered(recovery),
            Note::HeartbeatChanged { heartbeat, change } => Seen::Heartbeat { heartbeat, change },
            _ => return,
        };
        self.see(self.now, what);
    }

    fn see(&mut self, at: Mono, what: Seen) {
        self.alerts.push(SnapshotAlert {
            at,
            seen_at: self.now,
            what,
        });
    }
}

fn sabotaged(after: Option<Duration>) -> Verdict {
    let failure = Failure {
        kind: FailureKind::Other,
        text: "sabotage".into(),
    };
    Verdict::Retry { failure, after }
}

fn target_of(flight: &Flight) -> Target {
    Target {
        receiver: Arc::clone(&flight.job.notification.receiver),
        webhook_index: flight.job.notification.webhook_index,
    }
}

/// A configuration from its text; the test fails with all its faults.
pub fn configuration(text: &str) -> Arc<Config> {
    let parsed = config::parse("story.yml", text, ParserMode::Fallback);
    match parsed {
        Ok(loaded) => Arc::new(loaded.config),
        Err(faults) => panic!("the configuration of a test is wrong:\n{faults}"),
    }
}
