//! Attempts to deliver: hands them to workers, and handles their outcomes.
//!
//! PURE. Owns the attempts in flight. A worker makes one attempt and knows nothing else; a delivery that
//! waits or backs off occupies no thread. Runs on the dispatch thread.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::Engine;
use super::delivery::{CarriedOver, Delivery, DeliveryState};
use super::endpoint::Change;
use super::group::Flush;
use super::messages::{
    AttemptId, Effect, Failure, FlushEnd, Job, Note, Notification, Outcome, Target, Verdict,
};
use super::notification_log::{Content, LogKey};
use super::queues::{DeliveryId, Next, QueueId};
use super::record::Record;
use crate::model::{Mono, Now};

/// The minimum and maximum timeout of an attempt to a webhook without `timeout`. Between them the timeout is
/// the group interval, as in Alertmanager. The minimum exists because some receivers take many seconds: a
/// short group interval must not make us post to them twice.
const ATTEMPT_TIME: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(300));

/// The minimum wait after a `Retry-After`; a shorter one is raised to it.
const RETRY_AFTER_LEAST: Duration = Duration::from_secs(1);

/// The attempts in flight, and the last number given to one.
#[derive(Debug, Default)]
pub struct Attempts {
    in_flight: BTreeMap<AttemptId, Attempt>,
    last_id: u64,
}

/// An attempt in flight. It holds all that is recorded if it succeeds, because its flush or even its group
/// may be gone by then.
#[derive(Debug)]
struct Attempt {
    delivery: DeliveryId,
    queue: QueueId,
    started_at: Mono,
    target: Target,
    notification: Arc<Notification>,
    number: u32,
    content: Arc<Content>,
    log_key: LogKey,
    is_failure_said: bool,
}

impl Attempts {
    fn start(&mut self, attempt: Attempt) -> AttemptId {
        let id = self.next_id();
        self.in_flight.insert(id, attempt);
        id
    }

    /// A name that no attempt has had.
    pub fn next_id(&mut self) -> AttemptId {
        self.last_id += 1;
        AttemptId(self.last_id)
    }

    /// Whether the attempt is in flight.
    pub fn is_out(&self, attempt: AttemptId) -> bool {
        self.in_flight.contains_key(&attempt)
    }
}

impl Engine {
    /// Starts as many attempts as the limits of workers and endpoints allow.
    pub(super) fn start_attempts(&mut self, now: Now, out: &mut Vec<Effect>) {
        while let Some(next) = self.queues.take_next(now.mono) {
            self.start_attempt(next, now, out);
        }
    }

    fn start_attempt(&mut self, next: Next, now: Now, out: &mut Vec<Effect>) {
        let id = next.delivery;
        let group = self.groups.get_mut(id.group);
        let group = group.expect("a queued delivery's group is alive");
        let interval = self.tree.node(group.route).group_interval;
        let flush = group.flush.as_mut();
        let flush = flush.expect("a queued delivery's flush is under way");
        let is_over = flush.deadline <= now.mono;
        let delivery = flush.delivery_mut(id.webhook_index);
        let delivery = delivery.expect("a queued delivery");
        if is_over {
            // The alarm for the deadline is on its way. Do its work now: it hands the delivery over.
            self.queues.put_back(delivery.queue, now.mono);
            return self.advance(id.group, now, out);
        }
        delivery.attempts += 1;
        let attempt = self.attempts.start(Attempt {
            delivery: id,
            queue: delivery.queue,
            started_at: now.mono,
            target: delivery.target(),
            notification: Arc::clone(&delivery.notification),
            number: delivery.attempts,
            content: Arc::clone(&delivery.content),
            log_key: delivery.log_key,
            is_failure_said: delivery.is_failure_said,
        });
        delivery.state = DeliveryState::InFlight(attempt);
        let (least, most) = ATTEMPT_TIME;
        let timeout = delivery.webhook.timeout;
        out.push(Effect::Note(Note::AttemptStarted {
            waited: next.waited,
        }));
        out.push(Effect::Send(Job {
            attempt,
            webhook: Arc::clone(&delivery.webhook),
            notification: Arc::clone(&delivery.notification),
            timeout: timeout.unwrap_or(interval.clamp(least, most)),
        }));
        self.arm(id.group, now, out);
    }

