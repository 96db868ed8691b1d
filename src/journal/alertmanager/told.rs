//! Decodes an entry of Alertmanager's notification log, the file `nflog`.
//!
//! PURE. Owns the meaning of the fields (§5.7). Runs on main, at a start.

use std::sync::Arc;

use super::protobuf::{Fields, Value, take_number, text, time};
use crate::engine::{AlertmanagerEntry, AlertmanagerKey};
use crate::journal::fields::Malformed;
use crate::model::Wall;

/// The only integration that alertwheel supports.
const WEBHOOK: &str = "webhook";

/// A decoded entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// An entry for a webhook.
    Webhook(AlertmanagerEntry),
    /// An entry for an unsupported integration, with the integration's name.
    Other(String),
}

/// An entry while it is read.
#[derive(Default)]
struct Entry<'a> {
    group_key: &'a [u8],
    receiver: Option<ReceiverName<'a>>,
    at: Wall,
    firing: Vec<u64>,
    resolved: Vec<u64>,
}

/// The receiver and integration of an entry.
#[derive(Default)]
struct ReceiverName<'a> {
    name: &'a str,
    integration: &'a str,
    index: u64,
}

impl Found {
    /// Reads a message.
    pub fn read(message: &[u8]) -> Result<Found, Malformed> {
        let mut entry = None;
        let mut expires_at = Wall::UNIX_EPOCH;
        for field in Fields::of(message) {
            match field? {
                (1, Value::Bytes(found)) => entry = Some(read_entry(found)?),
                (2, Value::Bytes(stamp)) => expires_at = time(stamp)?,
                _ => {}
            }
        }
        let entry = entry.ok_or(Malformed("a message without an entry"))?;
        let receiver = entry
            .receiver
            .ok_or(Malformed("an entry without a receiver"))?;
        if receiver.integration != WEBHOOK {
            return Ok(Found::Other(receiver.integration.to_owned()));
        }
        let webhook_index = u32::try_from(receiver.index)
            .map_err(|_| Malformed("an entry of an impossible webhook"))?;
        Ok(Found::Webhook(AlertmanagerEntry {
            key: AlertmanagerKey {
                group_key: text(entry.group_key)?.into(),
                receiver: receiver.name.into(),
                webhook_index,
            },
            at: entry.at,
            expires_at,
            firing: sorted(entry.firing),
            resolved: sorted(entry.resolved),
        }))
    }
}

fn read_entry(message: &[u8]) -> Result<Entry<'_>, Malformed> {
    let mut entry = Entry::default();
    for field in Fields::of(message) {
        match field? {
            (1, Value::Bytes(key)) => entry.group_key = key,
            (2, Value::Bytes(receiver)) => entry.receiver = Some(read_receiver(receiver)?),
            (5, Value::Bytes(stamp)) => entry.at = time(stamp)?,
            (6, hashes) => take_hashes(&mut entry.firing, hashes)?,
            (7, hashes) => take_hashes(&mut entry.resolved, hashes)?,
            _ => {}
        }
    }
    Ok(entry)
}

fn read_receiver(message: &[u8]) -> Result<ReceiverName<'_>, Malformed> {
    let mut receiver = ReceiverName::default();
    for field in Fields::of(message) {
        match field? {
            (1, Value::Bytes(name)) => receiver.name = text(name)?,
            (2, Value::Bytes(integration)) => receiver.integration = text(integration)?,
            (3, Value::Number(index)) => receiver.index = index,
            _ => {}
        }
    }
    Ok(receiver)
}

/// Takes hashes from a field. A list may be packed in one field, or have one field for each number.
fn take_hashes(hashes: &mut Vec<u64>, value: Value<'_>) -> Result<(), Malformed> {
    match value {
        Value::Number(hash) => hashes.push(hash),
        Value::Bytes(mut packed) => {
            while !packed.is_empty() {
                hashes.push(take_number(&mut packed)?);
            }
        }
        Value::Fixed => {}
    }
    Ok(())
}

fn sorted(mut hashes: Vec<u64>) -> Arc<[u64]> {
    hashes.sort_unstable();
    hashes.into()
}
