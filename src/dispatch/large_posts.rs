//! Posts of more alerts than one turn takes in.
//!
//! Owns what is left of each, and what is to be answered so far. They are as many as the HTTP server has bodies
//! in its memory at a time, and hold no more than those. The sender hears once the last alert is kept, as of
//! any other post. Runs on the dispatch thread.

use std::collections::VecDeque;
use std::vec;

use super::inbox::Receipt;
use super::pending_ack::PostReply;
use crate::engine::{CameEnded, InvalidAlert};
use crate::limits;
use crate::model::PostedAlert;

/// Posts that are being taken in, in the order in which they came.
#[derive(Debug, Default)]
pub struct LargePosts(VecDeque<LargePost>);

/// One of them.
#[derive(Debug)]
pub struct LargePost {
    rest: vec::IntoIter<PostedAlert>,
    invalid: Vec<InvalidAlert>,
    came_ended: Option<CameEnded>,
    reply: PostReply,
}

impl LargePosts {
    /// Adds one.
    pub fn push(&mut self, alerts: Vec<PostedAlert>, reply: PostReply) {
        self.0.push_back(LargePost {
            rest: alerts.into_iter(),
            invalid: Vec::new(),
            came_ended: None,
            reply,
        });
    }

    /// Takes out the one whose turn it is.
    pub fn pop(&mut self) -> Option<LargePost> {
        self.0.pop_front()
    }

    /// Puts one back that has alerts left, behind the others.
    pub fn put_back(&mut self, post: LargePost) {
        self.0.push_back(post);
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl LargePost {
    /// As many of its alerts as a turn takes in.
    pub fn take(&mut self) -> Vec<PostedAlert> {
        self.rest.by_ref().take(limits::ALERTS_AT_ONCE).collect()
    }

    /// Whether all of them were taken.
    pub fn is_done(&self) -> bool {
        self.rest.as_slice().is_empty()
    }

    /// Adds what became of some of its alerts. A limit that is reached meanwhile ends it: the sender posts all
    /// of them again, and those that are in stay.
    pub fn add(&mut self, receipt: Receipt) -> Result<(), Receipt> {
        match receipt {
            Receipt::AtLimit(_) => Err(receipt),
            Receipt::Taken {
                invalid,
                came_ended,
            } => {
                self.invalid.extend(invalid);
                match (&mut self.came_ended, came_ended) {
                    (Some(so_far), Some(more)) => so_far.alerts += more.alerts,
                    (so_far, more) => *so_far = so_far.take().or(more),
                }
                Ok(())
            }
        }
    }

    /// What the sender is to hear, and where it waits.
    pub fn into_answer(self) -> (Receipt, PostReply) {
        let receipt = Receipt::Taken {
            invalid: self.invalid,
            came_ended: self.came_ended,
        };
        (receipt, self.reply)
    }

    /// Where the sender waits.
    pub fn into_reply(self) -> PostReply {
        self.reply
    }
}
