//! Which delivery gets the next worker, so that endpoints share the workers fairly.
//!
//! PURE. Owns the queues of ready deliveries, one for each endpoint, and the count of attempts in flight.
//! `endpoint.rs` bounds the attempts to one endpoint; the queues share the workers among all endpoints.
//! Queues take turns (round robin). Each endpoint can always have one worker. The endpoints that have not
//! answered lately share at most half of the other workers, however many endpoints they are. So a healthy
//! endpoint never waits for an unhealthy one. Runs on the dispatch thread.
//!
//! ```text
//!            enqueue                take_next               finish
//!  ready ───────────────► waiting ───────────────► in use ───────────► free
//!            └── withdraw ◄──┘
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::endpoint::{Change, EndpointState, Turn};
use super::group::GroupId;
use super::messages::{Failure, Outcome};
use super::random::Random;
use crate::config::Endpoint;
use crate::model::Mono;

/// Names the queue of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct QueueId(usize);

/// A place in a queue, ordered by how long its delivery has waited. A delivery that leaves the queue can
/// enter again at the same place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Since when the delivery at this place waits.
    pub since: Mono,
    number: u64,
}

/// A delivery: a group and the position of a webhook in the group's receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DeliveryId {
    /// The group.
    pub group: GroupId,
    /// Position of the webhook in the receiver.
    pub webhook_index: usize,
}

/// The limits of attempts in flight, from command-line flags.
#[derive(Clone, Copy, Debug)]
pub struct Shares {
    /// Maximum attempts in flight, beside the one that each endpoint can always have.
    pub workers: usize,
    /// Maximum attempts in flight to one endpoint.
    pub per_endpoint: usize,
}

/// How long a delivery waits before the wait is logged.
pub const WAIT_WORTH_A_LINE: Duration = Duration::from_secs(5);

/// A delivery that may start.
#[derive(Clone, Copy, Debug)]
pub struct Next {
    /// The delivery.
    pub delivery: DeliveryId,
    /// How long it has waited.
    pub waited: Duration,
}

/// Deliveries to one endpoint that have waited for at least [`WAIT_WORTH_A_LINE`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LongWait {
    /// The endpoint they wait for.
    pub endpoint: Endpoint,
    /// How many deliveries wait for it.
    pub waiting: usize,
    /// Since when the first of them waits.
    pub since: Mono,
}

/// The queues of all endpoints.
#[derive(Debug)]
pub struct Queues {
    shares: Shares,
    queues: Vec<Queue>,
    free: Vec<QueueId>,
    by_endpoint: BTreeMap<Endpoint, QueueId>,
    /// The queues that are not empty.
    waiting_in: BTreeSet<QueueId>,
    /// The queue that was served last; the next search starts after it.
    last_served: QueueId,
    next_number: u64,
    in_use: usize,
    /// Attempts in flight beside the first of each endpoint.
    shared_in_use: usize,
    waiting: usize,
}

#[derive(Debug)]
struct Queue {
    /// `None` while the queue is in the list of free queues.
    endpoint: Option<Endpoint>,
    state: EndpointState,
    entries: BTreeMap<Place, Waiting>,
    /// Whether the wait in this queue was logged.
    is_wait_told: bool,
}

#[derive(Clone, Copy, Debug)]
struct Waiting {
    delivery: DeliveryId,
    /// When its last attempt failed; `None` if none has.
    tried_at: Option<Mono>,
}

impl Queues {
    /// No queue yet. [`Queues::queue_of`] makes the queue of an endpoint.
    pub fn new(shares: Shares) -> Self {
        Queues {
            shares,
            queues: Vec::new(),
            free: Vec::new(),
            by_endpoint: BTreeMap::new(),
            waiting_in: BTreeSet::new(),
            last_served: QueueId(0),
            next_number: 0,
            in_use: 0,
            shared_in_use: 0,
            waiting: 0,
        }
    }

