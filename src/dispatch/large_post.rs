//! A large post: one with more alerts than one turn takes in.
//!
//! Owns the rest of the post, and its receipt so far. The number and size of large posts are bounded by
//! the bodies that the HTTP server holds in memory. The client gets its answer once the last alert is in
//! the journal, as with any other post. Runs on the dispatch thread.

use std::vec;

use super::inbox::Receipt;
use super::pending_ack::PostReply;
use crate::engine::{CameEnded, InvalidAlert};
use crate::limits;
use crate::model::PostedAlert;

/// One large post.
#[derive(Debug)]
pub struct LargePost {
    rest: vec::IntoIter<PostedAlert>,
    invalid: Vec<InvalidAlert>,
    came_ended: Option<CameEnded>,
    reply: PostReply,
}

impl LargePost {
    /// A post of which no alert has been taken in.
    pub fn new(alerts: Vec<PostedAlert>, reply: PostReply) -> Self {
        LargePost {
            rest: alerts.into_iter(),
            invalid: Vec::new(),
            came_ended: None,
            reply,
        }
    }

    /// Removes and returns the next alerts, at most [`limits::ALERTS_AT_ONCE`].
    pub fn take(&mut self) -> Vec<PostedAlert> {
        self.rest.by_ref().take(limits::ALERTS_AT_ONCE).collect()
    }

    /// Whether all alerts were taken.
    pub fn is_done(&self) -> bool {
        self.rest.as_slice().is_empty()
    }

    /// Adds the receipt for a part of the alerts. Fails with the receipt if a limit was reached: the post
    /// ends there, the alerts that are already in stay, and the client posts all of them again.
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

    /// The receipt for the whole post, and the reply that takes it.
    pub fn into_answer(self) -> (Receipt, PostReply) {
        let receipt = Receipt::Taken {
            invalid: self.invalid,
            came_ended: self.came_ended,
        };
        (receipt, self.reply)
    }

    /// The reply alone, for a post that ends at a limit.
    pub fn into_reply(self) -> PostReply {
        self.reply
    }
}
