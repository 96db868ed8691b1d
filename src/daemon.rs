//! Wires the daemon: starts the stages, connects them with channels, and stops them.
//!
//! Owns the channels between the stages, and the order of start and stop. Never touches state. Runs on
//! main.
//!
//! | channel | from → to | capacity | when full |
//! |---|---|---|---|
//! | requests | conn-1..N, main → dispatch | `limits::INBOX` | the client gets 503 |
//! | events | timer, send-0..N, journal → dispatch | `limits::EVENTS` | the stage blocks |
//! | commands | dispatch → timer | `limits::TIMER_COMMANDS` | commands stay in the dispatcher, merged |
//! | jobs | dispatch → each of send-0..N | 1 | never: only an idle worker gets a job |
//! | batches | dispatch → journal | `limits::BATCHES` | records stay in the dispatcher, up to a bound |
//! | syncs, synced | journal ↔ journal-sync | 1 | never: one sync is under way at a time |
//! | calls | signals, conn-1..N, stages → main | `limits::CALLS` | signals block; HTTP reloads are refused |
//!
//! The stages park until a sender wakes them: `waker.rs`.
//!
//! This file and `daemon/stages.rs` start the threads of the stages and the one for signals. Some modules
//! start helper threads of their own through `threads::spawn`: the HTTP server (one to accept, one a
//! connection), the log writer, the compactor of the journal, the resolver of host names, and the
//! commands `demo` and `listen`. `tests/tidy/pure.rs` has the list.
//!
//! A stop goes downstream. The HTTP server closes; the dispatcher gets [`Request::Stop`] and hangs up on
//! timer, workers and journal; each logs one line as it ends. Main waits for them in that order.

mod configuration;
mod last_good;
mod stages;
mod watch;

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
use crate::api::{self, Api, NotReloaded, Origins, SelfPeer, SigningKeys, Sources};
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
use configuration::{Found, find, load};
pub use configuration::{log_each_fault, read_file, read_input};
pub use last_good::LastGood;
use stages::{Spawner, Stage, await_ends, join};
use watch::Watch;

/// Where the configuration comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigSource {
    /// A file; a reload reads it again.
    File(PathBuf),
    /// The built-in configuration, whose receiver prints webhooks to the terminal.
    BuiltIn,
    /// The built-in configuration with short waits, for `alertwheel demo`.
    Demo,
}

