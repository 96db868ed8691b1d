//! The handler of all requests: finds out what a path means and who answers it.
//!
//! Owns the prefix, the tidying of paths, and the count of every request by handler, method and
//! code (§10.1, §11). Holds no state of its own. Runs on the connections' threads.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;
use crate::dispatch::inbox::{Inbox, Unanswered};
use crate::model::{Mono, ParserMode, Wall};
use crate::telemetry::health::Health;
use crate::telemetry::metrics::{Metrics, Refusal};
use crate::version::BuildInfo;

use super::error::ApiError;
use super::http::{Answer, Body, Handler, Request};
use super::origins::{Foreign, Origins};
use super::pages::{not_found, plain_error, redirect};
use super::sender_warnings::SenderWarnings;
use super::target::{Plus, Target, clean_path, percent_decode};
use super::{pages, v2};

/// Reads the configuration anew and puts it in force. Called from any connection's thread; calls must
/// not overlap, which is its own affair.
pub type Reload = Box<dyn Fn() -> Result<(), NotReloaded> + Send + Sync>;

/// Why a configuration is not known to be in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotReloaded {
    /// It could not be read or used, for this reason; the one before it stays.
    Failed(String),
    /// It has taken longer than this so far (`--web.timeout`), and goes on.
    TimedOut(Duration),
}

/// What the front door must know that does not change while the daemon runs.
pub struct Settings {
    /// The path below which everything is served: `/`, or such as `/x/y`. A slash more or less at
    /// either end does not matter.
    pub route_prefix: String,
    /// Which pages may use the API.
    pub origins: Origins,
    /// Which label names and matchers hold.
    pub parser_mode: ParserMode,
    /// Ourselves as a peer, if clustering is asked for; without, the cluster is `disabled`.
    pub cluster: Option<SelfPeer>,
    /// When the daemon started.
    pub started_at: Wall,
    /// What this build calls itself.
    pub build: BuildInfo,
    /// What is wrong while the daemon serves on.
    pub health: Arc<Health>,
    /// What `POST /-/reload` does.
    pub reload: Reload,
}

/// Ourselves, as `GET /status` lists us among the peers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelfPeer {
    /// A name that no other peer has.
    pub name: String,
    /// Host and port of the cluster's listener.
    pub address: String,
}

impl Settings {
    /// The prefix as it stands before a path: without a slash at its end, and so empty for `/`.
    pub(super) fn prefix(&self) -> &str {
        self.route_prefix.trim_end_matches('/')
    }
}

/// Answers every request that the guard lets in.
pub struct Api {
    pub(super) inbox: Inbox,
    pub(super) metrics: Arc<Metrics>,
    pub(super) settings: Settings,
    /// The senders whose clocks seem to be behind.
    pub(super) behind: SenderWarnings,
    /// The senders that post notifications as alerts.
    pub(super) notifiers: SenderWarnings,
    clock: Clock,
}

impl Api {
    /// A handler that asks `inbox`, counts in `metrics` and takes time by `clock`.
    pub fn new(inbox: Inbox, metrics: Arc<Metrics>, clock: Clock, mut settings: Settings) -> Self {
        settings.route_prefix = clean_path(&settings.route_prefix);
        Api {
            inbox,
            metrics,
            settings,
            behind: SenderWarnings::default(),
            notifiers: SenderWarnings::default(),
            clock,
        }
    }

    /// Time that nobody sets.
    pub(super) fn mono(&self) -> Mono {
        self.clock.mono()
    }

    /// The time of day.
    pub(super) fn wall(&self) -> Wall {
        self.clock.wall()
    }

    /// What the dispatcher said; that it said nothing is counted if its inbox was full.
    pub(super) fn heard<T>(&self, said: Result<T, Unanswered>) -> Result<T, ApiError> {
        said.map_err(|unanswered| {
            match unanswered {
                Unanswered::Full => self.metrics.refused(Refusal::InboxFull),
                Unanswered::NotStored(_) => self.metrics.refused(Refusal::NotStored),
                Unanswered::TimedOut(_) | Unanswered::Stopped => {}
            }
            unanswered.into()
        })
    }

    /// Whether the request comes from where it may, and under a name of ours.
    fn check_origin(&self, request: &Request) -> Result<(), Foreign> {
        let origins = &self.settings.origins;
        origins.check_host(request)?;
        match request.method.as_str() {
            "GET" | "HEAD" | "OPTIONS" => Ok(()),
            _ => origins.check_change(request),
        }
    }

