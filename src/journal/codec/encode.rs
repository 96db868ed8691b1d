//! Encodes records.
//!
//! PURE. Owns the order of the fields of each record, which `decode.rs` reads. Runs on the journal
//! thread.

use super::{CLOCK, CLOSING, Encoded, Kind};
use crate::engine::{
    AlertKey, AlertmanagerEntry, AlertmanagerKey, GroupName, GroupTimer, IdInSource, KeyedAlert,
    LogEntry, LogKey, Record,
};
use crate::journal::fields::{
    put_hash, put_hashes, put_labels, put_number, put_optional_time, put_text, put_time,
};
use crate::model::{Alert, Fingerprint, Silence, Wall};

/// Appends a clock item. `before` is the time of the previous clock item in the same frame.
pub fn put_clock(out: &mut Vec<u8>, before: Option<Wall>, at: Wall) {
    put_item(out, CLOCK, |out| {
        put_time(out, before.unwrap_or(Wall::UNIX_EPOCH), at);
    });
}

/// Appends the closing item of a snapshot with this many records.
pub fn put_closing(out: &mut Vec<u8>, records: u64) {
    put_item(out, CLOSING, |out| put_number(out, records));
}

/// Appends a record that is already encoded. The clock item before it must be that of `record.at`.
pub fn put_copy(out: &mut Vec<u8>, record: &Encoded<'_>) {
    out.push(record.kind as u8);
    put_number(out, record.body.len() as u64);
    out.extend_from_slice(record.body);
}

/// Appends a record. The clock item before it must be that of `at`.
pub fn put_record(out: &mut Vec<u8>, at: Wall, record: &Record) {
    put_item(out, Kind::of(record) as u8, |out| match record {
        Record::Alert(alert) => put_alert(out, at, alert),
        Record::AlertExtended {
            fingerprint,
            ends_at,
            updated_at,
        } => {
            put_hash(out, fingerprint.0);
            put_time(out, at, *ends_at);
            put_time(out, at, *updated_at);
        }
        Record::AlertForgotten(fingerprint) => put_hash(out, fingerprint.0),
        Record::AlertLeft { group, fingerprint } => {
            put_hash(out, fingerprint.0);
            put_group(out, *group);
        }
        Record::Group { group, timer } => {
            put_group(out, *group);
            put_timer(out, at, timer);
        }
        Record::GroupRemoved(group) => put_group(out, *group),
        Record::LogEntry { key, told } => {
            put_log_key(out, key);
            put_told(out, at, told);
        }
        Record::LogEntryForgotten(key) => put_log_key(out, key),
        Record::Silence { number, silence } => {
            put_number(out, *number);
            put_silence(out, at, silence);
        }
        Record::SilenceForgotten(number) => put_number(out, *number),
        Record::AlertmanagerEntry(entry) => put_inherited(out, at, entry),
        Record::AlertmanagerEntryForgotten(key) => put_inherited_key(out, key),
        Record::AlertKey { key, held } => {
            put_alert_key(out, key);
            put_held(out, at, held);
        }
        Record::AlertKeyForgotten(key) => put_alert_key(out, key),
        Record::Heartbeat { name, counts_from } => {
            put_text(out, name);
            put_optional_time(out, at, *counts_from);
        }
        Record::HeartbeatForgotten(name) => put_text(out, name),
    });
}

/// Appends an item, and puts in its length once its body is encoded.
fn put_item(out: &mut Vec<u8>, byte: u8, body: impl FnOnce(&mut Vec<u8>)) {
    out.push(byte);
    let length_at = out.len();
    // Most bodies are short enough for a length of one byte; longer ones are moved.
    out.push(0);
    body(out);
    let mut length = out.len() - length_at - 1;
    let more = (length.max(1).ilog2() / 7) as usize;
    if more > 0 {
        let end = out.len();
        out.resize(end + more, 0);
        out.copy_within(length_at + 1..end, length_at + 1 + more);
    }
    for byte in &mut out[length_at..length_at + more] {
        *byte = length as u8 | 0x80;
        length >>= 7;
    }
    out[length_at + more] = length as u8;
}