    /// Handles the outcome of an attempt. A repeated outcome, or one of an unknown attempt, is ignored.
    pub(super) fn settle_attempt(&mut self, outcome: Outcome, now: Now, out: &mut Vec<Effect>) {
        let outcome = self.within_bounds(outcome);
        let Some(attempt) = self.attempts.in_flight.remove(&outcome.attempt) else {
            return self.settle_ping(&outcome, now, out);
        };
        let (queue, started_at) = (attempt.queue, attempt.started_at);
        let random = &mut self.random;
        let change = self
            .queues
            .finish(queue, started_at, &outcome, now.mono, random);
        self.note_change(queue, change, &outcome.verdict, now.mono, out);
        if outcome.verdict == Verdict::Delivered {
            // Record it even if a reload has removed the group: the receiver did get the notification.
            let key = attempt.log_key;
            let entry = self
                .notification_log
                .record(key, &attempt.content, now.wall)
                .clone();
            out.push(Effect::Record(Record::LogEntry { key, told: entry }));
            out.push(Effect::Note(attempt.delivered()));
        }
        let id = attempt.delivery.group;
        let Some(group) = self.groups.get_mut(id) else {
            return;
        };
        // The flush that made the attempt may have ended at its deadline, and another may be under way.
        if group.remove_still_out(outcome.attempt) {
            self.settle_late(&attempt, outcome.verdict, now, out);
        } else {
            self.settle_in_time(&attempt, outcome, now.mono, out);
        }
        self.advance(id, now, out);
    }

    /// The outcome with its `Retry-After` clamped to [`RETRY_AFTER_LEAST`] and the operator's maximum.
    fn within_bounds(&self, mut outcome: Outcome) -> Outcome {
        let (least, most) = (RETRY_AFTER_LEAST, self.settings.max_retry_after);
        if let Verdict::Retry {
            after: Some(after), ..
        } = &mut outcome.verdict
        {
            *after = (*after).clamp(least.min(most), most);
        }
        outcome
    }

    /// Handles an outcome while the flush that made the attempt is still under way. Ignores it if the
    /// delivery is no longer waiting for this attempt.
    fn settle_in_time(
        &mut self,
        attempt: &Attempt,
        outcome: Outcome,
        now: Mono,
        out: &mut Vec<Effect>,
    ) {
        let id = attempt.delivery.group;
        let group = self.groups.get_mut(id).expect("a group just found");
        let Some(flush) = group.flush.as_mut() else {
            return;
        };
        let delivery = flush.delivery_mut(attempt.delivery.webhook_index);
        let is_current =
            |delivery: &&mut Delivery| delivery.state == DeliveryState::InFlight(outcome.attempt);
        let Some(delivery) = delivery.filter(is_current) else {
            return;
        };
        match outcome.verdict {
            Verdict::Delivered => delivery.state = DeliveryState::Ended,
            Verdict::GiveUp(failure) => {
                delivery.state = DeliveryState::Ended;
                delivery.last_failure = Some(failure.clone());
                delivery.is_failure_said = true;
                let given_up = delivery.failed(failure, FlushEnd::Unrecoverable, true);
                out.push(Effect::Note(given_up));
                let over = CarriedOver {
                    is_given_up: true,
                    ..delivery.carry_over()
                };
                flush.has_failed = true;
                group.carry_over(over);
            }
            Verdict::Retry { failure, after } => {
                let (times, wrong) = ((attempt.started_at, now), (failure, after));
                let (queues, random) = (&mut self.queues, &mut self.random);
                let note = delivery.back_off(id, times, wrong, queues, random);
                out.push(Effect::Note(note));
            }
        }
    }

