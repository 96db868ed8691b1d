//! The command line: Alertmanager's flags, spelled as there (§12.1), and alertwheel's own.
//!
//! Owns the flags' names, defaults and help. The code that uses a value checks its meaning. Runs on
//! main.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{OsStringValueParser, TypedValueParser as _};
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Args, CommandFactory, Id, Parser, Subcommand, ValueEnum};

use super::client::commands::ClientCommand;
use super::listen::ListenArguments;
use super::source::TryArguments;
use crate::api::Pages;
use crate::journal::SyncPolicy;
use crate::limits;
use crate::model::parse_flag_duration;
use crate::version;

/// The text below the flags in `--help`: what belongs to no single flag.
const AFTER_HELP: &str = "\
A SPAN is one or more numbers with a unit: 500ms, 30s, 1h30m, 5d.
SIGHUP or a POST to /-/reload reloads the configuration. SIGTERM stops the daemon.
Alertmanager's other --cluster.* flags are accepted and have no effect: there is no clustering.
--cluster.tls-config is refused.";

/// The parsed command line.
#[derive(Debug, Parser)]
#[command(
    name = "alertwheel",
    about = "Receives alerts, groups them, and sends webhooks. Understands Alertmanager's configuration, flags and API.",
    version = version::SHOWN,
    after_help = AFTER_HELP,
    args_override_self = true,
    args_conflicts_with_subcommands = false
)]
pub struct CommandLine {
    /// The subcommand; `None` starts the daemon.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Ask the daemon on this host whether it is healthy, and exit with 0 or 1, for the health checks of
    /// containers. It is asked at --web.listen-address, under --web.route-prefix.
    #[arg(long = "health")]
    pub asks_for_health: bool,
    /// The flags of the daemon.
    #[command(flatten)]
    pub flags: Flags,
}

/// The subcommands.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Runs with a built-in configuration and posts sample alerts, to show the life of a group.
    Demo,
    /// Listens on loopback and prints the webhooks it receives, for experiments.
    ///
    /// Notifications in Alertmanager's format are printed readably, other JSON is indented, and everything
    /// else is printed as text. --status and --delay simulate a failing or slow receiver.
    Listen(ListenArguments),
    /// Checks configuration files and reports all errors in them.
    ///
    /// A file passes this check exactly if the daemon starts on it with the same flags. The daemon's flags
    /// may precede the command: `alertwheel --config.file=FILE ... check-config` checks what
    /// `alertwheel --config.file=FILE ...` would load. Flags that change what is accepted may also follow
    /// the command. The file of --web.config.file is checked as well.
    CheckConfig {
        /// The files; - is standard input [default: the file that the daemon would load].
        #[arg(value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Treat warnings as errors.
        #[arg(long)]
        strict: bool,
    },
    /// Says what of an Alertmanager's configuration works, and writes the file with what has to change.
    ///
    /// The file itself stays as it is. Integrations that are not built become comments, texts that look like
    /// variables are kept from being replaced, and what somebody has to change by hand is reported; the exit
    /// code is then 1.
    Migrate {
        /// Alertmanager's configuration file.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Where to write the changed file, which must not exist yet [default: standard output].
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Prints the unexpired silences of a state directory, for `amtool silence import`.
    Export {
        /// State directory; may be in use [default: the value of --storage.path].
        #[arg(value_name = "DIR")]
        directory: Option<PathBuf>,
    },
    /// Tries a source of webhooks, or prints a preset.
    #[command(subcommand)]
    Source(SourceCommand),
    /// Speaks to a daemon.
    #[command(flatten)]
    Client(Box<ClientCommand>),
    /// Inspects the journal that holds the daemon's state.
    #[command(subcommand)]
    Journal(JournalCommand),
}

/// The grammar of the command line. The daemon's flags that may follow every command are hidden in the help
/// of those that speak to a daemon, where they have no effect.
pub fn command_line() -> clap::Command {
    let line = CommandLine::command();
    let global = line.get_arguments().filter(|arg| arg.is_global_set());
    let hidden: Vec<Arg> = global.map(|arg| arg.clone().hide(true)).collect();
    ClientCommand::NAMES.iter().fold(line, |line, name| {
        line.mut_subcommand(name, |command| {
            let own: Vec<Id> = command
                .get_arguments()
                .map(|arg| arg.get_id().clone())
                .collect();
            let hidden = hidden.iter().filter(|arg| !own.contains(arg.get_id()));
            command.args(hidden.cloned().collect::<Vec<Arg>>())
        })
    })
}

