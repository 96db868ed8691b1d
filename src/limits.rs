//! Every bound of the daemon, each with its reason.
//!
//! Owns the numbers; flags may override those that depend on the host. Read by `daemon.rs` and by
//! the stage a bound belongs to.

use std::time::Duration;

/// Requests that may wait for the dispatcher. Each http thread has at most one out, so a full
/// inbox means that the dispatcher is far behind; the sender then hears 503.
pub const INBOX: usize = 64;

/// Events from our own stages that may wait. The timer sends batches and each worker one outcome
/// at a time, so this is more than can be under way at once.
pub const EVENTS: usize = 256;

/// Alarm commands under way to the timer, in batches of one dispatcher turn. What does not fit
/// waits in the dispatcher, merged.
pub const TIMER_COMMANDS: usize = 64;

/// Rings the timer hands over at a time, so that a million due at once do not arrive as one lump.
pub const RINGS_PER_EVENT: usize = 512;

/// Threads that send webhooks. Each waits for the network nearly all of its time.
pub const WORKERS: usize = 16;

/// Workers that one endpoint may hold: four that hang leave room for all others.
pub const WORKERS_PER_ENDPOINT: usize = 4;

/// Alerts kept, resolved ones included. At half a kilobyte each this is about a gigabyte.
pub const ALERTS: usize = 2_000_000;

/// Threads that parse requests, ask the dispatcher and answer.
pub const HTTP_WORKERS: usize = 4;

/// How long a stop may take.
pub const DRAIN: Duration = Duration::from_secs(5);

/// The least and the most that a receiver's Retry-After is taken for.
pub const RETRY_AFTER: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(3600));

/// Bytes of a configuration file. Ten thousand receivers fit; a log file named by mistake does not.
pub const CONFIG_FILE_BYTES: usize = 4 << 20;

/// Levels of `[` and `{` in a configuration file. The YAML scanner takes quadratic time for them,
/// 18 s for a hundred thousand; people write three or four.
pub const CONFIG_FLOW_DEPTH: usize = 64;

/// Bytes that a configuration may have once its aliases are written out, with
/// [`CONFIG_NODE_BYTES`] for each key and value. Thirty kilobytes of aliases can stand for
/// gigabytes otherwise.
pub const CONFIG_EXPANDED_BYTES: usize = 8 * CONFIG_FILE_BYTES;

/// What a key or a value costs beside its text; about what it takes in memory.
pub const CONFIG_NODE_BYTES: usize = 32;

/// Faults of a configuration file that are printed; more do not help whoever reads them.
pub const CONFIG_FAULTS: usize = 50;

/// Bytes that are parsed again to find the lines of faults, each of which takes one more pass over
/// the file. Beyond half a megabyte fewer faults are printed, so that the answer comes in seconds.
pub const CONFIG_LOCATE_BYTES: usize = 24 << 20;

const _: () = assert!(
    WORKERS_PER_ENDPOINT < WORKERS,
    "one endpoint must not hold all workers"
);
const _: () = assert!(EVENTS > WORKERS, "an outcome must always find room");
const _: () = assert!(
    INBOX > HTTP_WORKERS,
    "each http thread must find room on a calm day"
);
const _: () = assert!(
    CONFIG_LOCATE_BYTES >= CONFIG_FILE_BYTES,
    "at least one fault of the largest file must be found"
);
