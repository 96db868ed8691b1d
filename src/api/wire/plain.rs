//! Alerts in the plain form in which Prometheus and its like post them, read in one pass.
//!
//! Owns the short way alone: fields under their own names and once, texts that need no repair,
//! nothing unknown, nothing wrong. It never says what is wrong with a body: one that it does not
//! take is read again by `posted.rs`, which knows all the rules and alone reports faults. Where both
//! take a body they yield the same alerts, and a test holds them to that. Pure; runs on the http
//! threads.

mod cursor;

use std::borrow::Cow;
use std::str;

use crate::model::{Labels, ParserMode, PostedAlert, SharedText, Wall, is_valid_label_name};

use super::date::parse_date;
use super::uri::is_request_uri;
use cursor::{Cursor, Written};

/// The alerts of a body that is plain up to the end of its first value.
pub fn plain_alerts(body: &[u8], mode: ParserMode) -> Option<Vec<PostedAlert>> {
    // Checked in one go, which is far faster than string by string.
    let text = str::from_utf8(body).ok()?;
    let mut reader = Reader {
        rest: Cursor::new(text),
        mode,
        pairs: Vec::new(),
        starts_at: Last::default(),
        ends_at: Last::default(),
        generator_url: Last::default(),
    };
    reader.alerts()
}

/// A body that is being read.
struct Reader<'a> {
    rest: Cursor<'a>,
    mode: ParserMode,
    /// The set that is being read; empty in between.
    pairs: Vec<(&'a str, Cow<'a, str>)>,
    starts_at: Last<'a, Option<Wall>>,
    ends_at: Last<'a, Option<Wall>>,
    generator_url: Last<'a, SharedText>,
}

/// What a field said last. Alerts of a batch mostly say the same there, and have it read once.
#[derive(Default)]
struct Last<'a, T> {
    written: Option<(Written<'a>, T)>,
}

/// The fields of one alert, each `None` until it was read.
#[derive(Default)]
struct Fields {
    labels: Option<Labels>,
    annotations: Option<Labels>,
    starts_at: Option<Option<Wall>>,
    ends_at: Option<Option<Wall>>,
    generator_url: Option<SharedText>,
}

impl<'a> Reader<'a> {
    fn alerts(&mut self) -> Option<Vec<PostedAlert>> {
        let mut alerts = Vec::new();
        self.rest.take(b'[')?;
        if self.rest.takes(b']') {
            return Some(alerts);
        }
        loop {
            alerts.push(self.alert()?);
            if !self.rest.takes(b',') {
                self.rest.take(b']')?;
                return Some(alerts);
            }
        }
    }

    fn alert(&mut self) -> Option<PostedAlert> {
        let mut fields = Fields::default();
        self.rest.take(b'{')?;
        loop {
            let name = self.rest.simple_string()?;
            self.rest.take(b':')?;
            match name {
                "labels" => put(&mut fields.labels, self.labels()?)?,
                "annotations" => put(&mut fields.annotations, self.annotations()?)?,
                "startsAt" => put(&mut fields.starts_at, self.starts_at()?)?,
                "endsAt" => put(&mut fields.ends_at, self.ends_at()?)?,
                "generatorURL" => put(&mut fields.generator_url, self.generator_url()?)?,
                _ => return None,
            }
            if !self.rest.takes(b',') {
                self.rest.take(b'}')?;
                return fields.into_alert();
            }
        }
    }

    /// Labels, none of them empty: which of two with one name counts is left to the other reader.
    fn labels(&mut self) -> Option<Labels> {
        self.pairs()?;
        let are_sound =
            !self.pairs.is_empty() && self.pairs.iter().all(|(_, value)| !value.is_empty());
        are_sound.then(|| Labels::from_pairs(self.pairs.drain(..)))
    }

    fn annotations(&mut self) -> Option<Labels> {
        self.pairs()?;
        Some(Labels::from_pairs(self.pairs.drain(..)))
    }

    /// Reads an object of texts.
    fn pairs(&mut self) -> Option<()> {
        self.rest.take(b'{')?;
        if self.rest.takes(b'}') {
            return Some(());
        }
        loop {
            let name = self.rest.simple_string()?;
            if !is_valid_label_name(name, self.mode) {
                return None;
            }
            self.rest.take(b':')?;
            self.pairs.push((name, self.rest.string()?.read()?));
            if !self.rest.takes(b',') {
                return self.rest.take(b'}');
            }
        }
    }

    fn starts_at(&mut self) -> Option<Option<Wall>> {
        self.starts_at
            .read(self.rest.string()?, |text| parse_date(text).ok())
    }

    fn ends_at(&mut self) -> Option<Option<Wall>> {
        self.ends_at
            .read(self.rest.string()?, |text| parse_date(text).ok())
    }

    fn generator_url(&mut self) -> Option<SharedText> {
        self.generator_url.read(self.rest.string()?, |text| {
            (text.is_empty() || is_request_uri(text)).then(|| text.into())
        })
    }
}

impl<'a, T: Clone> Last<'a, T> {
    /// What `written` means, which `read` knows.
    fn read(&mut self, written: Written<'a>, read: impl Fn(&str) -> Option<T>) -> Option<T> {
        match &self.written {
            Some((last, value)) if *last == written => Some(value.clone()),
            _ => {
                let value = read(&written.read()?)?;
                self.written = Some((written, value.clone()));
                Some(value)
            }
        }
    }
}

impl Fields {
    fn into_alert(self) -> Option<PostedAlert> {
        Some(PostedAlert {
            labels: self.labels?,
            annotations: self.annotations.unwrap_or_default(),
            starts_at: self.starts_at.flatten(),
            ends_at: self.ends_at.flatten(),
            generator_url: self.generator_url.unwrap_or_default(),
            fault: None,
        })
    }
}

/// Keeps the value of a field that was not there before.
fn put<T>(slot: &mut Option<T>, value: T) -> Option<()> {
    slot.replace(value).is_none().then_some(())
}

#[cfg(test)]
mod tests;
