//! Tests of the whole handler with a fake dispatcher, from request to answer. The expected texts were taken
//! from Alertmanager.

mod alerts;
mod errors;
mod hooks;
mod pages;
mod silences;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver as Incoming, Sender, bounded};

use super::hooks::{SigningKeys, Sources};
use super::http::{Answer, Body, Handler, Request};
use super::origins::{Origins, Pages};
use super::router::{Api, NotReloaded, Settings};
use crate::clock::Clock;
use crate::config::{Config, GroupBy, Inputs, Receiver, Route};
use crate::dispatch::inbox::{self, Inbox, Question, Receipt};
use crate::engine::{AlertView, Answered, Full, Gauges, GroupView, InvalidAlert, SilenceFault};
use crate::model::{Alert, Labels, ParserMode, PostedSilence, Silence, SourceReport, Wall};
use crate::telemetry::metrics::Metrics;
use crate::threads;
use crate::version::BUILD;
use crate::waker::{Waker, WakingSender};

/// What the made-up dispatcher knows.
#[derive(Clone, Default)]
struct World {
    alerts: Vec<AlertView>,
    groups: Vec<GroupView>,
    silences: Vec<Arc<Silence>>,
    receivers: Vec<Arc<Receiver>>,
    /// With a limit, every batch runs into it.
    alert_limit: Option<usize>,
    /// Gets what sources report.
    reports: Option<Sender<Vec<SourceReport>>>,
}

/// The id that the made-up dispatcher gives.
const NEW_ID: &str = "11111111-0000-4000-8000-000000000000";

/// The one heartbeat that the made-up dispatcher knows.
const HEARTBEAT: &str = "backup";

/// What came back, read to its end.
#[derive(Debug)]
struct LogEntry {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
    was_streamed: bool,
}

impl LogEntry {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(other, _)| *other == name)
            .map(|(_, value)| value.as_str())
    }
}

fn settings() -> Settings {
    Settings {
        route_prefix: "/".to_owned(),
        origins: Origins::new(Pages::Any, "http://box:9093", []),
        parser_mode: ParserMode::Fallback,
        cluster: None,
        started_at: now(),
        build: BUILD,
        health: Arc::default(),
        reload: Box::new(|| Ok(())),
        sources: Arc::new(Sources::new(Arc::new(Metrics::new("test")))),
        signing_keys: SigningKeys::new(Box::new(|url| Err(format!("nobody may ask {url}")))),
    }
}

/// The wall time of every snapshot.
fn now() -> Wall {
    "2026-01-01T00:00:00Z".parse().expect("a timestamp")
}

fn api_with(world: World, settings: Settings) -> Api {
    let (requests, incoming) = bounded(4);
    threads::spawn("made-up dispatcher", threads::WORKER_STACK, move || {
        run_dispatcher(&world, &incoming);
    })
    .expect("the host has room for a thread");
    let metrics = Arc::clone(settings.sources.metrics());
    Api::new(
        Inbox::new(WakingSender::new(requests, &Waker::default())),
        metrics,
        Clock::start(),
        settings,
    )
}

fn api(world: World) -> Api {
    api_with(world, settings())
}

fn run_dispatcher(world: &World, incoming: &Incoming<inbox::Request>) {
    while let Ok(request) = incoming.recv() {
        // A test that no longer listens has what it wanted.
        match request {
            inbox::Request::Post { alerts, reply } => {
                let invalid = alerts.into_iter().filter_map(|alert| alert.fault);
                let invalid = invalid.map(|fault| InvalidAlert {
                    reason: fault.into(),
                });
                reply.give(Ok(world.receipt(invalid.collect())));
            }
            inbox::Request::Report { reports, reply } => {
                if let Some(told) = &world.reports {
                    told.send(reports).expect("the test listens");
                }
                reply.give(Ok(world.receipt(Vec::new())));
            }
            inbox::Request::Beat {
                heartbeat, reply, ..
            } => reply.give(Ok(heartbeat == HEARTBEAT)),
            inbox::Request::Ask(question) => world.answer(question),
            inbox::Request::SetSilence { posted, reply } => {
                reply.give(Ok(world.set_silence(posted)));
            }
            inbox::Request::ExpireSilence { id, reply } => {
                reply.give(Ok(world.silence_id(&id)));
            }
            inbox::Request::Reload { .. } | inbox::Request::Stop { .. } => return,
        }
    }
}

fn answered<A>(answer: A) -> Answered<A> {
    Answered { at: now(), answer }
}

