//! Looks at what the reports of a batch are about to touch, before the first of them is taken in.
//!
//! PURE. Two hundred thousand alerts lie all over the memory, and so do their groups: taken in one
//! after the other, each report would wait for its bucket, its alert, the texts and its group in
//! turn. Here everything of one kind is looked at in a row, so that the waits overlap. What is found
//! on the way, the groups, is kept; the rest changes nothing but the time it takes. Runs on the
//! dispatch thread.

use std::hint::black_box;
use std::sync::Arc;

use super::Engine;
use super::group::GroupId;
use super::store::Stored;
use crate::model::{Alert, PostedAlert};

/// Reports that are looked at together. Prometheus sends as many in one request; what they touch,
/// some 600 bytes each, fits into the nearest caches beside the request itself.
pub const FORESEEN_AT_ONCE: usize = 64;

/// The groups of the known alerts among some reports.
#[derive(Debug, Default)]
pub struct Foresight {
    groups: Vec<Option<GroupId>>,
    /// For each report, where its groups end in `groups`; they begin where those before end.
    ends: Vec<usize>,
}

impl Foresight {
    /// The groups that the report at `position` belongs to, in the order of its routes, as far as
    /// they were there. Empty if its alert was not known.
    pub fn groups_of(&self, position: usize) -> &[Option<GroupId>] {
        let start = position
            .checked_sub(1)
            .map_or(0, |before| self.ends[before]);
        &self.groups[start..self.ends[position]]
    }
}

impl Engine {
    /// Looks at all that these reports will touch.
    pub(super) fn foresee(&self, posted: &[PostedAlert]) -> Foresight {
        let known: Vec<Option<&Stored>> = posted
            .iter()
            .map(|alert| self.alerts.get(alert.labels.fingerprint()))
            .collect();
        look_at(known.iter().flatten().map(|stored| &*stored.alert));
        let mut foresight = Foresight {
            groups: Vec::new(),
            ends: Vec::with_capacity(posted.len()),
        };
        let mut names = Vec::with_capacity(posted.len());
        for (alert, known) in posted.iter().zip(&known) {
            let routes = known.iter().flat_map(|stored| &stored.routes.routes);
            names.extend(routes.map(|&route| (route, self.name_in(route, &alert.labels).labels)));
            foresight.ends.push(names.len());
        }
        // First all names and then all groups: between two of those there is no time to lose.
        let groups = names
            .iter()
            .map(|&(route, labels)| self.groups.find(route, labels));
        foresight.groups.extend(groups);
        self.look_at_members(posted, &foresight);
        foresight
    }

    fn look_at_members(&self, posted: &[PostedAlert], foresight: &Foresight) {
        let groups = foresight.groups.iter().flatten();
        let alive = groups.filter_map(|&id| self.groups.get(id));
        black_box(alive.map(|group| group.members.len()).sum::<usize>());
        for (position, alert) in posted.iter().enumerate() {
            let groups = foresight.groups_of(position).iter().flatten();
            for group in groups.filter_map(|&id| self.groups.get(id)) {
                let member = group.members.get(alert.labels.fingerprint());
                black_box(member.map(Arc::as_ptr));
            }
        }
    }
}

/// Reads a little all over each alert. What is read must count for something, or it is not read.
fn look_at<'a>(alerts: impl Iterator<Item = &'a Alert> + Clone) {
    let ends = alerts.clone().map(|alert| alert.ends_at.get().as_second());
    black_box(ends.fold(0, i64::wrapping_add));
    black_box(alerts.map(Alert::glance).fold(0, u64::wrapping_add));
}
