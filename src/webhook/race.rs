//! Happy eyeballs: connects to the first of several addresses that answers (RFC 8305, section 5).
//!
//! Owns the race of connection attempts. The next attempt starts `CONNECT_STAGGER` after the one before, or
//! at once when an attempt fails. The first connection wins. All attempts run on the calling send thread,
//! which polls their sockets together. Resolves no names, and keeps nothing between two races.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::slice;

use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;
use rustix::net::sockopt::socket_error;
use rustix::net::{AddressFamily, SocketFlags, SocketType, connect, socket_with};

use super::socket::wait_for;
use crate::clock::Clock;
use crate::limits;
use crate::model::Mono;

/// Connects to one of `addresses` by `deadline`, and returns the connection with its address. The addresses
/// are tried in their order. If all fail, the error is that of the attempt that failed last.
pub fn race(
    addresses: &[SocketAddr],
    deadline: Mono,
    clock: Clock,
) -> io::Result<(TcpStream, SocketAddr)> {
    let mut race = Race {
        waiting: addresses.iter(),
        running: Vec::new(),
        next_at: clock.mono(),
        fault: ErrorKind::AddrNotAvailable.into(),
    };
    loop {
        let now = clock.mono();
        if now >= deadline {
            return Err(ErrorKind::TimedOut.into());
        }
        race.begin_what_is_due(now);
        if race.running.is_empty() {
            return Err(race.fault);
        }
        if let Some(winner) = race.wait(deadline, now)? {
            return winner.connected();
        }
    }
}

struct Race<'a> {
    waiting: slice::Iter<'a, SocketAddr>,
    running: Vec<Runner>,
    /// When the attempt for the next address starts.
    next_at: Mono,
    /// The error of the last failed attempt.
    fault: io::Error,
}

/// One connection attempt.
struct Runner {
    socket: OwnedFd,
    address: SocketAddr,
}

impl Race<'_> {
    /// Starts the attempt for the next address if its time has come, or if no attempt is running. If it fails
    /// at once, goes on with the address after it.
    fn begin_what_is_due(&mut self, now: Mono) {
        while now >= self.next_at || self.running.is_empty() {
            let Some(address) = self.waiting.next() else {
                return;
            };
            match Runner::start(*address) {
                Ok(runner) => {
                    self.running.push(runner);
                    self.next_at = now + limits::CONNECT_STAGGER;
                }
                Err(error) => self.fault = error,
            }
        }
    }

    /// Waits until an attempt succeeds or fails, or until the next one is due. Returns an attempt that has
    /// succeeded.
    fn wait(&mut self, deadline: Mono, now: Mono) -> io::Result<Option<Runner>> {
        let until = match self.waiting.len() {
            0 => deadline,
            _ => self.next_at.min(deadline),
        };
        let mut sockets: Vec<PollFd<'_>> = self.running.iter().map(Runner::polled).collect();
        wait_for(&mut sockets, until.since(now))?;
        let ready = sockets.iter().map(|socket| !socket.revents().is_empty());
        let ready: Vec<bool> = ready.collect();
        for at in (0..ready.len()).rev().filter(|at| ready[*at]) {
            let runner = self.running.remove(at);
            match socket_error(&runner.socket)? {
                Ok(()) => return Ok(Some(runner)),
                Err(error) => {
                    self.fault = error.into();
                    self.next_at = now;
                }
            }
        }
        Ok(None)
    }
}

impl Runner {
    fn start(address: SocketAddr) -> io::Result<Self> {
        let family = match address {
            SocketAddr::V4(_) => AddressFamily::INET,
            SocketAddr::V6(_) => AddressFamily::INET6,
        };
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = socket_with(family, SocketType::STREAM, flags, None)?;
        match connect(&socket, &address) {
            Ok(()) | Err(Errno::INPROGRESS) => Ok(Runner { socket, address }),
            Err(error) => Err(error.into()),
        }
    }

    fn polled(&self) -> PollFd<'_> {
        PollFd::new(&self.socket, PollFlags::OUT)
    }

    fn connected(self) -> io::Result<(TcpStream, SocketAddr)> {
        let stream = TcpStream::from(self.socket);
        stream.set_nonblocking(false)?;
        Ok((stream, self.address))
    }
}

#[cfg(test)]
mod tests;