    /// The queue of an endpoint. Makes the queue if the endpoint is new.
    pub fn queue_of(&mut self, endpoint: &Endpoint) -> QueueId {
        if let Some(&queue) = self.by_endpoint.get(endpoint) {
            return queue;
        }
        let made = Queue {
            endpoint: Some(endpoint.clone()),
            state: EndpointState::new(self.shares.per_endpoint, endpoint.is_one_host()),
            entries: BTreeMap::new(),
            is_wait_told: false,
        };
        let queue = if let Some(queue) = self.free.pop() {
            self.queues[queue.0] = made;
            queue
        } else {
            self.queues.push(made);
            QueueId(self.queues.len() - 1)
        };
        self.by_endpoint.insert(endpoint.clone(), queue);
        queue
    }

    /// Frees the queues that have neither a delivery nor an attempt in flight and whose endpoint `keep`
    /// rejects.
    pub fn forget_unused(&mut self, keep: impl Fn(&Endpoint) -> bool) {
        for (index, queue) in self.queues.iter_mut().enumerate() {
            let is_idle = queue.entries.is_empty() && queue.state.out() == 0;
            let refused = |endpoint: &mut Endpoint| is_idle && !keep(endpoint);
            if let Some(endpoint) = queue.endpoint.take_if(refused) {
                self.by_endpoint.remove(&endpoint);
                self.free.push(QueueId(index));
            }
        }
    }

    /// Queues a delivery, at its previous `place` if given, else at the end.
    pub fn enqueue(
        &mut self,
        queue: QueueId,
        delivery: DeliveryId,
        place: Option<Place>,
        tried_at: Option<Mono>,
        now: Mono,
    ) -> Place {
        let place = place.unwrap_or_else(|| {
            self.next_number += 1;
            Place {
                since: now,
                number: self.next_number,
            }
        });
        let waiting = Waiting { delivery, tried_at };
        let displaced = self.queues[queue.0].entries.insert(place, waiting);
        assert!(displaced.is_none(), "two deliveries at one place");
        self.waiting_in.insert(queue);
        self.waiting += 1;
        place
    }

    /// Removes the delivery at `place` from the queue.
    pub fn withdraw(&mut self, queue: QueueId, place: Place) {
        if self.queues[queue.0].entries.remove(&place).is_some() {
            self.one_less_waits(queue);
        }
    }

    /// Takes the next delivery that may start, and counts its attempt as started.
    pub fn take_next(&mut self, now: Mono) -> Option<Next> {
        // Round robin: the queues after the one served last, then those up to it.
        let after = self.waiting_in.range(self.following()..);
        let before = self.waiting_in.range(..self.following());
        let mut in_turn = after.chain(before).copied();
        let queue = in_turn.find(|queue| self.turn_of(*queue, now) == Turn::Now)?;
        let entry = &mut self.queues[queue.0];
        let place = entry
            .next_place()
            .expect("a queue in which something waits");
        let waiting = entry.entries.remove(&place).expect("the place just found");
        // The first attempt of an endpoint takes no shared worker.
        if entry.state.out() > 0 {
            self.shared_in_use += 1;
        }
        entry.state.start(now);
        self.last_served = queue;
        self.in_use += 1;
        self.one_less_waits(queue);
        Some(Next {
            delivery: waiting.delivery,
            waited: now.since(place.since),
        })
    }

    /// Counts an attempt to this endpoint as started, if the endpoint takes one now and no delivery waits for it.
    pub fn start_idle(&mut self, queue: QueueId, now: Mono) -> bool {
        let is_idle = self.queues[queue.0].entries.is_empty();
        let is_its_turn = self.queues[queue.0].state.out() == 0;
        if !is_idle || !is_its_turn || self.turn_of(queue, now) != Turn::Now {
            return false;
        }
        // The first attempt of an endpoint takes no shared worker.
        self.queues[queue.0].state.start(now);
        self.in_use += 1;
        true
    }

