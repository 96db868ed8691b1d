//! The memory of a source between requests, for people to see and against replays.
//!
//! Owns which changes of a source are worth a line in the log: its first request, and each change of what is
//! wrong with it, but no line for each body. Runs on the connections' threads, under the lock of the source.

use super::outcome::{FaultKind, Outcome};
use super::recent_bodies::RecentBodies;
use super::seen_ids::SeenIds;
use crate::limits::{CONFIRMATIONS, SOURCE_QUIET};
use crate::model::{Mono, Wall};

/// The memory of one source.
#[derive(Debug, Default)]
pub struct Memory {
    /// The ids of signed messages.
    pub seen: SeenIds,
    /// The last bodies.
    pub bodies: RecentBodies,
    /// Counts and times since the source is known.
    pub totals: Totals,
    /// The fault of the last request, and since when there is one.
    pub fault: Option<(Wall, String)>,
    /// The subscriptions that wait for a confirmation, the oldest first.
    pub confirmations: Vec<Confirmation>,
    /// The fault that was logged last.
    logged: Option<FaultKind>,
    /// When the next change may be logged.
    quiet_until: Mono,
}

/// Counts and times of a source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Requests.
    pub requests: u64,
    /// Alerts that fire.
    pub alerts: u64,
    /// Alerts that have resolved.
    pub resolved: u64,
    /// Elements that make no alert on purpose.
    pub dropped: u64,
    /// Elements and whole requests that were refused.
    pub refused: u64,
    /// When the last request came.
    pub last_request: Option<Wall>,
    /// When something was last taken in.
    pub last_success: Option<Wall>,
}

/// A subscription that waits for a confirmation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirmation {
    /// The topic.
    pub topic: String,
    /// The URL that confirms it.
    pub url: String,
    /// When it was asked for.
    pub since: Wall,
}

/// A change of a source that is worth a line in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// It has posted for the first time, and all was well.
    First,
    /// Something is wrong, or something else than before.
    Fault(String),
    /// The fault is over.
    Well,
}

impl Memory {
    /// Notes what became of a request. Returns what is worth a line in the log.
    pub fn note(&mut self, outcome: &Outcome, (at, now): (Wall, Mono)) -> Option<News> {
        let is_first = self.totals.requests == 0;
        self.totals.add(outcome, at);
        let fault = outcome.fault();
        let since = self.fault.take().map_or(at, |(since, _)| since);
        self.fault = fault.map(|(_, text)| (since, text.to_owned()));
        let kind = fault.map(|(kind, _)| kind);
        if is_first && kind.is_none() {
            return Some(News::First);
        }
        if kind == self.logged || now < self.quiet_until {
            return None;
        }
        self.logged = kind;
        self.quiet_until = now + SOURCE_QUIET;
        Some(match fault {
            Some((_, text)) => News::Fault(text.to_owned()),
            None => News::Well,
        })
    }

    /// Notes that a subscription waits for a confirmation. A newer wish for the same topic replaces the older.
    pub fn await_confirmation(&mut self, confirmation: Confirmation) {
        self.confirmed(&confirmation.topic);
        if self.confirmations.len() >= CONFIRMATIONS {
            self.confirmations.remove(0);
        }
        self.confirmations.push(confirmation);
    }

    /// Notes that the subscription to a topic waits no more.
    pub fn confirmed(&mut self, topic: &str) {
        self.confirmations.retain(|waiting| waiting.topic != topic);
    }
}

impl Totals {
    fn add(&mut self, outcome: &Outcome, at: Wall) {
        let whole = usize::from(outcome.refusal.is_some());
        self.requests += 1;
        self.alerts += outcome.alerts as u64;
        self.resolved += outcome.resolved as u64;
        self.dropped += outcome.dropped as u64;
        self.refused += (outcome.refused.len() + whole) as u64;
        self.last_request = Some(at);
        if outcome.refusal.is_none() {
            self.last_success = Some(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::telemetry::metrics::SourceRefusal;

    fn noted(memory: &mut Memory, outcome: &Outcome, second: u64) -> Option<News> {
        let span = Duration::from_secs(second);
        memory.note(outcome, (Wall::UNIX_EPOCH + span, Mono::START + span))
    }

    fn unusable(why: &str) -> Outcome {
        Outcome::refused(400, SourceRefusal::Unusable, why)
    }

    #[test]
    fn a_line_is_for_the_first_body_and_for_each_change_of_the_fault() {
        let mut memory = Memory::default();
        let good = Outcome::default();
        let table = [
            (0, &good, Some(News::First)),
            (1, &good, None),
            (
                2,
                &unusable("no JSON at 1"),
                Some(News::Fault("no JSON at 1".to_owned())),
            ),
            (3, &unusable("no JSON at 2"), None),
            (100, &unusable("no JSON at 3"), None),
            (
                101,
                &Outcome::refused(401, SourceRefusal::Unauthorized, "who?"),
                Some(News::Fault("who?".to_owned())),
            ),
            (102, &good, None),
            (103, &unusable("no JSON"), None),
            (170, &good, Some(News::Well)),
            (171, &good, None),
        ];
        for (second, outcome, expected) in table {
            assert_eq!(noted(&mut memory, outcome, second), expected, "{second}");
        }
        assert_eq!(memory.totals.requests, 10);
        assert_eq!(memory.totals.refused, 5);
    }

    #[test]
    fn a_fault_says_since_when_it_is_there() {
        let mut memory = Memory::default();
        noted(&mut memory, &unusable("a"), 5);
        noted(&mut memory, &unusable("b"), 9);
        let since = Wall::UNIX_EPOCH + Duration::from_secs(5);
        assert_eq!(memory.fault, Some((since, "b".to_owned())));
        noted(&mut memory, &Outcome::default(), 10);
        assert_eq!(memory.fault, None);
    }

    #[test]
    fn confirmations_are_one_a_topic_and_bounded() {
        let mut memory = Memory::default();
        let wish = |topic: usize, url: &str| Confirmation {
            topic: topic.to_string(),
            url: url.to_owned(),
            since: Wall::UNIX_EPOCH,
        };
        memory.await_confirmation(wish(0, "old"));
        memory.await_confirmation(wish(0, "new"));
        assert_eq!(memory.confirmations, [wish(0, "new")]);
        for topic in 1..=CONFIRMATIONS {
            memory.await_confirmation(wish(topic, "x"));
        }
        assert_eq!(memory.confirmations.len(), CONFIRMATIONS);
        assert_eq!(memory.confirmations[0], wish(1, "x"));
        memory.confirmed("1");
        assert_eq!(memory.confirmations[0], wish(2, "x"));
    }
}
