//! Decodes a message of Alertmanager's file `silences`, and makes silences of it.
//!
//! PURE. Owns the meaning of the fields (§7.1), including old ones. Runs on main, at a start.
//!
//! In the file a silence may have several sets of matchers, of which one must match. Alertmanager's API can
//! neither create nor show such a silence. Here each set becomes a silence of its own; together they mute
//! the same alerts. The first silence keeps the id, the ids of the others are derived from it, and their
//! comments say that they belong together.

use super::protobuf::{Fields, Value, text, time};
use crate::journal::fields::Malformed;
use crate::limits;
use crate::model::{Fnv1a, Labels, MatchOp, Matcher, Silence, Wall, check_regex};

/// A decoded message, which borrows its texts.
#[derive(Clone, Debug)]
pub struct Found<'a> {
    /// The id of the silence; empty only in an invalid message.
    pub id: &'a str,
    /// When Alertmanager would have deleted it; `None` if the message has no such time.
    pub expires_at: Option<Wall>,
    /// When it was last changed.
    pub updated_at: Wall,
    starts_at: Wall,
    ends_at: Wall,
    created_by: &'a str,
    comment: &'a str,
    /// Author and text of the first comment, from old versions with several comments.
    old_comment: Option<(&'a str, &'a str)>,
    annotations: Vec<(&'a str, &'a str)>,
    /// A copy of the first set, for readers that know no sets. Old files have only this one.
    matchers: Vec<FoundMatcher<'a>>,
    sets: Vec<Vec<FoundMatcher<'a>>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct FoundMatcher<'a> {
    kind: u64,
    name: &'a str,
    value: &'a str,
}

impl<'a> Found<'a> {
    /// Reads a message.
    pub fn read(message: &'a [u8]) -> Result<Found<'a>, Malformed> {
        let mut found = None;
        let mut expires_at = None;
        for field in Fields::of(message) {
            match field? {
                (1, Value::Bytes(silence)) => found = Some(read_silence(silence)?),
                (2, Value::Bytes(stamp)) => expires_at = Some(time(stamp)?),
                _ => {}
            }
        }
        let found = found.ok_or(Malformed("a message without a silence"))?;
        Ok(Found {
            expires_at,
            ..found
        })
    }

    /// The silences that together mute the same alerts. Fails with the reason if the message is invalid.
    pub fn into_silences(self) -> Result<Vec<Silence>, String> {
        if self.id.is_empty() {
            return Err("it has no id".into());
        }
        let sets = match self.sets.as_slice() {
            [] => std::slice::from_ref(&self.matchers),
            sets => sets,
        };
        let count = sets.len();
        let compiled = sets.iter().enumerate().map(|(index, set)| {
            let matchers = compile(set)?;
            Ok(self.part(index, count, matchers))
        });
        compiled.collect()
    }

    fn part(&self, index: usize, count: usize, matchers: Vec<Matcher>) -> Silence {
        let (created_by, comment) = self.old_comment.unwrap_or((self.created_by, self.comment));
        let comment = if count == 1 {
            comment.to_owned()
        } else {
            let number = index + 1;
            format!(
                "{comment} (part {number} of {count} of silence {})",
                self.id
            )
        };
        let id = if index == 0 {
            self.id.to_owned()
        } else {
            derived_id(self.id, index)
        };
        Silence {
            id: id.into(),
            matchers: matchers.into(),
            starts_at: self.starts_at,
            ends_at: self.ends_at,
            updated_at: self.updated_at,
            created_by: created_by.to_owned(),
            comment,
            annotations: Labels::from_pairs(self.annotations.iter().copied()),
        }
    }
}

fn read_silence(message: &[u8]) -> Result<Found<'_>, Malformed> {
    let mut found = Found {
        id: "",
        expires_at: None,
        updated_at: Wall::UNIX_EPOCH,
        starts_at: Wall::UNIX_EPOCH,
        ends_at: Wall::UNIX_EPOCH,
        created_by: "",
        comment: "",
        old_comment: None,
        annotations: Vec::new(),
        matchers: Vec::new(),
        sets: Vec::new(),
    };
    for field in Fields::of(message) {
        let (number, Value::Bytes(bytes)) = field? else {
            continue;
        };
        match number {
            1 => found.id = text(bytes)?,
            2 => found.matchers.push(read_matcher(bytes)?),
            3 => found.starts_at = time(bytes)?,
            4 => found.ends_at = time(bytes)?,
            5 => found.updated_at = time(bytes)?,
            // Alertmanager keeps the first of several comments.
            7 if found.old_comment.is_none() => found.old_comment = Some(read_pair(bytes)?),
            8 => found.created_by = text(bytes)?,
            9 => found.comment = text(bytes)?,
            10 => found.annotations.push(read_pair(bytes)?),
            11 => found.sets.push(read_set(bytes)?),
            _ => {}
        }
    }
    Ok(found)
}

fn read_set(message: &[u8]) -> Result<Vec<FoundMatcher<'_>>, Malformed> {
    let mut set = Vec::new();
    for field in Fields::of(message) {
        if let (1, Value::Bytes(matcher)) = field? {
            set.push(read_matcher(matcher)?);
        }
    }
    Ok(set)
}

fn read_matcher(message: &[u8]) -> Result<FoundMatcher<'_>, Malformed> {
    let mut found = FoundMatcher::default();
    for field in Fields::of(message) {
        match field? {
            (1, Value::Number(kind)) => found.kind = kind,
            (2, Value::Bytes(name)) => found.name = text(name)?,
            (3, Value::Bytes(value)) => found.value = text(value)?,
            _ => {}
        }
    }
    Ok(found)
}

/// The first two texts of a message: key and value of a map, or author and text of a comment.
fn read_pair(message: &[u8]) -> Result<(&str, &str), Malformed> {
    let mut pair = ("", "");
    for field in Fields::of(message) {
        match field? {
            (1, Value::Bytes(first)) => pair.0 = text(first)?,
            (2, Value::Bytes(second)) => pair.1 = text(second)?,
            _ => {}
        }
    }
    Ok(pair)
}

fn compile(set: &[FoundMatcher<'_>]) -> Result<Vec<Matcher>, String> {
    if set.is_empty() {
        return Err("it has no matchers".into());
    }
    if set.len() > limits::MATCHERS {
        return Err(format!("it has more than {} matchers", limits::MATCHERS));
    }
    let compiled = set.iter().map(|found| {
        let op = match found.kind {
            0 => MatchOp::Equal,
            1 => MatchOp::Regex,
            2 => MatchOp::NotEqual,
            3 => MatchOp::NotRegex,
            other => return Err(format!("unknown matcher type \"{other}\"")),
        };
        if matches!(op, MatchOp::Regex | MatchOp::NotRegex) {
            check_regex(found.value).map_err(|error| error.to_string())?;
        }
        Ok(Matcher::kept(op, found.name, found.value))
    });
    compiled.collect()
}

/// A UUID that is the same at each import of the same file. Its version is 8, the one for custom formats.
fn derived_id(id: &str, index: usize) -> String {
    let hash = |salt: u8| {
        let hash = Fnv1a::new().update(&[salt]).update(id.as_bytes());
        hash.update(&index.to_le_bytes()).finish()
    };
    let high = (hash(0) & !0xf000) | 0x8000;
    let low = (hash(1) & !(0b11 << 62)) | (0b10 << 62);
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xffff,
        low >> 48,
        low & 0xffff_ffff_ffff
    )
}