fn put_alert(out: &mut Vec<u8>, at: Wall, alert: &Alert) {
    put_hash(out, alert.fingerprint.0);
    put_time(out, at, alert.starts_at.get());
    put_time(out, at, alert.ends_at.get());
    put_time(out, at, alert.updated_at.get());
    out.push(u8::from(alert.ends_by_timeout));
    put_labels(out, &alert.labels);
    put_labels(out, &alert.annotations);
    put_text(out, &alert.generator_url);
}

fn put_group(out: &mut Vec<u8>, group: GroupName) {
    put_hash(out, group.route);
    put_hash(out, group.labels.0);
}

fn put_timer(out: &mut Vec<u8>, at: Wall, timer: &GroupTimer) {
    put_time(out, at, timer.due_at);
    out.push(u8::from(timer.has_flushed));
    put_number(out, timer.unsent.len() as u64);
    for unsent in &timer.unsent {
        put_number(out, u64::from(unsent.webhook_index));
        put_optional_time(out, at, unsent.not_before);
    }
}

fn put_log_key(out: &mut Vec<u8>, key: &LogKey) {
    put_hash(out, key.route);
    put_hash(out, key.group.0);
    put_hash(out, key.receiver);
    put_number(out, u64::from(key.webhook_index));
}

fn put_told(out: &mut Vec<u8>, at: Wall, told: &LogEntry) {
    put_time(out, at, told.at);
    put_time(out, at, told.expires_at);
    put_fingerprints(out, &told.firing);
    put_fingerprints(out, &told.resolved);
    // Most entries owe exactly the alerts that fire: a flag says so, instead of a second list.
    let is_same = told.owed == told.firing;
    out.push(u8::from(is_same));
    if !is_same {
        put_fingerprints(out, &told.owed);
    }
}

fn put_fingerprints(out: &mut Vec<u8>, fingerprints: &[Fingerprint]) {
    put_hashes(out, fingerprints.iter().map(|fingerprint| fingerprint.0));
}

fn put_silence(out: &mut Vec<u8>, at: Wall, silence: &Silence) {
    put_text(out, &silence.id);
    put_time(out, at, silence.starts_at);
    put_time(out, at, silence.ends_at);
    put_time(out, at, silence.updated_at);
    put_text(out, &silence.created_by);
    put_text(out, &silence.comment);
    put_labels(out, &silence.annotations);
    put_number(out, silence.matchers.len() as u64);
    for matcher in silence.matchers.iter() {
        out.push(super::op_byte(matcher.op()));
        put_text(out, matcher.name());
        put_text(out, matcher.value());
    }
}

fn put_inherited(out: &mut Vec<u8>, at: Wall, entry: &AlertmanagerEntry) {
    put_inherited_key(out, &entry.key);
    put_time(out, at, entry.at);
    put_time(out, at, entry.expires_at);
    put_hashes(out, entry.firing.iter().copied());
    put_hashes(out, entry.resolved.iter().copied());
}

fn put_inherited_key(out: &mut Vec<u8>, key: &AlertmanagerKey) {
    put_text(out, &key.group_key);
    put_text(out, &key.receiver);
    put_number(out, u64::from(key.webhook_index));
}

fn put_alert_key(out: &mut Vec<u8>, key: &AlertKey) {
    put_text(out, &key.source);
    match &key.id {
        IdInSource::Labels(labels) => {
            out.push(super::ID_IS_LABELS);
            put_hash(out, labels.0);
        }
        IdInSource::Key(key) => {
            out.push(super::ID_IS_KEY);
            put_text(out, key);
        }
    }
}

fn put_held(out: &mut Vec<u8>, at: Wall, held: &KeyedAlert) {
    put_hash(out, held.alert.0);
    // Most keys hold their alert without end: no time says so in one byte.
    let ends_at = Some(held.ends_at).filter(|ends_at| *ends_at != Wall::MAX);
    put_optional_time(out, at, ends_at);
    out.push(u8::from(held.ends_by_ttl));
}
