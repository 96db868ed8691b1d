//! How many attempts one endpoint may have in flight, learned from its answers.
//!
//! PURE. Owns three well-known mechanisms, and the state of each for one endpoint:
//!
//! - a **congestion window**, as in TCP Reno (RFC 5681): the limit of attempts in flight. In slow start
//!   it grows by one with each success. Past the size that last proved too large it grows by one with
//!   each window of successes (additive increase). It halves when an attempt fails (multiplicative
//!   decrease);
//! - a **circuit breaker**: it opens after [`FAILURES_UNTIL_OPEN`] failures in a row, or when the endpoint
//!   asks for a pause. While it is open, one attempt at a time goes out as a probe (half-open), and the
//!   first success closes it;
//! - a **rate limit** on our side (a sliding log), for an endpoint that answers 429. In the time until the
//!   endpoint accepts more, it gets no more posts than it accepted before it refused.
//!
//! An endpoint that swallows requests holds attempts without answering them. It gets only one more
//! attempt every [`PATIENCE`], which finds out whether the endpoint has recovered. Never knows a delivery,
//! a queue or another endpoint. Runs on the dispatch thread.
//!
//! ```text
//!            failures in a row, 429, Retry-After
//!   closed ──────────────────────────────────────► open ──┐ a probe fails:
//!     ▲                                             │ ▲   │ wait longer
//!     └─────────────── a probe succeeds ────────────┘ └───┘
//! ```

use std::collections::VecDeque;
use std::time::Duration;

use super::messages::{Failure, FailureKind, Verdict};
use super::random::Random;
use crate::model::Mono;

/// The window of an endpoint before its first answer, in attempts.
pub const WINDOW_UNKNOWN: usize = 4;

/// The first success opens the window to one attempt for each such part of the time it took. That is ten
/// attempts a second, a rate that any receiver bears. From there the window doubles with each round of
/// answers.
const WINDOW_PART: Duration = Duration::from_millis(100);
/// The largest window that the first success opens, in attempts.
const WINDOW_KNOWN: f64 = 24.0;

/// An endpoint that answers faster than this gets at most [`WINDOW_FAST`] attempts at a time: more would
/// gain nothing and cost threads and wake-ups.
const FAST: Duration = Duration::from_millis(10);
/// The largest window of an endpoint that answers within [`FAST`], in attempts.
const WINDOW_FAST: usize = 4;

/// Failures in a row that open the circuit breaker.
const FAILURES_UNTIL_OPEN: u32 = 3;
/// The first wait for a probe, before jitter.
const PROBE_WAIT_FIRST: Duration = Duration::from_millis(500);
/// The factor by which each wait exceeds the one before.
const PROBE_WAIT_FACTOR: f64 = 1.5;
/// The longest wait, before jitter. It is short because a probe costs one small request, and pages wait
/// for it.
const PROBE_WAIT_MOST: Duration = Duration::from_secs(5);

/// An endpoint swallows requests if an attempt is in flight for longer than this, and for longer than
/// [`OVERDUE_FACTOR`] times the usual answer time.
const OVERDUE: Duration = Duration::from_secs(10);
/// See [`OVERDUE`].
const OVERDUE_FACTOR: u32 = 4;
/// How long after its last attempt an endpoint that swallows requests gets another one.
const PATIENCE: Duration = Duration::from_secs(10);

/// The factor by which the span of a rate limit is taken longer than measured. Clocks and networks are not
/// exact, and each refused attempt costs a whole pause.
const RATE_MARGIN: f64 = 1.05;
/// A pause of this length between attempts ends a burst, unless the rate limit imposes the pause.
const BURST_BREAK: Duration = Duration::from_secs(1);
/// The most posts that a rate limit counts. A larger limit is scaled down to this many posts in less time.
const RATE_POSTS: u32 = 512;
/// The slowest rate limit that is learned from refusals is one post in this time. A single refused request
/// can be chance.
const RATE_SLOWEST: Duration = Duration::from_secs(10);
/// A rate limit of more than one post in this time is dropped.
const RATE_FASTEST: Duration = Duration::from_millis(5);
/// How long a rate limit holds after a refusal before it is first doubled, in pauses of the endpoint. Each
/// doubling can cost another pause.
const RATE_HOLDS_PAUSES: u32 = 10;
/// The minimum and maximum of the time that [`RATE_HOLDS_PAUSES`] gives.
const RATE_HOLDS: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(600));
/// The time between two doublings of a rate limit.
const RATE_DOUBLES: Duration = Duration::from_secs(30);

