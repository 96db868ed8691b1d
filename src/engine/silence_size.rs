//! The size of a silence in bytes.
//!
//! PURE. Owns the unit of `--silences.max-silence-size-bytes`: the bytes that Alertmanager would store
//! (§7.1), so that the limit means the same. Runs on the dispatch thread.

use std::time::Duration;

use super::ingest::later;
use crate::model::{MatchOp, Matcher, Silence, Wall};

/// The bytes of the protobuf message of a silence that is kept for `retention` after its end.
pub fn stored_bytes(silence: &Silence, retention: Duration) -> usize {
    let matchers: usize = silence
        .matchers
        .iter()
        .map(|matcher| message(matcher_bytes(matcher)))
        .sum();
    let annotations = silence
        .annotations
        .iter()
        .map(|(key, value)| message(text(key) + text(value)));
    let inner = text(&silence.id)
        + message(matchers)
        + message(timestamp(silence.starts_at))
        + message(timestamp(silence.ends_at))
        + message(timestamp(silence.updated_at))
        + text(&silence.created_by)
        + text(&silence.comment)
        + annotations.sum::<usize>();
    message(inner) + message(timestamp(later(silence.ends_at, retention)))
}

fn matcher_bytes(matcher: &Matcher) -> usize {
    // The first kind is protobuf's default, which is not stored.
    let kind = if matcher.op() == MatchOp::Equal { 0 } else { 2 };
    kind + text(matcher.name()) + text(matcher.value())
}

fn timestamp(time: Wall) -> usize {
    let seconds = time.as_second().cast_unsigned();
    let nanoseconds = u64::from(time.subsec_nanosecond().cast_unsigned());
    number(seconds) + number(nanoseconds)
}

/// The bytes of a field with one number. Zero is the default and is not stored.
fn number(value: u64) -> usize {
    if value == 0 { 0 } else { 1 + varint(value) }
}

/// The bytes of a text field. The empty text is the default and is not stored.
fn text(value: &str) -> usize {
    if value.is_empty() {
        0
    } else {
        message(value.len())
    }
}

/// The bytes of a field with a content of this many bytes, with its tag and length.
fn message(bytes: usize) -> usize {
    1 + varint(bytes as u64) + bytes
}

fn varint(value: u64) -> usize {
    let bits = (u64::BITS - value.leading_zeros()).max(1);
    bits.div_ceil(7) as usize
}
