//! An alert, before and after it was taken in.
//!
//! Owns what an alert is. Which times it gets and how two reports of it merge is decided in
//! `engine/ingest.rs`.

use std::hint::black_box;

use super::{CompactWall, Fingerprint, IdentifiedLabels, Labels, SharedText, Wall, glance};

/// An alert as a sender posted it: complete but for what only the dispatcher's clock can say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PostedAlert {
    /// Labels without the empty ones.
    pub labels: IdentifiedLabels,
    /// Annotations, the empty ones kept.
    pub annotations: Labels,
    /// When it began; `None` if the sender left that to us.
    pub starts_at: Option<Wall>,
    /// When it ends or ended; `None` if the sender left that to us.
    pub ends_at: Option<Wall>,
    /// A link to where it came from; may be empty.
    pub generator_url: SharedText,
    /// What is wrong with its labels or annotations, in Alertmanager's words (§4.1 step 6).
    pub fault: Option<Box<str>>,
}

impl PostedAlert {
    /// Bytes of its texts.
    pub fn text_bytes(&self) -> usize {
        self.labels.text_bytes() + self.annotations.text_bytes() + self.generator_url.len()
    }
}

/// An alert that was taken in. Never changes; a newer report of it is a new value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// The identity: the hash of the labels.
    pub fingerprint: Fingerprint,
    /// The labels; what identifies the alert.
    pub labels: Labels,
    /// Texts for people.
    pub annotations: Labels,
    /// When it began.
    pub starts_at: CompactWall,
    /// When it ends unless reported again, or when it ended.
    pub ends_at: CompactWall,
    /// When it was last reported to us.
    pub updated_at: CompactWall,
    /// Whether `ends_at` is our time-out and not the sender's word.
    pub ends_by_timeout: bool,
    /// A link to where it came from; may be empty.
    pub generator_url: SharedText,
}

impl Alert {
    /// Takes over the texts of an earlier report where they are equal, so that what was allocated
    /// first stays and a report that changes nothing leaves nothing behind.
    pub fn share_texts_of(&mut self, earlier: &Alert) {
        if self.labels == earlier.labels {
            self.labels = earlier.labels.clone();
        }
        if self.annotations == earlier.annotations {
            self.annotations = earlier.annotations.clone();
        }
        if self.generator_url == earlier.generator_url {
            self.generator_url = earlier.generator_url.clone();
        }
    }

    /// Reads a little all over each of these before something is done about one after the other. Two
    /// hundred thousand of them lie all over the memory: the waits for it overlap here, and would
    /// follow one another there.
    pub fn look_at<'a>(alerts: impl Iterator<Item = &'a Alert> + Clone) {
        let ends = alerts.clone().map(|alert| alert.ends_at.get().as_second());
        // What is read must count for something, or it is not read.
        black_box(ends.fold(0, i64::wrapping_add));
        // How long a text is stands before it, and has to be there before anything behind can be asked for.
        let texts = alerts.clone().map(Alert::text_bytes);
        black_box(texts.fold(0, usize::wrapping_add));
        black_box(alerts.map(Alert::glance).fold(0, u64::wrapping_add));
    }

    /// Bytes of its texts.
    pub fn text_bytes(&self) -> usize {
        self.labels.text_bytes() + self.annotations.text_bytes() + self.generator_url.len()
    }

    /// Looks at all its texts, as [`Labels::glance`] does.
    fn glance(&self) -> u64 {
        self.labels.glance() + self.annotations.glance() + glance(&self.generator_url)
    }

    /// Whether the alert has ended at `now`; the end itself counts (§4.2).
    pub fn is_resolved_at(&self, now: Wall) -> bool {
        self.ends_at.get() <= now
    }

    /// Its status at `now`.
    pub fn status_at(&self, now: Wall) -> Status {
        if self.is_resolved_at(now) {
            Status::Resolved
        } else {
            Status::Firing
        }
    }
}

/// Whether an alert, or a notification as a whole, still burns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// The end lies in the future.
    Firing,
    /// The end has passed.
    Resolved,
}

impl Status {
    /// The word on the wire and in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Firing => "firing",
            Status::Resolved => "resolved",
        }
    }
}
