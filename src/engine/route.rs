//! The routing tree, laid flat: which routes take an alert.
//!
//! PURE. Owns matching (§3), the texts that name routes and the sets of routes that alerts share.
//! Runs on the dispatch thread.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::config::{Config, GroupBy, NamedInterval, Receiver, Route};
use crate::model::{Fnv1a, Labels, Matcher, format_matchers};

/// Names a route of the tree in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RouteIndex(u32);

/// A route with everything a group of it needs.
#[derive(Debug)]
pub struct RouteNode {
    /// Where its groups are sent.
    pub receiver: Arc<Receiver>,
    /// Which labels make its groups.
    pub group_by: GroupBy,
    /// How long a new group waits.
    pub group_wait: Duration,
    /// How long after a flush the next one comes.
    pub group_interval: Duration,
    /// How long an unchanged notification stays unrepeated.
    pub repeat_interval: Duration,
    /// While one of these holds, nothing is told.
    pub mute_time_intervals: Vec<Arc<NamedInterval>>,
    /// Unless one of these holds, nothing is told.
    pub active_time_intervals: Vec<Arc<NamedInterval>>,
    /// Texts of the templates of its labels.
    pub labels: Arc<BTreeMap<String, String>>,
    /// Whether ends are told of alerts that something mutes by then.
    pub resolve_muted: bool,
    /// The matchers from the root down to here: the first part of group keys.
    pub key: Arc<str>,
    /// What makes it the same route in another configuration.
    pub identity: RouteIdentity,
    /// Hash of the identity, for the ledger.
    pub identity_hash: u64,
    /// Hash of the receiver's name, for the ledger.
    pub receiver_hash: u64,
    matchers: Vec<Matcher>,
    continues: bool,
    children: Vec<RouteIndex>,
}

/// What makes a route the same across reloads: its key and, where several routes have that key,
/// which of them it is. A sibling put in front of it with other matchers changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RouteIdentity {
    key: Arc<str>,
    ordinal: u32,
}

/// The routes that took an alert, shared by all alerts that the same ones took.
#[derive(Debug)]
pub struct RouteSet {
    /// In the order in which they matched.
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

impl RouteTree {
    /// Lays the tree of `config` flat.
    pub fn new(config: &Config) -> Self {
        let mut builder = Builder::default();
        let root = builder.add(&config.route, "{}".into());
        RouteTree {
            nodes: builder.nodes,
            root,
            sets: BTreeMap::new(),
        }
    }

    /// The route under `index`.
    pub fn node(&self, index: RouteIndex) -> &RouteNode {
        &self.nodes[index.0 as usize]
    }

    /// The routes, with their indices.
    pub fn nodes(&self) -> impl Iterator<Item = (RouteIndex, &RouteNode)> {
        (0..).map(RouteIndex).zip(&self.nodes)
    }

    /// The routes that take an alert with these labels; at least one, since the root takes all.
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

    /// Forgets sets that no alert has any more.
    pub fn forget_unused_sets(&mut self) {
        self.sets.retain(|_, set| Arc::strong_count(set) > 1);
    }

    /// Appends what the subtree at `index`, which already matched, yields for `labels`.
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

/// Lays routes down in post-order, as Alertmanager numbers them.
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
