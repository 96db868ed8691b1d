//! Slows down those who guess secrets of sources.
//!
//! Owns the wait before a 401 of a handler is sent. The handler compares secrets itself, in no time, so without
//! a wait a guesser could try as many as its connections carry. The answers to one address wait in one queue,
//! the same as the checks of passwords do; a right secret never waits. Runs on connection threads, after the
//! handler's permit is returned.

use std::net::IpAddr;

use crossbeam_channel::never;

use super::passwords::{Line, Lines};
use crate::limits::{PASSWORD_WAIT, WRONG_SECRET_PAUSE};

/// The queues of addresses that have sent wrong secrets.
#[derive(Debug, Default)]
pub(in crate::api::server) struct Guesses(Lines);

impl Guesses {
    /// Waits until the answer to a wrong secret from `peer` may be sent. Returns false if too many others of
    /// that address wait already.
    pub(in crate::api::server) fn slow_down(&self, peer: IpAddr) -> bool {
        let line = self.0.join(Line::of(None, peer));
        let Some(_first_in_line) = line.semaphore.acquire(PASSWORD_WAIT) else {
            return false;
        };
        // Nothing ever comes: this is a pause, during which the others of the line wait.
        let _ = never::<()>().recv_timeout(WRONG_SECRET_PAUSE);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_goes_out_after_the_pause_and_leaves_no_queue_behind() {
        let guesses = Guesses::default();
        assert!(guesses.slow_down(IpAddr::from([192, 0, 2, 1])));
        assert!(guesses.0.is_empty());
    }
}
