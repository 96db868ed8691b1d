//! The limits of the HTTP server that flags may set.
//!
//! Owns the set of limits. The defaults and their reasons are in `crate::limits`. Plain data.

use std::thread::available_parallelism;
use std::time::Duration;

use crate::limits;

/// The limits of one HTTP server. Past a limit the peer gets a refusal, which is counted.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Maximum number of open connections. The host's limit on descriptors may lower it further.
    pub connections: usize,
    /// Maximum bytes of a request line with all headers.
    pub head_bytes: usize,
    /// Maximum number of headers of a request.
    pub headers: usize,
    /// Maximum bytes of a request's target.
    pub url_bytes: usize,
    /// Maximum bytes of a request's body.
    pub body_bytes: usize,
    /// Maximum bytes of large bodies in memory at once, over all connections. Answers have as much again.
    pub buffered_bytes: usize,
    /// Maximum time from the first byte of a head to its end.
    pub head_timeout: Duration,
    /// Maximum time from the end of a head to the end of its body.
    pub body_timeout: Duration,
    /// Maximum time from the end of a request to the start of its answer (`--web.timeout`); `None` for no
    /// limit.
    pub handling_timeout: Option<Duration>,
    /// Maximum time for writing an answer. A large answer gets more, by [`limits::WRITE_PACE`].
    pub write_timeout: Duration,
    /// Maximum time between two requests, or before the first.
    pub idle_timeout: Duration,
    /// Maximum number of GETs being answered at once (`--web.get-concurrency`, §10.2), and of streamed
    /// answers being written at once.
    pub concurrent_reads: usize,
}

impl Default for Limits {
    fn default() -> Self {
        let cores = available_parallelism().map_or(1, usize::from);
        Limits {
            connections: limits::CONNECTIONS,
            head_bytes: limits::HEAD_BYTES,
            headers: limits::HEADERS,
            url_bytes: limits::URL_BYTES,
            body_bytes: limits::BODY_BYTES,
            buffered_bytes: limits::BUFFERED_BYTES,
            head_timeout: limits::HEAD_TIMEOUT,
            body_timeout: limits::BODY_TIMEOUT,
            handling_timeout: None,
            write_timeout: limits::WRITE_TIMEOUT,
            idle_timeout: limits::IDLE_TIMEOUT,
            concurrent_reads: cores.max(limits::CONCURRENT_READS),
        }
    }
}
