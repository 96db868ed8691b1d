//! Where requests are answered: the handler, and how many may be with it at once.
//!
//! Owns the places before the handler, and what becomes of its panics: each is counted and answered
//! 500, and the thread goes on. The handler runs on the thread of the connection that asks. Never
//! waits for the network.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::api::http::{Answer, Handler, Request};
use crate::limits::REQUESTS_HANDLED;
use crate::telemetry::metrics::Metrics;

/// The handler and the places before it.
pub(super) struct HandlerSlots {
    handler: Arc<dyn Handler>,
    metrics: Arc<Metrics>,
    /// A word for each place that is free.
    free: Receiver<()>,
    given_back: Sender<()>,
}

/// The right to have one request handled. Free again when dropped.
pub(super) struct Permit<'a> {
    slots: &'a HandlerSlots,
}

impl HandlerSlots {
    /// A desk of which all places are free.
    pub(super) fn new(handler: Arc<dyn Handler>, metrics: Arc<Metrics>) -> Self {
        let (given_back, free) = bounded(REQUESTS_HANDLED);
        for _ in 0..REQUESTS_HANDLED {
            // There is room for a word for each place.
            let _ = given_back.try_send(());
        }
        HandlerSlots {
            handler,
            metrics,
            free,
            given_back,
        }
    }

    /// A place, waiting for one if need be.
    pub(super) fn acquire(&self, wait: Duration) -> Option<Permit<'_>> {
        let free = self.free.try_recv().ok();
        free.or_else(|| self.free.recv_timeout(wait).ok())?;
        Some(Permit { slots: self })
    }

    /// Places that nobody holds.
    #[cfg(test)]
    pub(super) fn available(&self) -> usize {
        self.free.len()
    }
}

impl Permit<'_> {
    /// The handler's answer.
    pub(super) fn answer(self, request: Request) -> Answer {
        let handle = || self.slots.handler.handle(request);
        catch_unwind(AssertUnwindSafe(handle)).unwrap_or_else(|_| {
            self.slots.metrics.panic_contained("http");
            Answer::text(500, "internal error\n")
        })
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        // There is room for a word for each place.
        let _ = self.slots.given_back.try_send(());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Panics where it is asked to.
    struct Shaky;

    impl Handler for Shaky {
        fn handle(&self, request: Request) -> Answer {
            assert!(request.body.is_empty(), "on purpose, in a handler");
            Answer::empty(204)
        }
    }

    fn slots() -> HandlerSlots {
        HandlerSlots::new(Arc::new(Shaky), Arc::new(Metrics::new("test")))
    }

    fn take(slots: &HandlerSlots) -> Permit<'_> {
        slots.acquire(Duration::ZERO).expect("a free place")
    }

    #[test]
    fn who_finds_no_place_is_told_after_the_wait() {
        let slots = slots();
        let mut held: Vec<_> = (0..REQUESTS_HANDLED).map(|_| take(&slots)).collect();
        assert!(slots.acquire(Duration::from_millis(20)).is_none());
        held.pop();
        let permit = slots.acquire(Duration::from_millis(20));
        assert!(permit.is_some(), "one was given back");
    }

    #[test]
    fn a_panic_is_answered_and_gives_its_place_back() {
        let slots = slots();
        for _ in 0..3 * REQUESTS_HANDLED {
            let request = Request {
                body: b"x".to_vec(),
                ..Request::default()
            };
            assert_eq!(take(&slots).answer(request).status, 500);
        }
        assert_eq!(take(&slots).answer(Request::default()).status, 204);
    }
}
