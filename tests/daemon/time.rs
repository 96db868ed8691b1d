//! Time for the tests: one clock for all threads, and waits for conditions.
//!
//! Owns the default deadline of a wait.

use std::sync::OnceLock;
use std::time::Duration;

use crossbeam_channel::never;

use alertwheel::clock::Clock;
use alertwheel::model::{Mono, Wall};

/// Long enough for a busy host, short enough to notice a hang.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// How soon a condition is looked at again.
const GLANCE: Duration = Duration::from_millis(1);

static CLOCK: OnceLock<Clock> = OnceLock::new();

/// Milliseconds as a span.
pub const fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// Time on the clock that all tests share.
pub fn now() -> Mono {
    CLOCK.get_or_init(Clock::start).mono()
}

/// Time of day.
pub fn wall() -> Wall {
    CLOCK.get_or_init(Clock::start).wall()
}

/// Lets time pass where there is nothing to wait for.
pub fn pause(span: Duration) {
    let _ = never::<()>().recv_timeout(span);
}

/// Lets time pass up to `then`.
pub fn pause_until(then: Mono) {
    pause(then.since(now()));
}

/// Waits until `look` finds something; panics naming `what` if it does not in time.
pub fn wait_for<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    wait_within(PATIENCE, what, look)
}

/// The same with a deadline of its own.
pub fn wait_within<T>(limit: Duration, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = now() + limit;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(now() < deadline, "waited {limit:?} in vain: {what}");
        pause(GLANCE);
    }
}

/// Waits until `holds` is true.
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    wait_for(what, || holds().then_some(()));
}
