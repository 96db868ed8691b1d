//! The orders in which alerts and groups are shown.
//!
//! Owns the comparison of label sets (§2.5). Never sorts anything itself. Pure; runs on the calling thread.

use std::cmp::Ordering;

use super::Labels;

/// A set with fewer labels comes first. Otherwise the first name, in sorted order, at which the sets differ
/// decides: the set without that name comes first, else the set with the smaller value (§2.5).
pub fn compare_label_sets(a: &Labels, b: &Labels) -> Ordering {
    a.len()
        .cmp(&b.len())
        .then_with(|| first_difference(a.iter(), b.iter()))
}

/// A label set prepared for many comparisons; orders as [`compare_label_sets`] does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelSetKey<'a>(Vec<(&'a str, &'a str)>);

impl<'a> LabelSetKey<'a> {
    /// The key of a set.
    pub fn of(labels: &'a Labels) -> Self {
        LabelSetKey(labels.iter().collect())
    }
}

impl Ord for LabelSetKey<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let (a, b) = (self.0.iter().copied(), other.0.iter().copied());
        self.0
            .len()
            .cmp(&other.0.len())
            .then_with(|| first_difference(a, b))
    }
}

impl PartialOrd for LabelSetKey<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A label set with the labels that usually decide its order already looked up; orders as
/// [`compare_for_notification`] does.
#[derive(Clone, Copy, Debug)]
pub struct NotificationKey<'a> {
    job: Option<&'a str>,
    instance: Option<&'a str>,
    labels: &'a Labels,
}

impl<'a> NotificationKey<'a> {
    /// The key of a set. Reads no more labels than necessary.
    pub fn of(labels: &'a Labels) -> Self {
        let (mut job, mut instance) = (None, None);
        for (name, value) in labels.iter() {
            match name.cmp("job") {
                Ordering::Less if name == "instance" => instance = Some(value),
                Ordering::Less => {}
                Ordering::Equal => job = Some(value),
                Ordering::Greater => break,
            }
        }
        NotificationKey {
            job,
            instance,
            labels,
        }
    }
}

impl Ord for NotificationKey<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        compare_present_first(self.job, other.job)
            .then_with(|| compare_present_first(self.instance, other.instance))
            .then_with(|| compare_label_sets(self.labels, other.labels))
    }
}

impl PartialOrd for NotificationKey<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for NotificationKey<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for NotificationKey<'_> {}

/// The order of alerts in a notification: by `job`, then `instance`, then as label sets. An alert with one
/// of these two labels comes before an alert without it (§2.5).
pub fn compare_for_notification(a: &Labels, b: &Labels) -> Ordering {
    NotificationKey::of(a).cmp(&NotificationKey::of(b))
}

fn compare_present_first(a: Option<&str>, b: Option<&str>) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => a.cmp(b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    }
}

/// Compares sets of the same size, whose pairs come in the order of their names.
fn first_difference<'a>(
    a: impl Iterator<Item = (&'a str, &'a str)>,
    b: impl Iterator<Item = (&'a str, &'a str)>,
) -> Ordering {
    a.zip(b)
        .map(|((a_name, a_value), (b_name, b_value))| {
            // The other set lacks the smaller name, and so comes first.
            b_name.cmp(a_name).then_with(|| a_value.cmp(b_value))
        })
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

#[cfg(test)]
mod tests;
