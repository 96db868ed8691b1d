//! The commands that speak to a daemon, and their flags: what `alertwheel` and `amtool` have in common.
//!
//! Owns names and help. The names and texts of wrong values are amtool's. Checks of what values mean stay
//! with the commands. Runs on main.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};

use crate::model::{go_quote, parse_flag_duration};

/// The flags of every command that speaks to a daemon.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Connection and output")]
pub struct ClientFlags {
    /// The daemon's URL, with its route prefix and user:password@ if it needs them [default:
    /// http://127.0.0.1:9093].
    #[arg(
        long = "url",
        visible_alias = "alertmanager.url",
        global = true,
        value_name = "URL"
    )]
    pub url: Option<String>,
    /// The format: simple, extended or json.
    #[arg(short = 'o', long, global = true, value_name = "FORMAT", default_value = "simple", value_parser = output)]
    pub output: Output,
    /// The format of dates, as an example for Go's reference date.
    #[arg(
        long = "date.format",
        global = true,
        value_name = "LAYOUT",
        default_value = "2006-01-02 15:04:05 MST"
    )]
    pub date_format: String,
    /// How long a request may take.
    #[arg(long, global = true, value_name = "SPAN", default_value = "30s", value_parser = parse_flag_duration)]
    pub timeout: Duration,
    /// File with an http_config: TLS, credentials and proxy towards the daemon.
    #[arg(long = "http.config.file", global = true, value_name = "FILE", value_parser = existing_file)]
    pub http_config_file: Option<PathBuf>,
    /// How matchers are parsed: classic-mode or utf8-strict-mode.
    #[arg(long = "enable-feature", global = true, value_name = "NAMES")]
    pub features: Vec<String>,
}

/// The form of what is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// A table with the most important columns.
    Simple,
    /// A table with all columns.
    Extended,
    /// JSON, as the API has it.
    Json,
}

/// The commands for alerts.
#[derive(Clone, Debug, Subcommand)]
pub enum AlertCommand {
    /// Lists alerts.
    ///
    /// Without a flag for a state, only active alerts are listed. A first matcher without = is the value
    /// of alertname: `query DiskFull 'host=~web.*'`.
    Query(AlertQuery),
    /// Posts an alert.
    ///
    /// A first label without = is the value of alertname: `add DiskFull host=web1`.
    Add(AlertAdd),
}

/// The arguments of `alert query`.
#[derive(Clone, Debug, Args)]
pub struct AlertQuery {
    /// List inhibited alerts.
    #[arg(short, long)]
    pub inhibited: bool,
    /// List silenced alerts.
    #[arg(short, long)]
    pub silenced: bool,
    /// List active alerts.
    #[arg(short, long)]
    pub active: bool,
    /// List unprocessed alerts.
    #[arg(short, long)]
    pub unprocessed: bool,
    /// List alerts for these receivers, given as a regex.
    #[arg(short, long, value_name = "REGEX")]
    pub receiver: Option<String>,
    /// Matchers that the alerts satisfy.
    #[arg(value_name = "MATCHER")]
    pub matchers: Vec<String>,
}

/// The arguments of `alert add`.
#[derive(Clone, Debug, Args)]
pub struct AlertAdd {
    /// URL of the source of the alert.
    #[arg(long = "generator-url", value_name = "URL")]
    pub generator_url: Option<String>,
    /// When the alert began, such as 2026-01-02T15:04:05Z [default: now].
    #[arg(long, value_name = "TIME")]
    pub start: Option<String>,
    /// When the alert ends [default: resolve_timeout from now].
    #[arg(long, value_name = "TIME")]
    pub end: Option<String>,
    /// An annotation, such as summary='The disk is full'; may be repeated.
    #[arg(long = "annotation", value_name = "NAME=VALUE")]
    pub annotations: Vec<String>,
    /// The labels, as NAME=VALUE.
    #[arg(value_name = "LABEL")]
    pub labels: Vec<String>,
}

/// The commands for silences.
#[derive(Clone, Debug, Subcommand)]
pub enum SilenceCommand {
    /// Lists silences that have not expired.
    Query(SilenceQuery),
    /// Creates a silence and prints its id.
    ///
    /// A first matcher without = is the value of alertname: `add DiskFull host=web1 -c 'new disk ordered'`.
    Add(SilenceAdd),
    /// Changes silences.
    Update(SilenceUpdate),
    /// Ends silences now.
    Expire {
        /// Ids of silences.
        #[arg(value_name = "ID")]
        ids: Vec<String>,
    },
    /// Creates the silences of a JSON list, as `silence query -o json` and `alertwheel export` print it.
    ///
    /// A silence whose id the daemon knows is updated; others get new ids, which are printed.
    Import(SilenceImport),
}

/// The arguments of `silence query`.
#[derive(Clone, Debug, Args)]
pub struct SilenceQuery {
    /// List expired silences instead.
    #[arg(long)]
    pub expired: bool,
    /// Print ids only.
    #[arg(short, long)]
    pub quiet: bool,
    /// List silences of this author.
    #[arg(long = "created-by", value_name = "NAME")]
    pub created_by: Option<String>,
    /// List the silence with this id.
    #[arg(long, value_name = "ID")]
    pub id: Option<String>,
    /// List silences that end within this time from now, or with --expired have ended within it.
    #[arg(long, value_name = "SPAN", value_parser = parse_flag_duration)]
    pub within: Option<Duration>,
    /// Matchers that the silences have; a first one without = is the value of alertname.
    #[arg(value_name = "MATCHER")]
    pub matchers: Vec<String>,
}

