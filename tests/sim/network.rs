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
    /// Answers 200, mostly after some such time, and one time in fifty after ten times as long.
    Slow(Duration),
    /// Answers 200, after twenty seconds at first and sooner and sooner from then on.
    Waking,
    /// Answers 200 to so many in any such time, and 429 to the others.
    Quota(usize, Duration),
    /// Is not reached: connections are refused, or nothing is heard for three seconds.
    Away,
    /// Has a first address that swallows what is sent there, and a second one that is tried soon after.
    HasAHole,
}

/// How long an answer takes.
pub const LATENCY: Duration = Duration::from_millis(10);

/// How long the first answer of a receiver that wakes up takes.
const WAKING: Duration = Duration::from_secs(20);

/// How long a second address waits for the first (RFC 8305).
const HOLE: Duration = Duration::from_millis(250);

/// How long it takes to notice that nobody is there.
const NOBODY: Duration = Duration::from_secs(3);

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
    /// By receiver or webhook: what it does, and since when.
    behaviours: BTreeMap<String, (Behaviour, Mono)>,
    /// When those with a quota took something.
    taken: BTreeMap<String, Vec<Mono>>,
    flights: BTreeMap<AttemptId, Flight>,
    landings: BTreeSet<(Mono, AttemptId)>,
}

impl Network {
    /// Makes a receiver, or with `name/index` one webhook of it, behave like this from now on.
    pub fn set_behaviour(&mut self, receiver: &str, behaviour: Behaviour, now: Mono) {
        self.behaviours
            .insert(receiver.to_owned(), (behaviour, now));
    }

    /// Whether a receiver has answered at once for so long.
    pub fn has_been_well(&self, receiver: &str, since: Mono) -> bool {
        let of_webhook = format!("{receiver}/");
        let its = self
            .behaviours
            .iter()
            .filter(|(name, _)| *name == receiver || name.starts_with(&of_webhook));
        its.into_iter()
            .all(|(_, (behaviour, at))| *behaviour == Behaviour::Healthy && *at <= since)
    }

    fn behaviour(&self, notification: &Notification) -> (Behaviour, Mono) {
        let webhook = format!("{}/{}", notification.receiver, notification.webhook_index);
        let receiver = &*notification.receiver;
        let known = self
            .behaviours
            .get(&webhook)
            .or_else(|| self.behaviours.get(receiver));
        known.copied().unwrap_or((Behaviour::Healthy, Mono::START))
    }

    /// All receivers answer from now on.
    pub fn heal(&mut self, now: Mono) {
        for behaviour in self.behaviours.values_mut() {
            *behaviour = (Behaviour::Healthy, now);
        }
    }

    /// A worker begins an attempt.
    pub fn start(&mut self, job: Job, now: Mono, dice: &mut Dice) {
        let (behaviour, since) = self.behaviour(&job.notification);
        let behaviour = match behaviour {
            Behaviour::Quota(posts, span) => self.within_quota(&job.notification, posts, span, now),
            other => other,
        };
        let (takes, verdict) = treat(behaviour, now.since(since), job.timeout, dice);
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

    /// What a receiver with a quota does with what comes now.
    fn within_quota(
        &mut self,
        notification: &Notification,
        posts: usize,
        span: Duration,
        now: Mono,
    ) -> Behaviour {
        let taken = self.taken.entry(notification.receiver.to_string());
        let taken = taken.or_default();
        taken.retain(|at| now.since(*at) < span);
        if taken.len() < posts {
            taken.push(now);
            return Behaviour::Healthy;
        }
        let free_at = taken.first().map_or(now, |oldest| *oldest + span);
        // In whole seconds, as the header has them.
        let wait = free_at.since(now).as_secs() + 1;
        Behaviour::Throttling(Duration::from_secs(wait))
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

/// What becomes of an attempt at a receiver that has behaved like this `for_so_long`.
fn treat(
    behaviour: Behaviour,
    for_so_long: Duration,
    timeout: Duration,
    dice: &mut Dice,
) -> (Duration, Verdict) {
    let answer_takes = LATENCY.min(timeout);
    let failed = |kind, text: &str| Failure {
        kind,
        text: text.into(),
    };
    let server_error = || Verdict::Retry {
        failure: failed(FailureKind::ServerError, "500"),
        after: None,
    };
    let unreached = |text: &str| Verdict::Retry {
        failure: failed(FailureKind::Other, text),
        after: None,
    };
    let timed_out = || unreached("timeout");
    let answers_after = |latency: Duration| {
        if latency < timeout {
            (latency, Verdict::Delivered)
        } else {
            (timeout, timed_out())
        }
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
        Behaviour::Slow(usual) => {
            let latency = usual / 2 + dice.up_to(usual);
            let factor = if dice.happens(0.02) { 10 } else { 1 };
            answers_after(latency * factor)
        }
        Behaviour::Waking => answers_after(WAKING.saturating_sub(for_so_long).max(LATENCY)),
        Behaviour::Away if dice.happens(0.5) => (Duration::ZERO, unreached("refused")),
        Behaviour::Away => (NOBODY.min(timeout), unreached("no route")),
        Behaviour::HasAHole => answers_after(HOLE + LATENCY),
        Behaviour::Quota(..) => unreachable!("either within it or throttling"),
    }
}
