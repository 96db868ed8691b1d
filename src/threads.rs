//! Makes all threads: `std::thread::spawn` and its builder are used in no other file.
//!
//! Owns the rule that each thread has a name and a stack size. Decides nothing about which threads there
//! are: `daemon.rs` and `daemon/stages.rs` start the stages, and a few modules start bounded helper
//! threads (`daemon.rs` names them, `tests/tidy/pure.rs` lists them). Runs on the caller's thread.

use std::io;
use std::thread::{Builder, JoinHandle};

/// Stack of a thread that serves one connection (TLS, passwords, JSON, the regexes of silences and
/// filters) or looks up host names. Hostile regexes recurse deepest: up to 160 KiB of stack in a release
/// build, ten times that in a debug build. An unused part costs no memory, only address space, which is
/// scarce on small hosts.
pub const CONNECTION_STACK: usize = if cfg!(debug_assertions) {
    4 * 1024 * 1024
} else {
    512 * 1024
};

/// Stack of a thread that renders templates, parses YAML or waits for signals. There are few of them, and
/// an unused part costs no memory.
pub const WORKER_STACK: usize = 2 * 1024 * 1024;

/// Stack of the dispatcher, which compiles the regexes of stored silences, and of the timer and other
/// loops.
pub const LOOP_STACK: usize = if cfg!(debug_assertions) {
    4 * 1024 * 1024
} else {
    1024 * 1024
};

/// Stack of a thread that only syncs files.
pub const SYNC_STACK: usize = 128 * 1024;

/// Starts a thread. Fails if the host allows no further thread.
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
