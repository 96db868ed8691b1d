//! The lines to tiny_http, shared by all connections: taken, spoken into, given back.
//!
//! Owns the queue of free lines, whose number bounds how many requests are handled at once, and the
//! thread `lines`, which opens those anew that broke. At most one request is under way on a line, so
//! tiny_http never reads ahead. Lines are used by connection threads.

use std::convert::Infallible;
use std::io;
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded, select};

use super::line::{self, Line};
use crate::clock::Clock;
use crate::limits::HTTP_LINES;
use crate::model::Mono;
use crate::threads::{self, LOOP_STACK};

/// Pause before a line that could not be opened is tried again.
const REOPEN_PAUSE: Duration = Duration::from_secs(1);

/// Takes lines out and back in.
pub(super) struct Pool {
    give: Sender<Line>,
    take: Receiver<Line>,
    /// A word for each line that is gone; room for one a line.
    gone: Sender<()>,
}

/// The thread that opens lines anew.
pub(super) struct Mender {
    thread: JoinHandle<()>,
    /// Disconnects when the thread ends.
    ended: Receiver<Infallible>,
    /// Dropped to say that no line is to be opened again.
    stop: Sender<Infallible>,
}

/// A line for one request. If it is dropped before the request was answered, the line ends, since its
/// state is not known, and another is opened in its place.
pub(super) struct Lease<'a> {
    line: Line,
    debt: Debt<'a>,
}

/// That the pool has one line less.
struct Debt<'a> {
    pool: &'a Pool,
    is_owed: bool,
}

impl Pool {
    /// Opens all lines, one after the other, and starts the thread that keeps up their number.
    pub(super) fn open() -> io::Result<(Self, Mender)> {
        let (give, take) = bounded(HTTP_LINES);
        let (gone, gone_out) = bounded(HTTP_LINES);
        let (stop, stopped) = bounded(0);
        let (ended_in, ended) = bounded(0);
        for _ in 0..HTTP_LINES {
            // There is room for every line.
            let _ = give.send(line::open()?);
        }
        let mending = Mending {
            gone: gone_out,
            give: give.clone(),
            stop: stopped,
        };
        let thread = threads::spawn("lines", LOOP_STACK, move || {
            let _ended: Sender<Infallible> = ended_in;
            mending.run();
        })?;
        let mender = Mender {
            thread,
            ended,
            stop,
        };
        Ok((Pool { give, take, gone }, mender))
    }

    /// A free line, waiting for one if need be.
    pub(super) fn take(&self, wait: Duration) -> Option<Lease<'_>> {
        let free = self.take.try_recv().ok();
        let line = free.or_else(|| self.take.recv_timeout(wait).ok())?;
        let debt = Debt {
            pool: self,
            is_owed: true,
        };
        Some(Lease { line, debt })
    }

    /// Lines that nobody holds.
    #[cfg(test)]
    pub(super) fn free_lines(&self) -> usize {
        self.take.len()
    }

    /// Ends the free lines, and the thread that would open others. A line that is held in a handler
    /// which does not come back is left behind with its connection.
    pub(super) fn close(&self, mender: Mender, clock: Clock, deadline: Mono) {
        let Mender {
            thread,
            ended,
            stop,
        } = mender;
        drop(stop);
        let left = deadline.since(clock.mono());
        match ended.recv_timeout(left) {
            Err(RecvTimeoutError::Disconnected) => {
                // If it panicked, the log says so already.
                let _ = thread.join();
            }
            Err(RecvTimeoutError::Timeout) => {
                log::warn!("left the thread behind that opens lines: it did not end in time");
            }
        }
        self.take.try_iter().for_each(drop);
    }
}

impl Lease<'_> {
    /// The line.
    pub(super) fn line(&mut self) -> &mut Line {
        &mut self.line
    }

    /// Gives the line back for the next request.
    pub(super) fn give_back(self) {
        let Lease { line, mut debt } = self;
        // There is room for every line.
        debt.is_owed = debt.pool.give.try_send(line).is_err();
    }
}

impl Drop for Debt<'_> {
    fn drop(&mut self) {
        if self.is_owed {
            // There is room for a word for each line; if nobody listens, the front door has closed.
            let _ = self.pool.gone.try_send(());
        }
    }
}

/// The loop of the thread `lines`.
struct Mending {
    gone: Receiver<()>,
    give: Sender<Line>,
    /// Disconnects when the front door closes.
    stop: Receiver<Infallible>,
}

impl Mending {
    fn run(self) {
        loop {
            select! {
                recv(self.gone) -> word => {
                    if word.is_err() || !self.open_one() {
                        return;
                    }
                }
                recv(self.stop) -> _ => return,
            }
        }
    }

    /// Opens a line, however long that takes; says whether the front door is still open.
    fn open_one(&self) -> bool {
        loop {
            match line::open() {
                Ok(line) => {
                    log::warn!("a line to the request layer broke and was opened again");
                    // There is room for every line.
                    let _ = self.give.try_send(line);
                    return true;
                }
                Err(error) => log::error!("failed to open a line to the request layer: {error}"),
            }
            if self.stop.recv_timeout(REOPEN_PAUSE) == Err(RecvTimeoutError::Disconnected) {
                return false;
            }
        }
    }
}

#[cfg(test)]
#[path = "tests/pool.rs"]
mod tests;