/// The arguments of `silence add`.
#[derive(Clone, Debug, Args)]
pub struct SilenceAdd {
    /// The author [default: the name of the user].
    #[arg(short, long, value_name = "NAME")]
    pub author: Option<String>,
    /// Accept a silence without a comment.
    #[arg(long = "no-require-comment")]
    pub no_comment_required: bool,
    /// How long the silence lasts.
    #[arg(short, long, value_name = "SPAN", default_value = "1h")]
    pub duration: String,
    /// When it begins, such as 2026-01-02T15:04:05Z [default: now].
    #[arg(long, value_name = "TIME")]
    pub start: Option<String>,
    /// When it ends; takes precedence over --duration.
    #[arg(long, value_name = "TIME")]
    pub end: Option<String>,
    /// Why it is there.
    #[arg(short, long, value_name = "TEXT")]
    pub comment: Option<String>,
    /// An annotation; may be repeated.
    #[arg(long = "annotation", value_name = "NAME=VALUE")]
    pub annotations: Vec<String>,
    /// Matchers of the alerts to silence.
    #[arg(value_name = "MATCHER")]
    pub matchers: Vec<String>,
}

/// The arguments of `silence update`.
#[derive(Clone, Debug, Args)]
pub struct SilenceUpdate {
    /// Print ids only.
    #[arg(short, long)]
    pub quiet: bool,
    /// How long the silence lasts from its start on.
    #[arg(short, long, value_name = "SPAN")]
    pub duration: Option<String>,
    /// When it begins.
    #[arg(long, value_name = "TIME")]
    pub start: Option<String>,
    /// When it ends; takes precedence over --duration.
    #[arg(long, value_name = "TIME")]
    pub end: Option<String>,
    /// Why it is there.
    #[arg(short, long, value_name = "TEXT")]
    pub comment: Option<String>,
    /// Ids of silences.
    #[arg(value_name = "ID")]
    pub ids: Vec<String>,
}

/// The arguments of `silence import`.
#[derive(Clone, Debug, Args)]
pub struct SilenceImport {
    /// Create new silences even if there are some with the same ids.
    #[arg(short, long)]
    pub force: bool,
    /// Has no effect: silences are created one after the other, in their order.
    #[arg(short, long = "worker", hide = true, value_name = "N", value_parser = number)]
    pub worker: Option<u32>,
    /// The file [default: standard input].
    #[arg(value_name = "FILE", value_parser = existing_file)]
    pub file: Option<PathBuf>,
}

/// The commands for routes.
#[derive(Clone, Debug, Subcommand)]
pub enum RoutesCommand {
    /// Prints the routing tree.
    Show,
    /// Prints the receivers that an alert with these labels goes to.
    Test(RoutesTest),
}

/// The arguments of `routes test`.
#[derive(Clone, Debug, Args)]
pub struct RoutesTest {
    /// Fail unless these are the receivers, separated by commas.
    #[arg(long = "verify.receivers", value_name = "NAMES")]
    pub expected: Option<String>,
    /// Print the part of the routing tree that the alert passes.
    #[arg(long)]
    pub tree: bool,
    /// The labels, as NAME=VALUE.
    #[arg(value_name = "LABEL")]
    pub labels: Vec<String>,
}

/// The command for templates.
#[derive(Clone, Debug, Subcommand)]
pub enum TemplateCommand {
    /// Renders a template with a sample notification, or with one from a file.
    Render(TemplateRender),
}

/// The arguments of `template render`.
#[derive(Clone, Debug, Args)]
pub struct TemplateRender {
    /// Files with the templates that the text uses, with wildcards; may be repeated.
    #[arg(long = "template.glob", value_name = "FILES")]
    pub globs: Vec<String>,
    /// The template.
    #[arg(long = "template.text", value_name = "TEXT")]
    pub text: Option<String>,
    /// The type of the template: text.
    #[arg(long = "template.type", value_name = "TYPE", value_parser = template_type)]
    pub kind: Option<TemplateType>,
    /// JSON file with the notification.
    #[arg(long = "template.data", value_name = "FILE")]
    pub data: Option<PathBuf>,
}

/// The types of templates that amtool knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TemplateType {
    /// Text.
    Text,
    /// HTML, whose values are escaped by their place. Webhooks have no use for it.
    Html,
}

fn output(text: &str) -> Result<Output, String> {
    match text {
        "simple" => Ok(Output::Simple),
        "extended" => Ok(Output::Extended),
        "json" => Ok(Output::Json),
        _ => Err(format!(
            "enum value must be one of simple,extended,json, got '{text}'"
        )),
    }
}

fn template_type(text: &str) -> Result<TemplateType, String> {
    match text {
        "text" => Ok(TemplateType::Text),
        "html" => Ok(TemplateType::Html),
        _ => Err(format!("enum value must be one of html,text, got '{text}'")),
    }
}

/// The path of a file that is there.
pub fn existing_file(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    if path.is_dir() {
        return Err(format!("'{text}' is a directory"));
    }
    if !path.exists() {
        return Err(format!("path '{text}' does not exist"));
    }
    Ok(path)
}

fn number(text: &str) -> Result<u32, String> {
    text.parse()
        .map_err(|_| format!("not a whole number: {}", go_quote(text)))
}
