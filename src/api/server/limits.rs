//! The bounds of one front door, as flags may set them.
//!
//! Owns the set; the defaults and their reasons stand in `crate::limits`. Plain data.

use std::thread::available_parallelism;
use std::time::Duration;

use crate::limits;

/// What one front door allows. Past a bound the peer hears a refusal, which is counted.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Connections open at once. The host's limit on descriptors may lower it further.
    pub connections: usize,
    /// Bytes of a request line with all headers.
    pub head_bytes: usize,
    /// Headers of a request.
    pub headers: usize,
    /// Bytes of a request's target.
    pub url_bytes: usize,
    /// Bytes of a request's body.
    pub body_bytes: usize,
    /// Bytes of large bodies held at once, over all connections.
    pub buffered_bytes: usize,
    /// From the first byte of a head to its end.
    pub head_timeout: Duration,
    /// From the end of a head to the end of its body.
    pub body_timeout: Duration,
    /// From the end of a request to the beginning of its answer (`--web.timeout`), if that is bounded.
    pub handling_timeout: Option<Duration>,
    /// For writing an answer; a large one gets more, by [`limits::WRITE_PACE`].
    pub write_timeout: Duration,
    /// Between two requests, or before the first.
    pub idle_timeout: Duration,
    /// GET requests that are answered at once (`--web.get-concurrency`, §10.2), and as many whose
    /// answer is made while it is written.
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
