//! The whole daemon: every channel made, every thread started and joined, here and nowhere else
//! (but for the front door's one thread a connection).
//!
//! Owns the wiring, and the order of start and stop. Never touches state. Runs on main.
//!
//! | channel | from → to | capacity | when full |
//! |---|---|---|---|
//! | requests | conn-1..N, main → dispatch | `limits::INBOX` | the sender hears 503 |
//! | events | timer, send-0..N, journal → dispatch | `limits::EVENTS` | they wait; dispatch never waits for them |
//! | commands | dispatch → timer | `limits::TIMER_COMMANDS` | what is left goes out with the next turn, merged |
//! | jobs | dispatch → each of send-0..N | 1 | cannot be: it is sent to a worker that is idle |
//! | batches | dispatch → journal | `limits::BATCHES` | they collect in the dispatcher, up to a bound |
//! | syncs, synced | journal ↔ journal-sync | 1 | cannot be: one sync is under way at a time |
//! | calls | signals, conn-1..N, stages → main | `limits::CALLS` | signals wait; a reload over HTTP is refused |
//!
//! Who waits for one of them sleeps until its bell rings, which the senders do: `waker.rs`. Only workers
//! do not ring at once for each of their outcomes: `dispatch/outcome_sender.rs`.
//!
//! Stop flows downstream: the front door closes, dispatch is told to stop and hangs up on timer,
//! workers and journal, each ends with one line in the log, and main waits for them in that order.

mod configuration;
mod stages;

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::{Handle, Signals};

use crate::api::server::{Gate, GateError, HttpServer, Limits};
use crate::api::{self, Api, NotReloaded, Origins, SelfPeer};
use crate::clock::Clock;
use crate::config::{Config, LoadError, LoadOptions};
use crate::dispatch::SilenceLog;
use crate::dispatch::inbox::{Inbox, Request};
use crate::engine::{Engine, Settings};
use crate::journal::{self, Opened, Storage};
use crate::limits;
use crate::telemetry::health::Health;
use crate::telemetry::metrics::{Labelling, Metrics};
use crate::threads::{self, WORKER_STACK};
use crate::version;
use crate::waker::{self, Waker, WakingSender};
use crate::webhook::{self, Deliverer};
use configuration::load;
pub use configuration::{log_each_fault, read_file, read_input};
use stages::{Spawner, Stage, await_ends, join};

/// Where the configuration comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigSource {
    /// A file; a reload reads it again.
    File(PathBuf),
    /// The one that prints to the terminal.
    BuiltIn,
    /// The same with short waits.
    Demo,
}

/// What the flags say.
#[derive(Debug)]
pub struct Options {
    /// Where the configuration comes from.
    pub source: ConfigSource,
    /// How the configuration is read.
    pub load: LoadOptions,
    /// Listeners, bound already so that a wrong address is known before anything starts.
    pub listeners: Vec<TcpListener>,
    /// How others reach us.
    pub external_url: String,
    /// Which pages may use the API.
    pub origins: Origins,
    /// The prefix of all paths.
    pub route_prefix: String,
    /// What stands before the front door, if there is a web configuration.
    pub gate: Option<Gate>,
    /// What the front door allows.
    pub limits: Limits,
    /// What the engine may use.
    pub engine: Settings,
    /// Which names stand in labels of metrics.
    pub labelling: Labelling,
    /// Where the state is kept, if it is.
    pub storage: Option<Storage>,
    /// How long a request may wait for the dispatcher; without it, as long as it takes.
    pub request_timeout: Option<Duration>,
    /// Whether changes of silences are logged.
    pub silence_log: SilenceLog,
    /// Ourselves as a peer, if clustering was not turned off.
    pub cluster: Option<SelfPeer>,
}

/// Why the daemon did not start.
#[derive(Debug)]
pub enum StartError {
    /// A flag that cannot be honoured.
    Flag(String),
    /// An address that cannot be listened on.
    Listen {
        /// The address as given.
        address: String,
        /// What the host said.
        error: io::Error,
    },
    /// A configuration that is wrong.
    Config(LoadError),
    /// A web configuration that is.
    Web(GateError),
    /// A state that cannot be taken up or kept.
    Storage(journal::OpenError),
    /// The host gave no thread, socket or signal handler.
    Threads(io::Error),
}

