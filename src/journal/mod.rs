//! STAGE 5. The state on disk: what the engine records is written here, and read back at a start.
//!
//! Owns the folder of `--storage.path`. Decides nothing about alerts, and sits in nobody's way: what
//! it is given comes through a bounded channel, and only answers that promise something wait for it.
//! Runs on the journal thread; read back on main, before there is a dispatch thread.

pub mod alertmanager;
pub mod codec;
mod compaction;
mod compaction_policy;
mod compactor;
pub mod directory;
pub mod disk;
pub mod fields;
pub mod file_set;
pub mod frame;
pub mod header;
pub mod listing;
mod live_keys;
mod messages;
mod opening;
mod record_counts;
pub mod recovery;
mod regular_file;
pub mod repair;
#[cfg(test)]
pub(crate) mod samples;
pub mod scan;
mod segment;
mod snapshot;
pub mod sync;
pub mod thread;
mod trouble;
pub mod writer;

pub use opening::{OpenError, Opened, Storage, open};
pub use sync::SyncPolicy;
pub use thread::{Channels, Surroundings, Thread};
pub use writer::Writer;

use crate::dispatch::pending_ack::PendingAck;
use crate::engine::{Record, Sizes};
use crate::model::Wall;

/// What the dispatcher hands over in one turn.
#[derive(Debug)]
pub struct Batch {
    /// The wall clock at that turn.
    pub at: Wall,
    /// What changed, in its order; or the whole state.
    pub records: Vec<Record>,
    /// Whether these records are the whole state, so that nothing written before counts any more.
    pub is_everything: bool,
    /// How much there is of what is kept, at that turn.
    pub sizes: Sizes,
    /// What can be answered once the records are written.
    pub pending_acks: Vec<PendingAck>,
}

#[cfg(test)]
mod tests;
