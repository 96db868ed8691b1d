//! The orders in which people see alerts and groups (§2.5).

use std::cmp::Ordering;

use super::Labels;

/// Fewer labels first; else by the first name, in sorted order, where the sets differ.
pub fn compare_label_sets(_a: &Labels, _b: &Labels) -> Ordering {
    todo!("the model helper writes this")
}

/// The order of alerts in a notification: by `job`, then `instance`, then as label sets.
pub fn compare_for_notification(_a: &Labels, _b: &Labels) -> Ordering {
    todo!("the model helper writes this")
}
