//! The whole daemon: every channel made, every thread started and joined, here and nowhere else
//! (but for the front door's one thread a connection).
//!
//! Owns the wiring, and the order of start and stop. Never touches state. Runs on main.
//!
//! | channel | from → to | capacity | when full |
//! |---|---|---|---|
//! | requests | http-0..N, main → dispatch | `limits::INBOX` | the sender hears 503 |
//! | events | timer, send-0..N → dispatch | `limits::EVENTS` | they wait; dispatch never waits for them |
//! | commands | dispatch → timer | `limits::TIMER_COMMANDS` | what is left goes out with the next turn, merged |
//! | jobs | dispatch → send-0..N | as many as workers | cannot be: the engine counts attempts that are out |
//! | calls | signals, http, stages → main | `limits::CALLS` | signals wait; a reload over HTTP is refused |
//!
//! Stop flows downstream: the front door closes, dispatch is told to stop and hangs up on timer and
//! workers, each ends with one line in the log, and main waits for them in that order.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, bounded};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::{Handle, Signals};

use crate::api::guard::{FrontDoor, Limits};
use crate::api::{self, Api, SelfPeer};
use crate::clock::Clock;
use crate::config::{self, Config, Fault, Faults, LoadError};
use crate::dispatch::inbox::{Inbox, Request};
use crate::dispatch::{Channels, Dispatcher};
use crate::engine::{Engine, Settings};
use crate::limits;
use crate::model::{Mono, ParserMode};
use crate::telemetry::metrics::Metrics;
use crate::template;
use crate::threads::{self, LOOP_STACK, WORKER_STACK};
use crate::timer;
use crate::version;
use crate::webhook::{self, Courier};

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
    /// Which label names and matchers hold.
    pub parser_mode: ParserMode,
    /// Listeners, bound already so that a wrong address is known before anything starts.
    pub listeners: Vec<TcpListener>,
    /// How others reach us.
    pub external_url: String,
    /// The prefix of all paths.
    pub route_prefix: String,
    /// What the front door allows.
    pub limits: Limits,
    /// What the engine may use.
    pub engine: Settings,
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
    /// The host gave no thread, socket or signal handler.
    Threads(io::Error),
}

impl fmt::Display for StartError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::Flag(why) => out.write_str(why),
            StartError::Listen { address, error } => write!(out, "listen {address:?}: {error}"),
            StartError::Config(error) => write!(out, "loading configuration failed:\n{error}"),
            StartError::Threads(error) => write!(out, "starting threads failed: {error}"),
        }
    }
}

