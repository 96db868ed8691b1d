//! Encodes records as bytes, and decodes them.
//!
//! PURE. Owns the layout of a frame's payload: a sequence of items. An item is a byte for its kind, the
//! length of its body as a varint, and the body. So a reader can skip an item without decoding it. A
//! record's key is at the start of its body, so that a reader can decode the key alone.
//!
//! | item | body |
//! |---|---|
//! | clock | the wall time, relative to the previous clock item or else to 1970; times after it are relative to it |
//! | closing | the last item of a snapshot: the number of its records |
//! | a record | its key, then its other fields; see `put_*` |
//!
//! The fields of a record depend on the version of its file. [`Items`] gets the version, and each
//! [`Encoded`] carries it to the decoder. A record has exactly the fields of its version; a longer or
//! shorter one does not decode, and its frame is reported as damage; the same holds for a kind of record that
//! the version does not have. So a new field or kind needs a new version. An older program refuses files of a
//! newer version, by name, before it reads any file. Version 2 adds the kinds from 13 on.
//!
//! A clock item precedes the records that it is for, and [`Encoded`] carries its time. So a record can be
//! copied from one frame into another without decoding it. Runs on the journal thread, and on main at a
//! start.

mod decode;
mod encode;

use super::fields::{Fields, Malformed};
use super::header::Version;
use crate::engine::{GroupName, LogKey, Record};
use crate::model::{Fingerprint, MatchOp, Wall};

pub use encode::{put_clock, put_closing, put_copy, put_record};

/// The kind of a record, as a byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// [`Record::Alert`].
    Alert = 1,
    /// [`Record::AlertExtended`].
    AlertExtended = 2,
    /// [`Record::AlertForgotten`].
    AlertForgotten = 3,
    /// [`Record::AlertLeft`].
    AlertLeft = 4,
    /// [`Record::Group`].
    Group = 5,
    /// [`Record::GroupRemoved`].
    GroupRemoved = 6,
    /// [`Record::LogEntry`].
    LogEntry = 7,
    /// [`Record::LogEntryForgotten`].
    LogEntryForgotten = 8,
    /// [`Record::Silence`].
    Silence = 9,
    /// [`Record::SilenceForgotten`].
    SilenceForgotten = 10,
    /// [`Record::AlertmanagerEntry`].
    AlertmanagerEntry = 11,
    /// [`Record::AlertmanagerEntryForgotten`].
    AlertmanagerEntryForgotten = 12,
    /// [`Record::AlertKey`]; since version 2.
    AlertKey = 13,
    /// [`Record::AlertKeyForgotten`]; since version 2.
    AlertKeyForgotten = 14,
    /// [`Record::Heartbeat`]; since version 2.
    Heartbeat = 15,
    /// [`Record::HeartbeatForgotten`]; since version 2.
    HeartbeatForgotten = 16,
}

/// The byte of a clock item.
pub const CLOCK: u8 = 0xc0;
/// The byte of a closing item.
const CLOSING: u8 = 0xff;

/// The byte before the id of an alert whose labels identify it within its source.
const ID_IS_LABELS: u8 = 0;
/// The byte before the key of an alert.
const ID_IS_KEY: u8 = 1;

impl Kind {
    /// All kinds, in the order of their bytes.
    pub const ALL: [Kind; 16] = [
        Kind::Alert,
        Kind::AlertExtended,
        Kind::AlertForgotten,
        Kind::AlertLeft,
        Kind::Group,
        Kind::GroupRemoved,
        Kind::LogEntry,
        Kind::LogEntryForgotten,
        Kind::Silence,
        Kind::SilenceForgotten,
        Kind::AlertmanagerEntry,
        Kind::AlertmanagerEntryForgotten,
        Kind::AlertKey,
        Kind::AlertKeyForgotten,
        Kind::Heartbeat,
        Kind::HeartbeatForgotten,
    ];

    /// The kinds that a file of this version can have.
    pub fn all_in(version: Version) -> &'static [Kind] {
        match version {
            Version::One => &Kind::ALL[..12],
            Version::Two => &Kind::ALL,
        }
    }

    /// The kind of a record.
    pub fn of(record: &Record) -> Kind {
        match record {
            Record::Alert(_) => Kind::Alert,
            Record::AlertExtended { .. } => Kind::AlertExtended,
            Record::AlertForgotten(_) => Kind::AlertForgotten,
            Record::AlertLeft { .. } => Kind::AlertLeft,
            Record::Group { .. } => Kind::Group,
            Record::GroupRemoved(_) => Kind::GroupRemoved,
            Record::LogEntry { .. } => Kind::LogEntry,
            Record::LogEntryForgotten(_) => Kind::LogEntryForgotten,
            Record::Silence { .. } => Kind::Silence,
            Record::SilenceForgotten(_) => Kind::SilenceForgotten,
            Record::AlertmanagerEntry(_) => Kind::AlertmanagerEntry,
            Record::AlertmanagerEntryForgotten(_) => Kind::AlertmanagerEntryForgotten,
            Record::AlertKey { .. } => Kind::AlertKey,
            Record::AlertKeyForgotten(_) => Kind::AlertKeyForgotten,
            Record::Heartbeat { .. } => Kind::Heartbeat,
            Record::HeartbeatForgotten(_) => Kind::HeartbeatForgotten,
        }
    }

    /// The index of this kind in [`Kind::ALL`].
    pub fn index(self) -> usize {
        self as usize - 1
    }

    fn from_byte(version: Version, byte: u8) -> Result<Kind, Malformed> {
        let index = usize::from(byte).checked_sub(1);
        let kind = index.and_then(|index| Kind::all_in(version).get(index));
        kind.copied().ok_or(Malformed("a record of unknown kind"))
    }
}

