//! Decodes records.
//!
//! PURE. Owns the fields of a record in each version, and the checks of their values. Never trusts a
//! length. Runs on main at a start; keys are also decoded on the thread of a compaction.

use std::sync::Arc;

use super::{Key, Kind};
use crate::engine::{
    AlertKey, AlertmanagerEntry, AlertmanagerKey, GroupName, GroupTimer, IdInSource, KeyedAlert,
    LogEntry, LogKey, Record, Unsent,
};
use crate::journal::fields::{Fields, Malformed};
use crate::journal::header::Version;
use crate::model::{Alert, Fingerprint, Matcher, Silence, Wall};

/// The key of the record with this body.
pub fn key(version: Version, kind: Kind, body: &[u8]) -> Result<Key<'_>, Malformed> {
    match version {
        // Both versions have the same fields; which kinds they have is checked where the kind is read.
        Version::One | Version::Two => key_of(kind, body),
    }
}

fn key_of(kind: Kind, body: &[u8]) -> Result<Key<'_>, Malformed> {
    let mut fields = Fields::of(body);
    let fields = &mut fields;
    Ok(match kind {
        Kind::Alert | Kind::AlertExtended | Kind::AlertForgotten => {
            Key::Alert(fields.fingerprint()?)
        }
        Kind::AlertLeft => Key::Left(fields.fingerprint()?, group(fields)?),
        Kind::Group | Kind::GroupRemoved => Key::Group(group(fields)?),
        Kind::LogEntry | Kind::LogEntryForgotten => Key::NotificationLog(log_key(fields)?),
        Kind::Silence | Kind::SilenceForgotten => Key::Silence(fields.number()?),
        Kind::AlertmanagerEntry | Kind::AlertmanagerEntryForgotten => {
            fields.text()?;
            fields.text()?;
            fields.index()?;
            Key::AlertmanagerEntry(&body[..body.len() - fields.len()])
        }
        Kind::AlertKey | Kind::AlertKeyForgotten => {
            alert_key(fields)?;
            Key::AlertKey(&body[..body.len() - fields.len()])
        }
        Kind::Heartbeat | Kind::HeartbeatForgotten => Key::Heartbeat(fields.text()?),
    })
}

/// The record with this body. Its times are relative to `at`.
pub fn record(version: Version, kind: Kind, body: &[u8], at: Wall) -> Result<Record, Malformed> {
    let mut fields = Fields::of(body);
    let record = fields_of(kind, &mut fields, at)?;
    let too_long = match version {
        Version::One => "a record with more fields than it has in version 1",
        Version::Two => "a record with more fields than it has in version 2",
    };
    if fields.is_empty() {
        Ok(record)
    } else {
        Err(Malformed(too_long))
    }
}

fn fields_of(kind: Kind, fields: &mut Fields<'_>, at: Wall) -> Result<Record, Malformed> {
    Ok(match kind {
        Kind::Alert => Record::Alert(Arc::new(alert(fields, at)?)),
        Kind::AlertExtended => Record::AlertExtended {
            fingerprint: fields.fingerprint()?,
            ends_at: fields.time(at)?,
            updated_at: fields.time(at)?,
        },
        Kind::AlertForgotten => Record::AlertForgotten(fields.fingerprint()?),
        Kind::AlertLeft => {
            let fingerprint = fields.fingerprint()?;
            let group = group(fields)?;
            Record::AlertLeft { group, fingerprint }
        }
        Kind::Group => Record::Group {
            group: group(fields)?,
            timer: timer(fields, at)?,
        },
        Kind::GroupRemoved => Record::GroupRemoved(group(fields)?),
        Kind::LogEntry => Record::LogEntry {
            key: log_key(fields)?,
            told: told(fields, at)?,
        },
        Kind::LogEntryForgotten => Record::LogEntryForgotten(log_key(fields)?),
        Kind::Silence => Record::Silence {
            number: fields.number()?,
            silence: Arc::new(silence(fields, at)?),
        },
        Kind::SilenceForgotten => Record::SilenceForgotten(fields.number()?),
        Kind::AlertmanagerEntry => Record::AlertmanagerEntry(Arc::new(inherited(fields, at)?)),
        Kind::AlertmanagerEntryForgotten => {
            Record::AlertmanagerEntryForgotten(inherited_key(fields)?)
        }
        Kind::AlertKey => Record::AlertKey {
            key: Arc::new(alert_key(fields)?),
            held: held(fields, at)?,
        },
        Kind::AlertKeyForgotten => Record::AlertKeyForgotten(Arc::new(alert_key(fields)?)),
        Kind::Heartbeat => Record::Heartbeat {
            name: fields.text()?.into(),
            counts_from: fields.optional_time(at)?,
        },
        Kind::HeartbeatForgotten => Record::HeartbeatForgotten(fields.text()?.into()),
    })
}

