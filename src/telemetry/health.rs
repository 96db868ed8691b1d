//! The health of the running daemon, as the readiness endpoint reports it.
//!
//! Owns one optional reason for being unhealthy, and one notice of a daemon that works and needs somebody
//! all the same. Decides nothing. The journal thread sets the reason, main the notice, and connection threads
//! read both; the locks are held only to copy a pointer.

use std::sync::{Arc, Mutex, PoisonError};

/// The reason why the daemon is unhealthy; none while it is healthy.
#[derive(Debug, Default)]
pub struct Health {
    trouble: Mutex<Option<Arc<str>>>,
    notice: Mutex<Option<Arc<str>>>,
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

    /// Sets what somebody has to see to although the daemon is healthy; `None` if there is nothing.
    pub fn set_notice(&self, notice: Option<Arc<str>>) {
        *self.notice.lock().unwrap_or_else(PoisonError::into_inner) = notice;
    }

    /// What somebody has to see to.
    pub fn notice(&self) -> Option<Arc<str>> {
        let notice = self.notice.lock();
        notice.unwrap_or_else(PoisonError::into_inner).clone()
    }
}
