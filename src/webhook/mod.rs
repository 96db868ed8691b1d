//! STAGE 4. Jobs in, attempts out: what the send threads do.
//!
//! ```text
//!  Job ──► address ──► payload ──► post ──► verdict ──► Outcome
//!                           │       client, link, transport
//!                           └────► terminal ──┘
//! ```
//!
//! Owns the loop of a worker: one job, one attempt, one outcome. Never waits between attempts,
//! never tries again (the engine does, through the wheel), keeps no state of its own. A panic in
//! an attempt ends that attempt only.

mod address;
mod check;
mod client;
mod fault;
mod go_json;
mod link;
mod no_proxy;
pub mod payload;
mod post;
mod printable;
mod proxy;
mod resolver;
mod secret;
mod terminal;
mod tls;
mod token;
mod token_answer;
mod transport;
mod trust;
mod tunnel;
mod verdict;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender};

use self::address::Address;
pub use self::check::check_http;
use self::client::Clients;
use self::link::Workshop;
use self::post::Poster;
use self::resolver::Resolver;
use self::transport::KeptConnections;
use self::trust::HostRoots;
use crate::clock::Clock;
use crate::config::Destination;
use crate::dispatch::inbox::Event;
use crate::engine::{Job, Notification, Outcome, Verdict};
use crate::limits;
use crate::telemetry::metrics::Metrics;

/// What the workers need to know that stands in no job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How people reach the daemon, without a slash at the end; part of every body.
    pub external_url: String,
    /// Our version, for the header `User-Agent`.
    pub version: String,
    /// Attempts that may be under way, and so connections that are worth keeping: in all.
    pub workers: usize,
    /// The same, to one endpoint.
    pub workers_per_endpoint: usize,
}

/// Makes attempts. One is shared by all workers, and with it the open connections.
#[derive(Debug)]
pub struct Courier {
    external_url: String,
    poster: Poster,
    metrics: Arc<Metrics>,
    clock: Clock,
}

/// The loop of one worker thread. Ends when either channel hangs up.
pub fn run(jobs: Receiver<Job>, events: Sender<Event>, courier: Arc<Courier>) {
    for job in jobs {
        let outcome = courier.deliver(&job);
        if events.send(Event::Outcome(outcome)).is_err() {
            break;
        }
    }
    log::debug!("send worker stopped");
}

impl Courier {
    /// One that trusts the roots of this host.
    pub fn new(settings: Settings, metrics: Arc<Metrics>, clock: Clock) -> Self {
        let user_agent = format!("Alertmanager/{}", settings.version);
        let kept = KeptConnections {
            total: settings.workers,
            per_host: settings.workers_per_endpoint,
        };
        let workshop = Workshop {
            user_agent,
            kept,
            resolver: Arc::new(Resolver::new(clock)),
            host_roots: Arc::new(HostRoots::default()),
            variable: |name| std::env::var(name).ok(),
            clock,
        };
        Courier {
            external_url: settings.external_url,
            poster: Poster::new(Clients::new(workshop), clock),
            metrics,
            clock,
        }
    }

    /// Makes the one attempt that `job` asks for, within its timeout. Never panics.
    pub fn deliver(&self, job: &Job) -> Outcome {
        let started = self.clock.mono();
        let verdict = self.contain(|| self.attempt(job));
        let took = self.clock.mono().since(started);
        let is_delivered = verdict == Verdict::Delivered;
        let receiver = &job.notification.receiver;
        self.metrics.attempt_made(receiver, took, is_delivered);
        Outcome {
            attempt: job.attempt,
            verdict,
        }
    }

    /// Ends all attempts under way, for a stop that shall not wait for slow receivers.
    pub fn hang_up(&self) {
        self.poster.hang_up();
    }

    /// Runs `attempt`. A panic in it counts as a failure that may pass: the next flush, at the
    /// latest, has another notification.
    fn contain(&self, attempt: impl FnOnce() -> Verdict) -> Verdict {
        catch_unwind(AssertUnwindSafe(attempt)).unwrap_or_else(|panic| {
            self.metrics.panic_contained("send");
            verdict::retry(format!("panic while sending: {}", panic_text(&*panic)))
        })
    }

    fn attempt(&self, job: &Job) -> Verdict {
        let address = match &job.webhook.destination {
            Destination::Terminal => return self.show(&job.notification),
            Destination::Url(url) => {
                Address::parse(url).ok_or_else(|| "the url is no http or https URL".to_owned())
            }
            Destination::UrlTemplate(_) => Err("url templates are not built yet".into()),
            Destination::UrlFile(path) => address_in_file(path),
        };
        let address = match address {
            Ok(address) => address,
            Err(fault) => return verdict::give_up(fault),
        };
        let body = payload::render(&job.notification, &self.external_url);
        let http = &job.webhook.http;
        match self.poster.post(http, address, &body, job.timeout) {
            Ok(answer) => verdict::of_answer(&answer, self.clock.wall()),
            Err(fault) => verdict::of_transport_error(&fault),
        }
    }

    fn show(&self, notification: &Notification) -> Verdict {
        match terminal::show(notification, self.clock.wall()) {
            Ok(()) => Verdict::Delivered,
            Err(error) => verdict::retry(format!("write to the terminal: {error}")),
        }
    }
}

/// The address in a url_file, blanks around it ignored. The error never quotes the contents.
fn address_in_file(path: &Path) -> Result<Address, String> {
    let fault = |cause: &str| format!("read url_file: {}: {cause}", path.display());
    let text = secret::read_file(path, limits::URL_FILE);
    let text = text.map_err(|error| fault(&error.to_string()))?;
    match text.trim() {
        "" => Err(fault("the file is empty")),
        url => Address::parse(url).ok_or_else(|| fault("the content is no http or https URL")),
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no text")
}

#[cfg(test)]
mod fake_proxy;
#[cfg(test)]
mod fake_receiver;
#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod tests;
