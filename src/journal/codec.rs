//! Records as bytes, and back.
//!
//! PURE. Owns what stands in the payload of a frame: items one after the other, each a byte that says
//! which, the length of its body as a varint, and the body. So an item is passed over without being
//! understood, and a record's key stands at the start of its body, where it is read without taking
//! the rest apart.
//!
//! | item | body |
//! |---|---|
//! | clock | the wall time, from the clock item before it or else from 1970; the times of what follows count from it |
//! | closing | the last item of a snapshot: how many records there are |
//! | a record | its key, then its other fields; see `put_*` |
//!
//! What stands in the body of a record depends on the version of its file, which [`Items`] is told and
//! each [`Encoded`] carries to the decoder. A record has exactly the fields of its version: one that is
//! longer or shorter makes no sense, and its frame is told as damage. So a new field is a new version,
//! whose files an older program refuses by name before it reads any.
//!
//! Since a clock item stands before the records it is for, a record can be copied from one frame into
//! another as it is: [`Encoded`] carries the time it counts from. Runs on the journal thread, and on
//! main at a start.

mod decode;
mod encode;

use super::fields::{Fields, Malformed};
use super::header::Version;
use crate::engine::{GroupName, LogKey, Record};
use crate::model::{Fingerprint, MatchOp, Wall};

pub use encode::{put_clock, put_closing, put_copy, put_record};

/// Which record it is.
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
    /// [`Record::Told`].
    LogEntry = 7,
    /// [`Record::LogEntryForgotten`].
    LogEntryForgotten = 8,
    /// [`Record::Silence`].
    Silence = 9,
    /// [`Record::SilenceForgotten`].
    SilenceForgotten = 10,
    /// [`Record::Inherited`].
    AlertmanagerEntry = 11,
    /// [`Record::AlertmanagerEntryForgotten`].
    AlertmanagerEntryForgotten = 12,
}

/// The byte of a clock item.
pub const CLOCK: u8 = 0xc0;
/// The byte of a closing item.
const CLOSING: u8 = 0xff;

impl Kind {
    /// All of them, in the order of their bytes.
    pub const ALL: [Kind; 12] = [
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
    ];

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
        }
    }

    /// Its place in [`Kind::ALL`].
    pub fn index(self) -> usize {
        self as usize - 1
    }

    fn from_byte(byte: u8) -> Result<Kind, Malformed> {
        let index = usize::from(byte).checked_sub(1);
        let kind = index.and_then(|index| Kind::ALL.get(index));
        kind.copied().ok_or(Malformed("a record of unknown kind"))
    }
}

/// What a record is about. Of records with one key the last one holds, but for alerts: of theirs,
/// the last [`Kind::Alert`] holds together with the last [`Kind::AlertExtended`] after it.
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
}

/// A record as bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encoded<'a> {
    /// The version of the format that it is in.
    pub version: Version,
    /// Which record it is.
    pub kind: Kind,
    /// The clock that its times count from.
    pub at: Wall,
    body: &'a [u8],
}

impl<'a> Encoded<'a> {
    /// How many bytes it takes, without what the frame and its clock do.
    pub fn item_bytes(&self) -> usize {
        let length_bytes = self.body.len().max(1).ilog2() as usize / 7 + 1;
        1 + length_bytes + self.body.len()
    }

    /// What it is about. Costs a few nanoseconds and no allocation.
    pub fn key(&self) -> Result<Key<'a>, Malformed> {
        decode::key(self.version, self.kind, self.body)
    }

    /// The record.
    pub fn decode(&self) -> Result<Record, Malformed> {
        decode::record(self.version, self.kind, self.body, self.at)
    }
}

/// An item of a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item<'a> {
    /// A record.
    Record(Encoded<'a>),
    /// A snapshot ends here, and had this many records.
    Closing {
        /// How many.
        records: u64,
    },
}

/// The items of a payload, clock items taken in. Ends after the first that is malformed.
#[derive(Clone, Debug)]
pub struct Items<'a> {
    version: Version,
    fields: Fields<'a>,
    at: Option<Wall>,
}

impl<'a> Items<'a> {
    /// The items of this payload, from a file of this version.
    pub fn of(version: Version, payload: &'a [u8]) -> Self {
        Items {
            version,
            fields: Fields::of(payload),
            at: None,
        }
    }

    /// The last clock so far; `None` before the first.
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
                    let kind = Kind::from_byte(byte)?;
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
