//! Waits for conditions that must come true, never longer than [`PATIENCE`].

use std::time::Duration;

use alertwheel::clock::Clock;
use crossbeam_channel::never;

/// How long a test waits for anything: long on a busy machine, and reached only by failures.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// How soon one looks again.
const PAUSE: Duration = Duration::from_millis(20);

/// Looks until there is something, which `what` names. Panics when patience ends.
pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let clock = Clock::start();
    let deadline = clock.mono() + PATIENCE;
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(clock.mono() < deadline, "waited in vain for {what}");
        pause();
    }
}

/// Lets a moment pass, as between two looks.
pub fn pause() {
    // Nothing is ever sent here, so this is a wait with an end.
    let _ = never::<()>().recv_timeout(PAUSE);
}
