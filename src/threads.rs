//! The only place that makes threads.
//!
//! Owns their names and stack sizes. `daemon.rs` starts the stages with it; the guard starts one
//! thread a connection, within its cap.

use std::io;
use std::thread::{Builder, JoinHandle};

/// Stack of a thread that serves one connection: heads and bodies live on the heap.
pub const CONNECTION_STACK: usize = 128 * 1024;

/// The same where TLS is spoken or passwords are checked, which takes up to 64 KiB in a release and
/// several times that in a debug build. What is not used costs no memory.
pub const GATED_CONNECTION_STACK: usize = 512 * 1024;

/// Stack of a thread that parses JSON, TLS or regexes: compiling a hostile regex recurses deeply, above
/// all in a debug build. What is not used costs no memory.
pub const WORKER_STACK: usize = 2 * 1024 * 1024;

/// Stack of the dispatcher, the timer and other loops.
pub const LOOP_STACK: usize = 1024 * 1024;

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
