//! `template render`.
//!
//! Owns the sample notification, and the reading of one from a file. The templates are rendered by the code
//! that renders payloads. Runs on main.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use super::dates::Date;
use super::grammar::{TemplateRender, TemplateType};
use super::wire::Texts;
use super::{Ended, Failure, Session};
use crate::config::{GlobError, glob};
use crate::files;
use crate::limits;
use crate::model::{Labels, Wall, ZERO_TIME};
use crate::template::{AlertData, Data, TemplateFile, Templates};

/// Renders the text with the templates of the files.
pub fn run(session: &Session, arguments: &TemplateRender) -> Ended {
    let Some(text) = arguments
        .text
        .as_deref()
        .filter(|_| !arguments.globs.is_empty())
    else {
        return Err(missing(arguments).into());
    };
    if arguments.kind == Some(TemplateType::Html) {
        let why = "templates of type html are not supported: a webhook is rendered as text";
        return Err(why.into());
    }
    let templates = templates(&arguments.globs)?;
    let now = session.clock.wall();
    let data = match &arguments.data {
        Some(file) => from_file(file)?,
        None => sample(now),
    };
    let rendered = templates.render_text(text, &data, now);
    session.say(&rendered.map_err(|fault| fault.text)?)?;
    Ok(ExitCode::SUCCESS)
}

fn missing(arguments: &TemplateRender) -> String {
    let flags = [
        ("'--template.text'", arguments.text.is_none()),
        ("'--template.glob'", arguments.globs.is_empty()),
    ];
    let missing = flags.iter().filter(|(_, is_missing)| *is_missing);
    let missing: Vec<&str> = missing.map(|(flag, _)| *flag).collect();
    format!("required flag(s) {} not provided", missing.join(", "))
}

fn templates(globs: &[String]) -> Result<Templates, Failure> {
    let mut read = Vec::new();
    for pattern in globs {
        let paths = glob(pattern).map_err(|error| match error {
            GlobError::Syntax => "syntax error in pattern".to_owned(),
            GlobError::TooMuch => format!("{pattern}: there are too many files to look at"),
        })?;
        for path in paths {
            let text = files::read_text(&path, limits::CONFIG_FILE_BYTES as u64)
                .map_err(|error| format!("open {}: {error}", path.display()))?;
            read.push(TemplateFile { path, text });
        }
    }
    Templates::compile(&read).map_err(|fault| format!("template: {fault}").into())
}

/// A notification in the JSON form of Alertmanager's `template.Data`.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Notification {
    receiver: Option<String>,
    status: Option<String>,
    alerts: Option<Vec<Alert>>,
    #[serde(rename = "notification_reason")]
    notification_reason: Option<String>,
    group_labels: Option<Texts>,
    common_labels: Option<Texts>,
    common_annotations: Option<Texts>,
    #[serde(rename = "externalURL")]
    external_url: Option<String>,
}

/// An alert of such a notification.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Alert {
    status: Option<String>,
    labels: Option<Texts>,
    annotations: Option<Texts>,
    starts_at: Option<Date>,
    ends_at: Option<Date>,
    #[serde(rename = "generatorURL")]
    generator_url: Option<String>,
    fingerprint: Option<String>,
}

fn from_file(file: &Path) -> Result<Data, Failure> {
    let json = files::read(file, limits::COMMAND_FILE_BYTES)
        .map_err(|error| format!("open {}: {error}", file.display()))?;
    let read: Notification = serde_json::from_slice(&json)
        .map_err(|error| format!("{}: not a notification: {error}", file.display()))?;
    let alerts = read.alerts.unwrap_or_default();
    Ok(Data {
        receiver: text(read.receiver),
        status: text(read.status),
        alerts: alerts.into_iter().map(alert).collect(),
        notification_reason: text(read.notification_reason),
        group_labels: labels(read.group_labels),
        common_labels: labels(read.common_labels),
        common_annotations: labels(read.common_annotations),
        route_labels: Labels::default(),
        external_url: text(read.external_url),
    })
}

fn alert(read: Alert) -> Arc<AlertData> {
    let wall = |date: Option<Date>| date.map_or(ZERO_TIME, |date| date.wall());
    Arc::new(AlertData {
        status: text(read.status),
        labels: labels(read.labels),
        annotations: labels(read.annotations),
        starts_at: wall(read.starts_at),
        ends_at: wall(read.ends_at),
        generator_url: text(read.generator_url),
        fingerprint: text(read.fingerprint),
    })
}

fn text(read: Option<String>) -> Arc<str> {
    read.unwrap_or_default().into()
}

fn labels(read: Option<Texts>) -> Labels {
    Labels::from_pairs(read.unwrap_or_default())
}

/// The notification with which amtool renders if it is given none.
fn sample(now: Wall) -> Data {
    let common_labels = [
        ("commonlabelkey1", "commonlabelvalue1"),
        ("commonlabelkey2", "commonlabelvalue2"),
    ];
    let common_annotations = [
        ("commonannotationkey1", "commonannotationvalue1"),
        ("commonannotationkey2", "commonannotationvalue2"),
    ];
    let ago = |minutes: u64| {
        let span = Duration::from_secs(minutes * 60);
        now.checked_sub(span).unwrap_or(now)
    };
    let alert = |number, labels: &[_], annotations: &[_], starts_at| {
        let all = |own: &[(&'static str, &'static str)], common: [_; 2]| {
            Labels::from_pairs(own.iter().copied().chain(common))
        };
        Arc::new(AlertData {
            status: "alertstatus".into(),
            labels: all(labels, common_labels),
            annotations: all(annotations, common_annotations),
            starts_at,
            ends_at: now,
            generator_url: "https://generatorurl.com".into(),
            fingerprint: format!("fingerprint{number}").into(),
        })
    };
    let labels = [
        ("label1", "value1"),
        ("label2", "value2"),
        ("instance", "foo.bar:1234"),
    ];
    let annotations = [("annotation1", "value1"), ("annotation2", "value2")];
    let other_labels = [("foo", "bar"), ("baz", "qux")];
    let other_annotations = [("aaa", "bbb"), ("ccc", "ddd")];
    Data {
        receiver: "receiver".into(),
        status: "alertstatus".into(),
        alerts: [
            alert(1, &labels, &annotations, ago(5)),
            alert(2, &other_labels, &other_annotations, ago(10)),
        ]
        .into(),
        notification_reason: "".into(),
        group_labels: Labels::from_pairs([
            ("grouplabelkey1", "grouplabelvalue1"),
            ("grouplabelkey2", "grouplabelvalue2"),
        ]),
        common_labels: Labels::from_pairs(common_labels),
        common_annotations: Labels::from_pairs(common_annotations),
        route_labels: Labels::default(),
        external_url: "https://example.com".into(),
    }
}
