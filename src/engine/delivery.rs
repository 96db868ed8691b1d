//! The delivery of one notification to one webhook within one flush, and its state.
//!
//! PURE. Owns the states of a delivery and the backoff between its attempts (§5.5). `attempts.rs` starts
//! the attempts and handles their outcomes. Runs on the dispatch thread.
//!
//! ```text
//!            a worker is free            delivered, or a retry would be useless
//!   ready ────────────────────► in flight ─────────────────────────────────────► ended
//!     ▲                            │   │
//!     │   the endpoint is probed   │   │ it failed
//!     ├────────────────────────────┘   ▼
//!     └───────────────────────── backing off
//! ```
//!
//! At the deadline of its flush, a delivery that is ready or backing off is carried over: the next flush
//! sends newer content in its place ([`CarriedOver`]). One that is in flight may finish ([`StillOut`]).

use std::sync::Arc;
use std::time::Duration;

use super::group::GroupId;
use super::messages::{AttemptId, Failure, FailureKind, FlushEnd, Note, Notification, Target};
use super::notification_log::{Content, LogKey};
use super::queues::{DeliveryId, Place, QueueId, Queues};
use super::random::Random;
use crate::config::Webhook;
use crate::model::Mono;

/// The first wait between attempts, before jitter. This and the next two are Alertmanager's.
const BACKOFF_INITIAL: Duration = Duration::from_millis(500);
/// The factor by which each wait exceeds the one before.
const BACKOFF_FACTOR: f64 = 1.5;
/// The longest wait, before jitter.
const BACKOFF_MAX: Duration = Duration::from_secs(60);
/// Jitter changes a wait by up to this share of it, in either direction.
const BACKOFF_JITTER: f64 = 0.5;

/// The delivery of a notification to one webhook in one flush.
#[derive(Debug)]
pub struct Delivery {
    /// The state, as in the diagram above.
    pub state: DeliveryState,
    /// The webhook to deliver to.
    pub webhook: Arc<Webhook>,
    /// The queue of the webhook's endpoint.
    pub queue: QueueId,
    /// The notification to deliver.
    pub notification: Arc<Notification>,
    /// What the notification log records when it is delivered.
    pub content: Arc<Content>,
    /// The key of that notification log entry.
    pub log_key: LogKey,
    /// The number of attempts started.
    pub attempts: u32,
    /// The wait before the next attempt, before jitter.
    backoff: Duration,
    /// The earliest time for an attempt, if the receiver asked for one.
    pub not_before: Mono,
    /// The last failure, in this flush or in the one before.
    pub last_failure: Option<Failure>,
    /// Whether a failure of this delivery was logged.
    pub is_failure_said: bool,
}

/// The state of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryState {
    /// The delivery waits at this place in the queue of its endpoint.
    Ready(Place),
    /// A worker makes this attempt.
    InFlight(AttemptId),
    /// The delivery enters the queue again at this time.
    BackingOff(Mono),
    /// The delivery succeeded, failed, or was given up in this flush. Final.
    Ended,
}

/// A delivery that its flush did not finish, and that the next flush continues with newer content.
#[derive(Clone, Debug)]
pub struct CarriedOver {
    /// Position of the webhook in the receiver.
    pub webhook_index: usize,
    /// The place it had in the queue; `None` if it was not queued.
    pub place: Option<Place>,
    /// The earliest time for an attempt, if the receiver asked for one.
    pub not_before: Mono,
    /// The last failure.
    pub last_failure: Option<Failure>,
    /// Whether a failure of this delivery was logged.
    pub is_failure_said: bool,
    /// The notification that was not delivered; `None` if a previous run had made it.
    pub notification: Option<Arc<Notification>>,
    /// Whether the delivery was given up, because a retry within the flush would have been useless.
    pub is_given_up: bool,
}

/// An attempt in flight whose flush has ended.
#[derive(Clone, Copy, Debug)]
pub struct StillOut {
    /// Position of the webhook in the receiver.
    pub webhook_index: usize,
    /// The attempt.
    pub attempt: AttemptId,
}

impl Delivery {
    /// A delivery that has not begun; [`Delivery::begin`] queues it.
    pub fn new(
        webhook: &Arc<Webhook>,
        queue: QueueId,
        notification: Notification,
        content: Content,
        log_key: LogKey,
    ) -> Self {
        Delivery {
            state: DeliveryState::Ended,
            webhook: Arc::clone(webhook),
            queue,
            notification: Arc::new(notification),
            content: Arc::new(content),
            log_key,
            attempts: 0,
            backoff: BACKOFF_INITIAL,
            not_before: Mono::START,
            last_failure: None,
            is_failure_said: false,
        }
    }

