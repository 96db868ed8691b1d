//! How outcomes come to the dispatcher: quietly, while nothing waits for them.
//!
//! Owns the ringing for them. Mostly nobody waits for the end of a delivery, and a wake-up costs about
//! as much as the engine takes to decide on it; so it lies in the channel until something else wakes the
//! dispatcher. If nothing does within [`limits::OUTCOME_UNHEARD`], the worker rings, which has had no
//! other job since then: it gets one only once its outcome was taken. An attempt that failed is heard
//! at once: that is rare, it is worth a line in the log, and what `Retry-After` says counts from when
//! it is heard.
//!
//! While something waits for an attempt to end, every outcome is heard at once. The dispatcher says so
//! before its last look at the channel ahead of a sleep, and the worker looks for that after it has put
//! an outcome there. Each has a fence between the two, so that at least one of them sees what the other
//! did: the worker that it has to ring, or the dispatcher the outcome, and then it does not sleep. What
//! begins to wait does so while the dispatcher is awake, so there is a last look still to come.
//!
//! Runs on send threads, but for the word of the dispatcher.
//!
//! [`limits::OUTCOME_UNHEARD`]: crate::limits::OUTCOME_UNHEARD

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering, fence};

use crossbeam_channel::SendError;

use super::inbox::Event;
use crate::bell::RingingSender;
use crate::engine::{Outcome, Verdict};
use crate::model::Mono;

/// Whether something waits for an attempt to end. Its copies are the same.
#[derive(Clone, Debug, Default)]
pub struct Haste(Arc<AtomicBool>);

impl Haste {
    /// Says it, ahead of a look at the channel that outcomes come by.
    pub fn set(&self, something_waits: bool) {
        self.0.store(something_waits, Ordering::Relaxed);
        if something_waits {
            fence(Ordering::SeqCst);
        }
    }

    /// Whether to ring for what was sent just before.
    fn is_called_for(&self) -> bool {
        fence(Ordering::SeqCst);
        self.0.load(Ordering::Relaxed)
    }
}

/// One worker's way to the dispatcher.
#[derive(Debug)]
pub struct Outcomes {
    worker: usize,
    events: RingingSender<Event>,
    haste: Haste,
}

/// How the dispatcher was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// It has been woken.
    Aloud,
    /// It has not; see [`Outcomes::remind`].
    Quietly,
}

impl Outcomes {
    /// The way of the worker with this number.
    pub fn new(worker: usize, events: RingingSender<Event>, haste: Haste) -> Self {
        Outcomes {
            worker,
            events,
            haste,
        }
    }

    /// Tells how an attempt ended. Fails once the dispatcher is gone.
    pub fn tell(&self, outcome: Outcome, ended_at: Mono) -> Result<Told, SendError<Event>> {
        let may_wait = outcome.verdict == Verdict::Delivered;
        self.events.send_quietly(Event::Outcome {
            worker: self.worker,
            outcome,
            ended_at,
        })?;
        if may_wait && !self.haste.is_called_for() {
            return Ok(Told::Quietly);
        }
        self.events.ring();
        Ok(Told::Aloud)
    }

    /// Says that the worker has had nothing to do for a while. Fails once the dispatcher is gone.
    pub fn say_idle(&self) -> Result<(), SendError<Event>> {
        self.events.send_quietly(Event::WorkerIdle {
            worker: self.worker,
        })?;
        self.events.ring();
        Ok(())
    }

    /// Rings for an outcome that was told quietly, unless it was taken; what else may lie there was rung
    /// for already.
    pub fn remind(&self) {
        if !self.events.channel().is_empty() {
            self.events.ring();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::bell::{self, Bell};
    use crate::clock::Clock;
    use crate::engine::{AttemptId, Failure, FailureKind};
    use crate::threads::{LOOP_STACK, spawn};

    /// Enough for threads to meet in every way that they do.
    const TIMES: usize = 20_000;

    fn delivered() -> Outcome {
        Outcome {
            attempt: AttemptId(1),
            verdict: Verdict::Delivered,
            took: Duration::ZERO,
        }
    }

    fn failed() -> Outcome {
        let failure = Failure {
            kind: FailureKind::Other,
            text: "no".into(),
        };
        Outcome {
            attempt: AttemptId(1),
            verdict: Verdict::GiveUp(failure),
            took: Duration::ZERO,
        }
    }

    #[test]
    fn only_a_delivery_that_nothing_waits_for_is_quiet() {
        let haste = Haste::default();
        let (events, _taken) = bell::channel(4, &Bell::default());
        let outcomes = Outcomes::new(0, events, haste.clone());
        let told = |outcome| outcomes.tell(outcome, Mono::START).ok();
        assert_eq!(told(delivered()), Some(Told::Quietly));
        assert_eq!(told(failed()), Some(Told::Aloud));
        haste.set(true);
        assert_eq!(told(delivered()), Some(Told::Aloud));
        haste.set(false);
        assert_eq!(told(delivered()), Some(Told::Quietly));
    }

    #[test]
    fn what_was_told_quietly_wakes_nobody_until_it_is_reminded_of() {
        let clock = Clock::start();
        let bell = Bell::default();
        bell.hang();
        let (events, taken) = bell::channel(1, &bell);
        let outcomes = Outcomes::new(0, events, Haste::default());
        let slept = |longest: u64| {
            let began = clock.mono();
            bell.sleep_for(Duration::from_millis(longest));
            clock.mono().since(began)
        };
        outcomes.tell(delivered(), Mono::START).expect("room");
        assert!(slept(20) >= Duration::from_millis(20));
        outcomes.remind();
        assert!(slept(60_000) < Duration::from_secs(60), "nobody rang");
        taken.try_recv().expect("it was there all the time");
        outcomes.remind();
        assert!(slept(20) >= Duration::from_millis(20), "it was taken");
    }

    #[test]
    fn none_is_left_lying_while_something_waits_for_it() {
        let clock = Clock::start();
        let (haste, bell) = (Haste::default(), Bell::default());
        let (events, taken) = bell::channel(1, &bell);
        let (back, answers) = crossbeam_channel::bounded(1);
        let outcomes = Outcomes::new(0, events, haste.clone());
        let dispatcher = spawn("dispatcher", LOOP_STACK, move || {
            bell.hang();
            let (mut heard, patience) = (0, Duration::from_secs(60));
            while heard < TIMES {
                haste.set(true);
                if taken.is_empty() {
                    let began = clock.mono();
                    bell.sleep_for(patience);
                    assert!(clock.mono().since(began) < patience, "nobody rang");
                }
                // Nothing waits for a moment, as between two turns.
                haste.set(false);
                while taken.try_recv().is_ok() {
                    heard += 1;
                    back.send(()).expect("the worker waits for it");
                }
            }
        });
        for _ in 0..TIMES {
            outcomes.tell(delivered(), Mono::START).expect("room");
            answers.recv().expect("the dispatcher lives");
        }
        let dispatcher = dispatcher.expect("the host allows one more thread");
        dispatcher.join().expect("it was always woken");
    }
}
