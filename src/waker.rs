//! Wakers: a thread parks while its channels are empty, and a sender wakes (unparks) it.
//!
//! Owns parking and waking; a channel only holds messages. A receiver does not block in its channel; only
//! the dispatcher does, while it waits for room in another one. Blocking in a crossbeam channel costs more
//! than most messages do: the receiver spins and yields four times before it parks, and the sender wakes it
//! while still holding the channel's lock, so that the receiver, which needs that lock at once, parks
//! again. Used by the threads of the stages.
//!
//! No wake-up is lost: a sender wakes the receiver after it has sent, and the receiver checks its channels
//! before it parks. A wake between the check and the park makes the park return at once. So a receiver may
//! wake once too often, but never sleeps over a message.

use std::sync::atomic::{Ordering, fence};
use std::sync::{Arc, OnceLock};
use std::thread::{self, Thread};
use std::time::Duration;

#[cfg(test)]
use crossbeam_channel::SendTimeoutError;
use crossbeam_channel::{
    Receiver, RecvError, RecvTimeoutError, SendError, Sender, TryRecvError, TrySendError, bounded,
};

use crate::clock::Clock;
use crate::model::Mono;

/// Wakes one thread, the one that has registered. Clones wake that same thread.
#[derive(Clone, Debug, Default)]
pub struct Waker {
    listener: Arc<OnceLock<Thread>>,
}

/// A sender that wakes its receiver after each message, and once more when it is dropped.
#[derive(Debug)]
pub struct WakingSender<T> {
    // Fields drop in this order: the channel disconnects first, so that the last wake finds it
    // disconnected.
    channel: Sender<T>,
    waker: WakeOnDrop,
}

/// The receiving end of a thread that has one channel only, with its waker.
#[derive(Debug)]
pub struct Mailbox<T> {
    channel: Receiver<T>,
    waker: Waker,
}

#[derive(Clone, Debug)]
struct WakeOnDrop(Waker);

impl Drop for WakeOnDrop {
    fn drop(&mut self) {
        self.0.wake();
    }
}

impl Waker {
    /// Registers the calling thread as the one to wake. The thread must check its channels afterwards,
    /// since earlier messages woke nobody. A registration is for good.
    pub fn register_current_thread(&self) {
        let listener = self.listener.get_or_init(thread::current);
        debug_assert_eq!(listener.id(), thread::current().id(), "one thread a waker");
        // Store-load fence, paired with the one in `wake`: either the sender sees this registration, or
        // the check of the channels that follows sees the sender's message.
        fence(Ordering::SeqCst);
    }

    /// Wakes the registered thread. If it is not parked, its next park returns at once.
    pub fn wake(&self) {
        fence(Ordering::SeqCst);
        if let Some(listener) = self.listener.get() {
            listener.unpark();
        }
    }

    /// Parks the registered thread, which must be the caller, until it is woken. May return early.
    pub fn sleep(&self) {
        thread::park();
    }

    /// Parks like [`Waker::sleep`], but for no longer than `time`.
    pub fn sleep_for(&self, time: Duration) {
        thread::park_timeout(time);
    }
}

/// Yields the processor once to the threads that are ready to run. Under load, the messages that they then
/// send cost this thread neither a park nor a wake-up. Without load, the yield costs as much as those and
/// saves nothing. Measured: without it, notifying 20,000 groups takes 20 to 60 % more CPU.
pub fn yield_to_other_threads() {
    thread::yield_now();
}

/// A channel whose receiving end belongs to the thread that `waker` wakes.
pub fn channel<T>(capacity: usize, waker: &Waker) -> (WakingSender<T>, Receiver<T>) {
    let (sender, receiver) = bounded(capacity);
    (WakingSender::new(sender, waker), receiver)
}

/// A channel with a waker of its own, for a thread that has no other channel.
pub fn mailbox<T>(capacity: usize) -> (WakingSender<T>, Mailbox<T>) {
    let waker = Waker::default();
    let (sender, channel) = channel(capacity, &waker);
    (sender, Mailbox { channel, waker })
}

impl<T> WakingSender<T> {
    /// A sender that wakes `waker`'s thread after each message that `channel` has taken.
    pub fn new(channel: Sender<T>, waker: &Waker) -> Self {
        WakingSender {
            channel,
            waker: WakeOnDrop(waker.clone()),
        }
    }

