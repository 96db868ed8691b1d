//! The health of the running daemon, as the readiness endpoint reports it.
//!
//! Owns one optional reason for being unhealthy. Decides nothing. The journal thread sets it, connection
//! threads read it; the lock is held only to copy a pointer.

use std::sync::{Arc, Mutex, PoisonError};

/// The reason why the daemon is unhealthy; none while it is healthy.
#[derive(Debug, Default)]
pub struct Health {
    trouble: Mutex<Option<Arc<str>>>,
}

impl Health {
    /// Sets the reason; `None` means healthy.
    pub fn set(&self, trouble: Option<Arc<str>>) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
    }

    /// The current reason; `None` while the daemon is healthy.
    pub fn trouble(&self) -> Option<Arc<str>> {
        let trouble = self.trouble.lock();
        trouble.unwrap_or_else(PoisonError::into_inner).clone()
    }
}
