//! A silence, as posted and as stored.
//!
//! Owns the types. `engine/silences.rs` decides which changes are allowed, and when a silence is removed.
//! Pure; plain data.

use std::sync::Arc;

use super::{Labels, Matcher, Wall};

/// A silence as a client posted it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostedSilence {
    /// The silence to change; `None` for a new one.
    pub id: Option<String>,
    /// The matchers that a silenced alert must all satisfy.
    pub matchers: Vec<Matcher>,
    /// When it begins.
    pub starts_at: Wall,
    /// When it ends.
    pub ends_at: Wall,
    /// The author.
    pub created_by: String,
    /// The reason.
    pub comment: String,
    /// Annotations, for people and tools.
    pub annotations: Labels,
    /// What is wrong with its matchers, in Alertmanager's words (§7.4).
    pub fault: Option<Box<str>>,
}

/// A stored silence. Immutable; a newer state of it is a new value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Silence {
    /// A UUID.
    pub id: Arc<str>,
    /// The matchers that a silenced alert must all satisfy.
    pub matchers: Arc<[Matcher]>,
    /// When it begins.
    pub starts_at: Wall,
    /// When it ends; at this time it is still active.
    pub ends_at: Wall,
    /// When it was last changed.
    pub updated_at: Wall,
    /// The author.
    pub created_by: String,
    /// The reason.
    pub comment: String,
    /// Annotations, for people and tools.
    pub annotations: Labels,
}

/// The state of a silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SilenceState {
    /// It silences alerts now.
    Active,
    /// It begins in the future.
    Pending,
    /// It has ended.
    Expired,
}

impl Silence {
    /// The state at `now`; at `ends_at` it is still active (§7.1).
    pub fn state_at(&self, now: Wall) -> SilenceState {
        if now < self.starts_at {
            SilenceState::Pending
        } else if now > self.ends_at {
            SilenceState::Expired
        } else {
            SilenceState::Active
        }
    }
}

impl SilenceState {
    /// The state in the API and in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            SilenceState::Active => "active",
            SilenceState::Pending => "pending",
            SilenceState::Expired => "expired",
        }
    }
}
