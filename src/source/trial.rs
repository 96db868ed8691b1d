//! Tries the templates of a source, before a page depends on one.
//!
//! Owns the running of every template on every element, whatever the others say: a drop or a status leaves none
//! out. The configuration decides what is a fault and what a warning. Pure; runs on the thread that loads the
//! configuration.

use super::{Posted, Settings, Source, body};
use crate::model::Wall;
use crate::template::{Receiving, RenderFault, SourceText, Value};

/// A template that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedTemplate {
    /// The key in the configuration, such as `status`.
    pub key: &'static str,
    /// The name of the label or annotation; empty for other keys.
    pub name: String,
    /// Why.
    pub fault: RenderFault,
}

impl Source {
    /// Runs all templates on all elements of a request. A request that cannot be read has none.
    pub fn try_templates(&self, posted: &Posted<'_>, now: Wall) -> Vec<FailedTemplate> {
        let query = self.query(posted).unwrap_or_default();
        let body = body::decode(posted, &query);
        let received = self.received(posted, &query, body.unwrap_or(Value::Nil));
        let elements = self.elements(&received.body).unwrap_or_default();
        let receiving = Receiving::new(&received, &self.templates, now);
        let mut failed = Vec::new();
        for dot in &elements {
            for (key, name, text) in self.settings.texts() {
                if let Err(fault) = receiving.render(text, dot) {
                    failed.push(FailedTemplate {
                        key,
                        name: name.to_owned(),
                        fault,
                    });
                }
            }
        }
        failed
    }
}

impl Settings {
    /// All templates, each with its key and the name of the label or annotation.
    fn texts(&self) -> impl Iterator<Item = (&'static str, &str, &SourceText)> {
        let single = [
            ("drop", &self.drop),
            ("key", &self.key),
            ("status", &self.status),
            ("starts_at", &self.starts_at),
            ("ends_at", &self.ends_at),
            ("generator_url", &self.generator_url),
            ("ttl", &self.ttl),
        ];
        let single = single
            .into_iter()
            .filter_map(|(key, text)| Some((key, "", text.as_ref()?)));
        let named = [("labels", &self.labels), ("annotations", &self.annotations)];
        let named = named.into_iter().flat_map(|(key, texts)| {
            let texts = texts.iter();
            texts.map(move |(name, text)| (key, &**name, text))
        });
        single.chain(named)
    }
}
