//! A sender that records which of its requests were answered with success.
//!
//! Owns its own alerts and silences. A post without an answer may have been accepted or not; the result of
//! every other post is known.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use alertwheel::model::Wall;

use crate::client::Client;
use crate::process::Daemon;
use crate::random::Choices;
use crate::time::{wait_for, wall};

const GROUPS: usize = 4;
const HOSTS: usize = 6;

/// One sender.
pub struct Sender {
    name: String,
    choices: Choices,
    alerts: BTreeMap<String, Alert>,
    silences: BTreeMap<String, Silence>,
    answered: usize,
}

/// An alert as its sender sees it.
#[derive(Clone, Debug)]
struct Alert {
    alertname: String,
    starts_at: Wall,
    fires: bool,
    /// Whether the last post of it was answered.
    is_clear: bool,
}

/// A silence as its maker sees it.
#[derive(Clone, Copy, Debug)]
struct Silence {
    is_expired: bool,
    is_clear: bool,
}

impl Sender {
    /// The sender with this number, which has posted nothing yet.
    pub fn new(number: usize) -> Self {
        Sender {
            name: format!("sender{number}"),
            choices: Choices::seeded(number as u64 + 1),
            alerts: BTreeMap::new(),
            silences: BTreeMap::new(),
            answered: 0,
        }
    }

    /// Requests that were answered.
    pub fn answered(&self) -> usize {
        self.answered
    }

    /// Works until the daemon is no more; counts what is answered.
    pub fn work(&mut self, address: SocketAddr, answered: &AtomicUsize) {
        let Ok(mut client) = Client::try_connect(address) else {
            return;
        };
        while self.one_request(&mut client).is_some() {
            self.answered += 1;
            answered.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Nothing if there was no answer.
    fn one_request(&mut self, client: &mut Client) -> Option<()> {
        match self.choices.below(10) {
            0 => self.make_silence(client),
            1 => self.expire_silence(client),
            _ => self.post_some(client),
        }
    }

    fn post_some(&mut self, client: &mut Client) -> Option<()> {
        let mut batch = Vec::new();
        for _ in 0..=self.choices.below(4) {
            let host = format!("{}-{}", self.name, self.choices.below(GROUPS * HOSTS));
            let alertname = format!("{}-group{}", self.name, self.choices.below(GROUPS));
            let now = wall();
            let alert = self.alerts.entry(host.clone()).or_insert(Alert {
                alertname,
                starts_at: now,
                fires: false,
                is_clear: true,
            });
            if !alert.fires {
                alert.starts_at = now;
            }
            alert.fires = !alert.fires;
            alert.is_clear = false;
            batch.push(host);
        }
        self.post(client, &batch)
    }

    fn post(&mut self, client: &mut Client, hosts: &[String]) -> Option<()> {
        let bodies: Vec<Value> = hosts.iter().map(|host| self.body(host)).collect();
        let body = serde_json::to_vec(&bodies).expect("JSON");
        let reply = client
            .ask(&crate::client::post("/api/v2/alerts", &body))
            .ok()?;
        assert_eq!(reply.status, 200, "{}", reply.text());
        for host in hosts {
            self.alerts.get_mut(host).expect("posted").is_clear = true;
        }
        Some(())
    }

    fn body(&self, host: &str) -> Value {
        let alert = &self.alerts[host];
        let ends_at = if alert.fires {
            wall() + std::time::Duration::from_secs(3600)
        } else {
            wall()
        };
        json!({
            "labels": {"alertname": alert.alertname, "instance": host},
            "annotations": {"summary": format!("{host} since {}", alert.starts_at)},
            "startsAt": alert.starts_at.to_string(),
            "endsAt": ends_at.to_string(),
        })
    }

    fn make_silence(&mut self, client: &mut Client) -> Option<()> {
        let body = json!({
            "matchers": [{"name": "instance", "value": self.name, "isRegex": false, "isEqual": true}],
            "startsAt": wall().to_string(),
            "endsAt": (wall() + std::time::Duration::from_secs(3600)).to_string(),
            "createdBy": self.name, "comment": "torture",
        });
        let body = serde_json::to_vec(&body).expect("JSON");
        let reply = client
            .ask(&crate::client::post("/api/v2/silences", &body))
            .ok()?;
        assert_eq!(reply.status, 200, "{}", reply.text());
        let id = reply.json()["silenceID"].as_str()?.to_owned();
        let made = Silence {
            is_expired: false,
            is_clear: true,
        };
        self.silences.insert(id, made);
        Some(())
    }

    fn expire_silence(&mut self, client: &mut Client) -> Option<()> {
        let mut active = self.silences.iter_mut();
        let Some((id, silence)) = active.find(|(_, silence)| !silence.is_expired) else {
            return Some(());
        };
        (silence.is_expired, silence.is_clear) = (true, false);
        let request = format!("DELETE /api/v2/silence/{id} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        let reply = client.ask(request.as_bytes()).ok()?;
        assert_eq!(reply.status, 200, "{}", reply.text());
        silence.is_clear = true;
        Some(())
    }

    /// Everything that this sender was told is kept is there.
    pub fn assert_all_is_there(&self, daemon: &Daemon) {
        let listed = daemon.get("/api/v2/alerts").json();
        let firing: BTreeSet<&str> = listed
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(|alert| alert["labels"]["instance"].as_str())
            .collect();
        for (host, alert) in self.alerts.iter().filter(|(_, alert)| alert.is_clear) {
            let is_listed = firing.contains(host.as_str());
            assert_eq!(is_listed, alert.fires, "{host}: {alert:?}");
        }
        let listed = daemon.get("/api/v2/silences").json();
        let states: BTreeMap<&str, &str> = listed
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(|silence| {
                Some((
                    silence["id"].as_str()?,
                    silence["status"]["state"].as_str()?,
                ))
            })
            .collect();
        for (id, silence) in &self.silences {
            let state = states.get(id.as_str()).copied();
            let expected = if silence.is_expired {
                "expired"
            } else {
                "active"
            };
            let may_be_either = !silence.is_clear && state.is_some();
            assert!(
                may_be_either || state == Some(expected),
                "{id}: {state:?}, {silence:?}"
            );
        }
    }

    /// Posts everything once more, so that nothing is left in doubt.
    pub fn make_clear(&mut self, daemon: &Daemon) {
        let hosts: Vec<String> = self.alerts.keys().cloned().collect();
        wait_for("a post is answered", || {
            let mut client = daemon.connect();
            self.post(&mut client, &hosts)
        });
    }

    /// What fires, as (group, host).
    pub fn firing(&self) -> impl Iterator<Item = (String, String)> {
        let firing = self.alerts.iter().filter(|(_, alert)| alert.fires);
        firing.map(|(host, alert)| (alert.alertname.clone(), host.clone()))
    }
}
