//! Pings: webhooks that are told at intervals that this daemon is alive (`heartbeat` of a webhook).
//!
//! PURE. Owns when each of them is due. A ping is a notification without alerts. It takes the place of an
//! attempt at its endpoint, but only one that no delivery waits for, so it never delays a notification. It is
//! sent once: whatever becomes of it, the next one comes an interval later. Nothing of it is recorded. Runs on
//! the dispatch thread.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::Engine;
use super::messages::{AttemptId, Effect, Job, Notification, Outcome, Reason};
use super::queues::QueueId;
use crate::config::{Config, Webhook};
use crate::model::{Labels, Mono, Now};

/// How soon a ping is tried again whose endpoint takes no attempt now.
const TRY_AGAIN: Duration = Duration::from_secs(1);

/// The longest time of an attempt to a webhook without `timeout`.
const ATTEMPT_TIME: Duration = Duration::from_secs(30);

/// A webhook by its receiver and its position there.
type Position = (Arc<str>, usize);

/// All webhooks that are pinged.
#[derive(Debug, Default)]
pub struct Pings {
    pinged: BTreeMap<Position, Pinged>,
    in_flight: BTreeMap<AttemptId, InFlight>,
}

#[derive(Debug)]
struct Pinged {
    webhook: Arc<Webhook>,
    interval: Duration,
    due_at: Mono,
}

#[derive(Debug)]
struct InFlight {
    position: Position,
    queue: QueueId,
    started_at: Mono,
}

impl Pings {
    /// Takes over the webhooks of a configuration. One whose interval stays keeps its time; the others are due
    /// now.
    pub fn configure(&mut self, config: &Config, now: Mono) {
        let mut before = std::mem::take(&mut self.pinged);
        for receiver in &config.receivers {
            for (index, webhook) in receiver.webhooks.iter().enumerate() {
                let Some(interval) = webhook.heartbeat else {
                    continue;
                };
                let position = (Arc::clone(&receiver.name), index);
                let known = before.remove(&position);
                let due_at = known.filter(|known| known.interval == interval);
                let pinged = Pinged {
                    webhook: Arc::clone(webhook),
                    interval,
                    due_at: due_at.map_or(now, |known| known.due_at),
                };
                self.pinged.insert(position, pinged);
            }
        }
    }

    /// When the next ping is due.
    pub fn next_at(&self) -> Option<Mono> {
        let due = self.pinged.iter().filter(|(at, _)| !self.is_out(at));
        due.map(|(_, pinged)| pinged.due_at).min()
    }

    /// The number of pings in flight.
    pub fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    fn is_out(&self, position: &Position) -> bool {
        let mut out = self.in_flight.values();
        out.any(|ping| ping.position == *position)
    }
}

impl Engine {
    /// Sends the pings that are due, as far as their endpoints take an attempt now.
    pub(super) fn send_pings(&mut self, now: Now, out: &mut Vec<Effect>) {
        let due = self.pings.pinged.iter();
        let due = due.filter(|(at, pinged)| pinged.due_at <= now.mono && !self.pings.is_out(at));
        let due: Vec<Position> = due.map(|(at, _)| at.clone()).collect();
        for position in due {
            let pinged = self.pings.pinged.get_mut(&position);
            let pinged = pinged.expect("a webhook just listed");
            let queue = self.queues.queue_of(&pinged.webhook.endpoint);
            if !self.queues.start_idle(queue, now.mono) {
                pinged.due_at = now.mono + TRY_AGAIN;
                continue;
            }
            pinged.due_at = now.mono + pinged.interval;
            let attempt = self.attempts.next_id();
            let longest = pinged.webhook.timeout.unwrap_or(ATTEMPT_TIME);
            out.push(Effect::Send(Job {
                attempt,
                webhook: Arc::clone(&pinged.webhook),
                notification: Arc::new(notification(&position)),
                timeout: longest.min(pinged.interval),
            }));
            let in_flight = InFlight {
                position,
                queue,
                started_at: now.mono,
            };
            self.pings.in_flight.insert(attempt, in_flight);
        }
    }

    /// Handles the outcome of a ping. The endpoint learns from it as from any attempt.
    pub(super) fn settle_ping(&mut self, outcome: &Outcome, now: Now, out: &mut Vec<Effect>) {
        let Some(ping) = self.pings.in_flight.remove(&outcome.attempt) else {
            return;
        };
        let random = &mut self.random;
        let change = self
            .queues
            .finish(ping.queue, ping.started_at, outcome, now.mono, random);
        self.note_change(ping.queue, change, &outcome.verdict, now.mono, out);
    }
}

/// A notification without alerts. Its group key is that of no group, so that no receiver takes it for the end of
/// one.
fn notification((receiver, webhook_index): &Position) -> Notification {
    Notification {
        receiver: Arc::clone(receiver),
        webhook_index: *webhook_index,
        reason: Reason::Heartbeat,
        group_key: "heartbeat:{}".into(),
        group_labels: Labels::default(),
        route_labels: Arc::default(),
        alerts: Vec::new(),
        truncated_alerts: 0,
    }
}

#[cfg(test)]
mod tests;