/// When an endpoint may get its next attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Now.
    Now,
    /// At this time, or earlier if an attempt ends before.
    At(Mono),
    /// After an attempt in flight has ended.
    AfterAnEnd,
}

/// A change of an endpoint's state that is reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// The circuit breaker opened because of failures; this is the last one.
    Down(Failure),
    /// The circuit breaker closed; it had been open since this time.
    Up(Mono),
    /// The endpoint asked for a pause of this length.
    Paused(Duration),
}

/// The state of one endpoint.
#[derive(Clone, Debug)]
pub struct EndpointState {
    /// The largest window.
    largest: usize,
    /// Whether all its webhooks go to one host, so that the health of one says something about the others.
    is_one_host: bool,
    /// The start times of the attempts in flight, oldest first.
    out: VecDeque<Mono>,
    last_start: Mono,
    window: f64,
    /// The size up to which the window grows by one with each success (the slow start threshold).
    slow_start_until: f64,
    /// When the window was last halved. Failures of attempts that began before do not halve it again.
    halved_at: Mono,
    /// The smoothed answer time; `None` before the first success.
    usual: Option<Duration>,
    failures_in_a_row: u32,
    breaker: Option<Open>,
    burst: Burst,
    rate: Option<RateLimit>,
}

/// An open circuit breaker.
#[derive(Clone, Debug)]
struct Open {
    since: Mono,
    /// When the next probe may go out.
    probe_at: Mono,
    /// The wait after the next probe fails, before jitter.
    wait: Duration,
    /// The last failure; `None` if the endpoint only asked for a pause.
    failure: Option<Failure>,
}

/// A time in which attempts followed one another without a break.
#[derive(Clone, Copy, Debug, Default)]
struct Burst {
    began_at: Mono,
    /// The last start or end of an attempt.
    last_at: Mono,
    successes: u32,
}

/// At most `posts` starts in any time of length `span` (a sliding log).
#[derive(Clone, Debug)]
struct RateLimit {
    posts: u32,
    span: Duration,
    /// The last `posts` starts, oldest first.
    starts: VecDeque<Mono>,
    doubles_at: Mono,
}

impl EndpointState {
    /// The state of an endpoint that has not answered yet. `largest` is the largest window it can get;
    /// `is_one_host` says whether all its webhooks go to one host.
    pub fn new(largest: usize, is_one_host: bool) -> Self {
        EndpointState {
            largest,
            is_one_host,
            out: VecDeque::new(),
            last_start: Mono::START,
            window: largest.min(WINDOW_UNKNOWN) as f64,
            slow_start_until: largest as f64,
            halved_at: Mono::START,
            usual: None,
            failures_in_a_row: 0,
            breaker: None,
            burst: Burst::default(),
            rate: None,
        }
    }

    /// When the next attempt may start, as far as the endpoint itself allows.
    pub fn turn(&self, now: Mono) -> Turn {
        // Several hosts share no health: only their number in flight is bounded.
        if !self.is_one_host {
            let has_room = self.out.len() < self.largest;
            return if has_room {
                Turn::Now
            } else {
                Turn::AfterAnEnd
            };
        }
        // The rate limit and the breaker set the earliest time; the window, or the breaker, the number.
        let rate = self.rate.as_ref();
        let mut earliest = rate.map_or(Mono::START, RateLimit::allows_at);
        let usual_limit = match &self.breaker {
            None => self.limit(),
            Some(open) => {
                earliest = earliest.max(open.probe_at);
                1
            }
        };
        let swallows_at = self
            .out
            .front()
            .map(|oldest| *oldest + self.overdue_after());
        let swallows = swallows_at.is_some_and(|at| at <= now);
        // Beyond that number, allow one attempt per `PATIENCE` if the endpoint swallows requests.
        if self.out.len() >= usual_limit || swallows {
            if self.out.len() >= usual_limit + WINDOW_UNKNOWN {
                return Turn::AfterAnEnd;
            }
            earliest = earliest
                .max(self.last_start + PATIENCE)
                .max(swallows_at.unwrap_or(now));
        }
        if earliest <= now {
            Turn::Now
        } else {
            Turn::At(earliest)
        }
    }