/// The subcommands of `journal`.
#[derive(Clone, Debug, Subcommand)]
pub enum JournalCommand {
    /// Prints the journal's contents by kind, count, bytes and age, and whether it is damaged.
    Inspect {
        /// State directory, or the journal directory in it; may be in use.
        #[arg(value_name = "DIR")]
        directory: PathBuf,
    },
}

/// The subcommands of `source`.
#[derive(Clone, Debug, Subcommand)]
pub enum SourceCommand {
    /// Reads a body from standard input, and prints the alerts that a source makes of it, with their receivers
    /// and groups. Needs no daemon and changes nothing.
    Try(TryArguments),
    /// Prints a preset, to copy and change it.
    Preset {
        /// The name of the preset [default: the names of all].
        #[arg(value_name = "NAME")]
        name: Option<String>,
    },
}

/// The flags of the daemon.
#[derive(Clone, Debug, Args)]
#[command(rename_all = "verbatim")]
pub struct Flags {
    /// Configuration file, or a folder whose *.yml and *.yaml files are one configuration [default: alertmanager.yml or alertwheel.yml in the working directory, else
    /// a built-in configuration that prints alerts to the terminal].
    #[arg(long = "config.file", global = true, value_name = "FILE")]
    pub config_file: Option<PathBuf>,
    /// Start even if the configuration has integrations other than webhooks; they send nothing.
    #[arg(long = "config.skip-unsupported", global = true)]
    pub skips_unsupported: bool,
    /// Reload the configuration when its files or template files change.
    #[arg(long = "config.watch")]
    pub watches_config: bool,
    /// Start with the last good configuration, which is kept in --storage.path, if the configuration is wrong.
    #[arg(long = "config.last-good")]
    pub falls_back: bool,
    /// Directory for state that survives a restart; created if missing. Empty keeps nothing on disk.
    #[arg(long = "storage.path", value_name = "DIR", default_value = "data/", value_parser = OsStringValueParser::new().map(PathBuf::from))]
    pub storage_path: PathBuf,
    /// When data is synced to disk: always (before a request is answered), within a SPAN after it
    /// was written, or never.
    #[arg(long = "storage.sync", value_name = "WHEN", default_value = "1s", value_parser = sync_policy)]
    pub storage_sync: SyncPolicy,
    /// How long to keep entries of the notification log.
    #[arg(long = "data.retention", global = true, value_name = "SPAN", default_value = "120h", value_parser = positive_span)]
    pub retention: Duration,
    /// How often to remove data older than --data.retention.
    #[arg(long = "data.maintenance-interval", value_name = "SPAN", default_value = "15m", value_parser = positive_span)]
    pub maintenance_interval: Duration,
    /// How often to remove resolved alerts.
    #[arg(long = "alerts.gc-interval", value_name = "SPAN", default_value = "30m", value_parser = positive_span)]
    pub alert_collect_interval: Duration,
    /// Maximum number of alerts kept, including resolved ones; beyond it, posts get 503. 0 is no limit.
    #[arg(long = "alerts.max", value_name = "N", default_value_t = limits::ALERTS)]
    pub alerts: usize,
    /// Maximum total size of the text of all alerts kept, in bytes; beyond it, posts get 503. 0 is no limit.
    #[arg(long = "alerts.max-bytes", value_name = "N", default_value_t = limits::ALERT_TEXT_BYTES)]
    pub alert_text_bytes: usize,
    /// Maximum number of firing alerts with the same alertname; more are dropped. 0 is no limit.
    #[arg(
        long = "alerts.per-alertname-limit",
        value_name = "N",
        default_value_t = 0
    )]
    pub alerts_per_name: usize,
    /// Delay after the start before anything is sent.
    #[arg(long = "dispatch.start-delay", value_name = "SPAN", default_value = "0s", value_parser = parse_flag_duration)]
    pub start_delay: Duration,
    /// Maximum time from a request to the start of its response; beyond it, the request gets 503. 0 is
    /// no limit.
    #[arg(long = "web.timeout", value_name = "SPAN", default_value = "0s", value_parser = parse_flag_duration)]
    pub web_timeout: Duration,
    /// Address to listen on; may be repeated [default: :9093, or 127.0.0.1:9093 without a
    /// configuration file].
    #[arg(long = "web.listen-address", global = true, value_name = "ADDRESS")]
    pub listen_addresses: Vec<String>,
    /// Listen on the sockets passed by systemd instead of on addresses.
    #[arg(long = "web.systemd-socket", overrides_with = "no_systemd_socket")]
    pub systemd_socket: bool,
    #[arg(long = "no-web.systemd-socket", hide = true)]
    no_systemd_socket: bool,
    /// File with TLS, passwords, rate limit and headers of the HTTP server [default: none].
    #[arg(
        long = "web.config.file",
        global = true,
        value_name = "FILE",
        default_value = "",
        hide_default_value = true
    )]
    pub web_config_file: String,
    /// URL under which this daemon is reachable from outside; part of every notification [default:
    /// http://HOSTNAME:PORT].
    #[arg(
        long = "web.external-url",
        value_name = "URL",
        default_value = "",
        hide_default_value = true
    )]
    pub external_url: String,
    /// Prefix of all paths [default: the path of the external URL].
    #[arg(
        long = "web.route-prefix",
        value_name = "PATH",
        default_value = "",
        hide_default_value = true
    )]
    pub route_prefix: String,
    /// Origins whose web pages may use the API: a regex that matches the whole origin, such as
    /// 'https?://(karma|grafana)\.example\.com'. Unless it is '.*', requests are refused if their host
    /// name is neither an IP address, nor localhost, nor in --web.external-url or --web.listen-address
    /// [default: .*, or only the daemon's own pages without a configuration file].
    #[arg(long = "web.cors.origin", value_name = "REGEX", value_parser = Pages::parse)]
    pub cors_origin: Option<Pages>,
    /// Maximum number of concurrent GET requests; 0 is the number of CPU cores, but at least 8.
    #[arg(long = "web.get-concurrency", value_name = "N", default_value_t = 0)]
    pub get_concurrency: usize,
    /// How matchers and label names are parsed: classic-mode or utf8-strict-mode; without either, as
    /// UTF-8 with a fallback to classic.
    #[arg(long = "enable-feature", global = true, value_name = "NAMES")]
    pub features: Vec<String>,
    /// Minimum level of log lines to write.
    #[arg(long = "log.level", value_name = "LEVEL", value_enum, default_value_t = LogLevel::Info)]
    pub log_level: LogLevel,
    /// Format of log lines.
    #[arg(long = "log.format", value_name = "FORMAT", value_enum, default_value_t = LogFormat::Logfmt)]
    pub log_format: LogFormat,
    /// At a reload, create all groups again and restart their timers, as Alertmanager does.
    #[arg(long = "no-reload.keep-timers", overrides_with = "reload_keep_timers")]
    pub reload_forgets_timers: bool,
    /// At a reload, keep groups whose configuration did not change, with their timers (the default).
    #[arg(id = "reload_keep_timers", long = "reload.keep-timers")]
    pub reload_keeps_timers: bool,
    /// Address of the only cluster peer in the status API; nothing listens there. If empty, clustering
    /// is reported as disabled.
    #[arg(
        long = "cluster.listen-address",
        value_name = "ADDRESS",
        default_value = "0.0.0.0:9094"
    )]
    pub cluster_listen_address: String,
    /// Name of the only cluster peer in the status API [default: HOSTNAME].
    #[arg(
        long = "cluster.peer-name",
        value_name = "NAME",
        default_value = "",
        hide_default_value = true
    )]
    pub cluster_peer_name: String,
    // A heading applies to every flag after it, so the groups with headings come last.
    /// The flags of silences.
    #[command(flatten)]
    pub silences: SilenceFlags,
    /// The limits of the HTTP server.
    #[command(flatten)]
    pub server: ServerFlags,
    /// The limits of deliveries.
    #[command(flatten)]
    pub sending: SendingFlags,
    /// Alertmanager's flags that are refused, because ignoring them would be unsafe.
    #[command(flatten)]
    pub refused: RefusedFlags,
    /// Alertmanager's flags that are accepted and have no effect.
    #[command(flatten)]
    unused: UnusedFlags,
}

