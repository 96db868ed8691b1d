//! A fair semaphore: permits are granted in the order in which threads asked for them.
//!
//! Owns the queue of waiting threads. A returned permit goes directly to the thread that has waited
//! longest and is never free in between, so a thread that has just arrived, or that asks again and again,
//! cannot overtake waiting threads. Runs on connection threads; the lock is held only while the queue and
//! the count are updated.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crossbeam_channel::{Sender, bounded};

/// Grants a fixed number of permits at once; further threads wait in a queue.
#[derive(Debug)]
pub(super) struct Semaphore(Mutex<State>);

#[derive(Debug)]
struct State {
    free: usize,
    /// One sender per waiting thread, which gets one permit at most. The longest waiting thread is first.
    waiting: VecDeque<Sender<()>>,
}

/// One permit. Dropping it hands it to the next waiting thread, or frees it.
#[derive(Debug)]
pub(super) struct Permit<'a>(&'a Semaphore);

impl Semaphore {
    /// A semaphore with `permits` free permits.
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
        // A permit may have arrived after the timeout. None can arrive from here on: permits are handed
        // over under the lock, and this thread is no longer in the queue.
        handed.try_recv().ok().map(|()| Permit(self))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic cannot leave the count or the queue half updated, so poisoning is ignored.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        match state.waiting.pop_front() {
            // The channel has room: each waiting thread gets only one permit.
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
