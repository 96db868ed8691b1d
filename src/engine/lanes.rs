//! Who may use a worker next.
//!
//! PURE. Owns the queues of deliveries that are ready, one lane for each endpoint, and the count of
//! attempts that are out. An endpoint may hold only its share of the workers, and once it has
//! failed several times in a row only one at a time, as a probe. Lanes take turns, so that a long
//! queue in one delays no other. Runs on the dispatch thread.
//!
//! ```text
//!            enqueue                take_next               finish
//!  ready ───────────────► waiting ───────────────► in use ───────────► free
//!            └── withdraw ◄──┘
//! ```

use std::collections::BTreeMap;
use std::time::Duration;

use super::group::GroupId;
use crate::config::Endpoint;
use crate::model::Mono;

/// Names a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LaneId(usize);

/// A place in a lane's queue; lower ones come first. It can be given back and taken again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place(u64);

/// A delivery: a group and the position of a webhook in the group's receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DeliveryId {
    /// The group.
    pub group: GroupId,
    /// Position of the webhook in the receiver.
    pub webhook_index: usize,
}

/// How many attempts may be out.
#[derive(Clone, Copy, Debug)]
pub struct Shares {
    /// In all.
    pub workers: usize,
    /// At one endpoint.
    pub per_endpoint: usize,
}

/// Failures in a row after which an endpoint gets probes only.
const FAILURES_UNTIL_PROBING: u32 = 3;

/// How long a probe may stay unanswered before another may start beside it, within the share. So
/// an endpoint that swallows requests is found well again soon after it is.
const PROBE_PATIENCE: Duration = Duration::from_secs(10);

/// All lanes.
#[derive(Debug)]
pub struct Lanes {
    shares: Shares,
    lanes: Vec<Lane>,
    free: Vec<LaneId>,
    by_endpoint: BTreeMap<Endpoint, LaneId>,
    /// The lane that was served last; the next search starts after it.
    last_served: usize,
    next_place: u64,
    in_use: usize,
    waiting: usize,
}

#[derive(Debug, Default)]
struct Lane {
    /// Nobody's while it stands in the list of free lanes.
    endpoint: Option<Endpoint>,
    queue: BTreeMap<Place, DeliveryId>,
    in_use: usize,
    failures_in_a_row: u32,
    last_start: Mono,
}

impl Lanes {
    /// No lane yet; they come with the endpoints.
    pub fn new(shares: Shares) -> Self {
        Lanes {
            shares,
            lanes: Vec::new(),
            free: Vec::new(),
            by_endpoint: BTreeMap::new(),
            last_served: 0,
            next_place: 0,
            in_use: 0,
            waiting: 0,
        }
    }

    /// The lane of an endpoint, made if it is new.
    pub fn lane_of(&mut self, endpoint: &Endpoint) -> LaneId {
        if let Some(&lane) = self.by_endpoint.get(endpoint) {
            return lane;
        }
        let lane = self.free.pop().unwrap_or_else(|| {
            self.lanes.push(Lane::default());
            LaneId(self.lanes.len() - 1)
        });
        self.lanes[lane.0] = Lane {
            endpoint: Some(endpoint.clone()),
            ..Lane::default()
        };
        self.by_endpoint.insert(endpoint.clone(), lane);
        lane
    }

    /// Forgets lanes that nothing uses and whose endpoint `keep` refuses.
    pub fn forget_unused(&mut self, keep: impl Fn(&Endpoint) -> bool) {
        for (index, lane) in self.lanes.iter_mut().enumerate() {
            let is_idle = lane.queue.is_empty() && lane.in_use == 0;
            if let Some(endpoint) = lane.endpoint.take_if(|endpoint| is_idle && !keep(endpoint)) {
                self.by_endpoint.remove(&endpoint);
                self.free.push(LaneId(index));
            }
        }
    }

    /// Queues a delivery, at the `place` it had before if it had one, else at the end.
    pub fn enqueue(&mut self, lane: LaneId, delivery: DeliveryId, place: Option<Place>) -> Place {
        let place = place.unwrap_or_else(|| {
            self.next_place += 1;
            Place(self.next_place)
        });
        let displaced = self.lanes[lane.0].queue.insert(place, delivery);
        assert!(displaced.is_none(), "two deliveries at one place");
        self.waiting += 1;
        place
    }