fn alert(fields: &mut Fields<'_>, at: Wall) -> Result<Alert, Malformed> {
    Ok(Alert {
        fingerprint: fields.fingerprint()?,
        starts_at: fields.time(at)?.into(),
        ends_at: fields.time(at)?.into(),
        updated_at: fields.time(at)?.into(),
        ends_by_timeout: fields.flag()?,
        labels: fields.labels()?,
        annotations: fields.labels()?,
        generator_url: fields.text()?.into(),
    })
}

fn group(fields: &mut Fields<'_>) -> Result<GroupName, Malformed> {
    Ok(GroupName {
        route: fields.hash()?,
        labels: fields.fingerprint()?,
    })
}

fn timer(fields: &mut Fields<'_>, at: Wall) -> Result<GroupTimer, Malformed> {
    let due_at = fields.time(at)?;
    let has_flushed = fields.flag()?;
    let count = fields.count(2)?;
    let mut unsent = Vec::with_capacity(count);
    for _ in 0..count {
        unsent.push(Unsent {
            webhook_index: fields.index()?,
            not_before: fields.optional_time(at)?,
        });
    }
    Ok(GroupTimer {
        due_at,
        has_flushed,
        unsent,
    })
}

fn log_key(fields: &mut Fields<'_>) -> Result<LogKey, Malformed> {
    Ok(LogKey {
        route: fields.hash()?,
        group: fields.fingerprint()?,
        receiver: fields.hash()?,
        webhook_index: fields.index()?,
    })
}

fn told(fields: &mut Fields<'_>, at: Wall) -> Result<LogEntry, Malformed> {
    let (told_at, expires_at) = (fields.time(at)?, fields.time(at)?);
    let firing = fingerprints(fields)?;
    let resolved = fingerprints(fields)?;
    let owed = if fields.flag()? {
        Arc::clone(&firing)
    } else {
        fingerprints(fields)?
    };
    Ok(LogEntry {
        at: told_at,
        expires_at,
        firing,
        resolved,
        owed,
    })
}

fn fingerprints(fields: &mut Fields<'_>) -> Result<Arc<[Fingerprint]>, Malformed> {
    Ok(fields.hashes()?.map(Fingerprint).collect())
}

fn silence(fields: &mut Fields<'_>, at: Wall) -> Result<Silence, Malformed> {
    Ok(Silence {
        id: fields.text()?.into(),
        starts_at: fields.time(at)?,
        ends_at: fields.time(at)?,
        updated_at: fields.time(at)?,
        created_by: fields.text()?.to_owned(),
        comment: fields.text()?.to_owned(),
        annotations: fields.labels()?,
        matchers: matchers(fields)?,
    })
}

fn matchers(fields: &mut Fields<'_>) -> Result<Arc<[Matcher]>, Malformed> {
    let count = fields.count(3)?;
    let mut matchers = Vec::with_capacity(count);
    for _ in 0..count {
        let op = super::op_of(fields.byte()?)?;
        let (name, value) = (fields.text()?, fields.text()?);
        matchers.push(Matcher::kept(op, name, value));
    }
    Ok(matchers.into())
}

fn inherited(fields: &mut Fields<'_>, at: Wall) -> Result<AlertmanagerEntry, Malformed> {
    Ok(AlertmanagerEntry {
        key: inherited_key(fields)?,
        at: fields.time(at)?,
        expires_at: fields.time(at)?,
        firing: fields.hashes()?.collect(),
        resolved: fields.hashes()?.collect(),
    })
}

fn inherited_key(fields: &mut Fields<'_>) -> Result<AlertmanagerKey, Malformed> {
    Ok(AlertmanagerKey {
        group_key: fields.text()?.into(),
        receiver: fields.text()?.into(),
        webhook_index: fields.index()?,
    })
}

fn alert_key(fields: &mut Fields<'_>) -> Result<AlertKey, Malformed> {
    Ok(AlertKey {
        source: fields.text()?.into(),
        id: match fields.byte()? {
            super::ID_IS_LABELS => IdInSource::Labels(fields.fingerprint()?),
            super::ID_IS_KEY => IdInSource::Key(fields.text()?.into()),
            _ => return Err(Malformed("a key of unknown kind")),
        },
    })
}

fn held(fields: &mut Fields<'_>, at: Wall) -> Result<KeyedAlert, Malformed> {
    Ok(KeyedAlert {
        alert: fields.fingerprint()?,
        ends_at: fields.optional_time(at)?.unwrap_or(Wall::MAX),
        ends_by_ttl: fields.flag()?,
    })
}