/// The limits of the HTTP server.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "HTTP server limits")]
pub struct ServerFlags {
    /// Maximum number of open connections; beyond it, the longest idle one is closed.
    #[arg(long = "web.max-connections", value_name = "N", default_value_t = limits::CONNECTIONS)]
    pub connections: usize,
    /// Maximum size of a request line with its headers, in bytes; beyond it, 431.
    #[arg(long = "web.max-header-bytes", value_name = "N", default_value_t = limits::HEAD_BYTES)]
    pub head_bytes: usize,
    /// Maximum size of a request body, in bytes after gzip decompression; beyond it, 413.
    #[arg(long = "web.max-body-bytes", value_name = "N", default_value_t = limits::BODY_BYTES, value_parser = body_bytes)]
    pub body_bytes: usize,
    /// Maximum total size of large request bodies in memory, over all connections, in bytes; beyond it, 503.
    #[arg(long = "web.max-buffered-bytes", value_name = "N", default_value_t = limits::BUFFERED_BYTES)]
    pub buffered_bytes: usize,
    /// Maximum time to receive a request line with its headers; beyond it, 408.
    #[arg(long = "web.header-timeout", value_name = "SPAN", default_value = "10s", value_parser = positive_span)]
    pub head_timeout: Duration,
    /// Maximum time to receive a request body; beyond it, 408.
    #[arg(long = "web.body-timeout", value_name = "SPAN", default_value = "30s", value_parser = positive_span)]
    pub body_timeout: Duration,
    /// Maximum time for a client to read a response; large responses get more.
    #[arg(long = "web.write-timeout", value_name = "SPAN", default_value = "30s", value_parser = positive_span)]
    pub write_timeout: Duration,
    /// Time after which an idle connection is closed.
    #[arg(long = "web.idle-timeout", value_name = "SPAN", default_value = "310s", value_parser = positive_span)]
    pub idle_timeout: Duration,
}

