//! Receivers that answer, fail, refuse, throttle or hang, and remember what they accepted.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use alertwheel::engine::{AttemptId, Failure, FailureKind, Job, Notification, Outcome, Verdict};
use alertwheel::model::Mono;

use crate::world::Dice;

/// How a receiver treats what it gets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Behaviour {
    /// Answers 200 after ten milliseconds.
    Healthy,
    /// Answers 500.
    Failing,
    /// Answers 400.
    Rejecting,
    /// Answers 429 with this Retry-After.
    Throttling(Duration),
    /// Never answers.
    Hanging,
    /// Fails or hangs this often, else is healthy.
    Flaky(f64),
}

/// How long an answer takes.
pub const LATENCY: Duration = Duration::from_millis(10);

/// An attempt that a worker makes.
#[derive(Debug)]
pub struct Flight {
    /// What it carries.
    pub job: Job,
    /// When it began.
    pub started_at: Mono,
    /// How it will end.
    pub verdict: Verdict,
}

impl Flight {
    /// What the worker will report.
    pub fn outcome(&self, now: Mono) -> Outcome {
        Outcome {
            attempt: self.job.attempt,
            verdict: self.verdict.clone(),
            took: now.since(self.started_at),
        }
    }
}

/// All receivers and all attempts under way.
#[derive(Debug, Default)]
pub struct Network {
    behaviours: BTreeMap<String, Behaviour>,
    flights: BTreeMap<AttemptId, Flight>,
    landings: BTreeSet<(Mono, AttemptId)>,
}

impl Network {
    /// Makes a receiver, or with `name/index` one webhook of it, behave like this from now on.
    pub fn set_behaviour(&mut self, receiver: &str, behaviour: Behaviour) {
        self.behaviours.insert(receiver.to_owned(), behaviour);
    }

    fn behaviour(&self, notification: &Notification) -> Behaviour {
        let webhook = format!("{}/{}", notification.receiver, notification.webhook_index);
        let receiver = &*notification.receiver;
        let known = self
            .behaviours
            .get(&webhook)
            .or_else(|| self.behaviours.get(receiver));
        known.copied().unwrap_or(Behaviour::Healthy)
    }

    /// All receivers answer from now on.
    pub fn heal(&mut self) {
        self.behaviours.clear();
    }

    /// A worker begins an attempt.
    pub fn start(&mut self, job: Job, now: Mono, dice: &mut Dice) {
        let behaviour = self.behaviour(&job.notification);
        let (takes, verdict) = treat(behaviour, job.timeout, dice);
        self.landings.insert((now + takes, job.attempt));
        self.flights.insert(
            job.attempt,
            Flight {
                job,
                started_at: now,
                verdict,
            },
        );
    }

    /// When the next attempt ends.
    pub fn next_at(&self) -> Option<Mono> {
        self.landings.first().map(|(at, _)| *at)
    }

    /// The next attempt that has ended by `now`.
    pub fn pop_ended(&mut self, now: Mono) -> Option<Flight> {
        let (at, attempt) = *self.landings.first()?;
        if at > now {
            return None;
        }
        self.landings.pop_first();
        self.flights.remove(&attempt)
    }

    /// The process that made them is no more; returns the attempts that were under way.
    pub fn drop_all(&mut self) -> Vec<Flight> {
        self.landings.clear();
        std::mem::take(&mut self.flights).into_values().collect()
    }

    /// Attempts under way.
    pub fn flights(&self) -> impl Iterator<Item = &Flight> {
        self.flights.values()
    }
}

fn treat(behaviour: Behaviour, timeout: Duration, dice: &mut Dice) -> (Duration, Verdict) {
    let answer_takes = LATENCY.min(timeout);
    let failed = |kind, text: &str| Failure {
        kind,
        text: text.into(),
    };
    let server_error = || Verdict::Retry {
        failure: failed(FailureKind::ServerError, "500"),
        after: None,
    };
    let timed_out = || Verdict::Retry {
        failure: failed(FailureKind::Other, "timeout"),
        after: None,
    };
    match behaviour {
        Behaviour::Healthy => (answer_takes, Verdict::Delivered),
        Behaviour::Failing => (answer_takes, server_error()),
        Behaviour::Rejecting => (
            answer_takes,
            Verdict::GiveUp(failed(FailureKind::ClientError, "400")),
        ),
        Behaviour::Throttling(wait) => {
            let failure = failed(FailureKind::RateLimited, "429");
            (
                answer_takes,
                Verdict::Retry {
                    failure,
                    after: Some(wait),
                },
            )
        }
        Behaviour::Hanging => (timeout, timed_out()),
        Behaviour::Flaky(share) if dice.happens(share) => {
            if dice.happens(0.2) {
                (timeout, timed_out())
            } else {
                (answer_takes, server_error())
            }
        }
        Behaviour::Flaky(_) => (answer_takes, Verdict::Delivered),
    }
}
