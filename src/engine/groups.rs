//! The table of all groups.
//!
//! PURE. Owns the slots and the index from (route, group labels) to group. A slot is also the name
//! of the group's alarm, so that the timer finds it by index. Runs on the dispatch thread.

use std::collections::HashMap;

use super::group::{Group, GroupId};
use super::messages::AlarmId;
use super::route::RouteIndex;
use crate::model::{Fingerprint, HashKey};

/// The alarm of the housekeeping in `collect.rs`; all other alarms belong to groups.
pub const COLLECT_ALARM: AlarmId = AlarmId(0);

/// All groups that exist.
#[derive(Debug)]
pub struct Groups {
    slots: Vec<Slot>,
    free: Vec<u32>,
    index: HashMap<IndexKey, GroupId, HashKey>,
}

#[derive(Debug, Default)]
struct Slot {
    generation: u32,
    group: Option<Box<Group>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct IndexKey {
    route: RouteIndex,
    labels: Fingerprint,
}

impl Groups {
    /// A table without groups.
    pub fn new(key: HashKey) -> Self {
        Groups {
            slots: Vec::new(),
            free: Vec::new(),
            index: HashMap::with_hasher(key),
        }
    }

    /// The group of `route` whose labels have this fingerprint.
    pub fn find(&self, route: RouteIndex, labels: Fingerprint) -> Option<GroupId> {
        self.index.get(&IndexKey { route, labels }).copied()
    }

    /// Adds a group; there must be none with its route and labels.
    pub fn insert(&mut self, group: Group) -> GroupId {
        let key = IndexKey {
            route: group.route,
            labels: group.fingerprint,
        };
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot::default());
            u32::try_from(self.slots.len() - 1).expect("fewer groups than alarms")
        });
        let entry = &mut self.slots[slot as usize];
        entry.group = Some(Box::new(group));
        let id = GroupId {
            slot,
            generation: entry.generation,
        };
        let displaced = self.index.insert(key, id);
        assert!(
            displaced.is_none(),
            "two groups of one route with the same labels"
        );
        id
    }

    /// Removes a group and frees its slot.
    pub fn remove(&mut self, id: GroupId) -> Option<Group> {
        self.get(id)?;
        let slot = &mut self.slots[id.slot as usize];
        let group = slot.group.take()?;
        slot.generation += 1;
        self.free.push(id.slot);
        self.index.remove(&IndexKey {
            route: group.route,
            labels: group.fingerprint,
        });
        Some(*group)
    }

    /// The group, if it is still alive.
    pub fn get(&self, id: GroupId) -> Option<&Group> {
        let slot = self.slots.get(id.slot as usize)?;
        slot.group
            .as_deref()
            .filter(|_| slot.generation == id.generation)
    }

    /// The group, if it is still alive.
    pub fn get_mut(&mut self, id: GroupId) -> Option<&mut Group> {
        let slot = self.slots.get_mut(id.slot as usize)?;
        slot.group
            .as_deref_mut()
            .filter(|_| slot.generation == id.generation)
    }

    /// The group that this alarm belongs to, if its slot holds one.
    pub fn of_alarm(&self, alarm: AlarmId) -> Option<GroupId> {
        let slot = alarm.0.checked_sub(1)?;
        let entry = self.slots.get(slot as usize)?;
        entry.group.as_ref().map(|_| GroupId {
            slot,
            generation: entry.generation,
        })
    }

    /// The alarm of a group.
    pub fn alarm_of(id: GroupId) -> AlarmId {
        AlarmId(id.slot + 1)
    }

    /// The number of slots, with or without a group.
    pub fn slots(&self) -> u32 {
        u32::try_from(self.slots.len()).expect("fewer groups than alarms")
    }

    /// The group in this slot, if there is one.
    pub fn at(&self, slot: u32) -> Option<(GroupId, &Group)> {
        let entry = self.slots.get(slot as usize)?;
        let generation = entry.generation;
        let group = entry.group.as_deref()?;
        Some((GroupId { slot, generation }, group))
    }

    /// All groups in the order of their slots.
    pub fn iter(&self) -> impl Iterator<Item = (GroupId, &Group)> {
        (0..).zip(&self.slots).filter_map(|(slot, entry)| {
            let group = entry.group.as_deref()?;
            Some((
                GroupId {
                    slot,
                    generation: entry.generation,
                },
                group,
            ))
        })
    }

    /// All groups in the order of their slots.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (GroupId, &mut Group)> {
        (0..).zip(&mut self.slots).filter_map(|(slot, entry)| {
            let group = entry.group.as_deref_mut()?;
            Some((
                GroupId {
                    slot,
                    generation: entry.generation,
                },
                group,
            ))
        })
    }

    /// Replaces the route index of every group by its index in another tree. `renamed` must map each route
    /// that still has a group.
    pub fn rename_routes(&mut self, renamed: impl Fn(RouteIndex) -> RouteIndex) {
        self.index.clear();
        for (slot, entry) in (0..).zip(&mut self.slots) {
            let Some(group) = entry.group.as_deref_mut() else {
                continue;
            };
            group.route = renamed(group.route);
            let key = IndexKey {
                route: group.route,
                labels: group.fingerprint,
            };
            self.index.insert(
                key,
                GroupId {
                    slot,
                    generation: entry.generation,
                },
            );
        }
    }

    /// Checks that slots, free slots and index agree. Returns the first disagreement.
    pub fn check(&self) -> Result<(), String> {
        let mut alive = 0;
        for (id, group) in self.iter() {
            alive += 1;
            if self.find(group.route, group.fingerprint) != Some(id) {
                return Err(format!(
                    "group {}: the index does not lead to it",
                    group.key
                ));
            }
        }
        let (slots, free) = (self.slots.len(), self.free.len());
        if alive != self.index.len() || slots != alive + free {
            let indexed = self.index.len();
            return Err(format!(
                "{alive} groups of {indexed} in {slots} slots, {free} free"
            ));
        }
        Ok(())
    }

    /// The number of groups.
    pub fn len(&self) -> usize {
        self.index.len()
    }
}
