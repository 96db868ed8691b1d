//! A semaphore whose permits go round in the order in which they were asked for.
//!
//! Owns that order. A permit that comes back is handed to whoever waits longest and is never free in
//! between, so that nobody who has just come, or comes again and again, is quicker than those who wait.
//! Runs on connection threads; its lock is held for a moment.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crossbeam_channel::{Sender, bounded};

/// Lets so many through at once; the others wait.
#[derive(Debug)]
pub(super) struct Semaphore(Mutex<State>);

#[derive(Debug)]
struct State {
    free: usize,
    /// Each gets one permit at most; whoever waits longest is the first.
    waiting: VecDeque<Sender<()>>,
}

/// Somebody who was let through.
#[derive(Debug)]
pub(super) struct Permit<'a>(&'a Semaphore);

impl Semaphore {
    /// One with so many permits.
    pub(super) fn of(permits: usize) -> Self {
        Semaphore(Mutex::new(State {
            free: permits,
            waiting: VecDeque::new(),
        }))
    }

    /// Waits for a permit; `None` if that takes longer than `patience`.
    pub(super) fn acquire(&self, patience: Duration) -> Option<Permit<'_>> {
        let (hand, handed) = bounded(1);
        {
            let mut state = self.lock();
            if state.free > 0 {
                state.free -= 1;
                return Some(Permit(self));
            }
            state.waiting.push_back(hand.clone());
        }
        if handed.recv_timeout(patience).is_ok() {
            return Some(Permit(self));
        }
        let mut state = self.lock();
        state.waiting.retain(|other| !other.same_channel(&hand));
        // It may have come at the last moment; nothing comes any more while the lock is held.
        handed.try_recv().ok().map(|()| Permit(self))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A number and a queue are whole at any moment.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        match state.waiting.pop_front() {
            // There is room: it gets this one alone.
            Some(next) => drop(next.try_send(())),
            None => state.free += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::thread;

    use super::*;
    use crate::threads::{LOOP_STACK, spawn};

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn who_waits_is_served_before_who_comes_again() {
        let semaphore = Arc::new(Semaphore::of(1));
        let (tell, told) = bounded(2);
        let permit = semaphore.acquire(LONG).expect("a free one");
        let (shared, tell_first) = (Arc::clone(&semaphore), tell.clone());
        let waiting = spawn("waits", LOOP_STACK, move || {
            let _permit = shared.acquire(LONG).expect("the next one");
            tell_first.send("who waited").expect("the test listens");
        });
        while semaphore.lock().waiting.is_empty() {
            thread::yield_now();
        }
        drop(permit);
        let _again = semaphore.acquire(LONG).expect("the one after");
        tell.send("who came again").expect("the test listens");
        let waiting = waiting.expect("the host allows a thread");
        waiting.join().expect("it does not panic");
        let order: Vec<_> = told.try_iter().collect();
        assert_eq!(order, ["who waited", "who came again"]);
    }

    #[test]
    fn who_has_given_up_waits_no_more_and_takes_no_permit_along() {
        let semaphore = Semaphore::of(2);
        let first = semaphore.acquire(LONG).expect("a free one");
        let second = semaphore.acquire(LONG).expect("a free one");
        assert!(semaphore.acquire(Duration::ZERO).is_none());
        assert!(semaphore.lock().waiting.is_empty());
        drop((first, second));
        assert_eq!(semaphore.lock().free, 2);
    }
}
