//! Logs warnings about senders whose alerts notify nobody for a reason that nothing else shows: their clock
//! may be behind (their alerts had ended before they first arrived), or they post notifications instead of
//! alerts.
//!
//! Owns the list of senders warned about within the last hour. Runs on the connections' threads, and only
//! when there is something to warn about. The lock is held for a lookup.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::engine::CameEnded;
use crate::limits::{SENDERS_WARNED, WARNED_AGAIN};
use crate::model::{Mono, format_go_duration};

/// The senders named in the log, with the time of the last warning.
#[derive(Debug, Default)]
pub struct SenderWarnings {
    named: Mutex<HashMap<Option<IpAddr>, Mono>>,
}

impl SenderWarnings {
    /// Warns that alerts of the sender at `peer` had ended before they arrived, once an hour at most.
    pub fn warn(&self, peer: Option<SocketAddr>, came: &CameEnded, now: Mono) {
        let sender = peer.map(|peer| peer.ip().to_canonical());
        if !self.is_due(sender, now) {
            return;
        }
        let sender = sender.map_or_else(|| "unknown".to_owned(), |sender| sender.to_string());
        let ago = format_go_duration(Duration::from_secs(came.ago.as_secs()));
        log::warn!(
            sender = sender.as_str(), alerts = came.alerts, alertname = &*came.alertname,
            ended_ago = ago.as_str();
            "Alerts had already ended when they first came, so no notification is sent. If they should fire, \
             the sender's clock is behind or this host's clock is ahead: synchronize both over the network"
        );
    }

    /// Warns that the sender at `peer` posts notifications as alerts, once an hour at most.
    pub fn warn_of_notification(&self, peer: Option<SocketAddr>, now: Mono) {
        let sender = peer.map(|peer| peer.ip().to_canonical());
        if self.is_due(sender, now) {
            let sender = sender.map_or_else(|| "unknown".to_owned(), |sender| sender.to_string());
            log::warn!(
                sender = sender.as_str();
                "A notification was posted to /api/v2/alerts, which takes a list of alerts; \
                 configure its sender for an Alertmanager, not for a webhook"
            );
        }
    }

    /// Whether to warn about `sender` now. If so, records it as warned about.
    fn is_due(&self, sender: Option<IpAddr>, now: Mono) -> bool {
        let mut named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        let is_recent = |at: &Mono| now.since(*at) < WARNED_AGAIN;
        if named.get(&sender).is_some_and(is_recent) {
            return false;
        }
        if named.len() >= SENDERS_WARNED {
            named.retain(|_, at| is_recent(at));
        }
        let has_room = named.len() < SENDERS_WARNED;
        if has_room {
            named.insert(sender, now);
        }
        has_room
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sender(number: usize) -> Option<IpAddr> {
        let number = u32::try_from(number).expect("there are not that many");
        Some(IpAddr::from(number.to_be_bytes()))
    }

    fn at(seconds: u64) -> Mono {
        Mono::START + Duration::from_secs(seconds)
    }

    #[test]
    fn a_sender_is_named_once_an_hour() {
        let senders = SenderWarnings::default();
        let named =
            [0, 1, 3599, 3600, 3601, 7199, 7200].map(|now| senders.is_due(sender(1), at(now)));
        assert_eq!(named, [true, false, false, true, false, false, true]);
        assert!(
            senders.is_due(sender(2), at(7201)),
            "another one has its own"
        );
        assert!(senders.is_due(None, at(7201)));
    }

    #[test]
    fn of_more_senders_than_it_remembers_no_more_are_named_until_an_hour_is_over() {
        let senders = SenderWarnings::default();
        let named = |first: usize, now: u64| {
            let each = first..first + 2 * SENDERS_WARNED;
            each.filter(|number| senders.is_due(sender(*number), at(now)))
                .count()
        };
        assert_eq!(named(0, 0), SENDERS_WARNED);
        assert_eq!(named(10_000, 3599), 0);
        assert_eq!(named(20_000, 3600), SENDERS_WARNED);
        let remembered = senders.named.lock().expect("nobody panicked").len();
        assert_eq!(remembered, SENDERS_WARNED);
    }
}
