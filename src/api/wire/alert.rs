//! Writes alerts and groups of answers as JSON.
//!
//! Owns the order and the names of their fields, which are Alertmanager's (§10.4, Appendix E). Writes JSON
//! directly into the buffer of the answer, without serde, because an answer may hold 200,000 alerts. Pure;
//! runs on the connections' threads.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::engine::Muted;
use crate::model::{Alert, Fingerprint, Labels};

use super::instant::Times;
use super::text::{push_labels, push_text};

/// The status of an unmuted alert, up to the value of the next field.
const ACTIVE: &[u8] =
    br#"","status":{"inhibitedBy":[],"mutedBy":[],"silencedBy":[],"state":"active"},"updatedAt":""#;

/// One alert and what mutes it.
#[derive(Clone, Copy, Debug)]
pub struct AlertShape<'a> {
    /// The alert.
    pub alert: &'a Alert,
    /// The silences and alerts that mute it, if any do.
    pub muted: Option<&'a Muted>,
    /// The time intervals that mute its group.
    pub muted_by: &'a [Arc<str>],
}

/// Writes the alerts of one answer. Caches the texts of days.
#[derive(Clone, Copy, Debug, Default)]
pub struct AlertWriter {
    times: Times,
}

impl AlertWriter {
    /// Appends one alert with the names of its receivers.
    pub fn push<'a>(
        &mut self,
        out: &mut Vec<u8>,
        shape: AlertShape<'_>,
        receivers: impl Iterator<Item = &'a str>,
    ) {
        let alert = shape.alert;
        out.extend_from_slice(br#"{"annotations":"#);
        push_labels(out, &alert.annotations);
        out.extend_from_slice(br#","endsAt":""#);
        self.times.push(out, alert.ends_at.get());
        out.extend_from_slice(br#"","fingerprint":""#);
        out.extend_from_slice(&hexadecimal(alert.fingerprint));
        out.extend_from_slice(br#"","receivers":["#);
        push_list(out, receivers, push_named);
        out.extend_from_slice(br#"],"startsAt":""#);
        self.times.push(out, alert.starts_at.get());
        if shape.muted.is_none() && shape.muted_by.is_empty() {
            out.extend_from_slice(ACTIVE);
        } else {
            push_suppressed(out, shape);
        }
        self.times.push(out, alert.updated_at.get());
        out.push(b'"');
        if !alert.generator_url.is_empty() {
            out.extend_from_slice(br#","generatorURL":"#);
            push_text(out, &alert.generator_url);
        }
        out.extend_from_slice(br#","labels":"#);
        push_labels(out, &alert.labels);
        out.push(b'}');
    }
}

/// Appends the JSON before the alerts of a group.
pub fn push_group_start(out: &mut Vec<u8>) {
    out.extend_from_slice(br#"{"alerts":["#);
}

/// Appends the JSON after the alerts of a group. `routeLabels` is left out if the route has no labels,
/// because Alertmanager 0.33, whose version this daemon reports, has no such field.
pub fn push_group_end(
    out: &mut Vec<u8>,
    labels: &Labels,
    receiver: &str,
    route_labels: &BTreeMap<String, String>,
) {
    out.extend_from_slice(br#"],"labels":"#);
    push_labels(out, labels);
    out.extend_from_slice(br#","receiver":"#);
    push_named(out, receiver);
    if !route_labels.is_empty() {
        out.extend_from_slice(br#","routeLabels":{"#);
        push_list(out, route_labels, |out, (name, text)| {
            push_text(out, name);
            out.push(b':');
            push_text(out, text);
        });
        out.push(b'}');
    }
    out.push(b'}');
}

/// Appends the status of a muted alert, up to the value of the next field.
fn push_suppressed(out: &mut Vec<u8>, shape: AlertShape<'_>) {
    let (silenced_by, inhibited_by) = match shape.muted {
        Some(muted) => (&*muted.silenced_by, &*muted.inhibited_by),
        None => (&[][..], &[][..]),
    };
    out.extend_from_slice(br#"","status":{"inhibitedBy":["#);
    push_list(out, inhibited_by, |out, fingerprint| {
        out.push(b'"');
        out.extend_from_slice(&hexadecimal(*fingerprint));
        out.push(b'"');
    });
    out.extend_from_slice(br#"],"mutedBy":["#);
    push_list(out, shape.muted_by, |out, name| push_text(out, name));
    out.extend_from_slice(br#"],"silencedBy":["#);
    push_list(out, silenced_by, |out, id| push_text(out, id));
    out.extend_from_slice(br#"],"state":"suppressed"},"updatedAt":""#);
}

fn push_named(out: &mut Vec<u8>, name: &str) {
    out.extend_from_slice(br#"{"name":"#);
    push_text(out, name);
    out.push(b'}');
}

/// Appends the items, separated by commas.
fn push_list<T>(
    out: &mut Vec<u8>,
    items: impl IntoIterator<Item = T>,
    mut push: impl FnMut(&mut Vec<u8>, T),
) {
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        push(out, item);
    }
}

/// The text of a [`Fingerprint`], made without the formatter for speed.
fn hexadecimal(fingerprint: Fingerprint) -> [u8; 16] {
    let mut digits = [0; 16];
    for (position, digit) in digits.iter_mut().rev().enumerate() {
        *digit = b"0123456789abcdef"[(fingerprint.0 >> (4 * position)) as usize & 0xf];
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Wall;

    fn text(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).expect("JSON is UTF-8")
    }

    fn unmuted(alert: &Alert) -> AlertShape<'_> {
        AlertShape {
            alert,
            muted: None,
            muted_by: &[],
        }
    }

    fn alert() -> Alert {
        let at = |text: &str| text.parse::<Wall>().expect("a timestamp");
        let labels = Labels::from_pairs([("alertname", "test")]);
        Alert {
            fingerprint: labels.fingerprint(),
            labels,
            annotations: Labels::from_pairs([("summary", "<x> \"y\"")]),
            starts_at: at("2026-01-01T00:00:00Z").into(),
            ends_at: at("2026-01-01T00:05:00Z").into(),
            updated_at: at("2026-01-01T00:00:00.001999Z").into(),
            ends_by_timeout: true,
            generator_url: "http://prom/graph".into(),
        }
    }

    #[test]
    fn an_alert_looks_as_alertmanager_writes_it() {
        let alert = alert();
        let mut writer = AlertWriter::default();
        assert_eq!(
            text(|out| writer.push(out, unmuted(&alert), ["default"].into_iter())),
            concat!(
                r#"{"annotations":{"summary":"<x> \"y\""},"endsAt":"2026-01-01T00:05:00.000Z","#,
                r#""fingerprint":"1f56cb8f931d1bd4","receivers":[{"name":"default"}],"#,
                r#""startsAt":"2026-01-01T00:00:00.000Z","#,
                r#""status":{"inhibitedBy":[],"mutedBy":[],"silencedBy":[],"state":"active"},"#,
                r#""updatedAt":"2026-01-01T00:00:00.001Z","#,
                r#""generatorURL":"http://prom/graph","labels":{"alertname":"test"}}"#,
            )
        );
        let without_link = Alert {
            generator_url: "".into(),
            ..alert
        };
        let written = text(|out| writer.push(out, unmuted(&without_link), [].into_iter()));
        assert!(!written.contains("generatorURL"));
    }

    #[test]
    fn a_muted_alert_says_by_what() {
        let alert = alert();
        let muted = Muted {
            silenced_by: vec!["s-1".into(), "s-2".into()],
            inhibited_by: vec![Fingerprint(0x0a)],
        };
        let shape = AlertShape {
            muted: Some(&muted),
            muted_by: &["nights".into()],
            ..unmuted(&alert)
        };
        let written = text(|out| AlertWriter::default().push(out, shape, ["a", "b"].into_iter()));
        let status = concat!(
            r#""status":{"inhibitedBy":["000000000000000a"],"mutedBy":["nights"],"#,
            r#""silencedBy":["s-1","s-2"],"state":"suppressed"},"updatedAt":"2026"#,
        );
        assert!(written.contains(status), "{written}");
        assert!(written.contains(r#""receivers":[{"name":"a"},{"name":"b"}],"#));
    }

    #[test]
    fn a_group_closes_with_its_labels_and_receiver() {
        let labels = Labels::from_pairs([("job", "j")]);
        let group = |route_labels: &BTreeMap<String, String>| {
            text(|out| {
                push_group_start(out);
                push_group_end(out, &labels, "default", route_labels);
            })
        };
        assert_eq!(
            group(&BTreeMap::from([("team".to_owned(), "x".to_owned())])),
            r#"{"alerts":[],"labels":{"job":"j"},"receiver":{"name":"default"},"routeLabels":{"team":"x"}}"#
        );
        assert_eq!(
            group(&BTreeMap::new()),
            r#"{"alerts":[],"labels":{"job":"j"},"receiver":{"name":"default"}}"#
        );
    }
}
