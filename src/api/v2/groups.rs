//! `GET /alerts/groups`.
//!
//! Owns the view of groups: which are shown, in which order, and the receivers of each alert over
//! all of them (§4.6). Filters, sorts and serialises on the http thread.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::vec;

use crate::api::error::ApiError;
use crate::api::filters::Filters;
use crate::api::http::Answer;
use crate::api::params::Params;
use crate::api::router::Api;
use crate::api::stream::{Pieces, body_of};
use crate::api::wire::{AlertShape, push_alert, push_group_end, push_group_start};
use crate::config::Receiver;
use crate::engine::{Answer as Snapshot, GroupView, GroupedAlert, Query};
use crate::model::{Fingerprint, Labels, Wall, compare_for_notification, compare_label_sets};

/// Lists groups with the alerts in them; groups without a wanted alert are left out.
pub fn list(api: &Api, params: &Params) -> Result<Answer, ApiError> {
    let filters = Filters::from_params(params, api.settings.parser_mode)?;
    let answered = api.heard(api.inbox.ask(Query::Groups))?;
    let Snapshot::Groups(mut groups) = answered.answer else {
        unreachable!("the dispatcher answers the question it was asked");
    };
    keep_wanted(&mut groups, &filters, answered.at);
    // Muted groups that are not shown still count as receivers of their alerts.
    let receivers = ReceiverTable::of(&groups);
    groups.retain(|group| filters.wants_muted() || group.muted_by.is_empty());
    sort(&mut groups);
    let alerts = groups.iter().map(|group| group.alerts.len()).sum();
    let body = body_of(GroupPieces::new(groups, receivers), alerts);
    Ok(Answer::empty(200).with_body("application/json", body))
}

fn keep_wanted(groups: &mut Vec<GroupView>, filters: &Filters, now: Wall) {
    groups.retain_mut(|group| {
        if !filters.wants_receiver(&group.receiver) {
            return false;
        }
        group
            .alerts
            .retain(|grouped| filters.wants_alert(&grouped.alert, grouped.muted.as_deref(), now));
        !group.alerts.is_empty()
    });
}

fn sort(groups: &mut [GroupView]) {
    groups.sort_by(|a, b| {
        compare_label_sets(&a.labels, &b.labels).then_with(|| a.receiver.name.cmp(&b.receiver.name))
    });
    for group in groups {
        group
            .alerts
            .sort_by(|a, b| compare_for_notification(&a.alert.labels, &b.alert.labels));
    }
}

/// The receivers of every alert, over all groups that are shown.
///
/// A sorted table of small pairs: with two hundred thousand alerts a map of lists would cost more
/// than the snapshot.
struct ReceiverTable {
    /// The names, sorted.
    names: Vec<Arc<str>>,
    /// Alert and position of the name, sorted; a pair repeats if two groups of one receiver hold
    /// the alert.
    pairs: Vec<(Fingerprint, u32)>,
}

impl ReceiverTable {
    fn of(groups: &[GroupView]) -> Self {
        let mut names: Vec<Arc<str>> = groups
            .iter()
            .map(|group| Arc::clone(&group.receiver.name))
            .collect();
        names.sort();
        names.dedup();
        let mut pairs = Vec::with_capacity(groups.iter().map(|group| group.alerts.len()).sum());
        for group in groups {
            let position = names.partition_point(|name| *name < group.receiver.name);
            let position = u32::try_from(position).expect("there are fewer receivers than that");
            pairs.extend(
                group
                    .alerts
                    .iter()
                    .map(|grouped| (grouped.alert.fingerprint, position)),
            );
        }
        pairs.sort_unstable();
        ReceiverTable { names, pairs }
    }

    /// The receivers of an alert, sorted by name, duplicates kept.
    fn receivers(&self, alert: Fingerprint) -> impl Iterator<Item = &str> + Clone {
        let start = self.pairs.partition_point(|(other, _)| *other < alert);
        self.pairs[start..]
            .iter()
            .take_while(move |(other, _)| *other == alert)
            .map(|(_, position)| &*self.names[*position as usize])
    }
}

/// A group without its alerts.
struct GroupHead {
    labels: Labels,
    receiver: Arc<Receiver>,
    muted_by: Vec<Arc<str>>,
    route_labels: Arc<BTreeMap<String, String>>,
}

/// The groups as pieces of an array: an alert at a time, since one group may hold them all.
struct GroupPieces {
    receivers: ReceiverTable,
    groups: vec::IntoIter<GroupView>,
    state: PieceState,
}

enum PieceState {
    /// Before a group; the byte stands before it.
    Between(u8),
    /// In a group.
    Inside {
        group: GroupHead,
        alerts: vec::IntoIter<GroupedAlert>,
        is_first: bool,
    },
    /// Behind the closing bracket.
    Done,
}

impl GroupPieces {
    fn new(groups: Vec<GroupView>, receivers: ReceiverTable) -> Self {
        GroupPieces {
            receivers,
            groups: groups.into_iter(),
            state: PieceState::Between(b'['),
        }
    }

    fn open_group(&mut self, out: &mut Vec<u8>, separator: u8) {
        self.state = match self.groups.next() {
            Some(group) => {
                out.push(separator);
                push_group_start(out);
                PieceState::Inside {
                    group: GroupHead {
                        labels: group.labels,
                        receiver: group.receiver,
                        muted_by: group.muted_by,
                        route_labels: group.route_labels,
                    },
                    alerts: group.alerts.into_iter(),
                    is_first: true,
                }
            }
            None => {
                if separator == b'[' {
                    out.push(b'[');
                }
                out.extend_from_slice(b"]\n");
                PieceState::Done
            }
        };
    }
}

impl Pieces for GroupPieces {
    fn write_next(&mut self, out: &mut Vec<u8>) -> bool {
        match &mut self.state {
            PieceState::Done => return false,
            PieceState::Between(separator) => {
                let separator = *separator;
                self.open_group(out, separator);
            }
            PieceState::Inside {
                group,
                alerts,
                is_first,
            } => match alerts.next() {
                Some(grouped) => {
                    if !std::mem::take(is_first) {
                        out.push(b',');
                    }
                    let receivers = self.receivers.receivers(grouped.alert.fingerprint);
                    let shape = AlertShape {
                        alert: &grouped.alert,
                        muted: grouped.muted.as_deref(),
                        muted_by: &group.muted_by,
                    };
                    push_alert(out, shape, receivers);
                }
                None => {
                    let receiver = &group.receiver.name;
                    push_group_end(out, &group.labels, receiver, &group.route_labels);
                    self.state = PieceState::Between(b',');
                }
            },
        }
        true
    }
}
