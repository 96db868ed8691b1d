//! Attempts to deliver: handing them to workers, and what follows from how they ended.
//!
//! PURE. Owns the attempts that are out and the pace of retries (§5.5). A worker makes one attempt
//! and knows no more; waiting costs no thread. Runs on the dispatch thread.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::Engine;
use super::group::{Delivery, DeliveryState, Flush};
use super::lanes::{DeliveryId, LaneId};
use super::ledger::{Content, LedgerKey};
use super::messages::{
    AttemptId, Effect, Failure, FlushEnd, Job, Note, Outcome, Reason, Target, Verdict,
};
use super::random::Random;
use super::record::Record;
use crate::model::{Mono, Now};

/// The first wait between attempts, before jitter. This and the next two are Alertmanager's.
pub const BACKOFF_INITIAL: Duration = Duration::from_millis(500);
/// What each wait is longer than the one before.
const BACKOFF_FACTOR: f64 = 1.5;
/// The longest wait, before jitter.
const BACKOFF_MAX: Duration = Duration::from_secs(60);
/// Jitter takes a wait to anything from this share of it up to as much above it.
const BACKOFF_JITTER: f64 = 0.5;

/// Attempts that are out, and the numbers given to them.
#[derive(Debug, Default)]
pub struct Attempts {
    in_flight: BTreeMap<AttemptId, Attempt>,
    last_id: u64,
}

/// An attempt that is out. It holds what is to be recorded should it succeed, because its group
/// may be gone by then.
#[derive(Debug)]
struct Attempt {
    delivery: DeliveryId,
    lane: LaneId,
    started_at: Mono,
    target: Target,
    group_key: Arc<str>,
    reason: Reason,
    alerts: usize,
    number: u32,
    content: Arc<Content>,
    ledger_key: LedgerKey,
}

impl Attempts {
    fn start(&mut self, attempt: Attempt) -> AttemptId {
        self.last_id += 1;
        let id = AttemptId(self.last_id);
        self.in_flight.insert(id, attempt);
        id
    }
}

impl Engine {
    /// Hands out as many attempts as workers and endpoints have room for.
    pub(super) fn start_attempts(&mut self, now: Now, out: &mut Vec<Effect>) {
        while let Some(next) = self.lanes.take_next(now.mono) {
            self.start_attempt(next, now, out);
        }
    }

    fn start_attempt(&mut self, id: DeliveryId, now: Now, out: &mut Vec<Effect>) {
        let group = self
            .groups
            .get_mut(id.group)
            .expect("a queued delivery's group is alive");
        let flush = group
            .flush
            .as_mut()
            .expect("a queued delivery's flush is under way");
        let time_left = flush.deadline.since(now.mono);
        let delivery = flush
            .delivery_mut(id.webhook_index)
            .expect("a queued delivery");
        if time_left.is_zero() {
            // The alarm for the end of the flush is on its way; do now what it would bring about.
            self.lanes.put_back(delivery.lane);
            return self.advance(id.group, now, out);
        }
        delivery.attempts += 1;
        let attempt = self.attempts.start(Attempt {
            delivery: id,
            lane: delivery.lane,
            started_at: now.mono,
            target: delivery.target(),
            group_key: Arc::clone(&delivery.notification.group_key),
            reason: delivery.notification.reason,
            alerts: delivery.notification.alerts.len(),
            number: delivery.attempts,
            content: Arc::clone(&delivery.content),
            ledger_key: delivery.ledger_key,
        });
        delivery.state = DeliveryState::InFlight(attempt);
        out.push(Effect::Send(Job {
            attempt,
            webhook: Arc::clone(&delivery.webhook),
            notification: Arc::clone(&delivery.notification),
            timeout: delivery
                .webhook
                .timeout
                .map_or(time_left, |limit| limit.min(time_left)),
        }));
        self.arm(id.group, now, out);
    }

