//! Turns of a dispatcher. The test plays the HTTP server, the timer, the workers and the journal.

use std::time::Duration;

use crossbeam_channel::bounded;
use jiff::SignedDuration;

use super::inbox::Question;
use super::pool::Worker;
use super::*;
use crate::config::{self, Config};
use crate::engine::{Job, Record, Settings, Verdict};
use crate::model::{Labels, ParserMode, PostedAlert, ReportedChange, SourceReport};
use crate::threads::{self, LOOP_STACK};
use crate::waker::Mailbox;
use crate::webhook::OutcomeSender;

const CONFIG: &str = r#"
route: {receiver: team, group_by: ['...'], group_wait: 0s}
receivers: [{name: team, webhook_configs: [{url: "http://team/"}]}]
"#;

/// The dispatcher, and the other ends of its channels.
struct Scene {
    dispatcher: Dispatcher,
    requests: WakingSender<Request>,
    /// The jobs of the first worker, the only one that the engine may use.
    jobs: Mailbox<Job>,
    _further_jobs: Receiver<Mailbox<Job>>,
    outcomes: OutcomeSender,
    batches: Receiver<Batch>,
    _commands: Mailbox<Vec<Command>>,
    clock: Clock,
}

impl Scene {
    /// A scene with a single worker.
    fn new() -> Self {
        let config = configuration();
        let (clock, waker) = (Clock::start(), Waker::default());
        let (requests, requests_out) = waker::channel(4, &waker);
        let (events, events_out) = waker::channel(4, &waker);
        let (commands, commands_out) = waker::mailbox(4);
        let (pool, mailboxes) = pool();
        let (batches_in, batches) = waker::channel(4, &Waker::default());
        let channels = Channels {
            requests: requests_out,
            events: events_out,
            waker,
            commands,
            workers: pool,
            batches: Some(batches_in),
        };
        let engine = Engine::new(config, settings());
        let metrics = Arc::new(Metrics::new("test"));
        Scene {
            dispatcher: Dispatcher::new(engine, channels, metrics, clock, SilenceLog::Quiet),
            requests,
            jobs: mailboxes.try_recv().expect("the first worker"),
            _further_jobs: mailboxes,
            outcomes: OutcomeSender::new(0, events),
            batches,
            _commands: commands_out,
            clock,
        }
    }

    /// Posts an alert, which makes a group of its own, and lets the dispatcher make one turn.
    fn post(&mut self, host: &str) {
        let alert = PostedAlert {
            labels: Labels::from_pairs([("host", host)]).into(),
            ..PostedAlert::default()
        };
        let (reply, _nobody_waits) = reply::reply();
        let alerts = vec![alert];
        let sent = self.requests.try_send(Request::Post { alerts, reply });
        sent.expect("there is room");
        assert_eq!(self.dispatcher.turn(), Turn::GoOn);
    }

    /// Lets the worker finish its job with success.
    fn deliver(&self) {
        let job = self.jobs.next_by(self.clock.mono(), self.clock);
        let outcome = Outcome {
            attempt: job.expect("the worker has a job").attempt,
            verdict: Verdict::Delivered,
            took: Duration::ZERO,
        };
        let told = self.outcomes.send(outcome);
        told.expect("the dispatcher lives");
    }

    /// The number of notification log records that have gone to the journal since the last call.
    fn told(&self) -> usize {
        let records = self.batches.try_iter().flat_map(|batch| batch.records);
        let is_told = |record: &Record| matches!(record, Record::LogEntry { .. });
        records.filter(is_told).count()
    }
}

/// Workers whose threads end at once, and the places where their jobs arrive.
fn pool() -> (WorkerPool, Receiver<Mailbox<Job>>) {
    let (made, mailboxes) = bounded(limits::WORKERS_KEPT);
    let pool = WorkerPool::new(Box::new(move |number| {
        let (jobs, mailbox) = waker::mailbox(1);
        made.send(mailbox).expect("the scene keeps them");
        let thread = threads::spawn(format!("send-{number}"), LOOP_STACK, || ())?;
        Ok(Worker { jobs, thread })
    }));
    (pool.expect("the host allows some threads"), mailboxes)
}

pub(super) fn configuration() -> Arc<Config> {
    let loaded = config::parse("test.yml", CONFIG, ParserMode::Fallback);
    Arc::new(loaded.expect("a sound configuration").config)
}

pub(super) fn settings() -> Settings {
    Settings::of_a_small_daemon()
}

#[test]
fn what_was_told_goes_to_the_journal_with_what_somebody_waits_for() {
    let mut scene = Scene::new();
    scene.post("a");
    scene.deliver();
    scene.post("b");
    assert_eq!(scene.told(), 1, "with what the sender of b waits for");
    scene.deliver();
    assert_eq!(scene.dispatcher.turn(), Turn::GoOn);
    let held_until = scene.dispatcher.effects_out.held_until();
    assert!(held_until.is_some(), "or after a while");
}

