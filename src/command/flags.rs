//! The command line: Alertmanager's flags as it spells them (§12.1), and ours.
//!
//! Owns their names, defaults and help. What a value means is checked where it is used. Runs on
//! main.

use std::path::PathBuf;
use std::time::Duration;

use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Parser, Subcommand, ValueEnum};

use super::listen::ListenArguments;
use crate::api::Pages;
use crate::journal::SyncPolicy;
use crate::limits;
use crate::model::parse_flag_duration;
use crate::version;

/// What no single flag can say.
const AFTER_HELP: &str = "\
A SPAN is a number with a unit, or several: 500ms, 30s, 1h30m, 5d.
SIGHUP, or a POST to /-/reload, loads the configuration again. SIGTERM stops.
The other --cluster.* flags of Alertmanager change nothing either: this daemon runs alone.
--cluster.tls-config is refused.";

/// Everything a user may say on the command line.
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
    /// What to do instead of serving.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// How to serve.
    #[command(flatten)]
    pub flags: Flags,
}

/// What the binary does beside serving.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Serves on a built-in configuration and posts sample alerts, to show the life of a group.
    Demo,
    /// Listens on loopback and shows the webhooks that come, for trying things out.
    ///
    /// Notifications of Alertmanager's form are laid out for a person, other JSON is indented, and the rest
    /// is text. --status and --delay play a receiver that fails or is slow.
    Listen(ListenArguments),
    /// Checks configuration files and says everything that is wrong with them.
    ///
    /// What it takes, a start with the same flags takes, and what it refuses, a start refuses too. The
    /// flags of serving may stand before the command: `alertwheel --config.file=FILE ... check-config`
    /// checks what `alertwheel --config.file=FILE ...` would start on. Those that change what is accepted
    /// may stand behind it, too. A web configuration that is named is checked as well.
    CheckConfig {
        /// The files; - is standard input [default: that of --config.file, or the one that a start finds].
        #[arg(value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Fail where there are warnings too.
        #[arg(long)]
        strict: bool,
    },
    /// Prints the silences of a state directory that are not over, for `amtool silence import`.
    Export {
        /// The directory, which may be in use [default: that of --storage.path].
        #[arg(value_name = "DIR")]
        directory: Option<PathBuf>,
    },
    /// Looks at the journal in which the state is kept.
    #[command(subcommand)]
    Journal(JournalCommand),
}

/// What there is to do with a journal.
#[derive(Clone, Debug, Subcommand)]
pub enum JournalCommand {
    /// Prints what is in it by kind, count, bytes and age, and whether it is sound.
    Inspect {
        /// A state directory or the journal's folder in it; it may be in use.
        #[arg(value_name = "DIR")]
        directory: PathBuf,
    },
}

