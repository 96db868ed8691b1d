//! The only place that makes threads.
//!
//! Owns their names and stack sizes. `daemon.rs` starts the stages with it; the guard starts one
//! thread a connection, within its cap, and the resolver of webhooks a few that end with the lookups
//! they are for.

use std::io;
use std::thread::{Builder, JoinHandle};

/// Stack of a thread that serves one connection, or looks up names: speaks TLS, checks passwords, parses JSON, compiles
/// the regexes of silences and filters. Hostile ones recurse deepest, through up to 160 KiB in a
/// release and ten times that in a debug build. What is not used costs no memory, but room for
/// addresses, of which small hosts have little.
pub const CONNECTION_STACK: usize = if cfg!(debug_assertions) {
    4 * 1024 * 1024
} else {
    512 * 1024
};

/// Stack of a thread that renders templates, parses YAML or waits for signals, where there are few.
/// What is not used costs no memory.
pub const WORKER_STACK: usize = 2 * 1024 * 1024;

/// Stack of the dispatcher, which compiles the regexes of kept silences, the timer and other loops.
pub const LOOP_STACK: usize = if cfg!(debug_assertions) {
    4 * 1024 * 1024
} else {
    1024 * 1024
};

/// Stack of a thread that only syncs files.
pub const SYNC_STACK: usize = 128 * 1024;

/// Starts a thread. Fails where the host allows no further one.
pub fn spawn<T: Send + 'static>(
    name: impl Into<String>,
    stack: usize,
    body: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<T>> {
    Builder::new()
        .name(name.into())
        .stack_size(stack)
        .spawn(body)
}