/// A daemon that runs.
pub struct Daemon {
    source: ConfigSource,
    parser_mode: ParserMode,
    front_door: FrontDoor,
    inbox: Inbox,
    requests: Sender<Request>,
    calls: Receiver<Call>,
    calls_in: Sender<Call>,
    signals: Handle,
    stages: Vec<Stage>,
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

/// A thread of a stage.
struct Stage {
    name: &'static str,
    thread: JoinHandle<()>,
}

/// Says that a stage has ended, however it did.
struct EndNotice {
    name: &'static str,
    calls: Sender<Call>,
}

impl Drop for EndNotice {
    fn drop(&mut self) {
        // Full only if main is stopping already and looks at the threads themselves.
        let _ = self.calls.try_send(Call::Ended(self.name));
    }
}

impl Daemon {
    /// Starts everything; when this returns, requests are answered.
    pub fn start(options: Options, clock: Clock) -> Result<Daemon, StartError> {
        let metrics = Arc::new(Metrics::new(version::VERSION));
        show_limits(&metrics, &options);
        let config = load(&options.source, options.parser_mode).map_err(StartError::Config)?;
        metrics.config_loaded(Some(&config.source), clock.wall());
        let (calls_in, calls) = bounded(limits::CALLS);
        let signals = listen_for_signals(&calls_in).map_err(StartError::Threads)?;
        let (requests, requests_out) = bounded(limits::INBOX);
        let courier = Courier::new(
            webhook::Settings {
                external_url: options.external_url.clone(),
                version: version::VERSION.into(),
                workers: options.engine.workers,
                workers_per_endpoint: options.engine.workers_per_endpoint,
            },
            Arc::clone(&metrics),
            clock,
        );
        let spawner = Spawner {
            calls: calls_in.clone(),
            metrics: Arc::clone(&metrics),
            clock,
        };
        let engine = Engine::new(config, options.engine);
        let stages = spawner
            .spawn_stages(engine, requests_out, courier, options.engine.workers)
            .map_err(StartError::Threads)?;
        let inbox = Inbox::new(requests.clone());
        let api = Api::new(
            inbox.clone(),
            Arc::clone(&metrics),
            clock,
            api::Settings {
                route_prefix: options.route_prefix,
                parser_mode: options.parser_mode,
                cluster: options.cluster,
                started_at: clock.wall(),
                build: version::BUILD,
                reload: reload_over_http(calls_in.clone()),
            },
        );
        let front_door = FrontDoor::open(
            options.listeners,
            Arc::new(api),
            options.limits,
            Arc::clone(&metrics),
            clock,
        )
        .map_err(StartError::Threads)?;
        for address in front_door.addresses() {
            log::info!(address:% = address; "Listening on");
            log::info!(http2 = false, address:% = address; "TLS is disabled.");
        }
        Ok(Daemon {
            source: options.source,
            parser_mode: options.parser_mode,
            front_door,
            inbox,
            requests,
            calls,
            calls_in,
            signals,
            stages,
            metrics,
            clock,
        })
    }

    /// The addresses it listens on.
    pub fn addresses(&self) -> &[SocketAddr] {
        self.front_door.addresses()
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
        let loaded = load(&self.source, self.parser_mode).map_err(|error| error.to_string());
        let result = loaded.and_then(|config| {
            let source = config.source.clone();
            let put = self.inbox.reload(config);
            put.map(|()| source)
                .map_err(|_| "the dispatcher is too busy; try again".into())
        });
        match result {
            Ok(source) => {
                self.metrics.config_loaded(Some(&source), self.clock.wall());
                log::info!("Completed loading of configuration file");
                Ok(())
            }
            Err(error) => {
                self.metrics.config_loaded(None, self.clock.wall());
                log::error!(err = error.as_str(); "Loading configuration file failed");
                Err(error)
            }
        }
    }

    /// Stops everything in the order of the pipeline, within [`limits::DRAIN`].
    fn stop(self) {
        let deadline = self.clock.mono() + limits::DRAIN;
        self.signals.close();
        self.front_door.stop(deadline.since(self.clock.mono()) / 2);
        // The front door is closed, so there is room unless the dispatcher is gone.
        let _ = self.requests.try_send(Request::Stop { deadline });
        drop((self.requests, self.inbox));
        let unfinished = join(self.stages, &self.calls, self.clock, deadline);
        if !unfinished.is_empty() {
            log::warn!(threads = unfinished.join(",").as_str(); "Left behind at the stop");
        }
        log::info!("Stopped");
    }
}

/// Makes the threads of the stages.
struct Spawner {
    calls: Sender<Call>,
    metrics: Arc<Metrics>,
    clock: Clock,
}

impl Spawner {
    /// Starts dispatch, timer and workers, in the order in which a stop reaches them.
    fn spawn_stages(
        &self,
        engine: Engine,
        requests: Receiver<Request>,
        courier: Courier,
        workers: usize,
    ) -> io::Result<Vec<Stage>> {
        let (events_in, events) = bounded(limits::EVENTS);
        let (commands, commands_out) = bounded(limits::TIMER_COMMANDS);
        let (jobs, jobs_out) = bounded(workers);
        let channels = Channels {
            requests,
            events,
            commands,
            jobs,
        };
        let dispatcher = Dispatcher::new(engine, channels, Arc::clone(&self.metrics), self.clock);
        let mut stages = vec![self.spawn("dispatch", "dispatch", LOOP_STACK, || dispatcher.run())?];
        let (events, clock) = (events_in.clone(), self.clock);
        stages.push(self.spawn("timer", "timer", LOOP_STACK, move || {
            timer::run(commands_out, events, clock);
        })?);
        let courier = Arc::new(courier);
        for number in 0..workers {
            let (jobs, events) = (jobs_out.clone(), events_in.clone());
            let courier = Arc::clone(&courier);
            let name = format!("send-{number}");
            stages.push(self.spawn("send", &name, WORKER_STACK, move || {
                webhook::run(jobs, events, courier);
            })?);
        }
        Ok(stages)
    }

