//! `alertwheel` without a subcommand: runs the daemon until a signal stops it.
//!
//! Owns the conversion of flags into the daemon's options, and the messages at start and stop. Runs on main.

use std::io::{self, ErrorKind, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use rustix::fs::Mode;

use super::external_url::{external_url, route_prefix};
use super::flags::{Flags, LogFormat, LogLevel};
use crate::api::server::{self, Gate, GateError, Limits};
use crate::api::{Origins, Pages, SelfPeer};
use crate::clock::Clock;
use crate::config::{LoadOptions, Unsupported};
use crate::daemon::{self, ConfigSource, Daemon, LastGood, Options, StartError};
use crate::dispatch::SilenceLog;
use crate::engine::{ReloadPolicy, Settings};
use crate::journal::Storage;
use crate::model::ParserMode;
use crate::randomness;
use crate::telemetry::log::{self as logger, Format};
use crate::telemetry::metrics::{Labelling, Names};
use crate::version;

/// The feature flags that put names from outside into the labels of metrics.
const RECEIVER_NAMES: &str = "receiver-name-in-metrics";
const ALERT_NAMES: &str = "alert-names-in-metrics";
const GROUP_KEYS: &str = "group-key-in-metrics";

/// The configuration files that are tried, in this order, if no flag names one.
const USUAL_FILES: [&str; 2] = ["alertmanager.yml", "alertwheel.yml"];

/// Runs the daemon with these flags.
pub fn run(flags: Flags, unused: &[String]) -> ExitCode {
    let source = source(&flags);
    match start(flags, source, unused) {
        Ok(daemon) => {
            if *daemon.source() == ConfigSource::BuiltIn {
                introduce(daemon.addresses());
            }
            daemon.serve()
        }
        Err(code) => code,
    }
}

/// Starts the daemon; if that fails, logs the reason.
pub fn start(flags: Flags, source: ConfigSource, unused: &[String]) -> Result<Daemon, ExitCode> {
    let clock = Clock::start();
    if let Err(error) = logger::install(level(flags.log_level), format(flags.log_format), clock) {
        eprintln!("alertwheel: error: {error}");
        return Err(ExitCode::FAILURE);
    }
    // What the daemon writes is confidential: it is for this user alone, whatever umask it was started with.
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
    log::info!(version = version::VERSION; "Starting alertwheel");
    for flag in unused {
        log::warn!(flag = flag.as_str(); "Flag accepted for compatibility has no effect");
    }
    let started = options(flags, source, clock).and_then(|options| Daemon::start(options, clock));
    started.map_err(|error| {
        log::error!(err:% = error; "alertwheel exited with error");
        ExitCode::FAILURE
    })
}

/// The load options that the flags ask for; an error if a start would refuse one of the flags. Whether the
/// listen addresses can be bound is not checked.
pub fn check_flags(flags: &Flags) -> Result<LoadOptions, String> {
    refuse_unsafe(flags)?;
    let any_address = SocketAddr::from(([127, 0, 0, 1], 0));
    external_url(&flags.external_url, &hostname(), any_address)?;
    load_options(flags)
}

/// Refuses the flags that are not implemented and whose absence would leave the daemon open or out of reach.
fn refuse_unsafe(flags: &Flags) -> Result<(), String> {
    match flags.refused.given().next() {
        None => Ok(()),
        Some(flag) => Err(format!(
            "{flag} is not built yet, and ignoring it would be unsafe"
        )),
    }
}

/// The load options that the flags ask for.
fn load_options(flags: &Flags) -> Result<LoadOptions, String> {
    Ok(LoadOptions {
        mode: parser_mode(&flags.features)?,
        unsupported: if flags.skips_unsupported {
            Unsupported::Skip
        } else {
            Unsupported::Refuse
        },
        retention: Some(flags.retention),
    })
}

/// The syntax of label names and matchers that the feature flags choose.
pub fn parser_mode(features: &[String]) -> Result<ParserMode, String> {
    const OTHERS: [&str; 2] = ["auto-gomemlimit", "event-recorder"];
    let mut mode = ParserMode::Fallback;
    for feature in features
        .iter()
        .flat_map(|list| list.split(','))
        .filter(|name| !name.is_empty())
    {
        let asked = match feature {
            "classic-mode" => ParserMode::Classic,
            "utf8-strict-mode" => ParserMode::Utf8,
            RECEIVER_NAMES | ALERT_NAMES | GROUP_KEYS => continue,
            other if OTHERS.contains(&other) => {
                log::warn!(feature = other; "Feature of Alertmanager is not implemented and has no effect");
                continue;
            }
            other => return Err(format!("unknown option '{other}' for --enable-feature")),
        };
        if mode != ParserMode::Fallback && mode != asked {
            return Err("cannot have both classic and UTF-8 modes enabled".into());
        }
        mode = asked;
    }
    Ok(mode)
}

/// The names in labels of metrics that the feature flags ask for.
fn labelling(features: &[String]) -> Labelling {
    let asked = |feature: &str| {
        let mut names = features.iter().flat_map(|list| list.split(','));
        if names.any(|name| name == feature) {
            Names::InLabels
        } else {
            Names::LeftOut
        }
    };
    Labelling {
        receiver_names: asked(RECEIVER_NAMES),
        alert_names: asked(ALERT_NAMES),
        group_keys: asked(GROUP_KEYS),
    }
}

/// The source of the configuration: the file that the flags name, which must exist, else the first usual
/// file that exists, else the built-in configuration.
pub fn source(flags: &Flags) -> ConfigSource {
    if let Some(file) = &flags.config_file {
        return ConfigSource::File(file.clone());
    }
    let usual = USUAL_FILES.iter().find(|file| Path::new(file).exists());
    usual.map_or(ConfigSource::BuiltIn, |file| {
        ConfigSource::File(PathBuf::from(file))
    })
}

fn options(flags: Flags, source: ConfigSource, clock: Clock) -> Result<Options, StartError> {
    refuse_unsafe(&flags).map_err(StartError::Flag)?;
    let gate = gate(&flags, clock)?;
    let listeners = listeners(&flags, &source)?;
    let first = listeners[0].local_addr().map_err(StartError::Threads)?;
    let external_url =
        external_url(&flags.external_url, &hostname(), first).map_err(StartError::Flag)?;
    Ok(Options {
        load: load_options(&flags).map_err(StartError::Flag)?,
        origins: origins(&flags, &source, &external_url),
        route_prefix: route_prefix(&flags.route_prefix, &external_url),
        external_url,
        gate,
        limits: limits(&flags),
        engine: engine_settings(&flags),
        labelling: labelling(&flags.features),
        storage: storage(&flags, &source),
        last_good: last_good(&flags, &source).map_err(StartError::Flag)?,
        watches_config: flags.watches_config,
        request_timeout: handling_timeout(&flags),
        silence_log: if flags.silences.logged {
            SilenceLog::EachChange
        } else {
            SilenceLog::Quiet
        },
        cluster: self_peer(&flags),
        listeners,
        source,
    })
}

/// The origins whose pages may use the API. With a configuration file the default is every origin, as in
/// Alertmanager, because some web pages create silences from the browser. Without one, the daemon was
/// started for a trial, and only its own pages may.
fn origins(flags: &Flags, source: &ConfigSource, external_url: &str) -> Origins {
    let pages = flags.cors_origin.clone().unwrap_or(match source {
        ConfigSource::File(_) => Pages::Any,
        ConfigSource::BuiltIn | ConfigSource::Demo => Pages::Own,
    });
    let listening = flags.listen_addresses.iter().map(String::as_str);
    Origins::new(pages, external_url, listening)
}

/// TLS, passwords, rate limit and headers of the web configuration; `None` without one.
fn gate(flags: &Flags, clock: Clock) -> Result<Option<Gate>, StartError> {
    match flags.web_config_file.as_str() {
        "" => Ok(None),
        file => Gate::open(Path::new(file), clock)
            .map(Some)
            .map_err(|error| {
                if let GateError::Config(error) = &error {
                    daemon::log_each_fault(error);
                }
                StartError::Web(error)
            }),
    }
}

fn listeners(flags: &Flags, source: &ConfigSource) -> Result<Vec<TcpListener>, StartError> {
    if !flags.systemd_socket {
        return bind(flags, source);
    }
    log::info!("Listening on systemd activated listeners instead of port listeners.");
    server::inherited().map_err(|error| StartError::Listen {
        address: "systemd".into(),
        error,
    })
}

/// Binds the listen addresses. Without a configuration file the default is loopback, so that a trial exposes
/// nothing to the network.
fn bind(flags: &Flags, source: &ConfigSource) -> Result<Vec<TcpListener>, StartError> {
    let addresses = listen_addresses(flags, source);
    let may_move = *source == ConfigSource::Demo && flags.listen_addresses.is_empty();
    let bound = addresses.into_iter().map(|address| {
        let bound = match server::bind(&address) {
            Err(error) if may_move && error.kind() == ErrorKind::AddrInUse => {
                bind_elsewhere(&address)
            }
            bound => bound,
        };
        bound.map_err(|error| StartError::Listen {
            error: with_advice(error),
            address,
        })
    });
    bound.collect()
}

/// The addresses that the flags ask for, or the default one.
pub fn listen_addresses(flags: &Flags, source: &ConfigSource) -> Vec<String> {
    let default = match source {
        ConfigSource::File(_) => ":9093",
        ConfigSource::BuiltIn | ConfigSource::Demo => "127.0.0.1:9093",
    };
    match flags.listen_addresses.as_slice() {
        [] => vec![default.to_owned()],
        given => given.to_vec(),
    }
}

/// Binds any free port of loopback. Only the demo does so, if the default port is taken.
fn bind_elsewhere(taken: &str) -> io::Result<TcpListener> {
    let listener = server::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    // A closed standard output is ignored.
    let _ = writeln!(
        io::stdout(),
        "{taken} is in use; this listens on {address} instead."
    );
    Ok(listener)
}

/// Adds the example of a valid address to the error about an invalid one.
fn with_advice(error: io::Error) -> io::Error {
    match error.kind() {
        ErrorKind::InvalidInput => io::Error::new(
            ErrorKind::InvalidInput,
            format!(
                "{error}; write HOST:PORT such as 127.0.0.1:9093, or :9093 for all addresses of this host"
            ),
        ),
        _ => error,
    }
}

/// The maximum time of handling a request; `None` if the flag is 0, which means no limit.
fn handling_timeout(flags: &Flags) -> Option<Duration> {
    Some(flags.web_timeout).filter(|limit| !limit.is_zero())
}

fn limits(flags: &Flags) -> Limits {
    let defaults = Limits::default();
    Limits {
        connections: flags.server.connections,
        head_bytes: flags.server.head_bytes,
        body_bytes: flags.server.body_bytes,
        buffered_bytes: flags.server.buffered_bytes,
        head_timeout: flags.server.head_timeout,
        body_timeout: flags.server.body_timeout,
        handling_timeout: handling_timeout(flags),
        write_timeout: flags.server.write_timeout,
        idle_timeout: flags.server.idle_timeout,
        concurrent_reads: match flags.get_concurrency {
            0 => defaults.concurrent_reads,
            given => given,
        },
        ..defaults
    }
}

/// The storage; `None` for the demo, and if the path is empty: then nothing is kept on disk.
fn storage(flags: &Flags, source: &ConfigSource) -> Option<Storage> {
    if flags.storage_path.as_os_str().is_empty() {
        log::warn!(
            "--storage.path is empty: nothing is kept on disk, and a restart forgets alerts, silences and what was sent"
        );
        return None;
    }
    let storage = Storage {
        path: flags.storage_path.clone(),
        sync: flags.storage_sync,
    };
    (*source != ConfigSource::Demo).then_some(storage)
}

/// Where the last good configuration is kept, if a start may fall back to it. The built-in ones are never
/// wrong.
fn last_good(flags: &Flags, source: &ConfigSource) -> Result<Option<LastGood>, String> {
    let falls_back = flags.falls_back && matches!(source, ConfigSource::File(_));
    match (falls_back, flags.storage_path.as_path()) {
        (false, _) => Ok(None),
        (true, path) if path.as_os_str().is_empty() => {
            Err("--config.last-good needs a --storage.path to keep the configuration in".to_owned())
        }
        (true, path) => Ok(Some(LastGood::in_folder(path))),
    }
}

fn or_no_limit(limit: usize) -> usize {
    match limit {
        0 => usize::MAX,
        limit => limit,
    }
}

fn engine_settings(flags: &Flags) -> Settings {
    let reload = if flags.reload_forgets_timers {
        ReloadPolicy::RebuildAll
    } else {
        ReloadPolicy::KeepUnchanged
    };
    Settings {
        workers: flags.sending.workers,
        workers_per_endpoint: flags.sending.workers_per_endpoint,
        max_retry_after: flags.sending.max_retry_after,
        alerts: or_no_limit(flags.alerts),
        alert_text_bytes: or_no_limit(flags.alert_text_bytes),
        alerts_per_name: flags.alerts_per_name,
        start_delay: flags.start_delay,
        retention: flags.retention,
        silences: flags.silences.count,
        silence_bytes: flags.silences.bytes,
        alert_collect_interval: flags.alert_collect_interval,
        notification_log_collect_interval: flags.maintenance_interval,
        reload,
        // The process id is no seed: it is the same in many containers and after each restart there.
        seed: randomness::draw(),
        hash_key: randomness::hash_key(),
    }
}

fn self_peer(flags: &Flags) -> Option<SelfPeer> {
    if flags.cluster_listen_address.is_empty() {
        return None;
    }
    let name = match flags.cluster_peer_name.as_str() {
        "" => hostname(),
        given => given.to_owned(),
    };
    Some(SelfPeer {
        name,
        address: flags.cluster_listen_address.clone(),
    })
}

fn hostname() -> String {
    let name = rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned();
    if name.is_empty() {
        "localhost".into()
    } else {
        name
    }
}

fn level(level: LogLevel) -> log::Level {
    match level {
        LogLevel::Debug => log::Level::Debug,
        LogLevel::Info => log::Level::Info,
        LogLevel::Warn => log::Level::Warn,
        LogLevel::Error => log::Level::Error,
    }
}

fn format(format: LogFormat) -> Format {
    match format {
        LogFormat::Logfmt => Format::Logfmt,
        LogFormat::Json => Format::Json,
    }
}

/// Prints two lines of help for a user who started the daemon without a configuration.
fn introduce(addresses: &[SocketAddr]) {
    let Some(address) = addresses.first() else {
        return;
    };
    // A closed standard output is ignored.
    let _ = writeln!(
        io::stdout(),
        "No configuration file: alerts posted to http://{address} are grouped by alertname and printed here.\n\
         Try `amtool --alertmanager.url=http://{address} alert add Hello host=me`, or stop this and run `alertwheel demo`."
    );
}
