//! The sources in force, each with what is remembered of it.
//!
//! Owns which sources answer now. A reload replaces the settings; what is remembered of a source stays as long
//! as its name does. Main replaces them, once the engine has the same configuration; the connections' threads
//! look them up. The locks are held for a lookup, and to note one request.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::memory::Memory;
use crate::config::{SourceEntry, SourceKind};
use crate::telemetry::metrics::Metrics;

/// The sources in force.
#[derive(Debug)]
pub struct Sources {
    served: Mutex<BTreeMap<Arc<str>, Arc<Served>>>,
    metrics: Arc<Metrics>,
}

/// A source in force.
#[derive(Debug)]
pub struct Served {
    /// The settings.
    pub entry: Arc<SourceEntry>,
    /// The memory of each source, which outlives a reload.
    memory: Arc<Mutex<Memory>>,
}

impl Served {
    /// The name of the source.
    pub fn name(&self) -> &Arc<str> {
        self.entry.source.name()
    }

    /// The memory of the source. Nothing slow may be done while it is held.
    pub fn memory(&self) -> MutexGuard<'_, Memory> {
        // Whatever a panic left half noted is only shown to people.
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sources {
    /// No sources yet.
    pub fn new(metrics: Arc<Metrics>) -> Self {
        Sources {
            served: Mutex::default(),
            metrics,
        }
    }

    /// The metrics in which the sources are counted.
    #[cfg(test)]
    pub(in crate::api) fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// Puts these sources in force. Requests under way end with the settings that they have begun with.
    pub fn replace(&self, entries: &[Arc<SourceEntry>]) {
        let mut served = self.lock();
        let mut next = BTreeMap::new();
        for entry in entries {
            let name = entry.source.name();
            let memory = match served.remove(name) {
                Some(known) => Arc::clone(&known.memory),
                None => {
                    self.metrics.sources().begin(name);
                    Arc::default()
                }
            };
            let entry = Arc::clone(entry);
            next.insert(Arc::clone(name), Arc::new(Served { entry, memory }));
        }
        for gone in served.keys() {
            self.metrics.sources().end(gone);
        }
        *served = next;
    }

    /// The source that takes webhooks under this name.
    pub fn webhook(&self, name: &str) -> Option<Arc<Served>> {
        let served = self.lock().get(name).cloned();
        served.filter(|served| served.entry.kind == SourceKind::Webhook)
    }

    /// The source of alerts in one line, if there is one.
    pub fn simple(&self) -> Option<Arc<Served>> {
        let served = self.lock();
        let is_simple = |served: &&Arc<Served>| served.entry.kind == SourceKind::Simple;
        served.values().find(is_simple).cloned()
    }

    /// The source of this name, whatever it takes.
    pub fn any(&self, name: &str) -> Option<Arc<Served>> {
        self.lock().get(name).cloned()
    }

    /// All sources, by name.
    pub fn all(&self) -> Vec<Arc<Served>> {
        self.lock().values().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Arc<str>, Arc<Served>>> {
        // A panic cannot leave the map half replaced, so poisoning is ignored.
        self.served.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
