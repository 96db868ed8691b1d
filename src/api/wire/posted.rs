//! The body of `POST /api/v2/alerts`.
//!
//! Owns the parsing of bytes to alerts: the fields, the rules of the schema, and the checks of labels (§4.1,
//! §10.2). The engine checks times, because only the engine has the current time. Pure; runs on the
//! connections' threads.

use std::borrow::Cow;

use serde::de::{Deserialize, IgnoredAny, MapAccess, SeqAccess};

use crate::limits::{ANNOTATION_BYTES, LABEL_BYTES, LABELS};
use crate::model::{Labels, ParserMode, PostedAlert, Wall, go_quote, is_valid_label_name};

use super::body::{
    BodyError, Read, is_key, keep_first, missing, read_body, read_map, read_text, read_time,
    wrong_kind,
};
use super::lenient::{Found, Kind, Text, TextMap};
use super::plain::plain_alerts;
use super::uri::is_request_uri;

/// Parses the alerts of a body. Bytes after the first JSON value are ignored.
pub fn posted_alerts(body: &[u8], mode: ParserMode) -> Result<Vec<PostedAlert>, BodyError> {
    let mut alerts = match plain_alerts(body, mode) {
        Some(alerts) => alerts,
        None => any_alerts(body, mode)?,
    };
    for alert in &mut alerts {
        if alert.fault.is_none() {
            alert.fault = alert.excess().map(String::into_boxed_str);
        }
    }
    Ok(alerts)
}

/// Parses any body, with the full rules, and reports its faults.
pub fn any_alerts(body: &[u8], mode: ParserMode) -> Result<Vec<PostedAlert>, BodyError> {
    let mut alerts = read_body(body, "alerts", read_list)?;
    for alert in &mut alerts {
        if alert.fault.is_none() {
            alert.fault = fault_of(alert, mode).map(String::into_boxed_str);
        }
    }
    Ok(alerts)
}

type ListResult = Result<Vec<PostedAlert>, BodyError>;

fn read_list(body: &[u8]) -> Read<Vec<PostedAlert>> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    Ok(match Found::<AlertList>::deserialize(&mut reader)? {
        Found::Null => Ok(Vec::new()),
        Found::Right(list) => list.into_result(),
        Found::Wrong(kind) => Err(BodyError::Malformed(wrong_kind(
            "the body",
            kind,
            "an array of alerts",
        ))),
    })
}

/// The list while it is read. The first value of a wrong kind is reported; without one, the first broken
/// rule.
#[derive(Default)]
struct AlertList {
    alerts: Vec<PostedAlert>,
    seen: usize,
    wrong_kind: Option<BodyError>,
    broken_rule: Option<BodyError>,
}

impl<'de> Kind<'de> for AlertList {
    /// Detects a webhook notification, an object with a field `alerts`.
    fn from_object<A: MapAccess<'de>>(mut object: A) -> Result<Option<Self>, A::Error> {
        let mut is_notification = false;
        while let Some(Text(name)) = object.next_key()? {
            is_notification |= name == "alerts";
            object.next_value::<IgnoredAny>()?;
        }
        Ok(is_notification.then(|| AlertList {
            wrong_kind: Some(notification()),
            ..AlertList::default()
        }))
    }

    fn from_array<A: SeqAccess<'de>>(mut array: A) -> Result<Option<Self>, A::Error> {
        let mut list = AlertList::default();
        while let Some(alert) = array.next_element::<Found<AlertFields>>()? {
            list.take(alert);
        }
        Ok(Some(list))
    }
}

fn notification() -> BodyError {
    BodyError::Notification(
        "/api/v2/alerts takes a list of alerts, and this looks like the notification that Alertmanager or \
         Grafana sends to a webhook; post it to /hooks/NAME of a source with the preset alertmanager, or set the \
         sender up as for an Alertmanager"
            .to_owned(),
    )
}

impl AlertList {
    fn take(&mut self, alert: Found<AlertFields<'_>>) {
        let index = self.seen;
        self.seen += 1;
        let fields = match alert {
            Found::Right(fields) => fields,
            // Alertmanager fails on a null among the alerts. Here a null is an alert without labels.
            Found::Null => AlertFields::default(),
            Found::Wrong(kind) => {
                let fault = wrong_kind(&format!("alert {index}"), kind, "an object");
                self.wrong_kind.get_or_insert(BodyError::Malformed(fault));
                return;
            }
        };
        match fields.check(index) {
            Err(fault @ (BodyError::Malformed(_) | BodyError::Notification(_))) => {
                self.wrong_kind.get_or_insert(fault);
            }
            Err(fault) => {
                self.broken_rule.get_or_insert(fault);
            }
            Ok(alert) if self.wrong_kind.is_none() && self.broken_rule.is_none() => {
                self.alerts.push(alert);
            }
            Ok(_) => {}
        }
    }

