//! Pending acknowledgements: answers that wait until their records are in the journal.
//!
//! Owns the answers to posts, to changes of silences and to pings, from the engine's decision until the journal has
//! written its records. Made on the dispatch thread and given on the journal thread; without a journal,
//! given at once on the dispatch thread.

use std::sync::Arc;

use super::inbox::Receipt;
use super::reply::Reply;
use crate::engine::SilenceFault;

/// Why the journal could not store the records behind an acknowledgement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotStored(pub Arc<str>);

/// The reply to a post of alerts.
pub type PostReply = Reply<Result<Receipt, NotStored>>;

/// The reply to a ping: whether the heartbeat is configured.
pub type BeatReply = Reply<Result<bool, NotStored>>;

/// The reply to a change of a silence; the inner result has the silence's id.
pub type SilenceReply = Reply<Result<Result<Arc<str>, SilenceFault>, NotStored>>;

/// An acknowledgement, to be given once its records are written.
#[derive(Debug)]
pub enum PendingAck {
    /// For a post of alerts.
    Post {
        /// What became of the alerts.
        receipt: Receipt,
        /// Takes the receipt.
        reply: PostReply,
    },
    /// For a silence that was created, updated or expired.
    Silence {
        /// The id of the silence, or why it was refused.
        answer: Result<Arc<str>, SilenceFault>,
        /// Takes the answer.
        reply: SilenceReply,
    },
    /// For a ping of a heartbeat.
    Beat {
        /// Whether the heartbeat is configured.
        is_known: bool,
        /// Takes the answer.
        reply: BeatReply,
    },
}

impl PendingAck {
    /// Gives the answer. If the client has hung up, the answer is dropped.
    pub fn acknowledge(self) {
        match self {
            PendingAck::Post { receipt, reply } => reply.give(Ok(receipt)),
            PendingAck::Silence { answer, reply } => reply.give(Ok(answer)),
            PendingAck::Beat { is_known, reply } => reply.give(Ok(is_known)),
        }
    }

    /// Gives an error instead: the records are not on disk, and why.
    pub fn fail(self, why: &NotStored) {
        match self {
            PendingAck::Post { reply, .. } => reply.give(Err(why.clone())),
            PendingAck::Silence { reply, .. } => reply.give(Err(why.clone())),
            PendingAck::Beat { reply, .. } => reply.give(Err(why.clone())),
        }
    }
}