/// All flags for serving.
#[derive(Clone, Debug, Args)]
#[command(rename_all = "verbatim")]
pub struct Flags {
    /// Configuration file [default: alertmanager.yml or alertwheel.yml in the working directory, else
    /// one that prints alerts to the terminal].
    #[arg(long = "config.file", global = true, value_name = "FILE")]
    pub config_file: Option<PathBuf>,
    /// Start although the configuration names integrations other than webhooks, which then tell nobody.
    #[arg(long = "config.skip-unsupported", global = true)]
    pub skips_unsupported: bool,
    /// Directory for what must survive a restart; made if it is not there.
    #[arg(long = "storage.path", value_name = "DIR", default_value = "data/")]
    pub storage_path: PathBuf,
    /// When data is forced to disk: always (before a request is answered), within a SPAN after it
    /// was written, or never.
    #[arg(long = "storage.sync", value_name = "WHEN", default_value = "1s", value_parser = sync_policy)]
    pub storage_sync: SyncPolicy,
    /// How long to remember what each receiver was told.
    #[arg(long = "data.retention", global = true, value_name = "SPAN", default_value = "120h", value_parser = positive_span)]
    pub retention: Duration,
    /// How often to drop what is older than --data.retention.
    #[arg(long = "data.maintenance-interval", value_name = "SPAN", default_value = "15m", value_parser = positive_span)]
    pub maintenance_interval: Duration,
    /// How often to drop resolved alerts.
    #[arg(long = "alerts.gc-interval", value_name = "SPAN", default_value = "30m", value_parser = positive_span)]
    pub alert_collect_interval: Duration,
    /// Most alerts to keep, resolved ones included; further posts are answered 503. 0 is no limit.
    #[arg(long = "alerts.max", value_name = "N", default_value_t = limits::ALERTS)]
    pub alerts: usize,
    /// Most bytes of text that the alerts kept may have together; further posts are answered 503. 0 is no limit.
    #[arg(long = "alerts.max-bytes", value_name = "N", default_value_t = limits::ALERT_TEXT_BYTES)]
    pub alert_text_bytes: usize,
    /// Alerts of one name kept firing at most; more are left out. 0 is no limit.
    #[arg(
        long = "alerts.per-alertname-limit",
        value_name = "N",
        default_value_t = 0
    )]
    pub alerts_per_name: usize,
    /// How long after the start nothing is sent yet.
    #[arg(long = "dispatch.start-delay", value_name = "SPAN", default_value = "0s", value_parser = parse_flag_duration)]
    pub start_delay: Duration,
    /// How long the handling of a request may take until its answer begins; past that, 503. 0 is as
    /// long as it takes.
    #[arg(long = "web.timeout", value_name = "SPAN", default_value = "0s", value_parser = parse_flag_duration)]
    pub web_timeout: Duration,
    /// Address to listen on; may be repeated [default: :9093, or 127.0.0.1:9093 without a
    /// configuration file].
    #[arg(long = "web.listen-address", global = true, value_name = "ADDRESS")]
    pub listen_addresses: Vec<String>,
    /// Listen on the sockets that systemd passes, instead of addresses.
    #[arg(long = "web.systemd-socket", overrides_with = "no_systemd_socket")]
    pub systemd_socket: bool,
    #[arg(long = "no-web.systemd-socket", hide = true)]
    no_systemd_socket: bool,
    /// A file with TLS, passwords, a rate limit and headers for the front door [default: none].
    #[arg(
        long = "web.config.file",
        global = true,
        value_name = "FILE",
        default_value = "",
        hide_default_value = true
    )]
    pub web_config_file: String,
    /// URL under which others reach this daemon; stands in every notification [default:
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
    /// Which origins' pages may read the API and post to it: a regex that fits the whole origin, such as
    /// 'https?://(karma|grafana)\.example\.com'. Unless it is '.*', what comes under a name that is
    /// neither an address, nor localhost, nor in --web.external-url or --web.listen-address is refused
    /// [default: .*, or the daemon's own pages alone without a configuration file].
    #[arg(long = "web.cors.origin", value_name = "REGEX", value_parser = Pages::parse)]
    pub cors_origin: Option<Pages>,
    /// GET requests to serve at once; 0 is as many as there are cores, but at least 8.
    #[arg(long = "web.get-concurrency", value_name = "N", default_value_t = 0)]
    pub get_concurrency: usize,
    /// How matchers and label names are read: classic-mode or utf8-strict-mode; without either,
    /// UTF-8 with the classic way as a fallback.
    #[arg(long = "enable-feature", global = true, value_name = "NAMES")]
    pub features: Vec<String>,
    /// Log lines to write: these and more important ones.
    #[arg(long = "log.level", value_name = "LEVEL", value_enum, default_value_t = LogLevel::Info)]
    pub log_level: LogLevel,
    /// The form of log lines.
    #[arg(long = "log.format", value_name = "FORMAT", value_enum, default_value_t = LogFormat::Logfmt)]
    pub log_format: LogFormat,
    /// At a reload, form all groups anew and start their waits again, as Alertmanager does.
    #[arg(long = "no-reload.keep-timers", overrides_with = "reload_keep_timers")]
    pub reload_forgets_timers: bool,
    /// At a reload, leave alone the groups it does not concern (the default).
    #[arg(id = "reload_keep_timers", long = "reload.keep-timers")]
    pub reload_keeps_timers: bool,
    /// What the status API reports as the address of this only peer; nothing listens there. Empty
    /// reports clustering as disabled.
    #[arg(
        long = "cluster.listen-address",
        value_name = "ADDRESS",
        default_value = "0.0.0.0:9094"
    )]
    pub cluster_listen_address: String,
    /// What the status API reports as the name of this only peer [default: HOSTNAME].
    #[arg(
        long = "cluster.peer-name",
        value_name = "NAME",
        default_value = "",
        hide_default_value = true
    )]
    pub cluster_peer_name: String,
    // Headings hold for all that follows, so the groups with a heading stand last.
    /// Silences.
    #[command(flatten)]
    pub silences: SilenceFlags,
    /// The limits of the front door.
    #[command(flatten)]
    pub door: ServerFlags,
    /// The limits of sending.
    #[command(flatten)]
    pub sending: SendingFlags,
    /// Flags that Alertmanager has and that must not be ignored.
    #[command(flatten)]
    pub refused: RefusedFlags,
    /// Flags that Alertmanager has and that mean nothing here.
    #[command(flatten)]
    unused: UnusedFlags,
}