#[test]
fn who_asks_after_the_clock_was_set_finds_all_firing_that_fired() {
    let mut scene = Scene::new();
    scene.post("a");
    let now = scene.clock.now();
    for hours in [1, -2] {
        let wall = now.wall.checked_add(SignedDuration::from_hours(hours));
        let wall = wall.expect("a time on the calendar");
        let (reply, answer) = reply::reply();
        let matchers = Vec::new();
        let ask = Request::Ask(Question::Alerts { matchers, reply });
        scene.dispatcher.take_request(ask, Now { wall, ..now });
        scene.dispatcher.read();
        let answered = answer.wait().expect("an answer");
        let firing = answered
            .answer
            .iter()
            .filter(|view| !view.alert.is_resolved_at(wall));
        assert_eq!(firing.count(), 1, "{hours} hours");
    }
}

#[test]
fn a_small_post_does_not_wait_for_a_large_one() {
    let mut scene = Scene::new();
    let settings = Settings {
        alerts: 10_000,
        ..settings()
    };
    scene.dispatcher.engine = Engine::new(configuration(), settings);
    let alert = |number: usize| PostedAlert {
        labels: Labels::from_pairs([("host", &*number.to_string())]).into(),
        fault: number.is_multiple_of(1_000).then(|| "a fault".into()),
        ..PostedAlert::default()
    };
    let (reply, _sender) = reply::reply();
    let alerts = (0..2 * limits::ALERTS_AT_ONCE + 1).map(alert).collect();
    let sent = scene.requests.try_send(Request::Post { alerts, reply });
    sent.expect("there is room");
    let mut receipts = Vec::new();
    for small in ["a", "b", "c"] {
        scene.post(small);
        let batches = scene.batches.try_iter();
        let pending_acks = batches.flat_map(|batch| batch.pending_acks);
        let invalid = |promise| match promise {
            PendingAck::Post {
                receipt: Receipt::Taken { invalid, .. },
                ..
            } => invalid.len(),
            other => panic!("not what was asked for: {other:?}"),
        };
        receipts.push(pending_acks.map(invalid).collect::<Vec<_>>());
    }
    assert_eq!(receipts, [vec![0], vec![0], vec![0, 5]]);
}

#[test]
fn a_ping_is_answered_once_it_is_in_the_journal() {
    let mut scene = Scene::new();
    let text = format!("heartbeats: [{{name: backup, every: 1h}}]\n{CONFIG}");
    let loaded = config::parse("test.yml", &text, ParserMode::Fallback);
    let config = Arc::new(loaded.expect("a sound configuration").config);
    scene.dispatcher.engine = Engine::new(config, settings());
    for (name, is_configured) in [("backup", true), ("back-up", false)] {
        let (reply, mut answer) = reply::reply();
        let sent = scene.requests.try_send(Request::Beat {
            heartbeat: name.into(),
            has_failed: false,
            reply,
        });
        sent.expect("there is room");
        assert_eq!(scene.dispatcher.turn(), Turn::GoOn);
        assert!(answer.take().is_err(), "it waits for the journal");
        let batch = scene.batches.try_recv().expect("a batch");
        let is_beat = |record: &Record| matches!(record, Record::Heartbeat { .. });
        assert_eq!(batch.records.iter().any(is_beat), is_configured);
        batch
            .pending_acks
            .into_iter()
            .for_each(PendingAck::acknowledge);
        assert_eq!(answer.take(), Ok(Ok(is_configured)));
    }
}

#[test]
fn a_large_list_of_reports_is_taken_in_parts_and_answered_once() {
    let mut scene = Scene::new();
    let settings = Settings {
        alerts: 10_000,
        ..settings()
    };
    scene.dispatcher.engine = Engine::new(configuration(), settings);
    let report = |number: usize| SourceReport {
        source: "kuma".into(),
        key: Some(number.to_string().into()),
        change: ReportedChange::Firing {
            alert: PostedAlert {
                labels: Labels::from_pairs([("host", &*number.to_string())]).into(),
                ..PostedAlert::default()
            },
            ttl: None,
        },
    };
    let (reply, _source) = reply::reply();
    let reports = (0..=limits::ALERTS_AT_ONCE).map(report).collect();
    let sent = scene.requests.try_send(Request::Report { reports, reply });
    sent.expect("there is room");
    let mut acknowledged = Vec::new();
    for _ in 0..2 {
        assert_eq!(scene.dispatcher.turn(), Turn::GoOn);
        let batches = scene.batches.try_iter();
        let acks = batches.map(|batch| batch.pending_acks.len());
        acknowledged.push(acks.sum::<usize>());
    }
    assert_eq!(acknowledged, [0, 1]);
    let sizes = scene.dispatcher.engine.sizes();
    assert_eq!(sizes.keys, limits::ALERTS_AT_ONCE + 1);
}

#[test]
fn a_large_post_that_does_not_fit_is_refused_whole() {
    let mut scene = Scene::new();
    let alert = |number: usize| PostedAlert {
        labels: Labels::from_pairs([("host", &*number.to_string())]).into(),
        ..PostedAlert::default()
    };
    let (reply, mut answer) = reply::reply();
    let alerts = (0..=limits::ALERTS_AT_ONCE).map(alert).collect();
    let sent = scene.requests.try_send(Request::Post { alerts, reply });
    sent.expect("there is room");
    scene.post("a");
    let heard = answer.take().expect("an answer");
    assert!(matches!(heard, Ok(Receipt::AtLimit(_))), "{heard:?}");
    assert_eq!(scene.dispatcher.engine.sizes().alerts, 1);
}
