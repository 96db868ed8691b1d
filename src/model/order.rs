//! The orders in which people see alerts and groups.
//!
//! Owns the comparison of label sets (§2.5). Never sorts anything itself. Pure; runs on whichever
//! thread calls it.

use std::cmp::Ordering;

use super::Labels;

/// Fewer labels first; else by the first name, in sorted order, where the sets differ: the set
/// without that name comes first, else the smaller value (§2.5).
pub fn compare_label_sets(a: &Labels, b: &Labels) -> Ordering {
    a.len()
        .cmp(&b.len())
        .then_with(|| first_difference(a.iter(), b.iter()))
}

/// A label set laid out for many comparisons; orders as [`compare_label_sets`] does.
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

/// A label set with what its place among others mostly depends on looked up; orders as
/// [`compare_for_notification`] does.
#[derive(Clone, Copy, Debug)]
pub struct NotificationKey<'a> {
    job: Option<&'a str>,
    instance: Option<&'a str>,
    labels: &'a Labels,
}

impl<'a> NotificationKey<'a> {
    /// The key of a set. Reads its labels no further than it must.
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

/// The order of alerts in a notification: by `job`, then `instance`, then as label sets. An alert
/// that has one of these two labels comes before one that lacks it (§2.5).
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

/// For sets of the same size, whose pairs come in the order of their names.
fn first_difference<'a>(
    a: impl Iterator<Item = (&'a str, &'a str)>,
    b: impl Iterator<Item = (&'a str, &'a str)>,
) -> Ordering {
    a.zip(b)
        .map(|((a_name, a_value), (b_name, b_value))| {
            // The smaller name is one that the other set lacks, and the set that lacks it is first.
            b_name.cmp(a_name).then_with(|| a_value.cmp(b_value))
        })
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

#[cfg(test)]
mod tests;