    /// Counts the start of an attempt.
    pub fn start(&mut self, now: Mono) {
        let span = self.rate.as_ref().map_or(Duration::ZERO, |rate| rate.span);
        let break_at = self.burst.last_at + BURST_BREAK.max(span * 2);
        if self.out.is_empty() && break_at <= now {
            self.burst = Burst {
                began_at: now,
                ..Burst::default()
            };
        }
        self.burst.last_at = now;
        if let Some(rate) = &mut self.rate {
            rate.start(now);
        }
        self.out.push_back(now);
        self.last_start = now;
    }

    /// Counts the end of the attempt that began at `started_at`; its worker took `took`. Updates window,
    /// breaker and rate limit. Returns a change that has to be reported.
    pub fn end(
        &mut self,
        started_at: Mono,
        took: Duration,
        verdict: &Verdict,
        now: Mono,
        random: &mut Random,
    ) -> Option<Change> {
        let is_full = self.out.len() >= self.limit();
        self.forget_start(started_at);
        self.burst.last_at = now;
        if !self.is_one_host {
            return None;
        }
        match verdict {
            Verdict::Delivered | Verdict::GiveUp(_) => self.succeed(took, is_full, now),
            Verdict::Retry { failure, after } => {
                let is_throttled = failure.kind == FailureKind::RateLimited;
                self.shrink(started_at, now);
                if is_throttled || after.is_some() {
                    return self.pause(*after, is_throttled, (started_at, now), random);
                }
                self.fail(failure, started_at, now, random)
            }
        }
    }

    /// Takes back the start counted at `started_at`: no attempt was made.
    pub fn cancel(&mut self, started_at: Mono) {
        self.forget_start(started_at);
    }

    /// Opens the breaker until `until`, after which one probe goes out. Restores the pause that the endpoint
    /// asked a previous run for.
    pub fn pause_until(&mut self, until: Mono, now: Mono) {
        let open = self.opened(now);
        open.probe_at = open.probe_at.max(until);
    }

    /// The number of attempts in flight.
    pub fn out(&self) -> usize {
        self.out.len()
    }

    /// Whether the endpoint is healthy: it has had a success, its breaker is closed, and it does not swallow
    /// requests.
    pub fn is_well(&self, now: Mono) -> bool {
        let swallows_at = self
            .out
            .front()
            .map(|oldest| *oldest + self.overdue_after());
        self.usual.is_some() && self.breaker.is_none() && swallows_at.is_none_or(|at| at > now)
    }

    /// Whether the breaker is open, so that attempts go out one at a time.
    pub fn is_probed(&self) -> bool {
        self.breaker.is_some()
    }

    /// The last failure, while the breaker is open because of failures.
    pub fn is_down_with(&self) -> Option<&Failure> {
        self.breaker.as_ref()?.failure.as_ref()
    }

    fn limit(&self) -> usize {
        let window = self.window as usize;
        if self.usual.is_some_and(|usual| usual < FAST) {
            return window.min(WINDOW_FAST);
        }
        window
    }

    fn overdue_after(&self) -> Duration {
        let usual = self.usual.unwrap_or_default();
        OVERDUE.max(usual.saturating_mul(OVERDUE_FACTOR))
    }

    fn forget_start(&mut self, started_at: Mono) {
        let position = self.out.iter().position(|start| *start == started_at);
        self.out
            .remove(position.expect("an attempt that is out has a start"));
    }

    fn succeed(&mut self, took: Duration, is_full: bool, now: Mono) -> Option<Change> {
        // The window grows only while it is used in full: an idle endpoint proves nothing.
        let most = self.largest as f64;
        match self.usual {
            None => {
                let parts = took.div_duration_f64(WINDOW_PART).min(WINDOW_KNOWN);
                self.window = self.window.max(parts);
            }
            Some(_) if is_full && self.window < self.slow_start_until => self.window += 1.0,
            Some(_) if is_full => self.window += 1.0 / self.window,
            Some(_) => {}
        }
        self.window = self.window.min(most);
        // Smoothed as TCP smooths its round-trip times (RFC 6298).
        self.usual = Some(self.usual.map_or(took, |usual| usual / 8 * 7 + took / 8));
        self.failures_in_a_row = 0;
        self.burst.successes += 1;
        self.rate.take_if(|rate| rate.outgrow(now));
        let open = self.breaker.take()?;
        self.window = self.window.max(most.min(WINDOW_UNKNOWN as f64));
        open.failure.map(|_| Change::Up(open.since))
    }

