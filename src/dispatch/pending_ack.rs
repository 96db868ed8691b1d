//! Answers that promise something, and so wait until it is kept.
//!
//! Owns the answers to posts and to changes of silences from the moment the engine has decided
//! until the journal has written what it decided. Made on the dispatch thread, given on the
//! journal's; without a journal, given at once.

use std::sync::Arc;

use super::inbox::Receipt;
use super::reply::Reply;
use crate::engine::SilenceFault;

/// Why what an answer would promise could not be written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotStored(pub Arc<str>);

/// Where somebody waits for what became of alerts.
pub type PostReply = Reply<Result<Receipt, NotStored>>;

/// Where somebody waits for what became of a silence.
pub type SilenceReply = Reply<Result<Result<Arc<str>, SilenceFault>, NotStored>>;

/// An answer that may be given once its records are written.
#[derive(Debug)]
pub enum PendingAck {
    /// Alerts are in.
    Post {
        /// What the sender will hear.
        receipt: Receipt,
        /// Where it waits.
        reply: PostReply,
    },
    /// A silence was made, changed or ended, or why not.
    Silence {
        /// What the asker will hear.
        answer: Result<Arc<str>, SilenceFault>,
        /// Where it waits.
        reply: SilenceReply,
    },
}

impl PendingAck {
    /// Gives the answer. One that nobody waits for any more is dropped: the asker has hung up.
    pub fn acknowledge(self) {
        match self {
            PendingAck::Post { receipt, reply } => reply.give(Ok(receipt)),
            PendingAck::Silence { answer, reply } => reply.give(Ok(answer)),
        }
    }

    /// Says that what was promised is not on disk, and why.
    pub fn fail(self, why: &NotStored) {
        match self {
            PendingAck::Post { reply, .. } => reply.give(Err(why.clone())),
            PendingAck::Silence { reply, .. } => reply.give(Err(why.clone())),
        }
    }
}