    /// Takes back the start that [`Queues::take_next`] counted at `started_at`: no attempt was made.
    pub fn put_back(&mut self, queue: QueueId, started_at: Mono) {
        self.queues[queue.0].state.cancel(started_at);
        self.one_less_out(queue);
    }

    /// Counts the attempt that began at `started_at` as ended, and updates the state of its endpoint.
    /// Returns what has changed there, if it has to be reported.
    pub fn finish(
        &mut self,
        queue: QueueId,
        started_at: Mono,
        outcome: &Outcome,
        now: Mono,
        random: &mut Random,
    ) -> Option<Change> {
        let state = &mut self.queues[queue.0].state;
        let change = state.end(started_at, outcome.took, &outcome.verdict, now, random);
        self.one_less_out(queue);
        change
    }

    /// Starts no attempt to an endpoint before `until`.
    pub fn pause_until(&mut self, queue: QueueId, until: Mono, now: Mono) {
        self.queues[queue.0].state.pause_until(until, now);
    }

    /// When [`Queues::take_next`] or [`Queues::long_wait`] can next find something merely because time has
    /// passed; `None` if neither can.
    pub fn next_look_at(&self, now: Mono) -> Option<Mono> {
        let of_queue = |queue: &QueueId| {
            let entry = &self.queues[queue.0];
            let turn = match self.turn_of(*queue, now) {
                Turn::At(at) => Some(at),
                Turn::Now | Turn::AfterAnEnd => None,
            };
            let told = (!entry.is_wait_told)
                .then(|| entry.waits_long_at())
                .flatten();
            turn.into_iter().chain(told).min()
        };
        self.waiting_in.iter().filter_map(of_queue).min()
    }

    /// The next endpoint whose deliveries have waited long and whose wait is not logged yet. Counts it as
    /// logged.
    pub fn long_wait(&mut self, now: Mono) -> Option<LongWait> {
        let waits_long = |queue: &&QueueId| {
            let entry = &self.queues[queue.0];
            !entry.is_wait_told && entry.waits_long_at().is_some_and(|at| at <= now)
        };
        let queue = *self.waiting_in.iter().find(waits_long)?;
        let entry = &mut self.queues[queue.0];
        entry.is_wait_told = true;
        Some(LongWait {
            endpoint: entry.endpoint.clone()?,
            waiting: entry.entries.len(),
            since: entry.entries.first_key_value()?.0.since,
        })
    }

    /// Checks that the queues hold exactly the deliveries in `ready` and that all counts are right. Returns
    /// the first violation. `in_flight` is the number of attempts in flight.
    pub fn check(
        &self,
        ready: &[(QueueId, Place, DeliveryId)],
        in_flight: usize,
    ) -> Result<(), String> {
        for (queue, place, delivery) in ready {
            let waiting = self.queues[queue.0].entries.get(place);
            if waiting.is_none_or(|waiting| waiting.delivery != *delivery) {
                return Err(format!(
                    "{delivery:?} is ready, and does not wait at its place"
                ));
            }
        }
        let entries = self.queues.iter().map(|queue| queue.entries.len()).sum();
        if (ready.len(), self.waiting) != (entries, entries) {
            let (ready, waiting) = (ready.len(), self.waiting);
            return Err(format!(
                "{ready} are ready, {waiting} count as waiting, and {entries} do"
            ));
        }
        let is_waited_in = |&queue: &usize| !self.queues[queue].entries.is_empty();
        let waited_in = (0..self.queues.len()).filter(is_waited_in).map(QueueId);
        if !waited_in.eq(self.waiting_in.iter().copied()) {
            return Err("the set of queues in which something waits is another".to_owned());
        }
        let out = self.queues.iter().map(|queue| queue.state.out());
        let shared = out.clone().map(|out| out.saturating_sub(1)).sum();
        let counts = (self.in_use, self.in_use, self.shared_in_use);
        let actual: (usize, usize, usize) = (in_flight, out.sum(), shared);
        if counts != actual {
            return Err(format!(
                "attempts out and shared count as {counts:?}, not {actual:?}"
            ));
        }
        Ok(())
    }