impl fmt::Display for StartError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::Flag(why) => out.write_str(why),
            StartError::Listen { address, error } => write!(out, "listen {address:?}: {error}"),
            StartError::Config(error) => {
                write!(out, "loading configuration failed: {}", error.in_a_line())
            }
            StartError::Web(error) => {
                write!(
                    out,
                    "loading web configuration failed: {}",
                    error.in_a_line()
                )
            }
            StartError::Storage(error) => write!(out, "opening the storage failed: {error}"),
            StartError::Threads(error) => write!(out, "starting threads failed: {error}"),
        }
    }
}

/// A daemon that runs.
pub struct Daemon {
    source: ConfigSource,
    load: LoadOptions,
    http_server: HttpServer,
    inbox: Inbox,
    requests: WakingSender<Request>,
    calls: Receiver<Call>,
    calls_in: Sender<Call>,
    signals: Handle,
    dispatch: JoinHandle<Vec<JoinHandle<()>>>,
    stages: Vec<Stage>,
    deliverer: Arc<Deliverer>,
    metrics: Arc<Metrics>,
    clock: Clock,
}

/// What main is called for.
enum Call {
    /// Read the configuration again; whoever asked over HTTP hears how that went.
    Reload(Option<Sender<Result<(), String>>>),
    /// Stop.
    Stop,
    /// A stage has ended: expected at a stop, a disaster before it.
    Ended(&'static str),
}

impl Daemon {
    /// Starts everything; when this returns, requests are answered.
    pub fn start(options: Options, clock: Clock) -> Result<Daemon, StartError> {
        let metrics = Arc::new(Metrics::labelled(version::VERSION, options.labelling));
        show_limits(&metrics, &options);
        let config = load(&options.source, options.load).map_err(StartError::Config)?;
        metrics.receivers_loaded(receivers_told(&config).into_iter());
        metrics.set_alert_limit(options.engine.alerts_per_name);
        metrics.config_loaded(Some(&config.source), clock.wall());
        let (calls_in, calls) = bounded(limits::CALLS);
        let opened = open_storage(options.storage.as_ref(), &metrics, clock)?;
        let health = Arc::new(Health::default());
        let signals = listen_for_signals(&calls_in).map_err(StartError::Threads)?;
        let waker = Waker::default();
        let (requests, requests_out) = waker::channel(limits::INBOX, &waker);
        let deliverer = deliverer(&options, &metrics, clock);
        let spawner = Spawner {
            calls: calls_in.clone(),
            metrics: Arc::clone(&metrics),
            health: Arc::clone(&health),
            clock,
            silence_log: options.silence_log,
        };
        let engine = Engine::new(config, options.engine);
        let stages = spawner
            .spawn_stages(engine, (requests_out, waker), &deliverer, opened)
            .map_err(StartError::Threads)?;
        let inbox = Inbox::new(requests.clone());
        let api = Api::new(
            inbox.clone().with_patience(options.request_timeout, clock),
            Arc::clone(&metrics),
            clock,
            api::Settings {
                route_prefix: options.route_prefix,
                origins: options.origins,
                parser_mode: options.load.mode,
                cluster: options.cluster,
                started_at: clock.wall(),
                build: version::BUILD,
                health,
                reload: reload_over_http(calls_in.clone(), options.request_timeout),
            },
        );
        let is_tls = options.gate.as_ref().is_some_and(Gate::speaks_tls);
        let http_server = HttpServer::open(
            options.listeners,
            Arc::new(api),
            options.gate,
            options.limits,
            Arc::clone(&metrics),
            clock,
        )
        .map_err(StartError::Threads)?;
        announce(http_server.addresses(), is_tls);
        Ok(Daemon {
            source: options.source,
            load: options.load,
            http_server,
            inbox,
            requests,
            calls,
            calls_in,
            signals,
            dispatch: stages.dispatch,
            stages: stages.others,
            deliverer,
            metrics,
            clock,
        })
    }

