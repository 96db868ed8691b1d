//! What is wrong with the daemon while it serves on, for whoever asks whether it is ready.
//!
//! Owns one reason, or none. Decides nothing. Set by the journal, read by connections' threads; the
//! lock is held to copy a pointer.

use std::sync::{Arc, Mutex, PoisonError};

/// Whether all is well, and why not.
#[derive(Debug, Default)]
pub struct Health {
    trouble: Mutex<Option<Arc<str>>>,
}

impl Health {
    /// Says what is wrong from now on, or that nothing is.
    pub fn set(&self, trouble: Option<Arc<str>>) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
    }

    /// What is wrong now.
    pub fn trouble(&self) -> Option<Arc<str>> {
        let trouble = self.trouble.lock();
        trouble.unwrap_or_else(PoisonError::into_inner).clone()
    }
}
