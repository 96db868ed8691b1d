//! The state comes back as an earlier process left it.
//!
//! PURE. Owns what follows from the time that has passed in between. Runs on the dispatch thread.

use super::Engine;
use super::messages::Effect;
use super::record::{Record, Recovered};
use crate::model::Now;

impl Engine {
    /// Takes up what an earlier process knew.
    pub(super) fn recover(&mut self, recovered: Recovered, now: Now, out: &mut Vec<Effect>) {
        let _ = (recovered, now, out);
    }

    /// The whole state.
    pub fn records(&self, now: Now) -> Vec<Record> {
        let _ = now;
        Vec::new()
    }
}
