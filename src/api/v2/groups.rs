//! `GET /alerts/groups`.
//!
//! Owns the list of groups: which groups are shown, in which order, and the receivers of each alert over
//! all groups (§4.6). Filters, sorts and serialises on the connection's thread. The alerts of a group are
//! sorted just before the group is written, because writing needs their labels in the cache as well.

use std::sync::Arc;
use std::vec;

use crate::api::error::ApiError;
use crate::api::filters::Filters;
use crate::api::http::Answer;
use crate::api::params::Params;
use crate::api::router::Api;
use crate::api::stream::{Pieces, body_of};
use crate::api::wire::{AlertShape, AlertWriter, push_group_end, push_group_start};
use crate::engine::{Answered, GroupView, GroupedAlert};
use crate::model::{Alert, Fingerprint, LabelSetKey, NotificationKey, Wall};

/// The number of a group's alerts to prefetch before they are sorted. A cache does not hold more for long.
const LOOK_AHEAD: usize = 64;

/// Lists groups with their alerts. Groups without a matching alert are left out.
pub fn list(api: &Api, params: &Params) -> Result<Answer, ApiError> {
    let filters = Filters::from_params(params, api.settings.parser_mode)?;
    let Answered {
        at,
        answer: mut groups,
    } = api.heard(api.inbox.groups())?;
    keep_wanted(&mut groups, &filters, at);
    // Muted groups that are not shown still count as receivers of their alerts.
    let receivers = ReceiverTable::of(&groups);
    let mut groups = numbered(groups);
    groups.retain(|group| filters.wants_muted() || group.view.muted_by.is_empty());
    let groups = sorted(groups);
    let body = body_of(GroupPieces::new(groups, receivers));
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

/// A matching group, and the index of its first alert among the alerts of all matching groups.
struct Numbered {
    first: u32,
    view: GroupView,
}

fn numbered(groups: Vec<GroupView>) -> Vec<Numbered> {
    let mut next = 0;
    let number = |view: GroupView| {
        let first = next;
        next += small(view.alerts.len());
        Numbered { first, view }
    };
    groups.into_iter().map(number).collect()
}

/// The groups sorted by labels and then by receiver name.
fn sorted(groups: Vec<Numbered>) -> Vec<Numbered> {
    let keys = groups.iter().zip(0usize..).map(|(group, position)| {
        let view = &group.view;
        (LabelSetKey::of(&view.labels), &view.receiver.name, position)
    });
    let mut keys: Vec<_> = keys.collect();
    // The position as last part of the key keeps the order of equal groups.
    keys.sort_unstable();
    let order: Vec<usize> = keys.into_iter().map(|(_, _, position)| position).collect();
    let mut groups: Vec<Option<Numbered>> = groups.into_iter().map(Some).collect();
    let take = |position: usize| groups[position].take();
    order.into_iter().filter_map(take).collect()
}

/// The positions of a group's alerts in the order in which they are shown.
fn order_of(alerts: &[GroupedAlert]) -> vec::IntoIter<usize> {
    Alert::look_at(
        alerts
            .iter()
            .take(LOOK_AHEAD)
            .map(|grouped| &*grouped.alert),
    );
    let keys = alerts.iter().zip(0usize..);
    let mut keys: Vec<_> = keys
        .map(|(grouped, position)| (NotificationKey::of(&grouped.alert.labels), position))
        .collect();
    keys.sort_unstable();
    let order: Vec<usize> = keys.into_iter().map(|(_, position)| position).collect();
    order.into_iter()
}

/// The receivers of every alert, over all matching groups.
///
/// A sorted table of small entries: with a map of lists in its place, a read of 100,000 alerts by group takes
/// 70 % more CPU and 12 % more memory, as measured.
struct ReceiverTable {
    /// The names of all receivers, sorted.
    names: Vec<Arc<str>>,
    /// The entries of one alert are adjacent and sorted by name. A name repeats if two groups of one receiver
    /// hold the alert.
    entries: Vec<Entry>,
    /// For each alert of each group, the index of that alert's first entry.
    starts: Vec<u32>,
}

/// One alert in one group. The order of the fields gives the order of the table.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    alert: Fingerprint,
    /// The index of the receiver's name.
    name: u32,
    /// The index of the alert among the alerts of all groups.
    place: u32,
}

