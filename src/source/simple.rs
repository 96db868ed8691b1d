//! `/alert/NAME` and `/resolve/NAME`: an alert in one line of curl.
//!
//! Owns what the parameters mean: `summary` and `description` are annotations, `for` is how long the alert
//! fires, `key` its identity, and all others are labels, beside the name in the path. Parameters of the body
//! go before those of the query. Pure; runs on the connections' threads.

use std::sync::Arc;

use super::element::Pairs;
use super::{Outcome, Posted, Reading, Source, Yield, body, element};
use crate::model::{Labels, PostedAlert, ReportedChange, SourceReport};
use crate::template::Value;

/// The meaning of a request by its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SimpleCall<'r> {
    /// The name of the alert, decoded.
    pub alertname: &'r str,
    /// Whether the alert has resolved.
    pub is_resolved: bool,
}

/// The parameters that are annotations.
const ANNOTATIONS: [&str; 2] = ["summary", "description"];

impl Source {
    /// Reads a request to `/alert/NAME` or `/resolve/NAME`. An error says why nothing of it can be used.
    pub fn read_simple(&self, call: SimpleCall<'_>, posted: &Posted<'_>) -> Result<Yield, String> {
        let parameters = self.parameters(posted)?;
        let report = self.simple_report(call, parameters);
        let mut read = Reading::default();
        read.take(
            0,
            Outcome {
                result: report.map(Some),
                faults: Vec::new(),
            },
        );
        Ok(read.yielded)
    }

    /// The parameters of the query and those of the body. A body that is a text is the summary.
    fn parameters(&self, posted: &Posted<'_>) -> Result<Pairs, String> {
        let query = self.query(posted)?;
        let pairs = query
            .iter()
            .map(|(name, value)| (name.as_str().into(), value.as_str().into()));
        let mut parameters: Pairs = pairs.collect();
        if posted.body.trim_ascii().is_empty() {
            return Ok(parameters);
        }
        let Value::Dict(fields) = body::decode(posted, &query)? else {
            return Err("the body has a list, and here it is one alert".to_owned());
        };
        for (name, value) in fields.entries() {
            let Some(text) = value.scalar_text() else {
                if matches!(value, Value::Nil) {
                    continue;
                }
                return Err(format!(
                    "the parameter {name} is neither a text nor a number"
                ));
            };
            let is_bare_text = fields.entries().len() == 1 && &**name == "text";
            let name = if is_bare_text {
                "summary".into()
            } else {
                Arc::clone(name)
            };
            parameters.insert(name, text);
        }
        Ok(parameters)
    }

    fn simple_report(
        &self,
        call: SimpleCall<'_>,
        mut parameters: Pairs,
    ) -> Result<SourceReport, String> {
        parameters.retain(|_, value| !value.trim().is_empty());
        let key = parameters.remove("key");
        let ttl = match (parameters.remove("for"), &self.settings.ttl) {
            (Some(written), _) => element::read_ttl(&written)?,
            (None, Some(ttl)) => element::read_ttl(ttl.source())?,
            (None, None) => None,
        };
        let annotations = ANNOTATIONS.map(|name| (name, parameters.remove(name)));
        let annotations = annotations
            .into_iter()
            .filter_map(|(name, text)| Some((name, text?)));
        let annotations = Labels::from_pairs(annotations);
        parameters.insert("alertname".into(), call.alertname.into());
        let labels = element::checked_labels(parameters, self.mode)?;
        let change = if call.is_resolved {
            ReportedChange::Resolved {
                labels,
                ended_at: None,
            }
        } else {
            let alert = PostedAlert {
                labels,
                annotations,
                ..PostedAlert::default()
            };
            if let Some(excess) = alert.excess() {
                return Err(excess);
            }
            ReportedChange::Firing { alert, ttl }
        };
        Ok(SourceReport {
            source: Arc::clone(&self.name),
            key: key
                .map(|key| element::checked_key(&key))
                .transpose()?
                .flatten(),
            change,
        })
    }
}