/// The daemon's options, parsed from the flags.
#[derive(Debug)]
pub struct Options {
    /// Where the configuration comes from.
    pub source: ConfigSource,
    /// How the configuration is read.
    pub load: LoadOptions,
    /// Listeners, already bound, so that a wrong address fails before anything starts.
    pub listeners: Vec<TcpListener>,
    /// The URL under which others reach the daemon (`--web.external-url`); webhooks link to it.
    pub external_url: String,
    /// Which web origins may use the API from a browser.
    pub origins: Origins,
    /// The prefix of all HTTP paths (`--web.route-prefix`).
    pub route_prefix: String,
    /// TLS, passwords and rate limits in front of the API, if there is a web configuration.
    pub gate: Option<Gate>,
    /// The bounds of the HTTP server.
    pub limits: Limits,
    /// The bounds and switches of the engine.
    pub engine: Settings,
    /// Which optional labels metrics carry.
    pub labelling: Labelling,
    /// Where the journal is; `None` keeps the state in memory only.
    pub storage: Option<Storage>,
    /// Where the last good configuration is kept; `None` if a start on a wrong file fails.
    pub last_good: Option<LastGood>,
    /// Whether changes of the configuration's files cause a reload.
    pub watches_config: bool,
    /// How long a request may wait for the dispatcher (`--web.timeout`); `None` waits without a bound.
    pub request_timeout: Option<Duration>,
    /// Whether changes to silences are logged.
    pub silence_log: SilenceLog,
    /// This daemon as the only cluster peer in `/api/v2/status`; `None` if clustering was turned off.
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
    /// An invalid configuration.
    Config(LoadError),
    /// An invalid web configuration.
    Web(GateError),
    /// A journal that cannot be read or written.
    Storage(journal::OpenError),
    /// The host refused a thread, a socket or a signal handler.
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

/// A running daemon.
pub struct Daemon {
    source: ConfigSource,
    load: LoadOptions,
    last_good: Option<LastGood>,
    watch: Option<watch::Templates>,
    health: Arc<Health>,
    http_server: HttpServer,
    inbox: Inbox,
    requests: WakingSender<Request>,
    calls: Receiver<Call>,
    calls_in: Sender<Call>,
    signals: Handle,
    dispatch: JoinHandle<Vec<JoinHandle<()>>>,
    stages: Vec<Stage>,
    deliverer: Arc<Deliverer>,
    sources: Arc<Sources>,
    metrics: Arc<Metrics>,
    clock: Clock,
}

/// A message to main.
enum Call {
    /// Read the configuration again. The sender, if there is one, gets the result; it is for a reload over
    /// HTTP.
    Reload(Option<Sender<Result<(), String>>>),
    /// Stop.
    Stop,
    /// The stage of this name has ended. Expected during a stop; before one it is fatal.
    Ended(&'static str),
}

impl Daemon {
    /// Starts everything. When this returns, the HTTP server answers requests.
    pub fn start(options: Options, clock: Clock) -> Result<Daemon, StartError> {
        let metrics = metrics(&options);
        let health = Arc::new(Health::default());
        let (found, watch) = first_config(&options, &metrics, &health, clock)?;
        let (calls_in, calls) = bounded(limits::CALLS);
        let opened = open_storage(options.storage.as_ref(), &metrics, clock)?;
        let watch = keep_and_watch(&found, &options, watch, &calls_in)?;
        let signals = listen_for_signals(&calls_in).map_err(StartError::Threads)?;
        let waker = Waker::default();
        let (requests, requests_out) = waker::channel(limits::INBOX, &waker);
        let deliverer = deliverer(&options, &metrics, clock);
        let spawner = spawner(&options, &calls_in, &metrics, &health, clock);
        let sources = sources_of(&found.config, &metrics);
        let engine = Engine::new(found.config, options.engine);
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
                health: Arc::clone(&health),
                reload: reload_over_http(calls_in.clone(), options.request_timeout),
                sources: Arc::clone(&sources),
                signing_keys: signing_keys(&deliverer, options.request_timeout),
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
            last_good: options.last_good,
            watch,
            health,
            http_server,
            inbox,
            requests,
            calls,
            calls_in,
            signals,
            dispatch: stages.dispatch,
            stages: stages.others,
            deliverer,
            sources,
            metrics,
            clock,
        })
    }

    /// The addresses that the HTTP server listens on.
    pub fn addresses(&self) -> &[SocketAddr] {
        self.http_server.addresses()
    }

    /// Where the configuration came from.
    pub fn source(&self) -> &ConfigSource {
        &self.source
    }

    /// A function that stops the daemon as SIGTERM does.
    pub fn stopper(&self) -> impl Fn() + Send + use<> {
        let calls = self.calls_in.clone();
        move || {
            // This fails only if main has already stopped.
            let _ = calls.send(Call::Stop);
        }
    }

