//! The state of a journal that cannot write: what is missing on disk, when to retry, what to ask for.
//!
//! PURE. Owns that state machine. Never holds the unwritten bytes and never writes: the journal thread
//! does. Runs on the journal thread.
//!
//! ```text
//!                     ┌──────────── all bytes written ────────────┐
//!         a write     │                                           ▼
//!  Well ──fails──► Bytes ── too many to keep ──┐                 Well
//!    │                                         ▼                  ▲
//!    └── a sync fails, the folder is gone ─► Everything           │
//!                                              │  ▲               │
//!                                there is room │  │ a try fails   │
//!                                              ▼  │               │
//!                                            Asked ── written ────┘
//! ```

use std::time::Duration;

use crate::dispatch::pending_ack::NotStored;
use crate::limits;
use crate::model::Mono;

/// What is missing on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// Only the bytes that are kept in memory.
    Bytes,
    /// More than those bytes, so that the whole state has to be written.
    Everything,
    /// The whole state has to be written, and the dispatcher has been asked for it.
    Asked,
}

/// What to do when a retry is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Try {
    /// Write the bytes that are kept in memory.
    Bytes,
    /// Check whether the disk has room, and then ask the dispatcher for the whole state.
    Room,
}

/// Why the journal cannot write, and what is missing on disk since.
#[derive(Debug)]
pub struct Trouble {
    why: NotStored,
    missing: Missing,
    retry_at: Option<Mono>,
    pause: Duration,
}

impl Trouble {
    /// Trouble that begins now. The first retry is due after the first pause of [`limits::JOURNAL_RETRY`].
    pub fn begin(why: NotStored, missing: Missing, now: Mono) -> Self {
        Trouble {
            why,
            missing,
            retry_at: Some(now + limits::JOURNAL_RETRY.0),
            pause: limits::JOURNAL_RETRY.0,
        }
    }

    /// The reason, for the acknowledgements that fail in the meantime.
    pub fn why(&self) -> &NotStored {
        &self.why
    }

    /// What is missing on disk.
    pub fn missing(&self) -> Missing {
        self.missing
    }

    /// When to retry; `None` while the dispatcher has been asked for the whole state.
    pub fn retry_at(&self) -> Option<Mono> {
        self.retry_at
    }

    /// What to retry, if a retry is due.
    pub fn next_try(&self, now: Mono) -> Option<Try> {
        if self.retry_at? > now {
            return None;
        }
        match self.missing {
            Missing::Bytes => Some(Try::Bytes),
            Missing::Everything | Missing::Asked => Some(Try::Room),
        }
    }

    /// Notes that the bytes in memory are dropped or not enough: from now on the whole state is missing.
    pub fn lose(&mut self) {
        if self.missing == Missing::Bytes {
            self.missing = Missing::Everything;
        }
    }

    /// Notes a failed retry. To write the whole state is a lot of work for the dispatcher, so the pause
    /// doubles after each such failure, up to the second value of [`limits::JOURNAL_RETRY`].
    pub fn try_failed(&mut self, why: NotStored, now: Mono) {
        self.why = why;
        if self.missing == Missing::Asked {
            self.missing = Missing::Everything;
            self.pause = (2 * self.pause).min(limits::JOURNAL_RETRY.1);
        }
        self.retry_at = Some(now + self.pause);
    }

    /// Notes that the dispatcher was asked for the whole state.
    pub fn asked(&mut self) {
        self.missing = Missing::Asked;
        self.retry_at = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn why(text: &str) -> NotStored {
        NotStored(text.into())
    }

    fn begun(missing: Missing) -> Trouble {
        Trouble::begin(why("full"), missing, Mono::START)
    }

    #[test]
    fn the_bytes_are_tried_every_second_and_not_before() {
        let mut trouble = begun(Missing::Bytes);
        assert_eq!(trouble.next_try(Mono::START), None);
        let mut now = Mono::START;
        for _ in 0..5 {
            now = now + SECOND;
            assert_eq!(trouble.retry_at(), Some(now));
            assert_eq!(trouble.next_try(now), Some(Try::Bytes));
            trouble.try_failed(why("still full"), now);
        }
        assert_eq!(trouble.why(), &why("still full"));
    }

    #[test]
    fn once_bytes_were_let_go_only_everything_will_do() {
        let mut trouble = begun(Missing::Bytes);
        trouble.lose();
        let due = Mono::START + SECOND;
        assert_eq!(trouble.next_try(due), Some(Try::Room));
        trouble.try_failed(why("full"), due);
        assert_eq!(trouble.missing(), Missing::Everything);
        assert_eq!(
            trouble.retry_at(),
            Some(due + SECOND),
            "looking costs little"
        );
    }

    #[test]
    fn whoever_was_asked_for_everything_is_not_asked_again_meanwhile() {
        let mut trouble = begun(Missing::Everything);
        trouble.asked();
        trouble.lose();
        assert_eq!(trouble.missing(), Missing::Asked);
        assert_eq!(trouble.retry_at(), None);
        assert_eq!(trouble.next_try(Mono::START + 1000 * SECOND), None);
    }

    #[test]
    fn the_pauses_between_tries_of_everything_grow_up_to_a_bound() {
        let mut trouble = begun(Missing::Everything);
        let mut pauses = Vec::new();
        for _ in 0..7 {
            trouble.asked();
            trouble.try_failed(why("full"), Mono::START);
            let again = trouble.retry_at().expect("another try");
            pauses.push(again.since(Mono::START).as_secs());
        }
        assert_eq!(pauses, [2, 4, 8, 16, 30, 30, 30]);
    }
}
