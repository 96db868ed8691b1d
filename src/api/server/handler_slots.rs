//! Runs the handler under a counting semaphore: at most `REQUESTS_HANDLED` requests at once.
//!
//! Owns the permits of the semaphore, and the handling of the handler's panics: a panic is counted and
//! answered 500, and the thread goes on. The handler runs on the thread of the connection that holds the
//! permit. Never waits for the network.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::api::http::{Answer, Handler, Request};
use crate::limits::REQUESTS_HANDLED;
use crate::telemetry::metrics::Metrics;

/// The handler and the semaphore that bounds how many threads run it. A channel holds the free permits.
pub(super) struct HandlerSlots {
    handler: Arc<dyn Handler>,
    metrics: Arc<Metrics>,
    /// One message for each permit that is free.
    free: Receiver<()>,
    given_back: Sender<()>,
}

/// The permit to have one request handled. Dropping it returns it to the semaphore.
pub(super) struct Permit<'a> {
    slots: &'a HandlerSlots,
}

impl HandlerSlots {
    /// A semaphore with `REQUESTS_HANDLED` free permits.
    pub(super) fn new(handler: Arc<dyn Handler>, metrics: Arc<Metrics>) -> Self {
        let (given_back, free) = bounded(REQUESTS_HANDLED);
        for _ in 0..REQUESTS_HANDLED {
            // The channel has room for one message per permit.
            let _ = given_back.try_send(());
        }
        HandlerSlots {
            handler,
            metrics,
            free,
            given_back,
        }
    }

    /// Takes a permit, waiting up to `wait` for one; `None` if none came free in that time.
    pub(super) fn acquire(&self, wait: Duration) -> Option<Permit<'_>> {
        let free = self.free.try_recv().ok();
        free.or_else(|| self.free.recv_timeout(wait).ok())?;
        Some(Permit { slots: self })
    }

    /// The number of free permits.
    #[cfg(test)]
    pub(super) fn available(&self) -> usize {
        self.free.len()
    }
}

impl Permit<'_> {
    /// Runs the handler and returns its answer, or a 500 if it panics.
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
        // The channel has room for one message per permit.
        let _ = self.slots.given_back.try_send(());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Panics if the request has a body.
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
