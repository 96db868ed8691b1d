//! Who may use a worker next.
//!
//! PURE. Owns the queues of deliveries that are ready, one for each endpoint, and the count of attempts
//! that are out. How much an endpoint may be asked is its own state's to say (`endpoint.rs`); here they
//! share the workers: queues take turns, each endpoint can always have one worker, and those that have
//! not answered lately get no more than half of the others, however many they are. So an endpoint that
//! is well never waits for one that is not. Runs on the dispatch thread.
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

/// A place in a queue; those that wait longer come first. It can be given back and taken again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Since when whoever stands there waits.
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

/// What the flags say about workers.
#[derive(Clone, Copy, Debug)]
pub struct Shares {
    /// Attempts that may be out beside the one that each endpoint can always have.
    pub workers: usize,
    /// The most that may be out to one endpoint.
    pub per_endpoint: usize,
}

/// How long a delivery waits before people are told so.
pub const WAIT_WORTH_A_LINE: Duration = Duration::from_secs(5);

/// A delivery that may start.
#[derive(Clone, Copy, Debug)]
pub struct Next {
    /// Which.
    pub delivery: DeliveryId,
    /// How long it has waited.
    pub waited: Duration,
}

/// Deliveries to one endpoint that wait for long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LongWait {
    /// Where they go.
    pub endpoint: Endpoint,
    /// How many wait.
    pub waiting: usize,
    /// Since when the first of them waits.
    pub since: Mono,
}

/// All queues.
#[derive(Debug)]
pub struct Queues {
    shares: Shares,
    queues: Vec<Queue>,
    free: Vec<QueueId>,
    by_endpoint: BTreeMap<Endpoint, QueueId>,
    /// The queues in which something waits.
    waiting_in: BTreeSet<QueueId>,
    /// The queue that was served last; the next search starts after it.
    last_served: QueueId,
    next_number: u64,
    in_use: usize,
    /// Attempts that are out beside the first of each endpoint.
    shared_in_use: usize,
    waiting: usize,
}

#[derive(Debug)]
struct Queue {
    /// `None` while it stands in the list of free queues.
    endpoint: Option<Endpoint>,
    state: EndpointState,
    entries: BTreeMap<Place, Waiting>,
    /// Whether people were told that deliveries wait here.
    is_wait_told: bool,
}

#[derive(Clone, Copy, Debug)]
struct Waiting {
    delivery: DeliveryId,
    /// When its last attempt failed, if one has.
    tried_at: Option<Mono>,
}

impl Queues {
    /// No queue yet; they come with the endpoints.
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

    /// The queue of an endpoint, made if it is new.
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

    /// Forgets queues that nothing uses and whose endpoint `keep` refuses.
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

    /// Queues a delivery, at the `place` it had before if it had one, else at the end.
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

    /// Takes a delivery out of the queue.
    pub fn withdraw(&mut self, queue: QueueId, place: Place) {
        if self.queues[queue.0].entries.remove(&place).is_some() {
            self.one_less_waits(queue);
        }
    }

    /// The next delivery that may start; it counts as started.
    pub fn take_next(&mut self, now: Mono) -> Option<Next> {
        let after = self.waiting_in.range(self.following()..);
        let before = self.waiting_in.range(..self.following());
        let mut in_turn = after.chain(before).copied();
        let queue = in_turn.find(|queue| self.turn_of(*queue, now) == Turn::Now)?;
        let entry = &mut self.queues[queue.0];
        let place = entry
            .next_place()
            .expect("a queue in which something waits");
        let waiting = entry.entries.remove(&place).expect("the place just found");
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

    /// Gives back what [`Queues::take_next`] took at `started_at`: no attempt was made after all.
    pub fn put_back(&mut self, queue: QueueId, started_at: Mono) {
        self.queues[queue.0].state.cancel(started_at);
        self.one_less_out(queue);
    }

    /// An attempt that began at `started_at` has ended.
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

    /// Sends nothing to an endpoint before `until`.
    pub fn pause_until(&mut self, queue: QueueId, until: Mono, now: Mono) {
        self.queues[queue.0].state.pause_until(until, now);
    }

    /// When [`Queues::take_next`] may find something that it does not find now, or
    /// [`Queues::long_wait`] has something to tell, if time alone brings that about.
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

    /// The next endpoint whose deliveries wait for long and whose operator was not told so.
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

    /// Whether the queues hold what is `ready` and nothing else, and the counts are those of what is there;
    /// else what is wrong. `in_flight` attempts are out.
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

    /// Deliveries that wait for a worker.
    pub fn waiting(&self) -> usize {
        self.waiting
    }

    /// Whether a delivery waits for an attempt to end, and not only for a time.
    pub fn waits_for_an_end(&self, now: Mono) -> bool {
        let waits = |queue: &QueueId| {
            self.queues[queue.0].state.out() > 0 || self.turn_of(*queue, now) == Turn::AfterAnEnd
        };
        self.in_use > 0 && self.waiting_in.iter().any(waits)
    }

    /// Deliveries to this endpoint that wait for a worker.
    pub fn waiting_at(&self, queue: QueueId) -> usize {
        self.queues[queue.0].entries.len()
    }

    /// The endpoint of a queue that is in use.
    pub fn endpoint(&self, queue: QueueId) -> &Endpoint {
        let endpoint = self.queues[queue.0].endpoint.as_ref();
        endpoint.expect("a queue in use has an endpoint")
    }

    /// Whether the endpoint gets probes only.
    pub fn is_probed(&self, queue: QueueId) -> bool {
        self.queues[queue.0].state.is_probed()
    }

    /// What went wrong last at an endpoint that is down.
    pub fn is_down_with(&self, queue: QueueId) -> Option<&Failure> {
        self.queues[queue.0].state.is_down_with()
    }

    /// Endpoints that are down.
    pub fn down(&self) -> usize {
        let used = self.by_endpoint.values();
        used.filter(|queue| self.is_down_with(**queue).is_some())
            .count()
    }

    fn following(&self) -> QueueId {
        QueueId(self.last_served.0 + 1)
    }

    /// The turn of an endpoint among all: as its own state says, while it gets a worker.
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
    /// Who comes next. As a probe, whatever was not tried yet, since what an endpoint refuses may be
    /// one body and not all; else what was not tried for the longest time.
    fn next_place(&self) -> Option<Place> {
        let first = || self.entries.first_key_value().map(|(place, _)| *place);
        if !self.state.is_probed() {
            return first();
        }
        let by_trial = self.entries.iter();
        let next = by_trial.min_by_key(|(place, waiting)| (waiting.tried_at, **place));
        next.map(|(place, _)| *place)
    }

    /// When the wait of the first is long, unless it is for a probe, which people are told of anyway.
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