    /// Handles an outcome after the flush that made the attempt has ended. If the flush under way held the
    /// webhook back for this attempt, the webhook is notified now. Otherwise a failed delivery is carried
    /// over to the next flush.
    fn settle_late(
        &mut self,
        attempt: &Attempt,
        verdict: Verdict,
        now: Now,
        out: &mut Vec<Effect>,
    ) {
        let id = attempt.delivery.group;
        let carried = match verdict {
            Verdict::Delivered => None,
            Verdict::GiveUp(failure) => {
                let end = FlushEnd::Unrecoverable;
                out.push(Effect::Note(attempt.failed(failure.clone(), end, true)));
                Some(attempt.carry_over(failure, None, true))
            }
            Verdict::Retry { failure, after } => {
                let is_down = self.queues.is_down_with(attempt.queue).is_some();
                let end = FlushEnd::OutOfTime;
                out.push(Effect::Note(attempt.failed(failure.clone(), end, !is_down)));
                let not_before = after.map(|after| now.mono + after);
                Some(attempt.carry_over(failure, not_before, !is_down))
            }
        };
        let group = self.groups.get_mut(id).expect("a group just found");
        let webhook_index = attempt.delivery.webhook_index;
        let flush = group.flush.as_mut();
        let is_held = flush.is_some_and(|flush| flush.release(webhook_index));
        if is_held {
            self.notify_held(id, webhook_index, carried, now, out);
        } else {
            carried.into_iter().for_each(|over| group.carry_over(over));
        }
    }

    pub(super) fn note_change(
        &self,
        queue: QueueId,
        change: Option<Change>,
        verdict: &Verdict,
        now: Mono,
        out: &mut Vec<Effect>,
    ) {
        let Some(change) = change else { return };
        let endpoint = self.queues.endpoint(queue).clone();
        let waiting = self.queues.waiting_at(queue);
        let note = match (change, verdict) {
            (Change::Down(failure), _) => Note::EndpointDown { endpoint, failure },
            (Change::Up(since), _) => Note::EndpointUp {
                endpoint,
                down_for: now.since(since),
                waiting,
            },
            (Change::Paused(pause), Verdict::Retry { failure, .. }) => Note::EndpointPaused {
                endpoint,
                pause,
                failure: failure.clone(),
                waiting,
            },
            (Change::Paused(_), _) => unreachable!("only a failure pauses an endpoint"),
        };
        out.push(Effect::Note(note));
    }

    /// Emits a note for each endpoint whose deliveries have waited long.
    pub(super) fn note_long_waits(&mut self, now: Mono, out: &mut Vec<Effect>) {
        while let Some(wait) = self.queues.long_wait(now) {
            out.push(Effect::Note(Note::DeliveriesWait {
                endpoint: wait.endpoint,
                waiting: wait.waiting,
                waited: now.since(wait.since),
            }));
        }
    }

    /// Whether a delivery waits for an attempt in flight to end, to get its worker or its place at the
    /// endpoint.
    pub fn has_waiting_deliveries(&self, now: Mono) -> bool {
        self.queues.waits_for_an_end(now)
    }

    /// The number of attempts in flight, pings included.
    pub(super) fn attempts_in_flight(&self) -> usize {
        self.attempts.in_flight.len() + self.pings.in_flight()
    }
}

impl Attempt {
    fn delivered(&self) -> Note {
        Note::Delivered {
            group_key: Arc::clone(&self.notification.group_key),
            target: self.target.clone(),
            reason: self.notification.reason,
            attempts: self.number,
            alerts: self.notification.alerts.len(),
            closes_failure: self.is_failure_said,
        }
    }

    fn failed(&self, failure: Failure, end: FlushEnd, is_news: bool) -> Note {
        Note::NotificationFailed {
            group_key: Arc::clone(&self.notification.group_key),
            target: self.target.clone(),
            failure,
            attempts: self.number,
            end,
            is_news,
        }
    }

    fn carry_over(&self, failure: Failure, not_before: Option<Mono>, is_said: bool) -> CarriedOver {
        CarriedOver {
            webhook_index: self.delivery.webhook_index,
            place: None,
            not_before: not_before.unwrap_or_default(),
            last_failure: Some(failure),
            is_failure_said: self.is_failure_said || is_said,
            notification: Some(Arc::clone(&self.notification)),
            is_given_up: false,
        }
    }
}

impl Flush {
    /// The delivery to the webhook at this position.
    pub fn delivery_mut(&mut self, webhook_index: usize) -> Option<&mut Delivery> {
        let for_webhook =
            |delivery: &&mut Delivery| delivery.notification.webhook_index == webhook_index;
        self.deliveries.iter_mut().find(for_webhook)
    }

    /// Releases a webhook that was held for an attempt of an earlier flush. Returns whether it was held.
    fn release(&mut self, webhook_index: usize) -> bool {
        let position = self.held.iter().position(|held| *held == webhook_index);
        position.is_some_and(|position| self.held.remove(position) == webhook_index)
    }
}