    /// Takes a delivery out of the queue.
    pub fn withdraw(&mut self, lane: LaneId, place: Place) {
        if self.lanes[lane.0].queue.remove(&place).is_some() {
            self.waiting -= 1;
        }
    }

    /// The next delivery that may start; it counts as started.
    pub fn take_next(&mut self, now: Mono) -> Option<DeliveryId> {
        if self.in_use >= self.shares.workers || self.waiting == 0 {
            return None;
        }
        let count = self.lanes.len();
        let lane = (1..=count)
            .map(|step| (self.last_served + step) % count)
            .find(|&lane| self.lanes[lane].may_start(self.shares, now))?;
        let (_, delivery) = self.lanes[lane]
            .queue
            .pop_first()
            .expect("a lane that may start");
        self.lanes[lane].in_use += 1;
        self.lanes[lane].last_start = now;
        self.last_served = lane;
        self.in_use += 1;
        self.waiting -= 1;
        Some(delivery)
    }

    /// Gives back what [`Lanes::take_next`] took, because no attempt was made after all.
    pub fn put_back(&mut self, lane: LaneId) {
        self.lanes[lane.0].in_use -= 1;
        self.in_use -= 1;
    }

    /// An attempt has ended; `answered` says whether the endpoint showed that it works.
    pub fn finish(&mut self, lane: LaneId, answered: bool) {
        self.put_back(lane);
        let lane = &mut self.lanes[lane.0];
        lane.failures_in_a_row = if answered {
            0
        } else {
            lane.failures_in_a_row + 1
        };
    }

    /// When a lane that waits for an unanswered probe may start another. While all workers are
    /// taken none may, and it is the end of an attempt that brings the next look.
    pub fn next_probe_at(&self) -> Option<Mono> {
        if self.in_use >= self.shares.workers {
            return None;
        }
        let share = 1..self.shares.per_endpoint;
        let waits = |lane: &&Lane| {
            lane.is_probed() && !lane.queue.is_empty() && share.contains(&lane.in_use)
        };
        let next = |lane: &Lane| lane.last_start + PROBE_PATIENCE;
        self.lanes.iter().filter(waits).map(next).min()
    }

    /// Deliveries that wait for a worker.
    pub fn waiting(&self) -> usize {
        self.waiting
    }
}

impl Lane {
    fn is_probed(&self) -> bool {
        self.failures_in_a_row >= FAILURES_UNTIL_PROBING
    }

