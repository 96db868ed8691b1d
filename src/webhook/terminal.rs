//! Prints notifications to the terminal, the destination of the built-in configuration.
//!
//! Owns the readable form and its printing. Never panics when the terminal is gone. Runs on send threads.

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};

use super::printable::printable;
use crate::engine::{Notification, NotifiedAlert};
use crate::model::{Labels, Status, Wall};

/// The annotations that describe an alert in words, the preferred first.
const TELLING_ANNOTATIONS: [&str; 3] = ["summary", "description", "message"];

/// Whether statuses are coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Plain text, for files and pipes.
    Plain,
    /// ANSI colours, for terminals.
    Coloured,
}

/// Prints `notification` to standard output, coloured if that is a terminal.
pub fn show(notification: &Notification, at: Wall) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let style = if out.is_terminal() {
        Style::Coloured
    } else {
        Style::Plain
    };
    out.write_all(describe(notification, at, style).as_bytes())?;
    out.flush()
}

/// The readable form: a heading, a line for each alert, a blank line. `at` is the time of the heading.
pub fn describe(notification: &Notification, at: Wall, style: Style) -> String {
    let mut text = String::new();
    push_heading(&mut text, notification, at, style);
    for told in &notification.alerts {
        push_alert(&mut text, told, style);
    }
    if notification.truncated_alerts > 0 {
        push_line(
            &mut text,
            format_args!("  and {} more", notification.truncated_alerts),
        );
    }
    text.push('\n');
    text
}

fn push_heading(text: &mut String, notification: &Notification, at: Wall, style: Style) {
    let counts: Vec<String> = [Status::Firing, Status::Resolved]
        .into_iter()
        .filter_map(|status| count(notification, status, style))
        .collect();
    push_line(
        text,
        format_args!(
            "{at:.0}  {}  {}  {}  {}",
            printable(&notification.receiver),
            counts.join(", "),
            notification.reason.as_str(),
            quoted(&notification.group_labels),
        ),
    );
}

fn count(notification: &Notification, status: Status, style: Style) -> Option<String> {
    let alerts = notification
        .alerts
        .iter()
        .filter(|told| told.status == status)
        .count();
    (alerts > 0).then(|| format!("{} {alerts}", mark(status, style)))
}

fn push_alert(text: &mut String, told: &NotifiedAlert, style: Style) {
    let NotifiedAlert { alert, status } = told;
    let mark = mark(*status, style);
    let labels = quoted(&alert.labels);
    let since = match status {
        Status::Firing => format!("since {:.0}", alert.starts_at.get()),
        Status::Resolved => format!(
            "from {:.0} to {:.0}",
            alert.starts_at.get(),
            alert.ends_at.get()
        ),
    };
    let summary = TELLING_ANNOTATIONS
        .into_iter()
        .filter_map(|name| alert.annotations.get(name).map(printable))
        .find(|summary| !summary.is_empty());
    match summary {
        Some(summary) => push_line(text, format_args!("  {mark}  {labels}  {summary}  {since}")),
        None => push_line(text, format_args!("  {mark}  {labels}  {since}")),
    }
}

fn push_line(text: &mut String, line: std::fmt::Arguments<'_>) {
    writeln!(text, "{line}").expect("a string takes every character");
}

fn mark(status: Status, style: Style) -> &'static str {
    match (status, style) {
        (Status::Firing, Style::Plain) => "FIRING",
        (Status::Resolved, Style::Plain) => "RESOLVED",
        (Status::Firing, Style::Coloured) => "\x1b[1;31mFIRING\x1b[0m",
        (Status::Resolved, Style::Coloured) => "\x1b[32mRESOLVED\x1b[0m",
    }
}

/// The labels as `{a="b", c="d"}`, with control characters escaped, so that no label controls the terminal.
fn quoted(labels: &Labels) -> String {
    let pairs: Vec<String> = labels
        .iter()
        .map(|(name, value)| format!("{}={value:?}", printable(name)))
        .collect();
    format!("{{{}}}", pairs.join(", "))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::engine::Reason;
    use crate::model::Alert;

    fn at(text: &str) -> Wall {
        text.parse().expect("a timestamp")
    }

    fn told(instance: &str, summary: &str, status: Status) -> NotifiedAlert {
        let labels = Labels::from_pairs([("alertname", "HighLoad"), ("instance", instance)]);
        let alert = Alert {
            fingerprint: labels.fingerprint(),
            labels,
            annotations: Labels::from_pairs([("summary", summary)]),
            starts_at: at("2026-01-01T00:00:00.5Z").into(),
            ends_at: at("2026-01-01T00:05:00Z").into(),
            updated_at: at("2026-01-01T00:00:01Z").into(),
            ends_by_timeout: false,
            generator_url: "".into(),
        };
        let alert = Arc::new(alert);
        NotifiedAlert { alert, status }
    }

    fn notification(alerts: Vec<NotifiedAlert>) -> Notification {
        Notification {
            receiver: "console".into(),
            webhook_index: 0,
            reason: Reason::NewAlerts,
            group_key: "{}:{alertname=\"HighLoad\"}".into(),
            group_labels: Labels::from_pairs([("alertname", "HighLoad")]),
            route_labels: Arc::default(),
            alerts,
            truncated_alerts: 2,
        }
    }

    #[test]
    fn a_notification_reads_as_a_heading_and_a_line_for_each_alert() {
        let notification = notification(vec![
            told("a", "load is high", Status::Firing),
            told("b", "", Status::Resolved),
        ]);
        let expected = "\
2026-01-01T00:06:00Z  console  FIRING 1, RESOLVED 1  new alerts added  {alertname=\"HighLoad\"}
  FIRING  {alertname=\"HighLoad\", instance=\"a\"}  load is high  since 2026-01-01T00:00:00Z
  RESOLVED  {alertname=\"HighLoad\", instance=\"b\"}  from 2026-01-01T00:00:00Z to 2026-01-01T00:05:00Z
  and 2 more

";
        let described = describe(&notification, at("2026-01-01T00:06:00.25Z"), Style::Plain);
        assert_eq!(described, expected);
    }

    #[test]
    fn nothing_that_a_sender_wrote_can_steer_the_terminal() {
        let notification = notification(vec![told("\u{1b}[2J\n", "a\u{7}\nb", Status::Firing)]);
        let described = describe(&notification, at("2026-01-01T00:06:00Z"), Style::Plain);
        assert!(!described.contains(['\u{1b}', '\u{7}']), "{described:?}");
        assert!(described.contains("a b"));
        let coloured = describe(&notification, at("2026-01-01T00:06:00Z"), Style::Coloured);
        assert!(coloured.contains("\u{1b}[1;31mFIRING\u{1b}[0m"));
    }
}
