//! A silence, before and after it was taken in.
//!
//! Owns what a silence is. What may change in one, and when it is forgotten, is decided in
//! `engine/silences.rs`. Pure; plain data.

use std::sync::Arc;

use super::{Labels, Matcher, Wall};

/// A silence as somebody posted it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostedSilence {
    /// The silence to change; `None` for a new one.
    pub id: Option<String>,
    /// All must match for an alert to be silenced.
    pub matchers: Vec<Matcher>,
    /// When it begins.
    pub starts_at: Wall,
    /// When it ends.
    pub ends_at: Wall,
    /// Who made it.
    pub created_by: String,
    /// Why.
    pub comment: String,
    /// Texts for people and machines.
    pub annotations: Labels,
    /// What is wrong with its matchers, in Alertmanager's words (§7.4).
    pub fault: Option<Box<str>>,
}

/// A silence that was taken in. Never changes; a newer state of it is a new value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Silence {
    /// A UUID.
    pub id: Arc<str>,
    /// All must match for an alert to be silenced.
    pub matchers: Arc<[Matcher]>,
    /// When it begins.
    pub starts_at: Wall,
    /// When it ends; the end itself counts.
    pub ends_at: Wall,
    /// When it was last changed.
    pub updated_at: Wall,
    /// Who made it.
    pub created_by: String,
    /// Why.
    pub comment: String,
    /// Texts for people and machines.
    pub annotations: Labels,
}

/// Where a silence stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SilenceState {
    /// It silences.
    Active,
    /// It will.
    Pending,
    /// It did.
    Expired,
}

impl Silence {
    /// Its state at `now`, the end counted in (§7.1).
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
    /// The word on the wire and in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            SilenceState::Active => "active",
            SilenceState::Pending => "pending",
            SilenceState::Expired => "expired",
        }
    }
}
