//! `alert query` and `alert add`.
//!
//! Owns the columns of alerts. Runs on main.

use std::process::ExitCode;

use super::api::{GET_ALERTS, POST_ALERTS};
use super::dates::Date;
use super::grammar::{AlertAdd, AlertCommand, AlertQuery};
use super::wire::{Alert, PostableAlert, Texts};
use super::{Ended, Session};
use crate::webhook::go_json;

/// Runs a command for alerts.
pub fn run(session: &Session, command: AlertCommand) -> Ended {
    match command {
        AlertCommand::Query(query) => list(session, query),
        AlertCommand::Add(arguments) => add(session, arguments),
    }
}

fn list(session: &Session, query: AlertQuery) -> Ended {
    let matchers = session.with_alert_name(query.matchers);
    let names_no_state = !(query.inhibited || query.silenced || query.active || query.unprocessed);
    let word = |is_wanted| if is_wanted { "true" } else { "false" };
    let mut asked = vec![("active", word(query.active || names_no_state))];
    asked.extend(matchers.iter().map(|matcher| ("filter", matcher.as_str())));
    asked.push(("inhibited", word(query.inhibited)));
    if let Some(receiver) = query.receiver.as_deref().filter(|regex| !regex.is_empty()) {
        asked.push(("receiver", receiver));
    }
    asked.push(("silenced", word(query.silenced)));
    asked.push(("unprocessed", word(query.unprocessed)));
    let alerts: Vec<Alert> = session.api()?.get(GET_ALERTS, "", &asked)?;
    session.say_in_format(&alerts, |has_all| table(session, &alerts, has_all))
}

fn table(session: &Session, alerts: &[Alert], has_all: bool) -> String {
    let mut sorted: Vec<&Alert> = alerts.iter().collect();
    sorted.sort_by_key(|alert| alert.starts_at.wall());
    let mut table = String::from(if has_all {
        "Labels\tAnnotations\tStarts At\tEnds At\tGenerator URL\tState\t\n"
    } else {
        "Alertname\tStarts At\tSummary\tState\t\n"
    });
    for alert in sorted {
        let (starts_at, state) = (session.date(&alert.starts_at), &alert.status.state);
        let text = |texts: &Texts, name| texts.get(name).cloned().unwrap_or_default();
        table.push_str(&if has_all {
            let (labels, annotations) = (shown(&alert.labels), shown(&alert.annotations));
            let (ends_at, url) = (session.date(&alert.ends_at), &alert.generator_url);
            format!("{labels}\t{annotations}\t{starts_at}\t{ends_at}\t{url}\t{state}\t\n")
        } else {
            let name = text(&alert.labels, "alertname");
            let summary = text(&alert.annotations, "summary");
            format!("{name}\t{starts_at}\t{summary}\t{state}\t\n")
        });
    }
    table
}

/// `a="b" c="d"`, with values as they are.
fn shown(texts: &Texts) -> String {
    let mut pairs: Vec<String> = texts
        .iter()
        .map(|(name, value)| format!("{name}=\"{value}\""))
        .collect();
    pairs.sort();
    pairs.join(" ")
}

fn add(session: &Session, arguments: AlertAdd) -> Ended {
    let labels = session.with_alert_name(arguments.labels);
    let date = |text: &Option<String>| {
        let given = text.as_deref().filter(|text| !text.is_empty());
        given.map(Date::parse).transpose()
    };
    let alert = PostableAlert {
        labels: session.texts(&labels, "labels")?,
        annotations: session.texts(&arguments.annotations, "annotations")?,
        starts_at: date(&arguments.start)?,
        ends_at: date(&arguments.end)?,
        generator_url: arguments.generator_url.unwrap_or_default(),
    };
    let body = go_json::to_vec(&[alert], 0);
    session.api()?.tell(POST_ALERTS, "", Some(&body))?;
    Ok(ExitCode::SUCCESS)
}
