//! The JSON of sources: what became of a request, and what the last requests were.
//!
//! Owns the names of fields. Shapes borrow and live for one write. Pure; runs on the connections' threads.

use serde::{Serialize, Serializer};

use super::shapes::{LabelObject, List, line};
use crate::model::{Labels, Wall, format_rfc3339_millis};

/// The outcome of a request that was taken in.
#[derive(Clone, Debug, Serialize)]
pub struct TakenObject<'a> {
    /// The number of alerts that fire.
    pub alerts: usize,
    /// The number of alerts that have resolved.
    pub resolved: usize,
    /// The number of elements that make no alert, as the source says.
    pub dropped: usize,
    /// Why elements were refused.
    pub refused: &'a [String],
    /// The templates that failed.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub faults: &'a [String],
    /// Why the whole request was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<&'a str>,
}

/// A source.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceObject<'a> {
    /// The name.
    pub name: &'a str,
    /// The path that takes its requests.
    pub path: String,
    /// The requests since the start of the daemon, or since the source was configured.
    pub requests: u64,
    /// The alerts that fire, as reported so far.
    pub alerts: u64,
    /// The alerts that have resolved, as reported so far.
    pub resolved: u64,
    /// The elements that made no alert, as the source says.
    pub dropped: u64,
    /// The elements and whole requests that were refused.
    pub refused: u64,
    /// When the last request came.
    pub last_request: Option<Time>,
    /// When something was last taken in.
    pub last_success: Option<Time>,
    /// The fault of the last request, and since when there is one.
    pub fault: Option<FaultObject<'a>>,
    /// The subscriptions that wait for a confirmation.
    pub confirmations: Vec<ConfirmationObject<'a>>,
}

/// A fault of a source.
#[derive(Clone, Debug, Serialize)]
pub struct FaultObject<'a> {
    /// When it was first seen.
    pub since: Time,
    /// The text of the fault.
    pub text: &'a str,
}

/// A subscription that waits for a confirmation.
#[derive(Clone, Debug, Serialize)]
pub struct ConfirmationObject<'a> {
    /// The topic.
    pub topic: &'a str,
    /// When the confirmation was asked for.
    pub since: Time,
    /// The URL that confirms it.
    pub url: &'a str,
}

/// A request to a source.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BodyObject<'a> {
    /// When it came.
    pub at: Time,
    /// The address of the sender.
    pub sender: Option<&'a str>,
    /// The method.
    pub method: &'a str,
    /// The query, its secrets masked.
    pub query: &'a str,
    /// The headers without those that hold a secret.
    pub headers: HeaderList<'a>,
    /// The beginning of the body, as text.
    pub body: String,
    /// The length of the whole body in bytes.
    pub length: usize,
    /// Whether the end of the body is missing here.
    pub is_cut: bool,
    /// The status of the answer.
    pub status: u16,
    /// The outcome of the request.
    #[serde(flatten)]
    pub taken: TakenObject<'a>,
    /// Notes on what happened beside that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<&'a str>,
    /// The first alerts of the body.
    pub reports: Vec<ReportObject<'a>>,
}

/// An alert of a body.
#[derive(Clone, Debug, Serialize)]
pub struct ReportObject<'a> {
    /// `firing` or `resolved`.
    pub status: &'static str,
    /// The identity of the alert within its source.
    pub key: Option<&'a str>,
    /// The labels.
    pub labels: ReportLabels<'a>,
}

/// A time in RFC 3339, to the millisecond.
#[derive(Clone, Copy, Debug)]
pub struct Time(pub Wall);

/// Headers, as a list of pairs: a name may come twice.
#[derive(Clone, Copy, Debug)]
pub struct HeaderList<'a>(pub &'a [(String, String)]);

/// Labels, as an object.
#[derive(Clone, Copy, Debug)]
pub struct ReportLabels<'a>(pub &'a Labels);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&format_rfc3339_millis(self.0))
    }
}

impl Serialize for HeaderList<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.0.iter())
    }
}

impl Serialize for ReportLabels<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        LabelObject(self.0).serialize(to)
    }
}

#[derive(Serialize)]
struct ErrorText<'a> {
    error: &'a str,
}

#[derive(Serialize)]
struct Confirmed<'a> {
    confirmed: &'a [String],
}

#[derive(Serialize)]
struct Challenged<'a> {
    response_token: &'a str,
}

/// The outcome of a request.
pub fn taken_object(taken: &TakenObject<'_>) -> Vec<u8> {
    line(taken)
}

/// Why a request was refused.
pub fn error_text(error: &str) -> Vec<u8> {
    line(&ErrorText { error })
}

/// The topics whose subscription was confirmed.
pub fn confirmed_object(confirmed: &[String]) -> Vec<u8> {
    line(&Confirmed { confirmed })
}

/// The answer to a challenge of Netdata Cloud.
pub fn challenge_object(response_token: &str) -> Vec<u8> {
    line(&Challenged { response_token })
}

/// The body of `GET /sources`.
pub fn source_list<'a>(sources: impl Iterator<Item = SourceObject<'a>> + Clone) -> Vec<u8> {
    line(&List(sources))
}

/// The body of `GET /sources/NAME/bodies`.
pub fn body_list<'a>(bodies: impl Iterator<Item = BodyObject<'a>> + Clone) -> Vec<u8> {
    line(&List(bodies))
}
