//! STAGE 5. The journal: a write-ahead log of the engine's records, read back at a start.
//!
//! Owns the folder `journal` in `--storage.path`. Decides nothing about alerts. Records arrive through a
//! bounded channel. Only acknowledgements to clients wait for the write: a post is answered 200 once its
//! records are written. Notifications do not wait. Runs on the journal thread, with helper threads for
//! syncs and compactions; a start reads the journal on main, before there is a dispatch thread.
//!
//! The files are one snapshot and the segments after it. The journal thread appends to the last segment
//! (`thread.rs`, group commit; `writer.rs`, files). A compaction merges snapshot and segments into a new
//! snapshot (`compactor.rs`, `compaction.rs`). A start replays snapshot and segments (`recovery.rs`).

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
pub(crate) mod fuzz;
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

/// What the dispatcher sends to the journal at a time.
#[derive(Debug)]
pub struct Batch {
    /// The wall clock when the dispatcher sent the batch.
    pub at: Wall,
    /// The changes, in order; or the whole state.
    pub records: Vec<Record>,
    /// Whether these records are the whole state, which replaces everything written before.
    pub is_everything: bool,
    /// How many alerts, groups and so on the engine holds now; for the compaction policy.
    pub sizes: Sizes,
    /// Acknowledgements to give once the records are written.
    pub pending_acks: Vec<PendingAck>,
}

#[cfg(test)]
mod tests;