    fn may_start(&self, shares: Shares, now: Mono) -> bool {
        if self.queue.is_empty() || self.in_use >= shares.per_endpoint {
            return false;
        }
        !self.is_probed() || self.in_use == 0 || now >= self.last_start + PROBE_PATIENCE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHARES: Shares = Shares {
        workers: 4,
        per_endpoint: 2,
    };

    fn delivery(slot: u32) -> DeliveryId {
        DeliveryId {
            group: GroupId {
                slot,
                generation: 0,
            },
            webhook_index: 0,
        }
    }

    fn lane(lanes: &mut Lanes, name: &str) -> LaneId {
        lanes.lane_of(&Endpoint(name.into()))
    }

    fn started(lanes: &mut Lanes, now: Mono) -> Vec<u32> {
        std::iter::from_fn(|| lanes.take_next(now))
            .map(|next| next.group.slot)
            .collect()
    }

    #[test]
    fn an_endpoint_gets_its_share_and_the_others_pass_it() {
        let mut lanes = Lanes::new(SHARES);
        let (hung, healthy) = (lane(&mut lanes, "hung"), lane(&mut lanes, "healthy"));
        for slot in 0..10 {
            lanes.enqueue(hung, delivery(slot), None);
        }
        assert_eq!(started(&mut lanes, Mono::START), [0, 1]);
        lanes.enqueue(healthy, delivery(100), None);
        assert_eq!(started(&mut lanes, Mono::START), [100]);
        lanes.finish(healthy, true);
        lanes.enqueue(healthy, delivery(101), None);
        assert_eq!(started(&mut lanes, Mono::START), [101]);
    }

    #[test]
    fn lanes_take_turns() {
        let mut lanes = Lanes::new(SHARES);
        let (a, b) = (lane(&mut lanes, "a"), lane(&mut lanes, "b"));
        for slot in 0..3 {
            lanes.enqueue(a, delivery(slot), None);
            lanes.enqueue(b, delivery(10 + slot), None);
        }
        let mut order = started(&mut lanes, Mono::START);
        order.sort_unstable();
        assert_eq!(order, [0, 1, 10, 11]);
    }

    #[test]
    fn no_more_attempts_are_out_than_there_are_workers() {
        let mut lanes = Lanes::new(SHARES);
        for name in ["a", "b", "c"] {
            let lane = lane(&mut lanes, name);
            lanes.enqueue(lane, delivery(1), None);
            lanes.enqueue(lane, delivery(2), None);
        }
        assert_eq!(started(&mut lanes, Mono::START).len(), SHARES.workers);
        assert_eq!(lanes.waiting(), 2);
    }

    #[test]
    fn a_failing_endpoint_gets_one_probe_at_a_time_until_it_answers() {
        let mut lanes = Lanes::new(SHARES);
        let lane = lane(&mut lanes, "down");
        for slot in 0..10 {
            lanes.enqueue(lane, delivery(slot), None);
        }
        for _ in 0..FAILURES_UNTIL_PROBING {
            lanes.take_next(Mono::START).expect("a worker is free");
            lanes.finish(lane, false);
        }
        assert_eq!(started(&mut lanes, Mono::START).len(), 1);
        let patience_ends = lanes
            .next_probe_at()
            .expect("a probe is out and others wait");
        assert_eq!(
            started(&mut lanes, patience_ends).len(),
            1,
            "the first probe hangs"
        );
        assert_eq!(
            started(&mut lanes, patience_ends + PROBE_PATIENCE).len(),
            0,
            "share used up"
        );
        lanes.finish(lane, true);
        assert_eq!(
            started(&mut lanes, patience_ends).len(),
            1,
            "it works: the share is back"
        );
    }

    #[test]
    fn no_probe_is_awaited_while_all_workers_are_taken() {
        let mut lanes = Lanes::new(SHARES);
        let (down, busy) = (lane(&mut lanes, "down"), lane(&mut lanes, "busy"));
        let third = lane(&mut lanes, "third");
        for slot in 0..5 {
            lanes.enqueue(down, delivery(slot), None);
        }
        for _ in 0..FAILURES_UNTIL_PROBING {
            lanes.take_next(Mono::START).expect("a worker is free");
            lanes.finish(down, false);
        }
        for slot in 10..12 {
            lanes.enqueue(busy, delivery(slot), None);
            lanes.enqueue(third, delivery(slot + 10), None);
        }
        assert_eq!(started(&mut lanes, Mono::START).len(), SHARES.workers);
        assert_eq!(
            lanes.next_probe_at(),
            None,
            "it would ring at once, again and again"
        );
    }

    #[test]
    fn a_place_given_back_can_be_taken_again() {
        let mut lanes = Lanes::new(SHARES);
        let lane = lane(&mut lanes, "slow");
        let first = lanes.enqueue(lane, delivery(1), None);
        lanes.enqueue(lane, delivery(2), None);
        lanes.withdraw(lane, first);
        lanes.enqueue(lane, delivery(3), Some(first));
        assert_eq!(started(&mut lanes, Mono::START), [3, 2]);
    }

    #[test]
    fn unused_lanes_make_room_for_new_endpoints() {
        let mut lanes = Lanes::new(SHARES);
        let (idle, busy) = (lane(&mut lanes, "idle"), lane(&mut lanes, "busy"));
        lanes.enqueue(busy, delivery(1), None);
        lanes.forget_unused(|_| false);
        assert_eq!(lane(&mut lanes, "new"), idle);
        assert_eq!(lane(&mut lanes, "busy"), busy);
    }
}