/// The key of a record. Of several records with the same key only the last counts. Alerts are the exception:
/// the last [`Kind::Alert`] counts together with the last [`Kind::AlertExtended`] after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key<'a> {
    /// An alert: `Alert`, `AlertExtended`, `AlertForgotten`.
    Alert(Fingerprint),
    /// An alert in a group: `AlertLeft`. Void once a later record has the key of the alert.
    Left(Fingerprint, GroupName),
    /// A group: `Group`, `GroupRemoved`.
    Group(GroupName),
    /// A group and a webhook: `LogEntry`, `LogEntryForgotten`.
    NotificationLog(LogKey),
    /// A silence: `Silence`, `SilenceForgotten`.
    Silence(u64),
    /// An entry from Alertmanager, its key as bytes: `AlertmanagerEntry`, `AlertmanagerEntryForgotten`.
    AlertmanagerEntry(&'a [u8]),
    /// A key of a source, as bytes: `AlertKey`, `AlertKeyForgotten`.
    AlertKey(&'a [u8]),
    /// The name of a heartbeat: `Heartbeat`, `HeartbeatForgotten`.
    Heartbeat(&'a str),
}

/// An encoded record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encoded<'a> {
    /// The version of the format of its fields.
    pub version: Version,
    /// The kind of record.
    pub kind: Kind,
    /// The time of the clock item before it, to which its times are relative.
    pub at: Wall,
    body: &'a [u8],
}

impl<'a> Encoded<'a> {
    /// The length of the item in bytes, without the frame's head and the clock item.
    pub fn item_bytes(&self) -> usize {
        let length_bytes = self.body.len().max(1).ilog2() as usize / 7 + 1;
        1 + length_bytes + self.body.len()
    }

    /// Decodes the key alone. Costs a few nanoseconds and no allocation.
    pub fn key(&self) -> Result<Key<'a>, Malformed> {
        decode::key(self.version, self.kind, self.body)
    }

    /// Decodes the whole record.
    pub fn decode(&self) -> Result<Record, Malformed> {
        decode::record(self.version, self.kind, self.body, self.at)
    }
}

/// An item of a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item<'a> {
    /// A record.
    Record(Encoded<'a>),
    /// The closing item: a snapshot ends here.
    Closing {
        /// The number of records in the snapshot.
        records: u64,
    },
}

/// Iterates over the items of a payload. Handles clock items itself; ends after the first malformed item.
#[derive(Clone, Debug)]
pub struct Items<'a> {
    version: Version,
    fields: Fields<'a>,
    at: Option<Wall>,
}

impl<'a> Items<'a> {
    /// The items of `payload`, from a file of `version`.
    pub fn of(version: Version, payload: &'a [u8]) -> Self {
        Items {
            version,
            fields: Fields::of(payload),
            at: None,
        }
    }

    /// The time of the last clock item so far; `None` before the first.
    pub fn at(&self) -> Option<Wall> {
        self.at
    }

    fn read(&mut self) -> Result<Option<Item<'a>>, Malformed> {
        while !self.fields.is_empty() {
            let byte = self.fields.byte()?;
            let length = self.fields.count(1)?;
            let body = self.fields.bytes(length)?;
            let mut inner = Fields::of(body);
            match byte {
                CLOCK => {
                    self.at = Some(inner.time(self.at.unwrap_or(Wall::UNIX_EPOCH))?);
                    inner.end()?;
                }
                CLOSING => {
                    let records = inner.number()?;
                    inner.end()?;
                    self.fields.end()?;
                    return Ok(Some(Item::Closing { records }));
                }
                byte => {
                    let kind = Kind::from_byte(self.version, byte)?;
                    let at = self.at.ok_or(Malformed("a record before any clock"))?;
                    return Ok(Some(Item::Record(Encoded {
                        version: self.version,
                        kind,
                        at,
                        body,
                    })));
                }
            }
        }
        Ok(None)
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = Result<Item<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        let item = self.read();
        if item.is_err() {
            self.fields = Fields::of(&[]);
        }
        item.transpose()
    }
}

/// The byte of an operator.
fn op_byte(op: MatchOp) -> u8 {
    match op {
        MatchOp::Equal => 0,
        MatchOp::NotEqual => 1,
        MatchOp::Regex => 2,
        MatchOp::NotRegex => 3,
    }
}

/// The operator of a byte.
fn op_of(byte: u8) -> Result<MatchOp, Malformed> {
    match byte {
        0 => Ok(MatchOp::Equal),
        1 => Ok(MatchOp::NotEqual),
        2 => Ok(MatchOp::Regex),
        3 => Ok(MatchOp::NotRegex),
        _ => Err(Malformed("an operator that does not exist")),
    }
}

#[cfg(test)]
mod tests;
