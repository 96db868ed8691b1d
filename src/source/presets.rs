//! The bodies that well-known senders post, and the templates for them.
//!
//! Owns the list of presets. Each is a file of the form that a source has in the configuration, which a reader
//! can copy, with fixtures: requests as the sender makes them. The name of a fixture says what must become of
//! it: `firing`, `resolved`, `test` (no alert), each perhaps with more words; `resolved-x` ends what `firing-x`
//! began, and `resolved` what `firing` began. Pure; runs on the connections' threads and on the thread that
//! loads the configuration.

use super::Posted;

/// A preset.
#[derive(Debug)]
pub struct Preset {
    /// Its name in a configuration.
    pub name: &'static str,
    /// Its file.
    pub text: &'static str,
    /// Requests of the sender.
    pub fixtures: &'static [Fixture],
}

/// A request of a sender, as text: lines of comment that begin with `#`, the method and the target, headers,
/// an empty line, the body.
#[derive(Debug)]
pub struct Fixture {
    /// The outcome that it must have.
    pub name: &'static str,
    /// The request.
    pub text: &'static str,
}

/// The parts of a fixture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The query.
    pub query: String,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

macro_rules! preset {
    ($name:literal: $($fixture:literal)*) => {
        Preset {
            name: $name,
            text: include_str!(concat!("presets/", $name, ".yml")),
            fixtures: &[$(Fixture {
                name: $fixture,
                text: include_str!(concat!("presets/", $name, "/", $fixture, ".http")),
            }),*],
        }
    };
}

impl Preset {
    /// All presets, in the order of their names.
    pub const ALL: &[Preset] = &[
        preset!("alertmanager": "firing" "resolved" "firing-grafana" "resolved-grafana" "firing-incidentio" "resolved-incidentio"),
        preset!("azure-monitor": "firing" "resolved" "test"),
        preset!("cloudevents": "firing" "resolved" "firing-batch" "resolved-batch" "firing-binary"),
        preset!("gatus": "firing" "resolved" "firing-get"),
        preset!("gcp-monitoring": "firing" "resolved" "test"),
        preset!("generic": "firing" "resolved" "firing-form" "firing-list" "resolved-list" "firing-text"),
        preset!("healthchecks": "firing" "resolved" "test"),
        preset!("netdata-cloud": "firing" "resolved" "test" "firing-node" "resolved-node"),
        preset!("oncall": "firing" "resolved"),
        preset!("pagerduty": "firing" "resolved" "test-acknowledge" "firing-small"),
        preset!("sentry": "firing" "resolved" "test-installation" "firing-metric" "resolved-metric"),
        preset!("slack": "firing" "firing-attachments" "firing-blocks" "firing-form"),
        preset!("sns-cloudwatch": "firing" "resolved" "test-confirmation" "test-insufficient" "firing-raw"),
        preset!("uptime-kuma": "firing" "resolved" "test" "firing-certificate" "firing-form" "resolved-form" "test-pending"),
    ];

    /// The preset with this name.
    pub fn find(name: &str) -> Option<&'static Preset> {
        Preset::ALL.iter().find(|preset| preset.name == name)
    }
}

impl Fixture {
    /// The word before the first dash: `firing`, `resolved` or `test`.
    pub fn outcome(&self) -> &'static str {
        self.name.split('-').next().unwrap_or_default()
    }

    /// The request.
    pub fn request(&self) -> Request {
        Request::read(self.text)
    }
}

impl Request {
    /// Reads the text of a request. What has not the form of one is a body.
    pub fn read(text: &str) -> Self {
        let comment = text.split_inclusive('\n');
        let comment = comment.take_while(|line| line.starts_with('#'));
        let text = &text[comment.map(str::len).sum::<usize>()..];
        let (head, body) = text.split_once("\n\n").unwrap_or(("", text));
        let mut lines = head.lines();
        let target = lines.next().unwrap_or_default();
        let query = target.split_once('?').map_or("", |(_, query)| query);
        let headers = lines.filter_map(|line| line.split_once(": "));
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Request {
            query: query.to_owned(),
            headers: headers.collect(),
            body: body.to_owned(),
        }
    }

    /// The request, for a source.
    pub fn posted(&self) -> Posted<'_> {
        Posted {
            query: &self.query,
            headers: &self.headers,
            body: self.body.as_bytes(),
        }
    }
}
