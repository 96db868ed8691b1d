//! The loads. Each starts a daemon of its own, drives it, and gives its figures.

mod bystander;
mod groups;
mod hung;
mod idle;
mod ingest;
mod ipv6_hole;
mod mixed;
mod moves;
mod one_group;
mod reads;
mod silences;
mod singles;
mod slow;
mod throttle;

use crate::contender::Contender;
use crate::figure::Figure;
use crate::stand::Stand;
pub use silences::post_silences;
pub use singles::Posted;

/// A load.
#[derive(Clone, Copy)]
pub struct Load {
    /// What `--only` calls it.
    pub name: &'static str,
    /// What is done, for the head of its part of the table.
    pub about: &'static str,
    /// Runs it once against a daemon.
    pub run: fn(&Stand, &Contender) -> Vec<Figure>,
    /// What the libraries alone cost under it, where that can be said.
    pub floor: Option<fn(&Stand, &Contender) -> Vec<Figure>>,
}

/// All of them, in the order of the table.
pub const ALL: [Load; 14] = [
    idle::LOAD,
    ingest::LOAD,
    groups::LOAD,
    one_group::LOAD,
    singles::LOAD,
    reads::LOAD,
    silences::LOAD,
    bystander::LOAD,
    hung::LOAD,
    slow::LOAD,
    throttle::LOAD,
    mixed::LOAD,
    ipv6_hole::LOAD,
    moves::LOAD,
];
