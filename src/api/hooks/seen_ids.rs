//! The ids of signed messages that were taken in, so that nobody sends one of them again.
//!
//! Owns the memory of a source. An id is kept for as long as its signature is accepted, and no longer; a restart
//! forgets them all, so that a message can be replayed once within the tolerance of its time. Runs on the
//! connections' threads, under the lock of the source.

use std::collections::HashMap;

use crate::limits::SEEN_IDS;
use crate::model::Wall;

/// The ids, each with the time until which it is refused.
#[derive(Debug, Default)]
pub struct SeenIds(HashMap<Box<str>, Wall>);

impl SeenIds {
    /// Whether a message with this id was taken in and could still be accepted.
    pub fn has(&self, id: &str, now: Wall) -> bool {
        self.0.get(id).is_some_and(|until| now <= *until)
    }

    /// Remembers an id until then. Where there are too many, the one that ends first is forgotten.
    pub fn keep(&mut self, id: &str, until: Wall, now: Wall) {
        if self.0.len() >= SEEN_IDS {
            self.0.retain(|_, until| now <= *until);
        }
        if self.0.len() >= SEEN_IDS {
            let first = self.0.iter().min_by_key(|(_, until)| **until);
            if let Some(id) = first.map(|(id, _)| id.clone()) {
                self.0.remove(&id);
            }
        }
        self.0.insert(id.into(), until);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(seconds: u64) -> Wall {
        Wall::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn an_id_is_refused_until_its_time_is_over() {
        let mut seen = SeenIds::default();
        assert!(!seen.has("a", at(0)));
        seen.keep("a", at(10), at(0));
        assert!(seen.has("a", at(10)) && !seen.has("b", at(10)));
        assert!(!seen.has("a", at(11)));
    }

    #[test]
    fn ids_past_the_bound_push_out_those_that_are_over_and_then_the_oldest() {
        let mut seen = SeenIds::default();
        for number in 0..SEEN_IDS as u64 {
            seen.keep(&number.to_string(), at(100 + number), at(0));
        }
        seen.keep("past the bound", at(100_000), at(0));
        assert_eq!(seen.0.len(), SEEN_IDS);
        assert!(!seen.has("0", at(0)) && seen.has("1", at(0)));
        seen.keep("much later", at(100_000), at(50_000));
        assert_eq!(seen.0.len(), 2, "all others are over");
    }
}