    /// The answer to what comes from elsewhere.
    pub(super) fn refuse(&self, foreign: &Foreign) -> Answer {
        self.metrics.refused(Refusal::Foreign);
        plain_error(403, &foreign.to_string())
    }

    /// The answer, and the value of the metrics' label `handler`.
    fn answer(&self, request: &Request) -> (&'static str, Answer) {
        if request.method == "OPTIONS" && request.target == "*" {
            // It asks after the server as a whole, which takes everything somewhere.
            return ("unknown", Answer::empty(200));
        }
        let target = Target::split(&request.target);
        let sent = target.path;
        let Some(decoded) = percent_decode(sent, Plus::Literal) else {
            return ("unknown", Answer::text(400, "400 Bad Request"));
        };
        if !sent.starts_with('/') {
            return ("unknown", not_found());
        }
        let tidy = clean_path(sent);
        if tidy != sent {
            return ("unknown", moved(request, &target.with_path(&tidy)));
        }
        let prefix = self.settings.prefix();
        if !prefix.is_empty() && decoded == "/" {
            return ("/", self.answer_above_prefix(request));
        }
        match decoded.strip_prefix(prefix) {
            Some("") if request.method == "GET" => {
                let root = target.with_path(&format!("{prefix}/"));
                ("unknown", redirect(request, 301, &root))
            }
            Some(below) if below.starts_with('/') => {
                let sent_below = sent.strip_prefix(prefix).unwrap_or(below);
                self.answer_below_prefix(request, below, sent_below)
            }
            _ => match without_prefix(&decoded, prefix) {
                Some(below) => ("unknown", pages::answer_misspelt(self, request, below)),
                None => ("unknown", not_found()),
            },
        }
    }

    fn answer_above_prefix(&self, request: &Request) -> Answer {
        match request.method.as_str() {
            "GET" => redirect(request, 302, self.settings.prefix()),
            "OPTIONS" => Answer::empty(200).with_header("Allow", "GET, OPTIONS"),
            _ => plain_error(405, "Method Not Allowed").with_header("Allow", "GET, OPTIONS"),
        }
    }

    /// API v2 goes by the path as sent, the pages by the decoded one, as in Alertmanager.
    fn answer_below_prefix(
        &self,
        request: &Request,
        path: &str,
        sent: &str,
    ) -> (&'static str, Answer) {
        if path == v2::ROOT.trim_end_matches('/') {
            let root = format!("{}{}", self.settings.prefix(), v2::ROOT);
            let root = Target::split(&request.target).with_path(&root);
            ("unknown", moved(request, &root))
        } else if path.starts_with(v2::ROOT) {
            v2::answer(self, request, sent)
        } else {
            pages::answer(self, request, path)
        }
    }
}

impl Handler for Api {
    fn handle(&self, request: Request) -> Answer {
        let started = self.clock.mono();
        let (pattern, mut answer) = match self.check_origin(&request) {
            Ok(()) => self.answer(&request),
            Err(foreign) => ("unknown", self.refuse(&foreign)),
        };
        if request.method == "HEAD" {
            answer.body = Body::Empty;
        }
        let took = self.clock.mono().since(started);
        let method = method_label(&request.method);
        self.metrics
            .request_answered(pattern, method, answer.status, took);
        if pattern.starts_with('/') && !pattern.starts_with(v2::ROOT) {
            self.metrics
                .page_answered(pattern, method, answer.body.length());
        }
        answer
    }
}

/// Sends the sender to the right path for good. Who posts is told to post there: after Alertmanager's
/// 301 clients ask by GET, without the body, and take the answer for a yes.
fn moved(request: &Request, location: &str) -> Answer {
    let status = match request.method.as_str() {
        "GET" | "HEAD" => 301,
        _ => 308,
    };
    redirect(request, status, location)
}

/// What comes after the prefix, in whatever case that is written.
fn without_prefix<'a>(path: &'a str, prefix: &str) -> Option<&'a str> {
    let (start, below) = path.split_at_checked(prefix.len())?;
    let is_prefix = start.eq_ignore_ascii_case(prefix);
    (is_prefix && (below.is_empty() || below.starts_with('/'))).then_some(below)
}

/// The value of the metrics' label `method`: one word for all that nobody knows.
fn method_label(method: &str) -> &'static str {
    match method {
        "GET" => "get",
        "HEAD" => "head",
        "POST" => "post",
        "PUT" => "put",
        "DELETE" => "delete",
        "OPTIONS" => "options",
        "PATCH" => "patch",
        "CONNECT" => "connect",
        "TRACE" => "trace",
        _ => "unknown",
    }
}
