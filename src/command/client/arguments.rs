//! Matchers and labels of the command line.
//!
//! Owns the rule that a first argument that is no matcher is the value of alertname. A warning of the parser
//! goes to standard error. Runs on main.

use super::wire::Texts;
use super::{Failure, Session};
use crate::model::{MatchOp, Matcher, go_quote, parse_matcher};

impl Session {
    /// The arguments with a first one that is no matcher as `alertname="..."`.
    pub fn with_alert_name(&self, mut arguments: Vec<String>) -> Vec<String> {
        if let Some(first) = arguments.first_mut()
            && parse_matcher(first, self.mode).is_err()
        {
            *first = format!("alertname={}", go_quote(first));
        }
        arguments
    }

    /// Parses all arguments as matchers.
    pub fn matchers(&self, arguments: &[String]) -> Result<Vec<Matcher>, String> {
        arguments.iter().map(|text| self.matcher(text)).collect()
    }

    /// Parses all arguments as `name=value`; `what` says in an error what they are.
    pub fn texts(&self, arguments: &[String], what: &str) -> Result<Texts, Failure> {
        let mut texts = Texts::new();
        for matcher in self.matchers(arguments)? {
            if matcher.op() != MatchOp::Equal {
                return Err(format!("{what} must be specified as key=value pairs").into());
            }
            texts.insert(matcher.name().to_owned(), matcher.value().to_owned());
        }
        Ok(texts)
    }

    fn matcher(&self, text: &str) -> Result<Matcher, String> {
        let parsed = parse_matcher(text, self.mode).map_err(|error| error.words)?;
        if let Some(warning) = parsed.warning {
            self.warn(&warning);
        }
        Ok(parsed.value)
    }
}