    /// Queues the delivery for a worker, or lets it wait until the time its receiver asked for. Takes over
    /// place, pause and failure from the delivery of the previous flush (`before`), if there is one.
    pub fn begin(
        &mut self,
        id: GroupId,
        queues: &mut Queues,
        before: Option<&CarriedOver>,
        now: Mono,
    ) {
        if let Some(before) = before {
            self.not_before = before.not_before;
            self.last_failure.clone_from(&before.last_failure);
            self.is_failure_said = before.is_failure_said;
        }
        let is_one_host = self.webhook.endpoint.is_one_host();
        // With several hosts the pause concerns this delivery alone, not the whole endpoint.
        if self.not_before > now && !is_one_host {
            self.state = DeliveryState::BackingOff(self.not_before);
            return;
        }
        if self.not_before > now {
            // After a restart the endpoint has forgotten its pause. Otherwise this changes nothing.
            queues.pause_until(self.queue, self.not_before, now);
        }
        self.queue(id, queues, before.and_then(|before| before.place), now);
    }

    /// Queues the delivery, at its previous `place` if given, else at the end.
    pub fn queue(&mut self, group: GroupId, queues: &mut Queues, place: Option<Place>, now: Mono) {
        let id = DeliveryId {
            group,
            webhook_index: self.notification.webhook_index,
        };
        let tried_at = self.last_failure.is_some().then_some(now);
        let place = queues.enqueue(self.queue, id, place, tried_at, now);
        self.state = DeliveryState::Ready(place);
    }

    /// Removes the delivery from its queue. Returns whether it was queued.
    pub fn leave_queue(&self, queues: &mut Queues) -> bool {
        let DeliveryState::Ready(place) = self.state else {
            return false;
        };
        queues.withdraw(self.queue, place);
        true
    }

    /// The part of the delivery that the next flush continues with.
    pub fn carry_over(&self) -> CarriedOver {
        let place = match self.state {
            DeliveryState::Ready(place) => Some(place),
            _ => None,
        };
        CarriedOver {
            webhook_index: self.notification.webhook_index,
            place,
            not_before: self.not_before,
            last_failure: self.last_failure.clone(),
            is_failure_said: self.is_failure_said,
            notification: Some(Arc::clone(&self.notification)),
            is_given_up: false,
        }
    }

    /// The webhook by name, for notes.
    pub fn target(&self) -> Target {
        Target {
            receiver: Arc::clone(&self.notification.receiver),
            webhook_index: self.notification.webhook_index,
        }
    }

    /// Schedules the retry of a failed attempt, and returns the note on the failure. While the breaker of the
    /// endpoint is open, the delivery is queued at once and goes out as a probe. Otherwise it waits for its
    /// backoff, which counts from the start of the attempt and grows with each retry.
    pub fn back_off(
        &mut self,
        id: GroupId,
        (started_at, now): (Mono, Mono),
        (failure, after): (Failure, Option<Duration>),
        queues: &mut Queues,
        random: &mut Random,
    ) -> Note {
        let is_probed = queues.is_probed(self.queue);
        let is_down = queues.is_down_with(self.queue).is_some();
        let is_news = !is_down && self.last_failure.as_ref() != Some(&failure);
        self.is_failure_said |= is_news;
        self.last_failure = Some(failure.clone());
        self.not_before = after.map_or(self.not_before, |after| now + after);
        let wait = self.next_backoff(random);
        if is_probed {
            self.queue(id, queues, None, now);
        } else {
            self.state = DeliveryState::BackingOff((started_at + wait).max(self.not_before));
        }
        Note::AttemptFailed {
            group_key: Arc::clone(&self.notification.group_key),
            target: self.target(),
            failure,
            attempts: self.attempts,
            is_news,
        }
    }

    /// The note on a delivery that gets no further attempt in its flush. `is_news` says whether the failure
    /// is logged.
    pub fn failed(&self, failure: Failure, end: FlushEnd, is_news: bool) -> Note {
        Note::NotificationFailed {
            group_key: Arc::clone(&self.notification.group_key),
            target: self.target(),
            failure,
            attempts: self.attempts,
            end,
            is_news,
        }
    }

    /// The note on a delivery that a reload ends.
    pub fn ended_by_reload(&self) -> Note {
        let called_off = || Failure {
            kind: FailureKind::ContextCanceled,
            text: "the configuration has changed".into(),
        };
        let failure = self.last_failure.clone().unwrap_or_else(called_off);
        self.failed(failure, FlushEnd::Reloaded, true)
    }

    fn next_backoff(&mut self, random: &mut Random) -> Duration {
        let share = 1.0 - BACKOFF_JITTER + 2.0 * BACKOFF_JITTER * random.fraction();
        let wait = self.backoff.mul_f64(share);
        self.backoff = self.backoff.mul_f64(BACKOFF_FACTOR).min(BACKOFF_MAX);
        wait
    }
}
