//! STAGE 4. Delivers notifications to webhooks: the work of the send threads.
//!
//! ```text
//!  Job ──► rendering ──► post ──► verdict ──► Outcome
//!   │     (address, payload)         ▲
//!   └────────► terminal ─────────────┘
//! ```
//!
//! Owns the loop of a worker: one job, one attempt, one outcome. Never waits between attempts, and never
//! retries: the engine does, with a backoff on the timer wheel. Keeps no state of its own. A panic in an
//! attempt ends that attempt only.

mod address;
mod answer;
mod check;
mod client;
mod dial;
mod exchange;
mod fault;
pub mod go_json;
mod head;
mod idle;
mod key_kind;
mod no_proxy;
mod outcome_sender;
pub mod payload;
mod post;
mod printable;
mod proxy;
mod race;
mod reloading_agent;
mod rendering;
mod requester;
mod resolver;
mod secret;
mod socket;
mod template_data;
mod templated_host;
mod terminal;
mod tls;
mod tls_fault;
mod tls_transport;
mod token;
mod token_answer;
mod transport;
mod trust;
mod tunnel;
mod verdict;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

pub use self::check::check_http;
use self::client::Clients;
pub use self::fault::{Cause, Fault};
use self::idle::KeptConnections;
pub use self::outcome_sender::OutcomeSender;
use self::post::Poster;
use self::reloading_agent::AgentFactory;
use self::rendering::Rendering;
pub use self::requester::{Request, Requester, WholeAnswer};
use self::resolver::Resolver;
use self::trust::HostRoots;
use crate::clock::Clock;
use crate::config::Destination;
use crate::engine::{Job, Notification, Outcome, Verdict};
use crate::limits;
use crate::model::Mono;
use crate::telemetry::metrics::{Metrics, TemplateUse};
use crate::waker::{self, Mailbox};

/// The settings of the workers that are the same for all jobs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The external URL of the daemon, without a trailing slash. It is part of every body.
    pub external_url: String,
    /// The version for the header `User-Agent`.
    pub version: String,
    /// Maximum number of attempts under way, and so of idle connections to keep.
    pub workers: usize,
    /// Maximum number of attempts under way to one endpoint, and so of idle connections to it.
    pub workers_per_endpoint: usize,
}

/// Makes attempts. All workers share one deliverer, and with it the open connections.
#[derive(Debug)]
pub struct Deliverer {
    external_url: String,
    poster: Poster,
    metrics: Arc<Metrics>,
    clock: Clock,
}

/// The loop of one worker thread. Ends when either channel is disconnected.
pub fn run(jobs: Mailbox<Job>, outcomes: OutcomeSender, deliverer: Arc<Deliverer>) {
    let mut next = jobs.next().ok();
    while let Some(job) = next {
        let outcome = deliverer.deliver(&job);
        let ended_at = deliverer.clock.mono();
        let told = outcomes.send(outcome);
        // Dropped before the wait for the next job, so that an idle worker holds no memory of its last one.
        drop(job);
        next = told.and_then(|()| next_job(&jobs, &outcomes, ended_at, deliverer.clock));
    }
    log::debug!("send worker stopped");
}

/// Waits for a job. Reports the worker idle once no job has come for `WORKER_IDLE`.
fn next_job(
    jobs: &Mailbox<Job>,
    outcomes: &OutcomeSender,
    ended_at: Mono,
    clock: Clock,
) -> Option<Job> {
    // If deliveries are waiting, the dispatcher is about to send the next job.
    waker::yield_to_other_threads();
    match jobs.next_by(ended_at + limits::WORKER_IDLE, clock) {
        Err(error) if error.is_timeout() => outcomes.say_idle()?,
        heard => return heard.ok(),
    }
    jobs.next().ok()
}

impl Deliverer {
    /// A deliverer without connections. It trusts this host's roots unless a configuration names others.
    pub fn new(settings: Settings, metrics: Arc<Metrics>, clock: Clock) -> Self {
        let user_agent = format!("Alertmanager/{}", settings.version);
        let kept = KeptConnections {
            total: settings.workers,
            per_host: settings.workers_per_endpoint,
        };
        let factory = AgentFactory {
            user_agent,
            kept,
            resolver: Arc::new(Resolver::new(clock)),
            host_roots: Arc::new(HostRoots::default()),
            variable: |name| std::env::var(name).ok(),
            clock,
        };
        Deliverer {
            external_url: settings.external_url,
            poster: Poster::new(Clients::new(factory), clock),
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
            took,
        }
    }

    /// Fetches a document that the daemon itself needs, of at most `most` bytes, within `timeout`. Follows no
    /// redirect. An error says why it cannot be had.
    pub fn fetch(&self, url: &str, most: usize, timeout: Duration) -> Result<Vec<u8>, String> {
        self.poster.fetch(url, most, timeout)
    }

    /// Aborts all attempts under way, so that a stop does not wait for slow receivers.
    pub fn hang_up(&self) {
        self.poster.hang_up();
    }

    /// Runs `attempt`. A panic counts as a retryable failure, because the next flush has another notification
    /// at the latest.
    fn contain(&self, attempt: impl FnOnce() -> Verdict) -> Verdict {
        catch_unwind(AssertUnwindSafe(attempt)).unwrap_or_else(|panic| {
            self.metrics.panic_contained("send");
            verdict::retry(format!("panic while sending: {}", panic_text(&*panic)))
        })
    }

    fn attempt(&self, job: &Job) -> Verdict {
        if job.webhook.destination == Destination::Terminal {
            return self.show(&job.notification);
        }
        let rendering = Rendering::new(job, &self.external_url, self.clock.wall());
        for (name, fault) in rendering.faulty_route_labels() {
            self.note_fault(
                job,
                TemplateUse::RouteLabel,
                &format!("route label {name}: {fault}"),
            );
        }
        let address = match rendering.address() {
            Ok(address) => address,
            // The url_file may be incomplete because it is being written.
            Err(fault) if matches!(job.webhook.destination, Destination::UrlFile(_)) => {
                return verdict::retry(fault);
            }
            Err(fault) => return verdict::give_up(fault),
        };
        let body = rendering.body();
        if let Some(fault) = &body.fault {
            self.note_fault(job, TemplateUse::Payload, fault);
        }
        let (method, http) = (job.webhook.method, &job.webhook.http);
        match self
            .poster
            .send(method, http, address, &body.bytes, job.timeout)
        {
            Ok(answer) => verdict::of_answer(&answer, self.clock.wall()),
            Err(fault) => verdict::of_transport_error(method, &fault),
        }
    }

    /// Counts and logs a template fault. The engine does not get it, because the notification is sent anyway.
    fn note_fault(&self, job: &Job, part: TemplateUse, fault: &str) {
        self.metrics.template_failed(part);
        let Notification {
            receiver,
            webhook_index,
            group_key,
            ..
        } = &*job.notification;
        log::error!(
            receiver:% = receiver, webhook = webhook_index, group:% = group_key, error = fault;
            "template failed, sent without it"
        );
    }

    fn show(&self, notification: &Notification) -> Verdict {
        match terminal::show(notification, self.clock.wall()) {
            Ok(()) => Verdict::Delivered,
            Err(error) => verdict::retry(format!("write to the terminal: {error}")),
        }
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
