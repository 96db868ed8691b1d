//! A one-shot reply: one thread waits for one answer from another thread.
//!
//! Owns the slot between the two, and the wait. The waiting thread parks at once. A channel would first
//! spin and yield the processor several times, in vain, since the answer takes as long as a disk write.
//! The wait ends when the slot has a single owner: the other side has dropped its share, with an answer in
//! the slot or without. Uses no lock and no channel. Made and awaited on the thread that asks; given on
//! any thread.

use std::marker::PhantomData;
use std::sync::{Arc, OnceLock};
use std::thread::{self, Thread};
use std::time::Duration;

use crate::clock::Clock;

/// Takes one answer. Dropping it without an answer ends the wait with [`Unheard::HungUp`].
#[derive(Debug)]
pub struct Reply<T> {
    slot: Option<Arc<OnceLock<T>>>,
    asker: Thread,
}

/// The waiting side of a [`Reply`].
#[derive(Debug)]
pub struct Awaited<T> {
    slot: Arc<OnceLock<T>>,
    /// Makes this `!Send`: the reply wakes the thread that made it, so no other may wait.
    stays_here: PhantomData<*const ()>,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unheard {
    /// The answer is not given yet.
    NotYet,
    /// The [`Reply`] was dropped without an answer.
    HungUp,
}

/// A reply, and its waiting side for the calling thread.
pub fn reply<T>() -> (Reply<T>, Awaited<T>) {
    let slot = Arc::new(OnceLock::new());
    let reply = Reply {
        slot: Some(Arc::clone(&slot)),
        asker: thread::current(),
    };
    let awaited = Awaited {
        slot,
        stays_here: PhantomData,
    };
    (reply, awaited)
}

impl<T> Reply<T> {
    /// Whether the waiting side still exists.
    pub fn is_awaited(&self) -> bool {
        let owners = self.slot.as_ref().map_or(0, Arc::strong_count);
        owners > 1
    }

    /// Gives the answer. It is dropped if the waiting side is gone.
    pub fn give(self, answer: T) {
        if let Some(slot) = &self.slot {
            // `give` takes `self`, so the slot is still empty.
            let _ = slot.set(answer);
        }
    }
}

impl<T> Drop for Reply<T> {
    fn drop(&mut self) {
        // Drop the share of the slot first: the woken thread checks whether it is the only owner.
        self.slot = None;
        self.asker.unpark();
    }
}

impl<T> Awaited<T> {
    /// The answer, if it is there; never waits. A second call after the answer gets [`Unheard::HungUp`].
    pub fn take(&mut self) -> Result<T, Unheard> {
        let slot = Arc::get_mut(&mut self.slot).ok_or(Unheard::NotYet)?;
        slot.take().ok_or(Unheard::HungUp)
    }

    /// Waits for the answer, without a bound.
    pub fn wait(mut self) -> Result<T, Unheard> {
        loop {
            match self.take() {
                // A wake-up may belong to an earlier wait that was given up, so check again.
                Err(Unheard::NotYet) => thread::park(),
                heard => return heard,
            }
        }
    }

    /// Waits for the answer for at most `patience`; then fails with [`Unheard::NotYet`].
    pub fn wait_within(mut self, patience: Duration, clock: Clock) -> Result<T, Unheard> {
        let deadline = clock.mono() + patience;
        loop {
            let heard = self.take();
            let left = deadline.since(clock.mono());
            if left.is_zero() || !matches!(heard, Err(Unheard::NotYet)) {
                return heard;
            }
            thread::park_timeout(left);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::threads::{self, CONNECTION_STACK};

    const PATIENCE: Duration = Duration::from_secs(60);

    fn elsewhere(work: impl FnOnce() + Send + 'static) {
        threads::spawn("elsewhere", CONNECTION_STACK, work).expect("a thread");
    }

    #[test]
    fn answers_from_another_thread_arrive_however_early_or_late() {
        for number in 0..1000 {
            let (reply, awaited) = reply();
            elsewhere(move || reply.give(number));
            let heard = match number % 2 {
                0 => awaited.wait(),
                _ => awaited.wait_within(PATIENCE, Clock::start()),
            };
            assert_eq!(heard, Ok(number));
        }
    }

    #[test]
    fn whoever_waits_hears_that_no_answer_will_come() {
        let (unanswered, awaited) = reply::<u32>();
        elsewhere(move || drop(unanswered));
        assert_eq!(awaited.wait(), Err(Unheard::HungUp));
    }

    #[test]
    fn patience_ends_and_what_comes_later_disturbs_no_later_wait() {
        let clock = Clock::start();
        let (late, awaited) = reply();
        let short = Duration::from_millis(20);
        let begun = clock.mono();
        assert_eq!(awaited.wait_within(short, clock), Err(Unheard::NotYet));
        assert!(clock.mono().since(begun) >= short);
        late.give("nobody waits for this");
        let (reply, awaited) = reply();
        elsewhere(move || reply.give("this"));
        assert_eq!(awaited.wait(), Ok("this"));
    }

    #[test]
    fn wake_ups_without_a_reason_shorten_no_wait() {
        let clock = Clock::start();
        let (held, awaited) = reply::<u32>();
        thread::current().unpark();
        let short = Duration::from_millis(50);
        let begun = clock.mono();
        assert_eq!(awaited.wait_within(short, clock), Err(Unheard::NotYet));
        assert!(clock.mono().since(begun) >= short);
        drop(held);
    }

    #[test]
    fn it_shows_whether_anybody_waits() {
        let (reply, awaited) = reply::<u32>();
        assert!(reply.is_awaited());
        drop(awaited);
        assert!(!reply.is_awaited());
    }

    #[test]
    fn an_answer_can_be_looked_for_without_waiting() {
        let (reply, mut awaited) = reply();
        assert_eq!(awaited.take(), Err(Unheard::NotYet));
        reply.give(7);
        assert_eq!(awaited.take(), Ok(7));
    }
}
