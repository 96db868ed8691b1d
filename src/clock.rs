//! The only reader of the host's clocks.
//!
//! Owns the origin of monotonic time. Everything else gets time as a value, which is what makes
//! the engine run in virtual time. Any thread may read it.

use std::time::{Instant, SystemTime};

use crate::model::{Mono, Now, Wall};

/// Both clocks of the host. Cheap to copy: each stage holds one.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    origin: Instant,
}

impl Clock {
    /// A clock whose monotonic time starts now.
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

    /// Time since the start.
    pub fn mono(&self) -> Mono {
        Mono::START + self.origin.elapsed()
    }

    /// Time of day.
    #[expect(
        clippy::disallowed_methods,
        reason = "this file is where clocks are read"
    )]
    pub fn wall(&self) -> Wall {
        // A host whose clock lies outside of what a timestamp can say is served as if at its edge.
        Wall::try_from(SystemTime::now()).unwrap_or(Wall::MAX)
    }

    /// The `Instant` of a monotonic time, for calls of the standard library that want one.
    pub fn instant(&self, at: Mono) -> Instant {
        self.origin + at.since(Mono::START)
    }
}
