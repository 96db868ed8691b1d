//! Formats a webhook for people.
//!
//! Owns the layout, and the decision which of three kinds a body is: a notification of Alertmanager, other
//! JSON, or text. Never prints a control character. Runs on main.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::str;

use serde::de::IgnoredAny;

use super::escape::Escaped;
use super::indent::write_indented;
use super::notification::{Alert, Notification};
use super::server::Webhook;
use crate::model::{Wall, ZERO_TIME};

/// Writes a heading, the body and a blank line.
pub fn write_webhook(out: &mut impl Write, webhook: &Webhook) -> io::Result<()> {
    let (method, target) = (Escaped(&webhook.method), Escaped(&webhook.target));
    writeln!(out, "{:.0}  {method} {target}", webhook.at)?;
    match str::from_utf8(&webhook.body) {
        Ok(body) => write_body(out, body)?,
        Err(_) => write_text(out, &String::from_utf8_lossy(&webhook.body))?,
    }
    writeln!(out)
}

fn write_body(out: &mut impl Write, body: &str) -> io::Result<()> {
    if body.is_empty() {
        return writeln!(out, "  (no body)");
    }
    if let Some(notification) = Notification::read(body) {
        return write_notification(out, &notification);
    }
    match serde_json::from_str::<IgnoredAny>(body) {
        Ok(_) => write_indented(out, body),
        Err(_) => write_text(out, body),
    }
}

fn write_notification(out: &mut impl Write, notification: &Notification) -> io::Result<()> {
    writeln!(out, "receiver  {}", Escaped(&notification.receiver))?;
    write!(out, "status    {}", Escaped(&notification.status))?;
    if let Some(reason) = &notification.reason {
        write!(out, ", {}", Escaped(reason))?;
    }
    writeln!(out, "\ngroup     {}", labels(&notification.group_labels))?;
    for alert in &notification.alerts {
        write_alert(out, alert)?;
    }
    match notification.truncated_alerts {
        0 => Ok(()),
        more => writeln!(out, "and {more} more, left out by the sender"),
    }
}

fn write_alert(out: &mut impl Write, alert: &Alert) -> io::Result<()> {
    let status = Escaped(&alert.status).to_string().to_uppercase();
    writeln!(out, "{status:<8}  {}", labels(&alert.labels))?;
    for (name, text) in &alert.annotations {
        write!(out, "          {}: ", Escaped(name))?;
        for (number, line) in text.trim_end().lines().enumerate() {
            if number > 0 {
                write!(out, "\n            ")?;
            }
            write!(out, "{}", Escaped(line))?;
        }
        writeln!(out)?;
    }
    let starts_at = time(&alert.starts_at);
    let ends_at = alert.ends_at.parse::<Wall>();
    if ends_at.is_ok_and(|time| time == ZERO_TIME) {
        writeln!(out, "          since {starts_at}")
    } else {
        writeln!(
            out,
            "          from {starts_at} to {}",
            time(&alert.ends_at)
        )
    }
}

/// The time in UTC with whole seconds; `text` itself if it is not a time.
fn time(text: &str) -> String {
    match text.parse::<Wall>() {
        Ok(time) => format!("{time:.0}"),
        Err(_) => Escaped(text).to_string(),
    }
}

/// `{a="b", c="d"}`, with the alertname first.
fn labels(labels: &BTreeMap<String, String>) -> String {
    let mut pairs: Vec<_> = labels.iter().collect();
    pairs.sort_by_key(|(name, _)| *name != "alertname");
    let pairs = pairs.into_iter();
    let pairs: Vec<String> = pairs
        .map(|(name, value)| format!("{}={value:?}", Escaped(name)))
        .collect();
    format!("{{{}}}", pairs.join(", "))
}

/// Writes a body that is not JSON. Its lines are indented, so that none can look like a heading.
fn write_text(out: &mut impl Write, text: &str) -> io::Result<()> {
    for line in text.lines() {
        writeln!(out, "  {}", Escaped(line))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
