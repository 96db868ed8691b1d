//! The orders in which people see alerts and groups.
//!
//! Owns the comparison of label sets (§2.5). Never sorts anything itself. Pure; runs on whichever
//! thread calls it.

use std::cmp::Ordering;

use super::Labels;

/// Fewer labels first; else by the first name, in sorted order, where the sets differ: the set
/// without that name comes first, else the smaller value (§2.5).
pub fn compare_label_sets(a: &Labels, b: &Labels) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| first_difference(a, b))
}

/// The order of alerts in a notification: by `job`, then `instance`, then as label sets. An alert
/// that has one of these two labels comes before one that lacks it (§2.5).
pub fn compare_for_notification(a: &Labels, b: &Labels) -> Ordering {
    compare_present_first(a.get("job"), b.get("job"))
        .then_with(|| compare_present_first(a.get("instance"), b.get("instance")))
        .then_with(|| compare_label_sets(a, b))
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
fn first_difference(a: &Labels, b: &Labels) -> Ordering {
    a.iter()
        .zip(b.iter())
        .map(|((a_name, a_value), (b_name, b_value))| {
            // The smaller name is one that the other set lacks, and the set that lacks it is first.
            b_name.cmp(a_name).then_with(|| a_value.cmp(b_value))
        })
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

#[cfg(test)]
mod tests;
