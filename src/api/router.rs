//! The handler of all requests: cleans the path and routes the request to API v2 or to a page.
//!
//! Owns the route prefix, the cleaning of paths, and the count of every request by handler, method and
//! code (§10.1, §11). Holds no state of its own. Runs on the connections' threads.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;
use crate::dispatch::inbox::{Inbox, Unanswered};
use crate::model::{Mono, ParserMode, Wall};
use crate::telemetry::health::Health;
use crate::telemetry::metrics::{Metrics, NO_HANDLER, Refusal};
use crate::version::BuildInfo;

use super::error::ApiError;
use super::hooks::{SigningKeys, Sources};
use super::http::{Answer, Body, Handler, Request};
use super::origins::{Foreign, Origins};
use super::pages::{not_found, plain_error, redirect};
use super::sender_warnings::SenderWarnings;
use super::target::{Plus, Target, clean_path, percent_decode};
use super::{hooks, pages, v2};

/// Reloads the configuration and puts it in force. Any connection's thread may call it. The function itself
/// must see to it that calls do not overlap.
pub type Reload = Box<dyn Fn() -> Result<(), NotReloaded> + Send + Sync>;

/// Why a reload has not put a configuration in force, or not yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotReloaded {
    /// The configuration could not be read or used, for this reason. The previous one stays in force.
    Failed(String),
    /// The reload has taken longer than this (`--web.timeout`), and goes on.
    TimedOut(Duration),
}

/// Settings of the API that do not change while the daemon runs.
pub struct Settings {
    /// The path below which everything is served, such as `/` or `/x/y`. Slashes at either end may be
    /// missing or doubled.
    pub route_prefix: String,
    /// Which web pages may use the API.
    pub origins: Origins,
    /// Which syntax of label names and matchers is valid.
    pub parser_mode: ParserMode,
    /// This daemon as a cluster peer, if clustering is asked for; `None` shows the cluster as `disabled`.
    pub cluster: Option<SelfPeer>,
    /// When the daemon started.
    pub started_at: Wall,
    /// The version and build facts that `GET /status` shows.
    pub build: BuildInfo,
    /// Faults with which the daemon goes on serving.
    pub health: Arc<Health>,
    /// The function that `POST /-/reload` calls.
    pub reload: Reload,
    /// The sources of webhooks in force.
    pub sources: Arc<Sources>,
    /// The keys with which Amazon SNS signs.
    pub signing_keys: SigningKeys,
}

/// This daemon, as `GET /status` lists it among the cluster's peers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelfPeer {
    /// The name of the peer, unique in the cluster.
    pub name: String,
    /// Host and port of the cluster's listener.
    pub address: String,
}

impl Settings {
    /// The route prefix without a trailing slash, and so empty for `/`.
    pub(super) fn prefix(&self) -> &str {
        self.route_prefix.trim_end_matches('/')
    }
}

/// The handler of every request that the HTTP server accepts.
pub struct Api {
    pub(super) inbox: Inbox,
    pub(super) metrics: Arc<Metrics>,
    pub(super) settings: Settings,
    /// Warnings about senders whose clocks seem to be behind.
    pub(super) behind: SenderWarnings,
    /// Warnings about senders that post notifications as alerts.
    pub(super) notifiers: SenderWarnings,
    clock: Clock,
}

impl Api {
    /// A handler that sends its commands to `inbox`, counts in `metrics` and reads the time from `clock`.
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

    /// The monotonic time.
    pub(super) fn mono(&self) -> Mono {
        self.clock.mono()
    }

    /// The wall-clock time.
    pub(super) fn wall(&self) -> Wall {
        self.clock.wall()
    }

    /// The dispatcher's reply. Counts a request that was lost to a full inbox or could not be stored.
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

    /// Checks that the request names a host of this daemon, and that its origin may make changes if it makes
    /// one.
    fn check_origin(&self, request: &Request) -> Result<(), Foreign> {
        let origins = &self.settings.origins;
        origins.check_host(request)?;
        match request.method.as_str() {
            "GET" | "HEAD" | "OPTIONS" => Ok(()),
            _ => origins.check_change(request),
        }
    }

