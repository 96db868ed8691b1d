//! How a thread waits for others: asleep, until one that has sent it something rings its bell.
//!
//! Owns the ringing; a channel only holds what is on its way, and nobody waits in one. Waiting in a
//! channel costs more than most of what is waited for: it spins and gives its turn away four times
//! before it sleeps, and it is woken by a sender that still holds the channel's lock, which the woken
//! thread needs at once and so sleeps again. Used by the threads of the stages.
//!
//! No message is left lying: who sends rings afterwards, and who hears the bell looks at its channels
//! before it sleeps. A ring that comes in between ends the sleep as it begins, so there may be one
//! ring too many and never one too few.

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

/// Wakes one thread. Its copies are the same bell.
#[derive(Clone, Debug, Default)]
pub struct Waker {
    listener: Arc<OnceLock<Thread>>,
}

/// A sender to a thread that listens for a bell: what it sends, and that it has gone, is heard.
#[derive(Debug)]
pub struct WakingSender<T> {
    // Dropped in this order, so that the last ring comes when the channel has hung up.
    channel: Sender<T>,
    waker: WakeOnDrop,
}

/// The only channel of a thread, and its bell.
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
    /// Has this wake the calling thread, which is to look at its channels afterwards: what came before
    /// was not heard. Once it hangs it stays.
    pub fn register_current_thread(&self) {
        let listener = self.listener.get_or_init(thread::current);
        debug_assert_eq!(listener.id(), thread::current().id(), "one thread a waker");
        // Either the sender finds the bell, or the look that follows finds what was sent.
        fence(Ordering::SeqCst);
    }

    /// Wakes the thread that listens, or lets its next sleep end at once.
    pub fn wake(&self) {
        fence(Ordering::SeqCst);
        if let Some(listener) = self.listener.get() {
            listener.unpark();
        }
    }

    /// Sleeps until it rings, and now and then a little less. Only for the thread that listens.
    pub fn sleep(&self) {
        thread::park();
    }

    /// The same, but no longer than this.
    pub fn sleep_for(&self, time: Duration) {
        thread::park_timeout(time);
    }
}

/// Lets whoever else is ready for this processor go first, once. Where there is much to do, what it has
/// for this thread then costs neither a sleep nor a wake-up; where there is not, this costs as much as
/// they do and saves nothing. Measured: without it, telling 20,000 groups takes 20 to 60 % more CPU.
pub fn yield_to_other_threads() {
    thread::yield_now();
}

/// A channel whose receiving end belongs to the thread that listens for `waker`.
pub fn channel<T>(capacity: usize, waker: &Waker) -> (WakingSender<T>, Receiver<T>) {
    let (sender, receiver) = bounded(capacity);
    (WakingSender::new(sender, waker), receiver)
}

/// The only channel of a thread, with a bell of its own.
pub fn mailbox<T>(capacity: usize) -> (WakingSender<T>, Mailbox<T>) {
    let waker = Waker::default();
    let (sender, channel) = channel(capacity, &waker);
    (sender, Mailbox { channel, waker })
}

impl<T> WakingSender<T> {
    /// One that rings `waker` when `channel` has taken something.
    pub fn new(channel: Sender<T>, waker: &Waker) -> Self {
        WakingSender {
            channel,
            waker: WakeOnDrop(waker.clone()),
        }
    }

    /// Sends, if there is room.
    pub fn try_send(&self, message: T) -> Result<(), TrySendError<T>> {
        self.channel.try_send(message)?;
        self.waker.0.wake();
        Ok(())
    }

    /// Sends, once there is room.
    pub fn send(&self, message: T) -> Result<(), SendError<T>> {
        self.channel.send(message)?;
        self.waker.0.wake();
        Ok(())
    }

    /// Sends, if there is room before this has passed.
    #[cfg(test)]
    pub fn send_timeout(&self, message: T, patience: Duration) -> Result<(), SendTimeoutError<T>> {
        self.channel.send_timeout(message, patience)?;
        self.waker.0.wake();
        Ok(())
    }

    /// The channel itself, to see whether it has room and to wait for that.
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
    /// The next message, however long it takes. Fails once nobody is left who could send one.
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

    /// The same, but fails as well once it is `deadline` and nothing is there.
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

    /// Enough for threads to meet in every way that they do.
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
        // A ring without a message must not end it.
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