    /// The number of deliveries that wait for a worker.
    pub fn waiting(&self) -> usize {
        self.waiting
    }

    /// Whether a delivery waits for an attempt in flight to end, and not only for a time to come.
    pub fn waits_for_an_end(&self, now: Mono) -> bool {
        let waits = |queue: &QueueId| {
            self.queues[queue.0].state.out() > 0 || self.turn_of(*queue, now) == Turn::AfterAnEnd
        };
        self.in_use > 0 && self.waiting_in.iter().any(waits)
    }

    /// The number of deliveries in this queue.
    pub fn waiting_at(&self, queue: QueueId) -> usize {
        self.queues[queue.0].entries.len()
    }

    /// The endpoint of a queue that is in use.
    pub fn endpoint(&self, queue: QueueId) -> &Endpoint {
        let endpoint = self.queues[queue.0].endpoint.as_ref();
        endpoint.expect("a queue in use has an endpoint")
    }

    /// Whether the circuit breaker of the endpoint is open, so that it only gets probes.
    pub fn is_probed(&self, queue: QueueId) -> bool {
        self.queues[queue.0].state.is_probed()
    }

    /// The last failure of an endpoint that is down; `None` if the endpoint is not down.
    pub fn is_down_with(&self, queue: QueueId) -> Option<&Failure> {
        self.queues[queue.0].state.is_down_with()
    }

    /// The number of endpoints that are down.
    pub fn down(&self) -> usize {
        let used = self.by_endpoint.values();
        used.filter(|queue| self.is_down_with(**queue).is_some())
            .count()
    }

    fn following(&self) -> QueueId {
        QueueId(self.last_served.0 + 1)
    }

    /// When the endpoint of this queue may get its next attempt: as its own state allows, but not before a
    /// worker is free for it. An unhealthy endpoint can use only half of the shared workers.
    fn turn_of(&self, queue: QueueId, now: Mono) -> Turn {
        let state = &self.queues[queue.0].state;
        let turn = state.turn(now);
        let share = if state.is_well(now) {
            self.shares.workers
        } else {
            self.shares.workers / 2
        };
        let has_worker = state.out() == 0 || self.shared_in_use < share;
        if has_worker { turn } else { Turn::AfterAnEnd }
    }

    fn one_less_waits(&mut self, queue: QueueId) {
        self.waiting -= 1;
        let entry = &mut self.queues[queue.0];
        if entry.entries.is_empty() {
            self.waiting_in.remove(&queue);
            entry.is_wait_told = false;
        }
    }

    fn one_less_out(&mut self, queue: QueueId) {
        self.in_use -= 1;
        if self.queues[queue.0].state.out() > 0 {
            self.shared_in_use -= 1;
        }
    }
}

impl Queue {
    /// The place of the delivery to start next: the first in the queue. A probe instead takes one that was
    /// not tried yet, or else the one whose last failure is oldest, because the endpoint may reject one body
    /// and accept others.
    fn next_place(&self) -> Option<Place> {
        let first = || self.entries.first_key_value().map(|(place, _)| *place);
        if !self.state.is_probed() {
            return first();
        }
        let by_trial = self.entries.iter();
        let next = by_trial.min_by_key(|(place, waiting)| (waiting.tried_at, **place));
        next.map(|(place, _)| *place)
    }

    /// When the wait of the first delivery becomes long. `None` while the endpoint gets probes only, which
    /// is logged anyway.
    fn waits_long_at(&self) -> Option<Mono> {
        if self.state.is_probed() {
            return None;
        }
        let (first, _) = self.entries.first_key_value()?;
        Some(first.since + WAIT_WORTH_A_LINE)
    }
}

#[cfg(test)]
mod tests;
