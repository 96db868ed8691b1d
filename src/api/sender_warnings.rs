//! Says of a sender what keeps its alerts from anybody, and what nothing else shows here: that its clock
//! may be behind, since its alerts had ended when they first came, or that it sends notifications where
//! alerts belong.
//!
//! Owns which senders it was said of lately. Asked on the connections' threads, and only where there is
//! something to say; the lock is held to look.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::engine::CameEnded;
use crate::limits::{SENDERS_WARNED, WARNED_AGAIN};
use crate::model::{Mono, format_go_duration};

/// The senders that were named in the log, and when.
#[derive(Debug, Default)]
pub struct SenderWarnings {
    named: Mutex<HashMap<Option<IpAddr>, Mono>>,
}

impl SenderWarnings {
    /// Says it of whoever is at `peer`, unless that was done within the hour.
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
            "Alerts had ended when they first came, so nobody is told. If they should fire, the clock of \
             their sender is behind, or the one here is ahead: see that both are set over the network"
        );
    }

    /// Says of whoever is at `peer` that it posts notifications as alerts, unless that was done within the
    /// hour.
    pub fn warn_of_notification(&self, peer: Option<SocketAddr>, now: Mono) {
        let sender = peer.map(|peer| peer.ip().to_canonical());
        if self.is_due(sender, now) {
            let sender = sender.map_or_else(|| "unknown".to_owned(), |sender| sender.to_string());
            log::warn!(
                sender = sender.as_str();
                "A notification was posted to /api/v2/alerts, which takes a list of alerts; its sender \
                 has to be set up as for an Alertmanager, not as for a webhook"
            );
        }
    }

    /// Whether `sender` is to be named now; takes it for named then.
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