    fn into_result(self) -> ListResult {
        match self.wrong_kind.or(self.broken_rule) {
            Some(fault) => Err(fault),
            None => Ok(self.alerts),
        }
    }
}

/// The fields of one alert, borrowed from the body.
#[derive(Default)]
struct AlertFields<'de> {
    labels: Option<Vec<(Cow<'de, str>, Cow<'de, str>)>>,
    annotations: Option<Vec<(Cow<'de, str>, Cow<'de, str>)>>,
    starts_at: Option<Wall>,
    ends_at: Option<Wall>,
    generator_url: Cow<'de, str>,
    /// Whether labels or annotations exceed what any alert may have. Pairs beyond that are missing here.
    is_cut: bool,
    /// The fault of the first value of a wrong kind.
    fault: Option<String>,
}

impl<'de> Kind<'de> for AlertFields<'de> {
    fn from_object<A: MapAccess<'de>>(mut object: A) -> Result<Option<Self>, A::Error> {
        let mut fields = AlertFields::default();
        while let Some(Text(name)) = object.next_key()? {
            let is = |field: &str| is_key(&name, field);
            let read = if is("labels") {
                let map = object.next_value()?;
                fields.is_cut |= is_cut(&map);
                read_map(&mut fields.labels, map, &name)
            } else if is("annotations") {
                let map = object.next_value()?;
                fields.is_cut |= is_cut(&map);
                read_map(&mut fields.annotations, map, &name)
            } else if is("startsAt") {
                read_time(&mut fields.starts_at, object.next_value()?, &name)
            } else if is("endsAt") {
                read_time(&mut fields.ends_at, object.next_value()?, &name)
            } else if is("generatorURL") {
                read_text(&mut fields.generator_url, object.next_value()?, &name)
            } else {
                object.next_value::<IgnoredAny>().map(|_| Ok(()))?
            };
            keep_first(&mut fields.fault, read);
        }
        Ok(Some(fields))
    }
}

impl AlertFields<'_> {
    fn check(self, index: usize) -> Result<PostedAlert, BodyError> {
        if let Some(fault) = self.fault {
            return Err(BodyError::Malformed(format!("alert {index}: {fault}")));
        }
        if !self.generator_url.is_empty() && !is_request_uri(&self.generator_url) {
            let url = go_quote(&self.generator_url);
            return Err(BodyError::Invalid {
                code: 601,
                message: format!("{index}.generatorURL in body must be of type uri: {url}"),
            });
        }
        let Some(labels) = self.labels else {
            return Err(missing(&format!("{index}.labels")));
        };
        Ok(PostedAlert {
            labels: without_empty_values(labels).into(),
            annotations: Labels::from_pairs(self.annotations.unwrap_or_default()),
            starts_at: self.starts_at,
            ends_at: self.ends_at,
            generator_url: self.generator_url.into(),
            fault: self.is_cut.then(too_large),
        })
    }
}

fn is_cut(map: &Found<TextMap<'_>>) -> bool {
    matches!(map, Found::Right(map) if map.is_cut)
}

fn too_large() -> Box<str> {
    format!(
        "labels or annotations too large: an alert may have {LABELS} labels of {LABEL_BYTES} bytes in all, and \
         {ANNOTATION_BYTES} bytes of annotations"
    )
    .into()
}

/// The labels. The last value of a repeated name counts; a label with an empty value is dropped.
fn without_empty_values(pairs: Vec<(Cow<'_, str>, Cow<'_, str>)>) -> Labels {
    let has_empty = pairs.iter().any(|(_, value)| value.is_empty());
    let labels = Labels::from_pairs(pairs);
    if has_empty {
        Labels::from_pairs(labels.iter().filter(|(_, value)| !value.is_empty()))
    } else {
        labels
    }
}

/// The fault of the labels or annotations, with Alertmanager's text. All text is valid UTF-8 by now, so
/// values need no check.
fn fault_of(alert: &PostedAlert, mode: ParserMode) -> Option<String> {
    if alert.labels.is_empty() {
        return Some("at least one label pair required".to_owned());
    }
    let bad_name = |labels: &Labels| {
        let (name, _) = labels
            .iter()
            .find(|(name, _)| !is_valid_label_name(name, mode))?;
        Some(format!("invalid name {}", go_quote(name)))
    };
    bad_name(&alert.labels)
        .map(|fault| format!("invalid label set: {fault}"))
        .or_else(|| {
            bad_name(&alert.annotations).map(|fault| format!("invalid annotations: {fault}"))
        })
}

#[cfg(test)]
mod tests;
