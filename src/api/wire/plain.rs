//! The fast path for posted alerts: reads the plain form that Prometheus posts, in one pass.
//!
//! Owns the fast path alone: fields with their exact names and only once, valid Unicode, no unknown field,
//! no fault. It never reports a fault. A body that it does not accept is read again by `posted.rs`, which
//! has all the rules and alone reports faults. For a body that both accept, both return the same alerts, and
//! a test checks that. Pure; runs on the connections' threads.

mod cursor;

use std::str;

use crate::limits::ANNOTATION_BYTES;
use crate::model::{
    IdentifiedBuilder, IdentifiedLabels, Labels, LabelsBuilder, ParserMode, PostedAlert,
    SharedText, Wall, is_valid_label_name,
};

use super::date::parse_date;
use super::uri::is_request_uri;
use cursor::{Cursor, Written};

/// The alerts of a body, or `None` if its first value is not of the plain form.
pub fn plain_alerts(body: &[u8], mode: ParserMode) -> Option<Vec<PostedAlert>> {
    // One check of the whole body is far faster than a check of each string.
    let text = str::from_utf8(body).ok()?;
    let mut reader = Reader {
        rest: Cursor::new(text),
        mode,
        labels: IdentifiedBuilder::default(),
        annotations: LabelsBuilder::default(),
        room: String::new(),
        starts_at: Last::default(),
        ends_at: Last::default(),
        generator_url: Last::default(),
    };
    reader.alerts()
}

/// The state of reading one body.
struct Reader<'a> {
    rest: Cursor<'a>,
    mode: ParserMode,
    /// The builders of the current alert's sets; empty between two alerts.
    labels: IdentifiedBuilder,
    annotations: LabelsBuilder,
    /// The buffer for a text whose escapes are resolved.
    room: String,
    starts_at: Last<'a, Option<Wall>>,
    ends_at: Last<'a, Option<Wall>>,
    generator_url: Last<'a, SharedText>,
}

/// The last value of a field. Most alerts of a batch have the same value, which is then parsed only once.
#[derive(Default)]
struct Last<'a, T> {
    written: Option<(Written<'a>, T)>,
}

/// The fields of one alert, each `None` until it was read.
#[derive(Default)]
struct Fields {
    labels: Option<IdentifiedLabels>,
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

    /// Reads labels, none of them empty. With an empty value it matters which of two labels of one name
    /// counts, so such a body is left to `posted.rs`.
    fn labels(&mut self) -> Option<IdentifiedLabels> {
        let set = &mut self.labels;
        read_pairs(&mut self.rest, &mut self.room, |name, value| {
            set.push(name, value);
            !value.is_empty() && is_valid_label_name(name, self.mode)
        })?;
        Some(set.finish()).filter(|labels| !labels.is_empty())
    }

    fn annotations(&mut self) -> Option<Labels> {
        let set = &mut self.annotations;
        read_pairs(&mut self.rest, &mut self.room, |name, value| {
            set.push(name, value);
            is_valid_label_name(name, self.mode)
        })?;
        Some(set.finish())
    }

    fn starts_at(&mut self) -> Option<Option<Wall>> {
        let written = self.rest.string()?;
        self.starts_at.read(written, &mut self.room, read_date)
    }

    fn ends_at(&mut self) -> Option<Option<Wall>> {
        let written = self.rest.string()?;
        self.ends_at.read(written, &mut self.room, read_date)
    }

    fn generator_url(&mut self) -> Option<SharedText> {
        let written = self.rest.string()?;
        self.generator_url.read(written, &mut self.room, read_link)
    }
}

impl<'a, T: Clone> Last<'a, T> {
    /// The value of `written`: the last one if the text is the same, else parsed by `read`. Resolves escapes
    /// in `room`.
    fn read(
        &mut self,
        written: Written<'a>,
        room: &mut String,
        read: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        match &self.written {
            Some((last, value)) if *last == written => Some(value.clone()),
            _ => {
                let value = read(written.read(room)?)?;
                self.written = Some((written, value.clone()));
                Some(value)
            }
        }
    }
}

/// Reads an object of strings; `None` if `takes` rejects a pair.
fn read_pairs(
    rest: &mut Cursor<'_>,
    room: &mut String,
    mut takes: impl FnMut(&str, &str) -> bool,
) -> Option<()> {
    rest.take(b'{')?;
    if rest.takes(b'}') {
        return Some(());
    }
    let mut bytes = 0;
    loop {
        let name = rest.simple_string()?;
        rest.take(b':')?;
        let value = rest.string()?.read(room)?;
        bytes += name.len() + value.len();
        // A set that is larger than any that is taken is not laid out first.
        if bytes > ANNOTATION_BYTES || !takes(name, value) {
            return None;
        }
        if !rest.takes(b',') {
            return rest.take(b'}');
        }
    }
}

fn read_date(text: &str) -> Option<Option<Wall>> {
    parse_date(text).ok()
}

fn read_link(text: &str) -> Option<SharedText> {
    (text.is_empty() || is_request_uri(text)).then(|| text.into())
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

/// Stores the value of a field; `None` if the field is repeated.
fn put<T>(slot: &mut Option<T>, value: T) -> Option<()> {
    slot.replace(value).is_none().then_some(())
}

#[cfg(test)]
mod tests;