/// The limits of silences, and their log.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Silences")]
pub struct SilenceFlags {
    /// Maximum number of silences, including expired ones; 0 is no limit.
    #[arg(long = "silences.max-silences", value_name = "N", default_value_t = 0)]
    pub count: usize,
    /// Maximum size of a silence, in bytes; 0 is no limit.
    #[arg(
        long = "silences.max-silence-size-bytes",
        value_name = "N",
        default_value_t = 0
    )]
    pub bytes: usize,
    /// Log each silence that is created, updated or expired.
    #[arg(long = "log.silences", overrides_with = "no_log_silences")]
    pub logged: bool,
    #[arg(long = "no-log.silences", hide = true)]
    no_log_silences: bool,
}

/// The limits of deliveries.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Delivery limits")]
pub struct SendingFlags {
    /// Maximum number of concurrent webhook requests; each has a thread that lives as long as it is needed.
    /// In addition, each endpoint may always have one.
    #[arg(long = "webhook.workers", value_name = "N", default_value_t = limits::WORKERS, value_parser = at_least_one)]
    pub workers: usize,
    /// Maximum number of concurrent requests to one endpoint (scheme, host and port); the actual number
    /// adapts to what the endpoint sustains.
    #[arg(long = "webhook.workers-per-endpoint", value_name = "N", default_value_t = limits::WORKERS_PER_ENDPOINT, value_parser = at_least_one)]
    pub workers_per_endpoint: usize,
    /// Maximum pause of an endpoint after a Retry-After; a longer one is shortened to it.
    #[arg(long = "webhook.max-retry-after", value_name = "SPAN", default_value = "5m", value_parser = positive_span)]
    pub max_retry_after: Duration,
}

/// The levels of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogLevel {
    /// Everything.
    Debug,
    /// Normal events of interest to an operator.
    Info,
    /// Events that may need attention.
    Warn,
    /// Events that need attention.
    Error,
}

/// The formats of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// `key=value`
    Logfmt,
    /// One JSON object per line.
    Json,
}

/// Alertmanager's flags whose absence would leave the daemon open or out of reach. They are refused
/// until they are implemented.
#[derive(Clone, Debug, Args)]
pub struct RefusedFlags {
    /// TLS between peers: not implemented, and refused.
    #[arg(
        long = "cluster.tls-config",
        value_name = "FILE",
        default_value = "",
        hide = true
    )]
    pub cluster_tls_config: String,
}

impl RefusedFlags {
    /// The names of the refused flags on this command line.
    pub fn given(&self) -> impl Iterator<Item = &'static str> {
        let flags = [("--cluster.tls-config", !self.cluster_tls_config.is_empty())];
        flags
            .into_iter()
            .filter(|(_, is_given)| *is_given)
            .map(|(name, _)| name)
    }
}