    /// The addresses it listens on.
    pub fn addresses(&self) -> &[SocketAddr] {
        self.http_server.addresses()
    }

    /// Where its configuration came from.
    pub fn source(&self) -> &ConfigSource {
        &self.source
    }

    /// Stops the daemon when called, as a signal would.
    pub fn stopper(&self) -> impl Fn() + Send + use<> {
        let calls = self.calls_in.clone();
        move || {
            // Fails only if main has stopped already.
            let _ = calls.send(Call::Stop);
        }
    }

    /// Serves until a signal says stop, then stops.
    pub fn serve(self) -> ExitCode {
        let code = self.answer_calls();
        self.stop();
        code
    }

    fn answer_calls(&self) -> ExitCode {
        loop {
            match self.calls.recv() {
                Ok(Call::Reload(reply)) => {
                    let result = self.reload();
                    if let Some(reply) = reply {
                        // Whoever asked may have gone meanwhile.
                        let _ = reply.try_send(result);
                    }
                }
                Ok(Call::Stop) | Err(_) => {
                    log::info!("Received shutdown signal, exiting gracefully...");
                    return ExitCode::SUCCESS;
                }
                Ok(Call::Ended(stage)) => {
                    log::error!(stage = stage; "A stage ended unasked; its state is suspect, exiting");
                    return ExitCode::FAILURE;
                }
            }
        }
    }

    /// Reads the configuration again. A wrong one changes nothing.
    fn reload(&self) -> Result<(), String> {
        log::info!("Loading configuration file");
        let loaded = load(&self.source, self.load);
        let loaded = loaded.map_err(|error| (error.in_a_line(), error.to_string()));
        let result = loaded.and_then(|config| {
            let (source, receivers) = (config.source.clone(), receivers_told(&config));
            let put = self.inbox.reload(config);
            put.map(|()| (source, receivers)).map_err(|_| {
                ["the dispatcher is too busy; try again"; 2]
                    .map(str::to_owned)
                    .into()
            })
        });
        match result {
            Ok((source, receivers)) => {
                self.metrics.receivers_loaded(receivers.into_iter());
                self.metrics.config_loaded(Some(&source), self.clock.wall());
                log::info!("Completed loading of configuration file");
                Ok(())
            }
            Err((in_a_line, error)) => {
                self.metrics.config_loaded(None, self.clock.wall());
                log::error!(err = in_a_line.as_str(); "Loading configuration file failed");
                Err(error)
            }
        }
    }