    fn spawn(
        &self,
        name: &'static str,
        thread_name: &str,
        stack: usize,
        body: impl FnOnce() + Send + 'static,
    ) -> io::Result<Stage> {
        let notice = EndNotice {
            name,
            calls: self.calls.clone(),
        };
        let thread = threads::spawn(thread_name, stack, move || {
            let _notice = notice;
            body();
        })?;
        Ok(Stage { name, thread })
    }
}

/// Waits for the stages to end; returns the names of those that have not by the deadline.
fn join(
    mut stages: Vec<Stage>,
    calls: &Receiver<Call>,
    clock: Clock,
    deadline: Mono,
) -> Vec<&'static str> {
    loop {
        stages.retain(|stage| !stage.thread.is_finished());
        if stages.is_empty() || clock.mono() >= deadline {
            return stages.into_iter().map(|stage| stage.name).collect();
        }
        // A thread gives notice a moment before it has finished, so look again soon after one.
        let soon = deadline.min(clock.mono() + limits::JOIN_PATIENCE);
        let _ = calls.recv_deadline(clock.instant(soon));
    }
}

/// The bounds that flags set, where `/metrics` would show the defaults else.
fn show_limits(metrics: &Metrics, options: &Options) {
    metrics.limit_set("workers", options.engine.workers as f64);
    metrics.limit_set(
        "workers_per_endpoint",
        options.engine.workers_per_endpoint as f64,
    );
    metrics.limit_set("alerts", options.engine.alerts as f64);
    metrics.limit_set("connections", options.limits.connections as f64);
    metrics.limit_set("body_bytes", options.limits.body_bytes as f64);
    metrics.limit_set("buffered_bytes", options.limits.buffered_bytes as f64);
}

fn load(source: &ConfigSource, mode: ParserMode) -> Result<Arc<Config>, LoadError> {
    let config = match source {
        ConfigSource::File(path) => {
            let loaded = config::load(path, mode)?;
            for warning in &loaded.warnings {
                log::warn!(file:% = path.display(); "{warning}");
            }
            check_templates(path, &loaded.config)?;
            loaded.config
        }
        ConfigSource::BuiltIn => config::built_in(),
        ConfigSource::Demo => config::demo(),
    };
    Ok(Arc::new(config))
}

fn check_templates(path: &Path, config: &Config) -> Result<(), LoadError> {
    template::check_configuration(config).map_err(|faults| {
        let fault = |message| Fault {
            file: path.display().to_string(),
            line: None,
            path: String::new(),
            message,
        };
        LoadError::Faulty(Faults {
            faults: faults.into_iter().map(fault).collect(),
            omitted: 0,
        })
    })
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

/// Reloads are main's, so that they come one after the other whoever asks.
fn reload_over_http(calls: Sender<Call>) -> api::Reload {
    Box::new(move || {
        let (reply, answer) = bounded(1);
        let gone = |_| "the daemon is stopping or busy with other reloads".to_owned();
        calls
            .try_send(Call::Reload(Some(reply)))
            .map_err(|error| gone(error.to_string()))?;
        answer.recv().map_err(|error| gone(error.to_string()))?
    })
}