/// Alertmanager's flags that are accepted and have no effect, so that unit files need not change. A
/// warning in the log names each that is given.
#[derive(Clone, Debug, Args)]
#[command(
    next_help_heading = "Accepted for compatibility, no effect (a warning names each one given)"
)]
struct UnusedFlags {
    /// Groups are removed as soon as they are empty.
    #[arg(long = "dispatch.maintenance-interval", value_name = "SPAN", value_parser = positive_span)]
    dispatch_maintenance: Option<Duration>,
    /// There is no Go runtime to tune.
    #[arg(long = "auto-gomemlimit.ratio", value_name = "SHARE")]
    gomemlimit_ratio: Option<f64>,
    /// There is no web UI. Debian's Alertmanager has this flag.
    #[arg(long = "web.ui-path", value_name = "DIR")]
    ui_path: Option<PathBuf>,
    /// There is no clustering.
    #[command(flatten)]
    cluster: ClusterFlags,
}

/// Alertmanager's flags for clustering.
#[derive(Clone, Debug, Args)]
#[command(
    next_help_heading = "Accepted for compatibility, no effect (a warning names each one given)"
)]
struct ClusterFlags {
    #[arg(long = "cluster.advertise-address", hide = true)]
    advertise_address: Option<String>,
    #[arg(long = "cluster.peer", hide = true)]
    peer: Vec<String>,
    #[arg(long = "cluster.label", hide = true)]
    label: Option<String>,
    #[arg(long = "cluster.peer-timeout", hide = true, value_parser = parse_flag_duration)]
    peer_timeout: Option<Duration>,
    #[arg(long = "cluster.peers-resolve-timeout", hide = true, value_parser = parse_flag_duration)]
    peers_resolve_timeout: Option<Duration>,
    #[arg(long = "cluster.gossip-interval", hide = true, value_parser = parse_flag_duration)]
    gossip_interval: Option<Duration>,
    #[arg(long = "cluster.pushpull-interval", hide = true, value_parser = parse_flag_duration)]
    pushpull_interval: Option<Duration>,
    #[arg(long = "cluster.tcp-timeout", hide = true, value_parser = parse_flag_duration)]
    tcp_timeout: Option<Duration>,
    #[arg(long = "cluster.probe-timeout", hide = true, value_parser = parse_flag_duration)]
    probe_timeout: Option<Duration>,
    #[arg(long = "cluster.probe-interval", hide = true, value_parser = parse_flag_duration)]
    probe_interval: Option<Duration>,
    #[arg(long = "cluster.settle-timeout", hide = true, value_parser = parse_flag_duration)]
    settle_timeout: Option<Duration>,
    #[arg(long = "cluster.reconnect-interval", hide = true, value_parser = parse_flag_duration)]
    reconnect_interval: Option<Duration>,
    #[arg(long = "cluster.reconnect-timeout", hide = true, value_parser = parse_flag_duration)]
    reconnect_timeout: Option<Duration>,
    #[arg(
        long = "cluster.allow-insecure-public-advertise-address-discovery",
        hide = true
    )]
    allow_insecure: bool,
    #[arg(
        long = "no-cluster.allow-insecure-public-advertise-address-discovery",
        hide = true
    )]
    no_allow_insecure: bool,
}

/// The names of the flags on this command line that have no effect.
pub fn unused_flags(given: &ArgMatches) -> Vec<String> {
    let unused = UnusedFlags::augment_args(clap::Command::new("unused"));
    let is_given = |argument: &&clap::Arg| {
        given.value_source(argument.get_id().as_str()) == Some(ValueSource::CommandLine)
    };
    let given = unused.get_arguments().filter(is_given);
    given
        .filter_map(|argument| Some(format!("--{}", argument.get_long()?)))
        .collect()
}

fn body_bytes(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(bytes) if bytes > limits::BODY_BYTES_MOST => {
            Err(format!("must be at most {}", limits::BODY_BYTES_MOST))
        }
        Ok(bytes) => Ok(bytes),
        Err(error) => Err(format!("{error}")),
    }
}

fn positive_span(text: &str) -> Result<Duration, String> {
    match parse_flag_duration(text) {
        Ok(span) if span.is_zero() => Err("must be greater than 0".into()),
        Ok(span) => Ok(span),
        Err(error) => Err(error.to_string()),
    }
}

fn sync_policy(text: &str) -> Result<SyncPolicy, String> {
    match text {
        "always" => Ok(SyncPolicy::Always),
        "never" => Ok(SyncPolicy::Never),
        span => match parse_flag_duration(span) {
            Ok(span) if span.is_zero() => {
                Err("an interval is longer than 0; did you mean always?".into())
            }
            Ok(span) => Ok(SyncPolicy::Within(span)),
            Err(_) => Err("neither always, nor never, nor a span such as 1s".into()),
        },
    }
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("must be at least 1".into()),
        Ok(number) => Ok(number),
        Err(_) => Err("not a whole number".into()),
    }
}