    /// Sends if the channel has room, and never blocks.
    pub fn try_send(&self, message: T) -> Result<(), TrySendError<T>> {
        self.channel.try_send(message)?;
        self.waker.0.wake();
        Ok(())
    }

    /// Sends, and blocks until the channel has room.
    pub fn send(&self, message: T) -> Result<(), SendError<T>> {
        self.channel.send(message)?;
        self.waker.0.wake();
        Ok(())
    }

    /// Sends, and blocks for at most `patience` until the channel has room.
    #[cfg(test)]
    pub fn send_timeout(&self, message: T, patience: Duration) -> Result<(), SendTimeoutError<T>> {
        self.channel.send_timeout(message, patience)?;
        self.waker.0.wake();
        Ok(())
    }

    /// The channel itself, to check whether it has room and to wait for room.
    pub fn channel(&self) -> &Sender<T> {
        &self.channel
    }
}

impl<T> Clone for WakingSender<T> {
    fn clone(&self) -> Self {
        WakingSender {
            channel: self.channel.clone(),
            waker: self.waker.clone(),
        }
    }
}

impl<T> Mailbox<T> {
    /// Waits for the next message, without a bound. Fails once all senders are gone.
    pub fn next(&self) -> Result<T, RecvError> {
        self.waker.register_current_thread();
        loop {
            match self.channel.try_recv() {
                Ok(message) => return Ok(message),
                Err(TryRecvError::Disconnected) => return Err(RecvError),
                Err(TryRecvError::Empty) => self.waker.sleep(),
            }
        }
    }

    /// Waits for the next message until `deadline`. Fails with a timeout at `deadline`, and at once if all
    /// senders are gone.
    pub fn next_by(&self, deadline: Mono, clock: Clock) -> Result<T, RecvTimeoutError> {
        self.waker.register_current_thread();
        loop {
            match self.channel.try_recv() {
                Ok(message) => return Ok(message),
                Err(TryRecvError::Disconnected) => return Err(RecvTimeoutError::Disconnected),
                Err(TryRecvError::Empty) => {}
            }
            let left = deadline.since(clock.mono());
            if left.is_zero() {
                return Err(RecvTimeoutError::Timeout);
            }
            self.waker.sleep_for(left);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::threads::{LOOP_STACK, spawn};

    /// Enough rounds for the threads to meet in every order.
    const TIMES: usize = 20_000;

    #[test]
    fn a_thread_that_sleeps_hears_each_message_and_the_end() {
        let (there, mailbox) = mailbox(1);
        let (back, answers) = bounded(1);
        let echo = spawn("echo", LOOP_STACK, move || {
            while let Ok(message) = mailbox.next() {
                back.send(message).expect("the test waits for it");
            }
        });
        for message in 0..TIMES {
            there.try_send(message).expect("the last one was taken");
            assert_eq!(answers.recv(), Ok(message));
        }
        drop(there);
        let echo = echo.expect("the host allows one more thread");
        echo.join().expect("the thread ends with its senders");
    }

    #[test]
    fn what_is_sent_while_the_bell_is_being_hung_is_not_left_lying() {
        for message in 0..TIMES / 40 {
            let (there, mailbox) = mailbox(1);
            let listener = spawn("listener", LOOP_STACK, move || mailbox.next());
            there.try_send(message).expect("there is room for one");
            let listener = listener.expect("the host allows one more thread");
            assert_eq!(listener.join().expect("no panic"), Ok(message));
        }
    }

    #[test]
    fn a_wait_with_a_deadline_ends_there_and_not_before() {
        let clock = Clock::start();
        let (there, mailbox) = mailbox::<()>(1);
        // A wake without a message must not end the wait.
        mailbox.waker.register_current_thread();
        mailbox.waker.wake();
        let deadline = clock.mono() + Duration::from_millis(20);
        let ended = mailbox.next_by(deadline, clock);
        assert_eq!(ended, Err(RecvTimeoutError::Timeout));
        assert!(clock.mono() >= deadline);
        drop(there);
        let ended = mailbox.next_by(deadline, clock);
        assert_eq!(ended, Err(RecvTimeoutError::Disconnected));
    }
}