    /// Serves until a signal, a [`Daemon::stopper`] or the end of a stage stops the daemon.
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
                        // The client may have hung up in the meantime.
                        let _ = reply.try_send(result);
                    }
                }
                Ok(Call::Stop) | Err(_) => {
                    log::info!("Received shutdown signal, exiting gracefully...");
                    return ExitCode::SUCCESS;
                }
                Ok(Call::Ended(stage)) => {
                    log::error!(stage = stage; "A stage ended unexpectedly; exiting, its state is suspect");
                    return ExitCode::FAILURE;
                }
            }
        }
    }

    /// Reads the configuration again and applies it. An invalid configuration changes nothing.
    fn reload(&self) -> Result<(), String> {
        log::info!("Loading configuration file");
        let loaded = load(&self.source, self.load);
        let loaded = loaded.map_err(|error| (error.in_a_line(), error.to_string()));
        let result = loaded.and_then(|config| {
            let put = self.inbox.reload(Arc::clone(&config));
            put.map(|()| config).map_err(|_| {
                ["the dispatcher is too busy; try again"; 2]
                    .map(str::to_owned)
                    .into()
            })
        });
        match result {
            Ok(config) => {
                self.reloaded(config);
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

    /// Shows that a configuration is in force, and keeps it.
    fn reloaded(&self, config: Arc<Config>) {
        // The engine was first: a heartbeat or source that answers is one that it knows.
        self.sources.replace(&config.sources);
        if let Some(watch) = &self.watch {
            // The watch takes what waits each time it looks; a list that finds no room is one of many.
            let _ = watch.try_send(template_paths(&config));
        }
        if let Some(last_good) = &self.last_good {
            last_good.keep(&config);
        }
        let found = Found {
            config,
            fallen_back: None,
        };
        show_config(&found, &self.metrics, &self.health, self.clock);
    }

    /// Stops everything in the order of the pipeline, within [`limits::DRAIN`] and
    /// [`limits::JOIN_GRACE`].
    fn stop(mut self) {
        let deadline = self.clock.mono() + limits::DRAIN;
        self.signals.close();
        self.http_server.stop(deadline.since(self.clock.mono()) / 2);
        // The HTTP server is closed, so the channel has room unless the dispatcher has ended.
        let _ = self.requests.try_send(Request::Stop { deadline });
        drop((self.requests, self.inbox));
        let deadline = deadline + limits::JOIN_GRACE;
        await_ends(&self.calls, self.clock, deadline, || {
            self.dispatch.is_finished()
        });
        // The dispatcher has waited for attempts as long as it may: cut off those that remain.
        self.deliverer.hang_up();
        let mut unfinished = Vec::new();
        if self.dispatch.is_finished() {
            // A dispatcher that panicked has logged the reason; its workers are left behind.
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
            log::warn!(threads = unfinished.join(",").as_str(); "Threads did not stop in time");
        }
        log::info!("Stopped");
    }
}

/// The configuration to start with, and the watch on its files if the flags ask for one. The watch comes first,
/// so that it sees what changes while they are read.
fn first_config(
    options: &Options,
    metrics: &Metrics,
    health: &Health,
    clock: Clock,
) -> Result<(Found, Option<Watch>), StartError> {
    let watch = match &options.source {
        ConfigSource::File(path) if options.watches_config => Some(Watch::on(path)),
        ConfigSource::File(_) | ConfigSource::BuiltIn | ConfigSource::Demo => None,
    };
    let found = find(&options.source, options.load, options.last_good.as_ref());
    let found = found.map_err(StartError::Config)?;
    show_config(&found, metrics, health, clock);
    Ok((found, watch))
}

/// Keeps the configuration of a start as the last good one, and starts the watch.
fn keep_and_watch(
    found: &Found,
    options: &Options,
    watch: Option<Watch>,
    calls: &Sender<Call>,
) -> Result<Option<watch::Templates>, StartError> {
    if let (Some(last_good), None) = (&options.last_good, &found.fallen_back) {
        last_good.keep(&found.config);
    }
    let started = watch.map(|watch| watch.start(template_paths(&found.config), calls.clone()));
    started.transpose().map_err(StartError::Threads)
}

fn template_paths(config: &Config) -> Vec<PathBuf> {
    let templates = config.templates.iter();
    templates.map(|file| file.path.clone()).collect()
}

/// Shows in metrics and in the readiness probe which configuration is in force.
fn show_config(found: &Found, metrics: &Metrics, health: &Health, clock: Clock) {
    metrics.receivers_loaded(receivers_told(&found.config).into_iter());
    metrics.config_loaded(Some(&found.config.inputs.text()), clock.wall());
    if found.fallen_back.is_some() {
        // Its file could not be loaded.
        metrics.config_loaded(None, clock.wall());
    }
    metrics.config_fell_back(found.fallen_back.is_some());
    health.set_notice(found.fallen_back.as_deref().map(Arc::from));
}

/// Reads the journal of the previous run, before any thread exists that could write to it.
fn open_storage(
    storage: Option<&Storage>,
    metrics: &Arc<Metrics>,
    clock: Clock,
) -> Result<Option<Opened>, StartError> {
    let opened = storage.map(|storage| journal::open(storage, Arc::clone(metrics), clock));
    opened.transpose().map_err(StartError::Storage)
}

/// The HTTP client side of webhooks, which all workers share.
fn deliverer(options: &Options, metrics: &Arc<Metrics>, clock: Clock) -> Arc<Deliverer> {
    let settings = webhook::Settings {
        external_url: options.external_url.clone(),
        version: version::VERSION.into(),
        workers: options.engine.workers,
        workers_per_endpoint: options.engine.workers_per_endpoint,
    };
    Arc::new(Deliverer::new(settings, Arc::clone(metrics), clock))
}

/// What starts the threads of the stages.
fn spawner(
    options: &Options,
    calls: &Sender<Call>,
    metrics: &Arc<Metrics>,
    health: &Arc<Health>,
    clock: Clock,
) -> Spawner {
    Spawner {
        calls: calls.clone(),
        metrics: Arc::clone(metrics),
        health: Arc::clone(health),
        clock,
        silence_log: options.silence_log,
    }
}

/// The sources of this configuration, in force.
fn sources_of(config: &Config, metrics: &Arc<Metrics>) -> Arc<Sources> {
    let sources = Arc::new(Sources::new(Arc::clone(metrics)));
    sources.replace(&config.sources);
    sources
}

/// The keys with which Amazon SNS signs, fetched as webhooks are sent. A request waits for them no longer than for
/// the dispatcher.
fn signing_keys(deliverer: &Arc<Deliverer>, patience: Option<Duration>) -> SigningKeys {
    let deliverer = Arc::clone(deliverer);
    let patience = patience.map_or(limits::SNS_PATIENCE, |most| most.min(limits::SNS_PATIENCE));
    SigningKeys::new(Box::new(move |url| {
        deliverer.fetch(url, limits::SNS_ANSWER_BYTES, patience)
    }))
}

/// Logs the addresses, in the words that Alertmanager's acceptance tests look for (§15.0).
fn announce(addresses: &[SocketAddr], is_tls: bool) {
    let state = if is_tls { "enabled" } else { "disabled" };
    for address in addresses {
        log::info!(address:% = address; "Listening on");
        log::info!(http2 = false, address:% = address; "TLS is {state}.");
    }
}

/// The metrics, with what the options say.
fn metrics(options: &Options) -> Arc<Metrics> {
    let metrics = Metrics::labelled(version::VERSION, options.labelling);
    show_limits(&metrics, options);
    metrics.set_alert_limit(options.engine.alerts_per_name);
    Arc::new(metrics)
}

/// Exports the bounds that flags can set. The metrics have the fixed bounds from the start.
fn show_limits(metrics: &Metrics, options: &Options) {
    let (engine, server) = (&options.engine, &options.limits);
    let bounds = [
        ("workers", engine.workers as f64),
        ("workers_per_endpoint", engine.workers_per_endpoint as f64),
        (
            "retry_after_most_seconds",
            engine.max_retry_after.as_secs_f64(),
        ),
        ("alerts", engine.alerts as f64),
        ("connections", server.connections as f64),
        ("head_bytes", server.head_bytes as f64),
        ("headers", server.headers as f64),
        ("url_bytes", server.url_bytes as f64),
        ("body_bytes", server.body_bytes as f64),
        ("buffered_bytes", server.buffered_bytes as f64),
        ("concurrent_reads", server.concurrent_reads as f64),
        ("head_timeout_seconds", server.head_timeout.as_secs_f64()),
        ("body_timeout_seconds", server.body_timeout.as_secs_f64()),
        ("write_timeout_seconds", server.write_timeout.as_secs_f64()),
        ("idle_timeout_seconds", server.idle_timeout.as_secs_f64()),
    ];
    for (name, bound) in bounds {
        metrics.limit_set(name, bound);
    }
}

/// The names of the receivers that have at least one webhook.
fn receivers_told(config: &Config) -> Vec<Arc<str>> {
    let told = config.receivers.iter();
    let told = told.filter(|receiver| !receiver.webhooks.is_empty());
    told.map(|receiver| Arc::clone(&receiver.name)).collect()
}

/// Turns signals into calls, on a thread of its own. SIGHUPs that arrive while one is pending are merged.
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

/// The reload over HTTP. Main does every reload, so that reloads never overlap; the HTTP thread waits for
/// main's result for at most `patience`, or without a bound if that is `None`.
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
