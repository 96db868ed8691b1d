//! The routing tree as a flat list: which routes match an alert.
//!
//! PURE. Owns matching (§3), the texts that name routes, and the interned sets of routes that alerts share.
//! Runs on the dispatch thread.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::config::{Config, GroupBy, NamedInterval, Receiver, Route};
use crate::model::{Fnv1a, Labels, Matcher, format_matchers};

/// Names a route of the current tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RouteIndex(u32);

/// A route with all settings that its groups need.
#[derive(Debug, PartialEq)]
pub struct RouteNode {
    /// The receiver that its groups notify.
    pub receiver: Arc<Receiver>,
    /// The labels that its alerts are grouped by.
    pub group_by: GroupBy,
    /// How long a new group waits before its first flush.
    pub group_wait: Duration,
    /// The time between two flushes of a group.
    pub group_interval: Duration,
    /// After how long an unchanged notification is repeated.
    pub repeat_interval: Duration,
    /// The route is muted while one of these holds.
    pub mute_time_intervals: Vec<Arc<NamedInterval>>,
    /// The route is muted while none of these holds, unless the list is empty.
    pub active_time_intervals: Vec<Arc<NamedInterval>>,
    /// The labels of the route, as template texts.
    pub labels: Arc<BTreeMap<String, String>>,
    /// Whether the resolution of an alert is notified although the alert is muted by then.
    pub resolve_muted: bool,
    /// The matchers from the root down to here: the first part of group keys.
    pub key: Arc<str>,
    /// What identifies the same route in another configuration.
    pub identity: RouteIdentity,
    /// Hash of the identity, for notification log keys.
    pub identity_hash: u64,
    /// Hash of the receiver's name, for notification log keys.
    pub receiver_hash: u64,
    matchers: Vec<Matcher>,
    continues: bool,
    children: Vec<RouteIndex>,
}

/// Identifies a route across reloads: by its key, and by its position among the routes with the same key. A
/// new sibling in front of it with other matchers changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RouteIdentity {
    key: Arc<str>,
    ordinal: u32,
}

/// The routes that match an alert. All alerts that the same routes match share one set.
#[derive(Debug)]
pub struct RouteSet {
    /// The routes, in the order in which they matched.
    pub routes: Box<[RouteIndex]>,
    /// Their receivers, in the same order.
    pub receivers: Arc<[Arc<Receiver>]>,
}

/// The tree of one configuration.
#[derive(Debug)]
pub struct RouteTree {
    nodes: Vec<RouteNode>,
    root: RouteIndex,
    sets: BTreeMap<Box<[RouteIndex]>, Arc<RouteSet>>,
}

/// The receivers that an alert with these labels goes to, each with the labels of its group.
pub fn destinations(config: &Config, labels: &Labels) -> Vec<(Arc<Receiver>, Labels)> {
    let mut tree = RouteTree::new(config);
    let set = tree.routes_of(labels);
    let destinations = set.routes.iter().map(|index| {
        let node = tree.node(*index);
        let group = labels.select(|name| node.group_by.contains(name));
        (Arc::clone(&node.receiver), group)
    });
    destinations.collect()
}

impl RouteTree {
    /// The routing tree of `config`.
    pub fn new(config: &Config) -> Self {
        let mut builder = Builder::default();
        let root = builder.add(&config.route, "{}".into());
        RouteTree {
            nodes: builder.nodes,
            root,
            sets: BTreeMap::new(),
        }
    }

    /// Whether both trees route, group and notify every alert in the same way.
    pub fn is_same_as(&self, other: &RouteTree) -> bool {
        self.nodes == other.nodes
    }

    /// The route under `index`.
    pub fn node(&self, index: RouteIndex) -> &RouteNode {
        &self.nodes[index.0 as usize]
    }

    /// The routes, with their indices.
    pub fn nodes(&self) -> impl Iterator<Item = (RouteIndex, &RouteNode)> {
        (0..).map(RouteIndex).zip(&self.nodes)
    }

    /// The routes that match an alert with these labels: at least one, because the root matches every alert.
    pub fn routes_of(&mut self, labels: &Labels) -> Arc<RouteSet> {
        let mut routes = Vec::new();
        self.collect(self.root, labels, &mut routes);
        if let Some(known) = self.sets.get(routes.as_slice()) {
            return Arc::clone(known);
        }
        let receivers = routes
            .iter()
            .map(|&route| Arc::clone(&self.node(route).receiver))
            .collect();
        let set = Arc::new(RouteSet {
            routes: routes.into(),
            receivers,
        });
        self.sets.insert(set.routes.clone(), Arc::clone(&set));
        set
    }

    /// Removes the sets that no alert refers to any more.
    pub fn forget_unused_sets(&mut self) {
        self.sets.retain(|_, set| Arc::strong_count(set) > 1);
    }

    /// Appends the routes of the subtree at `index` that match `labels`. The root of the subtree has matched
    /// already.
    fn collect(&self, index: RouteIndex, labels: &Labels, found: &mut Vec<RouteIndex>) {
        let before = found.len();
        for &child in &self.node(index).children {
            let node = self.node(child);
            if node.matchers.iter().all(|matcher| matcher.matches(labels)) {
                self.collect(child, labels, found);
                if !node.continues {
                    break;
                }
            }
        }
        if found.len() == before {
            found.push(index);
        }
    }
}

/// Appends the routes in post-order, as Alertmanager numbers them.
#[derive(Default)]
struct Builder {
    nodes: Vec<RouteNode>,
    routes_with_key: BTreeMap<Arc<str>, u32>,
}

impl Builder {
    fn add(&mut self, route: &Route, key: Arc<str>) -> RouteIndex {
        let identity = self.identify(&key);
        let children = route.routes.iter().map(|child| {
            let child_key = format!("{key}/{}", format_matchers(&child.matchers));
            self.add(child, child_key.into())
        });
        let children = children.collect();
        self.nodes.push(RouteNode {
            receiver: Arc::clone(&route.receiver),
            group_by: route.group_by.clone(),
            group_wait: route.group_wait,
            group_interval: route.group_interval,
            repeat_interval: route.repeat_interval,
            mute_time_intervals: route.mute_time_intervals.clone(),
            active_time_intervals: route.active_time_intervals.clone(),
            labels: Arc::clone(&route.labels),
            resolve_muted: route.resolve_muted,
            identity_hash: identity.hash(),
            receiver_hash: Fnv1a::new().update(route.receiver.name.as_bytes()).finish(),
            key,
            identity,
            matchers: route.matchers.clone(),
            continues: route.continues,
            children,
        });
        RouteIndex(u32::try_from(self.nodes.len() - 1).expect("a configuration of bounded size"))
    }

    fn identify(&mut self, key: &Arc<str>) -> RouteIdentity {
        let seen = self.routes_with_key.entry(Arc::clone(key)).or_default();
        let identity = RouteIdentity {
            key: Arc::clone(key),
            ordinal: *seen,
        };
        *seen += 1;
        identity
    }
}

impl RouteIdentity {
    fn hash(&self) -> u64 {
        Fnv1a::new()
            .update(self.key.as_bytes())
            .update(&self.ordinal.to_le_bytes())
            .finish()
    }
}