    /// Stops everything in the order of the pipeline, within [`limits::DRAIN`] and
    /// [`limits::JOIN_GRACE`].
    fn stop(mut self) {
        let deadline = self.clock.mono() + limits::DRAIN;
        self.signals.close();
        self.http_server.stop(deadline.since(self.clock.mono()) / 2);
        // The front door is closed, so there is room unless the dispatcher is gone.
        let _ = self.requests.try_send(Request::Stop { deadline });
        drop((self.requests, self.inbox));
        let deadline = deadline + limits::JOIN_GRACE;
        await_ends(&self.calls, self.clock, deadline, || {
            self.dispatch.is_finished()
        });
        // The dispatcher has waited for attempts as long as it may.
        self.deliverer.hang_up();
        let mut unfinished = Vec::new();
        if self.dispatch.is_finished() {
            // One that panicked has said why, and leaves its workers behind.
            let workers = self.dispatch.join().unwrap_or_default();
            let send = |thread| Stage {
                name: "send",
                thread,
            };
            self.stages.extend(workers.into_iter().map(send));
        } else {
            unfinished.push("dispatch");
        }
        unfinished.extend(join(self.stages, &self.calls, self.clock, deadline));
        if !unfinished.is_empty() {
            log::warn!(threads = unfinished.join(",").as_str(); "Left behind at the stop");
        }
        log::info!("Stopped");
    }
}

/// Reads what an earlier process has left, before there is anybody who could change it.
fn open_storage(
    storage: Option<&Storage>,
    metrics: &Arc<Metrics>,
    clock: Clock,
) -> Result<Option<Opened>, StartError> {
    let opened = storage.map(|storage| journal::open(storage, Arc::clone(metrics), clock));
    opened.transpose().map_err(StartError::Storage)
}

/// What makes the attempts of all workers.
fn deliverer(options: &Options, metrics: &Arc<Metrics>, clock: Clock) -> Arc<Deliverer> {
    let settings = webhook::Settings {
        external_url: options.external_url.clone(),
        version: version::VERSION.into(),
        workers: options.engine.workers,
        workers_per_endpoint: options.engine.workers_per_endpoint,
    };
    Arc::new(Deliverer::new(settings, Arc::clone(metrics), clock))
}

/// Says that requests are answered, in the words that acceptance tests look for (§15.0).
fn announce(addresses: &[SocketAddr], is_tls: bool) {
    let state = if is_tls { "enabled" } else { "disabled" };
    for address in addresses {
        log::info!(address:% = address; "Listening on");
        log::info!(http2 = false, address:% = address; "TLS is {state}.");
    }
}

/// Shows the bounds that flags can set; those that none can are in the metrics from the start.
fn show_limits(metrics: &Metrics, options: &Options) {
    let (engine, door) = (&options.engine, &options.limits);
    let bounds = [
        ("workers", engine.workers as f64),
        ("workers_per_endpoint", engine.workers_per_endpoint as f64),
        (
            "retry_after_most_seconds",
            engine.max_retry_after.as_secs_f64(),
        ),
        ("alerts", engine.alerts as f64),
        ("connections", door.connections as f64),
        ("head_bytes", door.head_bytes as f64),
        ("headers", door.headers as f64),
        ("url_bytes", door.url_bytes as f64),
        ("body_bytes", door.body_bytes as f64),
        ("buffered_bytes", door.buffered_bytes as f64),
        ("concurrent_reads", door.concurrent_reads as f64),
        ("head_timeout_seconds", door.head_timeout.as_secs_f64()),
        ("body_timeout_seconds", door.body_timeout.as_secs_f64()),
        ("write_timeout_seconds", door.write_timeout.as_secs_f64()),
        ("idle_timeout_seconds", door.idle_timeout.as_secs_f64()),
    ];
    for (name, bound) in bounds {
        metrics.limit_set(name, bound);
    }
}

/// The names of the receivers that have something to tell.
fn receivers_told(config: &Config) -> Vec<Arc<str>> {
    let told = config.receivers.iter();
    let told = told.filter(|receiver| !receiver.webhooks.is_empty());
    told.map(|receiver| Arc::clone(&receiver.name)).collect()
}

/// Turns signals into calls. SIGHUPs that come while one waits are one.
fn listen_for_signals(calls: &Sender<Call>) -> io::Result<Handle> {
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGTERM])?;
    let handle = signals.handle();
    let calls = calls.clone();
    threads::spawn("signals", WORKER_STACK, move || {
        for signal in signals.forever() {
            let call = if signal == SIGHUP {
                Call::Reload(None)
            } else {
                Call::Stop
            };
            if calls.send(call).is_err() {
                return;
            }
        }
    })?;
    Ok(handle)
}

/// Reloads are main's, so that they come one after the other whoever asks. Whoever asks waits for
/// `patience` at most, if that is bounded.
fn reload_over_http(calls: Sender<Call>, patience: Option<Duration>) -> api::Reload {
    let gone = || {
        let why = "the daemon is stopping or busy with other reloads";
        NotReloaded::Failed(why.to_owned())
    };
    Box::new(move || {
        let (reply, answer) = bounded(1);
        calls
            .try_send(Call::Reload(Some(reply)))
            .map_err(|_| gone())?;
        let result = match patience {
            None => answer.recv().map_err(|_| gone())?,
            Some(patience) => answer.recv_timeout(patience).map_err(|error| match error {
                RecvTimeoutError::Timeout => NotReloaded::TimedOut(patience),
                RecvTimeoutError::Disconnected => gone(),
            })?,
        };
        result.map_err(NotReloaded::Failed)
    })
}