impl World {
    fn receipt(&self, invalid: Vec<InvalidAlert>) -> Receipt {
        match self.alert_limit {
            Some(limit) => Receipt::AtLimit(Full::Alerts(limit)),
            None => Receipt::Taken {
                invalid,
                came_ended: None,
            },
        }
    }

    /// Takes every silence without a fault, a new one under [`NEW_ID`].
    fn set_silence(&self, posted: PostedSilence) -> Result<Arc<str>, SilenceFault> {
        if let Some(fault) = posted.fault {
            return Err(SilenceFault::Refused(format!("invalid silence: {fault}")));
        }
        posted
            .id
            .map_or(Ok(NEW_ID.into()), |id| self.silence_id(&id))
    }

    fn silence_id(&self, id: &str) -> Result<Arc<str>, SilenceFault> {
        let found = self.silences.iter().find(|silence| *silence.id == *id);
        let id = found.map(|silence| Arc::clone(&silence.id));
        id.ok_or(SilenceFault::NotFound)
    }

    fn answer(&self, question: Question) {
        match question {
            Question::Silences(reply) => reply.give(answered(self.silences.clone())),
            Question::Alerts { reply, .. } => reply.give(answered(self.alerts.clone())),
            Question::Groups(reply) => reply.give(answered(self.groups.clone())),
            Question::Config(reply) => reply.give(Arc::new(self.config())),
            Question::Gauges(reply) => reply.give(answered(Gauges::default())),
        }
    }

    fn config(&self) -> Config {
        Config {
            resolve_timeout: Duration::from_secs(300),
            inhibit_rules: Vec::new(),
            sources: Vec::new(),
            heartbeats: Vec::new(),
            template_globs: 0,
            templates: Vec::new(),
            route: Route {
                receiver: receiver("default"),
                group_by: GroupBy::All,
                matchers: Vec::new(),
                continues: false,
                mute_time_intervals: Vec::new(),
                active_time_intervals: Vec::new(),
                labels: Arc::default(),
                resolve_muted: true,
                group_wait: Duration::from_secs(30),
                group_interval: Duration::from_secs(300),
                repeat_interval: Duration::from_secs(14_400),
                routes: Vec::new(),
            },
            receivers: self.receivers.clone(),
            original: "route:\n  receiver: default\n".to_owned(),
            inputs: Inputs::default(),
        }
    }
}

fn receiver(name: &str) -> Arc<Receiver> {
    Arc::new(Receiver {
        name: name.into(),
        labels: BTreeMap::from([("name".to_owned(), name.to_owned())]),
        webhooks: Vec::new(),
    })
}

/// An alert that fires for five minutes more.
fn alert(labels: &[(&str, &str)]) -> Arc<Alert> {
    let labels = Labels::from_pairs(labels.iter().copied());
    Arc::new(Alert {
        fingerprint: labels.fingerprint(),
        labels,
        annotations: Labels::default(),
        starts_at: now().into(),
        ends_at: (now() + Duration::from_secs(300)).into(),
        updated_at: now().into(),
        ends_by_timeout: true,
        generator_url: "".into(),
    })
}

fn view(alert: Arc<Alert>, receivers: &[&str]) -> AlertView {
    AlertView {
        alert,
        receivers: receivers.iter().map(|name| receiver(name)).collect(),
        muted: None,
    }
}

fn request(method: &str, target: &str) -> Request {
    Request {
        method: method.to_owned(),
        target: target.to_owned(),
        ..Request::default()
    }
}

fn post_alerts(body: &str) -> Request {
    post("/api/v2/alerts", body)
}

fn post(target: &str, body: &str) -> Request {
    let content_type = ("content-type".to_owned(), "application/json".to_owned());
    Request {
        headers: vec![content_type],
        body: body.as_bytes().to_vec(),
        ..request("POST", target)
    }
}

fn tell(api: &Api, request: Request) -> LogEntry {
    let Answer {
        status,
        headers,
        body,
    } = api.handle(request);
    let was_streamed = matches!(body, Body::Stream(_));
    let body = match body {
        Body::Empty => Vec::new(),
        Body::Bytes(bytes) => bytes,
        Body::Stream(mut stream) => {
            let mut bytes = Vec::new();
            stream.read_to_end(&mut bytes).expect("memory reads well");
            bytes
        }
    };
    LogEntry {
        status,
        headers,
        body: String::from_utf8(body).expect("all bodies are text"),
        was_streamed,
    }
}

fn get(api: &Api, target: &str) -> LogEntry {
    tell(api, request("GET", target))
}
