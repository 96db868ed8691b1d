//! The bounds on what is remembered and fetched for the requests to sources.
//!
//! Owns these constants, no behaviour. Any thread.

use std::time::Duration;

/// Ids of signed messages that a source remembers, so that none of them is taken in twice. A sender of six
/// messages a second fills it within the ten minutes for which a signature may be accepted.
pub const SEEN_IDS: usize = 4096;

/// Certificates of Amazon SNS that are kept, of two kilobytes each: one for each region that sends, and the
/// next ones.
pub const SNS_CERTIFICATES: usize = 16;

/// The largest answer of Amazon SNS that is read, in bytes: a certificate has two kilobytes.
pub const SNS_ANSWER_BYTES: usize = 64 * 1024;

/// How long Amazon SNS may take to answer. A connection's thread waits for it, and one at a time.
pub const SNS_PATIENCE: Duration = Duration::from_secs(5);

/// The last bodies that are kept of a source: enough to see what its sender posts when an alert fires, when it
/// resolves, and in a test.
pub const RECENT_BODIES: usize = 10;

/// Bytes of a body that are kept; of a longer one the beginning. A notification of twenty alerts fits.
pub const RECENT_BODY_BYTES: usize = 16 * 1024;

/// Bytes of all that is kept of the last bodies of a source, so that thirty sources take four megabytes at most.
pub const RECENT_BODIES_BYTES: usize = 128 * 1024;

/// How long the last bodies are kept: what somebody sees on Monday may have come on Friday.
pub const RECENT_BODIES_AGE: Duration = Duration::from_secs(3 * 24 * 3600);

/// Reports of a body that are kept with it.
pub const RECENT_REPORTS: usize = 20;

/// How long after a log line about a fault of a source the next change of its fault is logged. A sender may
/// post good and bad bodies in turn.
pub const SOURCE_QUIET: Duration = Duration::from_secs(60);

/// Subscriptions of a source that wait for a confirmation. A topic has one; strangers' topics push out the
/// oldest.
pub const CONFIRMATIONS: usize = 8;
