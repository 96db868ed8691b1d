//! An alert, as posted and as stored.
//!
//! Owns the two types. `engine/ingest.rs` decides which times an alert gets and how two reports merge.

use std::hint::black_box;

use crate::limits::{ANNOTATION_BYTES, LABEL_BYTES, LABELS};

use super::{CompactWall, Fingerprint, IdentifiedLabels, Labels, SharedText, Wall, touch};

/// An alert as a sender posted it: complete but for the times that only the dispatcher's clock can supply.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PostedAlert {
    /// Labels without the empty ones.
    pub labels: IdentifiedLabels,
    /// Annotations, including empty ones.
    pub annotations: Labels,
    /// When it began; `None` if the sender did not say.
    pub starts_at: Option<Wall>,
    /// When it ends or ended; `None` if the sender did not say.
    pub ends_at: Option<Wall>,
    /// The URL of its source, such as a graph; may be empty.
    pub generator_url: SharedText,
    /// What is wrong with its labels or annotations, in Alertmanager's words (§4.1 step 6).
    pub fault: Option<Box<str>>,
}

impl PostedAlert {
    /// The number of bytes in its texts.
    pub fn text_bytes(&self) -> usize {
        self.labels.text_bytes() + self.annotations.text_bytes() + self.generator_url.len()
    }

    /// What is wrong if it exceeds what any alert may have.
    pub fn excess(&self) -> Option<String> {
        if self.labels.exceeds(LABELS, LABEL_BYTES) {
            return Some(format!(
                "label set too large: an alert may have {LABELS} labels of {LABEL_BYTES} bytes in all"
            ));
        }
        let link = self.generator_url.len();
        let is_past = link > ANNOTATION_BYTES
            || self
                .annotations
                .exceeds(ANNOTATION_BYTES, ANNOTATION_BYTES - link);
        is_past.then(|| {
            format!("annotations too large: an alert may have {ANNOTATION_BYTES} bytes of them and its generatorURL")
        })
    }
}

/// A stored alert. Immutable; a newer report of it is a new value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// The identity: the hash of the labels.
    pub fingerprint: Fingerprint,
    /// The labels, which identify the alert.
    pub labels: Labels,
    /// The annotations: texts for people.
    pub annotations: Labels,
    /// When it began.
    pub starts_at: CompactWall,
    /// When it ends unless it is reported again, or when it ended.
    pub ends_at: CompactWall,
    /// When it was last received.
    pub updated_at: CompactWall,
    /// Whether `ends_at` comes from `resolve_timeout` and not from the sender.
    pub ends_by_timeout: bool,
    /// The URL of its source, such as a graph; may be empty.
    pub generator_url: SharedText,
}

impl Alert {
    /// Interns its texts: replaces them by the equal texts of an earlier report, so that the older allocation
    /// stays and a report without changes keeps no new memory.
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

    /// Prefetches these alerts: reads a little of each before the caller handles one alert after the other.
    /// Two hundred thousand alerts lie scattered in memory: the cache misses overlap here, and would be
    /// serial there.
    pub fn look_at<'a>(alerts: impl Iterator<Item = &'a Alert> + Clone) {
        let ends = alerts.clone().map(|alert| alert.ends_at.get().as_second());
        // The compiler drops reads without an effect, hence the `black_box`.
        black_box(ends.fold(0, i64::wrapping_add));
        // The length of a text precedes it in memory, and must be loaded before the text's lines can be read.
        let texts = alerts.clone().map(Alert::text_bytes);
        black_box(texts.fold(0, usize::wrapping_add));
        black_box(alerts.map(Alert::touch).fold(0, u64::wrapping_add));
    }

    /// The number of bytes in its texts.
    pub fn text_bytes(&self) -> usize {
        self.labels.text_bytes() + self.annotations.text_bytes() + self.generator_url.len()
    }

    /// Prefetches all its texts, as [`Labels::touch`] does.
    fn touch(&self) -> u64 {
        self.labels.touch() + self.annotations.touch() + touch(&self.generator_url)
    }

    /// Whether the alert has resolved by `now`; at `ends_at` itself it has (§4.2).
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

/// The status of an alert, or of a notification as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// `ends_at` lies in the future.
    Firing,
    /// `ends_at` has passed.
    Resolved,
}

impl Status {
    /// The status in the API, in notifications and in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Firing => "firing",
            Status::Resolved => "resolved",
        }
    }
}
