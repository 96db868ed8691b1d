//! What each webhook believes, and what it was told twice.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;

use alertwheel::model::Mono;

use crate::receiver::{Answer, Webhook};

/// How long before a kill a webhook may have been taken without a record of it: the time from the
/// answer through the worker and the dispatcher to the disk, on a busy host.
const UNRECORDED: Duration = Duration::from_millis(500);

/// Everything that was heard and accepted.
#[derive(Default)]
pub struct Beliefs {
    /// By webhook and group: what was told last.
    last: BTreeMap<(String, String), Last>,
    /// By webhook, group and host: whether it fires.
    firing: BTreeMap<(String, String, String), bool>,
    kills: Vec<Kill>,
    heard: usize,
    told_twice: usize,
}

struct Kill {
    at: Mono,
    /// When the next process was started. What the killed one had sent may be read as late as that.
    next_at: Option<Mono>,
}

struct Last {
    at: Mono,
    alerts: Vec<(String, String, String)>,
}

impl Beliefs {
    /// A process was killed.
    pub fn killed(&mut self, at: Mono) {
        self.kills.push(Kill { at, next_at: None });
    }

    /// It has ended, and another one is started.
    pub fn starts_anew(&mut self, at: Mono) {
        let kill = self.kills.last_mut().expect("one was killed");
        kill.next_at = Some(at);
    }

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
        webhooks.sort_by_key(|webhook| webhook.at);
        for webhook in webhooks {
            self.heard += 1;
            self.hear_one(&webhook);
        }
    }

    fn hear_one(&mut self, webhook: &Webhook) {
        let path = webhook.head.split(' ').nth(1).expect("a path").to_owned();
        let body = webhook.body();
        let group = text(&body["groupLabels"]["alertname"]);
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
        let last = Last {
            at: webhook.at,
            alerts,
        };
        if let Some(before) = self.last.insert((path, group), last) {
            let now = &webhook.body()["alerts"];
            self.judge(&before, webhook.at, now);
        }
    }

    /// The same twice is right only where nobody could record the first.
    fn judge(&mut self, before: &Last, at: Mono, alerts: &Value) {
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
        let mut kills = self.kills.iter();
        let is_excused = kills.any(|kill| {
            let was_by_the_killed = kill.next_at.is_some_and(|next_at| before.at <= next_at);
            was_by_the_killed && kill.at.since(before.at) < UNRECORDED && kill.at < at
        });
        assert!(
            is_excused,
            "told twice, {:?} apart, with no kill in between: {alerts}",
            at.since(before.at)
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

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