    /// The answer to a request of a foreign host name or origin, which is counted.
    pub(super) fn refuse(&self, foreign: &Foreign) -> Answer {
        self.metrics.refused(Refusal::Foreign);
        plain_error(403, &foreign.to_string())
    }

    /// The answer, and the value of the metrics' label `handler`.
    fn answer(&self, request: &Request) -> (&'static str, Answer) {
        if request.method == "OPTIONS" && request.target == "*" {
            // `OPTIONS *` asks about the server as a whole, which supports every method on some path.
            return (NO_HANDLER, Answer::empty(200));
        }
        let target = Target::split(&request.target);
        let sent = target.path;
        let Some(decoded) = percent_decode(sent, Plus::Literal) else {
            return (NO_HANDLER, Answer::text(400, "400 Bad Request"));
        };
        if !sent.starts_with('/') {
            return (NO_HANDLER, not_found());
        }
        let tidy = clean_path(sent);
        if tidy != sent {
            return (NO_HANDLER, moved(request, &target.with_path(&tidy)));
        }
        let prefix = self.settings.prefix();
        if !prefix.is_empty() && decoded == "/" {
            return ("/", self.answer_above_prefix(request));
        }
        match decoded.strip_prefix(prefix) {
            Some("") if request.method == "GET" => {
                let root = target.with_path(&format!("{prefix}/"));
                (NO_HANDLER, redirect(request, 301, &root))
            }
            Some(below) if below.starts_with('/') => {
                let sent_below = sent.strip_prefix(prefix).unwrap_or(below);
                self.answer_below_prefix(request, below, sent_below)
            }
            _ => match without_prefix(&decoded, prefix) {
                Some(below) => (NO_HANDLER, pages::answer_misspelt(self, request, below)),
                None => (NO_HANDLER, not_found()),
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

    /// Routes API v2 by the path as sent and the pages by the decoded path, as in Alertmanager.
    fn answer_below_prefix(
        &self,
        request: &Request,
        path: &str,
        sent: &str,
    ) -> (&'static str, Answer) {
        if path == v2::ROOT.trim_end_matches('/') {
            let root = format!("{}{}", self.settings.prefix(), v2::ROOT);
            let root = Target::split(&request.target).with_path(&root);
            (NO_HANDLER, moved(request, &root))
        } else if path.starts_with(v2::ROOT) {
            v2::answer(self, request, sent)
        } else if let Some(answered) = hooks::answer(self, request, sent) {
            answered
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
            Err(foreign) => (NO_HANDLER, self.refuse(&foreign)),
        };
        if request.method == "HEAD" {
            answer.body = Body::Empty;
        }
        let took = self.clock.mono().since(started);
        let method = method_label(&request.method);
        self.metrics
            .request_answered(pattern, method, answer.status, took);
        if pattern != NO_HANDLER && !pattern.starts_with("/api/") {
            self.metrics
                .page_answered(pattern, method, answer.body.length());
        }
        answer
    }
}

/// A permanent redirect to the right path. A POST gets 308, which keeps the method. After Alertmanager's 301
/// clients repeat the request as a GET without the body, and take its answer for success.
fn moved(request: &Request, location: &str) -> Answer {
    let status = match request.method.as_str() {
        "GET" | "HEAD" => 301,
        _ => 308,
    };
    redirect(request, status, location)
}

/// The path after the prefix, ignoring the case of the prefix; `None` if the path does not start with it.
fn without_prefix<'a>(path: &'a str, prefix: &str) -> Option<&'a str> {
    let (start, below) = path.split_at_checked(prefix.len())?;
    let is_prefix = start.eq_ignore_ascii_case(prefix);
    (is_prefix && (below.is_empty() || below.starts_with('/'))).then_some(below)
}

/// The value of the metric label `method`; `unknown` for all nonstandard methods.
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
