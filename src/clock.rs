//! Reads the host's clocks; no other file does.
//!
//! Owns the origin of monotonic time. All other code gets time as a value, so tests can run the engine in
//! virtual time. Any thread may read the clock.

use std::time::{Instant, SystemTime};

use crate::model::{Mono, Now, Wall};

/// Both clocks of the host. Cheap to copy: each stage holds one.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    origin: Instant,
}

impl Clock {
    /// A clock whose monotonic time starts now, at [`Mono::START`].
    #[expect(
        clippy::disallowed_methods,
        reason = "this file is where clocks are read"
    )]
    pub fn start() -> Self {
        Clock {
            origin: Instant::now(),
        }
    }

    /// Both clocks, read together.
    pub fn now(&self) -> Now {
        Now {
            mono: self.mono(),
            wall: self.wall(),
        }
    }

    /// Monotonic time, counted from [`Clock::start`].
    pub fn mono(&self) -> Mono {
        Mono::START + self.origin.elapsed()
    }

    /// Time of day.
    #[expect(
        clippy::disallowed_methods,
        reason = "this file is where clocks are read"
    )]
    pub fn wall(&self) -> Wall {
        // A clock beyond the range of timestamps counts as the latest timestamp.
        Wall::try_from(SystemTime::now()).unwrap_or(Wall::MAX)
    }

    /// The `Instant` of a monotonic time, for functions that take a deadline as one.
    pub fn instant(&self, at: Mono) -> Instant {
        self.origin + at.since(Mono::START)
    }
}
