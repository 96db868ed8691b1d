//! The state of the alerts as each webhook was notified of it, and the notifications that arrived twice.
//!
//! Goes by the process that sent a notification, never by the time: the host may delay the reading of one.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::receiver::{Answer, Webhook};

/// The external URL of the process that is started after so many others.
pub fn external_url(process: usize) -> String {
    format!("http://process.example/{process}")
}

/// Everything that was heard and accepted.
#[derive(Default)]
pub struct Beliefs {
    /// By webhook and group: what was told last.
    last: BTreeMap<(String, String), Last>,
    /// By webhook, group and host: whether it fires.
    firing: BTreeMap<(String, String, String), bool>,
    heard: usize,
    told_twice: usize,
}

struct Last {
    /// Which process told it.
    process: usize,
    alerts: Vec<(String, String, String)>,
}

impl Beliefs {
    /// Webhooks that were taken.
    pub fn heard(&self) -> usize {
        self.heard
    }

    /// Webhooks that said the same as the one before.
    pub fn told_twice(&self) -> usize {
        self.told_twice
    }

    /// Takes in what came.
    pub fn hear(&mut self, mut webhooks: Vec<Webhook>) {
        webhooks.retain(|webhook| webhook.answer == Answer::Yes);
        webhooks.sort_by_key(|webhook| (process_of(&webhook.body()), webhook.at));
        for webhook in webhooks {
            self.heard += 1;
            self.hear_one(&webhook);
        }
    }

    fn hear_one(&mut self, webhook: &Webhook) {
        let path = webhook.head.split(' ').nth(1).expect("a path").to_owned();
        let body = webhook.body();
        let process = process_of(&body);
        let group = text(&body["groupLabels"]["alertname"]);
        let place = (path.clone(), group.clone());
        if self
            .last
            .get(&place)
            .is_some_and(|last| last.process > process)
        {
            // The last words of a process that is no more, read after those of another.
            return;
        }
        let alerts = body["alerts"].as_array().expect("alerts");
        let alerts: Vec<_> = alerts
            .iter()
            .map(|alert| {
                let host = text(&alert["labels"]["instance"]);
                (host, text(&alert["status"]), text(&alert["startsAt"]))
            })
            .collect();
        for (host, status, _) in &alerts {
            let key = (path.clone(), group.clone(), host.clone());
            self.firing.insert(key, status == "firing");
        }
        let last = Last { process, alerts };
        if let Some(before) = self.last.insert(place, last) {
            self.judge(&before, process, &body["alerts"]);
        }
    }

    /// The same twice is right only where the first process was killed, and so may not have recorded it.
    fn judge(&mut self, before: &Last, process: usize, alerts: &Value) {
        let same = alerts.as_array().is_some_and(|alerts| {
            alerts.len() == before.alerts.len()
                && alerts.iter().zip(&before.alerts).all(|(alert, before)| {
                    (
                        text(&alert["labels"]["instance"]),
                        text(&alert["status"]),
                        text(&alert["startsAt"]),
                    ) == *before
                })
        });
        if !same {
            return;
        }
        self.told_twice += 1;
        assert!(
            before.process < process,
            "told twice by process {process}: {alerts}"
        );
    }

    /// Whether every webhook believes that just these fire.
    pub fn agree_with(&self, firing: &BTreeSet<(String, String)>) -> bool {
        let paths: BTreeSet<&String> = self.last.keys().map(|(path, _)| path).collect();
        paths.len() == 2
            && paths.into_iter().all(|path| {
                let believed = self
                    .firing
                    .iter()
                    .filter(|((of, _, _), fires)| of == path && **fires)
                    .map(|((_, group, host), _)| (group.clone(), host.clone()));
                believed.collect::<BTreeSet<_>>() == *firing
            })
    }
}

fn process_of(body: &Value) -> usize {
    let number = body["externalURL"]
        .as_str()
        .and_then(|url| url.rsplit('/').next());
    number
        .and_then(|number| number.parse().ok())
        .expect("a number that we gave it")
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