impl ReceiverTable {
    fn of(groups: &[GroupView]) -> Self {
        let mut names: Vec<Arc<str>> = groups
            .iter()
            .map(|group| Arc::clone(&group.receiver.name))
            .collect();
        names.sort_unstable();
        names.dedup();
        let mut entries = Vec::with_capacity(groups.iter().map(|group| group.alerts.len()).sum());
        for group in groups {
            let name = small(names.partition_point(|name| *name < group.receiver.name));
            for grouped in &group.alerts {
                entries.push(Entry {
                    alert: grouped.alert.fingerprint,
                    name,
                    place: small(entries.len()),
                });
            }
        }
        entries.sort_unstable();
        ReceiverTable {
            names,
            starts: starts_of(&entries),
            entries,
        }
    }

    /// The receivers of the alert at `place`, sorted by name, duplicates kept.
    fn receivers(&self, place: usize) -> impl Iterator<Item = &str> {
        let entries = &self.entries[self.starts[place] as usize..];
        let alert = entries[0].alert;
        entries
            .iter()
            .take_while(move |entry| entry.alert == alert)
            .map(|entry| &*self.names[entry.name as usize])
    }
}

fn starts_of(entries: &[Entry]) -> Vec<u32> {
    let mut starts = vec![0; entries.len()];
    let mut start = 0;
    for of_one in entries.chunk_by(|a, b| a.alert == b.alert) {
        for entry in of_one {
            starts[entry.place as usize] = start;
        }
        start += small(of_one.len());
    }
    starts
}

/// Converts a count of alerts or of receivers. The limits on both are far below `u32::MAX`.
fn small(count: usize) -> u32 {
    u32::try_from(count).expect("fewer than four thousand million alerts")
}

/// The groups as pieces of an array. A piece is one alert, because one group may hold all alerts.
struct GroupPieces {
    receivers: ReceiverTable,
    groups: vec::IntoIter<Numbered>,
    writer: AlertWriter,
    state: PieceState,
}

enum PieceState {
    /// Before a group. The byte is written before it: `[` or `,`.
    Between(u8),
    /// Inside a group.
    Inside {
        group: Numbered,
        order: vec::IntoIter<usize>,
        is_first: bool,
    },
    /// After the closing bracket.
    Done,
}

impl GroupPieces {
    fn new(groups: Vec<Numbered>, receivers: ReceiverTable) -> Self {
        GroupPieces {
            receivers,
            groups: groups.into_iter(),
            writer: AlertWriter::default(),
            state: PieceState::Between(b'['),
        }
    }

    fn open_group(&mut self, out: &mut Vec<u8>, separator: u8) {
        self.state = match self.groups.next() {
            Some(group) => {
                out.push(separator);
                push_group_start(out);
                PieceState::Inside {
                    order: order_of(&group.view.alerts),
                    group,
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
                order,
                is_first,
            } => match order.next() {
                Some(position) => {
                    if !std::mem::take(is_first) {
                        out.push(b',');
                    }
                    let grouped = &group.view.alerts[position];
                    let receivers = self.receivers.receivers(group.first as usize + position);
                    let shape = AlertShape {
                        alert: &grouped.alert,
                        muted: grouped.muted.as_deref(),
                        muted_by: &group.view.muted_by,
                    };
                    self.writer.push(out, shape, receivers);
                }
                None => {
                    let view = &group.view;
                    let receiver = &view.receiver.name;
                    push_group_end(out, &view.labels, receiver, &view.route_labels);
                    self.state = PieceState::Between(b',');
                }
            },
        }
        true
    }
}
