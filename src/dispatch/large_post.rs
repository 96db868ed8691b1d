//! Posts: alerts of a sender or reports of sources; and a large post: one with more than one turn takes in.
//!
//! Owns the rest of the post, and its receipt so far. The number and size of large posts are bounded by
//! the bodies that the HTTP server holds in memory. The client gets its answer once the last alert is in
//! the journal, as with any other post. Runs on the dispatch thread.

use std::vec;

use super::inbox::Receipt;
use super::pending_ack::PostReply;
use crate::engine::{CameEnded, Engine, Full, Input, InvalidAlert};
use crate::limits;
use crate::model::{PostedAlert, SourceReport};

/// What one request brings.
#[derive(Debug)]
pub enum Posted {
    /// Alerts.
    Alerts(Vec<PostedAlert>),
    /// Reports of sources.
    Reports(Vec<SourceReport>),
}

impl Posted {
    /// Whether one turn takes in all of it.
    pub fn is_small(&self) -> bool {
        let length = match self {
            Posted::Alerts(alerts) => alerts.len(),
            Posted::Reports(reports) => reports.len(),
        };
        length <= limits::ALERTS_AT_ONCE
    }

    /// The limit that it would exceed, if any.
    pub fn lacks_room_in(&self, engine: &Engine) -> Option<Full> {
        match self {
            Posted::Alerts(alerts) => engine.lacks_room_for(alerts),
            Posted::Reports(reports) => engine.lacks_room_for_reports(reports),
        }
    }

    /// The input that brings it to the engine.
    pub fn into_input(self) -> Input {
        match self {
            Posted::Alerts(alerts) => Input::Alerts(alerts),
            Posted::Reports(reports) => Input::Reports(reports),
        }
    }
}

/// One large post.
#[derive(Debug)]
pub struct LargePost {
    rest: Rest,
    invalid: Vec<InvalidAlert>,
    came_ended: Option<CameEnded>,
    reply: PostReply,
}

/// The rest of a large post.
#[derive(Debug)]
enum Rest {
    Alerts(vec::IntoIter<PostedAlert>),
    Reports(vec::IntoIter<SourceReport>),
}

impl LargePost {
    /// A post of which nothing has been taken in.
    pub fn new(posted: Posted, reply: PostReply) -> Self {
        LargePost {
            rest: match posted {
                Posted::Alerts(alerts) => Rest::Alerts(alerts.into_iter()),
                Posted::Reports(reports) => Rest::Reports(reports.into_iter()),
            },
            invalid: Vec::new(),
            came_ended: None,
            reply,
        }
    }

    /// Removes and returns the next part, at most [`limits::ALERTS_AT_ONCE`].
    pub fn take(&mut self) -> Posted {
        const MOST: usize = limits::ALERTS_AT_ONCE;
        match &mut self.rest {
            Rest::Alerts(rest) => Posted::Alerts(rest.take(MOST).collect()),
            Rest::Reports(rest) => Posted::Reports(rest.take(MOST).collect()),
        }
    }

    /// Whether all of it was taken.
    pub fn is_done(&self) -> bool {
        match &self.rest {
            Rest::Alerts(rest) => rest.as_slice().is_empty(),
            Rest::Reports(rest) => rest.as_slice().is_empty(),
        }
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