/// What the front door allows.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Limits of the front door")]
pub struct ServerFlags {
    /// Connections open at once; past that, the one that has been idle longest is closed.
    #[arg(long = "web.max-connections", value_name = "N", default_value_t = limits::CONNECTIONS)]
    pub connections: usize,
    /// Bytes of a request line with its headers; past that, 431.
    #[arg(long = "web.max-header-bytes", value_name = "N", default_value_t = limits::HEAD_BYTES)]
    pub head_bytes: usize,
    /// Bytes of a request's body, once inflated if it is in gzip; past that, 413.
    #[arg(long = "web.max-body-bytes", value_name = "N", default_value_t = limits::BODY_BYTES, value_parser = body_bytes)]
    pub body_bytes: usize,
    /// Bytes of large bodies held at once, over all connections; past that, 503.
    #[arg(long = "web.max-buffered-bytes", value_name = "N", default_value_t = limits::BUFFERED_BYTES)]
    pub buffered_bytes: usize,
    /// Time for a request line with its headers to arrive; past that, 408.
    #[arg(long = "web.header-timeout", value_name = "SPAN", default_value = "10s", value_parser = positive_span)]
    pub head_timeout: Duration,
    /// Time for a body to arrive; past that, 408.
    #[arg(long = "web.body-timeout", value_name = "SPAN", default_value = "30s", value_parser = positive_span)]
    pub body_timeout: Duration,
    /// Time for a client to read its answer; large answers get more.
    #[arg(long = "web.write-timeout", value_name = "SPAN", default_value = "30s", value_parser = positive_span)]
    pub write_timeout: Duration,
    /// Time for a connection to stay open without a request.
    #[arg(long = "web.idle-timeout", value_name = "SPAN", default_value = "310s", value_parser = positive_span)]
    pub idle_timeout: Duration,
}

/// What silences may use.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Silences")]
pub struct SilenceFlags {
    /// Silences kept at most, expired ones included; 0 is no limit.
    #[arg(long = "silences.max-silences", value_name = "N", default_value_t = 0)]
    pub count: usize,
    /// Bytes of a silence; 0 is no limit.
    #[arg(
        long = "silences.max-silence-size-bytes",
        value_name = "N",
        default_value_t = 0
    )]
    pub bytes: usize,
    /// Log each silence that is made, changed or ended.
    #[arg(long = "log.silences", overrides_with = "no_log_silences")]
    pub logged: bool,
    #[arg(long = "no-log.silences", hide = true)]
    no_log_silences: bool,
}

/// What sending may use.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Limits of sending")]
pub struct SendingFlags {
    /// Webhooks under way at once, each with a thread that lives as long as it is needed. Beside these
    /// each endpoint can always have one.
    #[arg(long = "webhook.workers", value_name = "N", default_value_t = limits::WORKERS, value_parser = at_least_one)]
    pub workers: usize,
    /// How many of them one endpoint (scheme, host and port) may hold at most; it gets as many as it is
    /// seen to bear.
    #[arg(long = "webhook.workers-per-endpoint", value_name = "N", default_value_t = limits::WORKERS_PER_ENDPOINT, value_parser = at_least_one)]
    pub workers_per_endpoint: usize,
    /// The longest that a receiver's Retry-After keeps its endpoint from being asked.
    #[arg(long = "webhook.max-retry-after", value_name = "SPAN", default_value = "5m", value_parser = positive_span)]
    pub max_retry_after: Duration,
}

/// Levels of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogLevel {
    /// Everything.
    Debug,
    /// What an operator may want to know.
    Info,
    /// What may need somebody.
    Warn,
    /// What needs somebody.
    Error,
}

/// Forms of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// `key=value`
    Logfmt,
    /// One object a line.
    Json,
}

/// Flags of Alertmanager without which a daemon would be open or out of reach. They are refused
/// until they are built.
#[derive(Clone, Debug, Args)]
pub struct RefusedFlags {
    /// TLS between peers: not built yet, and refused.
    #[arg(
        long = "cluster.tls-config",
        value_name = "FILE",
        default_value = "",
        hide = true
    )]
    pub cluster_tls_config: String,
}

impl RefusedFlags {
    /// The flags given that cannot be honoured.
    pub fn given(&self) -> impl Iterator<Item = &'static str> {
        let flags = [("--cluster.tls-config", !self.cluster_tls_config.is_empty())];
        flags
            .into_iter()
            .filter(|(_, is_given)| *is_given)
            .map(|(name, _)| name)
    }
}

/// Flags of Alertmanager that are accepted, so that a unit file need not change. Each that is given
/// is named in one log line.
#[derive(Clone, Debug, Args)]
#[command(
    next_help_heading = "Flags of Alertmanager that change nothing here (each is named in a warning)"
)]
struct UnusedFlags {
    /// Groups are removed as soon as they are empty.
    #[arg(long = "dispatch.maintenance-interval", value_name = "SPAN", value_parser = positive_span)]
    dispatch_maintenance: Option<Duration>,
    /// There is no Go runtime to tune.
    #[arg(long = "auto-gomemlimit.ratio", value_name = "SHARE")]
    gomemlimit_ratio: Option<f64>,
    /// There is no page for people. Debian's Alertmanager has this flag.
    #[arg(long = "web.ui-path", value_name = "DIR")]
    ui_path: Option<PathBuf>,
    /// There is no clustering.
    #[command(flatten)]
    cluster: ClusterFlags,
}

/// Flags of Alertmanager's clustering.
#[derive(Clone, Debug, Args)]
#[command(
    next_help_heading = "Flags of Alertmanager that change nothing here (each is named in a warning)"
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

/// The flags on this command line that mean nothing here.
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