    /// Halves the window, once for all attempts that were in flight together.
    fn shrink(&mut self, started_at: Mono, now: Mono) {
        if started_at >= self.halved_at {
            self.window = (self.window / 2.0).max(1.0);
            self.slow_start_until = self.window;
            self.halved_at = now;
        }
    }

    fn fail(
        &mut self,
        failure: &Failure,
        started_at: Mono,
        now: Mono,
        random: &mut Random,
    ) -> Option<Change> {
        self.failures_in_a_row += 1;
        if self.breaker.is_none() && self.failures_in_a_row < FAILURES_UNTIL_OPEN {
            return None;
        }
        let was_down = self.is_down_with().is_some();
        let is_opening = self.breaker.is_none();
        let open = self.opened(now);
        open.failure = Some(failure.clone());
        if is_opening || started_at >= open.probe_at {
            open.after_a_probe(started_at, random);
        }
        (!was_down).then(|| Change::Down(failure.clone()))
    }

    /// Opens the breaker because the endpoint asked for a pause: with `Retry-After` for `after`, or with 429
    /// alone for the next probe wait.
    fn pause(
        &mut self,
        after: Option<Duration>,
        is_throttled: bool,
        (started_at, now): (Mono, Mono),
        random: &mut Random,
    ) -> Option<Change> {
        let was_open = self.breaker.is_some();
        let open = self.opened(now);
        match after {
            Some(after) => {
                open.probe_at = open.probe_at.max(now + after);
            }
            None if !was_open || started_at >= open.probe_at => open.after_a_probe(now, random),
            None => {}
        }
        let pause = open.probe_at.since(now);
        if is_throttled && !was_open {
            self.learn_rate(now);
        }
        (!was_open).then_some(Change::Paused(pause))
    }

    /// Learns a rate limit from a refusal: the endpoint bears the posts it accepted in this burst, in the
    /// time until it accepts more.
    fn learn_rate(&mut self, now: Mono) {
        let successes = self.burst.successes;
        if successes == 0 {
            return;
        }
        let until = self.breaker.as_ref().map_or(now, |open| open.probe_at);
        let known = self.rate.as_ref().map_or(RATE_POSTS, |rate| rate.posts);
        let posts = successes.min(known);
        let each = until.since(self.burst.began_at).mul_f64(RATE_MARGIN) / successes;
        let (least, most) = RATE_HOLDS;
        let holds = until.since(now) * RATE_HOLDS_PAUSES;
        self.rate = Some(RateLimit {
            posts,
            span: each.min(RATE_SLOWEST) * posts,
            starts: VecDeque::new(),
            doubles_at: until + holds.clamp(least, most),
        });
    }

    fn opened(&mut self, now: Mono) -> &mut Open {
        self.breaker.get_or_insert(Open {
            since: now,
            probe_at: now,
            wait: PROBE_WAIT_FIRST,
            failure: None,
        })
    }
}

impl Open {
    /// Sets the time of the next probe: one jittered wait after `started_at`. Lengthens the wait after it.
    fn after_a_probe(&mut self, started_at: Mono, random: &mut Random) {
        let jitter = 0.5 + random.fraction();
        self.probe_at = self.probe_at.max(started_at + self.wait.mul_f64(jitter));
        self.wait = self.wait.mul_f64(PROBE_WAIT_FACTOR).min(PROBE_WAIT_MOST);
    }
}

impl RateLimit {
    /// The earliest time at which the next start is within the limit.
    fn allows_at(&self) -> Mono {
        if self.starts.len() < self.posts as usize {
            return Mono::START;
        }
        self.starts
            .front()
            .map_or(Mono::START, |oldest| *oldest + self.span)
    }

    fn start(&mut self, now: Mono) {
        self.starts.push_back(now);
        while self.starts.len() > self.posts as usize {
            self.starts.pop_front();
        }
    }

    /// Doubles the limit once it has held long enough. Returns whether it is so wide that it can be dropped.
    fn outgrow(&mut self, now: Mono) -> bool {
        while now >= self.doubles_at && self.span > Duration::ZERO {
            self.span /= 2;
            self.doubles_at = self.doubles_at + RATE_DOUBLES;
        }
        self.span / self.posts < RATE_FASTEST
    }
}

#[cfg(test)]
mod tests;
