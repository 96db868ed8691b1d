//! The queues of a small worker pool.

use super::*;
use crate::engine::{AttemptId, FailureKind, Verdict};

const SHARES: Shares = Shares {
    workers: 8,
    per_endpoint: 6,
};

const SECOND: Duration = Duration::from_secs(1);

struct Scene {
    queues: Queues,
    random: Random,
    now: Mono,
}

impl Scene {
    fn new() -> Self {
        Scene {
            queues: Queues::new(SHARES),
            random: Random::seeded(1),
            now: Mono::START + SECOND,
        }
    }

    fn queue(&mut self, name: &str) -> QueueId {
        self.queues.queue_of(&Endpoint(name.into()))
    }

    fn enqueue(&mut self, queue: QueueId, slot: u32) -> Place {
        self.enqueue_tried(queue, slot, None)
    }

    fn enqueue_tried(&mut self, queue: QueueId, slot: u32, tried_at: Option<Mono>) -> Place {
        let id = delivery(slot);
        self.queues.enqueue(queue, id, None, tried_at, self.now)
    }

    /// Starts all deliveries that may start. Returns the slots of their groups.
    fn start(&mut self) -> Vec<u32> {
        std::iter::from_fn(|| self.queues.take_next(self.now))
            .map(|next| next.delivery.group.slot)
            .collect()
    }

    fn finish(&mut self, queue: QueueId, started_at: Mono, verdict: Verdict) -> Option<Change> {
        let outcome = Outcome {
            attempt: AttemptId(1),
            verdict,
            took: self.now.since(started_at),
        };
        let (now, random) = (self.now, &mut self.random);
        self.queues.finish(queue, started_at, &outcome, now, random)
    }

    /// Makes an attempt that ends a second later.
    fn attempt(&mut self, queue: QueueId, verdict: Verdict) -> Option<Change> {
        self.enqueue(queue, 0);
        assert_eq!(self.start(), [0]);
        let started_at = self.now;
        self.now = self.now + SECOND;
        self.finish(queue, started_at, verdict)
    }
}

fn delivery(slot: u32) -> DeliveryId {
    DeliveryId {
        group: GroupId {
            slot,
            generation: 0,
        },
        webhook_index: 0,
    }
}

fn fails() -> Verdict {
    Verdict::Retry {
        failure: Failure {
            kind: FailureKind::Other,
            text: "no".into(),
        },
        after: None,
    }
}

#[test]
fn an_endpoint_that_is_well_waits_for_none_that_hang_however_many_they_are() {
    let mut scene = Scene::new();
    let healthy = scene.queue("healthy");
    scene.attempt(healthy, Verdict::Delivered);
    for number in 0..50 {
        let hung = scene.queue(&format!("hung-{number}"));
        for slot in 0..10 {
            scene.enqueue(hung, 100 * (number + 1) + slot);
        }
    }
    let out = scene.start().len();
    assert_eq!(
        out,
        50 + SHARES.workers / 2,
        "one each, and half of the others"
    );
    for slot in 0..3 {
        scene.enqueue(healthy, slot);
    }
    assert_eq!(scene.start(), [0, 1, 2]);
}

#[test]
fn queues_take_turns() {
    let mut scene = Scene::new();
    let (a, b) = (scene.queue("a"), scene.queue("b"));
    for slot in 0..3 {
        scene.enqueue(a, slot);
    }
    for slot in 10..13 {
        scene.enqueue(b, slot);
    }
    assert_eq!(scene.start(), [10, 0, 11, 1, 12, 2]);
}

#[test]
fn no_endpoint_gets_more_than_its_bound_and_all_together_no_more_than_there_are() {
    let mut scene = Scene::new();
    let endpoints = ["a", "b", "c"].map(|name| scene.queue(name));
    for queue in endpoints {
        scene.attempt(queue, Verdict::Delivered);
    }
    for queue in endpoints {
        for slot in 0..20 {
            scene.enqueue(queue, slot);
        }
    }
    let out = scene.start().len();
    assert_eq!(out, 3 + SHARES.workers);
    assert!(scene.queues.waits_for_an_end(scene.now));
    assert_eq!(scene.queues.waiting(), 60 - out);
}

#[test]
fn a_probe_takes_first_what_was_not_tried_yet_then_what_was_not_for_longest() {
    let mut scene = Scene::new();
    let queue = scene.queue("down");
    for _ in 0..3 {
        scene.attempt(queue, fails());
    }
    let tried = |seconds: u32| Some(Mono::START + SECOND * seconds);
    scene.enqueue_tried(queue, 1, tried(2));
    scene.enqueue_tried(queue, 2, tried(1));
    scene.enqueue(queue, 3);
    let mut order = Vec::new();
    for _ in 0..3 {
        let at = scene.queues.next_look_at(scene.now);
        scene.now = at.unwrap_or(scene.now).max(scene.now);
        order.extend(scene.start());
        scene.finish(queue, scene.now, fails());
    }
    assert_eq!(order, [3, 2, 1]);
}

#[test]
fn what_waits_for_a_probe_waits_for_a_time_and_wakes_nobody_before() {
    let mut scene = Scene::new();
    let queue = scene.queue("down");
    for _ in 0..3 {
        scene.attempt(queue, fails());
    }
    scene.enqueue(queue, 1);
    if scene.start().is_empty() {
        let at = scene.queues.next_look_at(scene.now).expect("a time");
        assert!(at > scene.now);
        assert!(!scene.queues.waits_for_an_end(scene.now));
        scene.now = at;
        assert_eq!(scene.start(), [1]);
    }
}

#[test]
fn a_long_wait_is_told_once_until_the_queue_is_empty() {
    let mut scene = Scene::new();
    let queue = scene.queue("slow");
    for slot in 0..6 {
        scene.enqueue(queue, slot);
    }
    let (began, out) = (scene.now, scene.start().len());
    assert_eq!(scene.queues.long_wait(scene.now), None);
    scene.now = scene.queues.next_look_at(scene.now).expect("a time");
    assert_eq!(scene.now, began + WAIT_WORTH_A_LINE);
    let told = scene.queues.long_wait(scene.now).expect("they wait");
    assert_eq!((told.waiting, told.since), (6 - out, began));
    assert_eq!(scene.queues.long_wait(scene.now), None);
    scene.finish(queue, began, Verdict::Delivered);
    scene.start();
    assert_eq!(scene.queues.waiting(), 0);
    scene.enqueue(queue, 7);
    let told = |scene: &mut Scene| scene.queues.long_wait(scene.now);
    assert!(scene.start() == [7] || told(&mut scene).is_none());
}

#[test]
fn a_place_given_back_can_be_taken_again() {
    let mut scene = Scene::new();
    let queue = scene.queue("slow");
    let first = scene.enqueue(queue, 1);
    scene.now = scene.now + SECOND;
    scene.enqueue(queue, 2);
    scene.queues.withdraw(queue, first);
    let id = delivery(3);
    scene
        .queues
        .enqueue(queue, id, Some(first), None, scene.now);
    let next = scene.queues.take_next(scene.now).expect("a worker is free");
    assert_eq!((next.delivery, next.waited), (id, SECOND));
}

#[test]
fn unused_queues_make_room_for_new_endpoints() {
    let mut scene = Scene::new();
    let (idle, busy) = (scene.queue("idle"), scene.queue("busy"));
    scene.enqueue(busy, 1);
    scene.queues.forget_unused(|_| false);
    assert_eq!(scene.queue("new"), idle);
    assert_eq!(scene.queue("busy"), busy);
}
