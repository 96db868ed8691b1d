//! What one webhook is told in one flush, and how far that has come.
//!
//! PURE. Owns the states of a delivery and the wait between its attempts (§5.5). When attempts start
//! and what their ends bring about is in `attempts.rs`. Runs on the dispatch thread.
//!
//! ```text
//!            a worker is free            delivered, or trying again is of no use
//!   ready ────────────────────► in flight ─────────────────────────────────────► ended
//!     ▲                            │   │
//!     │   the endpoint is probed   │   │ it failed
//!     ├────────────────────────────┘   ▼
//!     └───────────────────────── backing off
//! ```
//!
//! At the group's next tick a delivery that is ready or backs off gives its place to the newest state
//! ([`CarriedOver`]); one that is in flight is let finish ([`StillOut`]).

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
/// What each wait is longer than the one before.
const BACKOFF_FACTOR: f64 = 1.5;
/// The longest wait, before jitter.
const BACKOFF_MAX: Duration = Duration::from_secs(60);
/// Jitter takes a wait to anything from this share of it up to as much above it.
const BACKOFF_JITTER: f64 = 0.5;

/// What one webhook is told in one flush.
#[derive(Debug)]
pub struct Delivery {
    /// Where it stands.
    pub state: DeliveryState,
    /// Where it goes.
    pub webhook: Arc<Webhook>,
    /// The queue of that endpoint.
    pub queue: QueueId,
    /// What it says.
    pub notification: Arc<Notification>,
    /// What the ledger will keep of it.
    pub content: Arc<Content>,
    /// Under which key.
    pub log_key: LogKey,
    /// Attempts begun.
    pub attempts: u32,
    /// The wait before the next attempt, before jitter.
    backoff: Duration,
    /// The earliest time for an attempt that the receiver asked for.
    pub not_before: Mono,
    /// What went wrong last, in this flush or before.
    pub last_failure: Option<Failure>,
    /// Whether people were told that it fails.
    pub is_failure_said: bool,
}

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryState {
    /// In the queue of its endpoint.
    Ready(Place),
    /// With a worker.
    InFlight(AttemptId),
    /// Waiting to be tried again.
    BackingOff(Mono),
    /// Delivered or failed; nothing more to do.
    Ended,
}

/// A delivery that was not made within its flush goes on in the next one, with newer content.
#[derive(Clone, Debug)]
pub struct CarriedOver {
    /// Position of the webhook in the receiver.
    pub webhook_index: usize,
    /// The place it had in the queue.
    pub place: Option<Place>,
    /// The earliest time that the receiver asked for.
    pub not_before: Mono,
    /// What went wrong last.
    pub last_failure: Option<Failure>,
    /// Whether people were told that it fails.
    pub is_failure_said: bool,
    /// What was to be told, unless an earlier process knew that.
    pub notification: Option<Arc<Notification>>,
    /// Whether trying again was of no use, so that only the next flush is another matter.
    pub is_given_up: bool,
}

/// An attempt that began in a flush which is over.
#[derive(Clone, Copy, Debug)]
pub struct StillOut {
    /// Position of the webhook in the receiver.
    pub webhook_index: usize,
    /// The attempt.
    pub attempt: AttemptId,
}

impl Delivery {
    /// One that has not begun.
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

    /// Gets in line for a worker, where the delivery of the flush before stood if it still did.
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
        if self.not_before > now && !is_one_host {
            self.state = DeliveryState::BackingOff(self.not_before);
            return;
        }
        if self.not_before > now {
            // Mostly the endpoint knows; after a restart it does not.
            queues.pause_until(self.queue, self.not_before, now);
        }
        self.queue(id, queues, before.and_then(|before| before.place), now);
    }

    /// Gets in line, at `place` if that was held before.
    pub fn queue(&mut self, group: GroupId, queues: &mut Queues, place: Option<Place>, now: Mono) {
        let id = DeliveryId {
            group,
            webhook_index: self.notification.webhook_index,
        };
        let tried_at = self.last_failure.is_some().then_some(now);
        let place = queues.enqueue(self.queue, id, place, tried_at, now);
        self.state = DeliveryState::Ready(place);
    }

    /// Leaves its queue; says whether it stood there.
    pub fn leave_queue(&self, queues: &mut Queues) -> bool {
        let DeliveryState::Ready(place) = self.state else {
            return false;
        };
        queues.withdraw(self.queue, place);
        true
    }

    /// What the next flush is to know of it.
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

    /// Whom it is for.
    pub fn target(&self) -> Target {
        Target {
            receiver: Arc::clone(&self.notification.receiver),
            webhook_index: self.notification.webhook_index,
        }
    }

    /// An attempt has failed that may be made again: as a probe when its endpoint has the turn for one,
    /// else after a wait that counts from the start of the attempt and grows. Returns what there is to
    /// say.
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

    /// What there is to say when its flush makes no further attempt. `is_news` is whether it is worth a
    /// line.
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

    /// The same when a reload ends it.
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