    /// An attempt has ended. An outcome told twice, or of an attempt nobody made, changes nothing.
    pub(super) fn settle_attempt(&mut self, outcome: Outcome, now: Now, out: &mut Vec<Effect>) {
        let Some(attempt) = self.attempts.in_flight.remove(&outcome.attempt) else {
            return;
        };
        let answered = !matches!(outcome.verdict, Verdict::Retry { .. });
        self.lanes.finish(attempt.lane, answered);
        if outcome.verdict == Verdict::Delivered {
            // Recorded even if a reload took the group away meanwhile: the receiver was told.
            let key = attempt.ledger_key;
            let told = self.ledger.record(key, &attempt.content, now.wall).clone();
            out.push(Effect::Record(Record::Told { key, told }));
            out.push(Effect::Note(attempt.delivered()));
        }
        let group = self.groups.get_mut(attempt.delivery.group);
        let flush = group.and_then(|group| group.flush.as_mut());
        let Some(flush) = flush else { return };
        let delivery = flush.delivery_mut(attempt.delivery.webhook_index);
        let is_current =
            |delivery: &&mut Delivery| delivery.state == DeliveryState::InFlight(outcome.attempt);
        let Some(delivery) = delivery.filter(is_current) else {
            return;
        };
        let note = delivery.settle(outcome.verdict, &attempt, now.mono, &mut self.random);
        flush.has_failed |= matches!(note, Some(Note::NotificationFailed { .. }));
        out.extend(note.map(Effect::Note));
        self.advance(attempt.delivery.group, now, out);
    }

    /// Whether deliveries wait for an attempt to end: for a worker, or for their endpoint's share.
    pub fn has_waiting_deliveries(&self) -> bool {
        self.lanes.waiting() > 0
    }

    /// Attempts that are out.
    pub(super) fn attempts_in_flight(&self) -> usize {
        self.attempts.in_flight.len()
    }
}

impl Attempt {
    fn delivered(&self) -> Note {
        Note::Delivered {
            group_key: Arc::clone(&self.group_key),
            target: self.target.clone(),
            reason: self.reason,
            attempts: self.number,
            alerts: self.alerts,
        }
    }
}

impl Flush {
    /// The delivery to the webhook at this position.
    fn delivery_mut(&mut self, webhook_index: usize) -> Option<&mut Delivery> {
        let for_webhook =
            |delivery: &&mut Delivery| delivery.notification.webhook_index == webhook_index;
        self.deliveries.iter_mut().find(for_webhook)
    }
}

impl Delivery {
    /// Takes up how an attempt ended; returns what there is to say about it.
    fn settle(
        &mut self,
        verdict: Verdict,
        attempt: &Attempt,
        now: Mono,
        random: &mut Random,
    ) -> Option<Note> {
        match verdict {
            Verdict::Delivered => {
                self.state = DeliveryState::Ended;
                None
            }
            Verdict::GiveUp(failure) => {
                self.state = DeliveryState::Ended;
                self.last_failure = Some(failure);
                Some(self.failed(FlushEnd::Unrecoverable))
            }
            Verdict::Retry { failure, after } => {
                self.not_before = after.map_or(self.not_before, |after| now + after);
                let until = attempt.started_at + self.next_backoff(random);
                self.state = DeliveryState::BackingOff(until.max(self.not_before));
                let is_news = self.last_failure.as_ref() != Some(&failure);
                self.last_failure = Some(failure.clone());
                Some(self.attempt_failed(failure, is_news))
            }
        }
    }

    /// The wait from the start of one attempt to the next.
    fn next_backoff(&mut self, random: &mut Random) -> Duration {
        let share = 1.0 - BACKOFF_JITTER + 2.0 * BACKOFF_JITTER * random.fraction();
        let wait = self.backoff.mul_f64(share);
        self.backoff = self.backoff.mul_f64(BACKOFF_FACTOR).min(BACKOFF_MAX);
        wait
    }

    fn attempt_failed(&self, failure: Failure, is_news: bool) -> Note {
        Note::AttemptFailed {
            group_key: Arc::clone(&self.notification.group_key),
            target: self.target(),
            failure,
            attempts: self.attempts,
            is_news,
        }
    }
}
